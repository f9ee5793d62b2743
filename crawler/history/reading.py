"""Open the history file read-only: create and write nothing, even while others write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crawler.errors import HistoryError
from crawler.history.opening import check_file, check_neighbours, harden
from crawler.history.store import WAIT_SECONDS, History
from crawler.history.units import as_count, as_text, from_microseconds

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["FileSize", "HistoryReader", "SearchSummary", "file_size", "open_existing", "open_history"]

_REMEDY = "name another file with --history-file"


@dataclass(frozen=True, slots=True)
class SearchSummary:
    """A search and its totals in the file."""

    source: str
    query: str
    runs: int
    products: int
    """The number of different products that it has ever found."""
    observations: int
    first_run: dt.datetime
    """When it began; aware, UTC."""
    last_run: dt.datetime


@dataclass(frozen=True, slots=True)
class FileSize:
    """The disk usage of the history, in bytes."""

    main: int
    log: int
    """Size of the write-ahead log beside it, with the latest data that was not moved to the file yet."""


class HistoryReader(History):
    """A read-only history file; a context manager, for one thread.

    Raises HistoryError if the file is not a history, was written by a newer version of this program, or is unreadable.
    A file of an older version is read unchanged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translating_errors():
            check_neighbours(path)
            # Mode «ro» would leave empty log files behind. Only «rwc» would create the database itself.
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            with self._translating_errors():
                harden(self._connection)
                self.version = check_file(self._connection, self.path, _REMEDY)
                """Its schema version; 0 without tables: another process is creating them, or was killed before."""
                self._connection.execute("PRAGMA query_only = ON")
        except BaseException:
            self._connection.close()
            raise

    def searches(self) -> tuple[SearchSummary, ...]:
        """Return every search that has a run, grouped by source, with the latest run first."""
        with self._translating_errors():
            rows = self._connection.execute(
                # Each run stores the number of its observations, so there is no need to count millions.
                "SELECT source.name, search.query, count(*),"
                " (SELECT count(*) FROM found WHERE found.search = search.id),"
                " sum(run.observations), min(run.started_at), max(run.started_at)"
                " FROM run JOIN search ON search.id = run.search JOIN source ON source.id = search.source"
                " GROUP BY search.id ORDER BY source.name, max(run.started_at) DESC, search.query"
            ).fetchall()
            return tuple(
                SearchSummary(
                    as_text(source),
                    as_text(query),
                    runs,
                    products,
                    as_count(observations),
                    from_microseconds(first),
                    from_microseconds(last),
                )
                for source, query, runs, products, observations, first, last in rows
            )

    def search(self, source: str, query: str) -> SearchSummary | None:
        """Return one search; None if it was never recorded."""
        return next((each for each in self.searches() if (each.source, each.query) == (source, query)), None)

    def products(self) -> int:
        """Return the number of different products of all sources."""
        with self._translating_errors():
            (number,) = self._connection.execute("SELECT count(*) FROM product").fetchone()
        return int(number)

    def sources_of_product(self, product_id: str) -> tuple[str, ...]:
        """Return the names of the sources that have seen a product, sorted."""
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT source.name FROM source JOIN product ON product.source = source.id"
                " WHERE product.product_id = ? ORDER BY source.name",
                (product_id,),
            ).fetchall()
            return tuple(as_text(name) for (name,) in rows)

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy the current state into another database, even while others write."""
        self._connection.backup(target)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Show the block one consistent state of the file, and turn its errors into one line."""
        with self._translating_errors():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")  # there is nothing to commit


Reader = TypeVar("Reader", bound=HistoryReader)


def open_history(path: Path) -> HistoryReader | None:
    """Open the history at `path` for reading; return None if it does not exist. Create nothing."""
    return open_existing(path, HistoryReader)


def open_existing(path: Path, reader_class: Callable[[Path], Reader]) -> Reader | None:
    """Open the history at `path` with a reader class; return None if it does not exist. Raises HistoryError."""
    try:
        if not path.exists():
            return None
    except OSError as error:
        raise HistoryError(f"the history {path} cannot be read: {error.strerror}") from error
    reader = reader_class(path)
    if reader.version == 0:
        reader.close()
        return None
    return reader


def file_size(path: Path) -> FileSize:
    """Return the disk usage of a history; 0 for a missing file."""

    def size(file: Path) -> int:
        try:
            return file.stat().st_size
        except OSError:
            return 0

    return FileSize(size(path), size(path.with_name(f"{path.name}-wal")))
