"""A price over time as SVG, read back from the drawing: every point agrees with the data, and none is invented."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET  # the parsed text is our own
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.prices.observation import Observation
from crawler.prices.price_history import long_gap
from crawler.prices.price_periods import price_periods, product_past
from crawler.report.common.axes import PriceAxis, TimeAxis
from crawler.report.history.price_chart import BOX, Mark, PriceChart
from crawler.report.history.price_lines import Level, sold_out_times, thinned
from tests.profiles import examples
from tests.report.hostile import HOSTILE
from tests.report.pasts import daily, day, seen

NEAR = 0.11
"""The units of the box that rounding may cost."""

AMOUNTS = st.none() | st.decimals(0, 99_999, places=2)


@st.composite
def pasts(draw: st.DrawFn, most: int, longest: int) -> list[Observation]:
    """Return observations in order, half a day to `longest` days apart, at least one of them with a price."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(1, 2 * longest), AMOUNTS, AMOUNTS, st.booleans()), min_size=1, max_size=most
        )
    )
    at, past = 0.0, []
    for halves, price, listed, sold_out in steps:
        at += halves / 2
        past.append(seen(at, price, listed, sold_out=sold_out))
    return [*past, seen(at + 0.5, draw(st.decimals(0, 99_999, places=2)))]


def drawn(past: Sequence[Observation], **over: object) -> ET.Element:
    shown = price_periods(past)
    over = {"sold_out": sold_out_times(shown)} | over
    chart = PriceChart(shown, TimeAxis.around([past[0].at, past[-1].at]), **over)  # type: ignore[arg-type]  # its own fields
    return ET.fromstring(chart.svg(name="N", dates=4, sold_out="out"))  # noqa: S314 – what is parsed is our own


def by_class(picture: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in picture.iter() if name in each.get("class", "").split()]


def runs(picture: ET.Element, kind: str) -> list[list[tuple[float, float]]]:
    """Return the corners of the unbroken lines of a path, in units of the box."""
    found: list[list[tuple[float, float]]] = []
    for path in by_class(picture, f"{kind}-line"):
        d = path.get("d", "")
        assert re.fullmatch(r"(?:M[\d.]+ [\d.]+(?:[HV][\d.]+)+)+", d), d
        for letter, numbers in re.findall(r"([MHV])([\d. ]+)", d):
            values = [float(each) for each in numbers.split()]
            if letter == "M":
                found.append([(values[0], values[1])])
            else:
                x, y = found[-1][-1]
                found[-1].append((values[0], y) if letter == "H" else (x, values[0]))
    return found


def covers(line: list[tuple[float, float]], x: float, y: float | None = None, room: float = NEAR) -> bool:
    """Return True if a line passes a position; at any height without `y`. A negative `room` excludes its ends."""
    if y is None:
        return line[0][0] - room <= x <= line[-1][0] + room
    return any(
        min(x1, x2) - room <= x <= max(x1, x2) + room and min(y1, y2) - room <= y <= max(y1, y2) + room
        for (x1, y1), (x2, y2) in itertools.pairwise(line)
    )


def percent(each: ET.Element, name: str) -> float:
    return float((each.get(name) or "").removesuffix("%"))


@given(pasts(12, 40))
@settings(max_examples=examples(200))
def test_what_was_seen_is_what_is_drawn(past: list[Observation]) -> None:
    """The line passes every price at its time, but not times when the product was unavailable or long unobserved."""
    picture = drawn(past)
    time = TimeAxis.around([past[0].at, past[-1].at])
    [highest] = [max(each.available_price for each in past if each.available_price is not None)]
    lists = [each.list_price for each in past if each.list_price is not None]
    axis = PriceAxis.around(
        float(price)
        for price in [
            *(each.available_price for each in past if each.available_price is not None),
            *(price for price in lists if not highest or price <= 4 * highest),
        ]
    )
    lines = runs(picture, "price")
    for each in past:
        x = time.at(each.at) * BOX / 100
        if each.available_price is not None:
            y = axis.at(float(each.available_price)) * BOX / 100
            assert any(covers(line, x, y) for line in lines)
        else:
            assert not any(covers(line, x, room=-NEAR) for line in lines)
    for before, after in itertools.pairwise(past):
        if after.at - before.at > long_gap(past):
            middle = time.at(before.at + (after.at - before.at) / 2) * BOX / 100
            assert not any(covers(line, middle) for line in [*lines, *runs(picture, "list")])


@given(pasts(60, 4_000))
@settings(max_examples=examples(100))
def test_nothing_is_outside_and_every_number_is_one(past: list[Observation]) -> None:
    """With any length and any prices, thinned or not, numbers are finite and within the box."""
    product = product_past(past)
    low, at = product.history.lowest, product.history.lowest_at
    assert low is not None
    assert at is not None
    time = TimeAxis.around([past[0].at, past[-1].at])
    for shown in (product.periods, thinned(product.periods, 20)):
        svg = PriceChart(shown, time, [Mark("lowest", at, low, "L", "l")]).svg(
            name="N", dates=8, sold_out="out", spoken=[(period, "words") for period in shown]
        )
        assert not re.search(r"\b(?:nan|inf)", svg, re.IGNORECASE)
        picture = ET.fromstring(svg)  # noqa: S314 – what is parsed is our own
        corners = [at for kind in ("price", "list") for line in runs(picture, kind) for at in line]
        assert all(0 <= number <= BOX for corner in corners for number in corner)
        for each in picture.iter():
            for name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy"):
                if (each.get(name) or "").endswith("%"):
                    assert -0.01 <= percent(each, name) <= 100.01
        [mark] = by_class(picture, "mark")
        x, y = percent(mark, "x") * BOX / 100, percent(mark, "y") * BOX / 100
        assert any(covers(line, x, y, room=0.2) for line in runs(picture, "price"))


def test_times_sold_out_are_bands() -> None:
    """They are as wide as they lasted, and have a name."""
    picture = drawn(daily((10, "20"), (20, "-"), (11, "20")))
    [band] = by_class(picture, "out")
    assert band.get("d") == "M250.00 0H750.00V1000H250.00z"
    assert band.findtext("title") == "out"


@pytest.mark.parametrize(("days", "turn"), [(1500, 3), (730, 5)])
def test_many_short_times_sold_out_take_no_more_room_than_they_lasted(days: int, turn: int) -> None:
    """This includes a price that moves all the time, whose periods are thinned."""
    past = [
        seen(day, str(40 + day % 2), sold_out=day % turn == 0)
        for day in range(days + 1)
    ]  # fmt: skip
    product = product_past(past)
    time = TimeAxis.around([past[0].at, past[-1].at])
    chart = PriceChart(thinned(product.periods, 400), time, (), sold_out_times(product.periods))
    [band] = by_class(ET.fromstring(chart.svg(name="N", dates=4, sold_out="out")), "out")  # noqa: S314 – our own
    wide = sum(
        float(right) - float(left) for left, right in re.findall(r"M([\d.]+) 0H([\d.]+)V", band.get("d", ""))
    )
    assert wide == pytest.approx(BOX / turn, rel=0.02)


def test_a_mark_above_what_is_drawn_is_left_out() -> None:
    """It would be in the drawing of another product."""
    past = [seen(day, "20", "90" if day < 60 else "120") for day in range(65)]
    picture = drawn(past, marks=[Mark("raise", past[60].at, Decimal(120), "words", "label")])
    assert by_class(picture, "mark") == by_class(picture, "label") == []


def test_one_observation_is_a_dot() -> None:
    """A line would have no length, so it is a dot in the middle of the axis."""
    picture = drawn([seen(3, "20")])
    [dot] = by_class(picture, "dot")
    assert (dot.get("cx"), dot.get("cy")) == ("50.00%", "50.00%")
    [line] = runs(picture, "price")
    assert line[0] == line[-1]


def test_a_price_seen_once_between_two_gaps_is_a_dot() -> None:
    """Two observations are a line."""
    past = [*daily((3, "20")), *daily((1, "20"), start=60), *daily((3, "20"), start=120)]
    assert len(by_class(drawn(past), "dot")) == 1
    assert len(runs(drawn(past), "price")) == 3


def test_the_list_price_is_a_line_of_its_own() -> None:
    """It includes times when the product is sold out, but not those without a list price."""
    past = [seen(at, "20", "40" if at < 6 else None, sold_out=3 <= at < 5) for at in range(10)]
    picture = drawn(past)
    [line] = runs(picture, "list")
    assert line[0][0] == 0
    assert line[-1][0] == pytest.approx(BOX * 6 / 9, abs=NEAR)
    assert not by_class(drawn(daily((9, "20"))), "list-line")


def test_a_list_price_far_above_is_left_out_and_told() -> None:
    """It would flatten the price to a line at the bottom."""
    past = [seen(0, "20", "30"), seen(1, "20", "999")]
    chart = PriceChart(price_periods(past), TimeAxis.around([past[0].at, past[1].at]))
    assert chart.list_left_out == Decimal(999)
    assert PriceChart(price_periods(past[:1]), TimeAxis.around([past[0].at])).list_left_out is None
    assert len(runs(drawn(past), "list")) == 1


def test_marks_stand_on_the_line_and_their_labels_apart() -> None:
    """A raise is labelled above, the others below; of two close labels, the second is below the first."""
    past = daily((10, "20"), (11, "30"))
    marks = [
        Mark("lowest", day(9), Decimal(20), "low", "lowest"),
        Mark("cut", day(9.5), Decimal(20), "cut", "cut"),
        Mark("raise", day(10), Decimal(30), "raise", "raised"),
        Mark("now", day(20), Decimal(30), "now"),
    ]
    picture = drawn(past, marks=marks)
    assert [mark.findtext("title") for mark in by_class(picture, "mark")] == ["low", "cut", "raise", "now"]
    labels = {label.text: int(label.get("dy") or 0) for label in by_class(picture, "label")}
    assert set(labels) == {"lowest", "cut", "raised"}
    assert labels["raised"] < 0 < labels["lowest"]
    assert labels["cut"] - labels["lowest"] >= 14
    for mark in by_class(picture, "mark"):
        assert any(
            covers(line, percent(mark, "x") * BOX / 100, percent(mark, "y") * BOX / 100)
            for line in runs(picture, "price")
        )


def test_each_spell_tells_a_pointer_what_it_is() -> None:
    """The area extends from the start of one period to that of the next."""
    found = price_periods(daily((5, "20"), (5, "30")))
    chart = PriceChart(found, TimeAxis.around([day(0), day(10)]))
    picture = ET.fromstring(  # noqa: S314 – what is parsed is our own
        chart.svg(
            name="N", dates=4, sold_out="out", spoken=[(period, f"at {period.price}") for period in found]
        )
    )
    hits = [
        (each.findtext("title"), percent(each, "x"), percent(each, "width"))
        for each in by_class(picture, "hit")
    ]
    assert hits == [("at 20", 0, 50), ("at 30", 50, 40)]


@pytest.mark.parametrize("trick", [*HOSTILE.values(), "\"><script>alert(1)</script>' onload='x"])
def test_words_in_the_drawing_stay_words(trick: str) -> None:
    """Names, labels and titles are escaped: the drawing always has the same elements."""
    words = "".join(char for char in trick if char.isprintable())

    def picture(text: str) -> ET.Element:
        chart = PriceChart(
            price_periods(daily((3, "20"), (2, "-"))), TimeAxis.around([day(0), day(4)]),
            [Mark("lowest", day(2), Decimal(20), text, text)],
        )  # fmt: skip
        svg = chart.svg(name=text, dates=4, sold_out=text, spoken=[(chart.periods[0], text)])
        return ET.fromstring(svg)  # noqa: S314 – what is parsed is our own

    plain, hostile = picture("plain"), picture(words)
    assert [(each.tag, sorted(each.attrib)) for each in hostile.iter()] == [
        (each.tag, sorted(each.attrib)) for each in plain.iter()
    ]
    assert hostile.get("aria-label") == words
    assert not any(each.get("style") for each in hostile.iter())


def test_the_median_is_a_line_over_its_days() -> None:
    past = daily((9, "20"), (2, "30"))
    assert not by_class(drawn(past), "median-line")
    last = past[-1].at
    picture = drawn(past, median=Level(past[-4].at, last, Decimal(25)))
    [[(left, height), (right, same)]] = runs(picture, "median")
    axis, time = PriceAxis.around([20, 30]), TimeAxis.around([past[0].at, last])
    assert height == same == pytest.approx(axis.at(25) * BOX / 100, abs=NEAR)
    assert (left, right) == pytest.approx(
        (time.at(past[-4].at) * BOX / 100, time.at(last) * BOX / 100), abs=NEAR
    )
