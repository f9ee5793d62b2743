"""Files as an attacker may have made them: a valid file with random changes in one or several places."""

from __future__ import annotations

import csv
import io
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from crawler.recording.warc import Record, RecordReader

INTEGERS = [
    0, 1, -1, 2, 7, 255, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**14, 10**15, -(10**15),
    253_402_300_800_000_000,  # the year 10000, in microseconds
    7_258_118_400_000_000,  # 2200
    -62_135_596_800_000_001,  # before the year 1
]  # fmt: skip

TEXTS = [
    "", "x", "1", "-1", "1.5", "1e5", "1_000", "٣", " 7 ", "NaN", "inf", "null", "\0", "a\nb", "\x1b[2J", "\u202e",
    "=1+1",
    "x" * 5_000, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2999-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
    "2026-02-01T00:00:00", "[", "{}", "[1, null]", '["a"', "[" * 2_000, "price_drop", "ok", "http://[", "a,b,c",
    "https://search.dangdang.com/", "999999999999999999999999", "1E+400", "1E-400",
]  # fmt: skip

VALUES: list[Any] = [
    *INTEGERS, *TEXTS, None, True, False, 0.5, -0.5, 1e308, -1e308, 1e-300, [], {}, [[]], {"a": 1}, [1, "x", None],
    10**400,
]  # fmt: skip

BLOBS = [b"", b"\xff\xfe", b"\0" * 40, b"x"]


def with_bytes_changed(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with some flipped, inserted, removed, or cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 50])):
        if not changed:
            break
        at = chance.randrange(len(changed))
        match chance.randrange(8):
            case 0 | 1 | 2:
                changed[at] ^= 1 << chance.randrange(8)
            case 3:
                changed[at] = chance.randrange(256)
            case 4:
                changed[at:at] = chance.randbytes(chance.randrange(1, 20))
            case 5:
                del changed[at : at + chance.randrange(1, 200)]
            case 6:
                start = chance.randrange(len(changed))
                changed[at : at + 100] = changed[start : start + 100]
            case _:
                if chance.random() < 0.3:
                    del changed[at:]
    return bytes(changed)


def mutate_history(path: Path, chance: random.Random) -> None:
    """Change a history: its bytes, its values, its header or its schema."""
    if chance.random() < 0.25:
        path.write_bytes(with_bytes_changed(path.read_bytes(), chance))
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for _ in range(chance.choice([1, 1, 2, 3, 8])):
            with suppress(sqlite3.Error):  # such as NULL where there is none
                _mutate_database(connection, chance)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _mutate_database(connection: sqlite3.Connection, chance: random.Random) -> None:
    if chance.random() < 0.08:
        connection.execute(chance.choice(_SCHEMA_CHANGES))
        return
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = chance.choice(tables)
    columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
    column, kind = chance.choice(columns)
    condition = chance.choice(["1", "abs(random()) % 3 = 0"])
    if chance.random() < 0.1:
        connection.execute(f"DELETE FROM {table} WHERE abs(random()) % 2 = 0")  # noqa: S608 – names of ours
    elif chance.random() < 0.15 and kind == "TEXT":
        connection.execute(
            f"UPDATE OR IGNORE {table} SET {column} = CAST(X'C328FF' AS TEXT) WHERE {condition}"  # noqa: S608
        )
    else:
        value = chance.choice([*INTEGERS, *TEXTS, *BLOBS, None, 0.5, 1e308, -1e308])
        statement = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {condition}"  # noqa: S608
        connection.execute(statement, (value,))


_SCHEMA_CHANGES = [
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 99",
    "PRAGMA user_version = -1",
    "PRAGMA application_id = 5",
    "CREATE TRIGGER x AFTER INSERT ON run BEGIN DELETE FROM observation; END",
    "CREATE VIEW x AS SELECT * FROM run",
    "CREATE TABLE x (a)",
    "CREATE INDEX x ON run (abs(pages_ok))",
    "ALTER TABLE product RENAME TO x",
    "ALTER TABLE run ADD COLUMN x GENERATED ALWAYS AS (abs(pages_ok)) VIRTUAL",
    "DROP TABLE observation",
    "DROP INDEX alert_of",
    "ANALYZE",
]


def mutate_warc(path: Path, chance: random.Random) -> None:
    """Change a recorded run: its bytes, its records, or the values of its metadata."""
    if chance.random() < 0.25:
        path.write_bytes(with_bytes_changed(path.read_bytes(), chance))
        return
    records = list(RecordReader(path))
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(records))
        match chance.randrange(10):
            case 0:
                del records[at]
            case 1:
                records.insert(at, chance.choice(records))
            case 2:
                chance.shuffle(records)
            case _:
                records[at] = _mutated_record(records[at], chance)
        if not records:
            break
    path.write_bytes(b"".join(map(_framed, records)))


def _mutated_record(record: Record, chance: random.Random) -> Record:
    fields, block = dict(record.fields), record.block
    if fields.get("content-type") == "application/json" and chance.random() < 0.8:
        try:
            value = json.loads(block)
        except ValueError:
            return record
        block = json.dumps(with_value_changed(value, chance), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    elif chance.random() < 0.5:
        fields[chance.choice(list(fields))] = str(chance.choice(TEXTS)).replace("\n", " ")
    else:
        block = with_bytes_changed(block, chance)
    return Record(record.kind, fields, record.head, block, 0)


def _framed(record: Record) -> bytes:
    """Return a record as bytes with the correct length and digest."""
    fields = {
        name: text
        for name, text in record.fields.items()
        if name not in {"content-length", "warc-block-digest"}
    }
    fields["content-length"] = str(len(record.block))
    head = "".join(f"{name}: {text}\r\n" for name, text in fields.items())
    return b"WARC/1.1\r\n" + head.encode("utf-8", "replace") + b"\r\n" + record.block + b"\r\n\r\n"


def with_value_changed(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one of its values replaced, removed, or repeated."""
    places: list[tuple[Any, Any]] = []

    def collect(inner: Any) -> None:
        for key in list(inner) if isinstance(inner, dict) else range(len(inner)):
            places.append((inner, key))
            if isinstance(inner[key], dict | list):
                collect(inner[key])

    if not isinstance(value, dict | list):
        return chance.choice(VALUES)
    collect(value)
    if not places:
        return value
    inner, key = chance.choice(places)
    if chance.random() < 0.1:
        del inner[key]
    elif chance.random() < 0.1 and isinstance(inner, dict):
        inner[chance.choice(TEXTS)] = inner[key]
    else:
        inner[key] = chance.choice(VALUES)
    return value


def mutate_export(path: Path, chance: random.Random) -> None:
    """Change an export: its bytes, its lines, or the values in them."""
    if chance.random() < 0.25:
        path.write_bytes(with_bytes_changed(path.read_bytes(), chance))
        return
    change_line: Callable[[str, random.Random], str] = (
        _line_of_json if path.suffix == ".jsonl" else _line_of_csv
    )
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(lines))
        match chance.randrange(10):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                chance.shuffle(lines)
            case _:
                lines[at] = change_line(lines[at], chance)
        if not lines:
            break
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))


def _line_of_json(line: str, chance: random.Random) -> str:
    try:
        return (
            json.dumps(with_value_changed(json.loads(line), chance), ensure_ascii=chance.random() < 0.5)
            + "\n"
        )
    except ValueError:
        return line


def _line_of_csv(line: str, chance: random.Random) -> str:
    cells = next(csv.reader([line]), [])
    if not cells:
        return line
    cells[chance.randrange(len(cells))] = str(chance.choice(VALUES[:-1]))
    output = io.StringIO()
    csv.writer(output, lineterminator="\r\n").writerow(cells)
    return output.getvalue()
