"""Open a history file safely: anybody may have made it, or may have put a file beside it that SQLite would act on.

SQLite plays back a rollback journal before it reads the database, and deletes the file that the journal names as its
super-journal (https://www.sqlite.org/fileformat.html, 3.2 and 3.3). A write-ahead log replaces pages of the database. A
schema runs code: triggers, views, generated columns, expressions in indexes. So check the neighbouring files before
SQLite does anything, and the schema before writing anything.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from crawler.errors import HistoryError
from crawler.history.schema import APPLICATION_ID, VERSION, expected_schema, stored_schema

__all__ = ["check_file", "check_neighbours", "harden"]

_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""The start of a rollback journal, and the end of one that names a super-journal."""

_WAL_MAGIC = (0x377F0682, 0x377F0683)
_WAL_HEADER, _FRAME_HEADER = 32, 24
_MOST_FRAMES = 100_000
"""Limit on the log frames to check; our logs have a few thousand."""

_DATABASE_MAGIC = b"SQLite format 3\0"
_VERSIONS_AT, _APPLICATION_ID_AT = 18, 68
"""Offsets in a database header: two bytes that are 2 with a write-ahead log, and a number of four bytes."""

_HEADER = 100

_LOOKS, _PAUSE_SECONDS = 20, 0.01
"""How often, and at which interval, to look whether a journal is being removed."""

_LONGEST_VALUE = 64 * 2**20
"""Limit on a value or row in bytes. Our longest are titles, and the joined numbers of a product's runs."""


def check_neighbours(path: Path) -> None:
    """Check the files beside a history before SQLite uses them. Raises HistoryError or OSError.

    SQLite follows a link to the database and uses the files beside its target, so check those, too.
    """
    real = Path(os.path.realpath(path))
    for suffix in ("-journal", "-wal", "-shm"):
        neighbour = real.with_name(real.name + suffix)
        # Whoever closes the database last removes its log, perhaps between the two steps.
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(neighbour.lstat().st_mode):
                raise _foreign(neighbour, path, "is not a regular file")
            if suffix == "-journal":
                _check_journal(neighbour, real, path)
            elif suffix == "-wal":
                _check_log(neighbour, path)


def harden(connection: sqlite3.Connection) -> None:
    """Restrict what an untrusted database can do."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    _configure(connection, "SQLITE_DBCONFIG_DEFENSIVE", True)
    # Closing a refused file must not change it: do not move the log beside it into it.
    _configure(connection, "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE", True)


def check_file(connection: sqlite3.Connection, path: Path, remedy: str) -> int:
    """Return the schema version of a file, 0 if it has no tables.

    Raises HistoryError, which ends with `remedy`, for a file of another program or a newer version, and for one with
    anything in its schema that this program does not create.
    """
    # In one transaction: another process may create the tables between two reads.
    connection.execute("BEGIN")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        schema = stored_schema(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if application != APPLICATION_ID and (schema or version or application):
        raise HistoryError(f"{path} is another program's database; {remedy}")
    if version > VERSION:
        raise HistoryError(
            f"{path} was written by a newer version of this program (schema {version}; this version knows "
            f"{VERSION}); update the program, or {remedy}"
        )
    strange = schema ^ expected_schema(version)
    if version < 0 or strange:
        names = ", ".join(sorted({f"{entry.kind} {entry.name}"[:60] for entry in strange})[:3])
        raise HistoryError(f"{path} is not a history of this program: its schema differs ({names}); {remedy}")
    _configure(connection, "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE", False)
    return int(version)


def _configure(connection: sqlite3.Connection, name: str, value: bool) -> None:
    """Set an option that Python supports from 3.12 on."""
    if hasattr(connection, "setconfig"):
        connection.setconfig(getattr(sqlite3, name), value)


def _foreign(neighbour: Path, path: Path, why: str) -> HistoryError:
    return HistoryError(
        f"the history {path} was not opened: {neighbour} beside it {why}; move that file away"
    )


def _check_journal(journal: Path, database: Path, path: Path) -> None:
    """Check that SQLite may play back a rollback journal.

    We use a write-ahead log, so a journal exists only briefly while the file is created, or always on a disk that does
    not support such a log. Then it names no super-journal, because we write to one database at a time.
    """
    with journal.open("rb") as file:
        begin = file.read(len(_JOURNAL_MAGIC))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(_JOURNAL_MAGIC)))
        end = file.read()
    if not begin.strip(b"\0"):
        return  # SQLite plays nothing back
    if begin != _JOURNAL_MAGIC:
        raise _foreign(journal, path, "is not an SQLite journal")
    if end == _JOURNAL_MAGIC:
        raise _foreign(journal, path, "names another file, which SQLite would delete")
    # Whoever creates the file enables the log, and removes the journal a moment later.
    if 2 in _header(database)[_VERSIONS_AT : _VERSIONS_AT + 2] and not _vanishes(journal):
        raise _foreign(journal, path, "does not belong to it, as it uses a write-ahead log")


def _vanishes(journal: Path) -> bool:
    """Wait a moment for a journal to be removed; return True if it was."""
    for _ in range(_LOOKS):
        time.sleep(_PAUSE_SECONDS)
        if not journal.exists():
            return True
    return False


def _header(database: Path) -> bytes:
    """Return the first bytes of a database; b'' if it does not exist.

    Never close the descriptor: that would release SQLite's locks on the file in this process
    (https://www.sqlite.org/howtocorrupt.html, 2.2). This code runs only if there is a journal, so hardly ever.
    """
    try:
        descriptor = os.open(
            database, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        )
    except FileNotFoundError:
        return b""
    return os.read(descriptor, _HEADER)


def _check_log(log: Path, path: Path) -> None:
    """Check that a write-ahead log holds no first page of another database. Other pages cannot be told apart."""
    for header in _first_pages(log):
        (application,) = struct.unpack_from(">I", header, _APPLICATION_ID_AT)
        if application != APPLICATION_ID:  # the transaction that creates our tables also sets ours
            raise _foreign(log, path, "is the log of another database")


def _first_pages(log: Path) -> Iterator[bytes]:
    """Yield the database headers in a log, ignoring frames that are being written."""
    with log.open("rb") as file:
        header = file.read(_WAL_HEADER)
        if len(header) < _WAL_HEADER:
            return
        magic, _, page_size = struct.unpack_from(">3I", header)
        if magic not in _WAL_MAGIC or not 512 <= page_size <= 65_536:
            return  # SQLite ignores this log
        for number in range(_MOST_FRAMES):
            file.seek(_WAL_HEADER + number * (_FRAME_HEADER + page_size))
            frame = file.read(_FRAME_HEADER + _HEADER)
            if len(frame) < _FRAME_HEADER + _HEADER:
                return
            page = frame[_FRAME_HEADER:]
            if frame.startswith(b"\0\0\0\1") and page.startswith(_DATABASE_MAGIC):
                yield page
