"""The facts about a shop that the crawler needs before it has seen a page."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Shop", "is_within"]

_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Shop:
    """The facts about one shop; each shop's folder defines its own.

    Raises ValueError for a `base_url` with a trailing slash, or an invalid currency code.
    """

    name: str
    """Key in `SHOPS`, and the `shop` of the JSON report."""
    title: str
    """Its usual name."""
    base_url: str
    """Origin of its search."""
    hosts: tuple[str, ...]
    """Domains that belong to it, in lower case."""
    page_size: int
    """Listings on a full page."""
    max_pages: int
    """Maximum number of pages, however many products match."""
    module: str
    """The package with its modules `urls` and `search_page`."""
    currency: str
    """Currency of its prices, as an ISO 4217 code."""
    query_script: Literal["zh-Hans", "zh-Hant"] | None
    """Script of its catalogue, to which queries are converted; None sends them as typed."""
    sorts: frozenset[str]
    """The orders it offers, by the names of the setting `sort`. Without «price» no price check is possible."""
    price_filter: bool
    """True if its search supports a lowest and a highest price."""
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Its names by language, for languages with a name other than `title`."""

    def __post_init__(self) -> None:
        if self.base_url.endswith("/"):
            raise ValueError(f"the base_url of {self.name} must not end with a slash: {self.base_url!r}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"the currency of {self.name} must be an ISO 4217 code, not {self.currency!r}")

    def owns(self, host: str) -> bool:
        """Return True if a host belongs to the shop: a domain of `hosts`, or a subdomain of one."""
        return is_within(host, self.hosts)

    def search_url(self, query: str, page: int, **options: Any) -> str:
        """Return the address of result page `page` (from 1); options are those of the shop's `search_url`."""
        build: Callable[..., str] = self._urls.search_url
        return build(query, page, **options)

    def product_url(self, product_id: str) -> str | None:
        """Return the address of a product's page; None for a text that cannot be a product number."""
        url: str | None = self._urls.product_url(product_id)
        return url

    def product_in(self, text: str) -> str | None:
        """Return the product number that a text is, or that an address of the shop contains; None if there is none."""
        product: str | None = text if self._urls.is_product_id(text) else self._urls.product_in_url(text)
        return product

    def query_in(self, url: str) -> str | None:
        """Return the query of an address of the shop's search; None for any other address."""
        query: str | None = self._urls.query_in_url(url)
        return query

    @property
    def _urls(self) -> Any:
        return importlib.import_module(f"{self.module}.urls")


def is_within(host: str, domains: Iterable[str]) -> bool:
    """Return True if a host is one of `domains`, or a subdomain of one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
