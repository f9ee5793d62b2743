"""Draw figures by size as an SVG line chart with two logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from benchmarks.arithmetic import Spread

WIDTH, HEIGHT = 780, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 44, 50
FONT = 'font-family="sans-serif" font-size="12"'
COLOURS = ("#1b6ca8", "#c2571a", "#2e7d32", "#8e3b8a", "#6b6b6b")

Points = Sequence[tuple[float, Spread]]


def line_chart(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """Return the chart: for each series, a line through its medians, with bars from the lowest to the highest."""
    sizes = [size for points in series.values() for size, _ in points]
    figures = [
        end for points in series.values() for _, spread in points for end in (spread.least, spread.greatest)
    ]
    ticks = _ticks(figures)
    across, up = _Scale(sizes, LEFT, WIDTH - RIGHT), _Scale(ticks, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="15" fill="#222">{escape(title)}</text>',
    ]
    for value in ticks:
        y = up.at(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:g}</text>')
    for value in sorted(set(sizes)):
        x = across.at(value)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">{value:,.0f}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="#444">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle" fill="#444">'
        f"{escape(y_label)}</text>"
    )
    labels = _apart([up.at(points[-1][1].median) + 4 for points in series.values()])
    for (name, points), colour, y in zip(series.items(), COLOURS, labels, strict=False):
        path = "L".join(f"{across.at(size):.1f} {up.at(spread.median):.1f}" for size, spread in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for size, spread in points:
            x, low, high = across.at(size), up.at(spread.least), up.at(spread.greatest)
            parts.append(f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{colour}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{up.at(spread.median):.1f}" r="3" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """A logarithmic scale."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low, self._high = math.log10(min(values)), math.log10(max(values))
        if self._high - self._low < 0.1:
            self._high += 0.1
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Return the position of a value."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)


def _ticks(values: Sequence[float]) -> list[float]:
    """Return round numbers around all values: 1, 2, 5, 10 and so on, or only the powers of ten."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    marks = [round(step * 10.0**power, 12) for power in range(low, high + 1) for step in steps]
    first = max(number for number, mark in enumerate(marks) if mark <= min(values) * 1.000_001)
    last = min(number for number, mark in enumerate(marks) if mark >= max(values) * 0.999_999)
    return marks[first : last + 1]


def _apart(places: Sequence[float], gap: float = 15) -> list[float]:
    """Return the positions of labels, moved down if they would overlap."""
    moved = list(places)
    order = sorted(range(len(moved)), key=moved.__getitem__)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + gap)
    return moved
