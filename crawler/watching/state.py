"""The state of a watch: when it ran, since when its terms apply, and whether it is due."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crawler.history.units import as_flag, as_number, as_row, as_text, from_microseconds

if TYPE_CHECKING:
    from crawler.watching.watch import Watch

__all__ = ["STATE_COLUMNS", "WatchState", "fingerprint", "state_of", "told_terms"]

STATE_COLUMNS = "watch.id, watch.name, search, first_seen, since, last_tried, last_success, whole"
"""The columns of the table `watch` that `state_of` reads."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """The state of a watch; every datetime is aware, UTC."""

    number: int
    name: str
    search: str
    """The fingerprint of its search."""
    first_seen: dt.datetime
    since: dt.datetime
    """The time since which its current terms apply."""
    last_tried: dt.datetime | None
    last_success: dt.datetime | None
    """The last time at which every page was read."""
    whole: bool
    """True if its current search has ever read every page."""

    @property
    def failed_since(self) -> dt.datetime | None:
        """The time of the last run if that was no success; None otherwise."""
        return None if self.last_tried == self.last_success else self.last_tried

    def due_at(self, every: dt.timedelta) -> dt.datetime:
        """Return the time at which a watch with this interval is next due.

        Slightly early counts as due: a watch that cron starts on the hour must not drift by the seconds that the last
        run took. A failed watch is due again sooner than a successful one, but not at once.
        """
        times = []
        if self.last_success is not None:
            times.append(self.last_success + every - min(every / 20, dt.timedelta(minutes=5)))
        if self.last_tried is not None:
            times.append(self.last_tried + every / 10)
        return max(times, default=self.first_seen)

    def is_due(self, every: dt.timedelta, now: dt.datetime) -> bool:
        """Return True if the watch is due."""
        return self.last_tried is None or self.due_at(every) <= now

    def overdue(self, every: dt.timedelta, now: dt.datetime) -> bool:
        """Return True if it has not succeeded for three of its intervals."""
        return now - (self.last_success or self.first_seen) > 3 * every

    def by_the_clock(self, now: dt.datetime) -> WatchState:
        """Return the state without impossible values: a wrong clock recorded any times in the future."""
        return replace(
            self,
            first_seen=min(self.first_seen, now),
            since=min(self.since, now),
            last_tried=None if self.last_tried is None or self.last_tried > now else self.last_tried,
            last_success=None if self.last_success is None or self.last_success > now else self.last_success,
        )


def fingerprint(value: Any) -> str:
    """Return 16 hexadecimal digits that identify plain values; Decimals compare by their amount."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    from decimal import Decimal

    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def told_terms(watch: Watch) -> str:
    """Return the fingerprint of the terms of a watch that decide which events are news.

    A target remembers its own alerts, and new books need no memory: see `events`.
    """
    terms = watch.terms
    return fingerprint([terms.drop_percent, terms.new_lowest, terms.back_in_stock])


def state_of(row: tuple[Any, ...] | None) -> WatchState:
    """Read the state in a row of `STATE_COLUMNS`. Raises DamagedValueError."""
    number, name, search, first_seen, since, tried, success, whole = as_row(row)
    return WatchState(
        as_number(number), as_text(name), as_text(search), from_microseconds(first_seen), from_microseconds(since),
        _moment(tried), _moment(success),
        as_flag(whole),
    )  # fmt: skip


def _moment(number: int | None) -> dt.datetime | None:
    return None if number is None else from_microseconds(number)
