"""Stop sending requests to a host that blocks: a circuit breaker (Nygard, «Release It!», 2nd ed. 2018, ch. 5)."""

from __future__ import annotations

import datetime as dt
import time
from bisect import insort
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

__all__ = ["Breaker"]

LONGEST_REST = 366 * 86_400.0
"""Seconds; the longest rest that a server can request."""

GOOD_HOSTS = 1_000
"""Hosts whose last good response is remembered, to ignore a block that came before it but is recorded later."""


BLOCKING_HOSTS = 10_000
"""Hosts whose blocks are remembered; beyond that, the one that blocked longest ago is forgotten."""


class Breaker:
    """Count blocks in a row for each host; after `threshold` of them, close the host for `rest_seconds`.

    After the rest, the breaker is half open: the next block opens it again, the next other response closes it. The
    caller decides what a block is. `now` returns aware datetimes.

    Parallel requests of different groups meet the same obstacle, so their blocks count only once: the count is that of
    the group with the most.
    """

    def __init__(
        self,
        *,
        threshold: int = 5,
        rest_seconds: float = 900.0,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.threshold = threshold
        self._rest_seconds = rest_seconds
        self._now = now
        self._hosts: dict[str, _Blocks] = {}
        self._last_good: dict[str, float] = {}
        """When the last good response of a host came; the host updated longest ago first."""

    def note(
        self,
        host: str,
        *,
        blocked: bool,
        retry_after: float | None = None,
        group: Hashable = None,
        came_at: float | None = None,
    ) -> None:
        """Record the outcome of a request to `host`.

        `came_at` is when its response came, by `time.monotonic()`; None means now. Blocks are in a row if no other
        response came between them, in whatever order the outcomes are recorded: whether a response is a block may
        show only once its page has been parsed.

        `group` is what the request belongs to. `retry_after` is the seconds that a block asked for: the rest lasts as
        long as the longest of them. While the breaker is open, responses to earlier requests change nothing, except
        that a block may extend the rest.
        """
        came_at = time.monotonic() if came_at is None else came_at
        if blocked:
            self._note_block(host, retry_after, group, came_at)
        elif self.open_until(host) is None:
            self._note_good(host, came_at)

    def _note_good(self, host: str, came_at: float) -> None:
        last = self._last_good.pop(host, came_at)
        self._last_good[host] = max(last, came_at)
        if len(self._last_good) > GOOD_HOSTS:
            del self._last_good[next(iter(self._last_good))]
        blocks = self._hosts.get(host)
        if blocks is not None and not blocks.remove_before(came_at):
            del self._hosts[host]

    def _note_block(self, host: str, retry_after: float | None, group: Hashable, came_at: float) -> None:
        if came_at < self._last_good.get(host, came_at):
            return
        now = self._now()
        blocks = self._hosts.pop(host, None) or _Blocks(asked_until=now)
        self._hosts[host] = blocks
        if len(self._hosts) > BLOCKING_HOSTS:
            del self._hosts[next(iter(self._hosts))]
        in_a_row = blocks.in_a_row.setdefault(group, [])
        insort(in_a_row, came_at)
        del in_a_row[: -self.threshold]
        asked = min(max(0.0, retry_after or 0.0), LONGEST_REST)
        blocks.asked_until = max(blocks.asked_until, now + dt.timedelta(seconds=asked))
        if blocks.open_until is not None and now < blocks.open_until:
            blocks.open_until = max(blocks.open_until, blocks.asked_until)
        elif blocks.open_until is not None or len(in_a_row) >= self.threshold:
            rest = dt.timedelta(seconds=self._rest_seconds)
            blocks.open_until = max(now + rest, blocks.asked_until)

    def open_until(self, host: str) -> dt.datetime | None:
        """Return the time until which `host` is closed; None if it may be requested now."""
        blocks = self._hosts.get(host)
        if blocks is None or blocks.open_until is None or self._now() >= blocks.open_until:
            return None
        return blocks.open_until


@dataclass(slots=True)
class _Blocks:
    """The blocks of one host since its last other response."""

    asked_until: dt.datetime
    """The latest time that any of their Retry-After headers gives."""
    in_a_row: dict[Hashable, list[float]] = field(default_factory=dict)
    """When the last blocks of each group came, in that order: as many as the threshold."""
    open_until: dt.datetime | None = None
    """None before the breaker first opened; in the past if it is half open."""

    def remove_before(self, came_at: float) -> bool:
        """Forget the blocks that came before a good response; return True if any are left."""
        self.in_a_row = {
            group: later
            for group, times in self.in_a_row.items()
            if (later := [t for t in times if t > came_at])
        }
        return bool(self.in_a_row)
