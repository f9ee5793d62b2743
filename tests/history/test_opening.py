"""A history is opened only if SQLite then does nothing that an attacker's files could cause."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crawler.errors import HistoryError
from crawler.history import opening
from crawler.history.maintenance import HistoryKeeper
from crawler.history.observations import RunRecord
from crawler.history.reading import HistoryReader, open_history
from crawler.history.schema import MIGRATIONS, VERSION, expected_schema, stored_schema
from crawler.history.store import History
from crawler.watching.watch_store import WatchStore

OPENERS: list[Callable[[Path], History]] = [History, HistoryReader, HistoryKeeper, WatchStore]


def run(number: int) -> RunRecord:
    started = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC) + dt.timedelta(days=number)
    return RunRecord(f"run {number}", "demo", "三体", started, 1, 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a history with one run."""
    path = tmp_path / "h.sqlite3"
    with History(path) as history:
        history.record(run(1), [])
    return path


def runs(path: Path) -> int:
    with HistoryReader(path) as reader:
        return sum(each.runs for each in reader.searches())


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # what was changed goes to the disk before the end
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE run SET key = 'x'")
connection.executemany("INSERT INTO source (name) VALUES (?)", [(f"{n} {'x' * 500}",) for n in range(500)])
os._exit(1)
"""


def test_a_journal_of_its_own_is_played_back(file: Path) -> None:
    """On a disk without a write-ahead log, a killed run leaves one, and without it the file is damaged."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert file.with_name("h.sqlite3-journal").stat().st_size > 4096
    assert runs(file) == 1
    with History(file) as history:
        assert history.damage() is None
    assert not file.with_name("h.sqlite3-journal").exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 512])
def test_a_journal_that_says_nothing_is_none(file: Path, content: bytes) -> None:
    """SQLite leaves such a journal behind in some modes."""
    file.with_name("h.sqlite3-journal").write_bytes(content)
    assert runs(file) == 1


def test_a_log_of_its_own_is_used(tmp_path: Path, file: Path) -> None:
    """A killed process leaves one, and so does one that is writing."""
    with History(file) as history:
        history.record(run(2), [])
        assert runs(file) == 2
        for suffix in ("", "-wal"):
            shutil.copy(f"{file}{suffix}", tmp_path / f"copy{suffix}")
    assert runs(tmp_path / "copy") == 2


def test_a_new_file_whose_tables_are_in_its_log_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    with History(path) as history:
        history.record(run(1), [])
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", tmp_path / f"copy{suffix}")
    assert runs(tmp_path / "copy") == 1


@pytest.mark.parametrize("opener", OPENERS)
def test_the_log_of_another_database(tmp_path: Path, file: Path, opener: Callable[[Path], History]) -> None:
    """It would replace the content of the history."""
    other = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE secret (a)")
        shutil.copy(f"{other}-wal", f"{file}-wal")
    content = file.read_bytes()
    with pytest.raises(HistoryError, match="is the log of another database; move that file away"):
        opener(file)
    assert file.read_bytes() == content
    Path(f"{file}-wal").unlink()
    assert runs(file) == 1


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE x (a)",  # is in no file
        "ANALYZE",
    ],
)
def test_what_is_no_part_of_the_schema_is_no_matter(
    file: Path, opener: Callable[[Path], History], statement: str
) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()
    opener(file).close()


@pytest.mark.parametrize(
    "change",
    [
        ("name TEXT NOT NULL UNIQUE)", "name TEXT NOT NULL UNIQUE CHECK (abs(id)))"),
        ("name TEXT NOT NULL UNIQUE)", "name TEXT NOT NULL UNIQUE DEFAULT (abs(1)))"),
        ("name TEXT NOT NULL UNIQUE)", "name TEXT NOT NULL UNIQUE COLLATE NOCASE)"),
        ("name TEXT NOT NULL UNIQUE)", "name TEXT NOT NULL UNIQUE /* -- */)"),
    ],
)
def test_no_table_is_a_little_different(file: Path, change: tuple[str, str]) -> None:
    """Its text must be what the migrations create, except for comments and white space."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        statement = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'source'"
        assert connection.execute(statement, change).rowcount == 1
        connection.commit()
    with pytest.raises(HistoryError, match=r"its schema differs \(table source\)"):
        History(file)


def test_comments_and_white_space_make_no_difference(file: Path) -> None:
    """An earlier version may have had other ones."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL UNIQUE', '\n -- it''s (this)\n NOT NULL\tUNIQUE')"
        )
        connection.commit()
    assert runs(file) == 1


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_every_version_has_the_schema_that_its_migrations_make(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {0x626B7072}")
        assert stored_schema(connection) == expected_schema(version)
    reader = open_history(path)
    assert reader is not None
    reader.close()
    History(path).close()
    if version < VERSION:  # of another version
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(HistoryError, match="its schema differs"):
            History(path)


def test_what_the_schema_calls_is_not_trusted(file: Path) -> None:
    with History(file) as history:
        assert history._connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        assert history._connection.execute("PRAGMA cell_size_check").fetchone() == (1,)
        if sys.version_info >= (3, 12):
            assert history._connection.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)


def test_a_damaged_name_in_the_schema_is_one_line(tmp_path: Path) -> None:
    """SQLite repeats the name in its own message, which Python cannot decode then."""
    file = tmp_path / "h.sqlite3"
    History(file).close()
    data = file.read_bytes()
    damaged = data.replace(b"CREATE TABLE found (", b"CREATE TABLE found \xd5")
    assert damaged != data
    file.write_bytes(damaged)
    with pytest.raises(HistoryError, match="is not valid UTF-8; restore a copy"):
        History(file)


def test_a_log_that_is_removed_while_it_is_checked_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes the database last removes it, at any moment."""
    file = tmp_path / "h.sqlite3"
    History(file).close()
    log = tmp_path / "h.sqlite3-wal"
    real = opening._check_log

    def check_log(log: Path, path: Path) -> None:
        log.unlink()
        real(log, path)

    monkeypatch.setattr(opening, "_check_log", check_log)
    for open_file in (History, HistoryReader):
        log.write_bytes(b"")
        open_file(file).close()


def test_a_journal_that_is_removed_as_the_file_is_created_is_no_foreign_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever creates a file enables the log and then removes the journal; one that stays is foreign."""
    file = tmp_path / "h.sqlite3"
    History(file).close()
    journal = tmp_path / "h.sqlite3-journal"
    journal.write_bytes(opening._JOURNAL_MAGIC + bytes(100))
    with pytest.raises(HistoryError, match="write-ahead log"):
        HistoryReader(file)
    monkeypatch.setattr(time, "sleep", lambda _: journal.unlink())
    HistoryReader(file).close()
