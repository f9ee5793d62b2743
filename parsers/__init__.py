"""Pure parsers, one folder a shop: bytes in, values out.

No network, no files, no event loop, no settings. Worker processes import this package, so it pulls in the
standard library alone; selectolax comes with the parser that needs it, in the process that parses.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["SHOPS", "Shop", "parse_search_page_to_wire"]


@dataclass(frozen=True, slots=True)
class Shop:
    """What the crawler must know of a shop before it has seen a page of it."""

    name: str
    """Key of `SHOPS`, and the `shop` of the JSON report."""
    title: str
    """What people call it."""
    base_url: str
    """Origin of its search."""
    hosts: tuple[str, ...]
    """Domains that belong to it, in lower case."""
    page_size: int
    """Listings on a full page."""
    max_pages: int
    """Pages it serves at most, however many products match."""
    module: str
    """The package that holds its `search_url` and `parse_search_page`."""

    def owns(self, host: str) -> bool:
        """Return whether a host is one of the shop's: a domain of `hosts`, or within one."""
        return any(host == domain or host.endswith(f".{domain}") for domain in self.hosts)

    def search_url(self, query: str, page: int, **options: Any) -> str:
        """Return the address of result page `page` (from 1); options are those of the shop's `search_url`."""
        build: Callable[..., str] = importlib.import_module(f"{self.module}.urls").search_url
        return build(query, page, **options)

    def product_in(self, text: str) -> str | None:
        """Return the product's number that `text` is, or that an address of the shop leads to; None for neither."""
        urls = importlib.import_module(f"{self.module}.urls")
        product: str | None = text if urls.is_product_id(text) else urls.product_in_url(text)
        return product

    def query_in(self, url: str) -> str | None:
        """Return what an address of the shop's search searches for; None for any other address."""
        query: str | None = importlib.import_module(f"{self.module}.urls").query_in_url(url)
        return query


SHOPS = {
    "dangdang": Shop(
        name="dangdang",
        title="Dangdang 当当网",
        base_url="https://search.dangdang.com",
        hosts=("dangdang.com",),
        page_size=60,
        max_pages=100,
        module="parsers.dangdang",
    ),
}
"""The shops by name."""


def parse_search_page_to_wire(shop: str, body: bytes, charset: str | None, page: int) -> tuple[Any, ...]:
    """Parse a search page of `shop` and return `SearchPage.to_wire()`: the function that worker processes run.

    `charset` is the one that the HTTP header names, `page` the number that was asked for.

    Raises KeyError for an unknown shop; a page, however broken, raises nothing.
    """
    module = importlib.import_module(f"{SHOPS[shop].module}.search_page")
    wire: tuple[Any, ...] = module.parse_search_page(body, charset=charset, page=page).to_wire()
    return wire
