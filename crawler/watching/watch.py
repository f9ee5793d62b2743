"""Watches and alerts, as configured."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any
from unicodedata import category

from msgspec import Meta

from crawler.query import Query
from crawler.settings import Amount, Option, SearchSettings, Table, options_of
from crawler.settings.kinds import FilePath, has_few_digits, switch, whole

__all__ = ["SEARCH_KEYS", "AlertSettings", "Watch", "WatchTerms"]

SEARCH_KEYS = tuple(name for name, option in options_of(SearchSettings).items() if option.watch)
"""The settings of `[crawler]` that a watch may override."""

MOST_PRODUCTS = 1_000
"""The maximum number of products that one watch may name."""

_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_EVERY = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_LONGEST = 366 * 86_400
"""Seconds."""

_PRODUCT = re.compile(r"[0-9]{1,20}")


_TERM = Option(environment=False)

_NO_NAME = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates, line and paragraph separators."""


def _is_every(text: str) -> bool:
    return _EVERY.fullmatch(text) is not None and _seconds(text) <= _LONGEST


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


def _is_percentage(number: Decimal) -> bool:
    return has_few_digits(number) and 1 <= number <= 99


def _is_name(text: str) -> bool:
    # Allow invisible characters used by emoji; reject those that move the cursor.
    return text.strip() == text and 0 < len(text) <= 100 and all(category(c) not in _NO_NAME for c in text)


def _are_products(numbers: tuple[str, ...]) -> bool:
    return len(numbers) <= MOST_PRODUCTS and all(map(_PRODUCT.fullmatch, numbers))


@dataclass(frozen=True, kw_only=True, repr=False)
class WatchTerms(Table):
    """The keys of a `[[watch]]` besides those of a search: what to watch, how often, which events raise alerts."""

    section = "watch"

    name: Annotated[
        str | None, Meta(description="a name of 1 to 100 characters on one line"), _is_name, _TERM
    ] = None
    """The name of the watch in messages; None for the query."""
    query: Annotated[str, Meta(description="the words to search for"), _TERM]
    products: Annotated[
        tuple[str, ...],
        Meta(description=f'a list of at most {MOST_PRODUCTS} product numbers, such as ["29220317"]'),
        _are_products,
        _TERM,
    ] = ()
    """The products to watch among those found; none for all books of the report."""
    every: Annotated[
        str, Meta(description="a time such as 30m, 12h, 1d or 1w, at most a year"), _is_every, _TERM
    ] = "1d"
    """The interval between runs."""
    paused: Annotated[bool, switch, _TERM] = False
    """Leave the watch out of every round; its alerts that are still to be delivered are delivered."""
    target_price: Annotated[Amount, _TERM] = None
    """Alert when a price is at most this, in yuan."""
    drop_percent: Annotated[
        Decimal | None,
        Meta(description="a percentage from 1 to 99"),
        _is_percentage,
        _TERM,
    ] = None
    """Alert when a price has fallen by this percentage."""
    new_lowest: Annotated[bool, switch, _TERM] = False
    """Alert when a price is below all earlier ones."""
    new_lowest_days: Annotated[int, whole(0, 366), _TERM] = 7
    """The number of earlier days with a price that a product needs before a new lowest price raises an alert."""
    new_books: Annotated[bool, switch, _TERM] = False
    """Alert when a book appears that was not on the pages before."""
    back_in_stock: Annotated[bool, switch, _TERM] = False
    """Alert when a sold-out product is available again."""


@dataclass(frozen=True, kw_only=True, repr=False)
class AlertSettings(Table):
    """Table `[alerts]`: where alerts go, see docs/alerts.md. Its repr shows no URL."""

    section = "alerts"

    urls: Annotated[
        tuple[str, ...],
        Meta(description="a list of Apprise URLs"),
        Option(separator=None, secret=True),
    ] = ()
    file: Annotated[FilePath, Option()] = None
    feed: Annotated[FilePath, Option()] = None
    command: Annotated[
        tuple[str, ...],
        Meta(
            description='a list of a program and its arguments, such as ["notify-send", "Book prices"]',
        ),
        lambda words: words == () or words[0] != "",
        Option(environment=False, separator="", secret=True),
    ] = ()

    def __repr__(self) -> str:
        """Return the number of channels of each kind."""
        command = "yes" if self.command else "no"
        return (
            f"AlertSettings({len(self.urls)} urls, file={self.file!r}, feed={self.feed!r}, command={command})"
        )


@dataclass(frozen=True)
class Watch:
    """A repeated search. Raises UsageError for a query that no search accepts."""

    terms: WatchTerms
    search: Mapping[str, Any] = field(default_factory=dict)
    """Its own settings, by keys of `SEARCH_KEYS`."""
    query: Query = field(init=False, compare=False)
    """The checked query of `terms`, so that a search need not check it again."""

    def __post_init__(self) -> None:
        query = Query(self.terms.query)
        object.__setattr__(self, "query", query)
        object.__setattr__(self, "terms", replace(self.terms, query=str(query)))

    @property
    def name(self) -> str:
        """The name of the watch in messages."""
        return self.terms.name or self.terms.query

    @property
    def every(self) -> dt.timedelta:
        """The interval between runs."""
        return dt.timedelta(seconds=_seconds(self.terms.every))

    @property
    def tells(self) -> bool:
        """True if any event can raise an alert; otherwise the watch only records prices."""
        terms = self.terms
        return bool(
            terms.target_price is not None
            or terms.drop_percent
            or terms.new_lowest
            or terms.new_books
            or terms.back_in_stock
        )
