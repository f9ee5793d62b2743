"""Old observations taken out of the history, a little at a time, so that crawls that record meanwhile hardly wait."""

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
"""Products in one transaction: some 0.5 s where each has a hundred old observations."""

_RECLAIM_WAIT = 5.0
"""Seconds that giving space back waits for its turn: it can be done at any other time."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was taken out."""

    observations: int
    runs: int


class HistoryKeeper(History):
    """A history file opened for its upkeep; it and its methods raise HistoryError as `History` does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # A run goes when the last of its observations is gone. SQLite would look for others in all the millions.
        with self._translating_errors():
            self._connection.execute("PRAGMA foreign_keys = OFF")
            self._connection.execute(
                "CREATE TEMP TABLE doomed (product INTEGER, run INTEGER, PRIMARY KEY (product, run)) WITHOUT ROWID"
            )

    def prune(self, before: dt.datetime) -> Pruned:
        """Take out the observations of runs that began before `before`, and those runs that are left without one.

        Of every product its last observation stays, however old, and the last at its lowest price: that it was seen,
        what it cost then, and the lowest price ever are not lost.
        Of every search its last run stays. Each transaction is short; what is done when the process is killed stays
        done, and the next call does the rest.
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
        """Return whether there is space to be given back to the disk, also of an earlier prune that could not."""
        with self._translating_errors():
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return bool(free)

    def reclaim(self) -> str | None:
        """Give the space of what was taken out back to the disk; return None, or why that cannot be now.

        The file is written anew (SQLite's VACUUM), as one transaction: readers go on reading, writers wait, and a
        process that is killed leaves the file as it was. While it lasts it takes room for a second copy on the disk.
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
        """Take out the old observations of some products, all but the last and the lowest of each, and count them."""
        connection.execute("DELETE FROM doomed")
        connection.execute(
            "INSERT INTO doomed SELECT product, run FROM observation JOIN run ON run.id = observation.run"
            " WHERE product BETWEEN ? AND ? AND started_at < ?",
            (first, last, limit),
        )
        # Beside max() the other columns are those of its row (https://www.sqlite.org/lang_select.html#bareagg).
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
