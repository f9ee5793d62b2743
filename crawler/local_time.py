"""The reader's time zone: reports for people use it for days and times; data stay in UTC.

Reports and figures take a `tzinfo`; only the commands and `crawl()` determine the zone of the machine.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

__all__ = ["date_in", "local_zone", "minute_in", "offset_name"]


class _LocalZone(dt.tzinfo):
    """The zone of the operating system, including past changes of its clock.

    `datetime.astimezone()` asks the system for each moment but keeps only that moment's offset. `zoneinfo` needs the
    name of the zone, which not every system provides.
    """

    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: dt.datetime | None) -> dt.timedelta | None:  # noqa: ARG002 – the signature of tzinfo
        return None  # the system does not say, and only the offset matters here

    def tzname(self, moment: dt.datetime | None) -> str | None:
        return None if moment is None else offset_name(moment.replace(tzinfo=None).astimezone())

    def fromutc(self, moment: dt.datetime) -> dt.datetime:
        told = moment.replace(tzinfo=dt.UTC).astimezone()
        local = told.replace(tzinfo=self, fold=0)
        # An hour that the clock repeats represents two moments: `fold` tells them apart.
        return local if local.utcoffset() == told.utcoffset() else local.replace(fold=1)


def local_zone() -> dt.tzinfo:
    """Return the time zone of this machine."""
    return _LocalZone()


@lru_cache(maxsize=4096)
def date_in(zone: dt.tzinfo, moment: dt.datetime) -> dt.date:
    """Return the day in `zone` of an aware moment.

    The result is cached: a past of a million observations has only a few thousand different moments.
    """
    return moment.astimezone(zone).date()


def minute_in(zone: dt.tzinfo, moment: dt.datetime) -> str:
    """Format a moment as «2026-11-28 16:10 UTC+8»."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {offset_name(local)}"


def offset_name(moment: dt.datetime) -> str:
    """Return the UTC offset of an aware moment: «UTC», «UTC+8», «UTC-3:30»."""
    minutes = round((moment.utcoffset() or dt.timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"
