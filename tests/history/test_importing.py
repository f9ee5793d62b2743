"""Refused imports: each bad line by its number, with its reason, and without any part of its run."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import UsageError
from crawler.history import importing
from crawler.history.exporting import export
from crawler.history.importing import HistoryImporter, Imported
from crawler.history.observations import RunRecord
from crawler.history.reading import HistoryReader
from crawler.history.store import History
from crawler.prices.observation import Observation

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
SHOP = "https://shop.example"

Row = dict[str, Any]
Change = Callable[[list[Row]], object]


def rows(tmp_path: Path) -> list[Row]:
    """Return the lines of an export as JSON: two runs of two products each, and one without observations."""
    file = tmp_path / "exported.sqlite3"
    with History(file) as history:
        for day in range(3):
            at = START + dt.timedelta(days=day)
            seen = [
                Observation(number, f"书{number}", at, Decimal("10.50"), seller="某店")
                for number in ("1", "2")
            ]
            run = RunRecord(f"run{day}", SHOP, "书", at, pages_ok=1, pages_failed=0)
            history.record(run, seen if day < 2 else [])
    with HistoryReader(file) as reader:
        return [
            json.loads(line)
            for line in b"".join(export(reader, "jsonl", source=SHOP, query=None)).splitlines()
        ]


def as_jsonl(lines: list[Row]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def as_csv(lines: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    for line in lines:
        cells = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in line.items()
        }
        writer.writerow(cells)
    return text.getvalue().encode()


def taken(tmp_path: Path, data: bytes) -> tuple[str, Imported, int]:
    """Run an import that must be refused; return the message, the counts, and the number of runs recorded."""
    file, done = tmp_path / "imported.sqlite3", Imported()
    with HistoryImporter(file) as history, pytest.raises(UsageError) as refused:
        history.take_in(io.BytesIO(data), "a.file", done)
    with HistoryReader(file) as reader:
        runs = sum(search.runs for search in reader.searches())
    message = str(refused.value)
    assert "\n" not in message
    return message, done, runs


def changed(number: int, **values: Any) -> Change:
    """Return a function that changes some cells of a line, counted from 0."""
    return lambda lines: lines[number].update(values)


REFUSED: list[tuple[Change, int, str]] = [
    # what is done to the lines, which line is named, and what is said of it
    (changed(3, price=-1), 4, ": price must be an amount in yuan"),
    (changed(3, price=1.005), 4, ": price must be an amount in yuan"),
    (changed(3, price=10**12), 4, ": price must be an amount in yuan"),
    (changed(3, list_price=-0.01), 4, "list_price must be an amount in yuan"),
    (changed(3, rating=101), 4, "$.rating"),
    (changed(3, reviews=-1), 4, "$.reviews"),
    (changed(3, pages_ok=-1), 4, "$.pages_ok"),
    (changed(3, dropped="why not"), 4, "$.dropped"),
    (changed(3, sold_out="perhaps"), 4, "$.sold_out"),
    (changed(3, at="2026-01-02T08:00:00"), 4, "$.at"),  # no time zone
    (changed(3, at="1990-01-02T08:00:00Z"), 4, "at must be a time from 1995 to today"),
    (changed(3, run="x" * 10_001), 4, "$.run"),
    (changed(3, title=None, at=None), 4, "title"),
    (changed(3, product_id="1"), 4, "run 'run1' lists product '1' twice"),
    (changed(3, pages_ok=2), 4, "contradicts the line before about run 'run1'"),
    (changed(3, observations=3), 4, "contradicts the line before about run 'run1'"),
    (changed(3, product_id=None, title=None, at=None, sold_out=None), 4, "with and without a product"),
    (lambda lines: lines.insert(3, {**lines[4], "run": "run1", "started_at": lines[3]["started_at"],
                                    "query": lines[3]["query"], "observations": 2}), 4, "with and without a product"),
    (lambda lines: lines.pop(3), 3, "run 'run1' has 2 observations, but 1 "),
    (lambda lines: lines.append(lines[0]), 6, "the lines of run 'run0' are not together"),
]  # fmt: skip


@pytest.mark.parametrize("form", [as_jsonl, as_csv], ids=["jsonl", "csv"])
@pytest.mark.parametrize(("change", "line", "words"), REFUSED, ids=[row[2][:20] for row in REFUSED])
def test_a_bad_line_is_named_and_nothing_of_its_run_recorded(
    tmp_path: Path, form: Callable[[list[Row]], bytes], change: Change, line: int, words: str
) -> None:
    """The message names the line and the reason; the runs before it are kept, and the message says so."""
    lines = rows(tmp_path)
    change(lines)
    message, done, runs = taken(tmp_path, form(lines))
    number = line + (form is as_csv)  # below the header
    assert message.startswith(f"a.file, line {number}: ")
    assert words in message
    assert message.endswith("; the runs before it were imported")
    assert done.runs == runs
    assert runs == (3 if line == 6 else 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a.file is empty"),
        (b"run,source\n", "a.file, line 1: an export begins with { or with the columns run,source,query,"),
        (b"{}\n", "a.file, line 1: "),
        (b"{ no JSON\n", "a.file, line 1: "),
        (b"[" * 100_000, "a.file, line 1: "),
        (b'{"run": ' + b"[" * 100_000, "a.file, line 1: "),
        (b"{" + b" " * importing.MOST_BYTES, "a.file, line 1: it is longer than 1,048,576 bytes"),
        ("{价格".encode("gb18030"), "a.file, line 1: byte 2 is not valid UTF-8"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    """One line names the file; there is no run that could have been imported before."""
    message, done, runs = taken(tmp_path, data)
    assert message.startswith(words)
    assert "the runs before it" not in message
    assert (done.runs, runs) == (0, 0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace("10.5,", "10.5,,", 1), "18 cells instead of 17"),
        (lambda text: text.replace("书1", '"书1', 1), ""),  # a quote that never ends
        (lambda text: text.replace("书1", '"书"1', 1), ""),
        (lambda text: text.replace("query", "run", 1), "an export begins with"),  # a column twice
    ],
)
def test_a_table_that_is_out_of_shape_is_refused(
    tmp_path: Path, spoil: Callable[[str], str], words: str
) -> None:
    """Cells without a column, and quotes that no spreadsheet writes, are refused."""
    text = as_csv(rows(tmp_path)).decode()
    spoilt = spoil(text)
    assert spoilt != text
    message, _, runs = taken(tmp_path, spoilt.encode())
    assert message.startswith("a.file, line ")
    assert words in message
    assert runs == 0


def test_a_run_of_too_many_products_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import stops before a run fills the memory."""
    monkeypatch.setattr(importing, "MOST_PRODUCTS", 1)
    message, _, runs = taken(tmp_path, as_jsonl(rows(tmp_path)))
    assert message.startswith("a.file, line 2: run 'run0' has more than 1 products")
    assert runs == 0


def test_a_title_over_two_lines_shifts_no_number(tmp_path: Path) -> None:
    """Line numbers refer to the file, in which a title may span several lines."""
    lines = rows(tmp_path)
    lines[0]["title"] = "书\n名\n字"
    changed(3, price=-1)(lines)
    message, _, _ = taken(tmp_path, as_csv(lines))
    assert message.startswith("a.file, line 7: price")
