"""The history file: SQLite in WAL mode, so that readers and a writer never wait for each other.

Writers take turns: each run is one short transaction, and other writers wait for it. A run that was being recorded
when its process was killed is absent.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from crawler.errors import HistoryError
from crawler.history.observations import RunRecord
from crawler.history.opening import check_file, check_neighbours, harden
from crawler.history.schema import VERSION, migrate
from crawler.history.units import (
    DamagedValueError,
    as_count,
    as_flag,
    as_milliseconds,
    as_number,
    as_rating,
    as_row,
    as_text,
    from_microseconds,
    hundredths_as_yuan,
    to_hundredths,
    to_microseconds,
)
from crawler.phrases import Phrase
from crawler.prices.observation import Observation
from crawler.write_turn import begin_writing

__all__ = ["LONGEST_TEXT", "WAIT_SECONDS", "History", "chunked"]

WAIT_SECONDS = 60.0
"""How long a writer waits for its turn. A run of 6,000 observations takes some 0.1 s: hundreds may queue up."""

_MOST_VARIABLES = 900
"""Limit on the values in one query; older SQLite libraries take 999 (https://www.sqlite.org/limits.html)."""

LONGEST_TEXT = 4_000
"""Characters of a title or name to read: earlier versions recorded whatever a page contained."""

_UNLESS_SEEN_SINCE = (
    " AND (dropped IS NULL OR NOT EXISTS (SELECT 1 FROM observation JOIN run ON run.id = observation.run"
    " WHERE observation.product = found.product AND run.search = found.search AND run.started_at > ?))"
)

_MILLISECOND = dt.timedelta(milliseconds=1)


T = TypeVar("T")


class History:
    """An open history file; a context manager, for one thread.

    Creates the file and its folder if they are missing. Raises HistoryError if the file is not a history, was written
    by a newer version of this program, or cannot be opened; every method does so if it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translating_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            check_neighbours(path)
            # Transactions are begun by hand: the module would begin them late, and a reader that turns writer may fail.
            self._connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; further calls do nothing."""
        self._connection.close()

    def record(self, run: RunRecord, observations: Sequence[Observation]) -> int:
        """Record a run with its observations, all or nothing; return the number of new observations.

        `observations` has one item per product, as returned by `observed`. If the key of the run exists already,
        change nothing and return 0.
        """
        return self.record_all([(run, observations)])

    def record_all(self, runs: Iterable[tuple[RunRecord, Sequence[Observation]]]) -> int:
        """Record several runs, all or nothing; return the number of new observations."""
        with self._translating_errors(), self._transaction() as connection:
            return sum(len(self._record(connection, run, observations)) for run, observations in runs)

    def series(self, source: str, product_ids: Sequence[str]) -> dict[str, tuple[Observation, ...]]:
        """Return the past of products, oldest observation first; products without a past are left out."""
        found: dict[str, list[Observation]] = {}
        with self._translating_errors():
            for some, marks in chunked(product_ids):
                rows = self._connection.execute(
                    "SELECT product.product_id, product.title, run.started_at, observation.after, price, list_price,"  # noqa: S608 – question marks alone are put in
                    " rating, reviews, seller.name, sold_out"
                    " FROM source JOIN product ON product.source = source.id"
                    " JOIN observation ON observation.product = product.id"
                    " JOIN run ON run.id = observation.run"
                    " LEFT JOIN seller ON seller.id = observation.seller"
                    f" WHERE source.name = ? AND product.product_id IN ({marks})",
                    (source, *some),
                )
                for row in rows:
                    observation = _observation(row)
                    found.setdefault(observation.product_id, []).append(observation)
        return {
            product_id: tuple(sorted(past, key=lambda observation: observation.at))
            for product_id, past in found.items()
        }

    def check_writable(self) -> None:
        """Write to the file without changing it. Raises HistoryError if that fails, on a full disk for example."""
        with self._translating_errors(), self._transaction() as connection:
            connection.execute(f"PRAGMA user_version = {VERSION}")  # the same value, but SQLite writes it

    def damage(self) -> str | None:
        """Return the damage that SQLite finds in the file, in a few words; None if there is none.

        This reads the whole file: some 0.3 s for 100 MB (https://www.sqlite.org/pragma.html#pragma_quick_check).
        """
        with self._translating_errors():
            (words,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        return None if words == "ok" else str(words)

    def _record(
        self, connection: sqlite3.Connection, run: RunRecord, observations: Sequence[Observation]
    ) -> dict[str, int]:
        """Record a run within a transaction; return the numbers of its products, none for an existing run."""
        source = _id_of(connection, "source", run.source)
        connection.execute("INSERT OR IGNORE INTO search (source, query) VALUES (?, ?)", (source, run.query))
        (search,) = as_row(
            connection.execute(
                "SELECT id FROM search WHERE source = ? AND query = ?", (source, run.query)
            ).fetchone()
        )
        inserted = connection.execute(
            "INSERT OR IGNORE INTO run (key, search, started_at, pages_ok, pages_failed, observations)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                run.key,
                search,
                to_microseconds(run.started_at),
                run.pages_ok,
                run.pages_failed,
                len(observations),
            ),
        )
        if not inserted.rowcount:
            return {}
        return self._add(connection, run, inserted.lastrowid or 0, observations, source=source, search=search)

    def _add(
        self,
        connection: sqlite3.Connection,
        run: RunRecord,
        number: int,
        observations: Sequence[Observation],
        *,
        source: int,
        search: int,
    ) -> dict[str, int]:
        """Add observations to run `number` within a transaction; return the numbers of their products.

        `source` and `search` are the row numbers of the run's source and search.
        """
        products = _product_ids(connection, source, observations)
        names = {seen_by.seller for seen_by in observations if seen_by.seller is not None}
        sellers = {name: _id_of(connection, "seller", name) for name in sorted(names)}
        connection.executemany(
            "INSERT OR IGNORE INTO found (search, product) VALUES (?, ?)",
            [(search, product) for product in products.values()],
        )
        self._note_dropped(connection, search, run, observations, products)
        connection.executemany(
            "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            sorted(_row(observation, products, number, run, sellers) for observation in observations),
        )
        return products

    @staticmethod
    def _note_dropped(
        connection: sqlite3.Connection,
        search: int,
        run: RunRecord,
        observations: Sequence[Observation],
        products: Mapping[str, int],
    ) -> None:
        """Store for each product why this run left it out, unless a later run of the search has seen it."""
        judged = [
            (seen.dropped, search, products[seen.product_id], seen.dropped)
            for seen in observations
            if seen.dropped is not None
        ]
        if not judged:
            return
        statement = "UPDATE found SET dropped = ? WHERE search = ? AND product = ? AND dropped IS NOT ?"
        started = to_microseconds(run.started_at)
        later = connection.execute(
            "SELECT 1 FROM run WHERE search = ? AND started_at > ? LIMIT 1", (search, started)
        )
        if later.fetchone() is None:
            connection.executemany(statement, judged)
        else:  # an import or a replay, since runs are recorded in order of time: check what was seen later
            connection.executemany(statement + _UNLESS_SEEN_SINCE, [(*each, started) for each in judged])

    def _prepare(self) -> None:
        with self._translating_errors():
            connection = self._connection
            # Check the file first: nothing may be written to another program's database.
            harden(connection)
            version = check_file(connection, self.path, "name another file in [history] path")
            self._use_wal()
            # A crash of the machine may lose the last runs, never the file (https://www.sqlite.org/pragma.html). NORMAL
            # would suffice for that; FULL keeps every run that was reported as recorded.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if version < VERSION:
                migrate(connection)

    def _use_wal(self) -> None:
        """Enable the write-ahead log permanently; SQLite does not wait for its turn here, so this method does."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        begin_writing(connection)  # wait for the turn here, not in the middle
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):  # some errors have rolled it back already
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        """Turn errors of SQLite and the system, and invalid values, into one line that names the file."""
        try:
            yield
        except DamagedValueError as error:
            raise HistoryError(self._phrase("history_damaged", str(error))) from error
        except UnicodeDecodeError as error:  # SQLite's own message, which repeats a damaged name
            raise HistoryError(self._phrase("history_damaged", Phrase("history_name_no_text"))) from error
        except sqlite3.OperationalError as error:
            if str(error).startswith("Could not decode to UTF-8"):  # the text itself follows
                why = Phrase("history_text_no_text")
            elif "locked" in str(error):
                why = Phrase("history_locked", seconds=WAIT_SECONDS)
            else:
                why = Phrase("history_name_another", why=str(error))
            raise HistoryError(self._phrase("history_not_used", why)) from error
        except sqlite3.DatabaseError as error:
            raise HistoryError(self._phrase("history_not_read", str(error))) from error
        except OSError as error:
            raise HistoryError(self._phrase("history_not_made", error.strerror or str(error))) from error

    def _phrase(self, code: str, why: str) -> Phrase:
        return Phrase(code, path=str(self.path), why=why)


def chunked(values: Sequence[T]) -> Iterator[tuple[Sequence[T], str]]:
    """Yield values in groups that fit in one query, each with question marks for them."""
    for start in range(0, len(values), _MOST_VARIABLES):
        some = values[start : start + _MOST_VARIABLES]
        yield some, ", ".join("?" * len(some))


def _id_of(connection: sqlite3.Connection, table: str, name: str) -> int:
    """Return the row number of a name in `source` or `seller`; insert it if it is missing."""
    connection.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))  # noqa: S608 – a constant
    row = connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()  # noqa: S608 – a constant
    (number,) = as_row(row)
    return as_number(number)


def _product_ids(
    connection: sqlite3.Connection, source: int, observations: Iterable[Observation]
) -> dict[str, int]:
    """Return the row numbers of products by product id; insert new products, and update titles."""
    titles = {observation.product_id: observation.title for observation in observations}
    connection.executemany(
        "INSERT INTO product (source, product_id, title) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET title = excluded.title WHERE title != excluded.title",
        [(source, product_id, title) for product_id, title in titles.items()],
    )
    numbers: dict[str, int] = {}
    for some, marks in chunked(list(titles)):
        numbers.update(
            connection.execute(
                "SELECT product_id, id FROM product"  # noqa: S608 – question marks alone are put in
                f" WHERE source = ? AND product_id IN ({marks})",
                (source, *some),
            )
        )
    return numbers


def _row(
    observation: Observation, products: dict[str, int], run_id: int, run: RunRecord, sellers: dict[str, int]
) -> tuple[int | None, ...]:
    return (
        products[observation.product_id],
        run_id,
        (observation.at - run.started_at) // _MILLISECOND,
        to_hundredths(observation.price),
        to_hundredths(observation.list_price),
        None if observation.rating is None else round(observation.rating * 100),
        observation.reviews,
        None if observation.seller is None else sellers[observation.seller],
        int(observation.sold_out),
    )


def _observation(
    row: tuple[str, str, int, int, int | None, int | None, int | None, int | None, str | None, int],
) -> Observation:
    product_id, title, started, after, price, list_price, rating, reviews, seller, sold_out = row
    return Observation(
        product_id=as_text(product_id),
        title=as_text(title)[:LONGEST_TEXT],
        at=from_microseconds(started) + as_milliseconds(after),
        price=hundredths_as_yuan(price),
        list_price=hundredths_as_yuan(list_price),
        rating=None if rating is None else as_rating(rating) / 100,
        reviews=None if reviews is None else as_count(reviews),
        seller=None if seller is None else as_text(seller)[:LONGEST_TEXT],
        sold_out=as_flag(sold_out),
    )
