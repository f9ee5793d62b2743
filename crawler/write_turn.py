"""Begin a write transaction in an SQLite file that other processes write, too."""

from __future__ import annotations

import sqlite3
import time

__all__ = ["begin_writing", "is_busy"]

_STEP_MILLISECONDS = 200
"""SQLite's longest wait at a time. While it waits, Python runs no signal handler."""


def begin_writing(connection: sqlite3.Connection) -> None:
    """Begin a write transaction; wait for the turn for as long as the connection's timeout.

    Wait in short steps: SQLite's own wait would block signal handlers for the whole time.
    """
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + patience / 1000
    connection.execute(f"PRAGMA busy_timeout = {min(patience, _STEP_MILLISECONDS)}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")


def is_busy(error: sqlite3.Error) -> bool:
    """Return True if another connection holds the file."""
    return (error.sqlite_errorcode & 0xFF) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
