"""Turn listings into a report's books: each product once, each book once, without what does not belong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from crawler.books import DROP_REASONS
from crawler.books.book import Book, Counts
from crawler.books.filters import Filters
from crawler.books.identity import same_books
from crawler.books.offers import Offers, price_of
from crawler.books.ranking import rank_books
from crawler.books.selection import drop_reason, select
from crawler.books.topic import Topic
from crawler.money import money
from crawler.phrases import Phrase
from parsers.model import Listing

__all__ = ["BookList", "SelectionCriteria", "build_books"]


@dataclass(frozen=True, slots=True)
class SelectionCriteria:
    """The buyer's criteria for the products found."""

    topic: Topic = field(default_factory=Topic)
    filters: Filters = field(default_factory=Filters)
    keep: frozenset[str] = frozenset()
    """Reasons from `KEEPABLE` that drop nothing: the products that they apply to are kept and marked."""
    rank: str = "cheapest"
    """A key of `crawler.books.ranking.RANKINGS`."""
    goods: bool = False
    """True to count other goods like books."""
    currency: str = "CNY"
    """Currency of the shop's prices."""


@dataclass(frozen=True, slots=True)
class BookList:
    """The ranked books, and what became of all other listings."""

    books: tuple[Book, ...]
    dropped: tuple[tuple[str, Listing], ...]
    """Pairs of reason and listing, in page order."""
    counts: Counts
    notes: tuple[str, ...] = ()
    """Notes for the reader on products that the shop showed with two offers."""


MOST_NOTES = 3
"""How many products to name individually; the rest are counted."""


def build_books(
    pages: Iterable[tuple[object, Sequence[Listing]]],
    criteria: SelectionCriteria,
    *,
    fetched_at: Mapping[tuple[bool, int], dt.datetime] | None = None,
) -> BookList:
    """Build the books from `pages`, each with its listings; the order of the pages does not matter.

    `fetched_at` gives the fetch time of each page by `page_key`: if a product has two prices, the later one counts.

    E-books and products that are sold out or have no price are recognized by each listing alone. Topic and filters
    consider the whole book: a seller's bare listing is on topic if another listing of the book is, and shares its
    reviews.
    """
    selection = select(pages, criteria.keep, goods=criteria.goods, fetched_at=fetched_at)
    reason_of = partial(drop_reason, goods=criteria.goods)
    dropped = list(selection.dropped)
    kept: list[Offers] = []
    for offers in same_books(selection.kept, kept_for=reason_of):
        reason = _book_reason(offers, criteria)
        if reason is None:
            kept.append(offers)
        else:
            dropped += [(reason, offer) for offer in offers]
    dropped.sort(key=lambda drop: drop[1].place)
    books = rank_books(
        kept,
        criteria.rank,
        goods=criteria.goods,
        used=criteria.filters.condition == "used",
        kept_for=(lambda offers: _kept_for(offers, criteria)) if criteria.keep else None,
    )
    counts = dict.fromkeys(DROP_REASONS, 0)
    for reason, _ in dropped:
        counts[reason] += 1
    listings_kept = selection.unique - len(dropped)
    return BookList(
        books,
        tuple(dropped),
        Counts(selection.listings, selection.unique, listings_kept, len(books), counts),
        _notes(selection.replaced, criteria.currency),
    )


def _notes(replaced: Sequence[tuple[Listing, Listing]], currency: str) -> tuple[str, ...]:
    """Return a sentence about each of the first products with two offers, and one with the number of others."""
    notes = [
        Phrase(
            "two_offers",
            number=later.product_id,
            earlier=_offer_in_words(earlier, currency),
            earlier_page=_page_in_words(earlier),
            later=_offer_in_words(later, currency),
            later_page=_page_in_words(later),
        )
        for earlier, later in replaced[:MOST_NOTES]
    ]
    if len(replaced) > MOST_NOTES:
        notes.append(Phrase("two_offers_more", n=len(replaced) - MOST_NOTES))
    return tuple(notes)


def _page_in_words(listing: Listing) -> str:
    return Phrase("the_price_page" if listing.price_order else "the_page", page=listing.page)


def _offer_in_words(listing: Listing, currency: str) -> str:
    amount = price_of(listing)
    price = Phrase("offer_without_price") if amount is None else money(amount, currency)
    return Phrase("offer_sold_out", price=price) if listing.sold_out else price


def _book_reason(offers: Offers, criteria: SelectionCriteria) -> str | None:
    if "off_topic" not in criteria.keep and _is_off_topic(offers, criteria):
        return "off_topic"
    return criteria.filters.reason(offers)


def _is_off_topic(offers: Offers, criteria: SelectionCriteria) -> bool:
    return not any(map(criteria.topic.covers, offers))


def _kept_for(offers: Offers, criteria: SelectionCriteria) -> frozenset[str]:
    own = drop_reason(offers[0], goods=criteria.goods)
    reasons = {own} if own is not None else set()
    if _is_off_topic(offers, criteria):
        reasons.add("off_topic")
    return frozenset(reasons)
