"""Draw a price over time as SVG, from the periods of a product.

As in `chart`, the SVG's box is the plot, positions are percentages and letters keep their size, so that one drawing
fills a desktop screen and a phone. Only the lines are paths, which cannot use percentages: they are in an inner box of
1,000 by 1,000 that is stretched to the plot, and the style sheet keeps their strokes from stretching with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from crawler.prices.price_periods import PricePeriod
from crawler.report.common.axes import PriceAxis, TimeAxis, tick_below, tick_beside
from crawler.report.history.price_lines import Level, held_until, levels

__all__ = ["BOX", "LIST_FACTOR", "Mark", "PriceChart", "price_ticks", "stair_path", "time_ticks"]

BOX = 1_000
"""The width and height of the inner box."""

LIST_FACTOR = 4
"""A list price above this multiple of the highest price is not drawn: it would flatten the price to a line at the
bottom."""

_SHAPES = {
    "lowest": '<circle r="4.5"/>',
    "raise": '<path d="M0-5 5.5 4.5h-11z"/>',
    "cut": '<path d="M0 5 5.5-4.5h-11z"/>',
    "now": '<circle r="3"/>',
}

_SLIVER = 3
"""The width of a moment, in units of the inner box."""

_LINE_HEIGHT = 16
"""Pixels from a label to the next one below it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on the line."""

    kind: str
    """lowest, raise, cut, or now; it decides the shape."""
    at: dt.datetime
    price: Decimal
    words: str
    """The text to show to a pointer."""
    label: str = ""
    """The text beside the mark: above a raise, below the others."""


@dataclass(frozen=True, slots=True)
class PriceChart:
    """The price chart of one product."""

    periods: Sequence[PricePeriod]
    """Oldest first; thin them beforehand (`price_lines.thinned`)."""
    time: TimeAxis
    """Charts on one page share it, so that the same day has the same position."""
    marks: Sequence[Mark] = ()
    sold_out: Sequence[tuple[dt.datetime, dt.datetime]] = ()
    """The intervals in which the product was sold out (`price_lines.sold_out_times`)."""
    median: Level | None = None
    """The median price, and the days it was computed over."""

    @property
    def drawable(self) -> bool:
        """True if there ever was a price."""
        return any(period.available_price is not None for period in self.periods)

    @property
    def list_left_out(self) -> Decimal | None:
        """The highest list price that is too high to be drawn; None if there is none."""
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
        """Return the drawing, which needs at least one price; `name` describes it in words.

        The axis marks at most `dates` days, 4 or more. `sold_out` names the bands of sold-out times; `sign` stands
        before prices; a pointer on a period of `spoken` shows its text.
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
            *price_ticks(axis, sign),
            *time_ticks(self.time, dates),
            f'<svg class="lines" viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none">',
            *self._bands(sold_out),
            *self._path("list", lists, axis),
            *self._path("median", [[self.median]] if self.median else [], axis),
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
        if lines:
            yield f'<path class="{kind}-line" d="{stair_path(lines, self.time, axis)}"/>'

    def _dots(self, lines: Sequence[Sequence[Level]], axis: PriceAxis) -> Iterator[str]:
        """Yield a dot for each price that was observed once and then disappeared: its line has no length."""
        for line in lines:
            if line[0].since == line[-1].until:
                x, y = self.time.at(line[0].since), axis.at(float(line[0].price))
                yield f'<circle class="dot" cx="{x:.2f}%" cy="{y:.2f}%" r="3"/>'

    def _bands(self, sold_out: str) -> Iterator[str]:
        # Exactly as wide as the times were: where many are narrower than a dot, the shade shows how many there are.
        d = ""
        for since, until in self.sold_out:
            left, right = (self.time.at(moment) * BOX / 100 for moment in (since, until))
            if since == until:  # observed once, either last or before a long gap
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
                continue  # for a list price too high to be drawn, which the caller mentions in words
            yield (
                f'<svg class="mark {mark.kind}" x="{x:.2f}%" y="{y:.2f}%">'
                f"<title>{escape(mark.words)}</title>{_SHAPES[mark.kind]}</svg>"
            )
            if not mark.label:
                continue
            above = mark.kind == "raise"
            # Stack labels that would touch.
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
        """Yield the areas that react to a pointer: the whole height of each period."""
        words = {id(period): text for period, text in spoken}
        for at, period in enumerate(self.periods):
            if (text := words.get(id(period))) is not None:
                left, right = self.time.at(period.since), self.time.at(held_until(self.periods, at))
                yield (
                    f'<rect class="hit" x="{left:.2f}%" y="0" width="{max(right - left, 0.5):.2f}%" height="100%">'
                    f"<title>{escape(text)}</title></rect>"
                )


def stair_path(lines: Iterable[Sequence[Level]], time: TimeAxis, axis: PriceAxis) -> str:
    """Return unbroken lines of a price as the data of a path in the inner box: level, then a step."""
    drawn = []
    for line in lines:
        start, scale = time.at, BOX / 100
        d = f"M{_short(start(line[0].since) * scale)} {_short(axis.at(float(line[0].price)) * scale)}"
        for at, level in enumerate(line):
            if at:
                d += f"V{_short(axis.at(float(level.price)) * scale)}"
            d += f"H{_short(start(level.until) * scale)}"
        drawn.append(d)
    return "".join(drawn)


def price_ticks(axis: PriceAxis, sign: str) -> Iterator[str]:
    """Yield the ticks of a price axis."""
    return (tick_beside(axis.at(price), words) for price, words in axis.ticks(sign))


def time_ticks(axis: TimeAxis, most: int) -> Iterator[str]:
    """Yield at most `most` ticks of a time axis."""
    for number, (day, words) in enumerate(axis.ticks(most)):
        x = axis.at(day)
        # The margin for the prices is on the left; on the right there is hardly any.
        side = "end" if x > 94 else "middle"
        # Without enough room, hide every second date: on a phone, or of few dates only on a small phone.
        kind = ("minor" if most > 4 else "tight") if number % 2 else ""
        yield tick_below(x, words, side=side, kind=kind)


def _short(number: float) -> str:
    """Return a coordinate with one decimal, or none if that is 0."""
    return f"{number:.1f}".removesuffix(".0")
