"""Convert values to and from the form in the history file, with checks, because anybody may have made the file.

SQLite stores any value in a column, even text in an integer column. Every value read from a row goes through one of
these functions; a history turns their `DamagedValueError` into a HistoryError that names the file.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from crawler.books import LASTING_REASONS
from crawler.prices.observation import NOT_DROPPED

__all__ = [
    "DamagedValueError",
    "as_count",
    "as_dropped",
    "as_flag",
    "as_milliseconds",
    "as_number",
    "as_rating",
    "as_row",
    "as_text",
    "as_text_or_none",
    "from_microseconds",
    "hundredths_as_yuan",
    "to_hundredths",
    "to_microseconds",
]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_MILLISECOND = dt.timedelta(milliseconds=1)

_MOST_MICROSECONDS = (dt.datetime(2200, 1, 1, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
"""Limit on a time: far beyond any clock that is set wrong, but too small to overflow."""

_MOST_MILLISECONDS = dt.timedelta(days=100 * 366) // _MILLISECOND
"""Limit on the time between a run's start and an observation; imported runs may have any two times."""

_MOST_HUNDREDTHS = 10**14
_MOST_HUNDREDTHS_OF_A_STAR = 10_000
_MOST_COUNTED = 2**53
_DROPPED = (NOT_DROPPED, *LASTING_REASONS)


class DamagedValueError(ValueError):
    """A value that this program cannot have written; the message says what was expected and what was found."""

    def __init__(self, expected: str, value: object) -> None:
        shown = (
            ascii(value)[:60]
            if isinstance(value, str | int | float)
            else "nothing"
            if value is None
            else "a blob"
        )
        super().__init__(f"expected {expected}, found {shown}")


# A past of a million observations has only a few thousand different values of each of these.
@lru_cache(maxsize=4096)
def from_microseconds(number: int) -> dt.datetime:
    """Convert microseconds of Unix time to a datetime. Raises DamagedValueError."""
    return _EPOCH + _whole(number, "a moment from 1970 to 2199", 0, _MOST_MICROSECONDS) * _MICROSECOND


def to_microseconds(moment: dt.datetime) -> int:
    """Convert a datetime to microseconds of Unix time."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=65_536)
def as_milliseconds(number: int) -> dt.timedelta:
    """Convert milliseconds to a timedelta. Raises DamagedValueError."""
    return _whole(number, "a time within a run", -_MOST_MILLISECONDS, _MOST_MILLISECONDS) * _MILLISECOND


@lru_cache(maxsize=65_536)
def hundredths_as_yuan(number: int | None) -> Decimal | None:
    """Convert hundredths of a yuan to yuan. Raises DamagedValueError."""
    if number is None:
        return None
    return Decimal(_whole(number, "an amount", 0, _MOST_HUNDREDTHS)).scaleb(-2)


def to_hundredths(yuan: Decimal | None) -> int | None:
    """Convert yuan to hundredths; the shop shows at most two decimals."""
    return None if yuan is None else round(yuan * 100)


def as_rating(number: object) -> int:
    """Check hundredths of a star. Raises DamagedValueError."""
    return _whole(number, "a rating", 0, _MOST_HUNDREDTHS_OF_A_STAR)


def as_count(number: object) -> int:
    """Check a count. Raises DamagedValueError."""
    return _whole(number, "a count", 0, _MOST_COUNTED)


def as_number(number: object) -> int:
    """Check a row number. Raises DamagedValueError."""
    return _whole(number, "a row's number", -(2**63), 2**63)


def as_flag(number: object) -> bool:
    """Convert 0 or 1 to a bool. Raises DamagedValueError."""
    return bool(_whole(number, "0 or 1", 0, 1))


def as_row(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Check that a row exists, because another one refers to it. Raises DamagedValueError."""
    if row is None:
        raise DamagedValueError("a row", None)
    return row


def as_text(text: object) -> str:
    """Check a text of any length: earlier versions recorded titles in full. Raises DamagedValueError."""
    if not isinstance(text, str):
        raise DamagedValueError("a text", text)
    return text


def as_text_or_none(text: object) -> str | None:
    """Check a text or None. Raises DamagedValueError."""
    return None if text is None else as_text(text)


def as_dropped(text: object) -> str | None:
    """Check the reason for which a product was dropped, as in an observation. Raises DamagedValueError."""
    if text is not None and text not in _DROPPED:
        raise DamagedValueError("a reason", text)
    return as_text_or_none(text)


def _whole(number: object, expected: str, low: int, high: int) -> int:
    if not isinstance(number, int) or not low <= number <= high:
        raise DamagedValueError(expected, number)
    return number
