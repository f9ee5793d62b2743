"""Export, import and prune: nothing lost, nothing counted twice, while crawls record."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.books import LASTING_REASONS
from crawler.errors import UsageError
from crawler.history import exporting
from crawler.history.importing import HistoryImporter
from crawler.history.maintenance import HistoryKeeper
from crawler.history.observations import RunRecord
from crawler.history.reading import open_history
from crawler.history.store import History
from crawler.prices.observation import NOT_DROPPED, Observation
from tests.profiles import examples

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
SHOP = "https://shop.example"
RECORDER = Path(__file__).with_name("record_runs.py")

TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from("=+-@'\"\t\r\n,;＝书\u2028")
    ),
    min_size=1,
    max_size=12,
)
AMOUNT = st.none() | st.decimals(0, 9999, places=2)
SEEN = st.lists(
    st.tuples(
        st.integers(1, 6),
        TEXT,
        AMOUNT,
        AMOUNT,
        st.none() | st.integers(0, 100),
        st.none() | TEXT,
        st.booleans(),
        st.sampled_from([None, NOT_DROPPED, *LASTING_REASONS]),
    ),
    max_size=6,
    unique_by=lambda row: row[0],
)


def exported(file: Path, form: str) -> bytes:
    history = open_history(file)
    assert history is not None
    with history:
        return b"".join(exporting.export(history, form, source=SHOP, query=None))


def a_run(
    number: int, prices: dict[str, str | None], *, query: str = "书"
) -> tuple[RunRecord, list[Observation]]:
    """Return the run of a day."""
    at = START + dt.timedelta(days=number)
    run = RunRecord(f"{query}-{number}", SHOP, query, at, pages_ok=1, pages_failed=0)
    return run, [
        Observation(product, f"书{product}", at, None if price is None else Decimal(price))
        for product, price in prices.items()
    ]


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(TEXT, SEEN), min_size=1, max_size=4), st.sampled_from(exporting.FORMATS))
def test_what_is_exported_comes_back_the_same(
    runs: list[tuple[str, list[tuple[object, ...]]]], form: str
) -> None:
    """Export, import into a new file, and export again gives the same bytes, whatever the texts contain."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "a.sqlite3", Path(folder) / "b.sqlite3"
        with History(first) as history:
            for number, (query, rows) in enumerate(runs):
                at = START + dt.timedelta(hours=number)
                run = RunRecord(f"key{number}", SHOP, query, at, pages_ok=number, pages_failed=1)
                history.record(
                    run,
                    [
                        Observation(
                            str(product), str(title), at, price, listed,  # type: ignore[arg-type]  # as drawn
                            None if stars is None else stars / 20, 7, seller, out, dropped,  # type: ignore[operator, arg-type]  # as drawn
                        )
                        for product, title, price, listed, stars, seller, out, dropped in rows
                    ],
                )  # fmt: skip
        data = exported(first, form)
        with HistoryImporter(second) as history:
            done = history.take_in(io.BytesIO(data), "file")
            assert (done.runs, done.known) == (len(runs), 0)
            again = history.take_in(io.BytesIO(data), "file")
            assert (again.runs, again.known) == (0, len(runs))
        assert exported(second, form) == data


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_a_bad_line_is_named_and_its_run_is_not_taken_in(tmp_path: Path, form: str) -> None:
    """The runs before it are imported; its own run is not."""
    first, second = tmp_path / "a.sqlite3", tmp_path / "b.sqlite3"
    with History(first) as history:
        for number in range(3):
            history.record(*a_run(number, {"1": "10", "2": "20"}))
    lines = exported(first, form).splitlines(keepends=True)
    header = 1 if form == "csv" else 0
    bad = header + 3  # the second product of the second run
    lines[bad] = lines[bad].replace(b"20.00", b"twenty")
    assert b"twenty" in lines[bad]
    with HistoryImporter(second) as history, pytest.raises(UsageError, match=rf"file\b.*{bad + 1}"):
        history.take_in(io.BytesIO(b"".join(lines)), "file")
    with closing(sqlite3.connect(second)) as connection:
        assert connection.execute("SELECT key FROM run").fetchall() == [("书-0",)]
        assert connection.execute("SELECT count(*) FROM observation").fetchone() == (2,)


def test_pruning_leaves_the_last_and_the_lowest_of_every_product(tmp_path: Path) -> None:
    """Other old observations are removed; the last run of a search stays; the counts are correct."""
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        for number in range(10):
            seen: dict[str, str | None] = {"1": str(10 + number)}
            if number < 4:
                seen["2"] = str(50 + number)
            history.record(*a_run(number, seen))
        history.record(*a_run(0, {"3": "9"}, query="旧"))
        run, _ = a_run(1, {}, query="旧")
        gone = Observation(
            "1", "书1", run.started_at, Decimal(1), sold_out=True
        )  # a price that nobody could have
        history.record(run, [gone])
    with HistoryKeeper(file) as keeper:
        pruned = keeper.prune(START + dt.timedelta(days=7))
        assert keeper.reclaim() is None
        assert (pruned.observations, pruned.runs) == (6 + 2 + 1, 5)
        assert keeper.prune(START + dt.timedelta(days=7)).observations == 0
    with History(file) as history:
        past = history.series(SHOP, ["1", "2", "3"])
    assert [seen.price for seen in past["1"]] == [10, 17, 18, 19]
    assert [seen.price for seen in past["2"]] == [50, 53]
    assert [seen.price for seen in past["3"]] == [9]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(
            "SELECT observations, (SELECT count(*) FROM observation WHERE run = run.id) FROM run"
        ).fetchall()
    assert all(told == counted for told, counted in rows)


async def test_upkeep_while_crawls_record(tmp_path: Path) -> None:
    """Two processes record during export, prune and import; no observation of theirs is lost."""
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        for number in range(5):
            history.record(*a_run(number, {"old": "10"}))
    recorders = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(RECORDER), str(file), name, "15", "200",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for name in ("a", "b")
    ]  # fmt: skip
    ends = asyncio.gather(*(process.communicate() for process in recorders))
    rounds = 0

    def keep_up(number: int) -> None:
        data = exported(file, "jsonl")
        with HistoryImporter(tmp_path / f"copy{number}.sqlite3") as copy:
            copy.take_in(io.BytesIO(data), "file")
        with HistoryKeeper(file) as keeper:
            keeper.prune(START + dt.timedelta(days=10))
            keeper.reclaim()

    while not ends.done() or not rounds:
        await asyncio.to_thread(keep_up, rounds)
        rounds += 1
    for process, (out, err) in zip(recorders, await ends, strict=True):
        assert (process.returncode, err) == (0, b"")
        assert out.split()[-1] == b"14"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM observation").fetchone() == (2 * 15 * 200 + 1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_an_export_that_was_cut_short_is_not_taken_for_whole(tmp_path: Path, form: str) -> None:
    """Even at the end of a line: the run with missing lines is named, and not imported."""
    first, second = tmp_path / "a.sqlite3", tmp_path / "b.sqlite3"
    with History(first) as history:
        for number in range(3):
            history.record(*a_run(number, {"1": "10", "2": "20"}))
    lines = exported(first, form).splitlines(keepends=True)[:-1]
    with (
        HistoryImporter(second) as history,
        pytest.raises(UsageError, match="has 2 observations, but 1 "),
    ):
        history.take_in(io.BytesIO(b"".join(lines)), "file")
    with closing(sqlite3.connect(second)) as connection:
        assert connection.execute("SELECT count(*) FROM observation").fetchone() == (4,)


def test_an_import_puts_back_what_was_pruned(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        for number in range(10):
            history.record(*a_run(number, {"1": str(10 + number), "2": "20"}))
    data = exported(file, "jsonl")
    with HistoryKeeper(file) as keeper:
        keeper.prune(START + dt.timedelta(days=9))
    assert exported(file, "jsonl") != data
    with HistoryImporter(file) as history:
        done = history.take_in(io.BytesIO(data), "file")
    assert done.runs + done.known == 10
    assert exported(file, "jsonl") == data


def test_space_that_could_not_be_given_back_is_given_back_later(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        for number in range(40):
            history.record(*a_run(number, {str(product): str(10 + number) for product in range(100)}))
    with closing(sqlite3.connect(file, isolation_level=None)) as other, HistoryKeeper(file) as keeper:
        keeper.prune(START + dt.timedelta(days=39))
        other.execute("BEGIN IMMEDIATE")
        keeper._connection.execute("PRAGMA busy_timeout = 0")
        assert keeper.reclaimable()
        assert keeper.reclaim() == "other programs are writing to the file"
    with HistoryKeeper(file) as keeper:
        assert keeper.prune(START + dt.timedelta(days=39)).observations == 0
        assert keeper.reclaimable()
        assert keeper.reclaim() is None
        assert not keeper.reclaimable()


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"]
)
@pytest.mark.parametrize("column", ["started_at", "at"])
def test_a_moment_at_which_nobody_can_have_looked_is_refused(
    tmp_path: Path, moment: str, column: str
) -> None:
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        history.record(*a_run(0, {"1": "10"}))
    line = json.loads(exported(file, "jsonl")) | {column: moment}
    with (
        HistoryImporter(tmp_path / "b.sqlite3") as history,
        pytest.raises(UsageError, match="from 1995 to today"),
    ):
        history.take_in(io.BytesIO(json.dumps(line).encode()), "file")
