"""Amounts and times in words, shared by all reports for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, assert_never

from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.local_time import date_in, minute_in
from crawler.source import Source, SourceKind

if TYPE_CHECKING:
    from crawler.prices.price_history import PriceHistory

__all__ = ["UNKNOWN", "against_median", "day", "minute", "sanitize", "source_in_words"]

DETAIL_LIMIT = 300
"""The maximum number of characters of a verdict's detail or of a note."""


UNKNOWN = "–"


def day(moment: dt.datetime, say: Labels = ENGLISH) -> str:
    """Return the date in the reader's time zone, as «2026-03-01»."""
    return date_in(say.zone, moment).isoformat()


def minute(moment: dt.datetime, say: Labels = ENGLISH) -> str:
    """Return a moment in the reader's time zone, with its name: «2026-03-01 08:00 UTC+8»."""
    return minute_in(say.zone, moment)


def source_in_words(source: Source, say: Labels) -> str:
    """Name the source of the prices: the live shop, a replica, or the demo."""
    match source.kind:
        case SourceKind.LIVE:
            return say.shop(source.shop)
        case SourceKind.DEMO:
            return say("the_demo_shop")
        case SourceKind.REPLICA:
            return say("the_replica", address=clean(source.base_url))
        case other:
            assert_never(other)


def sanitize(detail: str, say: Labels = ENGLISH) -> str:
    """Return a verdict's detail or a note in a form for people: cleaned, cut to `DETAIL_LIMIT`."""
    return crop(clean(say.text(detail)), DETAIL_LIMIT)


def against_median(history: PriceHistory | None) -> str:
    """Return the price against the 90-day median, as «-20%»; «–» if it is unknown or based on too few days."""
    if history is None or history.price is None or not history.median or history.sparse:
        return UNKNOWN
    percent = round(100 * (history.price / history.median - 1))
    return f"{percent:+d}%" if percent else "0%"
