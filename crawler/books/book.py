"""A book of a report, and how many listings came to how many books."""

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
    """A book of the report: its offers, and what follows from their numbers.

    Every key of a book in the JSON report is an attribute of the same name. What is not said to be of another offer is
    of `listing`, the cheapest.
    """

    rank: int
    """From 1."""
    listing: Listing
    """The cheapest offer."""
    price: Decimal | None
    """Yuan, what that offer costs as shown on the page; None for one that was kept though it has no price."""
    offers: tuple[Listing, ...]
    """Every listing of this book, `listing` too, cheapest first."""
    quality: float | None
    """Stars that it is worth at least, see `crawler.books.quality`; None when no book found has reviews."""
    value: float | None
    """Quality against price, in standard deviations; None without a price."""
    frontier: bool
    """No other book of the report that is on sale beats it on price and quality."""
    kept_for: frozenset[str] = frozenset()
    """Reasons for which it would have been dropped, but for `keep`."""
    history: PriceHistory | None = None
    """What the past of `listing` says, up to this search; None without a history, and for a product that it sees for
    the first time."""

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"¥{self.price:,.2f}"
        offers = f", {len(self.offers)} offers" if len(self.offers) > 1 else ""
        return f"<Book {self.rank}: {price} {quoted(self.title)} ({plain(self.product_id)}){offers}>"

    @property
    def product_id(self) -> str:
        """The shop's number of the product."""
        return self.listing.product_id

    @property
    def title(self) -> str:
        """The title alone."""
        return self.listing.title

    @property
    def subtitle(self) -> str:
        """Subtitle and marketing words that the shop appends to the title; '' without any."""
        return self.listing.subtitle

    @property
    def list_price(self) -> Decimal | None:
        """Yuan; None where the page gives none."""
        return self.listing.list_price

    @property
    def volumes(self) -> int | None:
        """Volumes sold together: 1 for a single book; None for a set or bundle that does not say how many."""
        return self.listing.volumes

    @property
    def seller(self) -> str | None:
        """Name of the marketplace shop; None for the shop's own goods, and where the page does not say."""
        return self.listing.seller

    @property
    def self_operated(self) -> bool | None:
        """Sold by the shop itself; None where nothing on the page proves it."""
        return self.listing.self_operated

    @property
    def ebook_price(self) -> Decimal | None:
        """Yuan, of the e-book offered beside the book; None without one."""
        return self.listing.ebook_price

    @property
    def sold_out(self) -> bool:
        """The edition cannot be bought; such books are dropped unless `keep` has `sold_out`."""
        return self.listing.sold_out

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of the listing, see `parsers.model.Flag`, and `kept_for`, in alphabetical order."""
        if not self.listing.flags and not self.kept_for:  # nearly always
            return ()
        return tuple(sorted({*(flag.value for flag in self.listing.flags), *self.kept_for}))

    @property
    def url(self) -> str:
        """The product page, absolute, https."""
        return self.listing.url

    @property
    def image(self) -> str | None:
        """The cover, absolute, https; None without one."""
        return self.listing.image

    @property
    def page(self) -> int:
        """Number of the result page on which it stands, from 1."""
        return self.listing.page

    @property
    def position(self) -> int:
        """Place on that page, from 1."""
        return self.listing.position

    @property
    def page_list(self) -> str:
        """Which list that page is of: «search», the search's own, or «price_order», the shop's in price order."""
        return self.listing.page_list

    @property
    def discount(self) -> Decimal | None:
        """Price over list price, two digits (0.32 is 3.2折); None without a price and a list price above 0."""
        if not self.list_price or self.price is None:
            return None
        return (self.price / self.list_price).quantize(Decimal("0.01"))

    @property
    def price_per_volume(self) -> Decimal | None:
        """Yuan a volume, two digits; None without a price, and for a set or bundle that does not say how many."""
        if not self.volumes or self.price is None:
            return None
        return (self.price / self.volumes).quantize(Decimal("0.01"))

    @property
    def authors(self) -> tuple[str, ...]:
        """Names of the authors, from the first offer that gives any."""
        return offers.authors(self.offers)

    @property
    def contributors(self) -> tuple[Contributor, ...]:
        """Everyone who made it: authors, translators, editors …, from the offer that names most."""
        return offers.contributors(self.offers)

    @property
    def from_price(self) -> bool:
        """The price is the lowest of several options."""
        return self.listing.from_price

    @property
    def publisher(self) -> str | None:
        """The publisher, from the first offer that names one."""
        return offers.publisher(self.offers)

    @property
    def published(self) -> dt.date | None:
        """The shop's date, from the first offer that has one."""
        return offers.published(self.offers)

    @property
    def rating(self) -> float | None:
        """Stars out of 5, of the rated offer with the most reviews; None when none is rated."""
        return offers.most_reviewed(self.offers).rating

    @property
    def reviews(self) -> int | None:
        """Number of reviews of that same offer."""
        return offers.most_reviewed(self.offers).reviews


@dataclass(frozen=True, slots=True)
class Counts:
    """How many listings came and where they went; `listings >= unique >= kept >= books`."""

    listings: int
    """Items read on `ok` pages, those of the price check included."""
    unique: int
    """After one product on several pages counts once."""
    kept: int
    """`unique` less what was dropped."""
    books: int
    """What `kept` comes to when listings of the same book are one."""
    dropped: dict[str, int]
    """How many were dropped, by reason, see `crawler.books.DROP_REASONS`; every reason is there, 0 included."""
