"""Price against quality, and the spread of prices, as SVG: numbers in, a drawing out, nothing else.

Positions are percentages, sizes of marks and letters are pixels: the same drawing fills a desk screen and a phone
without anything in it being scaled. The SVG's box is the plot itself; what stands around it, the figures on the axes,
overflows into a margin that the page leaves (class `plot`, see `assets/report.css`, which colours it, too).

Both scales are logarithmic: ¥10 and ¥20 are as far apart as ¥50 and ¥100. Of quality it is what lacks to five stars:
books that are much read have 4.9 and more, and what tells them apart is whether they lack 0.1 or 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup, escape

from crawler.report.search.chart_labels import labels

__all__ = ["MAX_POINTS", "Bar", "Point", "PriceScale", "bars", "five_numbers", "scatter", "spread", "thinned"]

MAX_POINTS = 2_000
"""Points that are drawn at most: some 400 KB of SVG, and no eye tells more of them apart."""

_TENTHS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
"""Preferred numbers (ISO 3, R10): ten equal steps of a decade, rounded so that 1, 2 and 5 are among them."""
_FIFTHS = _TENTHS[::2]
_ONE_TWO_FIVE = (1.0, 2.0, 5.0)

_MAX_BARS = 40
_LEAST_GAP = 0.001
"""Stars; what lacks less to five is drawn as if it lacked this."""
_LEAST_SPAN = 1.0
"""Decades that the quality scale covers at least, so that there are figures on it."""
_SMALL = 1e-9
"""What floats may be off by, where one says whether a number is on an edge."""


@dataclass(frozen=True, slots=True)
class Point:
    """A book in the chart."""

    price: float
    """Above 0."""
    quality: float
    """Stars out of 5."""
    name: str
    """What a pointer or a screen reader is told; the first line is the title."""
    href: str | None = None
    """Where a click leads; None for nowhere."""
    frontier: bool = False
    label: str = ""
    """Words that stand beside it in the drawing."""


@dataclass(frozen=True, slots=True)
class PriceScale:
    """A logarithmic axis from `low` to `high`, both preferred numbers."""

    low: float
    high: float
    sign: str = "¥"
    """What stands before the prices."""

    @classmethod
    def around(cls, prices: Iterable[float], *, sign: str = "¥") -> PriceScale:
        """Return the axis that holds every price of `prices`, all above 0, at least one."""
        ordered = sorted(prices)
        low = _at_or_below(ordered[0], _TENTHS)
        high = _above(ordered[-1], _TENTHS)
        if high / low < 1.9:  # a single price, or nearly: it stands amid the axis
            low, high = _at_or_below(low * 0.9, _TENTHS), _above(high, _TENTHS)
        return cls(low, high, sign)

    def at(self, price: float) -> float:
        """Return where a price stands, in percent from the left."""
        return 100 * math.log(price / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Return the prices that are written on the axis: 1, 2, 5 and their tens; closer ones where these are few."""
        ticks = _steps(self.low, self.high, _ONE_TWO_FIVE)
        return ticks if len(ticks) > 2 else _steps(self.low, self.high, _TENTHS)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the histogram: books from `low` up to, but not including, `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class _QualityScale:
    """What is lacking to five stars, by its logarithm, from `worst` at the bottom to `best` at the top."""

    worst: float
    best: float

    @classmethod
    def around(cls, qualities: Iterable[float]) -> _QualityScale:
        gaps = [math.log10(_gap(quality)) for quality in qualities]
        worst, best = max(gaps), min(gaps)
        room = max(0.06 * (worst - best), (_LEAST_SPAN - (worst - best)) / 2)
        return cls(worst + room, best - room)

    def at(self, quality: float) -> float:
        """Return where a quality stands, in percent from the top."""
        return 100 * (math.log10(_gap(quality)) - self.best) / (self.worst - self.best)

    def ticks(self) -> list[float]:
        """Return the qualities on the axis, best first."""
        lowest, highest = 10**self.best, 10**self.worst
        return [5 - gap for gap in _steps(lowest, highest, _ONE_TWO_FIVE) if _LEAST_GAP <= gap <= 5]


def thinned(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """Return at most `limit` of the points, ordered by price, the same ones every time.

    The frontier and what has a label stay; of the others an even selection does.
    """  # fmt: skip
    ordered = sorted(points, key=lambda point: (point.price, point.quality))
    if len(ordered) <= limit:
        return ordered
    first = _evenly([at for at, point in enumerate(ordered) if point.frontier or point.label], limit)
    others = [at for at, point in enumerate(ordered) if not (point.frontier or point.label)]
    chosen = sorted(first + _evenly(others, limit - len(first)))
    return [ordered[at] for at in chosen]


def scatter(
    points: Sequence[Point], scale: PriceScale, *, name: str, price_axis: str, quality_axis: str
) -> Markup:
    """Return the chart of price (across) and quality (up), each point a link that says which book it is.

    The frontier is joined by steps and marked by stars. The keyboard's Tab stops at the frontier alone; all points are
    links, and a script may lead to them. Draws every point: thin them before (`thinned`).
    """
    quality = _QualityScale.around(point.quality for point in points)
    places = [(scale.at(point.price), quality.at(point.quality)) for point in points]
    size = 4 if len(points) <= 400 else 3
    parts = [
        f'<svg class="plot scatter" role="group" aria-label="{escape(name)}">',
        '<defs><path id="star" d="M0-8.5 2.1-2.9 8.1-2.6 3.4 1.1 5 6.9 0 3.6-5 6.9-3.4 1.1-8.1-2.6-2.1-2.9z"/></defs>',
        _price_axis(scale),
        *(_quality_tick(tick, quality.at(tick)) for tick in quality.ticks()),
        f'<text class="axis" x="0" y="0" dx="-38" dy="-14">{escape(quality_axis)}</text>',
        f'<text class="axis end" x="100%" y="100%" dy="38">{escape(price_axis)}</text>',
        _steps_of([place for place, point in zip(places, points, strict=True) if point.frontier]),
        *(
            _mark(point, *place, size)
            for point, place in zip(points, places, strict=True)
            if not point.frontier
        ),
        *(_mark(point, *place, size) for point, place in zip(points, places, strict=True) if point.frontier),
        *labels(
            [(place, point.label) for place, point in zip(places, points, strict=True) if point.label],
            [place for place, point in zip(places, points, strict=True) if point.frontier],
        ),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 – every text in it is escaped


def bars(prices: Sequence[float], scale: PriceScale) -> list[Bar]:
    """Return the histogram of `prices` over the whole axis, in bars that are equally wide on it.

    A bar's upper edge is some 26 % above its lower one, or 58 % where that would make too many bars.
    """
    edges = [scale.low, *_steps(scale.low, scale.high, _TENTHS), scale.high]
    if len(edges) > _MAX_BARS:
        edges = [scale.low, *_steps(scale.low, scale.high, _FIFTHS), scale.high]
    edges = sorted(set(edges))
    counts, at = [0] * (len(edges) - 1), 0
    for price in sorted(prices):
        while at < len(counts) - 1 and price >= edges[at + 1] - _SMALL:
            at += 1
        counts[at] += 1
    return [Bar(low, high, count) for (low, high), count in zip(pairwise(edges), counts, strict=True)]


def spread(
    histogram: Sequence[tuple[Bar, str]], five: Sequence[float], scale: PriceScale, *, name: str
) -> Markup:
    """Return the histogram, with a thick line from quartile to quartile and a broken one at the median.

    Each bar has the words that say what it counts; `five` are the numbers of `five_numbers`.
    """
    tallest = max((bar.count for bar, _ in histogram), default=0) or 1
    parts = [f'<svg class="plot spread" role="img" aria-label="{escape(name)}">', _price_axis(scale)]
    for bar, words in histogram:
        if bar.count:
            left, right, height = scale.at(bar.low), scale.at(bar.high), 100 * bar.count / tallest
            parts.append(
                f'<rect class="bar" x="{left:.2f}%" y="{100 - height:.2f}%" width="{right - left:.2f}%"'
                f' height="{height:.2f}%"><title>{escape(words)}</title></rect>'
            )
    low, lower, median, upper, high = map(scale.at, five)
    parts += [
        f'<line class="whisker" x1="{low:.2f}%" x2="{high:.2f}%" y1="100%" y2="100%"/>',
        f'<line class="box" x1="{lower:.2f}%" x2="{upper:.2f}%" y1="100%" y2="100%"/>',
        f'<line class="median" x1="{median:.2f}%" x2="{median:.2f}%" y1="0" y2="100%"/>',
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 – every text in it is escaped


def five_numbers(prices: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    """Return minimum, lower quartile, median, upper quartile and maximum of at least one price.

    Between two prices the quartile is interpolated (Hyndman and Fan's type 7, as spreadsheets do).
    """
    ordered = sorted(prices)

    def quantile(quarters: int) -> Decimal:
        whole, part = divmod((len(ordered) - 1) * quarters, 4)
        below, above = ordered[whole], ordered[min(whole + 1, len(ordered) - 1)]
        return below + (above - below) * part / 4

    return quantile(0), quantile(1), quantile(2), quantile(3), quantile(4)


def _gap(quality: float) -> float:
    return min(max(5 - quality, _LEAST_GAP), 5.0)


def _steps(low: float, high: float, series: Sequence[float]) -> list[float]:
    """Return the numbers of a series and their tens from `low` to `high`, ascending."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    every = (_times_ten(number, decade) for decade in decades for number in series)
    return [number for number in every if low * (1 - _SMALL) <= number <= high * (1 + _SMALL)]


def _times_ten(number: float, decade: int) -> float:
    return number * float(10**decade) if decade >= 0 else number / float(10**-decade)


def _at_or_below(number: float, series: Sequence[float]) -> float:
    return _steps(number / 11, number, series)[-1]


def _above(number: float, series: Sequence[float]) -> float:
    return next(step for step in _steps(number, number * 11, series) if step > number)


def _evenly(indices: list[int], number: int) -> list[int]:
    if len(indices) <= number:
        return indices
    return [indices[at * len(indices) // number] for at in range(number)]


def _price_axis(scale: PriceScale) -> str:
    ticks = scale.ticks()
    crowded = len(ticks) > 6
    return "".join(
        f'<line class="grid" x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="100%"/>'
        f'<text class="tick middle{" minor" if crowded and not _is_ten(tick) else ""}" x="{at:.2f}%" y="100%" dy="20">'
        f"{escape(scale.sign)}{tick:,g}</text>"
        for tick, at in zip(ticks, map(scale.at, ticks), strict=True)
    )


def _is_ten(number: float) -> bool:
    return abs(math.log10(number) - round(math.log10(number))) < _SMALL


def _quality_tick(quality: float, at: float) -> str:
    return (
        f'<line class="grid" x1="0" x2="100%" y1="{at:.2f}%" y2="{at:.2f}%"/>'
        f'<text class="tick end" x="0" y="{at:.2f}%" dx="-8" dy="4">{quality:.4g}</text>'
    )


def _steps_of(places: Sequence[tuple[float, float]]) -> str:
    """Return the line of the frontier: level up to the next price, then up to its quality."""
    lines = []
    ends = [*places[1:], (100.0, places[-1][1])] if places else []
    for (x, y), (next_x, next_y) in zip(places, ends, strict=True):
        if next_x != x:
            lines.append(f'<line x1="{x:.2f}%" x2="{next_x:.2f}%" y1="{y:.2f}%" y2="{y:.2f}%"/>')
        if next_y != y:
            lines.append(f'<line x1="{next_x:.2f}%" x2="{next_x:.2f}%" y1="{y:.2f}%" y2="{next_y:.2f}%"/>')
    return f'<g class="steps">{"".join(lines)}</g>'


def _mark(point: Point, x: float, y: float, size: int) -> str:
    if point.frontier:
        shape, kind = f'<use href="#star" x="{x:.2f}%" y="{y:.2f}%"/>', ' class="best"'
    else:
        shape, kind = f'<circle cx="{x:.2f}%" cy="{y:.2f}%" r="{size}"/>', ' tabindex="-1"'
    if point.href is None:
        # Not a link, but still something to stop at and to be told of.
        kind = ' class="best" tabindex="0" role="img"' if point.frontier else ' tabindex="-1" role="img"'
        target = ""
    else:
        target = f' href="{escape(point.href)}"'
        if not point.href.startswith("#"):
            target += ' rel="noopener noreferrer"'
    return f"<a{target}{kind}><title>{escape(point.name)}</title>{shape}</a>"
