"""Draw price against quality, and the distribution of prices, as SVG.

Positions are percentages; sizes of marks and letters are in pixels: one drawing fills a desktop screen and a phone
without scaling anything in it. The SVG's box is the plot itself; the tick labels around it overflow into a margin that
the page leaves (class `plot` in `assets/report.css`, which also sets the colours).

Both scales are logarithmic: ¥10 and ¥20 are as far apart as ¥50 and ¥100. The quality scale shows the gap to five
stars: widely read books have 4.9 and more, and the difference between them is whether they lack 0.1 or 0.01.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup, escape

from crawler.report.common.axes import (
    FIFTHS,
    ROUNDING,
    TENTHS,
    LogPriceAxis,
    QualityAxis,
    is_power_of_ten,
    price_tick,
    steps,
    tick_below,
    tick_beside,
)
from crawler.report.search.chart_labels import labels

__all__ = ["MAX_POINTS", "Bar", "Point", "bars", "five_numbers", "scatter", "spread", "thinned"]

MAX_POINTS = 2_000
"""The maximum number of points to draw: about 400 KB of SVG, and no eye can distinguish more of them."""

_MAX_BARS = 40


@dataclass(frozen=True, slots=True)
class Point:
    """A book in the chart."""

    price: float
    """Above 0."""
    quality: float
    """Stars out of 5."""
    name: str
    """Words for a pointer or a screen reader; the first line is the title."""
    href: str | None = None
    """The target of a click; None for no link."""
    frontier: bool = False
    label: str = ""
    """The text beside the point in the drawing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the histogram: books from `low` up to, but not including, `high`."""

    low: float
    high: float
    count: int


def thinned(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """Return at most `limit` of the points, ordered by price, the same ones every time.

    The function keeps the frontier and labelled points, and an even selection of the others.
    """  # fmt: skip
    ordered = sorted(points, key=lambda point: (point.price, point.quality))
    if len(ordered) <= limit:
        return ordered
    first = _evenly([at for at, point in enumerate(ordered) if point.frontier or point.label], limit)
    others = [at for at, point in enumerate(ordered) if not (point.frontier or point.label)]
    chosen = sorted(first + _evenly(others, limit - len(first)))
    return [ordered[at] for at in chosen]


def scatter(
    points: Sequence[Point], scale: LogPriceAxis, *, name: str, price_axis: str, quality_axis: str
) -> Markup:
    """Return the chart of price (across) and quality (up); each point is a link that names its book.

    Steps join the frontier, and stars mark it. The Tab key stops only at the frontier; all points are links, so a
    script can move to them. The function draws every point: thin them beforehand (`thinned`).
    """
    quality = QualityAxis.around(point.quality for point in points)
    places = [(scale.at(point.price), quality.at(point.quality)) for point in points]
    size = 4 if len(points) <= 400 else 3
    parts = [
        f'<svg class="plot scatter" role="group" aria-label="{escape(name)}">',
        '<defs><path id="star" d="M0-8.5 2.1-2.9 8.1-2.6 3.4 1.1 5 6.9 0 3.6-5 6.9-3.4 1.1-8.1-2.6-2.1-2.9z"/></defs>',
        *_price_ticks(scale),
        *(tick_beside(quality.at(tick), f"{tick:.4g}") for tick in quality.ticks()),
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


def bars(prices: Sequence[float], scale: LogPriceAxis) -> list[Bar]:
    """Return the histogram of `prices` over the whole axis, in bars of equal width on it.

    The upper edge of a bar is about 26 % above its lower edge, or 58 % if that would make too many bars.
    """
    edges = [scale.low, *steps(scale.low, scale.high, TENTHS), scale.high]
    if len(edges) > _MAX_BARS:
        edges = [scale.low, *steps(scale.low, scale.high, FIFTHS), scale.high]
    edges = sorted(set(edges))
    counts, at = [0] * (len(edges) - 1), 0
    for price in sorted(prices):
        while at < len(counts) - 1 and price >= edges[at + 1] - ROUNDING:
            at += 1
        counts[at] += 1
    return [Bar(low, high, count) for (low, high), count in zip(pairwise(edges), counts, strict=True)]


def spread(
    histogram: Sequence[tuple[Bar, str]], five: Sequence[float], scale: LogPriceAxis, *, name: str
) -> Markup:
    """Return the histogram, with a thick line from quartile to quartile and a dashed one at the median.

    Each bar comes with the text that describes it; `five` is the result of `five_numbers`.
    """
    tallest = max((bar.count for bar, _ in histogram), default=0) or 1
    parts = [f'<svg class="plot spread" role="img" aria-label="{escape(name)}">', *_price_ticks(scale)]
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

    A quartile between two prices is interpolated (Hyndman and Fan's type 7, as in spreadsheets).
    """
    ordered = sorted(prices)

    def quantile(quarters: int) -> Decimal:
        whole, part = divmod((len(ordered) - 1) * quarters, 4)
        below, above = ordered[whole], ordered[min(whole + 1, len(ordered) - 1)]
        return below + (above - below) * part / 4

    return quantile(0), quantile(1), quantile(2), quantile(3), quantile(4)


def _evenly(indices: list[int], number: int) -> list[int]:
    if len(indices) <= number:
        return indices
    return [indices[at * len(indices) // number] for at in range(number)]


def _price_ticks(axis: LogPriceAxis) -> Iterator[str]:
    ticks = axis.ticks()
    crowded = len(ticks) > 6
    for price in ticks:
        kind = "minor" if crowded and not is_power_of_ten(price) else ""
        yield tick_below(axis.at(price), price_tick(price, axis.sign), kind=kind)


def _steps_of(places: Sequence[tuple[float, float]]) -> str:
    """Return the path of the frontier: level up to the next price, then up to its quality."""
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
        # Not a link, but the focus can still stop at it and a screen reader can read it.
        kind = ' class="best" tabindex="0" role="img"' if point.frontier else ' tabindex="-1" role="img"'
        target = ""
    else:
        target = f' href="{escape(point.href)}"'
        if not point.href.startswith("#"):
            target += ' rel="noopener noreferrer"'
    return f"<a{target}{kind}><title>{escape(point.name)}</title>{shape}</a>"
