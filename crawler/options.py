"""The keyword arguments of the library, for editors and type checkers: the settings by name and type.

`crawler.settings` documents them and checks their values at run time. A test compares the two.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

from crawler.settings import Language, Reason, ReportSettings

__all__ = ["CrawlOptions", "ReplayOptions", "ReportOptions", "SearchOptions", "TextFormat"]

Yuan: TypeAlias = Decimal | float | None
"""An amount: 5, 5.5 or Decimal("5.50")."""

TextFormat: TypeAlias = Literal["table", "md", "csv", "json", "html"]
"""The text formats of reports. A test compares them."""

Reasons: TypeAlias = Reason | tuple[Reason, ...] | list[Reason] | set[Reason] | frozenset[Reason]


class ReplayOptions(TypedDict, total=False):
    """The settings that a replay may change: they shape the report on the recorded pages."""

    rank: Literal["cheapest", "best", "value", "per-volume"]
    keep: Reasons
    condition: Literal["any", "new", "used"]
    max_volume_price: Yuan
    publisher: str | None
    author: str | None
    since: int | None
    min_reviews: int | None


class SearchOptions(ReplayOptions, total=False):
    """The settings that each search of a shared engine may choose for itself."""

    pages: int
    price_check: int
    sellers: Literal["self", "all"]
    category: Literal["books", "all"]
    sort: Literal["default", "sales", "rating", "newest", "price"]
    min_price: Yuan
    max_price: Yuan
    max_seconds: float | None
    base_url: str | None


class CrawlOptions(SearchOptions, total=False):
    """All settings except `history`, which is the path of a file where `crawl` takes it."""

    concurrency: int
    workers: int
    delay: float
    max_wait: float
    obey_robots: bool
    proxy: str | None
    connect_timeout: float
    read_timeout: float
    request_timeout: float
    page_timeout: float
    parse_timeout: float
    attempts: int
    max_body_bytes: int
    user_agent: str
    cache_dir: str | None
    resume_max_age: float
    report: ReportSettings


class ReportOptions(TypedDict, total=False):
    """The options of a report."""

    lang: Language
    """The language of the report; auto, the default, follows the query."""
    top: int | None
    """The number of books to list; None, the default, lists all."""
    show_dropped: bool
    """True to list dropped products; HTML, XLSX and JSON always do."""
    width: int | None
    """The number of columns of the table."""
