"""What is known of one book from all of its offers: listings of the same book, cheapest first."""

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
    """Return what an offer costs, in yuan: the e-book's price where only that is sold; None where none is given."""
    return listing.ebook_price if listing.ebook_only else listing.price


def in_order(listings: Iterable[Listing]) -> Offers:
    """Return the offers of a book cheapest first, those without a price last; ties by `tie_break`."""
    return tuple(sorted(listings, key=_by_price))


def _by_price(listing: Listing) -> tuple[Decimal, TieBreak]:
    price = price_of(listing)
    return (_DEAREST if price is None else price, tie_break(listing))


def most_reviewed(offers: Offers) -> Listing:
    """Return the offer whose stars stand for the book's: of those that are rated the one with the most reviews.

    The shop rates each product number apart; a seller's copy of a known book often has no review of its own.
    """
    if len(offers) == 1:
        return offers[0]
    return max(offers, key=lambda offer: (offer.rating is not None, offer.reviews or 0))


def authors(offers: Offers) -> tuple[str, ...]:
    """Return the authors as the first offer that names any has them."""
    return offers[0].authors or next(filter(None, (offer.authors for offer in offers)), ())


def contributors(offers: Offers) -> tuple[Contributor, ...]:
    """Return everyone who made the book, as the offer has them that names most; of equals the cheapest."""
    if len(offers) == 1:
        return offers[0].contributors
    return max((offer.contributors for offer in offers), key=len)


def publisher(offers: Offers) -> str | None:
    """Return the publisher that the first offer that names one has."""
    first = offers[0].publisher
    if first is not None or len(offers) == 1:
        return first
    return next((offer.publisher for offer in offers if offer.publisher is not None), None)


def published(offers: Offers) -> dt.date | None:
    """Return the date of the first offer that has one: of several printings the one that is bought."""
    first = offers[0].published
    if first is not None or len(offers) == 1:
        return first
    return next((offer.published for offer in offers if offer.published is not None), None)


def is_used(listing: Listing) -> bool:
    """Tell whether a copy is sold as used."""
    return Flag.SECOND_HAND in listing.flags


def competes(listing: Listing, *, goods: bool, used: bool = False) -> bool:
    """Tell whether a listing can be the answer: on sale at a known price, new and, unless `goods`, a book.

    `goods` is for a search of all kinds of things, where a bookmark counts like any other, `used` for one of used
    copies. The price of a number with several options is not that of the goods named, so it is never known.
    """
    if listing.sold_out or listing.from_price or price_of(listing) is None or (is_used(listing) and not used):
        return False
    return goods or Flag.ACCESSORY not in listing.flags


TieBreak = tuple[float, int, int, str, str, bool, int, int]


def tie_break(listing: Listing) -> TieBreak:
    """Return the key that settles every tie: the better rated (unrated last), then the one with more reviews.

    Unknown reviews come last; then comes the lower product id, compared as a number, then the earlier place on the
    result pages. Lower keys come first.
    """
    digits = listing.product_id.lstrip("0")
    return (
        -1.0 * (listing.rating if listing.rating is not None else -1),
        -(listing.reviews if listing.reviews is not None else -1),
        len(digits),  # with the digits after it: numbers compared without making one of a very long string
        digits,
        listing.product_id,
        *listing.place,
    )
