"""Addresses of Dangdang's search."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from urllib.parse import quote_plus

__all__ = ["BOOKS_CATEGORY", "SORT_TYPES", "Sort", "search_url"]

BOOKS_CATEGORY = "01.00.00.00.00.00"
"""`category_path` of all books."""


class Sort(StrEnum):
    """The shop's own orders, by the names of the command line."""

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
"""What each order is called in the shop's `sort_type`."""


def search_url(
    query: str,
    page: int = 1,
    *,
    sellers: str = "self",
    category: str = "books",
    sort: str = "default",
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    base_url: str = "https://search.dangdang.com",
) -> str:
    """Return the address of result page `page` (from 1) for `query`, in Simplified Chinese.

    The key is percent-encoded as GBK, and as gb18030 where GBK lacks a character: the shop reads its query
    string in its pages' charset and answers a UTF-8 key with the no-result page of the mojibake it saw.

    `sellers` is "self" (the shop's own goods, `ddsale=1`) or "all"; `category` "books" or "all"; `sort` a value
    of `Sort`; prices are yuan. The address is already encoded: a client must send it as it is.

    Raises ValueError for a page below 1 or an option of another value.
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
