"""Combine what the offers of one book say: listings of the same book, cheapest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from parsers.model import Contributor, Flag, Listing

__all__ = [
    "Offers",
    "authors",
    "competes",
    "contributors",
    "in_order",
    "is_used",
    "most_reviewed",
    "price_of",
    "published",
    "publisher",
    "tie_break",
]

Offers = tuple[Listing, ...]
"""The listings of one book, at least one, cheapest first."""

_DEAREST = Decimal("Infinity")


def price_of(listing: Listing) -> Decimal | None:
    """Return the price of an offer in yuan: that of the e-book if only this is sold; None if there is none."""
    return listing.ebook_price if listing.ebook_only else listing.price


def in_order(listings: Iterable[Listing]) -> Offers:
    """Sort the offers of a book, cheapest first and those without a price last; break ties by `tie_break`."""
    return tuple(sorted(listings, key=_by_price))


def _by_price(listing: Listing) -> tuple[Decimal, TieBreak]:
    price = price_of(listing)
    return (_DEAREST if price is None else price, tie_break(listing))


def most_reviewed(offers: Offers) -> Listing:
    """Return the offer whose stars represent the book: the rated one with the most reviews.

    The shop rates each product number separately; a marketplace copy of a known book often has no reviews.
    """
    if len(offers) == 1:
        return offers[0]
    return max(offers, key=lambda offer: (offer.rating is not None, offer.reviews or 0))


def authors(offers: Offers) -> tuple[str, ...]:
    """Return the authors from the first offer that names any."""
    return offers[0].authors or next(filter(None, (offer.authors for offer in offers)), ())


def contributors(offers: Offers) -> tuple[Contributor, ...]:
    """Return all contributors from the offer that names most; if several do, from the cheapest."""
    if len(offers) == 1:
        return offers[0].contributors
    return max((offer.contributors for offer in offers), key=len)


def publisher(offers: Offers) -> str | None:
    """Return the publisher from the first offer that names one."""
    first = offers[0].publisher
    if first is not None or len(offers) == 1:
        return first
    return next((offer.publisher for offer in offers if offer.publisher is not None), None)


def published(offers: Offers) -> dt.date | None:
    """Return the date from the first offer that has one, which is the printing that a buyer gets."""
    first = offers[0].published
    if first is not None or len(offers) == 1:
        return first
    return next((offer.published for offer in offers if offer.published is not None), None)


def is_used(listing: Listing) -> bool:
    """Return True if a copy is sold as used."""
    return Flag.SECOND_HAND in listing.flags


def competes(listing: Listing, *, goods: bool, used: bool = False) -> bool:
    """Return True if a listing can be an answer: on sale at a known price, new and, unless `goods`, a book.

    `goods` is for a search of all kinds of goods, in which a bookmark counts too; `used` is for a search of used
    copies. The price of a product with several options may be that of another option, so it counts as unknown.
    """
    if listing.sold_out or listing.from_price or price_of(listing) is None or (is_used(listing) and not used):
        return False
    return goods or Flag.ACCESSORY not in listing.flags


TieBreak = tuple[float, int, int, str, str, bool, int, int]


def tie_break(listing: Listing) -> TieBreak:
    """Return the key that breaks every tie: better rating (unrated last), then more reviews (unknown last).

    Then comes the lower product id, compared as a number, then the earlier position on the result pages. Lower keys
    come first.
    """
    digits = listing.product_id.lstrip("0")
    return (
        -1.0 * (listing.rating if listing.rating is not None else -1),
        -(listing.reviews if listing.reviews is not None else -1),
        len(digits),  # followed by the digits: compares numbers without converting a very long string
        digits,
        listing.product_id,
        *listing.place,
    )
