"""Alerts as rows of the history file: one for each event, with the facts of an alert in its first event's row."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from crawler.alerts.alert import Alert, AlertKind
from crawler.books import KEEPABLE
from crawler.books.note import BookNote
from crawler.history.units import (
    DamagedValueError,
    as_count,
    as_flag,
    as_row,
    as_text,
    as_text_or_none,
    from_microseconds,
    hundredths_as_yuan,
    to_hundredths,
    to_microseconds,
)
from crawler.phrases import packed, unpacked
from crawler.prices.price_history import PriceHistory, RaisedThenCut, RaiseKind
from crawler.source import Source
from parsers.model import Flag

__all__ = ["ALERT_QUERY", "alert_of", "insert_alert", "kind_of", "reason_from", "reason_row"]

_Name = TypeVar("_Name", bound=StrEnum)

_NOTE = (
    "alert", "volumes", "volume_price", "flags", "kept_for", "seller", "self_operated", "offers",
    "highest_offer",
)  # fmt: skip
_HISTORY = (
    "alert", "since", "days", "lowest", "lowest_at", "median", "previous", "previous_at", "lowest_in_days",
    "raised", "raised_from", "raised_to", "raised_at", "usual_price",
)  # fmt: skip
"""The columns of the tables `alert_note` and `alert_history`."""

_EVENT = (
    "watch.name, kind, product.product_id, alert.title, alert.url, at, price, against, remarks, watch.query"
)

ALERT_QUERY = (
    f"SELECT {_EVENT}, {', '.join(f'alert_note.{name}' for name in _NOTE)},"  # noqa: S608 – constants
    f" {', '.join(f'alert_history.{name}' for name in _HISTORY)}"
    " FROM alert JOIN watch ON watch.id = alert.watch JOIN product ON product.id = alert.product"
    " LEFT JOIN alert_note ON alert_note.alert = alert.id"
    " LEFT JOIN alert_history ON alert_history.alert = alert.id WHERE alert.id = ?"
)
"""Select the row of an event, by its number, for `alert_of`."""


def insert_alert(
    connection: sqlite3.Connection, watch: int, product: int, alert: Alert, channels: Collection[str]
) -> None:
    """Record an alert, and that each of `channels` (keys) has yet to deliver it, within a transaction."""
    for place, event in enumerate(alert.events):
        remarks = () if place else alert.remarks
        number = connection.execute(
            "INSERT INTO alert (watch, product, kind, at, price, against, title, url, remarks)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                watch, product, event.kind.value, to_microseconds(alert.at), to_hundredths(alert.price),
                to_hundredths(event.against), alert.title, alert.url, json.dumps(remarks, ensure_ascii=False),
            ),
        ).lastrowid  # fmt: skip
        if not place and number is not None:
            _insert_facts(connection, number, alert)
        connection.executemany(
            "INSERT INTO delivery (alert, channel) VALUES (?, ?)", [(number, key) for key in channels]
        )


def _insert_facts(connection: sqlite3.Connection, number: int, alert: Alert) -> None:
    for table, columns, row in (
        ("alert_note", _NOTE, None if alert.note is None else _note_row(alert.note)),
        ("alert_history", _HISTORY, None if alert.history is None else _history_row(alert.history)),
    ):
        if row is not None:
            marks = ", ".join("?" * len(columns))
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 – constants
                (number, *row),
            )


def alert_of(row: tuple[Any, ...] | None, source: str) -> tuple[Alert, str]:
    """Read the event in a row of `ALERT_QUERY` as an alert; return it with the query of its watch.

    Raises DamagedValueError.
    """
    row = as_row(row)
    (watch, kind, product_id, title, url, at, price, against, remarks, query), facts = row[:10], row[10:]
    note, history = facts[: len(_NOTE)], facts[len(_NOTE) :]
    moment, amount = from_microseconds(at), hundredths_as_yuan(price)
    alert = Alert(
        watch=as_text(watch), kind=kind_of(kind), product_id=as_text(product_id), title=as_text(title),
        url=as_text(url), at=moment, price=amount, against=hundredths_as_yuan(against),
        remarks=_remarks(remarks), source=Source.named(source).mark,
        note=None if note[0] is None else _note(note[1:]),
        history=None if history[0] is None else _history(history[1:], moment, amount),
    )  # fmt: skip
    return alert, as_text(query)


def kind_of(name: object) -> AlertKind:
    """Return the kind of alert that a row names. Raises DamagedValueError."""
    return _named(AlertKind, name, "a kind of alert")


def reason_row(why: str) -> tuple[str, str | None]:
    """Return the reason for a refusal as the columns `why` and `why_phrase`."""
    phrase = packed([why]).get(why)
    return str(why), None if phrase is None else json.dumps(phrase, ensure_ascii=False)


def reason_from(why: object, phrase: object) -> str:
    """Read these columns: return a phrase if `phrase` says the same as `why`. Raises DamagedValueError."""
    text = as_text(why)
    try:
        values = json.loads(as_text(phrase)) if phrase is not None else None
    except (ValueError, RecursionError):
        values = None
    return unpacked(text, {text: values} if isinstance(values, list) else {})


def _named(names: type[_Name], name: object, expected: str) -> _Name:
    try:
        return names(as_text(name))
    except ValueError as error:
        raise DamagedValueError(expected, name) from error


def _remarks(text: object) -> tuple[str, ...]:
    try:
        remarks = json.loads(as_text(text))
    except (ValueError, RecursionError):
        remarks = None
    if not isinstance(remarks, list) or not all(isinstance(remark, str) for remark in remarks):
        raise DamagedValueError("a JSON array of texts", text)
    return tuple(remarks)


def _note_row(note: BookNote) -> tuple[Any, ...]:
    return (
        note.volumes, to_hundredths(note.volume_price), _joined(flag.value for flag in note.flags),
        _joined(note.kept_for), note.seller, note.self_operated, note.offers, to_hundredths(note.highest_offer),
    )  # fmt: skip


def _note(row: tuple[Any, ...]) -> BookNote:
    volumes, volume_price, flags, kept_for, seller, self_operated, offers, highest_offer = row
    reasons = frozenset(_split(kept_for))
    if not reasons.issubset(KEEPABLE):
        raise DamagedValueError("reasons to drop a product", kept_for)
    return BookNote(
        volumes=_count_or_none(volumes),
        volume_price=hundredths_as_yuan(volume_price),
        flags=frozenset(_named(Flag, name, "flags of a listing") for name in _split(flags)),
        kept_for=reasons,
        seller=as_text_or_none(seller),
        self_operated=None if self_operated is None else as_flag(self_operated),
        offers=as_count(offers),
        highest_offer=hundredths_as_yuan(highest_offer),
    )


def _history_row(history: PriceHistory) -> tuple[Any, ...]:
    raised = history.raised_then_cut
    return (
        to_microseconds(history.since), history.days, to_hundredths(history.lowest),
        _microseconds_or_none(history.lowest_at), to_hundredths(history.median),
        to_hundredths(history.previous), _microseconds_or_none(history.previous_at), history.lowest_in_days,
        *(
            (None,) * 5 if raised is None else
            (raised.kind.value, to_hundredths(raised.before), to_hundredths(raised.raised_to),
             to_microseconds(raised.raised_at), to_hundredths(raised.usual_price))
        ),
    )  # fmt: skip


def _history(row: tuple[Any, ...], at: dt.datetime, price: Decimal | None) -> PriceHistory:
    """Read the history of a product whose price was `price` at `at`."""
    since, days, lowest, lowest_at, median, previous, previous_at, lowest_in_days, *raised = row
    return PriceHistory(
        since=from_microseconds(since),
        last_at=at,
        days=as_count(days),
        price=price,
        lowest=hundredths_as_yuan(lowest),
        lowest_at=_moment_or_none(lowest_at),
        median=hundredths_as_yuan(median),
        previous=hundredths_as_yuan(previous),
        previous_at=_moment_or_none(previous_at),
        lowest_in_days=_count_or_none(lowest_in_days),
        raised_then_cut=_raise(raised, price),
    )


def _raise(row: list[Any], now: Decimal | None) -> RaisedThenCut | None:
    kind, *amounts = row
    if kind is None:
        return None
    before, raised_to, raised_at, usual_price = amounts
    return RaisedThenCut(
        kind=_named(RaiseKind, kind, "what was raised"),
        before=_amount(before),
        raised_to=_amount(raised_to),
        raised_at=from_microseconds(raised_at),
        now=_present(now),
        usual_price=_amount(usual_price),
    )


def _amount(number: Any) -> Decimal:
    return _present(hundredths_as_yuan(number))


def _present(amount: Decimal | None) -> Decimal:
    if amount is None:
        raise DamagedValueError("an amount", None)
    return amount


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _split(names: object) -> list[str]:
    return [name for name in as_text(names).split(",") if name]


def _count_or_none(number: object) -> int | None:
    return None if number is None else as_count(number)


def _moment_or_none(number: int | None) -> dt.datetime | None:
    return None if number is None else from_microseconds(number)


def _microseconds_or_none(moment: dt.datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)
