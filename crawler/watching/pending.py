"""Alerts that are still to be brought somewhere, as the rows of the history file hold them: a row an event."""

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
    """An alert that is still to be brought somewhere."""

    numbers: tuple[int, ...]
    """Of its events: each is a row."""
    alert: Alert
    query: str
    """Of the watch that raised it, as it was typed."""
    attempts: int
    """How often the channel was asked to take it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An alert that is to be brought somewhere, and cannot be read."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"alert {self.number} in the history cannot be read: {self.why}"


@dataclass(frozen=True, slots=True)
class Resting:
    """An alert that a channel refused several times, and is not asked to take for a while."""

    channel: str
    """The channel's key."""
    watch: str
    title: str
    since: dt.datetime
    """When it was refused first."""
    until: dt.datetime
    why: str


def pending_of(number: int, attempts: int, row: tuple[Any, ...] | None, source: str) -> Pending:
    """Read an undelivered event from a row. Raises DamagedValueError."""
    alert, query = alert_of(row, source)
    return Pending((as_number(number),), alert, query, as_count(attempts))


def together(rows: Iterable[Pending]) -> tuple[Pending, ...]:
    """Return the events of one alert as one, where they were tried as often; the others as they come."""
    alerts: dict[tuple[str, str, dt.datetime, int, int], Pending] = {}
    times: Counter[tuple[str, str, dt.datetime, int, AlertKind]] = Counter()
    for row in rows:
        alert = row.alert
        same = (alert.watch, alert.product_id, alert.at, row.attempts)
        # No observation raises an event of one kind twice; a row that says so is of an alert of its own.
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
