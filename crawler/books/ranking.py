"""In what order the books of a report stand: one pure function a ranking, each a total order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from crawler.results import Book
from parsers.model import Listing

__all__ = ["RANKINGS", "rank_cheapest"]


def rank_cheapest(listings: Iterable[Listing]) -> tuple[Book, ...]:
    """Return the books by price, lowest first, ranks from 1; the same for every order of `listings`.

    Ties go to the better rated (unrated last), then to the one with more reviews (unknown last), then to the
    lower product id, compared as a number, then to the earlier place on the result pages.

    Raises ValueError for a listing without a price: selection keeps none.
    """
    priced = [(_price(listing), listing) for listing in listings]
    priced.sort(key=lambda item: (item[0], *_tie_break(item[1])))
    return tuple(Book(rank, listing, price) for rank, (price, listing) in enumerate(priced, start=1))


RANKINGS: dict[str, Callable[[Iterable[Listing]], tuple[Book, ...]]] = {"cheapest": rank_cheapest}
"""The rankings by name; the name is the report's `rank`."""


def _price(listing: Listing) -> Decimal:
    if listing.price is None:
        raise ValueError(f"listing {listing.product_id} has no price: it cannot be ranked by it")
    return listing.price


def _tie_break(listing: Listing) -> tuple[float, int, int, str, str, int, int]:
    digits = listing.product_id.lstrip("0")
    return (
        -1.0 * (listing.rating if listing.rating is not None else -1),
        -(listing.reviews if listing.reviews is not None else -1),
        len(digits),  # with the digits after it: numbers compared without making one of a very long string
        digits,
        listing.product_id,
        listing.page,
        listing.position,
    )
