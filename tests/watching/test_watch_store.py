"""The state of watches in the history file: when they are due, what is new, which alerts were sent or are pending."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.history.maintenance import HistoryKeeper
from crawler.history.observations import RunRecord
from crawler.prices.observation import Observation
from crawler.settings import Settings
from crawler.watching.run_watch import searched
from crawler.watching.state import WatchState, fingerprint
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import REFUSALS, WatchStore

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
SHOP = "https://search.dangdang.com"
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def a_watch(search: dict[str, Any] | None = None, **over: Any) -> Watch:
    return Watch(WatchTerms(**({"query": "三体", "every": "12h"} | over)), search or {})


def known(memory: WatchStore, watch: Watch, at: dt.datetime = START) -> WatchState:
    return memory.begin(watch, SHOP, searched(watch, Settings()), at)


def keep(
    memory: WatchStore,
    state: WatchState,
    at: dt.datetime,
    *,
    alerts: int = 0,
    whole: bool = True,
    channels: tuple[str, ...] = ("a",),
) -> None:
    run = RunRecord(f"k{at}", SHOP, "三体", at, pages_ok=1, pages_failed=0 if whole else 1)
    seen = [Observation("1", "书", at, Decimal(19)), Observation("2", "书二", at, Decimal(29))]
    told = [
        Alert(
            "三体",
            AlertKind.NEW_BOOK,
            "1",
            f"书{number}",
            "",
            at + number * MINUTE,
            Decimal(19),
            None,
            remarks=("从前", "now"),
        )
        for number in range(alerts)
    ]
    memory.keep(state, run, seen, told, channels=channels, watched=["1"], whole=whole)


@pytest.mark.parametrize(
    ("success", "tried", "hours", "due"),
    [
        (None, None, 0, True),
        (0, 0, 11.9, False),  # a twentieth early, five minutes at most
        (0, 0, 11.92, True),
        (None, 0, 1.1, False),  # what failed is tried again sooner, but not at once
        (None, 0, 1.2, True),
        (0, 12, 12.5, False),
        (0, 12, 13.2, True),
        (30, 30, 1, True),  # a clock that was wrong
    ],
)
def test_when_a_watch_is_due(success: float | None, tried: float | None, hours: float, due: bool) -> None:
    def moment(after: float | None) -> dt.datetime | None:
        return None if after is None else START + after * HOUR

    state = WatchState(1, "三体", "", START, START, moment(tried), moment(success), whole=False)
    now = START + hours * HOUR
    assert state.by_the_clock(now).is_due(12 * HOUR, now) is due


def test_three_intervals_without_success_are_too_many() -> None:
    state = WatchState(1, "三体", "", START, START, None, None, whole=False)
    assert not state.overdue(12 * HOUR, START + 36 * HOUR)
    assert state.overdue(12 * HOUR, START + 37 * HOUR)


def test_a_partial_run_is_no_success_and_knows_no_new_books(file: Path) -> None:
    with WatchStore(file) as memory:
        keep(memory, known(memory, a_watch()), START, whole=False)
        state = known(memory, a_watch(), START + HOUR)
        assert (state.last_tried, state.last_success, state.whole) == (START, None, False)
        keep(memory, state, START + HOUR)
        state = known(memory, a_watch(), START + HOUR)
        assert (state.last_success, state.whole, state.first_seen) == (START + HOUR, True, START)
        keep(memory, state, START + 2 * HOUR, whole=False)
        state = known(memory, a_watch(), START + 2 * HOUR)
        assert (state.last_tried, state.last_success, state.whole) == (START + 2 * HOUR, START + HOUR, True)
        assert state.failed_since == START + 2 * HOUR
        assert memory.unseen(state, SHOP, ["1", "2", "3"]) == {"2", "3"}


@pytest.mark.parametrize(
    ("changed", "forgets", "begins_anew"),
    [
        (a_watch(every="1d"), False, False),
        (a_watch(target_price=Decimal(5)), False, False),
        (a_watch(new_books=True), False, False),
        (a_watch(drop_percent=Decimal(5)), False, True),
        (a_watch(back_in_stock=True), False, True),
        (a_watch({"pages": 5}), True, True),
        (a_watch(name="三体", query="三體全集"), True, True),
        (a_watch(products=("29000001",)), True, True),
    ],
)
def test_a_watch_that_is_changed(file: Path, changed: Watch, forgets: bool, begins_anew: bool) -> None:
    """With another search, it has seen nothing and is due; with other alert conditions, it starts afresh."""
    later = START + HOUR
    with WatchStore(file) as memory:
        keep(memory, known(memory, a_watch()), START)
        state = known(memory, changed, later)
        assert state.whole is not forgets
        assert state.is_due(12 * HOUR, later) is forgets
        assert memory.unseen(state, SHOP, ["1"]) == ({"1"} if forgets else set())
        assert state.since == (later if begins_anew else START)
        assert state.first_seen == START


def test_amounts_count_by_what_they_are() -> None:
    assert fingerprint([Decimal(20)]) == fingerprint([Decimal("20.00")]) != fingerprint([Decimal("20.01")])


def test_what_is_told_is_kept_for_each_channel_until_it_is_delivered(file: Path) -> None:
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        keep(memory, state, START, alerts=3, channels=("a", "b"))
        first, second, third = memory.pending("a", source=SHOP)
        assert (first.alert.title, first.alert.remarks, first.alert.source) == ("书0", ("从前", "now"), "")
        assert (first.alert.at, first.alert.price, first.query) == (START, Decimal(19), "三体")
        memory.delivered("a", [*first.numbers, *third.numbers])
        assert memory.pending("a", source=SHOP) == (second,)
        assert len(memory.pending("b", source=SHOP)) == 3
        assert memory.pending("a", source="demo") == ()
        assert memory.undelivered(source=SHOP) == {"a": 1, "b": 3}
        assert [each.kind for each in memory.told(state)["1"]] == [AlertKind.NEW_BOOK] * 3


def test_the_events_of_one_observation_are_one_alert(file: Path) -> None:
    """They are stored, counted, refused and delivered together; each counts as sent."""
    alert = Alert(
        "三体", AlertKind.TARGET_PRICE, "1", "书", "", START, Decimal(19), Decimal(20), ("now",),
        also=(PriceEvent(AlertKind.PRICE_DROP, Decimal(30)), PriceEvent(AlertKind.NEW_BOOK)),
    )  # fmt: skip
    other = replace(alert, product_id="2", also=())
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        run = RunRecord("k", SHOP, "三体", START, pages_ok=1, pages_failed=0)
        observations = [Observation(number, "书", START, Decimal(19)) for number in "12"]
        memory.keep(state, run, observations, [alert, other], channels=["a"], watched=["1"], whole=True)
        one, two = memory.pending("a", source=SHOP)
        assert (one.alert, two.alert) == (alert, other)
        assert memory.undelivered(source=SHOP) == {"a": 2}
        assert [(each.kind, each.against) for each in memory.told(state)["1"]] == [
            (event.kind, event.against) for event in alert.events
        ]
        rested = [memory.refused("a", {one.numbers: "no"}, START) for _ in range(REFUSALS)]
        assert rested == [0, 0, 1]
        assert len(memory.resting(source=SHOP, now=START)) == 1
        assert memory.pending("a", source=SHOP, now=START) == (two,)
        memory.delivered("a", one.numbers)
        assert memory.undelivered(source=SHOP) == {"a": 1}


def test_a_run_that_is_on_record_tells_nothing_twice(file: Path) -> None:
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        keep(memory, state, START, alerts=1)
        keep(memory, state, START, alerts=1)
        assert memory.undelivered(source=SHOP) == {"a": 1}


def test_run_and_alerts_are_one_transaction(file: Path) -> None:
    """If the alerts cannot be written, the run is not recorded, either: next time, both are found again."""
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        memory._connection.execute("DROP TABLE delivery")
        with pytest.raises(Exception, match="no such table"):
            keep(memory, state, START, alerts=1)
        assert memory.series(SHOP, ["1"]) == {}


def test_pruning_takes_no_memory(file: Path) -> None:
    """Sent, seen and pending alerts stay, whatever observations are pruned."""
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        keep(memory, state, START, alerts=1)
        keep(memory, state, START + HOUR)
    with HistoryKeeper(file) as keeper:
        assert keeper.prune(START + HOUR).observations == 2
        keeper.reclaim()
    with WatchStore(file) as memory:
        assert len(memory.told(state)["1"]) == len(memory.pending("a", source=SHOP)) == 1
        assert memory.unseen(state, SHOP, ["1"]) == set()


def test_to_look_at_a_watch_changes_nothing(file: Path) -> None:
    """Other settings, or a check by the doctor, do not change what a watch has seen."""
    with WatchStore(file) as memory:
        keep(memory, known(memory, a_watch()), START)
        other = searched(a_watch(), Settings(pages=9))
        looked = memory.known(a_watch(), SHOP, other, START + HOUR)
        assert looked.search != other
        assert (
            memory.known(a_watch(), SHOP, other, START + HOUR)
            == known(memory, a_watch(), START + HOUR)
            == looked
        )
        assert memory.unseen(looked, SHOP, ["1"]) == set()


def test_a_run_of_a_search_that_was_changed_meanwhile_knows_nothing_of_the_new_one(file: Path) -> None:
    with WatchStore(file) as memory:
        old = known(memory, a_watch())
        new = known(memory, a_watch({"pages": 5}))
        keep(memory, old, START + HOUR)
        state = known(memory, a_watch({"pages": 5}), START + HOUR)
        assert (state.search, state.whole, state.last_success) == (new.search, False, None)
        assert memory.unseen(state, SHOP, ["1"]) == {"1"}


def test_a_run_that_was_ended_from_without_is_due_as_before(file: Path) -> None:
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        run = RunRecord("k", SHOP, "三体", START, pages_ok=1, pages_failed=1)
        seen = [Observation("1", "书", START, Decimal(19))]
        memory.keep(state, run, seen, [], channels=[], watched=["1"], whole=False, tried=False)
        assert known(memory, a_watch()).is_due(12 * HOUR, START)


def test_a_clock_that_was_ahead_silences_no_watch(file: Path) -> None:
    """Records dated in the future are ignored; doctor reports a watch that does not run."""
    year = dt.timedelta(days=365)
    with WatchStore(file) as memory:
        keep(memory, known(memory, a_watch(), START + year), START + year)
        state = known(memory, a_watch(), START)
        assert state.is_due(12 * HOUR, START)
        assert (state.first_seen, state.since, state.last_success) == (START, START, None)


def test_what_is_owed_to_a_place_that_is_gone_goes_to_those_that_have_not_got_it(file: Path) -> None:
    """After a URL is corrected, its pending alerts are delivered; no place gets anything twice."""
    with WatchStore(file) as memory:
        state = known(memory, a_watch())
        keep(memory, state, START, alerts=2, channels=("good", "wrong"))
        good = memory.pending("good", source=SHOP)
        memory.delivered("good", [number for each in good for number in each.numbers])
        assert memory.hand_over(["good", "right"], source="demo") == 0
        assert memory.hand_over([], source=SHOP) == 0
        assert memory.hand_over(["good", "right"], source=SHOP) == 2
        assert memory.undelivered(source=SHOP) == {"right": 2}
        assert memory.hand_over(["good"], source=SHOP) == 0
        assert memory.undelivered(source=SHOP) == {}
