"""Alerts that are still to be brought somewhere, as the rows of the history file hold them: a row an event."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.history.units import (
    DamagedValueError,
    as_count,
    as_number,
    as_row,
    as_text,
    from_microseconds,
    hundredths_as_yuan,
)
from crawler.source import Source

__all__ = ["Pending", "Resting", "Unreadable", "kind_of", "pending_of", "together"]


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


def kind_of(name: object) -> AlertKind:
    """Return the kind of alert that a row names. Raises DamagedValueError."""
    try:
        return AlertKind(as_text(name))
    except ValueError as error:
        raise DamagedValueError("a kind of alert", name) from error


def _remarks(text: object) -> tuple[str, ...]:
    try:
        remarks = json.loads(as_text(text))
    except (ValueError, RecursionError):
        remarks = None
    if not isinstance(remarks, list) or not all(isinstance(remark, str) for remark in remarks):
        raise DamagedValueError("a JSON array of texts", text)
    return tuple(remarks)


def pending_of(number: int, attempts: int, row: tuple[Any, ...] | None, source: str) -> Pending:
    """Return what is still to be brought somewhere, as a row holds it. Raises DamagedValueError."""
    watch, kind, product_id, title, url, at, price, against, remarks, query = as_row(row)
    alert = Alert(
        watch=as_text(watch), kind=kind_of(kind), product_id=as_text(product_id), title=as_text(title),
        url=as_text(url), at=from_microseconds(at), price=hundredths_as_yuan(price),
        against=hundredths_as_yuan(against), remarks=_remarks(remarks),
        source=Source.named(source).mark,
    )  # fmt: skip
    return Pending((as_number(number),), alert, as_text(query), as_count(attempts))


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
