"""How fast a host is asked: how many requests at once, how long between them, and when not at all.

How many requests are out at once adapts to what the host bears: `crawler.download.adaptive_limit`. How long between
two starts adapts, too, to hosts that count requests a second: `crawler.download.rate`. While a host
gets fewer requests at once than it might, they start evenly spaced over the time that an answer takes (Aggarwal, Savage
& Anderson, «Understanding the Performance of TCP Pacing», IEEE INFOCOM 2000): a burst would be refused by a host
that bears as many, but not within a moment.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Self

from crawler.download.adaptive_limit import AdaptiveLimit
from crawler.download.rate import AdaptiveRate, Start
from crawler.phrases import Phrase

__all__ = ["HostLimiter", "Outcome", "Slot"]

EVENNESS = 0.9
"""Below 1, so that requests that end early leave no slot empty for long."""

TIMER_SECONDS = 1e-6
"""A shorter timer might come back to the same moment for ever: the sum of two floats can fall short of it."""

QUIET_SECONDS = 600.0
UNLIMITED_SECONDS = 60.0
SWEEP_AT = 1_000
"""What was learnt of a host is forgotten after so long without a request, once there are so many hosts; a host that
never showed a limit is forgotten sooner."""


class Outcome(StrEnum):
    """What a request says of how its host bears the load."""

    SERVED = "served"
    REFUSED = "refused"
    """429 or 503: too many requests at once, or too many a second."""
    OVERLOADED = "overloaded"
    """A timeout or a reset: too many requests at once."""
    NEITHER = "neither"
    """It says nothing: cancelled, no such name …"""


class HostLimiter:
    """Limits per host, shared by every search of an engine, for one event loop.

    `concurrency` is the most that one host gets at once, `total` the most that all hosts get together; hosts that wait
    for the total get their turns in the order in which they began to wait. `delay` is the seconds between the starts of
    two requests to one host, a random half more or less. `on_change` is told of every new limit: host, limit, and why
    in words; `on_gap` of every new gap between starts, in seconds, likewise. `clock` (seconds, monotonic) and `uniform`
    (a random number between two) are for tests.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        total: float = math.inf,
        delay: float = 0.0,
        on_change: Callable[[str, int, str], None] | None = None,
        on_gap: Callable[[str, float, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._concurrency = concurrency
        self._total = _Total(total)
        self._delay = delay
        self._on_change = on_change
        self._on_gap = on_gap
        self._clock = clock
        self._uniform = uniform
        self._hosts: dict[str, _Host] = {}
        self._sweep_at = SWEEP_AT

    def turn(self, host: str, *, refused_before: int = 0) -> Slot:
        """Return a context manager that waits for a turn at `host` (name and port) and holds it.

        Turns come in the order in which they were asked for. One turn is one request: of a redirect that is followed
        at the same host only the first would keep the gap. A request for a page that has failed `refused_before` times
        keeps a wider gap where the host limits its rate.
        """
        return Slot(self, host, refused_before)

    def set_crawl_delay(self, host: str, seconds: float) -> None:
        """Let `host` have one request at a time, and the next `seconds` after its end; 0 lifts that.

        The end of the last request counts even when it was before this call, as that of robots.txt itself is.
        """
        known = self._hosts.get(host)
        if seconds > 0 or (known is not None and known.crawl_delay):
            self.host(host).set_crawl_delay(seconds)

    def pause(self, host: str, seconds: float) -> None:
        """Let no request to `host` start for so many seconds; a longer pause that is on stays."""
        self.host(host).pause(seconds)

    def gap(self, host: str) -> float:
        """Return the seconds between two starts at `host` that its rate limit demands; 0 without one."""
        known = self._hosts.get(host)
        return 0.0 if known is None else known.rate.gap

    def limit(self, host: str) -> int:
        """Return how many requests `host` gets at once for now, its Crawl-delay aside."""
        known = self._hosts.get(host)
        return self._concurrency if known is None else known.limit.value

    def host(self, name: str) -> _Host:
        """Return what is known of a host; for `Slot`."""
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= self._sweep_at:
                now = self._clock()
                self._hosts = {
                    name: host
                    for name, host in self._hosts.items()
                    if not host.quiet_since(now - (QUIET_SECONDS if host.has_limits else UNLIMITED_SECONDS))
                }
                self._sweep_at = max(SWEEP_AT, 2 * len(self._hosts))
            host = self._hosts[name] = _Host(
                name,
                concurrency=self._concurrency,
                total=self._total,
                delay=self._delay,
                on_change=self._on_change,
                on_gap=self._on_gap,
                clock=self._clock,
                uniform=self._uniform,
            )
        return host


class Slot:
    """One request's turn, held from `async with` to its end, whatever that end is."""

    __slots__ = ("_grant", "_host", "_judged", "_name", "_pace", "_refused_before", "waited")

    def __init__(self, pace: HostLimiter, name: str, refused_before: int) -> None:
        self.waited = 0.0
        """Seconds until the turn came."""
        self._pace = pace
        self._name = name
        self._refused_before = refused_before
        self._host: _Host | None = None
        self._grant: _Grant | None = None
        self._judged = False

    async def __aenter__(self) -> Self:
        host = self._pace.host(self._name)
        self._grant = host.take_at_once(self._refused_before)
        if self._grant is None:
            self._grant, self.waited = await host.take(self._refused_before)
        self._host = host
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.give_back()

    def end(self, outcome: Outcome, retry_after: float | None = None) -> None:
        """Say how the request ended, once and before the turn is given back; without it, it says nothing.

        `retry_after` are seconds for which the whole host is to rest; how long is too long is the caller's business.
        """
        if self._host is not None and self._grant is not None and not self._judged:
            self._judged = True
            self._host.judge(self._grant, outcome, retry_after)


class _Grant(NamedTuple):
    """A turn that came, and what to put back when nobody is there to take it."""

    start: Start
    cuts_before: int
    gap_before: float
    gap_until: float


class _Total:
    """The requests to all hosts together, and the hosts that wait for one of them to end."""

    __slots__ = ("_hosts", "_most", "out")

    def __init__(self, most: float) -> None:
        self.out = 0
        self._most = most
        self._hosts: OrderedDict[_Host, None] = OrderedDict()

    @property
    def is_awaited(self) -> bool:
        """Whether a host waits."""
        return bool(self._hosts)

    def has_room(self) -> bool:
        """Tell whether one more request may start."""
        return self.out < self._most

    def wait(self, host: _Host) -> None:
        """Let `host` dispatch when there is room; it keeps its place if it waits already."""
        self._hosts[host] = None

    def dispatch(self) -> None:
        """Let hosts give turns while there is room, each in its place."""
        while self._hosts and self.out < self._most:
            self._hosts.popitem(last=False)[0].dispatch(most=1)


class _Host:
    """The requests to one host: those out and those waiting, in the order of arrival."""

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
        total: _Total,
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
        self._waiting: OrderedDict[asyncio.Future[_Grant], int] = OrderedDict()
        """With each how often its page was refused before."""
        self._timer: asyncio.TimerHandle | None = None
        self.crawl_delay = 0.0
        self.has_limits = False
        """Whether anything is known that would be missed: a refusal, a rest, a Crawl-delay."""
        self._rest_until = self._gap_until = self._last_end = -math.inf
        self._used_at = clock()

    def take_at_once(self, refused_before: int) -> _Grant | None:
        """Return a turn that need not be waited for; None when it must be."""
        if self._waiting or not self._has_room() or not self._total.has_room():
            return None
        now = self._clock()
        return self._grant(now) if self._ready_at(refused_before) <= now else None

    async def take(self, refused_before: int) -> tuple[_Grant, float]:
        """Wait for a turn, when there was none at once; return it, and the seconds waited."""
        asked_at = self._clock()
        future: asyncio.Future[_Grant] = asyncio.get_running_loop().create_future()
        self._waiting[future] = refused_before
        if len(self._waiting) == 1:
            self.dispatch()
        try:
            grant = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # the turn had come, but nothing was sent
                self._take_back(future.result())
            self._waiting.pop(future, None)
            self.dispatch()
            if self._total.is_awaited:
                self._total.dispatch()
            raise
        return grant, self._clock() - asked_at

    def give_back(self) -> None:
        self._out -= 1
        self._total.out -= 1
        self._last_end = self._used_at = self._clock()
        if self._total.is_awaited:
            self._total.dispatch()
        if self._waiting:
            self.dispatch()

    def judge(self, grant: _Grant, outcome: Outcome, retry_after: float | None) -> None:
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
                # One request alone was refused: the earlier refusals told of the rate as well, not of the load.
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
        self.has_limits = True
        self._used_at = self._clock()
        self._rest_until = max(self._rest_until, self._used_at + seconds)
        self.dispatch()

    def set_crawl_delay(self, seconds: float) -> None:
        self._used_at = self._clock()
        self.has_limits = True
        self.crawl_delay = seconds if seconds > 0 else 0.0
        self.dispatch()

    def quiet_since(self, moment: float) -> bool:
        """Return whether nothing of this host will be missed when it is forgotten."""
        return not self._out and not self._waiting and max(self._used_at, self._ready_at(0)) < moment

    def _has_room(self) -> bool:
        return self._out < (1 if self.crawl_delay else self.limit.value)

    def _ready_at(self, refused_before: int) -> float:
        """Return when the next request may start, as far as time alone decides.

        Crawl-delay counts from the END of the request before. When it ended, it had arrived; the next one arrives after
        it has started: so by the server's clock, too, arrivals are never closer, however long the ways are.
        """
        crawl = self._last_end + self.crawl_delay if self.crawl_delay else -math.inf
        return max(self._rest_until, self._gap_until, crawl, self.rate.ready_at(refused_before), self._even())

    def _even(self) -> float:
        """Return when the next request may start so that those out are spaced evenly; at once at the full number."""
        if self.limit.value == self._concurrency:
            return -math.inf
        return self.rate.last_start + EVENNESS * self._answer_seconds / self.limit.value

    def _grant(self, now: float) -> _Grant:
        self._out += 1
        self._total.out += 1
        gap_before = self._gap_until
        if self._delay > 0:
            self._gap_until = now + self._delay * self._uniform(0.5, 1.5)
        return _Grant(self.rate.start(now), self.limit.cuts, gap_before, self._gap_until)

    def _take_back(self, grant: _Grant) -> None:
        self._out -= 1
        self._total.out -= 1
        self.rate.take_back(grant.start)
        if self._gap_until == grant.gap_until:
            self._gap_until = grant.gap_before

    def dispatch(self, most: float = math.inf) -> None:
        """Give turns to those who wait, as many as may start now, and come back when time lets the next one start.

        With `most`, give so many at most; whoever waits then waits for the total again, behind other hosts.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._has_room():
            now, ready_at = self._clock(), self._ready_at(next(iter(self._waiting.values())))
            if now < ready_at:
                # A timer may fire early, by the clock's resolution; then this comes here again.
                self._timer = asyncio.get_running_loop().call_later(
                    max(TIMER_SECONDS, ready_at - now), self.dispatch
                )
                return
            if most <= 0 or not self._total.has_room():
                self._total.wait(self)
                return
            future, _ = self._waiting.popitem(last=False)
            if not future.done():  # its waiter was cancelled, and has not yet run to say so
                future.set_result(self._grant(now))
                most -= 1
