"""A price over time as SVG: the periods of a product in, a drawing out.

As in `chart`, the SVG's box is the plot, places are percentages and letters keep their size, so that one drawing fills
a desk screen and a phone. The lines alone are paths, which know no percentages: they stand in an inner box of
1,000 by 1,000 that is stretched to the plot, and the style sheet keeps their strokes from being stretched with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from crawler.prices.price_periods import PricePeriod
from crawler.report.history.price_axes import PriceAxis, TimeAxis
from crawler.report.history.price_lines import Level, held_until, levels

__all__ = ["BOX", "LIST_FACTOR", "Mark", "PriceChart"]

BOX = 1_000
"""Width and height of the inner box."""

LIST_FACTOR = 4
"""A list price of more than so many times the highest price is not drawn: the price would be a flat line below it."""

_SHAPES = {
    "lowest": '<circle r="4.5"/>',
    "raise": '<path d="M0-5 5.5 4.5h-11z"/>',
    "cut": '<path d="M0 5 5.5-4.5h-11z"/>',
    "now": '<circle r="3"/>',
}

_SLIVER = 3
"""Units of the inner box that a moment is wide."""

_LINE_HEIGHT = 16
"""Pixels from a label to one below it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to see on the line."""

    kind: str
    """lowest, raise, cut, or now: its shape."""
    at: dt.datetime
    price: Decimal
    words: str
    """What a pointer is told."""
    label: str = ""
    """What stands beside it: above a raise, below the others."""


@dataclass(frozen=True, slots=True)
class PriceChart:
    """What is drawn of one product."""

    periods: Sequence[PricePeriod]
    """Oldest first; thin them before (`price_lines.thinned`)."""
    time: TimeAxis
    """Charts that stand together have one, so that the same day is in the same place."""
    marks: Sequence[Mark] = ()
    sold_out: Sequence[tuple[dt.datetime, dt.datetime]] = ()
    """From when to when it was sold out (`price_lines.sold_out_times`)."""

    @property
    def drawable(self) -> bool:
        """Whether there ever was a price."""
        return any(period.available_price is not None for period in self.periods)

    @property
    def list_left_out(self) -> Decimal | None:
        """The highest list price that is too high to be drawn; None where none is."""
        limit = self._list_limit()
        listed = [period.list_price for period in self.periods if period.list_price is not None]
        return max((price for price in listed if limit is not None and price > limit), default=None)

    def svg(
        self,
        *,
        name: str,
        dates: int,
        sold_out: str,
        sign: str = "¥",
        spoken: Iterable[tuple[PricePeriod, str]] = (),
    ) -> Markup:
        """Return the drawing, which has a price at least; `name` says in words what it shows.

        At most `dates` days are written below, 4 or more. `sold_out` names the bands where it was; `sign` stands before
        prices; of each period of `spoken` a pointer is told the words.
        """
        prices = levels(self.periods, lambda period: period.available_price)
        limit = self._list_limit()

        def list_price(period: PricePeriod) -> Decimal | None:
            listed = period.list_price
            return None if listed is None or (limit is not None and listed > limit) else listed

        lists = levels(self.periods, list_price)
        axis = PriceAxis.around(float(level.price) for line in [*prices, *lists] for level in line)
        parts = [
            f'<svg class="plot past" role="img" aria-label="{escape(name)}">',
            *_price_ticks(axis, sign),
            *_time_ticks(self.time, dates),
            f'<svg class="lines" viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none">',
            *self._bands(sold_out),
            *self._path("list", lists, axis),
            *self._path("price", prices, axis),
            "</svg>",
            *self._dots(prices, axis),
            *self._hits(spoken),
            *self._marks(axis),
            "</svg>",
        ]
        return Markup("".join(parts))  # noqa: S704 – every text in it is escaped

    def _list_limit(self) -> Decimal | None:
        highest = max(
            (price for period in self.periods if (price := period.available_price) is not None), default=None
        )
        return LIST_FACTOR * highest if highest else None

    def _path(self, kind: str, lines: Sequence[Sequence[Level]], axis: PriceAxis) -> Iterator[str]:
        drawn = []
        for line in lines:
            start, scale = self.time.at, BOX / 100
            d = f"M{_short(start(line[0].since) * scale)} {_short(axis.at(float(line[0].price)) * scale)}"
            for at, level in enumerate(line):
                if at:
                    d += f"V{_short(axis.at(float(level.price)) * scale)}"
                d += f"H{_short(start(level.until) * scale)}"
            drawn.append(d)
        if drawn:
            yield f'<path class="{kind}-line" d="{"".join(drawn)}"/>'

    def _dots(self, lines: Sequence[Sequence[Level]], axis: PriceAxis) -> Iterator[str]:
        """Yield a dot for each price that was seen once, and at once was gone: its line has no length."""
        for line in lines:
            if line[0].since == line[-1].until:
                x, y = self.time.at(line[0].since), axis.at(float(line[0].price))
                yield f'<circle class="dot" cx="{x:.2f}%" cy="{y:.2f}%" r="3"/>'

    def _bands(self, sold_out: str) -> Iterator[str]:
        # As wide as they were and no wider: of many that are narrower than a dot the shade tells how often.
        d = ""
        for since, until in self.sold_out:
            left, right = (self.time.at(moment) * BOX / 100 for moment in (since, until))
            if since == until:  # seen once, the last time, or before nobody looked for long
                right = min(left + _SLIVER, BOX)
                left = right - _SLIVER
            d += f"M{left:.2f} 0H{right:.2f}V{BOX}H{left:.2f}z"
        if d:
            yield f'<path class="out" d="{d}"><title>{escape(sold_out)}</title></path>'

    def _marks(self, axis: PriceAxis) -> Iterator[str]:
        places: list[tuple[float, float, bool]] = []
        for mark in self.marks:
            x, y = self.time.at(mark.at), axis.at(float(mark.price))
            if not (-0.01 <= x <= 100.01 and -0.01 <= y <= 100.01):
                continue  # of a list price that is too high to be drawn, which the caller says in words
            yield (
                f'<svg class="mark {mark.kind}" x="{x:.2f}%" y="{y:.2f}%">'
                f"<title>{escape(mark.words)}</title>{_SHAPES[mark.kind]}</svg>"
            )
            if not mark.label:
                continue
            above = mark.kind == "raise"
            # Labels that would touch stand one over the other.
            close = sum(
                over == above and abs(x - other) < 30 and abs(y - height) < 15
                for other, height, over in places
            )
            places.append((x, y, above))
            shift = -(12 + close * _LINE_HEIGHT) if above else 21 + close * _LINE_HEIGHT
            side, along = ("start", -4) if x < 25 else ("end", 4) if x > 75 else ("middle", 0)
            yield (
                f'<text class="label {side}" x="{x:.2f}%" y="{y:.2f}%" dx="{along}" dy="{shift}">'
                f"{escape(mark.label)}</text>"
            )

    def _hits(self, spoken: Iterable[tuple[PricePeriod, str]]) -> Iterator[str]:
        """Yield what a pointer may rest on: the whole height of each period."""
        words = {id(period): text for period, text in spoken}
        for at, period in enumerate(self.periods):
            if (text := words.get(id(period))) is not None:
                left, right = self.time.at(period.since), self.time.at(held_until(self.periods, at))
                yield (
                    f'<rect class="hit" x="{left:.2f}%" y="0" width="{max(right - left, 0.5):.2f}%" height="100%">'
                    f"<title>{escape(text)}</title></rect>"
                )


def _price_ticks(axis: PriceAxis, sign: str) -> Iterator[str]:
    for price, words in axis.ticks(sign):
        y = axis.at(price)
        yield (
            f'<line class="grid" x1="0" x2="100%" y1="{y:.2f}%" y2="{y:.2f}%"/>'
            f'<text class="tick end" x="0" y="{y:.2f}%" dx="-8" dy="4">{escape(words)}</text>'
        )


def _time_ticks(axis: TimeAxis, most: int) -> Iterator[str]:
    for number, (day, words) in enumerate(axis.ticks(most)):
        x = axis.at(day)
        # On the left there is the margin of the prices; on the right hardly any.
        side = "end" if x > 94 else "middle"
        # Where there is no room, every second one is not shown: on a phone, of few dates only on a small one.
        minor = (" minor" if most > 4 else " tight") if number % 2 else ""
        yield (
            f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="100%"/>'
            f'<text class="tick {side}{minor}" x="{x:.2f}%" y="100%" dy="20">{words}</text>'
        )


def _short(number: float) -> str:
    """Return a coordinate with one digit, none where that is 0."""
    return f"{number:.1f}".removesuffix(".0")
