"""The verdicts on search pages: `judge_search` judges one page, `in_page_order` each page among its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from crawler.download.exchange import Exchange
from crawler.fetch_verdict import judge_fetch, status_line, with_attempts
from crawler.parsing.job import ParseFailure, ParseFailureReason
from crawler.phrases import Phrase
from crawler.search.page_match import is_mojibake_of, other_page, other_query
from crawler.verdict import Verdict
from parsers.model import PageKind, SearchPage
from parsers.text import MAX_TEXT

__all__ = ["PARSE_VERDICTS", "Judgement", "in_page_order", "judge_search"]

PARSE_VERDICTS = {
    ParseFailureReason.CRASHED: Verdict.PARSE_CRASHED,
    ParseFailureReason.TIMEOUT: Verdict.PARSE_TIMEOUT,
}
"""The verdict on a page that could not be parsed, by the reason."""

READABLE_SHARE = 0.5
"""The minimum share of a page's items that must have a title, and a price or a reason for having none.

Real pages have both on 24 of 24 items (2025 capture); below half, the markup has changed, not the goods."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason, and the page if one was read."""

    verdict: Verdict
    detail: str = ""
    page: SearchPage | None = None
    notes: tuple[str, ...] = ()
    """Notes for the reader on a page that did not fail."""
    wrong_page: bool = False
    """A search page, but for another query or with another number: on a second request, the shop may send the right
    one."""


def judge_search(  # noqa: C901, PLR0911 – one return for each verdict
    exchange: Exchange, parsed: SearchPage | ParseFailure | None, *, query: str, number: int | None = None
) -> Judgement:
    """Judge one search page by its exchange and the parse result of its body.

    `parsed` is None if there was no body to parse. `query` is the query sent to the shop, and `number` the page
    requested; None if unknown.
    """
    page = parsed if isinstance(parsed, SearchPage) else None
    block_sign = _sign(page) if page is not None and page.kind is PageKind.BLOCKED else ""
    failure = judge_fetch(exchange, block_sign=block_sign)
    if failure is not None:
        return Judgement(failure.verdict, failure.detail)
    if isinstance(parsed, ParseFailure):
        return Judgement(PARSE_VERDICTS[parsed.reason], parsed.detail)
    if page is None:
        raise ValueError(f"the page at {exchange.url} has a body that was not parsed")
    if not page.ended and not exchange.length_declared and page.kind is not PageKind.NO_RESULTS:
        size = f"{len(exchange.body) / 1000:,.0f} KB"
        return Judgement(Verdict.TRUNCATED, with_attempts(Phrase("ends_early", size=size), exchange))
    if page.kind is PageKind.EMPTY:
        return Judgement(
            Verdict.BLOCKED, Phrase("status_but", status=status_line(exchange), sign=_sign(page))
        )
    if page.kind is PageKind.OTHER:
        return Judgement(Verdict.UNEXPECTED_PAGE, Phrase("no_search_page", sign=_sign(page)))
    if page.unparsed:
        return Judgement(Verdict.TOO_LARGE, Phrase("too_much_markup", n=page.unparsed))
    if (echo := other_query(page, query)) is not None:
        detail = Phrase("query_misread" if is_mojibake_of(echo, query) else "query_other", echo=echo)
        return Judgement(Verdict.UNEXPECTED_PAGE, with_attempts(detail, exchange), wrong_page=True)
    if page.kind is PageKind.NO_RESULTS:
        return _judge_no_results(page)
    if number is not None and (other := other_page(page, number)) is not None:
        if page.pages is not None and page.pages < number:
            return Judgement(Verdict.PAST_END, Phrase("page_other_past_end", pages=page.pages, other=other))
        detail = Phrase("page_other", other=other, number=number)
        return Judgement(Verdict.UNEXPECTED_PAGE, with_attempts(detail, exchange), wrong_page=True)
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
    """Return the text by which a page was classified; a Phrase if reports have a wording for it."""
    return page.sign if page.sign_code is None else Phrase(f"sign_{page.sign_code}", value=page.sign_value)


def in_page_order(
    judgements: Mapping[int, Judgement], requested: int
) -> tuple[dict[int, Judgement], int | None]:
    """Return the final judgement of every page known so far, and the number of pages that the shop states.

    `judgements` are those of single pages by page number, in any order; `requested` is the number of pages requested. A
    list that continues beyond its end repeats itself, so a page beyond the stated number, or with the same products as
    an earlier page, is `past_end`, and no page after it can fail. The number is None if no page states it, and 0 for a
    genuine «no results».
    """
    read = {
        n: j.page for n, j in sorted(judgements.items()) if j.verdict is Verdict.OK and j.page is not None
    }
    stated = [page.pages for page in read.values() if page.pages is not None]
    available = max(stated) if stated else None
    # Page 1 can decide this for the whole search: some lists end with a page that says the same. But an overloaded shop
    # may say it of one page by mistake, so a second page has to agree if more than one is requested.
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
