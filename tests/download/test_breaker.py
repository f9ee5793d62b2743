"""The circuit breaker, with a clock that the tests turn."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.breaker import Breaker

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
    """Only hosts that block are remembered."""
    breaker = Breaker(now=Clock())
    for number in range(100):
        breaker.note(f"{number}.example", blocked=True)
        breaker.note(f"{number}.example", blocked=False)
    assert not breaker._hosts


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
