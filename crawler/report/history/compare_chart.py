"""Draw the prices of several products over time in one chart, as SVG: each has a line, and its number at the end.

As in `price_chart`, the SVG's box is the plot and the lines are in an inner box stretched to it. Lines differ in
colour and in dashes, by the classes `line-1` to `line-6` of the style sheet, so that nobody has to tell colours apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from crawler.prices.price_periods import PricePeriod
from crawler.report.common.axes import PriceAxis, TimeAxis
from crawler.report.history.price_chart import BOX, price_ticks, stair_path, time_ticks
from crawler.report.history.price_lines import Level, levels

__all__ = ["MOST_COMPARED", "CompareChart", "ComparedPrices"]

MOST_COMPARED = 6
"""The maximum number of products in one chart; more lines cannot be told apart."""

_LABEL_HEIGHT = 4.5
"""The minimum distance of two numbers at the end of their lines, in percent of the height."""


@dataclass(frozen=True, slots=True)
class ComparedPrices:
    """A product in the chart."""

    words: str
    """The text to show to a pointer on its line."""
    periods: Sequence[PricePeriod]
    """Oldest first; thin them beforehand (`price_lines.thinned`)."""

    @property
    def lines(self) -> list[list[Level]]:
        """The unbroken lines of its price."""
        return levels(self.periods, lambda period: period.available_price)


@dataclass(frozen=True, slots=True)
class CompareChart:
    """The prices of several products; their numbers begin with 1, in the given order."""

    products: Sequence[ComparedPrices]
    time: TimeAxis

    @property
    def drawable(self) -> bool:
        """True if any of the products ever had a price."""
        return any(product.lines for product in self.products)

    def svg(self, *, name: str, dates: int, sign: str = "¥") -> Markup:
        """Return the drawing, which needs at least one price; `name` describes it in words.

        The axis marks at most `dates` days, 4 or more. `sign` stands before prices.
        """
        drawn = [(number, product, product.lines) for number, product in enumerate(self.products, 1)]
        axis = PriceAxis.around(
            float(level.price) for _, _, lines in drawn for line in lines for level in line
        )
        parts = [
            f'<svg class="plot past compared" role="img" aria-label="{escape(name)}">',
            *price_ticks(axis, sign),
            *time_ticks(self.time, dates),
            f'<svg class="lines" viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none">',
            *(
                f'<path class="price-line line-{number}" d="{stair_path(lines, self.time, axis)}">'
                f"<title>{escape(product.words)}</title></path>"
                for number, product, lines in drawn
                if lines
            ),
            "</svg>",
            *self._dots(drawn, axis),
            *self._numbers(drawn, axis),
            "</svg>",
        ]
        return Markup("".join(parts))  # noqa: S704 – every text in it is escaped

    def _dots(
        self, drawn: Sequence[tuple[int, ComparedPrices, list[list[Level]]]], axis: PriceAxis
    ) -> Iterator[str]:
        """Yield a dot for each price that was observed once and then disappeared: its line has no length."""
        for number, _, lines in drawn:
            for line in lines:
                if line[0].since == line[-1].until:
                    x, y = self.time.at(line[0].since), axis.at(float(line[0].price))
                    yield f'<circle class="dot line-{number}" cx="{x:.2f}%" cy="{y:.2f}%" r="3"/>'

    def _numbers(
        self, drawn: Sequence[tuple[int, ComparedPrices, list[list[Level]]]], axis: PriceAxis
    ) -> Iterator[str]:
        """Yield each product's number, beside the end of its line, or below another number that is there."""
        ends = sorted(
            (axis.at(float(lines[-1][-1].price)), number, lines) for number, _, lines in drawn if lines
        )
        lowest = 0.0
        for height, number, lines in ends:
            lowest = max(height, lowest + _LABEL_HEIGHT) if lowest else height
            x = self.time.at(lines[-1][-1].until)
            yield (
                f'<text class="number line-{number}" x="{x:.2f}%" y="{lowest:.2f}%" dx="6" dy="4">{number}</text>'
            )
