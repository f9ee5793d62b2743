"""The chart's geometry and its SVG, without a browser."""

from __future__ import annotations

import statistics
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.report.common.axes import LogPriceAxis
from crawler.report.search.chart import (
    MAX_POINTS,
    Point,
    bars,
    five_numbers,
    scatter,
    spread,
    thinned,
)

PRICES = st.lists(st.floats(0.01, 99_999), min_size=1, max_size=60)


def point(price: float = 39.0, quality: float = 4.9, **over: object) -> Point:
    values: dict[str, object] = {"name": "书\n¥39.00", "href": "#b1"} | over
    return Point(price, quality, **values)  # type: ignore[arg-type]  # the fields' own types


def drawn(points: list[Point], scale: LogPriceAxis | None = None) -> LexborHTMLParser:
    scale = scale or LogPriceAxis.around(each.price for each in points)
    return LexborHTMLParser(scatter(points, scale, name="N", price_axis="P", quality_axis="Q"))


def number(node: LexborNode, name: str) -> float:
    text = node.attributes[name]
    assert text is not None
    return float(text.rstrip("%"))


def places(picture: LexborHTMLParser) -> list[tuple[float, float]]:
    """Return the positions of the plain points, in percent."""
    return [(number(mark, "cx"), number(mark, "cy")) for mark in picture.css("circle")]


def ticks(picture: LexborHTMLParser, kind: str) -> list[str]:
    return [text.text() for text in picture.css(f"text.tick.{kind}")]


def test_equal_ratios_of_price_are_equally_far_apart() -> None:
    """The distance from ¥10 to ¥20 is that from ¥50 to ¥100."""
    scale = LogPriceAxis.around([10, 20, 50, 100])
    ten, twenty, fifty, hundred = map(scale.at, (10, 20, 50, 100))
    assert twenty - ten == pytest.approx(hundred - fifty)


@given(PRICES)
def test_every_price_is_on_the_axis(prices: list[float]) -> None:
    """Every price is between 0 and 100 percent, with ticks to read it by."""
    scale = LogPriceAxis.around(prices)
    assert all(-0.001 <= scale.at(price) <= 100.001 for price in prices)
    assert len(scale.ticks()) > 2
    assert all(-0.001 <= scale.at(tick) <= 100.001 for tick in scale.ticks())


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([3.3, 2359.8], [5, 10, 20, 50, 100, 200, 500, 1000, 2000]),
        ([21.2, 108], [20, 50, 100]),
        ([39, 45], [25, 31.5, 40, 50, 63]),
        ([39], [25, 31.5, 40, 50]),
    ],
)
def test_ticks_are_1_2_5_or_closer_where_these_are_few(prices: list[float], expected: list[float]) -> None:
    """Ticks are round prices, and there are never fewer than three."""
    assert LogPriceAxis.around(prices).ticks() == pytest.approx(expected)


@given(PRICES)
def test_every_price_is_in_one_bar(prices: list[float]) -> None:
    """The bars touch, cover the axis, are few, and count every price where it belongs."""
    scale = LogPriceAxis.around(prices)
    histogram = bars(prices, scale)
    assert histogram[0].low == scale.low
    assert histogram[-1].high == scale.high
    assert all(one.high == other.low for one, other in pairwise(histogram))
    assert len(histogram) <= 72
    assert sum(bar.count for bar in histogram) == len(prices)
    for bar in histogram:
        inside = sum(bar.low * (1 + 1e-6) < price < bar.high * (1 - 1e-6) for price in prices)
        touching = sum(bar.low * (1 - 1e-6) <= price <= bar.high * (1 + 1e-6) for price in prices)
        assert inside <= bar.count <= touching


@given(st.lists(st.decimals("0.01", "99999", places=2), min_size=2, max_size=40))
def test_the_five_numbers_are_those_of_the_standard_library(prices: list[Decimal]) -> None:
    """Minimum, quartiles and maximum are interpolated as in spreadsheets."""
    lowest, *quartiles, highest = five_numbers(prices)
    assert (lowest, highest) == (min(prices), max(prices))
    assert quartiles == pytest.approx(statistics.quantiles(prices, n=4, method="inclusive"))


def test_one_price_is_all_five_numbers() -> None:
    """A single book has a spread, too: none."""
    assert five_numbers([Decimal("39.00")]) == (Decimal("39.00"),) * 5


def test_better_is_higher_and_dearer_is_further_right() -> None:
    """The scale widens towards five stars: 4.9 to 4.99 is as far as 4 to 4.9."""
    picture = drawn([point(10, 4.0), point(20, 4.9), point(40, 4.99)])
    (x1, y1), (x2, y2), (x3, y3) = places(picture)
    assert x1 < x2 < x3
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.02)
    assert y2 > y3
    assert ticks(picture, "end") == ["4.99", "4.98", "4.95", "4.9", "4.8", "4.5", "4"]


@pytest.mark.parametrize("quality", [-1.0, 0.0, 4.9, 5.0, 6.0])
def test_any_quality_has_a_place_and_a_scale(quality: float) -> None:
    """This includes five stars, which have no logarithm, impossible values, and equal qualities."""
    picture = drawn([point(quality=quality), point(40, quality)])
    assert all(0 <= y <= 100 for _, y in places(picture))
    assert len(ticks(picture, "end")) >= 2


def test_the_frontier_is_a_line_of_steps_to_the_right_edge() -> None:
    """The line is level until something better costs more, then rises; its points are stars, and the only Tab stops."""
    picture = drawn([point(10, 4.0, frontier=True), point(20, 4.9, frontier=True), point(20, 4.5)])
    stars = [(number(star, "x"), number(star, "y")) for star in picture.css("use")]
    lines = [
        tuple(number(line, name) for name in ("x1", "y1", "x2", "y2")) for line in picture.css(".steps line")
    ]
    (x1, y1), (x2, y2) = stars
    assert lines == [(x1, y1, x2, y1), (x2, y1, x2, y2), (x2, y2, 100, y2)]
    assert [link.attributes.get("tabindex") for link in picture.css("a")] == ["-1", None, None]


def test_no_frontier_is_no_line() -> None:
    """The cheapest and best book may have no rating, and therefore no point."""
    assert not drawn([point()]).css(".steps line")


def test_links_say_where_they_lead() -> None:
    """Links to other sites reveal no origin, links within the page are plain, and a point may have no link."""
    picture = drawn([point(10, href="https://product.dangdang.com/1.html"), point(20), point(40, href=None)])
    out, within, nowhere = picture.css("a")
    assert out.attributes["rel"] == "noopener noreferrer"
    assert within.attributes["href"] == "#b1"
    assert "rel" not in within.attributes
    assert "href" not in nowhere.attributes
    assert nowhere.attributes["role"] == "img"


def test_words_in_the_drawing_stay_words() -> None:
    """Names, labels, axes and addresses are escaped."""
    nasty = "</title><script>\"'&"
    svg = scatter(
        [point(name=nasty, label=nasty, href=f"#{nasty}")],
        LogPriceAxis(10, 100),
        name=nasty,
        price_axis=nasty,
        quality_axis=nasty,
    )
    picture = LexborHTMLParser(svg)
    assert not picture.css("script")
    [link] = picture.css("a")
    assert link.attributes["href"] == f"#{nasty}"
    assert picture.css("text.label")[0].text() == nasty


def test_labels_of_neighbours_do_not_meet() -> None:
    """If two points are close, the second label moves elsewhere."""
    picture = drawn([point(30, 4.9, label="A"), point(31, 4.9, label="B"), point(99, 4.9, label="C")])
    places = [
        tuple(label.attributes[name] for name in ("dx", "dy")) for label in picture.css(".label:not(.wide)")
    ]
    assert places[0] == places[2] == ("-10", "-14")
    assert places[1] != places[0]


def test_too_many_points_are_thinned_evenly() -> None:
    """The frontier and labelled points stay, whatever the order of the points; no point appears twice."""
    points = [point(1 + n / 100, 4.5, frontier=n % 500 == 7, label="x" * (n == 9)) for n in range(6_000)]
    few = thinned(points)
    assert len(few) == MAX_POINTS == len(set(map(id, few)))
    assert {each for each in points if each.frontier or each.label} <= set(few)
    assert thinned(points[::-1]) == few
    gaps = [other.price - one.price for one, other in pairwise(few)]
    assert max(gaps) < 0.05


def test_even_a_frontier_of_thousands_is_bounded() -> None:
    """Books with the same price and quality share a place on the frontier."""
    assert len(thinned([point(frontier=True)] * 6_000)) == MAX_POINTS


def test_few_points_are_all_drawn() -> None:
    """Below the limit, no point is omitted."""
    assert len(thinned([point(1 + n) for n in range(MAX_POINTS)])) == MAX_POINTS


def test_the_histogram_says_what_it_shows() -> None:
    """Each bar with books has its text, and the median's line is at the median."""
    prices = [10.0, 12.0, 30.0]
    scale = LogPriceAxis.around(prices)
    histogram = [(bar, f"{bar.count} <b>") for bar in bars(prices, scale)]
    picture = LexborHTMLParser(spread(histogram, (10, 11, 12, 21, 30), scale, name="N & M"))
    assert [bar.text() for bar in picture.css("rect title")] == ["2 <b>", "1 <b>"]
    assert number(picture.css("line.median")[0], "x1") == pytest.approx(scale.at(12), abs=0.01)
    assert picture.css("svg")[0].attributes["aria-label"] == "N & M"


def test_no_style_is_in_the_drawing() -> None:
    """A style attribute would violate the page's policy."""
    svg = scatter(
        [point(frontier=True)], LogPriceAxis(10, 100), name="", price_axis="", quality_axis=""
    ) + spread([], (10, 10, 10, 10, 10), LogPriceAxis(10, 100), name="")
    assert "style=" not in svg
    assert "url(" not in svg
