"""Prune old observations in small steps, so that crawls that record meanwhile hardly wait."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import HistoryError
from crawler.history.store import WAIT_SECONDS, History
from crawler.history.units import to_microseconds
from crawler.phrases import Phrase

__all__ = ["HistoryKeeper", "Pruned"]

_PRODUCTS_AT_ONCE = 2_000
"""Products in one transaction: some 0.5 s if each has a hundred old observations."""

_RECLAIM_WAIT = 5.0
"""How many seconds to wait for exclusive access before giving up: space can be reclaimed at any other time."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """The outcome of a prune."""

    observations: int
    runs: int


class HistoryKeeper(History):
    """A history file opened for maintenance; it and its methods raise HistoryError as `History` does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # A run is deleted with the last of its observations. SQLite's foreign keys would search millions for others.
        with self._translating_errors():
            self._connection.execute("PRAGMA foreign_keys = OFF")
            self._connection.execute(
                "CREATE TEMP TABLE doomed (product INTEGER, run INTEGER, PRIMARY KEY (product, run)) WITHOUT ROWID"
            )

    def prune(self, before: dt.datetime) -> Pruned:
        """Remove observations of runs that began before `before`, and runs that have none left.

        Keep the last observation of every product, however old, and the last one at its lowest price: when it was
        last seen, its price then, and its lowest price ever must not be lost. Keep the last run of every search. Each
        transaction is short. If the process is killed, finished steps persist and the next call does the rest.
        """
        limit = to_microseconds(before)
        with self._translating_errors():
            (last,) = self._connection.execute("SELECT ifnull(max(id), 0) FROM product").fetchone()
        observations = 0
        for start in range(1, last + 1, _PRODUCTS_AT_ONCE):
            with self._translating_errors(), self._transaction() as connection:
                observations += self._prune_some(connection, start, start + _PRODUCTS_AT_ONCE - 1, limit)
        with self._translating_errors(), self._transaction() as connection:
            runs = connection.execute(
                "DELETE FROM run WHERE started_at < ? AND observations = 0 AND EXISTS ("
                "SELECT 1 FROM run AS later WHERE later.search = run.search"
                " AND (later.started_at, later.id) > (run.started_at, run.id))",
                (limit,),
            ).rowcount
        return Pruned(observations, runs)

    def reclaimable(self) -> bool:
        """Return True if there is space to reclaim, including that of an earlier prune."""
        with self._translating_errors():
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return bool(free)

    def reclaim(self) -> str | None:
        """Return freed space to the disk; return None, or the reason that this is impossible now.

        SQLite's VACUUM rewrites the file in one transaction: readers continue, writers wait, and the file of a killed
        process is unchanged. It needs disk space for a second copy meanwhile.
        """
        with self._translating_errors():
            self._connection.execute(f"PRAGMA busy_timeout = {int(_RECLAIM_WAIT * 1000)}")
            try:
                self._connection.execute("VACUUM")
                (is_busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    return Phrase("other_programs_write")
                if "full" in str(error):
                    return Phrase("no_room_for_copy")
                raise
            finally:
                self._connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
        return Phrase("other_programs_read") if is_busy else None

    def _prune_some(self, connection: sqlite3.Connection, first: int, last: int, limit: int) -> int:
        """Remove the old observations of some products, except the last and the lowest of each; count them."""
        connection.execute("DELETE FROM doomed")
        connection.execute(
            "INSERT INTO doomed SELECT product, run FROM observation JOIN run ON run.id = observation.run"
            " WHERE product BETWEEN ? AND ? AND started_at < ?",
            (first, last, limit),
        )
        # With max(), the other columns come from its row (https://www.sqlite.org/lang_select.html#bareagg).
        connection.execute(
            "DELETE FROM doomed WHERE (product, run) IN (SELECT product, run FROM ("
            "SELECT product, run, max(started_at + after * 1000) AS at"
            " FROM observation JOIN run ON run.id = observation.run"
            " WHERE product BETWEEN ? AND ? GROUP BY product) WHERE at IS NOT NULL)",
            (first, last),
        )
        connection.execute(
            "DELETE FROM doomed WHERE (product, run) IN (SELECT product, run FROM ("
            "SELECT product, run, max(started_at + after * 1000) AS at"
            " FROM observation JOIN run ON run.id = observation.run JOIN (SELECT product AS it, min(price) AS lowest"
            " FROM observation WHERE product BETWEEN ? AND ? AND NOT sold_out GROUP BY product)"
            " ON it = product AND price = lowest AND NOT sold_out WHERE product BETWEEN ? AND ? GROUP BY product))",
            (first, last, first, last),
        )
        counts = connection.execute("SELECT count(*), run FROM doomed GROUP BY run").fetchall()
        connection.executemany("UPDATE run SET observations = observations - ? WHERE id = ?", counts)
        gone = connection.execute(
            "DELETE FROM observation WHERE product BETWEEN ? AND ?"
            " AND (product, run) IN (SELECT product, run FROM doomed)",
            (first, last),
        ).rowcount
        if gone != sum(number for number, _ in counts):
            raise HistoryError(
                f"the history {self.path} is damaged: an observation has disappeared; restore a copy"
            )
        return int(gone)
