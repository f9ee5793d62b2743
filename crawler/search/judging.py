"""The verdicts of pages: `judge` looks at one page, `in_page_order` then settles what only its neighbours can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from crawler.download.exchange import BLOCK_STATUSES, Exchange, Problem
from crawler.parsing.pool import ParseFailure
from crawler.phrases import Phrase, joined
from crawler.search.page_match import is_mojibake_of, other_page, other_query
from crawler.verdict import Verdict
from parsers.model import PageKind, SearchPage
from parsers.text import MAX_TEXT

__all__ = ["Judgement", "in_page_order", "is_login_url", "judge"]

_VERDICT_OF_PROBLEM = {
    Problem.TOO_LARGE: Verdict.TOO_LARGE,
    Problem.ADDRESS: Verdict.ADDRESS_REFUSED,
    Problem.ROBOTS: Verdict.ROBOTS_DENIED,
}
"""Problems that have a verdict of their own; the others are network errors."""

READABLE_SHARE = 0.5
"""Least share of a page's items that must have a title, and a price or a reason for none.

Real pages have both on 24 of 24 items (2025 capture); below half, the markup has changed, not the goods.
"""

_LOGIN = re.compile(r"(?:^|[./])(?:login|passport|signin)(?:[./?]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason, and the page if one was read."""

    verdict: Verdict
    detail: str = ""
    page: SearchPage | None = None
    notes: tuple[str, ...] = ()
    """What a reader should know of a page that did not fail."""
    wrong_page: bool = False
    """A search page, but of another query or with another number: asked again, the shop may send the right one."""


def is_login_url(url: str) -> bool:
    """Return whether an address is a login's: `login` or `passport` as a part of its host or path."""
    parts = urlsplit(url)
    return bool(_LOGIN.search(parts.netloc) or _LOGIN.search(parts.path))


def judge(
    exchange: Exchange, parsed: SearchPage | ParseFailure | None, *, query: str, number: int | None = None
) -> Judgement:
    """Return the verdict on one page, from its exchange and what was read of its body.

    `parsed` is None when there was no body to parse; `query` is what the shop was asked, and `number` for which page,
    None where that is unknown.
    """
    if exchange.problem in _VERDICT_OF_PROBLEM:
        return Judgement(_VERDICT_OF_PROBLEM[exchange.problem], exchange.detail)
    if exchange.problem is not None:
        return Judgement(Verdict.NETWORK_ERROR, _after(exchange.detail, exchange))
    for url in (exchange.redirect, exchange.final_url):
        if url is not None and url != exchange.url and is_login_url(url):
            return Judgement(Verdict.BLOCKED, Phrase("to_a_login", url=_short(url)))
    if exchange.redirect is not None:
        detail = Phrase("status_redirect", status=exchange.status or 0, url=_short(exchange.redirect))
        return Judgement(Verdict.UNEXPECTED_PAGE, detail)

    page = parsed if isinstance(parsed, SearchPage) else None
    status = f"{exchange.status} {exchange.reason}".strip()
    if page is not None and page.kind is PageKind.BLOCKED:
        return Judgement(Verdict.BLOCKED, _after(Phrase("because", words=status, why=_sign(page)), exchange))
    if exchange.status in BLOCK_STATUSES:
        return Judgement(Verdict.BLOCKED, _after(status, exchange))
    if exchange.status != 200:
        return Judgement(Verdict.HTTP_ERROR, _after(status, exchange))
    if parsed is not None and not isinstance(parsed, SearchPage):
        return Judgement(parsed.verdict, parsed.detail)
    if page is None:
        return Judgement(Verdict.BLOCKED, Phrase("status_but", status=status, sign=Phrase("sign_empty_body")))
    if not page.ended and not exchange.length_declared and page.kind is not PageKind.NO_RESULTS:
        size = f"{len(exchange.body) / 1000:,.0f} KB"
        return Judgement(Verdict.TRUNCATED, _after(Phrase("ends_early", size=size), exchange))
    if page.kind is PageKind.EMPTY:
        return Judgement(Verdict.BLOCKED, Phrase("status_but", status=status, sign=_sign(page)))
    if page.kind is PageKind.OTHER:
        return Judgement(Verdict.UNEXPECTED_PAGE, Phrase("no_search_page", sign=_sign(page)))
    if page.unparsed:
        return Judgement(Verdict.TOO_LARGE, Phrase("too_much_markup", n=page.unparsed))
    if (echo := other_query(page, query)) is not None:
        detail = Phrase("query_misread" if is_mojibake_of(echo, query) else "query_other", echo=echo)
        return Judgement(Verdict.UNEXPECTED_PAGE, _after(detail, exchange), wrong_page=True)
    if page.kind is PageKind.NO_RESULTS:
        return _judge_no_results(page)
    if number is not None and (other := other_page(page, number)) is not None:
        if page.pages is not None and page.pages < number:
            return Judgement(Verdict.PAST_END, Phrase("page_other_past_end", pages=page.pages, other=other))
        detail = Phrase("page_other", other=other, number=number)
        return Judgement(Verdict.UNEXPECTED_PAGE, _after(detail, exchange), wrong_page=True)
    return _judge_results(page)


def _judge_no_results(page: SearchPage) -> Judgement:
    if page.total or (page.pages or 0) > 1:
        words = page.notice or _sign(page)
        detail = (
            Phrase("total_denied", total=page.total, notice=words)
            if page.total
            else Phrase("pages_denied", pages=page.pages or 0, notice=words)
        )
        return Judgement(Verdict.LAYOUT_CHANGED, detail)
    return Judgement(Verdict.NO_RESULTS, page.notice or _sign(page), page)


def _judge_results(page: SearchPage) -> Judgement:
    if page.total == 0 and page.items == 0:
        return Judgement(Verdict.NO_RESULTS, Phrase("no_products"), page)
    if not page.listings:
        detail = (
            Phrase("none_readable_of_unknown", items=page.items)
            if page.total is None
            else Phrase("none_readable", total=page.total, items=page.items)
        )
        return Judgement(Verdict.LAYOUT_CHANGED, detail)
    titled = sum(1 for listing in page.listings if listing.title)
    priced = sum(
        1 for listing in page.listings if listing.price is not None or listing.ebook_only or listing.sold_out
    )
    if min(titled, priced) < READABLE_SHARE * page.items:
        return Judgement(
            Verdict.LAYOUT_CHANGED, Phrase("few_readable", items=page.items, titled=titled, priced=priced)
        )
    return Judgement(Verdict.OK, page=page, notes=tuple(_notes(page)))


def _notes(page: SearchPage) -> Iterator[str]:
    if len(page.listings) < page.items:
        yield Phrase("some_unreadable", n=page.items - len(page.listings), items=page.items)
    if page.undecodable:
        yield Phrase("undecodable", n=page.undecodable, charset=page.charset)
    if page.surplus:
        yield Phrase("surplus", n=page.surplus, items=page.items)
    if page.clipped == 1:
        yield Phrase("clipped_one", most=MAX_TEXT)
    elif page.clipped:
        yield Phrase("clipped", n=page.clipped, most=MAX_TEXT)
    if not page.ended:
        yield Phrase("perhaps_cut")
    if page.notice:
        yield Phrase("shop_says", notice=page.notice)


def _sign(page: SearchPage) -> str:
    """Return by what a page was judged, with the code by which a report words it, if it has one."""
    return page.sign if page.sign_code is None else Phrase(f"sign_{page.sign_code}", value=page.sign_value)


def _after(words: str, exchange: Exchange) -> str:
    """Return what happened, with the number of attempts and why there was no further one."""
    attempts = Phrase("attempts", n=exchange.attempts) if exchange.attempts > 1 else ""
    more = joined((attempts, exchange.gave_up))
    return Phrase("with_more", words=words, more=more) if more else words


def _short(url: str, limit: int = 100) -> str:
    return url if len(url) <= limit else f"{url[: limit - 1]}…"


def in_page_order(
    judgements: Mapping[int, Judgement], requested: int
) -> tuple[dict[int, Judgement], int | None]:
    """Return the final judgement of every page known so far, and the number of pages the shop states.

    `judgements` are those of single pages by page number, in whatever order they came; `requested` is how many
    pages were asked for. A list that goes on beyond its end repeats itself, so a page beyond the stated number, or
    with the same products as an earlier one, is `past_end`; beyond it nothing can fail. The number is None
    when no page told it, 0 for an honest «no results».
    """
    read = {
        n: j.page for n, j in sorted(judgements.items()) if j.verdict is Verdict.OK and j.page is not None
    }
    stated = [page.pages for page in read.values() if page.pages is not None]
    available = max(stated) if stated else None
    # Page 1 can say so for the whole search: some lists end with a page that says the same. But an overloaded shop may
    # say it of one page by mistake: a second page has to agree, where more than one is asked for.
    empty = {n for n, judgement in judgements.items() if judgement.verdict is Verdict.NO_RESULTS}
    nothing = not read and 1 in empty and (len(empty) > 1 or requested == 1)
    if nothing:
        available = 0

    final: dict[int, Judgement] = {}
    seen: dict[frozenset[str], int] = {}
    for number in range(1, requested + 1):
        judgement = judgements.get(number)
        beyond = available is not None and number > available
        if nothing:
            final[number] = replace(judgements[1], notes=()) if number > 1 else judgements[1]
        elif beyond:
            final[number] = Judgement(Verdict.PAST_END, Phrase("states_pages", pages=available or 0))
        elif judgement is None:
            continue
        elif judgement.verdict is Verdict.PAST_END and available is not None:
            detail = Phrase("others_state", words=judgement.detail, pages=available)
            final[number] = Judgement(Verdict.UNEXPECTED_PAGE, detail)
        elif judgement.verdict is Verdict.OK and number in read:
            ids = frozenset(listing.product_id for listing in read[number].listings)
            first = seen.setdefault(ids, number)
            final[number] = judgement if first == number else _repeats(first, available)
        elif judgement.verdict is Verdict.NO_RESULTS and read:
            final[number] = replace(
                judgement,
                verdict=Verdict.UNEXPECTED_PAGE,
                detail=Phrase("others_have_books"),
                page=None,
            )
        else:
            final[number] = judgement
    return final, available


def _repeats(first: int, available: int | None) -> Judgement:
    detail = Phrase("repeats", first=first)
    if available is None:
        return Judgement(Verdict.PAST_END, detail)
    note = Phrase("repeats_early", words=detail, pages=available)
    return Judgement(Verdict.PAST_END, detail, notes=(note,))
