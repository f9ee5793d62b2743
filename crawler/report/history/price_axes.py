"""The two axes of a price over time: days across, yuan up. Numbers in, percentages and round figures out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["PriceAxis", "TimeAxis"]

_LEAST_DAYS = 4
"""Days that the time axis covers at least: a single observation stands amid it."""

_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)

_LEAST_SHARE = 0.2
"""Of the highest price, what the price axis covers at least: a yuan more on a hundred must not look like a cliff."""

_ZERO_SHARE = 0.5
"""Of the axis' high end; with a low end below, the axis begins at zero, as where a list price is twice the price."""

_ROOM = 0.2
"""Share of the axis that is left free above and below the line, for what is written at its lowest and highest."""

_MOST_PRICES = 5
"""Spaces between two figures of the price axis, about."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From `start` to `end`, both in UTC, evenly."""

    start: dt.datetime
    end: dt.datetime
    zone: dt.tzinfo = dt.UTC
    """Where the days begin that are written on the axis."""

    @classmethod
    def around(cls, moments: Iterable[dt.datetime], zone: dt.tzinfo = dt.UTC) -> TimeAxis:
        """Return the axis that holds all of `moments`, at least one."""
        ordered = sorted(moment.astimezone(dt.UTC) for moment in moments)
        start, end = ordered[0], ordered[-1]
        lacking = dt.timedelta(days=_LEAST_DAYS) - (end - start)
        if lacking <= dt.timedelta():
            return cls(start, end, zone)
        return cls(start - lacking / 2, end + lacking / 2, zone)

    def at(self, moment: dt.datetime) -> float:
        """Return where a moment stands, in percent from the left."""
        return 100 * ((moment - self.start) / (self.end - self.start))

    def ticks(self, most: int) -> list[tuple[dt.datetime, str]]:
        """Return at most `most` (4 or more) days to write on the axis, each as «2026», «2026-03» or «2026-03-15».

        Of the last, which are the longest, there are fewer.
        """
        for days in _DAY_STEPS:
            if (self.end - self.start).days // days < most * 3 // 4:
                return [(self._begin(day), f"{day:%Y-%m-%d}") for day in self._days(days)]
        for form, step in (*(("%Y-%m", n) for n in _MONTH_STEPS), *(("%Y", 12 * n) for n in _YEAR_STEPS)):
            months = list(self._months(step, most + 1))
            if len(months) <= most:
                return [(self._begin(month), month.strftime(form)) for month in months]
        raise AssertionError("the last step is longer than any calendar")

    def _begin(self, day: dt.date) -> dt.datetime:
        """Return when a day begins; in UTC, since moments of one zone differ by what its clock shows."""
        return dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC)

    def _days(self, step: int) -> Iterator[dt.date]:
        day = self.start.astimezone(self.zone).date()
        if self._begin(day) < self.start:
            day += dt.timedelta(days=1)
        while self._begin(day) <= self.end:
            yield day
            day += dt.timedelta(days=step)

    def _months(self, step: int, most: int) -> Iterator[dt.date]:
        """Yield the first days of every `step`th month, counted from the year 0; `most` of them."""
        start = self.start.astimezone(self.zone)
        month = start.year * 12 + start.month - 1
        month += -month % step
        for number in range(month, month + step * (most + 1), step):
            if number // 12 > dt.MAXYEAR:
                return
            first = dt.date(number // 12, number % 12 + 1, 1)
            if self.start <= self._begin(first) <= self.end:
                yield first


@dataclass(frozen=True, slots=True)
class PriceAxis:
    """From `low` to `high` yuan, evenly, both multiples of `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def around(cls, prices: Iterable[float]) -> PriceAxis:
        """Return the axis that holds every price of `prices`, none below 0, at least one, with room to write.

        It begins at zero unless all prices are near each other, and never makes a small change look large.
        """
        ordered = sorted(prices)
        low, high = ordered[0], ordered[-1]
        lacking = max(_LEAST_SHARE * high, 0.1) - (high - low)
        if lacking > 0:
            low, high = low - lacking / 2, high + lacking / 2
        room = _ROOM * (high - low)
        low, high = low - room, high + room
        if low < _ZERO_SHARE * high:
            low = 0.0
        step = _round_step((high - low) / _MOST_PRICES)
        return cls(math.floor(low / step) * step, math.ceil(high / step) * step, step)

    def at(self, price: float) -> float:
        """Return where a price stands, in percent from the top."""
        return 100 * (self.high - price) / (self.high - self.low)

    def ticks(self, sign: str = "¥") -> list[tuple[float, str]]:
        """Return the prices on the axis, lowest first, each as «¥40», or as «¥0.50» where the steps are that small."""
        digits = 0 if self.step >= 1 else 2
        first, last = round(self.low / self.step), round(self.high / self.step)
        return [
            (number * self.step, f"{sign}{number * self.step:,.{digits}f}")
            for number in range(first, last + 1)
        ]


def _round_step(least: float) -> float:
    """Return the first of 1, 2, 5 and their tens that is no less than `least`, and a hundredth at least."""
    least = max(least, 0.01)
    ten = 10.0 ** math.floor(math.log10(least) + 1e-9)
    return next(factor * ten for factor in (1, 2, 5, 10) if factor * ten >= least * (1 - 1e-9))
