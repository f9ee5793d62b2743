"""The settings of one search: what to search for, and which books the report lists in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from crawler.errors import SettingsError
from crawler.proxy_url import http_parts
from crawler.settings.kinds import Amount, Limit, Words, choice, whole
from crawler.settings.option import Option
from crawler.settings.table import Table

__all__ = ["Reason", "SearchSettings", "check_together"]

Reason = Literal["ebook", "sold_out", "no_price", "accessory", "off_topic"]
"""The values of `keep`: `crawler.books.KEEPABLE`. A test compares them."""

_MOST_PAGES = 100
"""The shop serves no more pages."""

_SEARCH = Option(harmless=True, commands=("search",), watch=True, scope=True, recorded=True, reported=True)
_FILTER = replace(_SEARCH, replay="applied")


def _is_base_url(url: str) -> bool:
    parts = http_parts(url)
    # Reports and messages show this address, so it must not contain a password.
    return parts is not None and "?" not in url and "#" not in url and "@" not in parts.netloc


def _pages(name: str) -> object:
    return _MOST_PAGES if name.lower() == "all" else name


@dataclass(frozen=True, kw_only=True, repr=False)
class SearchSettings(Table):
    """The settings of `[crawler]` that each search of an engine may choose for itself."""

    section = "crawler"

    pages: Annotated[
        int,
        Meta(ge=1, le=_MOST_PAGES, description=f"a whole number from 1 to {_MOST_PAGES}, or all"),
        replace(_SEARCH, reported=False, parse=_pages),
    ] = 3
    """The number of result pages to request; `all` stands for 100, the most that the shop serves."""
    sellers: Annotated[Literal["self", "all"], choice("self", "all"), _SEARCH] = "self"
    """The shop's own goods, or also those of marketplace sellers."""
    category: Annotated[Literal["books", "all"], choice("books", "all"), _SEARCH] = "books"
    """Books, or all kinds of goods."""
    sort: Annotated[
        Literal["default", "sales", "rating", "newest", "price"],
        choice("default", "sales", "rating", "newest", "price"),
        _SEARCH,
    ] = "default"
    """The shop's own sort order, which determines the content of the requested pages."""
    min_price: Annotated[Amount, _SEARCH] = None
    """The lowest price in yuan."""
    max_price: Annotated[Amount, _SEARCH] = None
    """The highest price in yuan."""
    price_check: Annotated[int, whole(0, 100), replace(_SEARCH, scope=False, reported=False)] = 3
    """The maximum number of pages to read from the shop's list in price order, to prove which book is cheapest; 0 for
    none."""
    rank: Annotated[
        Literal["cheapest", "best", "value", "per-volume"],
        choice("cheapest", "best", "value", "per-volume"),
        replace(_FILTER, watch=False, scope=False, reported=False),
    ] = "cheapest"
    """The order of the report's books."""
    keep: Annotated[
        tuple[Reason, ...],
        Meta(description="a comma-separated list of ebook, sold_out, no_price, accessory, off_topic"),
        replace(_FILTER, commands=("search", "history")),
    ] = ()
    """The reasons for which products are kept and flagged instead of dropped."""
    condition: Annotated[Literal["any", "new", "used"], choice("any", "new", "used"), _FILTER] = "any"
    """Only new or only used copies, or both; the answers then name new ones."""
    max_volume_price: Annotated[Amount, _FILTER] = None
    """The highest price per volume in yuan; this filter and the next four drop books."""
    publisher: Annotated[Words, _FILTER] = None
    """A part of the publisher's name."""
    author: Annotated[Words, _FILTER] = None
    """A part of an author's or translator's name."""
    since: Annotated[int, whole(1900, 2100), _FILTER] | None = None
    """The earliest year of publication."""
    min_reviews: Annotated[int, whole(0, 1_000_000_000), _FILTER] | None = None
    """The minimum number of reviews."""
    max_seconds: Annotated[Limit, Option(commands=("search",), watch=True)] | None = None
    """Seconds after which a search ends with the pages that it has."""
    base_url: Annotated[
        str | None,
        Meta(description="an http:// or https:// URL without user name, query and fragment"),
        _is_base_url,
        Option(commands=("search", "history", "watch", "alerts", "doctor", "serve")),
    ] = None
    """The address that receives the shop's requests instead: a replica or a test server."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_together(self.min_price, self.max_price)


def check_together(
    low: Decimal | None, high: Decimal | None, *, labels: tuple[str, str] = ("min_price", "max_price")
) -> None:
    """Check that the lowest price is not above the highest; messages call them `labels`. Raises SettingsError."""
    if low is not None and high is not None and low > high:
        raise SettingsError(f"{labels[0]} must be at most {labels[1]} ({high}), not {low}")
