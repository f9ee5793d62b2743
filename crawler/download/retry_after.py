"""How long a server asks to be left alone: the Retry-After header (RFC 9110 §10.2.3) in seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ["retry_after"]

LONGEST = 366 * 86_400.0
"""Seconds; what asks for more is taken for a mistake."""


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds that an answer's Retry-After asks for; None for none, or none that can be read or meant.

    A date is taken relative to the answer's own Date, for clocks differ, or where that cannot be read to `now` (aware).
    A moment that has passed is 0.0. Header names may be written in any case. Raises nothing.
    """
    value = _field(headers, "retry-after")
    if value.isascii() and value.isdigit():
        seconds = float(value)  # of any length, where int has a limit
    else:
        moment = _moment(value)
        if moment is None:
            return None
        seconds = max(0.0, (moment - (_moment(_field(headers, "date")) or now)).total_seconds())
    return seconds if seconds <= LONGEST else None


def _field(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "").strip()


def _moment(text: str) -> dt.datetime | None:
    """Return an HTTP-date (RFC 9110 §5.6.7) in any of its three forms; None for what is none.

    The library takes RFC 850's years from 69 on for the last century's: right for all that can be meant before 2067.
    """
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):  # what the library raises differs by version
        return None
    # The form of asctime names no zone: an HTTP-date is UTC always.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
