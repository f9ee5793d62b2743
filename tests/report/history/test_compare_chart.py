"""Several prices in one chart: each line agrees with its product's periods, and has its number at its end."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET  # the parsed text is our own

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.prices.observation import Observation
from crawler.prices.price_periods import price_periods
from crawler.report.common.axes import PriceAxis, TimeAxis
from crawler.report.history.compare_chart import CompareChart, ComparedPrices
from crawler.report.history.price_chart import BOX, PriceChart
from tests.profiles import examples
from tests.report.history.test_price_chart import by_class, covers, pasts
from tests.report.pasts import daily


def drawn(*past: list[Observation], words: str = "w") -> tuple[ET.Element, TimeAxis]:
    time = TimeAxis.around(seen.at for each in past for seen in each)
    chart = CompareChart([ComparedPrices(words, price_periods(each)) for each in past], time)
    return ET.fromstring(chart.svg(name=words, dates=4)), time  # noqa: S314 – what is parsed is our own


def line_of(picture: ET.Element, number: int) -> list[list[tuple[float, float]]]:
    """Return the corners of the unbroken lines of a product."""
    found: list[list[tuple[float, float]]] = []
    for path in by_class(picture, f"line-{number}"):
        for letter, numbers in re.findall(r"([MHV])([\d. ]+)", path.get("d", "")):
            values = [float(each) for each in numbers.split()]
            if letter == "M":
                found.append([(values[0], values[1])])
            else:
                x, y = found[-1][-1]
                found[-1].append((values[0], y) if letter == "H" else (x, values[0]))
    return found


@settings(max_examples=examples(30))
@given(st.lists(pasts(most=8, longest=60), min_size=2, max_size=4))
def test_every_price_is_on_the_line_of_its_product(past: list[list[Observation]]) -> None:
    picture, time = drawn(*past)
    amounts = [
        float(seen.price) for each in past for seen in each if seen.price is not None and not seen.sold_out
    ]
    axis = PriceAxis.around(amounts)
    for number, each in enumerate(past, 1):
        lines = line_of(picture, number)
        for seen in each:
            if seen.available_price is not None:
                x, y = time.at(seen.at) * BOX / 100, axis.at(float(seen.available_price)) * BOX / 100
                assert any(covers(line, x, y) for line in lines)
        assert len([text for text in by_class(picture, "number") if text.text == str(number)]) == 1


def test_one_product_has_the_line_of_its_own_chart() -> None:
    past = daily((5, "30"), (3, "-"), (4, "20"))
    picture, time = drawn(past)
    alone = ET.fromstring(PriceChart(price_periods(past), time).svg(name="n", dates=4, sold_out="s"))  # noqa: S314
    (own,) = by_class(picture, "line-1")[:1]
    assert own.get("d") == by_class(alone, "price-line")[0].get("d")


def test_numbers_at_one_height_stand_below_each_other() -> None:
    picture, _ = drawn(*(daily((5, "30")) for _ in range(6)))
    heights = sorted(float(text.get("y", "").rstrip("%")) for text in by_class(picture, "number"))
    assert len(heights) == 6
    assert all(later - earlier >= 4 for earlier, later in itertools.pairwise(heights))


def test_a_product_without_a_price_has_no_line_and_the_others_have_theirs() -> None:
    picture, _ = drawn(daily((3, "-")), daily((3, "9")))
    assert not by_class(picture, "line-1")
    assert by_class(picture, "line-2")
    nothing = CompareChart(
        [ComparedPrices("", price_periods(daily((3, "-"))))], TimeAxis.around([daily((1, "1"))[0].at])
    )
    assert not nothing.drawable


def test_no_text_becomes_markup() -> None:
    hostile = "</title><script>alert(1)</script>\"'&<b>"
    picture, _ = drawn(daily((3, "9")), words=hostile)
    assert picture.get("aria-label") == hostile
    assert [each.text for each in picture.iter() if each.tag.endswith("title")] == [hostile]
    assert not [each for each in picture.iter() if each.tag.endswith("script")]
