"""The axes of the charts: map values to positions in percent, choose round tick values, and draw them as SVG.

Time, and prices over time, have linear axes; the prices and the quality of a search have logarithmic ones.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import escape

__all__ = [
    "FIFTHS",
    "ROUNDING",
    "TENTHS",
    "LogPriceAxis",
    "PriceAxis",
    "QualityAxis",
    "TimeAxis",
    "is_power_of_ten",
    "price_tick",
    "steps",
    "tick_below",
    "tick_beside",
]

_LEAST_DAYS = 4
"""The minimum number of days on the time axis: a single observation stands in the middle."""

_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)

_CLOCK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * n for n in (1, 2, 5, 10, 15, 30)),
    *(3_600 * n for n in (1, 2, 3, 6, 12)),
)
"""In seconds."""

_LEAST_SHARE = 0.2
"""The minimum range of the price axis, as a share of the highest price: one yuan in a hundred must not look like a
cliff."""

_ZERO_SHARE = 0.5
"""A share of the axis' high end. If the low end is below it, the axis begins at zero, as it does where a list price is
twice the price."""

_ROOM = 0.2
"""The share of the axis to leave free above and below the line, for the labels at its lowest and highest points."""

_MOST_PRICES = 5
"""The approximate number of intervals between the ticks of the price axis."""

TENTHS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
"""Preferred numbers (ISO 3, R10): ten equal steps of a decade, rounded so that 1, 2 and 5 are among them."""
FIFTHS = TENTHS[::2]
_ONE_TWO_FIVE = (1.0, 2.0, 5.0)

ROUNDING = 1e-9
"""The tolerance for rounding errors when a number is compared with an edge."""

_LEAST_GAP = 0.001
"""In stars; a smaller gap to five stars is drawn as this one."""
_LEAST_SPAN = 1.0
"""The minimum number of decades on the quality axis, so that it has ticks."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A linear axis from `start` to `end`, both in UTC."""

    start: dt.datetime
    end: dt.datetime
    zone: dt.tzinfo = dt.UTC
    """The time zone whose days the ticks mark."""

    @classmethod
    def around(cls, moments: Iterable[dt.datetime], zone: dt.tzinfo = dt.UTC) -> TimeAxis:
        """Return an axis that covers all of `moments`, of which there must be at least one."""
        ordered = sorted(moment.astimezone(dt.UTC) for moment in moments)
        start, end = ordered[0], ordered[-1]
        lacking = dt.timedelta(days=_LEAST_DAYS) - (end - start)
        if lacking <= dt.timedelta():
            return cls(start, end, zone)
        return cls(start - lacking / 2, end + lacking / 2, zone)

    def at(self, moment: dt.datetime) -> float:
        """Return the position of a moment, in percent from the left."""
        return 100 * ((moment - self.start) / (self.end - self.start))

    def ticks(self, most: int) -> list[tuple[dt.datetime, str]]:
        """Return at most `most` (4 or more) days for ticks, each as «2026», «2026-03» or «2026-03-15».

        There are fewer of the last kind, which is the longest.
        """
        for days in _DAY_STEPS:
            if (self.end - self.start).days // days < most * 3 // 4:
                return [(self._begin(day), f"{day:%Y-%m-%d}") for day in self._days(days)]
        for form, step in (*(("%Y-%m", n) for n in _MONTH_STEPS), *(("%Y", 12 * n) for n in _YEAR_STEPS)):
            months = list(self._months(step, most + 1))
            if len(months) <= most:
                return [(self._begin(month), month.strftime(form)) for month in months]
        raise AssertionError("the last step is longer than any calendar")

    def clock_ticks(self, most: int) -> list[tuple[dt.datetime, str]]:
        """Return at most `most` (4 or more) times of day for ticks, each as «14:05» or «14:05:30».

        If the axis is too long for times of day, return days, as `ticks` does.
        """
        seconds = (self.end - self.start).total_seconds()
        step = next((step for step in _CLOCK_STEPS if seconds / step < most), None)
        if step is None:
            return self.ticks(most)
        offset = self.start.astimezone(self.zone).utcoffset() or dt.timedelta()
        since = (self.start.timestamp() + offset.total_seconds()) % 86_400
        moment = self.start + dt.timedelta(seconds=-since % step)
        form = "%H:%M:%S" if step < 60 else "%H:%M"
        found = []
        while moment <= self.end:
            found.append((moment, f"{moment.astimezone(self.zone):{form}}"))
            moment += dt.timedelta(seconds=step)
        return found

    def _begin(self, day: dt.date) -> dt.datetime:
        """Return the start of a day in UTC; subtracting times of one zone would ignore changes of its clock."""
        return dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC)

    def _days(self, step: int) -> Iterator[dt.date]:
        day = self.start.astimezone(self.zone).date()
        if self._begin(day) < self.start:
            day += dt.timedelta(days=1)
        while self._begin(day) <= self.end:
            yield day
            day += dt.timedelta(days=step)

    def _months(self, step: int, most: int) -> Iterator[dt.date]:
        """Yield the first day of every `step`th month, counted from year 0; `most` of them."""
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
    """A linear axis from `low` to `high` yuan, both multiples of `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def around(cls, prices: Iterable[float]) -> PriceAxis:
        """Return an axis that covers all of `prices`, none below 0 and at least one, with room for labels.

        It begins at zero unless all prices are close together, and never makes a small change look large.
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
        least = max((high - low) / _MOST_PRICES, 0.01)
        step = steps(least, least * 11, _ONE_TWO_FIVE)[0]
        return cls(math.floor(low / step) * step, math.ceil(high / step) * step, step)

    def at(self, price: float) -> float:
        """Return the position of a price, in percent from the top."""
        return 100 * (self.high - price) / (self.high - self.low)

    def ticks(self, sign: str = "¥") -> list[tuple[float, str]]:
        """Return the prices of the ticks, lowest first, each as «¥40», or as «¥0.50» if the steps are that small."""
        digits = 0 if self.step >= 1 else 2
        first, last = round(self.low / self.step), round(self.high / self.step)
        return [
            (number * self.step, price_tick(number * self.step, sign, digits))
            for number in range(first, last + 1)
        ]


@dataclass(frozen=True, slots=True)
class LogPriceAxis:
    """A logarithmic axis from `low` to `high`, both preferred numbers."""

    low: float
    high: float
    sign: str = "¥"
    """The currency sign before the prices."""

    @classmethod
    def around(cls, prices: Iterable[float], *, sign: str = "¥") -> LogPriceAxis:
        """Return an axis that covers all of `prices`, all above 0 and at least one."""
        ordered = sorted(prices)
        low = _at_or_below(ordered[0], TENTHS)
        high = _above(ordered[-1], TENTHS)
        if high / low < 1.9:  # a single price, or nearly: it stands in the middle
            low, high = _at_or_below(low * 0.9, TENTHS), _above(high, TENTHS)
        return cls(low, high, sign)

    def at(self, price: float) -> float:
        """Return the position of a price, in percent from the left."""
        return 100 * math.log(price / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Return the prices of the ticks: 1, 2, 5 and their multiples of ten; closer ones if these are too few."""
        ticks = steps(self.low, self.high, _ONE_TWO_FIVE)
        return ticks if len(ticks) > 2 else steps(self.low, self.high, TENTHS)


@dataclass(frozen=True, slots=True)
class QualityAxis:
    """A logarithmic axis of the gap to five stars, from `worst` at the bottom to `best` at the top."""

    worst: float
    best: float

    @classmethod
    def around(cls, qualities: Iterable[float]) -> QualityAxis:
        """Return an axis that covers all of `qualities`, of which there must be at least one."""
        gaps = [math.log10(_gap(quality)) for quality in qualities]
        worst, best = max(gaps), min(gaps)
        room = max(0.06 * (worst - best), (_LEAST_SPAN - (worst - best)) / 2)
        return cls(worst + room, best - room)

    def at(self, quality: float) -> float:
        """Return the position of a quality, in percent from the top."""
        return 100 * (math.log10(_gap(quality)) - self.best) / (self.worst - self.best)

    def ticks(self) -> list[float]:
        """Return the qualities of the ticks, best first."""
        lowest, highest = 10**self.best, 10**self.worst
        return [5 - gap for gap in steps(lowest, highest, _ONE_TWO_FIVE) if _LEAST_GAP <= gap <= 5]


def steps(low: float, high: float, series: Sequence[float]) -> list[float]:
    """Return the numbers of a series and their multiples of ten from `low` to `high`, ascending."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = (_times_ten(number, decade) for decade in decades for number in series)
    return [number for number in every if low * (1 - ROUNDING) <= number <= high * (1 + ROUNDING)]


def _times_ten(number: float, decade: int) -> float:
    return number * float(10**decade) if decade >= 0 else number / float(10**-decade)


def _at_or_below(number: float, series: Sequence[float]) -> float:
    return steps(number / 11, number, series)[-1]


def _above(number: float, series: Sequence[float]) -> float:
    return next(step for step in steps(number, number * 11, series) if step > number)


def is_power_of_ten(number: float) -> bool:
    """Return True for 1, 10, 100, 0.1 and so on."""
    return abs(math.log10(number) - round(math.log10(number))) < ROUNDING


def _gap(quality: float) -> float:
    return min(max(5 - quality, _LEAST_GAP), 5.0)


def price_tick(amount: float, sign: str = "¥", digits: int | None = None) -> str:
    """Return a price as the label of a tick.

    It has `digits` decimals; by default «¥40» for a whole number, else «¥31.50», or «¥0.125» if two decimals are too
    few.
    """
    if digits is None:
        digits = next((few for few in (0, 2) if abs(amount - round(amount, few)) < ROUNDING), None)
    return f"{sign}{amount:,g}" if digits is None else f"{sign}{amount:,.{digits}f}"


def tick_below(at: float, words: str, *, side: str = "middle", kind: str = "") -> str:
    """Draw a tick's label below a plot and its line across it, `at` percent from the left.

    `side` is the part of the label at that position, start, middle or end; `kind` is a class of the style sheet.
    """
    classes = f"tick {side} {kind}".rstrip()
    return (
        f'<line class="grid" x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="100%"/>'
        f'<text class="{classes}" x="{at:.2f}%" y="100%" dy="20">{escape(words)}</text>'
    )


def tick_beside(at: float, words: str) -> str:
    """Draw a tick's label on the left of a plot and its line across it, `at` percent from the top."""
    return (
        f'<line class="grid" x1="0" x2="100%" y1="{at:.2f}%" y2="{at:.2f}%"/>'
        f'<text class="tick end" x="0" y="{at:.2f}%" dx="-8" dy="4">{escape(words)}</text>'
    )
