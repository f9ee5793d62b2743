"""The axes of the charts cover all values, and their ticks are round numbers."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.report.common.axes import LogPriceAxis, PriceAxis, TimeAxis, price_tick

MOMENTS = st.lists(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 – timezones adds it
    min_size=1,
    max_size=5,
)
PRICES = st.lists(st.floats(0, 9_999_999), min_size=1, max_size=9)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@given(MOMENTS, st.integers(4, 12))
def test_every_moment_is_on_the_axis_and_few_days_are_written(moments: list[dt.datetime], most: int) -> None:
    """Positions are between 0 and 100 percent, in order; 1 to `most` days are marked, each once, at its midnight."""
    axis = TimeAxis.around(moments)
    places = [axis.at(moment) for moment in sorted(moments)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    ticks = axis.ticks(most)
    assert 1 <= len(ticks) <= most
    assert all(0 <= axis.at(day) <= 100 for day, _ in ticks)
    assert len({words for _, words in ticks}) == len(ticks)
    assert all(day.isoformat().startswith(words) and not day.hour for day, words in ticks)


@given(MOMENTS, st.integers(4, 12), st.sampled_from(["Asia/Taipei", "America/New_York"]))
def test_days_begin_in_the_readers_zone(moments: list[dt.datetime], most: int, name: str) -> None:
    zone = ZoneInfo(name)
    ticks = TimeAxis.around(moments, zone).ticks(most)
    assert 1 <= len(ticks) <= most
    for moment, words in ticks:
        local = moment.astimezone(zone)
        assert (local.hour, local.minute) == (0, 0)
        assert local.isoformat().startswith(words)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-01T08:00", "2026-03-01T08:00", ["2026-02-28", "2026-03-02"]),
        ("2026-03-01", "2026-03-20", ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("2026-03-10", "2026-06-10", ["2026-04", "2026-05", "2026-06"]),
        ("2025-11-20", "2026-11-19", ["2026-01", "2026-04", "2026-07", "2026-10"]),
        ("2019-05-01", "2026-11-19", ["2020", "2022", "2024", "2026"]),
    ],
)
def test_days_months_and_years_are_round(start: str, end: str, expected: list[str]) -> None:
    """Ticks are whole weeks, months, quarters or years, depending on the length of time."""
    assert [words for _, words in TimeAxis.around([at(start), at(end)]).ticks(4)] == expected


@given(PRICES)
def test_every_price_is_on_the_axis(prices: list[float]) -> None:
    """The axis has a handful of round ticks, evenly spaced, with different labels."""
    axis = PriceAxis.around(prices)
    assert all(0 <= axis.at(price) <= 100 for price in prices)
    ticks = axis.ticks()
    assert 3 <= len(ticks) <= 9
    assert len({words for _, words in ticks}) == len(ticks)
    assert all(math.isclose(b - a, axis.step, rel_tol=1e-6) for (a, _), (b, _) in itertools.pairwise(ticks))
    assert [axis.at(price) for price, _ in ticks] == sorted(
        (axis.at(price) for price, _ in ticks), reverse=True
    )


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([20, 50], ["¥0", "¥20", "¥40", "¥60"]),
        ([40, 45], ["¥35", "¥40", "¥45", "¥50"]),
        ([0.5], ["¥0.40", "¥0.45", "¥0.50", "¥0.55", "¥0.60"]),
        ([0], ["¥0.00", "¥0.02", "¥0.04", "¥0.06", "¥0.08"]),
        ([1000, 1299], ["¥900", "¥1,000", "¥1,100", "¥1,200", "¥1,300", "¥1,400"]),
    ],
)
def test_prices_are_round(prices: list[float], expected: list[str]) -> None:
    """The axis begins at zero if the lowest price is far below the highest; a small change never looks large."""
    assert [words for _, words in PriceAxis.around(prices).ticks()] == expected


def test_a_small_change_looks_small() -> None:
    """A change of one yuan in a hundred takes less than a tenth of the height."""
    axis = PriceAxis.around([100, 101])
    assert axis.at(100) - axis.at(101) < 10


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (2.0, "¥2"), (1000.0, "¥1,000"), (1_000_000.0, "¥1,000,000"), (31.5, "¥31.50"), (0.5, "¥0.50"),
        (0.125, "¥0.125"), (0.0, "¥0"),
    ],
)  # fmt: skip
def test_a_price_on_an_axis_is_written_like_any_other(amount: float, words: str) -> None:
    """Whole yuan have no decimals, others two; fractions of a hundredth have all, since rounding would change them."""
    assert price_tick(amount) == words


@given(st.lists(st.floats(0.01, 9_999_999), min_size=1, max_size=9))
def test_no_two_figures_of_a_price_axis_are_the_same(prices: list[float]) -> None:
    """Each label states exactly the price at its position."""
    ticks = LogPriceAxis.around(prices).ticks()
    words = [price_tick(tick) for tick in ticks]
    assert len(set(words)) == len(ticks)
    assert [float(each[1:].replace(",", "")) for each in words] == pytest.approx(ticks)
