"""What stands above the list in every report for people: the answer first, then how far it can be trusted.

The words are made here once; table and Markdown lay them out. All text is cleaned, none is escaped.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.report.clean import clean, crop
from crawler.report.wording import alike, is_live, note, product_link, said, yuan
from crawler.verdict import Verdict
from parsers import SHOPS
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.results import Book, SearchResult

__all__ = ["Alarm", "Answer", "Head", "head_of", "tail_of"]

TITLE_LIMIT = 100
"""Characters of a title in the first line."""

CAVEAT = "before coupons and postage"
"""What stands beside every price of the head: the page shows no other."""

_DROPPED_WORDS = {"ebook": "e-book only", "sold_out": "sold out", "no_price": "without a readable price"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that no reader may miss."""

    name: str
    """One word in capitals: DEMO, REPLICA, PARTIAL, FAILED."""
    text: str
    details: tuple[tuple[str, str], ...] = ()
    """Failed pages and how they failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A line that answers what was asked."""

    text: str
    link: str | None = None
    """The product page of the book in it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The parts of a report's head, in reading order."""

    answer: Answer
    """The first line: the cheapest book, or why there is none."""
    second: Answer | None
    """What stands above that book in the list: shops put bookmarks among books."""
    alarms: tuple[Alarm, ...]
    facts: tuple[tuple[str, str], ...]
    """Label and words."""


def head_of(result: SearchResult) -> Head:
    """Return the head of a report on `result`."""
    alarms = tuple(_alarms(result))
    mark = f"{', '.join(alarm.name for alarm in alarms)} — " if alarms else ""
    answer, second = _answers(result)
    return Head(Answer(mark + answer.text, answer.link), second, alarms, tuple(_facts(result)))


def tail_of(result: SearchResult, top: int | None) -> str:
    """Return the line below a list that is cut to `top` books; '' when it is whole."""
    left = len(result.books) - top if top is not None else 0
    return f"… and {left:,} more (--top {len(result.books)} shows all)" if left > 0 else ""


def _why_nothing(result: SearchResult) -> str:
    failed = len(result.failed)
    if not result.had_a_page:
        return f"No page could be had: {failed} of {len(result.pages)} failed"
    if result.counts.unique:
        return f"Nothing to rank: every product found is dropped ({_dropped(result)})"
    what = "book" if result.options.get("category") == "books" else "product"
    nothing = f"{_shop_name(result)} has no {what} for «{clean(result.query_sent)}»"
    if failed:
        return f"{nothing} on the pages that could be read: {failed} of {len(result.pages)} failed"
    if scope := _scope(result):
        nothing += f" ({scope})"
    return f"{nothing} — try --sellers all" if result.options.get("sellers") == "self" else nothing


def _answers(result: SearchResult) -> tuple[Answer, Answer | None]:
    """Return the cheapest book, and the accessory that is cheaper still; who searches for books means books."""
    if not result.books:
        return Answer(_why_nothing(result)), None
    first, caveat = result.books[0], CAVEAT
    if _not_asked_for(result):
        ok = sum(1 for page in result.pages if page.verdict is Verdict.OK)
        caveat += f"; {ok} of {_pages_to_be_had(result)} pages read"
    if result.options.get("category") == "all":
        return _cheapest("Cheapest", result, first, caveat), None
    book = next((book for book in result.books if Flag.ACCESSORY not in book.listing.flags), None)
    if book is None:
        return _cheapest("No book, but accessories from", result, first, caveat), None
    cheapest = _cheapest("Cheapest", result, book, caveat)
    return cheapest, None if book is first else _cheapest("Cheaper, but no book", result, first, CAVEAT)


def _cheapest(label: str, result: SearchResult, book: Book, caveat: str) -> Answer:
    listing = book.listing
    credit = ", ".join(clean(name) for name in (*listing.authors[:2], listing.publisher or "") if name)
    parts = [f"{label}: {yuan(book.price)}  {crop(clean(listing.title), TITLE_LIMIT)}"]
    if special := note(book):
        parts.append(f"[{special}]")
    if credit:
        parts.append(f"— {crop(credit, TITLE_LIMIT)}")
    return Answer(" ".join([*parts, f"({caveat})"]), product_link(result, book))


def _alarms(result: SearchResult) -> list[Alarm]:
    alarms = []
    if result.failed:
        what = "books may be missing, a cheaper one among them" if result.had_a_page else "there is no answer"
        text = f"{len(result.failed)} of {len(result.pages)} pages failed: {what}"
        if result.stopped:
            text += f" (stopped early: {clean(result.stopped)})"
        alarms.append(Alarm(_loss(result), text, alike(result.failed)))
    if result.demo:
        alarms.append(
            Alarm("DEMO", "made-up books from the embedded demo shop: none of them can be bought anywhere")
        )
    elif not is_live(result):
        text = f"asked at {clean(result.base_url)}, not the live shop: what is sold there, and for how much, may differ"
        alarms.append(Alarm("REPLICA", text))
    return alarms


def _loss(result: SearchResult) -> str:
    return "PARTIAL" if result.had_a_page else "FAILED"


def _wholeness(result: SearchResult) -> str:
    left = _not_asked_for(result)
    if not left:
        return "whole: no page failed" if result.complete else _loss(result)
    asked = "no page failed" if result.complete else _loss(result)
    pages = "1 more page was" if left == 1 else f"{left} more pages were"
    return f"{asked}; {pages} not asked for (--pages {_pages_to_be_had(result)})"


def _pages_to_be_had(result: SearchResult) -> int:
    """Return how many pages the shop would give: those that it states, as far as it serves them."""
    return min(result.available or 0, SHOPS[result.shop].max_pages)


def _not_asked_for(result: SearchResult) -> int:
    """Return how many pages there are beyond those that were asked for."""
    return max(0, _pages_to_be_had(result) - len(result.pages))


def _facts(result: SearchResult) -> list[tuple[str, str]]:
    query, sent = clean(result.query), clean(result.query_sent)
    facts = [
        ("Query", query if query == sent else f"{query}, sent as {sent}"),
        ("Shop", _shop(result)),
        ("Time", _time(result.started_at, result.finished_at)),
        ("Pages", _pages(result)),
        ("Listings", _listings(result)),
        ("Result", _wholeness(result)),
    ]
    if scope := _scope(result):
        facts.append(("Only", scope))
    sort = result.options.get("sort", "default")
    if sort != "default":
        facts.append(("Shop's order", str(sort)))
    if result.stopped and not result.failed:
        facts.append(("Stopped", clean(result.stopped)))
    return facts + [("Note", said(text)) for text in result.notes]


def _shop_name(result: SearchResult) -> str:
    if result.demo:
        return "The demo shop"
    return SHOPS[result.shop].title if is_live(result) else f"The replica at {clean(result.base_url)}"


def _shop(result: SearchResult) -> str:
    shop, address = SHOPS[result.shop], clean(result.base_url)
    if result.demo:
        return f"the embedded demo shop, not {shop.title}"
    if is_live(result):
        return shop.title
    return f"a replica of {shop.title} at {address}, not the live shop"


def _time(started: dt.datetime, finished: dt.datetime) -> str:
    seconds = (finished - started).total_seconds()
    return f"{started.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC, {seconds:.1f} s"


def _pages(result: SearchResult) -> str:
    verdicts = [page.verdict for page in result.pages]
    words = [f"{verdicts.count(Verdict.OK)} ok", f"{len(result.failed)} failed"]
    for verdict, name in ((Verdict.PAST_END, "past the end"), (Verdict.NO_RESULTS, "without results")):
        if number := verdicts.count(verdict):
            words.append(f"{number} {name}")
    available = result.available
    stated = "did not say how many it has" if available is None else f"states {available}"
    return f"{', '.join(words)} of {len(verdicts)} asked; the shop {stated}"


def _listings(result: SearchResult) -> str:
    counts = result.counts
    found = f"{counts.listings:,} seen, {counts.unique:,} unique, {counts.kept:,} kept"
    return f"{found}; dropped: {_dropped(result) or 'none'}"


def _dropped(result: SearchResult) -> str:
    return ", ".join(
        f"{number:,} {_DROPPED_WORDS.get(reason, reason)}"
        for reason, number in result.counts.dropped.items()
        if number
    )


def _scope(result: SearchResult) -> str:
    """Return what the search was narrowed to; '' when it was not."""
    options, words = result.options, []
    if options.get("sellers") == "self":
        words.append("the shop's own goods")
    if options.get("category") == "books":
        words.append("books")
    if (low := options.get("min_price")) is not None:
        words.append(f"from {yuan(low)}")
    if (high := options.get("max_price")) is not None:
        words.append(f"up to {yuan(high)}")
    return ", ".join(words)
