"""What watches have done and told, in the history file beside the observations that it follows from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.alerts.alert import Alert, AlertKind
from crawler.history.moments import from_microseconds, hundredths_as_yuan, to_microseconds
from crawler.history.store import History
from crawler.watching.events import Told
from parsers import SHOPS

if TYPE_CHECKING:
    from crawler.history.observations import Observation, RunRecord
    from crawler.watching.watch import Watch

__all__ = ["Memory", "Pending", "WatchState"]

_MOST_VARIABLES = 900
"""Values in one query; older SQLite libraries take 999 (https://www.sqlite.org/limits.html)."""

_MOST_PENDING = 10_000
"""Alerts that are brought to one channel at once; the others follow in the next run."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """What is known of a watch; every moment aware, UTC."""

    number: int
    name: str
    first_seen: dt.datetime
    since: dt.datetime
    """When it began with what it is to tell now."""
    last_tried: dt.datetime | None
    last_success: dt.datetime | None
    """When every page was had last."""
    whole: bool
    """Whether the search that it makes now was ever had whole."""

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
        """Return whether it is due. One that was made in the future, by a clock that was wrong, is."""
        return self.last_tried is None or self.last_tried > now or self.due_at(every) <= now

    def overdue(self, every: dt.timedelta, now: dt.datetime) -> bool:
        """Whether it has not succeeded for three of its intervals."""
        return now - (self.last_success or self.first_seen) > 3 * every


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert that is still to be brought somewhere."""

    number: int
    alert: Alert
    query: str
    """Of the watch that raised it, as it was typed."""


class Memory(History):
    """A history file with what watches remember; it and its methods raise HistoryError as `History` does."""

    def begin(self, watch: Watch, source: str, search: str, now: dt.datetime) -> WatchState:
        """Return what is known of a watch, which is made known where it is not.

        `search` says what it searches (see `fingerprint`). Of another search than before it has seen nothing, and it is
        due; with other things to tell it begins anew.
        """
        terms = fingerprint(_told_terms(watch))
        moment = to_microseconds(now)
        with self._saying(), self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO source (name) VALUES (?)", (source,))
            connection.execute(
                "INSERT OR IGNORE INTO watch (source, name, query, search, terms, first_seen, since)"
                " SELECT id, ?, ?, ?, ?, ?, ? FROM source WHERE name = ?",
                (watch.name, watch.terms.query, search, terms, moment, moment, source),
            )
            number, known_search, known_terms = connection.execute(
                "SELECT watch.id, search, terms FROM watch JOIN source ON source.id = watch.source"
                " WHERE source.name = ? AND watch.name = ?",
                (source, watch.name),
            ).fetchone()
            if known_search != search:
                connection.execute("DELETE FROM watched WHERE watch = ?", (number,))
                connection.execute(
                    "UPDATE watch SET search = ?, query = ?, whole = 0, last_tried = NULL WHERE id = ?",
                    (search, watch.terms.query, number),
                )
            if (known_search, known_terms) != (search, terms):
                connection.execute(
                    "UPDATE watch SET terms = ?, since = ? WHERE id = ?", (terms, moment, number)
                )
            row = connection.execute(
                "SELECT id, name, first_seen, since, last_tried, last_success, whole FROM watch WHERE id = ?",
                (number,),
            ).fetchone()
        return _state(row)

    def tried(self, state: WatchState, at: dt.datetime) -> None:
        """Note that a watch was made then, and had not one page."""
        with self._saying(), self._transaction() as connection:
            connection.execute(
                "UPDATE watch SET last_tried = ? WHERE id = ?", (to_microseconds(at), state.number)
            )

    def unseen(self, state: WatchState, source: str, product_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some products that a watch has not seen."""
        seen: set[str] = set()
        with self._saying():
            for some in _parts(product_ids):
                rows = self._connection.execute(
                    "SELECT product.product_id FROM source JOIN product ON product.source = source.id"  # noqa: S608 – question marks alone are put in
                    " JOIN watched ON watched.product = product.id"
                    f" WHERE watched.watch = ? AND source.name = ? AND product.product_id IN ({_marks(some)})",
                    (state.number, source, *some),
                )
                seen.update(product_id for (product_id,) in rows)
        return frozenset(product_ids) - seen

    def told(self, state: WatchState) -> dict[str, list[Told]]:
        """Return all that a watch has told, by product."""
        found: dict[str, list[Told]] = {}
        with self._saying():
            rows = self._connection.execute(
                "SELECT product.product_id, kind, at, price, against FROM alert"
                " JOIN product ON product.id = alert.product WHERE watch = ?",
                (state.number,),
            )
            for product_id, kind, at, price, against in rows:
                told = Told(
                    AlertKind(kind),
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
    ) -> None:
        """Record a watch's run, and in the same transaction what is to be told of it, and to which channels (keys).

        `watched` are the products that are no news from now on; `whole` says that it had every page.
        """
        with self._saying(), self._transaction() as connection:
            products = self._record(connection, run, observations)
            connection.executemany(
                "INSERT OR IGNORE INTO watched (watch, product) VALUES (?, ?)",
                [(state.number, products[product_id]) for product_id in watched if product_id in products],
            )
            for alert in alerts:
                if alert.product_id not in products:
                    continue  # the run was on record before
                number = connection.execute(
                    "INSERT INTO alert (watch, product, kind, at, price, against, title, url, remarks)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        state.number, products[alert.product_id], alert.kind.value, to_microseconds(alert.at),
                        _hundredths(alert.price), _hundredths(alert.against), alert.title, alert.url,
                        json.dumps(alert.remarks, ensure_ascii=False),
                    ),
                ).lastrowid  # fmt: skip
                connection.executemany(
                    "INSERT INTO delivery (alert, channel) VALUES (?, ?)", [(number, key) for key in channels]
                )
            connection.execute(
                "UPDATE watch SET last_tried = ?1, last_success = iif(?2, ?1, last_success), whole = max(whole, ?2)"
                " WHERE id = ?3",
                (to_microseconds(run.started_at), int(whole), state.number),
            )

    def pending(self, channel: str, *, source: str) -> tuple[Pending, ...]:
        """Return what of a source is still to be brought to a channel, oldest first."""
        with self._saying():
            rows = self._connection.execute(
                "SELECT alert.id, watch.name, kind, product.product_id, alert.title, alert.url, at, price, against,"
                " remarks, watch.query FROM delivery JOIN alert ON alert.id = delivery.alert"
                " JOIN watch ON watch.id = alert.watch JOIN product ON product.id = alert.product"
                " JOIN source ON source.id = watch.source"
                " WHERE delivery.channel = ? AND source.name = ? ORDER BY alert.id LIMIT ?",
                (channel, source, _MOST_PENDING),
            ).fetchall()
        return tuple(_pending(row, source) for row in rows)

    def undelivered(self) -> dict[str, int]:
        """Return how many alerts still are to be brought to each channel, by the channel's key."""
        with self._saying():
            return dict(
                self._connection.execute("SELECT channel, count(*) FROM delivery GROUP BY channel").fetchall()
            )

    def delivered(self, channel: str, numbers: Iterable[int]) -> None:
        """Note that alerts were brought to a channel."""
        with self._saying(), self._transaction() as connection:
            connection.executemany(
                "DELETE FROM delivery WHERE channel = ? AND alert = ?",
                [(channel, number) for number in numbers],
            )


def fingerprint(value: Any) -> str:
    """Return 16 hexadecimal digits that stand for plain values; Decimals count by their amount."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    from decimal import Decimal

    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _told_terms(watch: Watch) -> list[Any]:
    """Return what of a watch's terms decides what is news. A target has a memory of its own: see `events`."""
    terms = watch.terms
    return [terms.drop_percent, terms.new_lowest, terms.back_in_stock]


def _state(row: tuple[Any, ...]) -> WatchState:
    number, name, first_seen, since, tried, success, whole = row
    return WatchState(
        number, name, from_microseconds(first_seen), from_microseconds(since), _moment(tried), _moment(success),
        bool(whole),
    )  # fmt: skip


def _moment(number: int | None) -> dt.datetime | None:
    return None if number is None else from_microseconds(number)


def _hundredths(yuan: Any) -> int | None:
    return None if yuan is None else round(yuan * 100)


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _MOST_VARIABLES] for start in range(0, len(values), _MOST_VARIABLES))


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _pending(row: sqlite3.Row | tuple[Any, ...], source: str) -> Pending:
    number, watch, kind, product_id, title, url, at, price, against, remarks, query = row
    alert = Alert(
        watch=watch, kind=AlertKind(kind), product_id=product_id, title=title, url=url, at=from_microseconds(at),
        price=hundredths_as_yuan(price), against=hundredths_as_yuan(against), remarks=tuple(json.loads(remarks)),
        source="" if source in {shop.base_url for shop in SHOPS.values()} else source,
    )  # fmt: skip
    return Pending(number, alert, query)
