"""The tables of the history file: foreign keys and migrations."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crawler.history import schema
from crawler.history.observations import RunRecord
from crawler.history.store import History
from tests.factories import STARTED

ROOT = Path(__file__).parents[2]
RUN = RunRecord("key", "https://search.dangdang.com", "渗透测试", STARTED, pages_ok=1, pages_failed=0)
NO_COLUMNS = 3
"""The last version whose foreign keys name no column."""
WORDED_ALERTS = 5
"""The last version that stores the sentences of alerts."""

DIE = """
import os, sqlite3, sys
from crawler.history import schema

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
left = int(sys.argv[2])

def count(statement):
    global left
    left -= 1
    if left < 0:
        os._exit(9)

connection.set_trace_callback(count)
schema.migrate(connection)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def make_old(file: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """Make a file of an earlier version, with a run in it."""
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        for module in ("schema", "store"):
            then.setattr(f"crawler.history.{module}.VERSION", version)
        with History(file) as history:
            history.record(RUN, [])


def foreign_keys(connection: sqlite3.Connection) -> set[tuple[str, str | None]]:
    """Return the table and the column that each foreign key names."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    keys = [row for (table,) in tables for row in connection.execute(f"PRAGMA foreign_key_list({table})")]
    assert len(keys) > 9
    return {(table, column) for _, _, table, _, column, *_ in keys}


def check_whole(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("version", range(schema.VERSION))
def test_every_foreign_key_names_its_column(
    file: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """In a new file and in one of each earlier version: datasette fails on a key without a column."""
    if version:
        make_old(file, monkeypatch, version)
    with History(file) as history:
        history.record(RUN, [])
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            history._connection.execute("INSERT INTO search (source, query) VALUES (99, 'x')")
    with closing(sqlite3.connect(file)) as connection:
        assert {column for _, column in foreign_keys(connection)} == {"id"}
        check_whole(connection)


def test_the_tables_are_protected_again(file: Path) -> None:
    """After a migration, nobody may change the text of a table."""
    with (
        History(file) as history,
        pytest.raises(sqlite3.OperationalError, match="sqlite_master may not be modified"),
    ):
        history._connection.execute("UPDATE sqlite_master SET sql = 'x'")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.11 cannot set the defensive mode")
def test_a_connection_in_defensive_mode_is_migrated_and_stays_in_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses the migration in that mode; it is suspended only for as long as necessary."""
    make_old(file, monkeypatch, NO_COLUMNS)
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as connection,
        closing(sqlite3.connect(file)) as other,
    ):
        assert {column for _, column in foreign_keys(other)} == {None}
        if sys.version_info >= (3, 12):  # said again for mypy, which checks for 3.11
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        assert schema.migrate(connection) == NO_COLUMNS
        connection.execute("PRAGMA writable_schema = ON")
        with pytest.raises(sqlite3.OperationalError, match="sqlite_master may not be modified"):
            connection.execute("UPDATE sqlite_master SET sql = 'x'")
        assert other.execute("SELECT key FROM run").fetchall() == [("key",)]
        assert {column for each in (connection, other) for _, column in foreign_keys(each)} == {"id"}


def test_a_connection_that_was_open_sees_the_new_tables(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may have the file open during a migration; SQLite tells it to reload the tables."""
    make_old(file, monkeypatch, NO_COLUMNS)
    with closing(sqlite3.connect(file)) as other:
        assert {column for _, column in foreign_keys(other)} == {None}
        History(file).close()
        assert other.execute("SELECT key FROM run").fetchall() == [("key",)]
        assert {column for _, column in foreign_keys(other)} == {"id"}


@pytest.mark.parametrize(("old", "statements"), [(NO_COLUMNS, 10), (WORDED_ALERTS, 4)])
def test_a_process_that_is_killed_while_it_migrates_leaves_the_file_as_it_was(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: int, statements: int
) -> None:
    """Killed before each statement in turn, until one run completes."""
    make_old(file, monkeypatch, old)
    with closing(sqlite3.connect(file)) as connection:
        before = schema.stored_schema(connection)
    for statement in range(100):
        killed = tmp_path / f"{statement}.sqlite3"
        shutil.copy(file, killed)
        done = subprocess.run(
            [sys.executable, "-c", DIE, killed, str(statement)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
        )
        with closing(sqlite3.connect(killed)) as connection:
            check_whole(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            columns = {column for _, column in foreign_keys(connection)}
            tables = schema.stored_schema(connection)
        if done.returncode == 0:
            break
        assert done.returncode == 9
        assert (version, tables) == (old, before)
    assert (version, columns) == (schema.VERSION, {"id"})
    assert tables == schema.expected_schema(schema.VERSION)
    assert statement > statements


def test_the_documentation_describes_every_table() -> None:
    """By its name and those of its columns, in the order of the file, for whoever reads it with another tool."""
    document = (ROOT / "docs" / "history.md").read_text(encoding="utf-8")
    described = {
        name: re.findall(r"`(\w+)`", columns)
        for name, columns in re.findall(r"^- `(\w+)` \((`.+?)\): ", document, re.MULTILINE)
    }
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        columns = {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names
        }
    assert {name: described.get(name) for name in names} == columns
