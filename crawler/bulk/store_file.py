"""Open the SQLite file of a shard: its schema, the checks of a file that anybody may have made, and its errors."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from crawler.atomic_write import shown
from crawler.clean import clean
from crawler.errors import OutputError
from crawler.phrases import Phrase
from crawler.write_turn import begin_writing, is_busy

__all__ = ["WAIT_SECONDS", "StoreError", "connect", "transaction", "translate_errors"]

WAIT_SECONDS = 60.0
"""How long a writer waits for its turn; a transaction takes some 0.05 s."""

_STEP_SECONDS = 0.05
"""SQLite's own wait blocks signal handlers, so wait in steps of this length."""

_APPLICATION_ID = 0x62706B73  # «bpks»
_VERSION = 1

_CHECKPOINT_PAGES = 8_000
"""Pages in the write-ahead log (32 MB) from which a commit moves them into the file."""

_LONGEST_VALUE = 16 * 2**20
"""Limit on a value or row in bytes; the input's own limits are far lower."""

_WRITE_FAILURES = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""SQLite says so for a full quota, and for a disk without room for the index of the log."""

_SCHEMA = """
CREATE TABLE host (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    pending INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX host_queue ON host (first) WHERE pending > 0;
CREATE TABLE target (
    sequence INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    digest BLOB UNIQUE,
    host INTEGER NOT NULL REFERENCES host,
    url TEXT NOT NULL,
    source_url TEXT,
    columns TEXT,
    redirects INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    blame TEXT
) STRICT;
CREATE INDEX target_queue ON target (host, sequence) WHERE state = 0;
CREATE INDEX target_blame ON target (number) WHERE blame IS NOT NULL;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    url TEXT NOT NULL,
    redirects INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;
CREATE TABLE file (name TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
"""`sequence` is the order of arrival. `digest` identifies the URL of the input; a target taken over from another shard
has none. `host.first` is the sequence of the host's first pending target. `tally` has a count for each verdict, and for
pending targets and those handed over."""


class StoreError(OutputError):
    """The state of a crawl cannot be read or written."""

    def __init__(self, message: str, *, disk_full: bool = False) -> None:
        super().__init__(message)
        self.disk_full = disk_full
        """True if the disk is full: the crawl can be resumed once there is room."""


def connect(path: Path, *, readonly: bool, durable: bool, cache_mib: int) -> sqlite3.Connection:
    """Open a shard's file; create it unless `readonly`. Raises StoreError.

    If `durable`, a committed transaction survives a power failure; otherwise it survives the end of the process.
    """
    with translate_errors(path):
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise StoreError(Phrase("store_no_file", path=shown(path)))
        if readonly and not path.exists():
            raise StoreError(Phrase("store_absent", path=shown(path)))
        # Transactions begin explicitly: the module would begin them late, and a reader that turns writer may fail.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}",
            uri=True,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _configure(connection, durable=durable, cache_mib=cache_mib)
            _create(connection, path, readonly=readonly)
        except BaseException:
            connection.close()
            raise
    return connection


def _configure(connection: sqlite3.Connection, *, durable: bool, cache_mib: int) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA cache_size = -{cache_mib * 1024}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")


def _create(connection: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    """Check the file, and create the tables of a new one. Raises StoreError."""
    is_new = _check(connection, path)
    if readonly:
        if is_new:
            raise StoreError(Phrase("store_empty", path=shown(path)))
        return
    _use_log(connection)
    if is_new:
        with transaction(connection):
            if _check(connection, path):  # no other process has created the tables meanwhile
                for statement in filter(str.strip, _SCHEMA.split(";\n")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait for its turn here."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(_STEP_SECONDS)
        else:
            return


def _check(connection: sqlite3.Connection, path: Path) -> bool:
    """Return True for a file without tables. Raises StoreError for a file that this program did not make."""
    # One statement, so one state of the file: another process may be creating the tables.
    rows = connection.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),"
        " type, name, sql FROM (SELECT 1) LEFT JOIN sqlite_schema ON sql IS NOT NULL"
    ).fetchall()
    version, application = rows[0][:2]
    schema = frozenset((kind, name, sql) for _, _, kind, name, sql in rows if kind is not None)
    if not (schema or version or application):
        return True
    if application != _APPLICATION_ID:
        raise StoreError(Phrase("store_foreign", path=shown(path)))
    if version > _VERSION:
        raise StoreError(Phrase("store_newer", path=shown(path), version=version, known=_VERSION))
    if version != _VERSION or schema != _expected_schema():
        raise StoreError(Phrase("store_schema", path=shown(path)))
    return False


@cache
def _expected_schema() -> frozenset[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return frozenset(
            connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write in one transaction, all or nothing, when other writers have finished theirs."""
    begin_writing(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors have rolled it back already
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into a one-line StoreError that names the file."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a call on a closed store
        raise
    except sqlite3.Error as error:
        raise _failure(path, error) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(Phrase("store_not_opened", path=shown(path), why=why)) from error


def _failure(path: Path, error: sqlite3.Error) -> StoreError:
    why = clean(str(error))[:200]
    # The module's own errors have no code.
    detailed = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code = detailed & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreError(Phrase("bulk_disk_full", path=shown(path)), disk_full=True)
    if detailed in _WRITE_FAILURES:
        return StoreError(Phrase("store_not_written", path=shown(path), why=why), disk_full=True)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreError(Phrase("store_busy", path=shown(path), seconds=WAIT_SECONDS))
    if (
        code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        or not isinstance(error, sqlite3.OperationalError)
        or why.startswith("Could not decode")
    ):
        return StoreError(Phrase("store_damaged", path=shown(path), why=why))
    return StoreError(Phrase("store_unusable", path=shown(path), why=why))
