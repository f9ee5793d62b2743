"""Moments and amounts as the history file holds them, and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

__all__ = ["from_microseconds", "hundredths_as_yuan", "to_hundredths", "to_microseconds"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


# A past of a million observations has but some thousand different values of each of these.
@lru_cache(maxsize=4096)
def from_microseconds(number: int) -> dt.datetime:
    """Return the moment that is so many microseconds of Unix time."""
    return _EPOCH + number * _MICROSECOND


def to_microseconds(moment: dt.datetime) -> int:
    """Return a moment as microseconds of Unix time."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=65_536)
def hundredths_as_yuan(number: int | None) -> Decimal | None:
    """Return an amount of hundredths of a yuan in yuan."""
    return None if number is None else Decimal(number).scaleb(-2)


def to_hundredths(yuan: Decimal | None) -> int | None:
    """Return an amount of yuan in hundredths; the shop shows two decimals at most."""
    return None if yuan is None else round(yuan * 100)
