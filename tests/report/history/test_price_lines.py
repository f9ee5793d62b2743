"""The lines of a product's history: where they break, and which of thousands of periods may be omitted."""

from __future__ import annotations

from decimal import Decimal

from crawler.prices.observation import Observation
from crawler.prices.price_periods import PricePeriod, price_periods, product_past
from crawler.report.history.price_lines import cut_after_raise, held_until, levels, thinned
from tests.report.pasts import RAISED, daily, day, seen


def lines(past: list[Observation]) -> list[list[tuple[float, float, str]]]:
    """Return the lines of the price, each level as first day, last day and price."""
    return [
        [
            ((level.since - day(0)).days, (level.until - day(0)).days, str(level.price))
            for level in line
        ]
        for line in levels(price_periods(past), lambda period: period.available_price)
    ]  # fmt: skip


def test_a_price_holds_until_another_is_seen() -> None:
    """A change of the list price meanwhile is no step of the price."""
    assert lines(daily((3, "20"), (2, "30"))) == [[(0, 3, "20"), (3, 4, "30")]]
    past = [seen(0, "20", "40"), seen(1, "20", "50"), seen(2, "30", "50")]
    assert lines(past) == [[(0, 2, "20"), (2, 2, "30")]]


def test_what_cannot_be_bought_breaks_the_line() -> None:
    """Sold out or without a price: the line ends at that observation, and resumes when the product is available."""
    assert lines(daily((3, "20"), (4, "-"), (2, "20"))) == [[(0, 3, "20")], [(7, 8, "20")]]
    assert lines(daily((3, "20"), (4, None), (2, "20"))) == [[(0, 3, "20")], [(7, 8, "20")]]
    assert lines(daily((3, "-"))) == []


def test_a_long_time_without_an_observation_breaks_the_line() -> None:
    """The line ends at its last observation, because it is unknown how long the price held."""
    past = [*daily((3, "20")), *daily((2, "20"), start=40)]
    assert lines(past) == [[(0, 2, "20")], [(40, 41, "20")]]
    assert held_until(price_periods(past), 0) == day(2)


def test_few_spells_are_all_kept() -> None:
    found = price_periods(daily((1, "20"), (1, "30"), (1, "20")))
    assert thinned(found, 3) is found


def test_thousands_are_thinned_without_loss_to_the_eye() -> None:
    """The ends, the extremes, a long time sold out and a long gap stay; the same ones every time."""
    past = [
        *daily(*((1, str(20 + at * 7 % 13)) for at in range(3_000))),
        *daily((200, "-"), (1, "3"), start=3_000),
        *daily(*((1, str(50 + at % 2)) for at in range(3_000)), start=3_300),
    ]
    found = price_periods(past)
    few = thinned(found, 400)
    assert len(found) > 5_000
    assert len(few) <= 440
    assert (few[0], few[-1]) == (found[0], found[-1])
    assert {Decimal(3), Decimal(20), Decimal(32), Decimal(51)} <= {period.price for period in few}
    assert [period.observations for period in few if period.sold_out] == [200]
    assert [period.since for period in few if period.after_gap] == [day(3_300)]
    assert few[[period.after_gap for period in few].index(True) - 1].until == day(3_200)
    assert thinned(found, 400) == few


def cut(past: list[Observation]) -> PricePeriod | None:
    return cut_after_raise(product_past(past))


def test_the_cut_is_the_first_price_no_dearer_than_now_after_the_raise() -> None:
    """It is not a step on the way down, nor a later one; without a raise there is none."""
    found = cut(RAISED)
    assert found is not None
    assert (found.since, found.price) == (day(69), Decimal(50))
    found = cut(daily((60, "50"), (5, "60"), (1, "58"), (2, "49"), (2, "50")))
    assert found is not None
    assert (found.since, found.price) == (day(66), Decimal(49))
    assert cut(daily((60, "50"), (1, "40"))) is None


def test_a_raised_list_price_has_no_cut() -> None:
    """The price did not change."""
    past = [seen(at, "50", "100" if at < 60 else "150") for at in range(70)]
    assert product_past(past).history.raised_then_cut is not None
    assert cut(past) is None
