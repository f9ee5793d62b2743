"""Which target comes next: hosts in turn, a bounded number of them in memory, none that would have to wait.

    job = await scheduler.take()                # from each of many coroutines
    scheduler.done(job, responded=True)         # when the coroutine is free again
    scheduler.saved(shard, ["shop.example"])    # when the results of those hosts are on disk

A coroutine that waited for a slow host could not serve another one. Therefore a host gets no further coroutine while
its limiter would make that wait: it is parked until then, and its targets stay in memory, few, or on disk. Nor do
hosts that have not responded get all coroutines while others have targets: each may take a minute to time out.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from crawler.bulk.model import Target
from crawler.bulk.ports import TargetSource
from crawler.download.limiter import HostLimiter

__all__ = ["ASK_SECONDS", "Job", "Scheduler"]

MAX_HOSTS = 8_192
"""Limit on the hosts in memory. Only hosts that are parked make so many necessary."""

MAX_READ_AHEAD, ALL_READ_AHEAD = 32, 16_384
"""Limits on the targets in memory: of one host, and of all together. Each takes some 600 bytes."""

MIN_READ_AHEAD = 2
"""Beyond the limit for all together, a host still gets so many."""

ASK_SECONDS = 0.5
"""How often a source without pending targets, or a host without further ones, is asked again."""

SILENT_ROUNDS = 3
"""A host without any response to so many targets in a row, times the number that it may have at once, is given up."""

DOUBTFUL_SHARE = 0.75
"""The share of the coroutines that hosts without a response may hold while others have targets."""


class Job(NamedTuple):
    """A target to crawl."""

    shard: int
    target: Target
    host: _Host
    silent: int
    """If its host is given up, how many of its targets in a row got no response; otherwise 0. Do not request it."""
    is_doubtful: bool
    """True if its host has not responded to the last target, or to any."""


class _Host:
    """A host with targets in memory, or with results that are not saved yet."""

    __slots__ = (
        "allowance", "asked_at", "cursor", "has_more", "has_responded", "holding", "is_hungry", "is_queued", "name",
        "queue", "shard", "silent", "unsaved",
    )  # fmt: skip

    def __init__(self, shard: int, name: str) -> None:
        self.shard = shard
        self.name = name
        self.queue: deque[Target] = deque()
        self.cursor = 0
        self.has_more = True
        """False if the source had no further targets when it was last asked."""
        self.asked_at = 0.0
        self.holding = 0
        """Coroutines that have a target of it."""
        self.unsaved = 0
        """Targets that were taken and whose results are not on disk yet."""
        self.allowance = 1
        """Limit on `holding`. A host gets one coroutine until it has answered: it may be dead, or want a delay."""
        self.has_responded = False
        self.silent = 0
        """Targets in a row without any response."""
        self.is_queued = False
        """True if it is among the ready hosts, those held back, or those parked."""
        self.is_hungry = False


class Scheduler:
    """The hosts and targets of some shards; for one event loop.

    `sources` are the shards by number, `per_host` is the limit on the coroutines of one host, `workers` the number of
    coroutines that take targets.
    """

    def __init__(
        self, sources: Mapping[int, TargetSource], limiter: HostLimiter, *, per_host: int, workers: int
    ) -> None:
        self.wants_feed = asyncio.Event()
        """Set when `feed` has something to do."""
        self._sources = sources
        self._limiter = limiter
        self._per_host = per_host
        self._workers = workers
        self._loop = asyncio.get_running_loop()
        self._hosts: dict[int, dict[str, _Host]] = {shard: {} for shard in sources}
        self._ready: deque[_Host] = deque()
        self._held_back: deque[_Host] = deque()
        """Doubtful hosts that get a coroutine when no other host is ready, or enough doubtful ones are done."""
        self._doubtful = 0
        """Coroutines that have a doubtful job."""
        self._most_doubtful = max(1, int(workers * DOUBTFUL_SHARE))
        self._parked: list[tuple[float, int, _Host]] = []
        self._parkings = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_held = False
        self._queued = 0
        """Targets in memory that nobody has taken."""
        self._hungry: deque[_Host] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._asked_at = dict.fromkeys(sources, -math.inf)
        """When the source of a shard last had no further host."""

    # Taking

    async def take(self) -> Job:
        """Return the next target as soon as there is one."""
        while True:
            job = self._pick()
            if job is not None:
                if self._ready or self._held_back:
                    self._wake()
                return job
            self.wants_feed.set()
            future = self._loop.create_future()
            self._waiting.append(future)
            await future

    def done(self, job: Job, *, responded: bool | None) -> None:
        """Take a coroutine back; `responded` is False if the host gave no response, None if it was not asked."""
        host = job.host
        host.holding -= 1
        if job.is_doubtful:
            self._doubtful -= 1
            if self._held_back and self._doubtful < self._most_doubtful:
                self._ready.append(self._held_back.popleft())
                self._wake()
        if responded:
            host.has_responded = True
            host.silent = 0
            host.allowance = self._per_host
        elif responded is False:
            host.silent += 1
        self._enqueue(host)

    def hold(self) -> None:
        """Give out no further target."""
        self._is_held = True

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _pick(self) -> Job | None:
        while (self._ready or self._held_back) and not self._is_held:
            is_last_resort = not self._ready
            host = (self._ready or self._held_back).popleft()
            host.is_queued = False
            if not host.queue:
                continue  # `feed` enqueues it again
            silent = host.silent if host.silent >= SILENT_ROUNDS * host.allowance else 0
            is_doubtful = not silent and (not host.has_responded or host.silent > 0)
            if is_doubtful and not is_last_resort and self._doubtful >= self._most_doubtful:
                host.is_queued = True
                self._held_back.append(host)
                continue
            if not silent:
                if host.holding >= host.allowance:
                    continue  # `done` enqueues it again
                wait = self._limiter.ready_in(host.name, host.holding)
                if wait > 0:
                    if wait < math.inf:
                        self._park(host, wait)
                    elif not host.holding:  # requests of another host were redirected here
                        self._park(host, ASK_SECONDS)
                    continue
            target = host.queue.popleft()
            self._queued -= 1
            host.holding += 1
            host.unsaved += 1
            self._doubtful += is_doubtful
            self._enqueue(host)
            self._check_queue(host)
            return Job(host.shard, target, host, silent, is_doubtful)
        return None

    def _enqueue(self, host: _Host) -> None:
        """Put a host behind those that are ready, if it has targets; what it may do is checked at its turn."""
        if host.queue and not host.is_queued:
            host.is_queued = True
            self._ready.append(host)
            self._wake()

    def _park(self, host: _Host, seconds: float) -> None:
        host.is_queued = True
        self._parkings += 1
        heapq.heappush(self._parked, (self._loop.time() + seconds, self._parkings, host))
        if self._parked[0][2] is host:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._parked[0][0], self._unpark) if self._parked else None

    def _unpark(self) -> None:
        now = self._loop.time()
        while self._parked and self._parked[0][0] <= now:
            host = heapq.heappop(self._parked)[2]
            host.is_queued = False
            self._enqueue(host)
        self._set_timer()

    def _wake(self) -> None:
        """Let one waiting coroutine look for a target; it wakes the next one if there are more."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return

    # Feeding

    def feed(self) -> None:
        """Read targets ahead, and admit further hosts while those in memory do not keep all coroutines busy.

        It asks the sources, so call it from one task, not from each coroutine.
        """
        self.wants_feed.clear()
        now = self._loop.time()
        for _ in range(len(self._hungry)):
            host = self._hungry.popleft()
            host.is_hungry = False
            self._read_ahead(host, now)
            self._forget_if_done(host)
        for shard in self._sources:
            self._admit(shard, now)

    def look_again(self) -> None:
        """Ask every source at the next `feed`: somebody has added targets."""
        self._asked_at = dict.fromkeys(self._sources, -math.inf)
        self.wants_feed.set()

    def _check_queue(self, host: _Host) -> None:
        """Mark a host that needs further targets."""
        if host.is_hungry or len(host.queue) > MAX_READ_AHEAD // 4:
            return
        if host.has_more or self._loop.time() - host.asked_at > ASK_SECONDS:
            host.is_hungry = True
            self._hungry.append(host)
            self.wants_feed.set()

    def _read_ahead(self, host: _Host, now: float) -> None:
        room = max(MIN_READ_AHEAD, min(MAX_READ_AHEAD, ALL_READ_AHEAD - self._queued))
        limit = room - len(host.queue)
        if limit <= 0:
            return
        host.cursor, targets = self._sources[host.shard].next_of(host.name, after=host.cursor, limit=limit)
        host.asked_at = now
        host.has_more = len(targets) == limit
        host.queue.extend(targets)
        self._queued += len(targets)
        self._enqueue(host)

    def _admit(self, shard: int, now: float) -> None:
        hosts = self._hosts[shard]
        ready = len(self._ready) + len(self._held_back)
        wanted = min(self._workers - ready, MAX_HOSTS // len(self._sources) - len(hosts))
        if wanted <= 0 or now - self._asked_at[shard] < ASK_SECONDS:
            return
        names = self._sources[shard].hosts(excluding=hosts, limit=wanted)
        if len(names) < wanted:
            self._asked_at[shard] = now
        for name in names:
            host = hosts[name] = _Host(shard, name)
            self._read_ahead(host, now)
            self._forget_if_done(host)  # another process may have finished its targets meanwhile

    @property
    def is_dry(self) -> bool:
        """True if no host in memory has a target."""
        return not (self._ready or self._held_back or self._parked or self._hungry)

    # Saving

    def saved(self, shard: int, names: Iterable[str]) -> None:
        """Record that one result of each named host (as often as it is named) is on disk."""
        hosts = self._hosts[shard]
        had_hosts = bool(hosts)
        for name in names:
            host = hosts[name]
            host.unsaved -= 1
            if not host.unsaved:
                self._forget_if_done(host)
        if had_hosts and not hosts:  # look at once if it is the end
            self._asked_at[shard] = -math.inf
            self.wants_feed.set()

    def _forget_if_done(self, host: _Host) -> None:
        """Forget a host without unsaved targets. Were it forgotten sooner, its source would name them again.

        If new targets of it come in, its source names it again.
        """
        if not (host.unsaved or host.queue or host.has_more):
            self._hosts[host.shard].pop(host.name, None)

    def is_idle(self, shard: int) -> bool:
        """Return True if the source of a shard had nothing when it was last asked, and nothing is unsaved."""
        return not self._hosts[shard] and self._asked_at[shard] > -math.inf
