"""A book of a report, and the totals of listings and books."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.books import offers
from crawler.repr_text import plain, quoted

if TYPE_CHECKING:
    from crawler.prices.price_history import PriceHistory
    from parsers.model import Contributor, Listing

__all__ = ["Book", "Counts"]


@dataclass(frozen=True, slots=True)
class Book:
    """A book of the report: its offers, and figures derived from their numbers.

    Every key of a book in the JSON report is an attribute of the same name. Unless stated otherwise, an attribute
    describes `listing`, the cheapest offer.
    """

    rank: int
    """Counted from 1."""
    listing: Listing
    """The cheapest offer."""
    price: Decimal | None
    """The price of that offer in yuan, as shown; None for a book that was kept without a price."""
    offers: tuple[Listing, ...]
    """Every listing of this book, including `listing`, cheapest first."""
    quality: float | None
    """A lower bound in stars, see `crawler.books.quality`; None if no book found has reviews."""
    value: float | None
    """Quality relative to price, in standard deviations; None without a price."""
    frontier: bool
    """True if no other book of the report that is on sale is better in price and quality."""
    kept_for: frozenset[str] = frozenset()
    """Reasons for which it would have been dropped without `keep`."""
    history: PriceHistory | None = None
    """The price history of `listing` up to this search; None if no history is kept, or if this search is the first to
    see the product."""

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"¥{self.price:,.2f}"
        offers = f", {len(self.offers)} offers" if len(self.offers) > 1 else ""
        return f"<Book {self.rank}: {price} {quoted(self.title)} ({plain(self.product_id)}){offers}>"

    @property
    def product_id(self) -> str:
        """The shop's product number."""
        return self.listing.product_id

    @property
    def title(self) -> str:
        """The title without the subtitle."""
        return self.listing.title

    @property
    def subtitle(self) -> str:
        """Subtitle and marketing text that the shop appends to the title; '' if there is none."""
        return self.listing.subtitle

    @property
    def list_price(self) -> Decimal | None:
        """Yuan; None if the page shows none."""
        return self.listing.list_price

    @property
    def volumes(self) -> int | None:
        """Number of volumes sold together: 1 for a single book; None for a set or bundle that does not state it."""
        return self.listing.volumes

    @property
    def seller(self) -> str | None:
        """Name of the marketplace seller; None for the shop's own goods, or if the page does not say."""
        return self.listing.seller

    @property
    def self_operated(self) -> bool | None:
        """True if the shop itself sells it; None if the page does not tell."""
        return self.listing.self_operated

    @property
    def ebook_price(self) -> Decimal | None:
        """Price in yuan of the e-book offered with the book; None if there is none."""
        return self.listing.ebook_price

    @property
    def sold_out(self) -> bool:
        """True if the edition is unavailable; such books are dropped unless `keep` contains `sold_out`."""
        return self.listing.sold_out

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of the listing, see `parsers.model.Flag`, and `kept_for`, in alphabetical order."""
        if not self.listing.flags and not self.kept_for:  # nearly always
            return ()
        return tuple(sorted({*(flag.value for flag in self.listing.flags), *self.kept_for}))

    @property
    def url(self) -> str:
        """Address of the product page, absolute, https."""
        return self.listing.url

    @property
    def image(self) -> str | None:
        """Address of the cover, absolute, https; None if there is none."""
        return self.listing.image

    @property
    def page(self) -> int:
        """Number of the result page that lists it, from 1."""
        return self.listing.page

    @property
    def position(self) -> int:
        """Position on that page, from 1."""
        return self.listing.position

    @property
    def page_list(self) -> str:
        """The list of that page: «search», the search's own, or «price_order», the shop's in price order."""
        return self.listing.page_list

    @property
    def discount(self) -> Decimal | None:
        """Price divided by list price, two digits (0.32 is 3.2折); None without a price and a list price above 0."""
        if not self.list_price or self.price is None:
            return None
        return (self.price / self.list_price).quantize(Decimal("0.01"))

    @property
    def price_per_volume(self) -> Decimal | None:
        """Yuan per volume, two digits; None without a price, or for a set or bundle that does not state its volumes."""
        if not self.volumes or self.price is None:
            return None
        return (self.price / self.volumes).quantize(Decimal("0.01"))

    @property
    def authors(self) -> tuple[str, ...]:
        """Names of the authors, from the first offer that names any."""
        return offers.authors(self.offers)

    @property
    def contributors(self) -> tuple[Contributor, ...]:
        """All contributors: authors, translators, editors …, from the offer that names most."""
        return offers.contributors(self.offers)

    @property
    def from_price(self) -> bool:
        """True if the price is the lowest of several options."""
        return self.listing.from_price

    @property
    def publisher(self) -> str | None:
        """The publisher, from the first offer that names one."""
        return offers.publisher(self.offers)

    @property
    def published(self) -> dt.date | None:
        """The publication date in the shop, from the first offer that has one."""
        return offers.published(self.offers)

    @property
    def rating(self) -> float | None:
        """Stars out of 5, from the rated offer with the most reviews; None if none is rated."""
        return offers.most_reviewed(self.offers).rating

    @property
    def reviews(self) -> int | None:
        """Number of reviews of the same offer."""
        return offers.most_reviewed(self.offers).reviews


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals of the listings and of what became of them; `listings >= unique >= kept >= books`."""

    listings: int
    """Listings on `ok` pages, including those of the price check."""
    unique: int
    """Listings after duplicates of a product are removed."""
    kept: int
    """`unique` minus the dropped listings."""
    books: int
    """Books after listings of the same book are merged."""
    dropped: dict[str, int]
    """Number of dropped listings by reason, see `crawler.books.DROP_REASONS`; every reason is present, even with 0."""
