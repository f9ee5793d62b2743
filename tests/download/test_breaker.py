"""The circuit breaker, with a clock that the tests turn."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.breaker import BLOCKING_HOSTS, GOOD_HOSTS, Breaker

HOST = "shop.example"


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)

    def until(self, moment: dt.datetime | None) -> float | None:
        return None if moment is None else (moment - self.now).total_seconds()


def block(breaker: Breaker, times: int, retry_after: float | None = None) -> None:
    for _ in range(times):
        breaker.note(HOST, blocked=True, retry_after=retry_after)


def test_five_blocks_in_a_row_open_it() -> None:
    """Four do not, and the fifth gives the end of the rest: in 15 minutes."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 4)
    assert breaker.open_until(HOST) is None
    block(breaker, 1)
    assert clock.until(breaker.open_until(HOST)) == 900.0


def test_any_other_answer_begins_the_count_anew() -> None:
    """Four blocks, a response and four blocks are not five in a row."""
    breaker = Breaker(now=Clock())
    block(breaker, 4)
    breaker.note(HOST, blocked=False)
    block(breaker, 4)
    assert breaker.open_until(HOST) is None


def test_hosts_are_counted_apart() -> None:
    """One host's blocks do not affect another's."""
    breaker = Breaker(now=Clock())
    block(breaker, 4)
    breaker.note("other.example", blocked=True)
    assert breaker.open_until(HOST) is None
    block(breaker, 1)
    assert breaker.open_until(HOST) is not None
    assert breaker.open_until("other.example") is None


def test_groups_side_by_side_count_once() -> None:
    """Three blocks of one group and three of another count as three; a response of either resets both counts."""
    breaker = Breaker(now=Clock())
    for group in "abababab":
        breaker.note(HOST, blocked=True, group=group)
    assert breaker.open_until(HOST) is None
    breaker.note(HOST, blocked=False, group="b")
    for group in "aaaab":
        breaker.note(HOST, blocked=True, group=group)
    assert breaker.open_until(HOST) is None
    breaker.note(HOST, blocked=True, group="a")
    assert breaker.open_until(HOST) is not None


def test_a_block_of_any_group_may_lengthen_the_rest() -> None:
    """The rest that a block requests applies even if the breaker is open already."""
    clock = Clock()
    breaker = Breaker(now=clock)
    breaker.note(HOST, blocked=True, group="b", retry_after=3600.0)
    block(breaker, 5)
    assert clock.until(breaker.open_until(HOST)) == 3600.0


def test_the_rest_lasts_as_long_as_the_longest_retry_after() -> None:
    """The longest rest that any of the blocks requested applies; a shorter one does not shorten it."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 1, retry_after=3600.0)
    block(breaker, 4, retry_after=5.0)
    assert clock.until(breaker.open_until(HOST)) == 3600.0


def test_the_rest_ends_and_one_block_opens_it_again() -> None:
    """After the rest, the host may be requested; one block then suffices, and starts a new rest."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 5, retry_after=3600.0)
    clock.pass_(3599.0)
    assert breaker.open_until(HOST) is not None
    clock.pass_(1.0)
    assert breaker.open_until(HOST) is None
    block(breaker, 1)
    assert clock.until(breaker.open_until(HOST)) == 900.0


def test_one_answer_after_the_rest_closes_it_for_good() -> None:
    """Then it takes five blocks again."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 5)
    clock.pass_(900.0)
    breaker.note(HOST, blocked=False)
    block(breaker, 4)
    assert breaker.open_until(HOST) is None


def test_stragglers_do_not_end_the_rest() -> None:
    """For requests sent before it opened, a response changes nothing, and a block may only extend the rest."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 5)
    clock.pass_(10.0)
    breaker.note(HOST, blocked=False)
    block(breaker, 1)
    assert clock.until(breaker.open_until(HOST)) == 890.0
    block(breaker, 1, retry_after=1000.0)
    assert clock.until(breaker.open_until(HOST)) == 1000.0


@pytest.mark.parametrize("asked", [math.nan, math.inf, -5.0, 1e300])
def test_absurd_rests_are_bounded(asked: float) -> None:
    """No Retry-After raises, shortens the rest, or exceeds a year and a day."""
    clock = Clock()
    breaker = Breaker(now=clock)
    block(breaker, 5, retry_after=asked)
    assert 900.0 <= (clock.until(breaker.open_until(HOST)) or 0.0) <= 366 * 86_400


def test_hosts_that_answer_leave_nothing_behind() -> None:
    """Only hosts that block are remembered, and when the last thousand others answered."""
    breaker = Breaker(now=Clock())
    for number in range(GOOD_HOSTS + 100):
        breaker.note(f"{number}.example", blocked=True)
        breaker.note(f"{number}.example", blocked=False)
    assert not breaker._hosts
    assert len(breaker._last_good) == GOOD_HOSTS


def test_a_good_response_recorded_late_resets_only_what_came_before_it() -> None:
    """It came before the blocks and was parsed after four of them: the fifth still opens the breaker."""
    breaker = Breaker(now=Clock())
    for came_at in (2.0, 3.0, 4.0, 5.0):
        breaker.note(HOST, blocked=True, came_at=came_at)
    breaker.note(HOST, blocked=False, came_at=1.0)
    assert breaker.open_until(HOST) is None
    breaker.note(HOST, blocked=True, came_at=6.0)
    assert breaker.open_until(HOST) is not None


def test_a_block_recorded_late_counts_as_before_the_response_after_it() -> None:
    """A good response came in between, so they are not in a row, and the host's wish for a rest is over."""
    clock = Clock()
    breaker = Breaker(now=clock)
    breaker.note(HOST, blocked=False, came_at=5.0)
    for came_at in (1.0, 2.0, 3.0, 4.0):
        breaker.note(HOST, blocked=True, came_at=came_at, retry_after=9000.0)
    for came_at in (6.0, 7.0, 8.0, 9.0):
        breaker.note(HOST, blocked=True, came_at=came_at)
    assert breaker.open_until(HOST) is None
    breaker.note(HOST, blocked=True, came_at=10.0)
    assert clock.until(breaker.open_until(HOST)) == 900.0


def test_a_good_response_from_before_the_last_block_does_not_close_a_half_open_breaker() -> None:
    """It is recorded after the rest, but says nothing of the host since: the next block opens the breaker again."""
    clock = Clock()
    breaker = Breaker(now=clock)
    for came_at in (1.0, 2.0, 3.0, 5.0, 6.0):
        breaker.note(HOST, blocked=True, came_at=came_at)
    clock.pass_(900.0)
    breaker.note(HOST, blocked=False, came_at=4.0)
    breaker.note(HOST, blocked=True, came_at=7.0)
    assert breaker.open_until(HOST) is not None


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab")), max_size=30), st.randoms())
def test_the_order_of_recording_does_not_matter(came: list[tuple[bool, str]], draw: random.Random) -> None:
    """While the breaker is closed, it counts the blocks since the last good response, by the time they came."""
    noted = list(enumerate(came))
    draw.shuffle(noted)
    last_good = max((at for at, (blocked, _) in enumerate(came) if not blocked), default=-1)
    since = Counter(group for _, group in came[last_good + 1 :])
    for group in "ab":
        breaker = Breaker(threshold=31, now=Clock())
        for came_at, (blocked, its_group) in noted:
            breaker.note(HOST, blocked=blocked, group=its_group, came_at=float(came_at))
        for number in range(31 - since[group]):
            assert breaker.open_until(HOST) is None
            breaker.note(HOST, blocked=True, group=group, came_at=100.0 + number)
        assert breaker.open_until(HOST) is not None


steps = st.tuples(st.booleans(), st.none() | st.integers(0, 2000), st.integers(0, 500))


@given(st.integers(1, 6), st.lists(steps, max_size=60))
def test_it_does_what_its_rule_says(threshold: int, plan: list[tuple[bool, int | None, int]]) -> None:
    """Every step agrees with the rule, written as a plain evaluation of the whole history."""
    clock = Clock()
    start = clock.now
    breaker = Breaker(threshold=threshold, rest_seconds=600.0, now=clock)
    in_a_row, half_open, until, longest = 0, False, -1.0, 0.0
    for blocked, asked, passes in plan:
        clock.pass_(passes)
        now = (clock.now - start).total_seconds()
        breaker.note(HOST, blocked=blocked, retry_after=asked)
        is_open = now < until
        if blocked:
            longest = max(longest, now + (asked or 0.0))
            in_a_row += 1
            if is_open:
                until = max(until, longest)
            elif half_open or in_a_row >= threshold:
                until, half_open = max(now + 600.0, longest), True
        elif not is_open:
            in_a_row, half_open, longest = 0, False, 0.0
        opened = breaker.open_until(HOST)
        assert opened == (start + dt.timedelta(seconds=until) if now < until else None)


def test_the_hosts_with_blocks_are_bounded() -> None:
    """A long list may have any number of hosts that block; the one that blocked longest ago is forgotten."""
    breaker = Breaker(threshold=2, now=Clock())
    for n in range(BLOCKING_HOSTS + 10):
        breaker.note(f"h{n}", blocked=True)
    assert len(breaker._hosts) == BLOCKING_HOSTS
    breaker.note("h20", blocked=True)
    breaker.note("h5", blocked=True)
    assert breaker.open_until("h20") is not None
    assert breaker.open_until("h5") is None
