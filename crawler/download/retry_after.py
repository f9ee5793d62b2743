"""Convert the Retry-After header (RFC 9110 §10.2.3) to seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ["retry_after"]

LONGEST = 366 * 86_400.0
"""Seconds; a longer wait is treated as a mistake."""


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds that a response's Retry-After requests; None if it is absent, unreadable or implausible.

    A date is relative to the response's own Date, because clocks differ; if that is unreadable, to `now` (aware). A
    time in the past gives 0.0. Header names may be in any case. Raises nothing.
    """
    value = _field(headers, "retry-after")
    if value.isascii() and value.isdigit():
        seconds = float(value)  # accepts any number of digits; int has a limit
    else:
        moment = _moment(value)
        if moment is None:
            return None
        seconds = max(0.0, (moment - (_moment(_field(headers, "date")) or now)).total_seconds())
    return seconds if seconds <= LONGEST else None


def _field(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "").strip()


def _moment(text: str) -> dt.datetime | None:
    """Parse an HTTP-date (RFC 9110 §5.6.7) in any of its three forms; return None if it is not one.

    The library reads RFC 850's years from 69 on as the previous century's. That is right for all plausible dates
    before 2067.
    """
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):  # the library raises different ones by version
        return None
    # The asctime form names no time zone, but an HTTP-date is always UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
