"""Stop sending requests to a host that blocks: a circuit breaker (Nygard, «Release It!», 2nd ed. 2018, ch. 5)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

__all__ = ["Breaker"]

LONGEST_REST = 366 * 86_400.0
"""Seconds; the longest rest that a server can request."""


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

    def note(
        self, host: str, *, blocked: bool, retry_after: float | None = None, group: Hashable = None
    ) -> None:
        """Record the outcome of a request to `host`; call this in the order in which requests end.

        `group` is what the request belongs to. `retry_after` is the seconds that a block asked for: the rest lasts as
        long as the longest of them. While the breaker is open, responses to earlier requests change nothing, except
        that a block may extend the rest.
        """
        blocks = self._hosts.get(host)
        if blocks is None and not blocked:
            return
        now = self._now()
        is_open = blocks is not None and blocks.open_until is not None and now < blocks.open_until
        if not blocked:
            if not is_open:
                self._hosts.pop(host, None)
            return
        if blocks is None:
            blocks = self._hosts[host] = _Blocks(asked_until=now)
        blocks.in_a_row[group] += 1
        asked = min(max(0.0, retry_after or 0.0), LONGEST_REST)
        blocks.asked_until = max(blocks.asked_until, now + dt.timedelta(seconds=asked))
        if is_open:
            blocks.open_until = max(blocks.open_until or now, blocks.asked_until)
        elif max(blocks.in_a_row.values()) >= self.threshold:  # true already if half open
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
    in_a_row: Counter[Hashable] = field(default_factory=Counter)
    """The number of blocks by group."""
    open_until: dt.datetime | None = None
    """None before the breaker first opened; in the past if it is half open."""
