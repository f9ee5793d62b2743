"""Addresses of Folio Books."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import parse_qs, quote, urlsplit

from tests.second_shop.shop import SHOP

_SORTS = {"default": "", "price": "&order=cheap"}
_PRODUCT_ID = re.compile(r"FB-[0-9]{1,9}")
_PRODUCT_PATH = re.compile(r"/book/(FB-[0-9]{1,9})")


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
    """Return the address of a result page; the shop sells its own books alone and knows no price bounds."""
    del sellers, category, min_price, max_price
    return f"{base_url}/find/{quote(query, safe='')}?from={(page - 1) * SHOP.page_size}{_SORTS[sort]}"


def is_product_id(text: str) -> bool:
    return _PRODUCT_ID.fullmatch(text) is not None


def product_url(product_id: str) -> str | None:
    return f"https://www.folio.example/book/{product_id}" if is_product_id(product_id) else None


def product_in_url(url: str) -> str | None:
    match = _PRODUCT_PATH.fullmatch(urlsplit(url).path)
    return match[1] if match else None


def query_in_url(url: str) -> str | None:
    return parse_qs(urlsplit(url).query).get("q", [None])[0]
