"""The head of every report for people: first the answers, then how reliable they are.

This module words the head once; table, Markdown, HTML and XLSX lay it out. All text is cleaned, but not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.report.common.alarms import Alarm, source_alarms
from crawler.report.search.facts import (
    dropped_counts,
    facts_of,
    loss_mark,
    losses,
    pages_available,
    pages_not_requested,
    scope_of,
    shop_name,
)
from crawler.report.search.outcomes import group_failures
from crawler.report.search.wording import note, price, product_link, rating
from crawler.verdict import Verdict
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.results import SearchResult

__all__ = ["Answer", "Head", "head_of", "how_far", "mark_of", "tail_of"]

TITLE_LIMIT = 100
"""The maximum number of characters of a title in an answer, and of the names after it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A line that answers the user's question."""

    label: str
    """The question that it answers: «Cheapest»; '' for a line that only explains why there is no answer."""
    words: str
    """The answer itself."""
    text: str
    """The whole line, after the marks of alarms."""
    book: Book | None = None
    link: str | None = None
    """The product page of its book."""


@dataclass(frozen=True, slots=True)
class Head:
    """The parts of a report's head, in reading order."""

    answers: tuple[Answer, ...]
    """The cheapest book, the best, the best value; without a book, a single line with the reason."""
    cheaper: tuple[Answer, ...]
    """Cheaper products that do not count as an answer: a used copy, an accessory that was kept."""
    alarms: tuple[Alarm, ...]
    facts: tuple[tuple[str, str], ...]
    """Label and words."""


def head_of(result: SearchResult, say: Labels = ENGLISH) -> Head:
    """Return the head of a report on `result`, in the language of `say`."""
    answers = tuple(_answers(result, say))
    alarms = tuple(_alarms(result, say))
    return Head(answers, tuple(_cheaper(result, say)), alarms, tuple(facts_of(result, say)))


def mark_of(result: SearchResult, say: Labels = ENGLISH) -> str:
    """Return the names of a report's alarms, «DEMO, PARTIAL»; '' for a complete result from the live shop."""
    return ", ".join(alarm.name for alarm in _alarms(result, say))


def tail_of(result: SearchResult, top: int | None, say: Labels = ENGLISH) -> str:
    """Return the line below a list that is cut to `top` books; '' if it is complete."""
    left = len(result.books) - top if top is not None else 0
    return say("more", n=left, all=len(result.books)) if left > 0 else ""


def _answers(result: SearchResult, say: Labels) -> Iterator[Answer]:
    """Yield the three answers; the first states the limits of them all.

    Users who search for books want books, so accessories count only if there is nothing else.
    """
    caveat = say("and").join([say("caveat"), *how_far(result, say)])
    if not result.books:
        yield _line(result, say, "", _why_nothing(result, say))
        return
    if result.cheapest is None:
        # Only used copies or accessories, or products that were kept though they cannot be bought.
        for label, flag in (("used_only", Flag.SECOND_HAND), ("accessories_only", Flag.ACCESSORY)):
            if (first := _cheapest_with(result, flag)) is not None:
                yield _book_line(result, say, say(label), first, caveat)
                return
        yield _line(result, say, "", say("nothing_on_sale"))
        return
    yield _book_line(result, say, say("cheapest"), result.cheapest, caveat)
    for label, book in ((say("best"), result.best), (say("value"), result.best_value)):
        if book is None:
            yield _line(result, say, label, say("nobody_rated"))
        else:
            yield _book_line(result, say, label, book)


def how_far(result: SearchResult, say: Labels) -> Iterator[str]:
    """Yield the scope of the word «cheapest», all books or those on the pages read, then a way to settle it."""
    check = result.price_check
    if check is not None and check.proven:
        yield say("cheapest_listed") if check.total is None else say("cheapest_of_all", n=check.total)
    elif pages_not_requested(result):
        ok = sum(1 for page in result.pages if page.verdict is Verdict.OK)
        yield say("pages_read", ok=ok, all=pages_available(result))
        if option := _settling(result):
            yield say("may_settle", option=option)


def _settling(result: SearchResult) -> str:
    """Return the option that may prove which book is cheapest; '' if none is known to help."""
    check, shop = result.price_check, result.source.shop
    most = shop.max_pages
    if check is None:
        return "--price-check 3" if "price" in shop.sorts else "--pages all"
    if check.reason in {"failed", "stopped"}:
        return "--resume"
    if check.reason == "not_passed" and len(check.pages) < most:
        if result.options.get("sort") == "price":
            return f"--pages {min(most, 2 * len(check.pages))}"
        return f"--price-check {min(most, max(10, 2 * len(check.pages)))}"
    return "--pages all"


def _cheaper(result: SearchResult, say: Labels) -> Iterator[Answer]:
    """Yield the used copy and the accessory that are cheaper than the cheapest book."""
    cheapest = result.cheapest
    if cheapest is None or cheapest.price is None:
        return
    for label, flag in (("used_cheaper", Flag.SECOND_HAND), ("accessory_cheaper", Flag.ACCESSORY)):
        first = _cheapest_with(result, flag)
        if first is not None and first.price is not None and first.price < cheapest.price:
            yield _book_line(result, say, say(label), first, marked=False)


def _cheapest_with(result: SearchResult, flag: Flag) -> Book | None:
    """Return the cheapest available book with a flag that keeps it from being an answer."""
    if flag is Flag.ACCESSORY and result.all_goods:
        return None
    return min(
        (
            book
            for book in result.books
            if flag in book.listing.flags and book.price is not None and not book.listing.sold_out
        ),
        key=lambda book: (book.price, book.rank),
        default=None,
    )


def _line(result: SearchResult, say: Labels, label: str, words: str) -> Answer:
    text = say("answer", label=label, words=words) if label else words
    return Answer(label, words, _mark(result, say) + text)


def _book_line(
    result: SearchResult, say: Labels, label: str, book: Book, caveat: str = "", *, marked: bool = True
) -> Answer:
    names = say("comma").join(filter(None, map(clean, book.authors[:2])))
    credit = say("credit").join(filter(None, (names, clean(book.publisher or ""))))
    parts = [f"{price(book, say)}  {crop(clean(book.listing.title), TITLE_LIMIT)}"]
    if special := note(book, say):
        parts.append(f"[{special}]")
    if credit:
        parts.append(f"— {crop(credit, TITLE_LIMIT)}")
    if stars := rating(book):
        parts.append(f"· {stars}" if credit else f"— {stars}")
    words = " ".join(parts) + (say("bracketed", words=caveat) if caveat else "")
    mark = _mark(result, say) if marked else ""
    text = mark + say("answer", label=label, words=words)
    return Answer(label, words, text, book, product_link(result, book.listing))


def _mark(result: SearchResult, say: Labels) -> str:
    marks = mark_of(result, say)
    return say("mark", marks=marks) if marks else ""


def _why_nothing(result: SearchResult, say: Labels) -> str:
    if not result.had_a_page:
        return say("no_page_left" if result.not_read else "no_page", **losses(result))
    if result.counts.unique:
        return say("all_dropped", dropped=dropped_counts(result, say))
    what = "no_book" if result.options.get("category") == "books" else "no_product"
    nothing = say(what, shop=shop_name(result, say), query=clean(result.query_sent))
    if result.failed:
        return nothing + say("on_read_pages_left" if result.not_read else "on_read_pages", **losses(result))
    if scope := scope_of(result, say):
        nothing += say("bracketed", words=scope)
    return nothing + (say("try_all_sellers") if result.options.get("sellers") == "self" else "")


def _alarms(result: SearchResult, say: Labels) -> Iterator[Alarm]:
    if result.failed:
        lost = losses(result)
        both = "pages_failed_left" if lost["left"] else "pages_failed"
        text = say(both if lost["failed"] else "pages_left", **lost)
        proven = result.price_check is not None and result.price_check.proven
        text += say("no_answer" if not result.had_a_page else "may_miss_dearer" if proven else "may_miss")
        if result.stopped:
            text += say("stopped_early", why=clean(say.text(result.stopped)))
        yield Alarm(say(loss_mark(result)), text, group_failures(result.failed, say))
    yield from source_alarms(result.source, say)
