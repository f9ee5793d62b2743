"""The URLs of Dangdang: build those of searches and products, and read those that a user copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from urllib.parse import quote_plus, unquote_to_bytes, urlsplit

from parsers.dangdang.shop import SHOP

__all__ = [
    "BOOKS_CATEGORY",
    "PRODUCT_URL",
    "SORT_TYPES",
    "Sort",
    "is_product_id",
    "product_in_url",
    "product_url",
    "query_in_url",
    "search_url",
]

BOOKS_CATEGORY = "01.00.00.00.00.00"
"""The `category_path` of all books."""

PRODUCT_URL = "https://product.dangdang.com/{}.html"
"""The URL of a product's page, with a placeholder for its number."""


class Sort(StrEnum):
    """The sort orders that the shop offers, by their names on the command line."""

    DEFAULT = "default"
    SALES = "sales"
    RATING = "rating"
    NEWEST = "newest"
    PRICE = "price"


SORT_TYPES = {
    Sort.DEFAULT: "sort_default",
    Sort.SALES: "sort_sale_amt_desc",
    Sort.RATING: "sort_score_desc",
    Sort.NEWEST: "sort_pubdate_desc",
    Sort.PRICE: "sort_xlowprice_asc",
}
"""The shop's `sort_type` for each order."""


def search_url(
    query: str,
    page: int = 1,
    *,
    sellers: str = "self",
    category: str = "books",
    sort: str = "default",
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    base_url: str = SHOP.base_url,
) -> str:
    """Return the URL of result page `page` (from 1) for `query`, in Simplified Chinese.

    The key is percent-encoded as GBK, and as gb18030 where GBK lacks a character: the shop decodes its query string in
    the charset of its pages. It answers a UTF-8 key with the no-result page of the mojibake that it read.

    `sellers` is "self" (the shop's own goods, `ddsale=1`) or "all"; `category` "books" or "all"; `sort` a value of
    `Sort`; prices are in yuan. The URL is already encoded: a client must send it as it is.

    Raises ValueError for a page below 1 or an option with another value.
    """
    if page < 1:
        raise ValueError(f"page must be 1 or more, not {page}")
    if sellers not in {"self", "all"}:
        raise ValueError(f"sellers must be 'self' or 'all', not {sellers!r}")
    if category not in {"books", "all"}:
        raise ValueError(f"category must be 'books' or 'all', not {category!r}")
    parts = [f"key={quote_plus(query, encoding='gb18030')}", "act=input"]
    if category == "books":
        parts.append(f"category_path={BOOKS_CATEGORY}")
    if sellers == "self":
        parts.append("ddsale=1")
    if Sort(sort) is not Sort.DEFAULT:
        parts.append(f"sort_type={SORT_TYPES[Sort(sort)]}")
    if min_price is not None:
        parts.append(f"lowp={min_price:f}")
    if max_price is not None:
        parts.append(f"highp={max_price:f}")
    parts.append(f"page_index={page}")
    return f"{base_url.rstrip('/')}/?{'&'.join(parts)}"


_PRODUCT_KEYS = frozenset({"pid", "product_id", "productid"})
_QUERY_KEYS = frozenset({"key", "keyword"})
"""The parameters that hold a product's number and a query, on desktop and mobile pages."""

_PRODUCT_PAGE = re.compile(r"(?:^|[./])(?:product|e)\.|/product", re.IGNORECASE)
"""A part of host or path that product pages have, and lists, shops and publishers lack."""

_PRODUCT_IN_PATH = re.compile(r"(?<![0-9])[0-9]{6,11}(?![0-9])")

_PRODUCT_ID = re.compile(r"[0-9]{7,11}")
"""A product's number without any context. Shorter numbers are titles (1984, 142857), longer ones ISBNs."""

_ANY_PRODUCT_ID = re.compile(r"[0-9]{1,13}")
"""A text that a recording calls a product's number; no number is longer."""


def is_product_id(text: str) -> bool:
    """Return True if a word can only be a product's number: an ISBN of ten digits has a check digit.

    One that begins with 7, like Chinese ISBNs, may have a wrong check digit; product numbers of ten digits begin with
    1.
    """
    if not _PRODUCT_ID.fullmatch(text):
        return False
    is_isbn = text[0] == "7" or sum(place * int(digit) for place, digit in enumerate(text, 1)) % 11 == 0
    return len(text) != 10 or not is_isbn


def product_url(product_id: str) -> str | None:
    """Return the URL of a product's page; None for a text that cannot be a product's number."""
    if not _ANY_PRODUCT_ID.fullmatch(product_id):
        return None
    return PRODUCT_URL.format(product_id)


def product_in_url(url: str) -> str | None:
    """Return the number of the product whose page a URL of the shop leads to; None for any other page."""
    parts = urlsplit(url)
    for name, value in _parameters(url):
        if name in _PRODUCT_KEYS and value.isascii() and value.isdecimal():
            return value
    if not _PRODUCT_PAGE.search(f"{parts.netloc}{parts.path}"):
        return None
    match = _PRODUCT_IN_PATH.search(parts.path)
    return match[0] if match else None


def query_in_url(url: str) -> str | None:
    """Return the query in a URL of the shop's search; None for any other page."""
    return next((value for name, value in _parameters(url) if name in _QUERY_KEYS and value), None)


def _parameters(url: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a URL's parameters, including those after #, where mobile pages keep them."""
    parts = urlsplit(url)
    for query in (parts.query, parts.fragment.partition("?")[2]):
        for parameter in query.split("&"):
            name, _, value = parameter.partition("=")
            data = unquote_to_bytes(value.replace("+", " "))
            try:  # mobile pages, and browsers that show URLs decoded
                yield name.lower(), data.decode()
            except UnicodeDecodeError:
                yield name.lower(), data.decode("gb18030", "replace")
