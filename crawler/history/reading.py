"""The history file, opened to look at alone: nothing is made and nothing is written, whoever writes meanwhile."""

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
    """A search, and what the file has of it."""

    source: str
    query: str
    runs: int
    products: int
    """Different ones that it has ever found."""
    observations: int
    first_run: dt.datetime
    """When it began; aware, UTC."""
    last_run: dt.datetime


@dataclass(frozen=True, slots=True)
class FileSize:
    """What the history takes on the disk, in bytes."""

    main: int
    log: int
    """Of the write-ahead log beside it: what was written last, and not yet moved over."""


class HistoryReader(History):
    """A history file that is only read; a context manager, for one thread.

    Raises HistoryError for a file that is none of ours, was written by a newer version of this program, or cannot be
    read. A file of an older version is read as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translating_errors():
            check_neighbours(path)
            # Not «ro», which leaves the log's empty files behind. In no mode but «rwc» would it make the file itself.
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            with self._translating_errors():
                harden(self._connection)
                self.version = check_file(self._connection, self.path, _REMEDY)
                """Of its tables; 0 without any: somebody is about to make them, or was killed before."""
                self._connection.execute("PRAGMA query_only = ON")
        except BaseException:
            self._connection.close()
            raise

    def searches(self) -> tuple[SearchSummary, ...]:
        """Return every search that has a run, those of one source together, the last to run first."""
        with self._translating_errors():
            rows = self._connection.execute(
                # What each run saw was counted when it was recorded: nobody has to go through millions.
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
        """Return one search; None for one that was never recorded."""
        return next((each for each in self.searches() if (each.source, each.query) == (source, query)), None)

    def products(self) -> int:
        """Return how many different products there are, of all sources."""
        with self._translating_errors():
            (number,) = self._connection.execute("SELECT count(*) FROM product").fetchone()
        return int(number)

    def sources_of_product(self, product_id: str) -> tuple[str, ...]:
        """Return the sources that have seen a product, by name."""
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT source.name FROM source JOIN product ON product.source = source.id"
                " WHERE product.product_id = ? ORDER BY source.name",
                (product_id,),
            ).fetchall()
            return tuple(as_text(name) for (name,) in rows)

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy everything into another database, as it is now, whoever writes meanwhile."""
        self._connection.backup(target)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Have everything in the block see the file as it is now, and what goes wrong there said in one line."""
        with self._translating_errors():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")  # there is nothing to keep


Reader = TypeVar("Reader", bound=HistoryReader)


def open_history(path: Path) -> HistoryReader | None:
    """Return the history at `path`, opened to be read; None where there is none yet. Nothing is made."""
    return open_existing(path, HistoryReader)


def open_existing(path: Path, reader_class: Callable[[Path], Reader]) -> Reader | None:
    """Return the history at `path` as a reader of a class; None where there is none yet. Raises HistoryError."""
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
    """Return what a history takes on the disk; 0 for what is not there."""

    def size(file: Path) -> int:
        try:
            return file.stat().st_size
        except OSError:
            return 0

    return FileSize(size(path), size(path.with_name(f"{path.name}-wal")))
