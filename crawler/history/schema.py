"""The tables of the history file, and the migrations from older versions."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import NamedTuple

from crawler.write_turn import begin_writing

__all__ = [
    "APPLICATION_ID",
    "DROPPED_SINCE",
    "MIGRATIONS",
    "VERSION",
    "SchemaEntry",
    "expected_schema",
    "migrate",
    "stored_schema",
]

APPLICATION_ID = 0x626B7072
"""«bkpr»: marks the file as ours (https://www.sqlite.org/pragma.html#pragma_application_id)."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE seller (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE search (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES source,
        query TEXT NOT NULL,
        UNIQUE (source, query)
    );
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        search INTEGER NOT NULL REFERENCES search,
        started_at INTEGER NOT NULL,    -- Unix time, microseconds
        pages_ok INTEGER NOT NULL,
        pages_failed INTEGER NOT NULL,
        observations INTEGER NOT NULL   -- how many were recorded with it
    );
    CREATE TABLE product (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES source,
        product_id TEXT NOT NULL,
        title TEXT NOT NULL,            -- as it was seen last
        UNIQUE (source, product_id)
    );
    -- Which products a search has found: small, and it saves an index on millions of observations.
    CREATE TABLE found (
        search INTEGER NOT NULL REFERENCES search,
        product INTEGER NOT NULL REFERENCES product,
        PRIMARY KEY (search, product)
    ) WITHOUT ROWID;
    -- Kept in the order of its key: the past of a product is read in one piece.
    CREATE TABLE observation (
        product INTEGER NOT NULL REFERENCES product,
        run INTEGER NOT NULL REFERENCES run,
        after INTEGER NOT NULL,         -- milliseconds from the run's start; below 0 for a page of an earlier run
        price INTEGER,                  -- hundredths of a yuan, as is the next
        list_price INTEGER,
        rating INTEGER,                 -- hundredths of a star
        reviews INTEGER,
        seller INTEGER REFERENCES seller,
        sold_out INTEGER NOT NULL,
        PRIMARY KEY (product, run)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE watch (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES source,
        name TEXT NOT NULL,
        query TEXT NOT NULL,            -- as it was typed: its script is the language of what is told
        search TEXT NOT NULL,           -- what it searches; where that changes, it has seen nothing yet
        terms TEXT NOT NULL,            -- what it is to tell; where that changes, it begins anew
        first_seen INTEGER NOT NULL,    -- Unix time, microseconds, as are the next
        since INTEGER NOT NULL,         -- what happened before is not told
        last_tried INTEGER,
        last_success INTEGER,           -- the last time that every page was had
        whole INTEGER NOT NULL DEFAULT 0,   -- whether this search was ever had whole
        UNIQUE (source, name)
    );
    -- The products that a watch has seen with the search that it makes now.
    CREATE TABLE watched (
        watch INTEGER NOT NULL REFERENCES watch,
        product INTEGER NOT NULL REFERENCES product,
        PRIMARY KEY (watch, product)
    ) WITHOUT ROWID;
    -- What was told: kept, so that it is told once.
    CREATE TABLE alert (
        id INTEGER PRIMARY KEY,
        watch INTEGER NOT NULL REFERENCES watch,
        product INTEGER NOT NULL REFERENCES product,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,            -- Unix time, microseconds, of the observation
        price INTEGER,                  -- hundredths of a yuan, as is the next
        against INTEGER,
        title TEXT NOT NULL,
        url TEXT NOT NULL,
        remarks TEXT NOT NULL           -- a JSON array
    );
    CREATE INDEX alert_of ON alert (watch, product);
    -- What is to be brought to a channel, or was. (Columns in the order of the key: quick_check of SQLite 3.40 takes
    -- any other for damage.)
    CREATE TABLE delivery (
        channel TEXT NOT NULL,
        alert INTEGER NOT NULL REFERENCES alert,
        attempts INTEGER NOT NULL DEFAULT 0,
        delivered INTEGER NOT NULL DEFAULT 0,   -- 1 when the channel has taken it
        PRIMARY KEY (channel, alert)
    ) WITHOUT ROWID;
    CREATE INDEX delivery_pending ON delivery (channel, attempts) WHERE NOT delivered;
    """,
    """
    -- Alerts that a channel was asked to take one by one, and refused.
    CREATE TABLE refusal (
        channel TEXT NOT NULL,
        alert INTEGER NOT NULL REFERENCES alert,
        times INTEGER NOT NULL,
        first_at INTEGER NOT NULL,      -- Unix time, microseconds, as is the last
        why TEXT NOT NULL,              -- the last time
        rests_until INTEGER,            -- until then it is not tried again
        PRIMARY KEY (channel, alert)
    ) WITHOUT ROWID;
    """,
    """
    -- Name the column that each foreign key refers to: datasette cannot do without, and SQLite means the same either
    -- way. Only the text of the tables changes, however many rows they hold, as described in
    -- https://www.sqlite.org/lang_altertable.html#otheralter.
    PRAGMA writable_schema = ON;
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES source', 'REFERENCES source (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES seller', 'REFERENCES seller (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES search', 'REFERENCES search (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES run', 'REFERENCES run (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES product', 'REFERENCES product (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES watch', 'REFERENCES watch (id)') WHERE type = 'table';
    UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES alert', 'REFERENCES alert (id)') WHERE type = 'table';
    PRAGMA writable_schema = RESET;
    """,
    """
    -- Why the last run that saw the product left it out of its report, on sale or not: ebook, accessory, off_topic; no
    -- where it did not, NULL where that is not known: an earlier version recorded it.
    ALTER TABLE found ADD COLUMN dropped TEXT;
    """,
    """
    -- The facts of an alert besides its events, for the row of its first event. They are worded when the alert is sent
    -- or shown. Only alerts of earlier versions have sentences in alert.remarks; the others have [].
    CREATE TABLE alert_note (           -- what a buyer must know of the book besides its price
        alert INTEGER PRIMARY KEY REFERENCES alert (id),
        volumes INTEGER,                -- of a set
        volume_price INTEGER,           -- hundredths of a yuan, as is the last
        flags TEXT NOT NULL,            -- set,bundle,second_hand,accessory,options: those that apply
        kept_for TEXT NOT NULL,         -- ebook,sold_out,no_price,accessory,off_topic: likewise
        seller TEXT,                    -- the marketplace shop, as read
        self_operated INTEGER,          -- 1 when the shop itself sells it, 0 when not, NULL when unsaid
        offers INTEGER NOT NULL,        -- of the book
        highest_offer INTEGER
    );
    CREATE TABLE alert_history (        -- what the product's price history said
        alert INTEGER PRIMARY KEY REFERENCES alert (id),
        since INTEGER NOT NULL,         -- Unix time, microseconds, as is every column named _at
        days INTEGER NOT NULL,          -- with a price
        lowest INTEGER,                 -- hundredths of a yuan, as are all prices
        lowest_at INTEGER,
        median INTEGER,                 -- of 90 days
        previous INTEGER,
        previous_at INTEGER,
        lowest_in_days INTEGER,
        raised TEXT,                    -- what was raised before the cut: price, list_price; NULL where nothing was
        raised_from INTEGER,
        raised_to INTEGER,
        raised_at INTEGER,
        usual_price INTEGER             -- before the raise
    );
    -- refusal.why as a code with its values, a JSON array, so that it can be said in any language. NULL for the words
    -- of a service, and where an earlier version recorded it.
    ALTER TABLE refusal ADD COLUMN why_phrase TEXT;
    """,
)
"""The scripts that migrate each version to the next. A new table names the column of each foreign key."""

VERSION = len(MIGRATIONS)

DROPPED_SINCE = 5
"""The version since which `found` stores the reason for dropping a product. Readers get older files unchanged."""

_MOST_ENTRIES = 1_000
"""Limit on the schema entries to read; ours has some twenty."""

_STATISTICS = frozenset({"sqlite_stat1", "sqlite_stat4"})
"""Tables that SQLite creates for ANALYZE, which a user may have run; no other may have such a name."""

_COMMENT_OR_SPACE = re.compile(r"(?:--[^\n]*|\s)+")


class SchemaEntry(NamedTuple):
    """An entry of `sqlite_schema`."""

    kind: str
    """table, index, view or trigger."""
    name: str
    table: str
    sql: str
    """Without comments and with white space folded; '' for entries that SQLite creates by itself."""


def stored_schema(connection: sqlite3.Connection) -> frozenset[SchemaEntry]:
    """Return the schema of a database, whatever its types, without SQLite's statistics."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT ?", (_MOST_ENTRIES,)
    ).fetchall()
    entries = [
        SchemaEntry(str(kind), str(name), str(table), _COMMENT_OR_SPACE.sub(" ", str(sql or "")))
        for kind, name, table, sql in rows
    ]
    return frozenset(
        entry
        for entry in entries
        if not (entry.name in _STATISTICS and entry.sql.startswith(f"CREATE TABLE {entry.name}(tbl,idx,"))
    )


@cache
def expected_schema(version: int) -> frozenset[SchemaEntry]:
    """Return the schema that the migrations up to a version create."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS[: max(version, 0)]:
            connection.executescript(script)
        return stored_schema(connection)


def migrate(connection: sqlite3.Connection) -> int:
    """Migrate the file to `VERSION` and return its former version, 0 for a new file; leave a newer file alone.

    All steps form one transaction: if the process is killed, the file is unchanged.
    """
    begin_writing(connection)
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found < VERSION:
            with _undefended(connection):
                for script in MIGRATIONS[found:]:
                    for statement in _statements(script):
                        connection.execute(statement)
                # Changing the SQL text of a table does not change this number, but a change of it tells every
                # connection to reload the schema.
                (number,) = connection.execute("PRAGMA schema_version").fetchone()
                connection.execute(f"PRAGMA schema_version = {number + 1}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return int(found)


@contextmanager
def _undefended(connection: sqlite3.Connection) -> Iterator[None]:
    """Suspend the defensive mode, in which SQLite refuses to change the text of tables (some systems' default)."""
    if sys.version_info >= (3, 12):
        defensive = connection.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)
        try:
            yield
        finally:
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, defensive)
    else:  # this Python cannot set it, so whoever opened the connection could not, either
        yield


def _statements(script: str) -> list[str]:
    """Split a script into statements; `executescript` would end the transaction that they share."""
    statements, begun = [], ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            statements.append(begun.strip())
            begun = ""
    return statements
