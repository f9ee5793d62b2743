"""When to stop asking a host that blocks: a circuit breaker (Nygard, «Release It!», 2nd ed. 2018, ch. 5)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

__all__ = ["Breaker"]

LONGEST_REST = 366 * 86_400.0
"""Seconds; no server is taken at its word beyond that."""


class Breaker:
    """Blocks in a row, per host: after `threshold` of them the host is not to be asked for `rest_seconds`.

    When the rest is over the breaker is half open: the first block opens it again, the first other answer closes it.
    What a block is, the caller decides. `now` gives aware datetimes.

    Requests of different groups that go out side by side meet the same wall: their blocks count once, as those of the
    group that has the most.
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
        """Take note of how a request to `host` ended, in the order in which requests end.

        `group` is what the request belongs to. `retry_after` are the seconds that a block asked for: the rest lasts as
        long as the longest of its blocks wants. While the breaker is open, answers to what was sent before change
        nothing, but that a block may lengthen the rest by what it asks for.
        """
        now = self._now()
        blocks = self._hosts.get(host)
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
        elif max(blocks.in_a_row.values()) >= self.threshold:  # when half open it is that already
            rest = dt.timedelta(seconds=self._rest_seconds)
            blocks.open_until = max(now + rest, blocks.asked_until)

    def open_until(self, host: str) -> dt.datetime | None:
        """Return when `host` may be asked again; None when it may be now."""
        blocks = self._hosts.get(host)
        if blocks is None or blocks.open_until is None or self._now() >= blocks.open_until:
            return None
        return blocks.open_until


@dataclass(slots=True)
class _Blocks:
    """The blocks of one host since its last other answer."""

    asked_until: dt.datetime
    """The latest moment that a Retry-After among them reaches."""
    in_a_row: Counter[Hashable] = field(default_factory=Counter)
    """How many, by group."""
    open_until: dt.datetime | None = None
    """None before it first opened; in the past when it is half open."""
