"""Price histories, compared with a plain recomputation and with planted stories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.prices.observation import Observation
from crawler.prices.price_history import MANY_DAYS, PriceHistory, RaiseKind, long_gap, price_history

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)


def seen(day: float, price: str | Decimal | None, list_price: str = "100", **more: bool) -> Observation:
    return Observation(
        "1", "书", START + dt.timedelta(days=day), None if price is None else Decimal(price),
        Decimal(list_price), sold_out=more.get("sold_out", False),
    )  # fmt: skip


def daily(*stretches: tuple[int, str] | tuple[int, str, str]) -> list[Observation]:
    """Return one observation a day: numbers of days, each with a price and a list price."""
    days = [stretch[1:] for stretch in stretches for _ in range(stretch[0])]
    return [seen(number, *values) for number, values in enumerate(days)]


def days(first: int, end: int, price: str, list_price: str | None = "100") -> list[Observation]:
    """Return one observation a day at a price, from one day to the day before another."""
    listed = None if list_price is None else Decimal(list_price)
    return [replace(seen(day, price), list_price=listed) for day in range(first, end)]


def history(past: Iterable[Observation]) -> PriceHistory:
    found = price_history(list(past))
    assert found is not None
    return found


def test_no_past_is_none() -> None:
    assert price_history([]) is None


def test_one_observation_says_little() -> None:
    found = history([seen(0, "39.50")])
    assert (found.price, found.lowest, found.median) == (Decimal("39.50"),) * 3
    assert (found.previous, found.change, found.lowest_in_days, found.raised_then_cut) == (None,) * 4
    assert found.sparse
    assert found.days == 1


def test_a_past_without_a_price_has_none() -> None:
    found = history([seen(0, None), seen(1, "20", sold_out=True)])
    assert (found.price, found.lowest, found.lowest_at, found.median, found.lowest_in_days) == (None,) * 5
    assert found.since == START


def test_sold_out_is_no_price_and_no_change() -> None:
    """The price of a sold-out product is not the lowest, and the change counts from the last available price."""
    found = history([seen(0, "30"), seen(1, "10", sold_out=True), seen(2, "25")])
    assert found.lowest == Decimal(25)
    assert (found.previous, found.previous_at, found.change) == (Decimal(30), START, Decimal(-5))


def test_the_price_before_is_the_last_before() -> None:
    found = history([seen(0, "30"), seen(1, "28"), seen(2, None), seen(3, "25")])
    assert (found.previous, found.previous_at) == (Decimal(28), START + dt.timedelta(days=1))
    assert found.change == -3
    assert history([seen(0, "30"), seen(1, None)]).change is None


@pytest.mark.parametrize(
    ("past", "below"),
    [
        (daily((10, "20"), (1, "10")), True),
        (daily((10, "20")), False),  # as always
        (daily((10, "20"), (1, "25")), False),
        ([*daily((10, "20")), seen(10, "10", sold_out=True)], False),
        ([seen(0, None)], False),
    ],
)
def test_below_what_is_usual(past: list[Observation], below: bool) -> None:
    assert history(past).below_usual is below


def test_the_lowest_is_dated_when_it_was_last_seen() -> None:
    found = history([seen(0, "10"), seen(5, "10"), seen(9, "12")])
    assert found.lowest_at == START + dt.timedelta(days=5)
    assert found.lowest_in_days is None  # it was never more expensive since it was cheaper


@pytest.mark.parametrize(
    ("past", "days"),
    [
        (daily((10, "20"), (30, "25"), (1, "22")), 31),  # cheaper on day 9, now is day 40
        (daily((30, "25"), (1, "20")), 30),  # never cheaper
        (daily((40, "20")), None),  # it never moved
        (daily((10, "25"), (5, "20")), 14),  # still at its lowest
        (daily((10, "20"), (1, "25")), None),
        (daily((1, "25"), (1, "30"), (1, "25")), 2),  # as cheap before, and more expensive in between
        ([*daily((3, "50")), seen(16, "40")], 16),  # two weeks without a look are no gap
        ([*daily((3, "50")), seen(17, "40")], None),  # one day more is one
    ],
)
def test_at_its_lowest_in_days(past: list[Observation], days: int | None) -> None:
    assert history(past).lowest_in_days == days


TAIPEI, NEW_YORK = ZoneInfo("Asia/Taipei"), ZoneInfo("America/New_York")


def at(text: str, price: str, zone: dt.tzinfo) -> Observation:
    """Return an observation at the time when the clock of `zone` shows `text`."""
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)
    return Observation("1", "书", moment, Decimal(price), Decimal(100))


@pytest.mark.parametrize(
    ("past", "zone", "days"),
    [
        # 7 days of the calendar, though six days and two hours passed.
        ([("2026-01-01T23:00", "20"), ("2026-01-05T12:00", "30"), ("2026-01-08T01:00", "22")], TAIPEI, 7),
        # 6 days of the calendar, though nearly seven passed.
        ([("2026-01-01T00:30", "20"), ("2026-01-05T12:00", "30"), ("2026-01-07T23:30", "22")], TAIPEI, 6),
        # The morning of one day and the evening of the day before.
        ([("2026-01-01T20:00", "20"), ("2026-01-01T21:00", "30"), ("2026-01-02T07:00", "22")], TAIPEI, 1),
        ([("2026-01-01T07:00", "20"), ("2026-01-01T08:00", "30"), ("2026-01-01T09:00", "22")], TAIPEI, 0),
        # The clock is set back on November 1, and forward on March 8.
        ([("2026-10-28T00:30", "20"), ("2026-10-30T12:00", "30"), ("2026-11-04T00:15", "22")], NEW_YORK, 7),
        ([("2026-03-05T23:30", "20"), ("2026-03-06T12:00", "30"), ("2026-03-12T23:15", "22")], NEW_YORK, 7),
    ],
)
def test_days_are_the_readers_calendar_days(past: list[tuple[str, str]], zone: dt.tzinfo, days: int) -> None:
    found = price_history([at(*each, zone) for each in past], zone)
    assert found is not None
    assert found.lowest_in_days == days


def test_where_a_day_ends_depends_on_the_zone() -> None:
    """Three prices of one evening in New York are on two days in Taipei; the last price of each day counts."""
    past = [at(text, price, NEW_YORK) for text, price in
            [("2026-01-01T10:30", "10"), ("2026-01-01T12:00", "40"), ("2026-01-01T23:00", "30")]]  # fmt: skip
    in_new_york, in_taipei = price_history(past, NEW_YORK), price_history(past, TAIPEI)
    assert in_new_york is not None
    assert in_taipei is not None
    assert (in_new_york.days, in_new_york.median) == (1, Decimal(30))
    assert (in_taipei.days, in_taipei.median) == (2, Decimal(20))


@given(
    st.lists(st.integers(0, 400 * 24), min_size=1, max_size=40, unique=True),
    st.sampled_from([TAIPEI, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), dt.UTC]),
)
def test_days_against_a_plain_count(hours: list[int], zone: dt.tzinfo) -> None:
    """With a price that only falls at the end, every observed day counts once, in any zone."""
    hours.sort()
    past = [seen(hour / 24, Decimal(100 + place)) for place, hour in enumerate(hours)]
    past[-1] = seen(hours[-1] / 24, "1")
    found = price_history(past, zone)
    assert found is not None
    days = [each.at.astimezone(zone).date() for each in past]
    assert found.days == len(set(days))
    longest = long_gap(past, zone)
    back = len(past) - 1
    while back and past[back].at - past[back - 1].at <= longest:
        back -= 1
    assert found.lowest_in_days == ((days[-1] - days[back]).days if back < len(past) - 1 else None)


def test_a_day_counts_once_in_the_median() -> None:
    """Observed every hour of one day, a price weighs no more than on days with one observation."""
    hourly = [seen(2 + hour / 24, "90") for hour in range(12)]
    found = history([seen(0, "10"), seen(1, "10"), *hourly])
    assert (found.median, found.days) == (Decimal(10), 3)


def test_the_median_looks_90_days_back() -> None:
    assert history(daily((200, "10"), (90, "30"))).median == Decimal(30)
    assert history(daily((200, "10"), (89, "30"), (1, "11"))).median == Decimal(30)
    assert history([seen(0, "10"), seen(90, "30")]).median == Decimal(30)
    assert history([seen(1, "10"), seen(90, "30")]).median == Decimal(20)


def test_few_are_said_to_be_few() -> None:
    assert history(daily((MANY_DAYS - 1, "10"))).sparse
    assert not history(daily((MANY_DAYS, "10"))).sparse


def test_a_price_raised_and_then_cut_to_what_it_was() -> None:
    """A week at 60 makes «now 50» no bargain: it was 50 all along. The result has the figures that show it."""
    found = history(daily((60, "50"), (7, "60"), (1, "50"))).raised_then_cut
    assert found is not None
    assert found.kind is RaiseKind.PRICE
    assert (found.before, found.raised_to, found.now, found.usual_price) == (
        Decimal(50), Decimal(60), Decimal(50), Decimal(50),
    )  # fmt: skip
    assert found.raised_at == START + dt.timedelta(days=60)


@pytest.mark.parametrize(
    "past",
    [
        daily((100, "40"), (29, "50"), (2, "40")),  # raised at the border of the thirty days
        daily((96, "40"), (10, "44.50"), (20, "55"), (5, "40")),  # in two steps
        daily((100, "40"), (12, "50"), (88, "40"), (12, "50"), (3, "40")),  # not for the first time
        [
            *days(1, 6, "40"),
            *days(111, 120, "50"),
            seen(120, "40"),
        ],  # five days are enough to know what was usual
        daily((60, "40"), (7, "44"), (1, "40")),  # by a tenth
        [*daily((4, "40"), (1, "50")), seen(36, "50"), seen(37, "40")],  # as dear on one day of five
    ],
)
def test_a_raise_is_seen_through_however_it_was_made(past: list[Observation]) -> None:
    found = history(past).raised_then_cut
    assert found is not None
    assert found.usual_price == found.now == Decimal(40)


def test_nobody_knows_what_a_price_did_while_nobody_looked() -> None:
    """A low price before a long gap, such as pruning leaves, does not date the last lower price."""
    alone = seen(-200, "40")
    later = daily((20, "42"), (100, "50"), (10, "45"))
    assert history([alone, *later]).lowest == 40
    assert history([alone, *later]).lowest_in_days == 110
    assert history(daily((20, "50"), (10, "45"))).lowest_in_days == 29


def test_a_gap_is_measured_by_days() -> None:
    """Two searches that see a product minutes apart, once a month, do not make its whole past a gap."""
    past = [seen(30 * month + minute, "40") for month in range(6) for minute in (0, 0.001)]
    assert long_gap(past) == dt.timedelta(days=120)


def test_a_list_price_raised_while_the_price_stays() -> None:
    found = history(daily((60, "50", "100"), (5, "50", "125"))).raised_then_cut
    assert found is not None
    assert found.kind is RaiseKind.LIST_PRICE
    assert (found.before, found.raised_to, found.now) == (Decimal(100), Decimal(125), Decimal(50))
    assert found.raised_at == START + dt.timedelta(days=60)


@pytest.mark.parametrize(
    "past",
    [
        daily((60, "50", "100"), (30, "50", "125")),  # on the first of the thirty days
        [
            *days(1, 6, "50", "100"),
            *days(6, 11, "50", None),
            *days(111, 121, "50", "125"),
        ],  # five list prices
        [
            *days(1, 5, "50", "100"),
            seen(90, "50", "100"),
            *days(111, 121, "50", "125"),
        ],  # to the last day before
        [*days(1, 5, "50", "100"), seen(90, "50", "100"), *days(91, 121, "50", "105")],  # by a twentieth
    ],
)
def test_a_list_price_raised_at_a_border(past: list[Observation]) -> None:
    found = history(past).raised_then_cut
    assert found is not None
    assert (found.kind, found.before, found.now) == (RaiseKind.LIST_PRICE, Decimal(100), Decimal(50))
    assert found.raised_to == past[-1].list_price


def test_a_cut_to_little_less_than_usual_is_no_bargain() -> None:
    found = history(daily((60, "50"), (7, "60"), (1, "47.50"))).raised_then_cut
    assert found is not None
    assert (found.kind, found.usual_price, found.now) == (RaiseKind.PRICE, Decimal(50), Decimal("47.50"))


def test_a_cut_of_a_twentieth_is_a_cut() -> None:
    found = history(daily((60, "50"), (7, "60"), (1, "57"))).raised_then_cut
    assert found is not None
    assert (found.kind, found.raised_to, found.now) == (RaiseKind.PRICE, Decimal(60), Decimal(57))


def test_a_price_that_rose_by_a_twentieth_has_not_risen_with_its_list_price() -> None:
    found = history(daily((60, "50", "100"), (5, "52.50", "125"))).raised_then_cut
    assert found is not None
    assert (found.kind, found.usual_price) == (RaiseKind.LIST_PRICE, Decimal(50))
    assert [*RaiseKind] == ["price", "list_price"]  # as JSON and CSV have them


@pytest.mark.parametrize(
    "past",
    [
        daily((60, "50"), (1, "40")),  # a cut, and no raise
        daily((60, "50"), (7, "60"), (1, "40")),  # cheaper than it ever was, whatever came between
        daily((60, "50"), (7, "60")),  # a raise, and no cut
        daily((60, "50"), (7, "54"), (1, "50")),  # less than a tenth
        daily((60, "50"), (60, "60"), (1, "50")),  # raised long before
        daily(*[(5, "40"), (2, "50")] * 19, (1, "40")),  # it comes and goes every week
        daily((60, "50"), (70, "40"), (15, "50"), (1, "40")),  # it had been as dear before
        daily((4, "50"), (29, "60"), (1, "50")),  # too few days before to know what was usual
        [*days(0, 5, "50"), *days(111, 120, "60"), seen(120, "50")],  # one of the five is too long ago
        daily((60, "50"), (1, "60"), (30, "50")),  # raised and cut before the thirty days
        [
            *daily((3, "50"), (2, "60")),
            seen(36, "62"),
            seen(37, "50"),
        ],  # two days of five were nearly as dear
        daily((60, "50"), (7, "60"), (1, "47.49")),  # cheaper than usual by more than a twentieth
        daily((60, "50", "40"), (5, "50", "50")),  # a list price that is the price is no discount
        daily((60, "50", "100"), (31, "50", "125")),  # raised on the last day before the thirty
        [
            *days(0, 5, "50", "100"),
            *days(5, 11, "50", None),
            *days(111, 121, "50", "125"),
        ],  # four list prices
        daily((60, "50", "100"), (5, "40", "125")),  # the list price rose, and the price fell
        daily((60, "50", "100"), (5, "62.50", "125")),  # the price rose with it: the discount is what it was
        daily((60, "50", "100"), (5, "62", "125")),  # to the rounding
        daily((60, "40", "50"), (11, "60", "80")),  # the price rose itself
        daily((60, "50", "100"), (5, "52", "108")),  # hardly bigger than it was
        daily((60, "50", "100"), (40, "50", "125")),  # long ago
        daily((60, "50", "100"), (5, "125", "125")),  # no discount
        [*daily((60, "50"), (7, "60")), seen(67, "50", sold_out=True)],
        [*days(0, 60, "50", "100"), *days(60, 65, "50", None)],  # no list price now
        # Raised by a twentieth on the last day before the thirty, and further within them.
        [*days(0, 30, "50", "100"), *days(30, 31, "50", "105"), *days(31, 61, "50", "125")],
    ],
)
def test_no_flag_without_cause(past: list[Observation]) -> None:
    assert history(past).raised_then_cut is None


moments = st.lists(
    st.tuples(
        st.integers(0, 400 * 24),
        st.none() | st.decimals(1, 200, places=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[0],
)


@given(moments)
def test_against_a_plain_recomputation(rows: list[tuple[int, Decimal | None, bool]]) -> None:
    rows.sort(key=lambda row: row[0])
    past = [seen(hours / 24, price, sold_out=out) for hours, price, out in rows]
    found = history(past)
    prices = [(o.at, o.price) for o in past if o.price is not None and not o.sold_out]
    by_day = {}
    for at, price in prices:
        by_day[at.date()] = price
    today = past[-1].at.date()
    in_90 = sorted(price for day, price in by_day.items() if (today - day).days < 90)
    assert found.lowest == (min(p for _, p in prices) if prices else None)
    assert found.days == len(by_day)
    if in_90:
        half = len(in_90) // 2
        middle = in_90[half] if len(in_90) % 2 else (in_90[half - 1] + in_90[half]) / 2
        assert found.median is not None
        assert abs(found.median - middle) <= Decimal("0.005")
    else:
        assert found.median is None
    if found.lowest_in_days is not None:
        assert found.price is not None
        since = today - dt.timedelta(days=found.lowest_in_days)
        assert all(price >= found.price for at, price in prices if at.date() > since)
        assert any(price > found.price for _, price in prices)
