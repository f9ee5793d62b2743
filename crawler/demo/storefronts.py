"""The demo shop and four invented competitors: the same books in other currencies, at other prices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from crawler.demo.catalogue import catalogue, product_by_id
from crawler.demo.draw import Draw
from crawler.demo.page_chrome import ENCODING, SHOP_NAME
from parsers.model import Listing

__all__ = ["QUERY", "STOREFRONTS", "Product", "Storefront", "books_on_sale", "isbn_of", "product_of"]

QUERY = "人工智能"
"""The search whose books every storefront knows, even if nobody has searched for them yet."""

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Storefront:
    """A shop, and how its product pages differ from those of the others."""

    name: str
    currency: str
    language: str
    """The `lang` of its pages."""
    charset: str
    """The charset in which its pages are encoded."""
    declared_charset: str
    """The charset that the pages and their header declare."""
    yuan: Decimal
    """The value of one unit of its currency in yuan."""
    level: tuple[int, int]
    """The lowest and the highest share of the demo shop's price, per mille."""
    stocked: int
    """The share of the demo shop's books that it sells, per mille."""


STOREFRONTS = (
    Storefront(SHOP_NAME, "CNY", "zh-CN", ENCODING, "GB2312", Decimal(1), (1000, 1000), 1000),
    Storefront("云间书屋", "CNY", "zh-CN", "utf-8", "utf-8", Decimal(1), (820, 1250), 800),
    Storefront("島嶼書房", "TWD", "zh-Hant-TW", "utf-8", "utf-8", Decimal("0.22"), (900, 1500), 600),
    Storefront("Lesehafen", "EUR", "de", "utf-8", "utf-8", Decimal("8.2"), (700, 1900), 500),
    Storefront("Paper Lantern Books", "USD", "en-US", "utf-8", "utf-8", Decimal("7.1"), (750, 1800), 500),
)
"""The demo shop first."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a storefront."""

    listing: Listing
    """The demo shop's listing of it; a competitor's own facts are the fields below."""
    price: Decimal | None
    """In the currency of the storefront; None if the page shows none."""
    available: bool
    isbn: str | None
    """The ISBN-13; None for other goods."""


def product_of(
    storefront: Storefront, product_id: str, queries: Iterator[str], *, day: dt.date | None = None
) -> Product | None:
    """Return the product that has an id in the searches for `queries` or `QUERY`; None if the storefront has none.

    Its facts depend only on the id, the storefront and the day.
    """
    listing = product_by_id(product_id, (*queries, QUERY), day=day)
    if listing is None or not _stocks(storefront, product_id):
        return None
    price = listing.ebook_price if listing.ebook_only else listing.price
    if storefront is STOREFRONTS[0]:
        return Product(listing, price, not listing.sold_out, isbn_of(listing))
    draw = Draw("storefront", storefront.name, product_id)
    share = Decimal(draw.between(*storefront.level)).scaleb(-3)
    if price is not None:
        price = max((price * share / storefront.yuan).quantize(_CENT), _CENT)
    return Product(listing, price, not draw.chance(70), isbn_of(listing))


def books_on_sale(count: int) -> Iterator[tuple[str, list[Storefront]]]:
    """Yield the ids of the first `count` products of `QUERY`, each with the storefronts that have a page of it."""
    listings = catalogue(QUERY, sellers="all")
    for product_id in dict.fromkeys(listing.product_id for listing in listings[:count]):
        yield product_id, [each for each in STOREFRONTS if _stocks(each, product_id)]


def isbn_of(listing: Listing) -> str | None:
    """Return the invented ISBN-13 of a book, the same for all offers of it; None for other goods.

    Its group, 978-69, is not assigned, so no invented book has a real one's ISBN.
    """
    if listing.publisher is None and listing.published is None:
        return None
    edition = re.sub(r"\s", "", f"{listing.contributors_text}{listing.publisher}{listing.published_text}")
    draw = Draw("isbn", edition, listing.description, listing.subtitle)
    body = f"97869{draw.below(10**7):07}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _stocks(storefront: Storefront, product_id: str) -> bool:
    return Draw("stock", storefront.name, product_id).chance(storefront.stocked)
