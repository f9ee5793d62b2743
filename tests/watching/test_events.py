"""The alerts for a product: each event once, and none for a price that stays or fluctuates slightly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.alerts.alert import AlertKind, PriceEvent
from crawler.prices.observation import Observation
from crawler.watching.events import SentAlert, detect
from crawler.watching.watch import WatchTerms

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
SOLD_OUT = "sold out"
NO_PRICE = "no price"


def seen(day: int, price: str) -> Observation:
    amount = None if price == NO_PRICE else Decimal(30 if price == SOLD_OUT else price)
    return Observation("1", "书", START + dt.timedelta(days=day), amount, sold_out=price == SOLD_OUT)


def followed(
    terms: WatchTerms, prices: Sequence[str], *, begun: int = 0
) -> list[tuple[int, str, str | None]]:
    """Follow a price day by day from day `begun` on; return the alerts: day, kind, reference price."""
    told: list[SentAlert] = []
    found = []
    for day in range(begun, len(prices)):
        past = [seen(earlier, price) for earlier, price in enumerate(prices[: day + 1])]
        since = START + dt.timedelta(days=begun)
        for each in detect(terms, past, told, since=since, is_new=False):
            told.append(SentAlert(each.kind, past[-1].at, past[-1].available_price, each.against))
            found.append((day, each.kind.value, None if each.against is None else str(each.against)))
    return found


def terms(**wanted: Any) -> WatchTerms:
    """Return terms; amounts may be text. New lowest prices count at once by default."""
    values: dict[str, Any] = {name: Decimal(v) if isinstance(v, str) else v for name, v in wanted.items()}
    values.setdefault("new_lowest_days", 0)
    return WatchTerms(query="书", **values)


@pytest.mark.parametrize(
    ("wanted", "prices", "expected"),
    [
        # A target: at once; again only after the price had left it by a fiftieth.
        ({"target_price": "20"}, ["19"], [(0, "20")]),
        ({"target_price": "20"}, ["30", "20", "20", "19"], [(1, "20")]),
        ({"target_price": "20"}, ["20", "20.01", "20", "20.39", "20"], [(0, "20")]),
        ({"target_price": "20"}, ["20", "20.40", "20"], [(0, "20"), (2, "20")]),
        ({"target_price": "20"}, ["20", SOLD_OUT, NO_PRICE, "20"], [(0, "20")]),
        ({"target_price": "20"}, [SOLD_OUT, NO_PRICE], []),
        # A fall: from the highest price since the last that was told.
        ({"drop_percent": "20"}, ["50"], []),
        ({"drop_percent": "20"}, ["50", "40.01"], []),
        ({"drop_percent": "20"}, ["50", "40"], [(1, "50")]),
        ({"drop_percent": "20"}, ["50", "47", "44", "42", "40"], [(4, "50")]),
        ({"drop_percent": "20"}, ["50", "40", "40.01", "40", "33", "32"], [(1, "50"), (5, "40.01")]),
        ({"drop_percent": "20"}, ["50", "40", "50", "40"], [(1, "50"), (3, "50")]),
        ({"drop_percent": "20"}, ["50", "40", "32"], [(1, "50"), (2, "40")]),
        ({"drop_percent": "20"}, ["50", SOLD_OUT, "30"], [(2, "50")]),
        ({"drop_percent": "20"}, [SOLD_OUT, "20"], []),
        # A new lowest: a hundredth below what was told last, and below all that was seen.
        ({"new_lowest": True}, ["50"], []),
        ({"new_lowest": True}, ["50", "49.51"], []),
        ({"new_lowest": True}, ["50", "49.50"], [(1, "50")]),
        ({"new_lowest": True}, ["50", "49.51", "49.50"], [(2, "49.51")]),
        ({"new_lowest": True}, ["50", "40", "60", "41", "40", "39.70", "39.60"], [(1, "50"), (6, "39.70")]),
        ({"new_lowest": True}, ["50", "30", "29.90", "29.95"], [(1, "50")]),
        ({"new_lowest": True}, ["50", "40", "30", "29.80"], [(1, "50"), (2, "40")]),
        ({"new_lowest": True}, [SOLD_OUT, "29"], []),
        ({"new_lowest": True}, ["0.50"], []),
        # Back in stock: each time after it was seen sold out.
        (
            {"back_in_stock": True},
            ["30", SOLD_OUT, SOLD_OUT, "30", "30", SOLD_OUT, "9"],
            [(3, None), (6, None)],
        ),
        ({"back_in_stock": True}, ["30", NO_PRICE, "30"], []),
        # Nothing asked for, nothing told.
        ({}, ["50", SOLD_OUT, "1"], []),
    ],
)
def test_a_series_is_told_once(
    wanted: dict[str, Any], prices: list[str], expected: list[tuple[int, str | None]]
) -> None:
    assert [(day, against) for day, _, against in followed(terms(**wanted), prices)] == expected


@pytest.mark.parametrize(
    ("wanted", "prices", "expected"),
    [
        # What was seen last before the watch began, and the lowest price ever, are known to it; the rest is old news.
        ({"drop_percent": "20"}, ["90", "50", "40"], [(2, "50")]),
        ({"drop_percent": "20"}, ["90", "50", "45"], []),
        ({"back_in_stock": True}, ["50", SOLD_OUT, "50"], [(2, None)]),
        ({"back_in_stock": True}, [SOLD_OUT, "50", "50"], []),
        ({"new_lowest": True}, ["30", "50", "40"], []),
        ({"new_lowest": True}, ["45", "50", "40"], [(2, "45")]),
    ],
)
def test_a_watch_begins_with_a_past(
    wanted: dict[str, Any], prices: list[str], expected: list[tuple[int, str | None]]
) -> None:
    assert [(day, against) for day, _, against in followed(terms(**wanted), prices, begun=2)] == expected


def test_what_was_seen_when_the_watch_began_is_not_before_it() -> None:
    """The last price before the watch counts as well as one seen at its very beginning."""
    assert followed(terms(drop_percent="20"), ["90", "80", "70"], begun=1) == [(2, "price_drop", "90")]


def test_a_target_that_was_told_twice_is_not_told_again() -> None:
    """The price must have left the target since the last alert."""
    past = offered("20", "30", "20", "20")
    told = [SentAlert(AlertKind.TARGET_PRICE, past[day].at, Decimal(20), Decimal(20)) for day in (2, 0)]
    assert detect(terms(target_price="20"), past, told, since=START) == ()


def test_a_price_above_the_lowest_is_no_news() -> None:
    """Another search may have seen a lower price than the last one in an alert."""
    past = offered("40", "30", "35")
    told = [SentAlert(AlertKind.NEW_LOWEST, past[0].at, Decimal(40), Decimal(50))]
    assert detect(terms(new_lowest=True), past, told, since=START) == ()


WEEK = ["50", "48", "50", "50", "50", "50", "50"]


@pytest.mark.parametrize(
    ("days", "prices", "expected"),
    [
        (7, WEEK[:6], []),
        (7, [*WEEK[:6], "40"], []),  # the seventh day itself is not over
        (7, [*WEEK, "40"], [(7, "48")]),
        # What was lowest while it waited is known, and no news when the wait is over.
        (7, [*WEEK[:6], "40", "40", "40"], []),
        (7, [*WEEK[:6], "40", "40", "39.50"], [(8, "40")]),
        # Days without a price do not count.
        (7, [*WEEK[:5], SOLD_OUT, NO_PRICE, "40", "39"], []),
        (7, [*WEEK[:5], SOLD_OUT, NO_PRICE, "50", "50", "40"], [(9, "48")]),
        (2, ["50", "50", "40"], [(2, "50")]),
        # What came down after the wait, by less than is news, is not known.
        (2, ["50", "50", "49.80", "49.40"], [(3, "49.80")]),
        (1, ["50", "40"], [(1, "50")]),
        (0, ["50", "40"], [(1, "50")]),
    ],
)
def test_a_new_lowest_price_waits_for_days_with_a_price(
    days: int, prices: list[str], expected: list[tuple[int, str]]
) -> None:
    wanted = terms(new_lowest=True, new_lowest_days=days)
    assert [(day, against) for day, _, against in followed(wanted, prices)] == expected


def test_the_wait_for_a_new_lowest_price_is_a_week_by_default() -> None:
    assert WatchTerms(query="书").new_lowest_days == 7


def test_many_prices_of_one_day_are_one_day_of_the_reader() -> None:
    """An hourly watch counts days as its reader does, in the reader's time zone."""
    wanted = terms(new_lowest=True, new_lowest_days=2)
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)

    def found(*hours: int, zone: dt.tzinfo = dt.UTC) -> bool:
        prices = ["50"] * (len(hours) - 1) + ["40"]
        past = [
            Observation("1", "书", noon + dt.timedelta(hours=hour), Decimal(price))
            for hour, price in zip(hours, prices, strict=True)
        ]
        return bool(detect(wanted, past, (), since=noon, zone=zone))

    assert not found(0, 1, 2, 3, 11)
    assert not found(0, 1, 24, 25)
    assert found(0, 24, 48)
    assert not found(0, 5, 13)
    assert not found(0, 5, 29)
    assert found(0, 5, 29, zone=dt.timezone(dt.timedelta(hours=8)))  # at 20:00, 01:00 and 01:00


def test_days_of_another_offer_of_the_book_count() -> None:
    """A book watched for a week has a past, even if its cheapest offer is new today."""
    week = offered(*["50"] * 7)
    found = detect(terms(new_lowest=True, new_lowest_days=7), [seen(7, "40")], (), since=START, others=[week])
    assert [each.against for each in found] == [50]
    assert not detect(
        terms(new_lowest=True, new_lowest_days=7), [seen(7, "40")], (), since=START, others=[week[1:]]
    )


def test_a_new_book_is_told_if_that_is_wanted() -> None:
    """Report a book that the watch has not seen before, even if it is sold out; no other, and only if requested."""
    for price in ("30", SOLD_OUT):
        past = [seen(0, price)]
        wanted = terms(new_books=True)
        assert detect(wanted, past, (), since=START, is_new=True) == (PriceEvent(AlertKind.NEW_BOOK),)
        assert detect(wanted, past, (), since=START, is_new=False) == ()
        assert detect(wanted, past, (), since=START) == ()
        assert detect(terms(), past, (), since=START, is_new=True) == ()


def test_the_most_telling_event_comes_first() -> None:
    """Several events of a product at one time always have the same order."""
    wanted = terms(target_price="20", drop_percent="10", new_lowest=True, new_books=True, back_in_stock=True)
    past = offered("30", SOLD_OUT, "20")
    found = detect(wanted, past, (), since=START, is_new=True)
    assert [each.kind for each in found] == [
        AlertKind.TARGET_PRICE, AlertKind.PRICE_DROP, AlertKind.NEW_LOWEST, AlertKind.NEW_BOOK,
        AlertKind.BACK_IN_STOCK,
    ]  # fmt: skip


def test_what_was_told_of_another_kind_is_nothing_to_a_target() -> None:
    """An earlier alert for a price drop to ¥20 does not count as one for the target of ¥20."""
    past = offered("20", "10", "11")
    told = [SentAlert(AlertKind.PRICE_DROP, past[1].at, Decimal(10), Decimal(20))]
    found = detect(terms(target_price="20"), past, told, since=START)
    assert found == (PriceEvent(AlertKind.TARGET_PRICE, Decimal(20)),)


def test_a_lowest_price_that_was_told_without_a_price_says_nothing() -> None:
    """If the earlier alert has no price, compare with the past."""
    past = offered("50", "45", "40")
    told = [SentAlert(AlertKind.NEW_LOWEST, past[1].at, None, None)]
    (found,) = detect(terms(new_lowest=True), past, told, since=START)
    assert found == PriceEvent(AlertKind.NEW_LOWEST, Decimal(45))


def test_a_lowest_price_is_compared_with_the_next_higher_one() -> None:
    """Another search may just have recorded this price: it is not lower than itself."""
    (found,) = detect(terms(new_lowest=True), offered("50", "45", "40", "40"), (), since=START)
    assert found == PriceEvent(AlertKind.NEW_LOWEST, Decimal(45))


def test_a_new_target_is_told_of_anew() -> None:
    """Alerts for another target do not count for this one."""
    past = [seen(0, "19"), seen(1, "18")]
    told = [SentAlert(AlertKind.TARGET_PRICE, past[0].at, Decimal(19), Decimal(20))]
    wanted = terms(target_price="18")
    (happening,) = detect(wanted, past, told, since=START, is_new=False)
    assert happening.against == 18


def test_a_price_that_another_search_saw_first_is_told_all_the_same() -> None:
    """The watch's own state counts, not other searches in between."""
    wanted = terms(target_price="20", drop_percent="10", new_lowest=True, back_in_stock=True)
    past = [
        seen(0, "30"),
        seen(1, SOLD_OUT),
        seen(2, "20"),
        seen(3, "20"),
    ]  # the last two: another search's, and ours
    kinds = {each.kind for each in detect(wanted, past, (), since=START, is_new=False)}
    assert kinds == {
        AlertKind.TARGET_PRICE, AlertKind.PRICE_DROP, AlertKind.NEW_LOWEST, AlertKind.BACK_IN_STOCK,
    }  # fmt: skip


ALL = terms(target_price="20", drop_percent="5", new_lowest=True, back_in_stock=True)
PRICES = st.lists(
    st.one_of(
        st.decimals(1, 60, places=2).map(str),
        st.sampled_from([SOLD_OUT, NO_PRICE, "19.99", "20", "20.01"]),
    ),
    min_size=1,
    max_size=12,
)


@given(PRICES, st.integers(0, 3))
def test_a_price_that_stays_or_trembles_tells_nothing_more(prices: list[str], repeats: int) -> None:
    """Seeing the same price again, or a hundredth more and then less, never causes an alert."""
    before = followed(ALL, prices)
    last = prices[-1]
    tail = [last] * repeats
    if last not in {SOLD_OUT, NO_PRICE}:
        tail += [str(Decimal(last) + Decimal("0.01")), last]
    after = followed(ALL, [*prices, *tail])
    assert after[: len(before)] == before
    assert [kind for _, kind, _ in after[len(before) :]] == []


@given(PRICES)
def test_what_is_told_is_true(prices: list[str]) -> None:
    for day, kind, against in followed(ALL, prices):
        price = prices[day]
        earlier = [Decimal(other) for other in prices[:day] if other not in {SOLD_OUT, NO_PRICE}]
        if kind == "back_in_stock":
            assert SOLD_OUT in prices[:day]
            assert price != SOLD_OUT
            continue
        assert against is not None
        if kind == "target_price":
            assert Decimal(price) <= 20
        elif kind == "price_drop":
            assert Decimal(price) <= Decimal(against) * Decimal("0.95")
            assert Decimal(against) in earlier
        else:
            assert Decimal(price) < Decimal(against)
            assert Decimal(price) <= min(earlier)


def offered(*prices: str) -> list[Observation]:
    return [seen(day, price) for day, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("wanted", "own", "others", "expected"),
    [
        # Never so cheap here; but another offer of the book was.
        ({"new_lowest": True}, ["40", "31"], [["13"]], []),
        ({"new_lowest": True}, ["40", "31"], [["31.20"]], []),  # a hundredth is no news
        ({"new_lowest": True}, ["40", "31"], [["35", "33"]], ["33"]),
        ({"new_lowest": True}, ["40", "31"], [[SOLD_OUT, NO_PRICE]], ["40"]),
        # Half the price here, but another offer of the book cost little more.
        ({"drop_percent": "20"}, ["60", "30"], [["31"]], []),
        ({"drop_percent": "20"}, ["60", "30"], [["45", "40"]], ["45"]),
        ({"drop_percent": "20"}, ["60", "30"], [["90"], [SOLD_OUT]], ["60"]),
        # Back here; but the book was never gone.
        ({"back_in_stock": True}, [SOLD_OUT, "30"], [["50"]], []),
        ({"back_in_stock": True}, ["30", SOLD_OUT, "30"], [["50", SOLD_OUT]], [None]),
        ({"back_in_stock": True}, [SOLD_OUT, SOLD_OUT, "30"], [["50", SOLD_OUT]], [None]),
    ],
)
def test_what_another_offer_of_the_book_had_is_no_news(
    wanted: dict[str, Any], own: list[str], others: list[list[str]], expected: list[str | None]
) -> None:
    found = detect(
        terms(**wanted), offered(*own), (), since=START, others=[offered(*other) for other in others]
    )
    assert [None if each.against is None else str(each.against) for each in found] == expected
