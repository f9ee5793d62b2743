"""Limits per host: how many requests at once, how long between two starts, and when to pause.

The number at once adapts to the host's capacity (`crawler.download.adaptive_limit`), the gap between two starts to
hosts that count requests per second (`crawler.download.rate`). While the number is below its maximum, starts are
spaced evenly over the duration of a response (Aggarwal, Savage & Anderson, «Understanding the Performance of TCP
Pacing», IEEE INFOCOM 2000), because a host may refuse a burst of as many requests as it serves otherwise.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from crawler.download.host_queue import Grant, HostQueue, Outcome, TotalLimit

__all__ = ["HostLimiter", "Outcome", "Slot"]

QUIET_SECONDS = 600.0
UNLIMITED_SECONDS = 60.0
SWEEP_AT = 1_000
"""Once so many hosts are known, those without a request for so long are forgotten, and those that never showed a limit
sooner."""


class HostLimiter:
    """Limits per host, shared by every search of an engine, for one event loop.

    `concurrency` limits the requests in flight to one host, `total` those to all hosts; hosts that wait for the total
    are served in order. `delay` is the seconds between the starts of two requests to one host, randomly up to half more
    or less. `on_change` gets every new limit (host, limit, reason), `on_gap` every new gap between starts in seconds.
    `clock` (monotonic seconds) and `uniform` (a random number between two) are for tests.
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
        self._total = TotalLimit(total)
        self._delay = delay
        self._on_change = on_change
        self._on_gap = on_gap
        self._clock = clock
        self._uniform = uniform
        self._hosts: dict[str, HostQueue] = {}
        self._sweep_at = SWEEP_AT

    def turn(self, host: str, *, refused_before: int = 0) -> Slot:
        """Return a context manager that waits for a slot at `host` (name and port) and holds it.

        Slots are granted in the order of the calls. One slot is one request: a redirect needs another one, or it would
        not keep the gap. Where the host limits its rate, a page that was refused `refused_before` times keeps a wider
        gap.
        """
        return Slot(self, host, refused_before)

    def ready_in(self, host: str, holding: int) -> float:
        """Return the seconds until one more request to `host` could start, if `holding` others start before it or run.

        Infinity means that one of those must end first. The answer is an estimate: a request may end, or meet a limit.
        """
        known = self._hosts.get(host)
        if known is not None:
            return known.ready_in(holding)
        return math.inf if holding >= self._concurrency else self._delay * holding

    def set_crawl_delay(self, host: str, seconds: float) -> None:
        """Allow `host` one request at a time, `seconds` after the previous one ended; 0 removes that.

        A request that ended before this call counts, too, such as the one for robots.txt itself.
        """
        known = self._hosts.get(host)
        if seconds > 0 or (known is not None and known.crawl_delay):
            self.host(host).set_crawl_delay(seconds)

    def pause(self, host: str, seconds: float) -> None:
        """Start no request to `host` for so many seconds; a longer pause stays in effect."""
        self.host(host).pause(seconds)

    def gap(self, host: str) -> float:
        """Return the seconds between two starts that the rate limit of `host` demands; 0 without one."""
        known = self._hosts.get(host)
        return 0.0 if known is None else known.rate.gap

    def limit(self, host: str) -> int:
        """Return the current number of requests at once to `host`, its Crawl-delay aside."""
        known = self._hosts.get(host)
        return self._concurrency if known is None else known.limit.value

    def host(self, name: str) -> HostQueue:
        """Return the queue of a host; for `Slot`."""
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
            host = self._hosts[name] = HostQueue(
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
    """The slot of one request, held for the block."""

    __slots__ = ("_grant", "_host", "_judged", "_name", "_pace", "_refused_before", "waited")

    def __init__(self, pace: HostLimiter, name: str, refused_before: int) -> None:
        self.waited = 0.0
        """Seconds until the slot was granted."""
        self._pace = pace
        self._name = name
        self._refused_before = refused_before
        self._host: HostQueue | None = None
        self._grant: Grant | None = None
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
        """Report how the request ended; only the first call within the block counts.

        Pause the whole host for `retry_after` seconds; the caller decides how long is too long.
        """
        if self._host is not None and self._grant is not None and not self._judged:
            self._judged = True
            self._host.judge(self._grant, outcome, retry_after)
