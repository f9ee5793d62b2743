"""The verdicts on search pages: `judge_search` judges one page, `ListVerdicts` each page among its neighbours."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from crawler.download.exchange import Exchange
from crawler.fetch_verdict import judge_fetch, status_line, with_attempts
from crawler.parsing.job import ParseFailure, ParseFailureReason
from crawler.phrases import Phrase
from crawler.search.page_match import is_mojibake_of, other_page, other_query
from crawler.verdict import Verdict
from parsers.model import PageKind, SearchPage

__all__ = ["PARSE_VERDICTS", "Judgement", "ListVerdicts", "judge_search"]

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
    if page.clipped:
        from parsers.text import MAX_TEXT

        one = page.clipped == 1
        yield (
            Phrase("clipped_one", most=MAX_TEXT) if one else Phrase("clipped", n=page.clipped, most=MAX_TEXT)
        )
    if not page.ended:
        yield Phrase("perhaps_cut")
    if page.notice:
        yield Phrase("shop_says", notice=page.notice)


def _sign(page: SearchPage) -> str:
    """Return the text by which a page was classified; a Phrase if reports have a wording for it."""
    return page.sign if page.sign_code is None else Phrase(f"sign_{page.sign_code}", value=page.sign_value)


class ListVerdicts:
    """The final verdicts on the pages of one list, each among its neighbours; add the pages in any order.

    A list that continues beyond its end repeats itself, so a page beyond the stated number, or with the same products
    as an earlier page, is `past_end`, and no page after it can fail.

    Adding a page costs the same however many came before it, unless it changes a fact about the whole list: then every
    page is judged again.
    """

    def __init__(self, requested: int) -> None:
        """Start with no page of the `requested` ones."""
        self.requested = requested
        self.final: dict[int, Judgement] = {}
        """The verdicts so far, by page number; in no particular order."""
        self._alone: dict[int, Judgement] = {}
        """The judgements of the pages by themselves."""
        self._products: dict[int, tuple[str, ...]] = {}
        """The sorted product numbers of each page that was read."""
        self._stated: int | None = None
        """The largest number of pages that a page stated."""
        self._empty: set[int] = set()
        """The pages without results."""
        self._alike: dict[tuple[str, ...], list[int]] = {}
        """The pages within the list that have the same products, in order."""

    @property
    def available(self) -> int | None:
        """The number of pages that the shop states: None when no page told it, 0 for an honest «no results»."""
        return 0 if self._is_empty else self._stated

    @property
    def _is_empty(self) -> bool:
        """Whether the whole search has no results.

        Page 1 can say so: some lists end with a page that says the same. But an overloaded shop may say it of one page
        by mistake: a second page has to agree, where more than one is asked for.
        """
        several = len(self._empty) > 1 or self.requested == 1
        return not self._products and 1 in self._empty and several

    def add(self, number: int, judgement: Judgement) -> list[int]:
        """Take in the judgement of a page by itself, once; return the pages whose final verdict that changes."""
        if number in self._alone:
            raise ValueError(f"page {number} was judged before")
        before = self._is_empty, self._stated, bool(self._products)
        self._take_in(number, judgement)
        if before == (self._is_empty, self._stated, bool(self._products)):
            to_judge = self._sort_in(number)
        else:
            self._alike.clear()
            for other in sorted(self._products):
                self._sort_in(other)
            to_judge = range(1, self.requested + 1)
        changed = []
        for each in to_judge:
            final, previous = self._judge(each), self.final.get(each)
            if final is None:
                self.final.pop(each, None)
            elif final != previous:
                self.final[each] = final
                changed.append(each)
        return changed

    def end(self, missing: Iterable[int], judgement: Judgement) -> None:
        """Give the pages that are missing a verdict, and put all in page order; add no page after that."""
        self.final = dict(sorted({**self.final, **dict.fromkeys(missing, judgement)}.items()))

    def _take_in(self, number: int, judgement: Judgement) -> None:
        self._alone[number] = judgement
        if judgement.verdict is Verdict.NO_RESULTS:
            self._empty.add(number)
        elif judgement.verdict is Verdict.OK and (page := judgement.page) is not None:
            self._products[number] = tuple(sorted({listing.product_id for listing in page.listings}))
            if page.pages is not None:
                self._stated = page.pages if self._stated is None else max(self._stated, page.pages)

    def _sort_in(self, number: int) -> Sequence[int]:
        """Put a page among those with the same products; return the pages to judge for that."""
        products = self._products.get(number)
        if products is None or number > self.requested or self._is_beyond(number):
            return [number] if number <= self.requested else []
        alike = self._alike.setdefault(products, [])
        insort(alike, number)
        return alike if alike[0] == number else [number]

    def _is_beyond(self, number: int) -> bool:
        return self.available is not None and number > self.available

    def _judge(self, number: int) -> Judgement | None:
        """Return the final verdict on a page; None while nothing is known of it."""
        judgement, available = self._alone.get(number), self.available
        if self._is_empty:
            return replace(self._alone[1], notes=()) if number > 1 else self._alone[1]
        if self._is_beyond(number):
            return Judgement(Verdict.PAST_END, Phrase("states_pages", pages=available or 0))
        if judgement is None:
            return None
        if judgement.verdict is Verdict.PAST_END and available is not None:
            detail = Phrase("others_state", words=judgement.detail, pages=available)
            return Judgement(Verdict.UNEXPECTED_PAGE, detail)
        if number in self._products:
            first = self._alike[self._products[number]][0]
            return judgement if first == number else _repeats(first, available)
        if judgement.verdict is Verdict.NO_RESULTS and self._products:
            detail = Phrase("others_have_books")
            return replace(judgement, verdict=Verdict.UNEXPECTED_PAGE, detail=detail, page=None)
        return judgement


def _repeats(first: int, available: int | None) -> Judgement:
    detail = Phrase("repeats", first=first)
    if available is None:
        return Judgement(Verdict.PAST_END, detail)
    note = Phrase("repeats_early", words=detail, pages=available)
    return Judgement(Verdict.PAST_END, detail, notes=(note,))
