"""The queue of one host: requests in flight and waiting, and when the next one may start."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from crawler.download.adaptive_limit import AdaptiveLimit
from crawler.download.rate import AdaptiveRate, Start
from crawler.phrases import Phrase

__all__ = ["Grant", "HostQueue", "Outcome", "TotalLimit"]

EVENNESS = 0.9
"""Below 1, so that a slot does not stay empty for long when requests end early."""

TIMER_SECONDS = 1e-6
"""Shortest timer. A shorter one could fire at the same moment forever, because the sum of two floats may fall short."""


class Outcome(StrEnum):
    """The effect of a request's outcome on the limits of its host."""

    SERVED = "served"
    REFUSED = "refused"
    """429 or 503: too many requests at once, or too many per second."""
    OVERLOADED = "overloaded"
    """A timeout or a reset: too many requests at once."""
    NEITHER = "neither"
    """Nothing: it was cancelled, the name does not exist …"""


class Grant(NamedTuple):
    """A slot that was granted, and the state to restore if its waiter is gone."""

    start: Start
    cuts_before: int
    gap_before: float
    gap_until: float


class TotalLimit:
    """The requests in flight to all hosts, and the hosts that wait for one of them to end."""

    __slots__ = ("_hosts", "_most", "out")

    def __init__(self, most: float) -> None:
        self.out = 0
        self._most = most
        self._hosts: OrderedDict[HostQueue, None] = OrderedDict()

    @property
    def is_awaited(self) -> bool:
        """True if a host waits."""
        return bool(self._hosts)

    def has_room(self) -> bool:
        """Return True if one more request may start."""
        return self.out < self._most

    def wait(self, host: HostQueue) -> None:
        """Let `host` dispatch when there is room; a host that already waits keeps its place."""
        self._hosts[host] = None

    def dispatch(self) -> None:
        """Let waiting hosts start one request each, in order, while there is room."""
        while self._hosts and self.out < self._most:
            self._hosts.popitem(last=False)[0].dispatch(most=1)


class HostQueue:
    """The requests to one host: those in flight, and those waiting in order of arrival."""

    __slots__ = (
        "_answer_seconds",
        "_clock",
        "_concurrency",
        "_delay",
        "_gap_until",
        "_last_end",
        "_name",
        "_on_change",
        "_on_gap",
        "_out",
        "_rest_until",
        "_timer",
        "_total",
        "_uniform",
        "_used_at",
        "_waiting",
        "crawl_delay",
        "has_limits",
        "limit",
        "rate",
    )

    def __init__(
        self,
        name: str,
        *,
        concurrency: int,
        total: TotalLimit,
        delay: float,
        on_change: Callable[[str, int, str], None] | None,
        on_gap: Callable[[str, float, str], None] | None,
        clock: Callable[[], float],
        uniform: Callable[[float, float], float],
    ) -> None:
        self.limit = AdaptiveLimit(concurrency)
        self.rate = AdaptiveRate()
        self._total = total
        self._concurrency = concurrency
        self._name = name
        self._delay = delay
        self._on_change = on_change
        self._on_gap = on_gap
        self._clock = clock
        self._uniform = uniform
        self._out = 0
        self._answer_seconds = 0.0
        """Moving average."""
        self._waiting: OrderedDict[asyncio.Future[Grant], int] = OrderedDict()
        """Waiters, each with the number of earlier refusals of its page."""
        self._timer: asyncio.TimerHandle | None = None
        self.crawl_delay = 0.0
        self.has_limits = False
        """True if forgetting the host would lose data: a refusal, a pause, a Crawl-delay."""
        self._rest_until = self._gap_until = self._last_end = -math.inf
        self._used_at = clock()

    def take_at_once(self, refused_before: int) -> Grant | None:
        """Return a slot that is free now, or None."""
        if self._waiting or not self._has_room() or not self._total.has_room():
            return None
        now = self._clock()
        return self._grant(now) if self._ready_at(refused_before) <= now else None

    async def take(self, refused_before: int) -> tuple[Grant, float]:
        """Wait for a slot; return it and the seconds waited."""
        asked_at = self._clock()
        future: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiting[future] = refused_before
        if len(self._waiting) == 1:
            self.dispatch()
        try:
            grant = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # the slot was granted, but nothing was sent
                self._take_back(future.result())
            self._waiting.pop(future, None)
            self.dispatch()
            if self._total.is_awaited:
                self._total.dispatch()
            raise
        return grant, self._clock() - asked_at

    def give_back(self) -> None:
        """Record that a request has ended, and let waiting ones start."""
        self._out -= 1
        self._total.out -= 1
        self._last_end = self._used_at = self._clock()
        if self._total.is_awaited:
            self._total.dispatch()
        if self._waiting:
            self.dispatch()

    def judge(self, grant: Grant, outcome: Outcome, retry_after: float | None) -> None:
        """Adapt the limit and the rate to the outcome of a request."""
        if outcome is Outcome.REFUSED or outcome is Outcome.OVERLOADED:
            self.has_limits = True
        before, why = self.limit.value, ""
        gap_before, why_gap = self.rate.gap, ""
        now, confirmed = self._clock(), self.rate.confirmed
        if outcome is Outcome.SERVED:
            seconds = now - grant.start.at
            self._answer_seconds += (seconds - self._answer_seconds) / (8 if self._answer_seconds else 1)
            why = self.limit.served(grant.cuts_before, self._out)
            why_gap = self.rate.served(grant.start)
            if self.rate.confirmed and not confirmed:
                # A single request was refused, so the earlier refusals were about the rate, too, not about the load.
                self.limit, why = AdaptiveLimit(self._concurrency), Phrase("limits_rate")
        elif outcome is Outcome.OVERLOADED or (
            outcome is Outcome.REFUSED and not self.rate.confirmed and not self.rate.trying
        ):
            why = self.limit.refused(grant.cuts_before, self._out)
        if outcome is Outcome.REFUSED:
            why_gap = self.rate.refused(grant.start, now, rest=retry_after or 0.0, alone=self._out == 1)
        if retry_after is not None:
            self.pause(retry_after)
        if self._waiting:
            self.dispatch()
        if self.limit.value != before and self._on_change is not None:
            self._on_change(self._name, self.limit.value, why)
        if self.rate.gap != gap_before and self._on_gap is not None:
            self._on_gap(self._name, self.rate.gap, why_gap)

    def pause(self, seconds: float) -> None:
        """Start no request for this many seconds."""
        self.has_limits = True
        self._used_at = self._clock()
        self._rest_until = max(self._rest_until, self._used_at + seconds)
        self.dispatch()

    def set_crawl_delay(self, seconds: float) -> None:
        """Allow one request at a time, `seconds` after the previous one ended; 0 removes that."""
        self._used_at = self._clock()
        self.has_limits = True
        self.crawl_delay = seconds if seconds > 0 else 0.0
        self.dispatch()

    def ready_in(self, holding: int) -> float:
        """Return the seconds until one more request could start; see `HostLimiter.ready_in`."""
        if holding >= (1 if self.crawl_delay else self.limit.value):
            return math.inf
        wait = max(0.0, self._ready_at(0) - self._clock())
        unstarted = holding - self._out
        if unstarted <= 0:
            return wait
        even = 0.0
        if self.limit.value != self._concurrency:
            even = EVENNESS * self._answer_seconds / self.limit.value
        return wait + unstarted * max(self._delay, self.rate.gap, even)

    def quiet_since(self, moment: float) -> bool:
        """Return True if the host has been idle since `moment`, so that it can be forgotten."""
        return not self._out and not self._waiting and max(self._used_at, self._ready_at(0)) < moment

    def _has_room(self) -> bool:
        return self._out < (1 if self.crawl_delay else self.limit.value)

    def _ready_at(self, refused_before: int) -> float:
        """Return the earliest start of the next request.

        Crawl-delay counts from the END of the previous request. That request had arrived by then, and the next one
        arrives after its start, so arrivals are never closer by the server's clock either, however long they travel.
        """
        crawl = self._last_end + self.crawl_delay if self.crawl_delay else -math.inf
        return max(self._rest_until, self._gap_until, crawl, self.rate.ready_at(refused_before), self._even())

    def _even(self) -> float:
        """Return the start of the next request that spaces those in flight evenly; no spacing at the full number."""
        if self.limit.value == self._concurrency:
            return -math.inf
        return self.rate.last_start + EVENNESS * self._answer_seconds / self.limit.value

    def _grant(self, now: float) -> Grant:
        self._out += 1
        self._total.out += 1
        gap_before = self._gap_until
        if self._delay > 0:
            self._gap_until = now + self._delay * self._uniform(0.5, 1.5)
        return Grant(self.rate.start(now), self.limit.cuts, gap_before, self._gap_until)

    def _take_back(self, grant: Grant) -> None:
        self._out -= 1
        self._total.out -= 1
        self.rate.take_back(grant.start)
        if self._gap_until == grant.gap_until:
            self._gap_until = grant.gap_before

    def dispatch(self, most: float = math.inf) -> None:
        """Start every waiting request that may start now, and set a timer for the next one.

        Start at most `most`; the host then waits for the total again, behind other hosts.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._has_room():
            now, ready_at = self._clock(), self._ready_at(next(iter(self._waiting.values())))
            if now < ready_at:
                # A timer may fire early by the clock's resolution; then this runs again.
                self._timer = asyncio.get_running_loop().call_later(
                    max(TIMER_SECONDS, ready_at - now), self.dispatch
                )
                return
            if most <= 0 or not self._total.has_room():
                self._total.wait(self)
                return
            future, _ = self._waiting.popitem(last=False)
            if not future.done():  # a cancelled waiter that has not run yet
                future.set_result(self._grant(now))
                most -= 1
