"""A foreign history, journal, archive or export ends in success or one line, never in a crash or a hang."""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from crawler.cli.app import run_command
from tests.mutations import mutate_export, mutate_history, mutate_warc

QUERY = "三体"
SOME, MANY = 20, int(os.environ.get("MUTATED_FILES", "500"))
"""Files of each kind in a usual run, and in a storm; 2,000 take a quarter of an hour on two cores."""

AT_ONCE = 250
"""Files of the many in one test."""

SECONDS = 60
"""After which a command counts as hanging; each takes some tenths of a second."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def command(*arguments: str) -> Ended:
    """Run a command line in this process, many times as fast as in its own; a hang raises TimeoutError."""
    raw = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, encoding="utf-8") for each in raw)
    csv.field_size_limit(131_072)  # what a process begins with
    with redirect_stdout(out), redirect_stderr(err), no_hang():
        code = run_command(arguments)
    out.flush()
    err.flush()
    return Ended(code, *(each.getvalue().decode("utf-8", "replace") for each in raw))


@contextmanager
def no_hang() -> Iterator[None]:
    def hangs(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Files:
    """Valid files of each kind."""

    history: Path
    journal: Path
    archive: Path
    exports: tuple[Path, Path]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder of the commands, with its own home and without the machine's settings."""
    for name in [name for name in os.environ if name.startswith(("CRAWLER_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRAWLER_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("CRAWLER_WORKERS", "1")
    return folder


WATCH = f"""
[report]
lang = "en"
[[watch]]
query = "{QUERY}"
every = "30m"
target_price = 50
new_lowest = true
new_books = true
drop_percent = 10
back_in_stock = true
[alerts]
file = "no/such/folder/alerts.jsonl"
"""


@pytest.fixture
def good(work: Path, tmp_path: Path) -> Files:
    """Create valid files: two runs of a search, and a watch with undelivered alerts."""
    place = tmp_path / "good"
    place.mkdir()
    (work / "watch.toml").write_text(WATCH, encoding="utf-8")
    history = place / "h.sqlite3"
    words = ("--demo", QUERY, "--pages", "1", "--format", "json", "--history", "--history-file", str(history))
    assert command(*words, "--archive", str(place / "a.warc")).code == 0
    assert command(*words).code == 0
    watched = command("watch", "--demo", "--config", "watch.toml", "--history-file", str(history))
    assert watched.code == 1, watched.err
    assert "not delivered" in watched.err
    for suffix in ("csv", "jsonl"):
        assert (
            command(
                "history", "export", "-o", str(place / f"e.{suffix}"), "--history-file", str(history)
            ).code
            == 0
        )
    (journal, *_) = sorted((work / "cache" / "journals").iterdir())
    kept = place / journal.name
    shutil.copy(journal, kept)
    shutil.rmtree(work / "cache")
    return Files(history, kept, place / "a.warc", (place / "e.csv", place / "e.jsonl"))


def a_product(history: Path) -> str:
    with closing(sqlite3.connect(history)) as connection:
        return str(connection.execute("SELECT product_id FROM product").fetchone()[0])


def check(ended: Ended, arguments: tuple[str, ...]) -> None:
    """Check that a command succeeded, or printed lines that say what is wrong."""
    assert ended.code in {0, 1, 2, 3, 4}, (arguments, ended)
    assert "Traceback" not in ended.err, (arguments, ended)
    assert "internal error" not in ended.err, (arguments, ended)
    if ended.code in {1, 2} and arguments[0] != "watch":
        assert len(ended.err.splitlines()) == 1, (arguments, ended)


def a_history(good: Files, work: Path, chance: random.Random) -> Ended:
    file = work / "h.sqlite3"
    for old in work.glob("h.sqlite3*"):
        old.unlink()
    shutil.copy(good.history, file)
    mutate_history(file, chance)
    form = ("--format", chance.choice(["table", "csv", "json", "html"]))
    where = ("--history-file", str(file))
    arguments = chance.choice([
        ("history", *form, *where),
        ("history", QUERY, "--demo", *form, *where),
        ("history", QUERY, "--demo", *form, *where),
        ("history", a_product(good.history), "--demo", *form, *where),
        ("history", "export", "--format", chance.choice(["csv", "jsonl"]), *where),
        ("history", "prune", "--older-than", "1d", *where),
        ("history", "import", str(chance.choice(good.exports)), *where),
        ("--replay", str(good.archive), "--history", *form[:1], "json", *where),
        ("watch", "--all", "--demo", "--config", "watch.toml", *where),
    ])  # fmt: skip
    ended = command(*arguments)
    check(ended, arguments)
    return ended


def a_journal(good: Files, work: Path, chance: random.Random) -> Ended:
    shutil.rmtree(work / "cache", ignore_errors=True)
    folder = work / "cache" / "journals"
    folder.mkdir(parents=True)
    shutil.copy(good.journal, folder)
    mutate_warc(folder / good.journal.name, chance)
    arguments = ("--demo", QUERY, "--pages", "1", "--resume", "--format", "json", "--no-history")
    ended = command(*arguments)
    check(ended, arguments)
    return ended


def an_archive(good: Files, work: Path, chance: random.Random) -> Ended:
    file = work / "a.warc"
    shutil.copy(good.archive, file)
    mutate_warc(file, chance)
    arguments = ("--replay", str(file), "--format", chance.choice(["table", "md", "csv", "json", "html"]))
    ended = command(*arguments)
    check(ended, arguments)
    return ended


def an_export(good: Files, work: Path, chance: random.Random) -> Ended:
    export = chance.choice(good.exports)
    file = work / export.name
    shutil.copy(export, file)
    mutate_export(file, chance)
    for old in work.glob("h.sqlite3*"):
        old.unlink()
    arguments = ("history", "import", str(file), "--history-file", str(work / "h.sqlite3"))
    ended = command(*arguments)
    check(ended, arguments)
    if ended.code == 0:  # what was taken in can be read
        for reading in (
            ("history", QUERY, "--demo", "--format", "json", "--history-file", str(work / "h.sqlite3")),
            ("history", "export", "--history-file", str(work / "h.sqlite3")),
        ):
            check(command(*reading), reading)
    return ended


KINDS = {"history": a_history, "journal": a_journal, "archive": an_archive, "export": an_export}


def try_some(kind: str, good: Files, work: Path, seeds: range) -> None:
    ended: Counter[int] = Counter()
    one: Callable[[Files, Path, random.Random], Ended] = KINDS[kind]
    for seed in seeds:
        try:
            ended[one(good, work, random.Random(f"{kind} {seed}")).code] += 1
        except BaseException:
            print(f"{kind}, seed {seed}", file=sys.stderr)
            raise
    print(f"{kind}: exit codes {dict(sorted(ended.items()))}")
    assert ended[0], "nothing but errors shows nothing"
    assert len(ended) > 1 or kind == "journal", "nothing went wrong at all"


@pytest.mark.parametrize("kind", KINDS)
def test_some_mutated_files(kind: str, good: Files, work: Path) -> None:
    try_some(kind, good, work, range(SOME))


@pytest.mark.storm
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("start", range(0, MANY, AT_ONCE))
@pytest.mark.parametrize("kind", KINDS)
def test_many_mutated_files(kind: str, start: int, good: Files, work: Path) -> None:
    try_some(kind, good, work, range(start, start + AT_ONCE))
