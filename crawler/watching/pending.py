"""Undelivered alerts, as rows of the history file: one row for each event."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.history.units import as_count, as_number
from crawler.watching.alert_rows import alert_of

__all__ = ["Pending", "Resting", "Unreadable", "pending_of", "together"]


@dataclass(frozen=True, slots=True)
class Pending:
    """An undelivered alert."""

    numbers: tuple[int, ...]
    """The numbers of its events: each is a row."""
    alert: Alert
    query: str
    """The query of the watch that raised it, as typed."""
    attempts: int
    """How many times the channel was asked to deliver it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An undelivered alert that cannot be read."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"alert {self.number} in the history cannot be read: {self.why}"


@dataclass(frozen=True, slots=True)
class Resting:
    """An alert that a channel has refused several times, and does not receive for a while."""

    channel: str
    """The channel's key."""
    watch: str
    title: str
    since: dt.datetime
    """The time of the first refusal."""
    until: dt.datetime
    why: str


def pending_of(number: int, attempts: int, row: tuple[Any, ...] | None, source: str) -> Pending:
    """Read an undelivered event from a row. Raises DamagedValueError."""
    alert, query = alert_of(row, source)
    return Pending((as_number(number),), alert, query, as_count(attempts))


def together(rows: Iterable[Pending]) -> tuple[Pending, ...]:
    """Merge the events of one alert that were tried equally often; keep the order."""
    alerts: dict[tuple[str, str, dt.datetime, int, int], Pending] = {}
    times: Counter[tuple[str, str, dt.datetime, int, AlertKind]] = Counter()
    for row in rows:
        alert = row.alert
        same = (alert.watch, alert.product_id, alert.at, row.attempts)
        # No observation raises two events of the same kind, so a second such row belongs to an alert of its own.
        place = times[*same, alert.kind]
        times[*same, alert.kind] += 1
        first = alerts.get((*same, place))
        if first is not None:
            merged = replace(
                first.alert,
                also=(*first.alert.also, PriceEvent(alert.kind, alert.against)),
                remarks=first.alert.remarks + alert.remarks,
            )
            alerts[*same, place] = replace(first, numbers=first.numbers + row.numbers, alert=merged)
        else:
            alerts[*same, place] = row
    return tuple(alerts.values())
