"""Values as the history file holds them, and back: each checked, since anybody may have made the file.

SQLite keeps in a column what it is given, text in one of integers too. What a reader takes from a row goes through one
of these, whose `DamagedValueError` a history turns into a HistoryError that names the file.
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
"""Of a moment: far beyond what a clock says that is set wrong, and near enough that nothing overflows."""

_MOST_MILLISECONDS = dt.timedelta(days=100 * 366) // _MILLISECOND
"""Between a run's start and an observation; imported runs may have any two moments."""

_MOST_HUNDREDTHS = 10**14
_MOST_HUNDREDTHS_OF_A_STAR = 10_000
_MOST_COUNTED = 2**53
_DROPPED = (NOT_DROPPED, *LASTING_REASONS)


class DamagedValueError(ValueError):
    """A value that this program cannot have written; the message says what was expected, and what is there."""

    def __init__(self, expected: str, value: object) -> None:
        shown = (
            ascii(value)[:60]
            if isinstance(value, str | int | float)
            else "nothing"
            if value is None
            else "a blob"
        )
        super().__init__(f"expected {expected}, found {shown}")


# A past of a million observations has but some thousand different values of each of these.
@lru_cache(maxsize=4096)
def from_microseconds(number: int) -> dt.datetime:
    """Return the moment that is so many microseconds of Unix time. Raises DamagedValueError."""
    return _EPOCH + _whole(number, "a moment from 1970 to 2199", 0, _MOST_MICROSECONDS) * _MICROSECOND


def to_microseconds(moment: dt.datetime) -> int:
    """Return a moment as microseconds of Unix time."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=65_536)
def as_milliseconds(number: int) -> dt.timedelta:
    """Return so many milliseconds as a time. Raises DamagedValueError."""
    return _whole(number, "a time within a run", -_MOST_MILLISECONDS, _MOST_MILLISECONDS) * _MILLISECOND


@lru_cache(maxsize=65_536)
def hundredths_as_yuan(number: int | None) -> Decimal | None:
    """Return an amount of hundredths of a yuan in yuan. Raises DamagedValueError."""
    if number is None:
        return None
    return Decimal(_whole(number, "an amount", 0, _MOST_HUNDREDTHS)).scaleb(-2)


def to_hundredths(yuan: Decimal | None) -> int | None:
    """Return an amount of yuan in hundredths; the shop shows two decimals at most."""
    return None if yuan is None else round(yuan * 100)


def as_rating(number: object) -> int:
    """Return hundredths of a star. Raises DamagedValueError."""
    return _whole(number, "a rating", 0, _MOST_HUNDREDTHS_OF_A_STAR)


def as_count(number: object) -> int:
    """Return a number that counts something. Raises DamagedValueError."""
    return _whole(number, "a count", 0, _MOST_COUNTED)


def as_number(number: object) -> int:
    """Return the number of a row. Raises DamagedValueError."""
    return _whole(number, "a row's number", -(2**63), 2**63)


def as_flag(number: object) -> bool:
    """Return what is 0 or 1 in the file. Raises DamagedValueError."""
    return bool(_whole(number, "0 or 1", 0, 1))


def as_row(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Return a row that must be there, since another one names it. Raises DamagedValueError."""
    if row is None:
        raise DamagedValueError("a row", None)
    return row


def as_text(text: object) -> str:
    """Return a text, of whatever length: earlier versions recorded all of a title. Raises DamagedValueError."""
    if not isinstance(text, str):
        raise DamagedValueError("a text", text)
    return text


def as_text_or_none(text: object) -> str | None:
    """Return a text, or None. Raises DamagedValueError."""
    return None if text is None else as_text(text)


def as_dropped(text: object) -> str | None:
    """Return why a product was dropped, as an observation has it. Raises DamagedValueError."""
    if text is not None and text not in _DROPPED:
        raise DamagedValueError("a reason", text)
    return as_text_or_none(text)


def _whole(number: object, expected: str, low: int, high: int) -> int:
    if not isinstance(number, int) or not low <= number <= high:
        raise DamagedValueError(expected, number)
    return number
