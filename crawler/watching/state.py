"""What is known of a watch: when it was made, since when it tells what it tells, and whether it is due."""

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
"""What `state_of` wants, of the table `watch`."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """What is known of a watch; every moment aware, UTC."""

    number: int
    name: str
    search: str
    """What it searches, as a fingerprint."""
    first_seen: dt.datetime
    since: dt.datetime
    """When it began with what it is to tell now."""
    last_tried: dt.datetime | None
    last_success: dt.datetime | None
    """When every page was had last."""
    whole: bool
    """Whether the search that it makes now was ever had whole."""

    @property
    def failed_since(self) -> dt.datetime | None:
        """When it was tried last, if that was no success; None otherwise."""
        return None if self.last_tried == self.last_success else self.last_tried

    def due_at(self, every: dt.timedelta) -> dt.datetime:
        """Return when a watch is due again that is to be made so often.

        A little early is in time: what cron starts on the hour must not slip by the seconds that the last run took.
        What failed is tried again sooner than what succeeded, but not at once.
        """
        times = []
        if self.last_success is not None:
            times.append(self.last_success + every - min(every / 20, dt.timedelta(minutes=5)))
        if self.last_tried is not None:
            times.append(self.last_tried + every / 10)
        return max(times, default=self.first_seen)

    def is_due(self, every: dt.timedelta, now: dt.datetime) -> bool:
        """Return whether it is due."""
        return self.last_tried is None or self.due_at(every) <= now

    def overdue(self, every: dt.timedelta, now: dt.datetime) -> bool:
        """Whether it has not succeeded for three of its intervals."""
        return now - (self.last_success or self.first_seen) > 3 * every

    def by_the_clock(self, now: dt.datetime) -> WatchState:
        """Return the state as far as it can be true: what lies ahead was noted by a clock that was wrong."""
        return replace(
            self,
            first_seen=min(self.first_seen, now),
            since=min(self.since, now),
            last_tried=None if self.last_tried is None or self.last_tried > now else self.last_tried,
            last_success=None if self.last_success is None or self.last_success > now else self.last_success,
        )


def fingerprint(value: Any) -> str:
    """Return 16 hexadecimal digits that stand for plain values; Decimals count by their amount."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    from decimal import Decimal

    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def told_terms(watch: Watch) -> str:
    """Return what stands for those terms of a watch that decide what is news.

    A target has a memory of its own, and new books need none: see `events`.
    """
    terms = watch.terms
    return fingerprint([terms.drop_percent, terms.new_lowest, terms.back_in_stock])


def state_of(row: tuple[Any, ...] | None) -> WatchState:
    """Return the state that a row of `STATE_COLUMNS` holds. Raises DamagedValueError."""
    number, name, search, first_seen, since, tried, success, whole = as_row(row)
    return WatchState(
        as_number(number), as_text(name), as_text(search), from_microseconds(first_seen), from_microseconds(since),
        _moment(tried), _moment(success),
        as_flag(whole),
    )  # fmt: skip


def _moment(number: int | None) -> dt.datetime | None:
    return None if number is None else from_microseconds(number)
