"""Search the shop for the books of a wish list, and sum up what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.books.book import Book
from crawler.books.offers import price_of
from crawler.books.ranking import first_by
from crawler.query import MAX_QUERY_LENGTH
from crawler.results import SearchResult
from crawler.webapp.wishes.matching import SURE, Match, best_matches, match_of
from crawler.webapp.wishes.reading import Wish

__all__ = ["AT_ONCE", "Finding", "Totals", "look_up", "look_up_all", "queries_of", "totals_of"]

AT_ONCE = 3
"""The number of wishes of one list that are searched at a time; the shop's limits hold for all of them together."""

Search = Callable[[str], Awaitable[SearchResult]]
"""Search the shop for a query."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome for a wish."""

    wish: Wish
    match: Match | None = None
    """How sure the match is; None if nothing was found."""
    cheapest: Book | None = None
    """The cheapest book that matches so well, and can be bought."""
    best: Book | None = None
    """The best one by its reviews; None if none of them is rated."""
    books: int = 0
    """The number of books that match so well."""
    sold_out: bool = False
    """True if nothing can be bought, but a book that matches is sold out."""
    query: str = ""
    """The words that found it, or that were searched last."""
    problem: str = ""
    """The reason why the search failed; '' if it did not."""

    @property
    def is_sure(self) -> bool:
        """True if it counts as found."""
        return self.match in SURE and self.cheapest is not None


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a list; amounts in yuan."""

    found: int
    """The number of wishes that were found for sure."""
    similar: int
    """The number of wishes for which only something similar was found."""
    sold_out: int
    missing: int
    """The number of wishes that the shop does not have."""
    failed: int
    """The number of wishes whose search failed: nothing is known about them."""
    cheapest: Decimal
    """The cost of the cheapest book for each wish that was found for sure."""
    best: Decimal
    """The cost of the best book for each of these; of the cheapest where none is rated."""
    similar_cheapest: Decimal
    """The cost of the cheapest similar book for each of the others."""


def queries_of(wish: Wish) -> Iterator[tuple[str, bool]]:
    """Yield the queries for a wish, the surest first, each with whether it is its ISBN."""
    if wish.isbn is not None:
        yield wish.isbn, True
    if wish.title and wish.author:
        yield f"{wish.title} {wish.author}"[:MAX_QUERY_LENGTH].strip(), False
    if wish.title:
        yield wish.title, False


async def look_up(wish: Wish, search: Search) -> Finding:
    """Search for a wish by its ISBN, then by title and author, then by title, until there is a sure match."""
    finding, problem, gone = Finding(wish), "", False
    for query, by_isbn in queries_of(wish):
        result = await search(query)
        if not result.had_a_page:
            return Finding(wish, query=query, problem=result.failed[0].detail if result.failed else "")
        if result.failed:
            problem = problem or result.failed[0].detail
        match, books = best_matches(wish, result.books, by_isbn=by_isbn)
        gone = gone or _is_sold_out(wish, result)
        if match is not None and (finding.match is None or match in SURE):
            finding = _found(wish, match, books, query)
        if finding.is_sure:
            return finding
        if finding.match is None:
            finding = Finding(wish, query=query)
    if finding.match is None:
        return Finding(wish, sold_out=gone, query=finding.query, problem=problem)
    return finding


def _found(wish: Wish, match: Match, books: Sequence[Book], query: str) -> Finding:
    # A used copy, or one of several options, is better than nothing; the list shows what it is.
    cheapest = (
        first_by("cheapest", books)
        or first_by("cheapest", books, used=True)
        or next((book for book in books if price_of(book.listing) is not None), None)
    )
    best = first_by("best", books)
    return Finding(wish, match, cheapest, best, len(books), query=query)


def _is_sold_out(wish: Wish, result: SearchResult) -> bool:
    return any(reason == "sold_out" and match_of(wish, listing) in SURE for reason, listing in result.dropped)


async def look_up_all(
    wishes: Sequence[Wish], search: Search, on_finding: Callable[[int, Finding], None]
) -> None:
    """Search for all wishes, `AT_ONCE` at a time; pass each outcome on with its place in the list."""
    places = iter(enumerate(wishes))

    async def work() -> None:
        for place, wish in places:
            on_finding(place, await look_up(wish, search))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(wishes))):
            group.create_task(work())


def totals_of(findings: Sequence[Finding]) -> Totals:
    """Return the sums over the outcomes so far."""
    sure = [each for each in findings if each.is_sure]
    similar = [each for each in findings if not each.is_sure and each.cheapest is not None]
    rest = [each for each in findings if each.cheapest is None]
    return Totals(
        found=len(sure),
        similar=len(similar),
        sold_out=sum(each.sold_out for each in rest),
        missing=sum(not each.sold_out and not each.problem for each in rest),
        failed=sum(bool(each.problem) and not each.sold_out for each in rest),
        cheapest=sum((_price(each.cheapest) for each in sure), Decimal(0)),
        best=sum((_price(each.best or each.cheapest) for each in sure), Decimal(0)),
        similar_cheapest=sum((_price(each.cheapest) for each in similar), Decimal(0)),
    )


def _price(book: Book | None) -> Decimal:
    return (price_of(book.listing) if book is not None else None) or Decimal(0)
