"""State and alerts of watches, in the history file beside the observations that they are based on."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.alerts.alert import Alert
from crawler.history.store import History, chunked
from crawler.history.units import (
    DamagedValueError,
    as_count,
    from_microseconds,
    hundredths_as_yuan,
    to_microseconds,
)
from crawler.watching.alert_rows import ALERT_QUERY, insert_alert, kind_of, reason_from, reason_row
from crawler.watching.events import SentAlert
from crawler.watching.pending import Pending, Resting, Unreadable, pending_of, together
from crawler.watching.state import STATE_COLUMNS, WatchState, state_of, told_terms

if TYPE_CHECKING:
    from crawler.history.observations import RunRecord
    from crawler.prices.observation import Observation
    from crawler.watching.watch import Watch

__all__ = ["REFUSALS", "REST", "WatchStore"]

REFUSALS = 3
"""How many times a channel may refuse an alert in a message of its own before the alert rests."""

REST = dt.timedelta(days=1)
"""The duration of the rest."""

_LONGEST = 20_000
"""The maximum number of characters to read of a text: no shop writes more."""


_SAME_ALERT = "alert.watch, alert.product, alert.at"
"""The columns that the events of one alert have in common."""


class WatchStore(History):
    """A history file with the state of watches; it and its methods raise HistoryError as `History` does."""

    def known(self, watch: Watch, source: str, search: str, now: dt.datetime) -> WatchState:
        """Return the state of a watch; if it is new, record that it exists, but change nothing else."""
        terms, moment = told_terms(watch), to_microseconds(now)
        with self._translating_errors(), self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO source (name) VALUES (?)", (source,))
            connection.execute(
                "INSERT OR IGNORE INTO watch (source, name, query, search, terms, first_seen, since)"
                " SELECT id, ?, ?, ?, ?, ?, ? FROM source WHERE name = ?",
                (watch.name, watch.terms.query, search, terms, moment, moment, source),
            )
            row = connection.execute(
                f"SELECT {STATE_COLUMNS} FROM watch JOIN source ON source.id = watch.source"  # noqa: S608 – a constant
                " WHERE source.name = ? AND watch.name = ?",
                (source, watch.name),
            ).fetchone()
            return state_of(row).by_the_clock(now)

    def begin(self, watch: Watch, source: str, search: str, now: dt.datetime) -> WatchState:
        """Return the state of a watch that is about to run.

        `search` is the fingerprint of its search. If that has changed, the watch has seen no products yet and is due;
        if its alert terms have changed, they apply from now on.
        """
        known = self.known(watch, source, search, now)
        terms = told_terms(watch)
        with self._translating_errors(), self._transaction() as connection:
            if known.search != search:
                connection.execute("DELETE FROM watched WHERE watch = ?", (known.number,))
                connection.execute(
                    "UPDATE watch SET search = ?, query = ?, whole = 0, last_tried = NULL WHERE id = ?",
                    (search, watch.terms.query, known.number),
                )
            connection.execute(
                "UPDATE watch SET terms = ?, since = ? WHERE id = ? AND (terms != ? OR ?)",
                (terms, to_microseconds(now), known.number, terms, known.search != search),
            )
            row = connection.execute(
                f"SELECT {STATE_COLUMNS} FROM watch WHERE id = ?",  # noqa: S608 – a constant
                (known.number,),
            ).fetchone()
            return state_of(row).by_the_clock(now)

    def tried(self, state: WatchState, at: dt.datetime) -> None:
        """Record that a watch ran at this time and read no page."""
        with self._translating_errors(), self._transaction() as connection:
            connection.execute(
                "UPDATE watch SET last_tried = ? WHERE id = ?", (to_microseconds(at), state.number)
            )

    def unseen(self, state: WatchState, source: str, product_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the given products that a watch has not seen."""
        seen: set[str] = set()
        with self._translating_errors():
            for some, marks in chunked(product_ids):
                rows = self._connection.execute(
                    "SELECT product.product_id FROM source JOIN product ON product.source = source.id"  # noqa: S608 – only question marks are inserted
                    " JOIN watched ON watched.product = product.id"
                    f" WHERE watched.watch = ? AND source.name = ? AND product.product_id IN ({marks})",
                    (state.number, source, *some),
                )
                seen.update(product_id for (product_id,) in rows)
        return frozenset(product_ids) - seen

    def told(self, state: WatchState) -> dict[str, list[SentAlert]]:
        """Return all alerts of a watch, by product."""
        found: dict[str, list[SentAlert]] = {}
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT product.product_id, kind, at, price, against FROM alert"
                " JOIN product ON product.id = alert.product WHERE watch = ?",
                (state.number,),
            )
            for product_id, kind, at, price, against in rows:
                with suppress(
                    DamagedValueError
                ):  # an unreadable alert counts as not sent: a duplicate beats a missed alert
                    told = SentAlert(
                        kind_of(kind),
                        from_microseconds(at),
                        hundredths_as_yuan(price),
                        hundredths_as_yuan(against),
                    )
                    found.setdefault(product_id, []).append(told)
        return found

    def keep(
        self,
        state: WatchState,
        run: RunRecord,
        observations: Sequence[Observation],
        alerts: Sequence[Alert],
        *,
        channels: Collection[str],
        watched: Iterable[str],
        whole: bool,
        tried: bool = True,
    ) -> None:
        """Record a watch's run and, in the same transaction, its alerts, each for every one of `channels` (keys).

        `watched` are the products that are no longer new from now on. `whole` is True for a run that read every page.
        `tried` is False for a run that somebody ended; the watch then stays due.
        """
        with self._translating_errors(), self._transaction() as connection:
            products = self._record(connection, run, observations)
            connection.executemany(
                "INSERT OR IGNORE INTO watched (watch, product) SELECT id, ? FROM watch WHERE id = ? AND search = ?",
                [
                    (products[product_id], state.number, state.search)
                    for product_id in watched
                    if product_id in products
                ],
            )
            for alert in alerts:
                if alert.product_id not in products:
                    continue  # the run was recorded before
                insert_alert(connection, state.number, products[alert.product_id], alert, channels)
            if tried:
                at = to_microseconds(run.started_at)
                connection.execute("UPDATE watch SET last_tried = ? WHERE id = ?", (at, state.number))
                connection.execute(
                    "UPDATE watch SET last_success = ?, whole = 1 WHERE id = ? AND search = ? AND ?",
                    (at, state.number, state.search, whole),
                )

    def pending(self, channel: str, *, source: str, now: dt.datetime | None = None) -> tuple[Pending, ...]:
        """Return the undelivered alerts of a source for a channel: the most often refused last, the others by age.

        Alerts that rest at `now` (by default the current time) and unreadable ones are omitted.
        """
        moment = to_microseconds(now or dt.datetime.now(dt.UTC))
        found = self._undelivered(channel, source, moment)
        return together(each for each in found if isinstance(each, Pending))

    def unreadable(self, channel: str, *, source: str) -> tuple[Unreadable, ...]:
        """Return the alerts of a source that can never be delivered to a channel, because their rows are damaged."""
        return tuple(each for each in self._undelivered(channel, source) if isinstance(each, Unreadable))

    def _undelivered(
        self, channel: str, source: str, now: int | None = None
    ) -> Iterator[Pending | Unreadable]:
        """Yield the undelivered alerts of a channel, except those that rest at `now`."""
        with self._translating_errors():
            # Row by row, because text that is not UTF-8 makes SQLite's module fail for all remaining rows of a query.
            numbers = self._connection.execute(
                "SELECT delivery.alert, attempts FROM delivery JOIN alert ON alert.id = delivery.alert"
                " JOIN watch ON watch.id = alert.watch JOIN source ON source.id = watch.source"
                " LEFT JOIN refusal ON refusal.channel = delivery.channel AND refusal.alert = delivery.alert"
                " WHERE delivery.channel = ? AND NOT delivered AND source.name = ?"
                # A rest that lasts longer than `REST` was recorded by a wrong clock.
                " AND (? IS NULL OR rests_until IS NULL OR rests_until <= ? OR rests_until > ?)"
                " ORDER BY attempts, delivery.alert",
                (
                    channel,
                    source,
                    now,
                    now,
                    None if now is None else now + REST // dt.timedelta(microseconds=1),
                ),
            ).fetchall()
            for number, attempts in numbers:
                yield self._one(number, attempts, source)

    def _one(self, number: int, attempts: int, source: str) -> Pending | Unreadable:
        try:
            row = self._connection.execute(ALERT_QUERY, (number,)).fetchone()
            return pending_of(number, attempts, row, source)
        except sqlite3.OperationalError as error:
            if "UTF-8" not in str(error):
                raise
            return Unreadable(number, "a text of it is not UTF-8")
        except DamagedValueError as error:
            return Unreadable(number, str(error))

    def last_alert(self, state: WatchState, source: str) -> Alert | None:
        """Return the last alert of a watch; None if there is none, or if it cannot be read."""
        with self._translating_errors():
            numbers = self._connection.execute(
                "SELECT alert.id FROM alert JOIN (SELECT watch, product, at FROM alert WHERE watch = ?"
                " ORDER BY at DESC, id LIMIT 1) AS last USING (watch, product, at) ORDER BY alert.id",
                (state.number,),
            ).fetchall()
            found = [self._one(number, 0, source) for (number,) in numbers]
        told = together(each for each in found if isinstance(each, Pending))
        return told[0].alert if told else None

    def undelivered_of(self, state: WatchState) -> tuple[int, str]:
        """Return the number of a watch's undelivered alerts, and the last reason for a refusal, or ''."""
        with self._translating_errors():
            (number,) = self._connection.execute(
                f"SELECT count(*) FROM (SELECT DISTINCT {_SAME_ALERT} FROM alert"  # noqa: S608 – a constant
                " JOIN delivery ON delivery.alert = alert.id WHERE NOT delivered AND alert.watch = ?)",
                (state.number,),
            ).fetchone()
            row = self._connection.execute(
                "SELECT why, why_phrase FROM refusal JOIN alert ON alert.id = refusal.alert WHERE alert.watch = ?"
                " ORDER BY first_at DESC LIMIT 1",
                (state.number,),
            ).fetchone()
            return number, "" if row is None else reason_from(*row)

    def pages_of_run(self, key: str) -> tuple[int, int] | None:
        """Return the numbers of read and of failed pages of a run; None if the run is not recorded."""
        with self._translating_errors():
            row = self._connection.execute(
                "SELECT pages_ok, pages_failed FROM run WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else (as_count(row[0]), as_count(row[1]))

    def undelivered(self, *, source: str) -> dict[str, int]:
        """Return the number of undelivered alerts of a source by channel key."""
        with self._translating_errors():
            return dict(
                self._connection.execute(
                    "SELECT channel, count(*) FROM"  # noqa: S608 – a constant
                    f" (SELECT DISTINCT channel, {_SAME_ALERT} FROM delivery"
                    " JOIN alert ON alert.id = delivery.alert"
                    " JOIN watch ON watch.id = alert.watch JOIN source ON source.id = watch.source"
                    " WHERE NOT delivered AND source.name = ?) GROUP BY channel",
                    (source,),
                ).fetchall()
            )

    def hand_over(self, channels: Collection[str], *, source: str) -> int:
        """Move alerts owed to channels no longer configured to those that are; return the number of alerts.

        A channel receives only alerts that it does not have yet: after a user corrects a URL, the alerts for the wrong
        one arrive.
        """
        moved: set[int] = set()
        if not channels:
            return 0
        with self._translating_errors(), self._transaction() as connection:
            owed = connection.execute(
                "SELECT channel, alert.id FROM delivery JOIN alert ON alert.id = delivery.alert"
                " JOIN watch ON watch.id = alert.watch JOIN source ON source.id = watch.source"
                " WHERE NOT delivered AND source.name = ?",
                (source,),
            ).fetchall()
            for gone, number in owed:
                if gone in channels:
                    continue
                for channel in channels:
                    new = connection.execute(
                        "INSERT OR IGNORE INTO delivery (channel, alert) VALUES (?, ?)", (channel, number)
                    )
                    if new.rowcount:
                        moved.add(number)
                for table in ("delivery", "refusal"):
                    connection.execute(f"DELETE FROM {table} WHERE channel = ? AND alert = ?", (gone, number))  # noqa: S608 – a constant
        return len(moved)

    def attempt(self, channel: str, numbers: Iterable[int]) -> None:
        """Record that alerts are about to be delivered to a channel.

        This happens before the delivery: if the disk is full, an alert that cannot be recorded would otherwise be
        delivered at every call.
        """
        self._mark(
            "UPDATE delivery SET attempts = attempts + 1 WHERE channel = ? AND alert = ?", channel, numbers
        )

    def delivered(self, channel: str, numbers: Sequence[int]) -> None:
        """Record that alerts were delivered to a channel."""
        self._mark("UPDATE delivery SET delivered = 1 WHERE channel = ? AND alert = ?", channel, numbers)
        self._mark("DELETE FROM refusal WHERE channel = ? AND alert = ?", channel, numbers)

    def refused(self, channel: str, refusals: Mapping[tuple[int, ...], str], now: dt.datetime) -> int:
        """Record why a channel refused alerts in messages of their own; return how many of them rest from now on.

        The keys of `refusals` are the numbers of each alert. An alert that was refused `REFUSALS` times rests for
        `REST`, and again after each further refusal.
        """
        at, until = to_microseconds(now), to_microseconds(now + REST)
        with self._translating_errors(), self._transaction() as connection:
            connection.executemany(
                "INSERT INTO refusal (channel, alert, times, first_at, why, why_phrase) VALUES (?, ?, 1, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET times = times + 1, why = excluded.why, why_phrase = excluded.why_phrase",
                [
                    (channel, number, at, *reason_row(why))
                    for numbers, why in refusals.items()
                    for number in numbers
                ],
            )
            resting = 0
            for numbers in refusals:
                rows = [
                    connection.execute(
                        "UPDATE refusal SET rests_until = ? WHERE channel = ? AND alert = ? AND times >= ?",
                        (until, channel, number, REFUSALS),
                    ).rowcount
                    for number in numbers
                ]
                resting += any(rows)
            return resting

    def refused_before(self, channel: str, *, source: str) -> frozenset[int]:
        """Return the numbers of the alerts of a source that a channel has refused in a message of their own."""
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT refusal.alert FROM refusal JOIN alert ON alert.id = refusal.alert"
                " JOIN watch ON watch.id = alert.watch JOIN source ON source.id = watch.source"
                " WHERE refusal.channel = ? AND source.name = ?",
                (channel, source),
            ).fetchall()
        return frozenset(number for (number,) in rows)

    def resting(self, *, source: str, now: dt.datetime) -> tuple[Resting, ...]:
        """Return the alerts of a source that rest at `now`, the longest refused first."""
        moment = to_microseconds(now)
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT refusal.channel, watch.name, CAST(alert.title AS BLOB), min(first_at), max(rests_until),"  # noqa: S608 – a constant
                " why, why_phrase FROM refusal JOIN delivery"
                " ON delivery.channel = refusal.channel AND delivery.alert = refusal.alert"
                " JOIN alert ON alert.id = refusal.alert JOIN watch ON watch.id = alert.watch"
                " JOIN source ON source.id = watch.source"
                " WHERE NOT delivered AND source.name = ? AND rests_until > ?"
                f" GROUP BY refusal.channel, {_SAME_ALERT} ORDER BY min(first_at), min(refusal.alert)",
                (source, moment),
            ).fetchall()
        found = []
        for channel, watch, title, since, until, *why in rows:
            with suppress(ValueError):
                shown = title[: 4 * _LONGEST].decode("utf-8", "replace")
                times = from_microseconds(since), from_microseconds(until)
                found.append(Resting(channel, watch, shown, *times, reason_from(*why)))
        return tuple(found)

    def _mark(self, statement: str, channel: str, numbers: Iterable[int]) -> None:
        with self._translating_errors(), self._transaction() as connection:
            connection.executemany(statement, [(channel, number) for number in numbers])
