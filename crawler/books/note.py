"""Facts about a book for its buyer besides the price, which reports and alerts put into words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.books.offers import price_of
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book

__all__ = ["BookNote", "note_of"]


@dataclass(frozen=True, slots=True)
class BookNote:
    """Facts about a book's cheapest offer and the others; amounts in yuan."""

    volumes: int | None = None
    """Volumes of a set; None for a single volume, and where the number or its price per volume is unknown."""
    volume_price: Decimal | None = None
    """Price per volume of such a set."""
    flags: frozenset[Flag] = frozenset()
    """Flags of the listing."""
    kept_for: frozenset[str] = frozenset()
    """Reasons for which it would have been dropped, of `crawler.books.KEEPABLE`."""
    seller: str | None = None
    """The marketplace shop's name as read: untrusted text."""
    self_operated: bool | None = None
    """Whether the shop itself sells it; None where the page does not say."""
    offers: int = 1
    """Offers of the book, this one included."""
    highest_offer: Decimal | None = None
    """Price of the most expensive offer; None where it has none."""


def note_of(book: Book) -> BookNote:
    """Collect the facts about a book."""
    listing, per_volume = book.listing, book.price_per_volume
    is_counted_set = listing.volumes is not None and listing.volumes > 1 and per_volume is not None
    return BookNote(
        volumes=listing.volumes if is_counted_set else None,
        volume_price=per_volume if is_counted_set else None,
        flags=listing.flags,
        kept_for=book.kept_for,
        seller=listing.seller,
        self_operated=listing.self_operated,
        offers=len(book.offers),
        highest_offer=price_of(book.offers[-1]),
    )
