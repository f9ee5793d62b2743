"""What a search records, and what the next one reports about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crawler import crawl
from crawler.cli.page_source import LiveRun
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.settings import HistorySettings, Settings
from tests.cli.conftest import Ended

Run = Callable[..., Awaitable[Ended]]

QUERY = "滲透測試"
FILE = ".local/share/bookprice-crawler/history.sqlite3"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Check prices as a search does by default: pages in price order are recorded, too."""
    return {name: value for name, value in environ.items() if name != "CRAWLER_PRICE_CHECK"}


def observations(file: Path) -> int:
    with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as connection:
        (number,) = connection.execute("SELECT count(*) FROM observation").fetchone()
    connection.close()
    return int(number)


async def test_the_second_run_speaks_of_the_first(run: Run, tmp_path: Path) -> None:
    """In the user's data folder by default; a book that was seen before has a short past."""
    first = await run(QUERY, "--demo", "--history", "--format", "json")
    second = await run(QUERY, "--demo", "--history", "--format", "json")
    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    before, after = json.loads(first.text), json.loads(second.text)
    assert before["recorded"] is after["recorded"] is True
    assert {book["history"] for book in before["books"]} == {None}
    for book in after["books"]:
        assert book["history"]["few"] is True
        assert (book["history"]["lowest"], book["history"]["change"]) == (book["price"], 0)
    assert observations(tmp_path / "home" / FILE) == 2 * after["counts"]["unique"]


@pytest.mark.parametrize("words", [["--demo"], ["--demo", "--no-history"]])
async def test_a_demo_leaves_no_history_unless_asked(run: Run, tmp_path: Path, words: list[str]) -> None:
    ended = await run(QUERY, *words, "--format", "json")
    assert json.loads(ended.text)["recorded"] is False
    assert not (tmp_path / "home" / ".local").exists()


@pytest.mark.parametrize(
    ("record", "base_url", "demo", "recorded"),
    [
        ("live", None, False, True),
        ("live", "https://search.dangdang.com/", False, True),
        ("live", "http://127.0.0.1:9", False, False),
        ("live", None, True, False),
        ("always", "http://127.0.0.1:9", False, True),
        ("always", None, True, True),
        ("never", None, False, False),
    ],
)
def test_which_runs_are_recorded(
    tmp_path: Path, record: str, base_url: str | None, demo: bool, recorded: bool
) -> None:
    """Only the live shop's, all, or none."""
    file = tmp_path / "history.sqlite3"
    settings = Settings(
        base_url=base_url,
        cache_dir=str(tmp_path),
        history=HistorySettings(path=str(file), record=record),  # type: ignore[arg-type]  # checked when built
    )
    wanted = LiveRun(QUERY, settings, demo=demo, resume=False, archive=None)
    assert wanted.history == (file if recorded else None)
    assert file.exists() == recorded


async def test_a_failed_page_records_nothing(run: Run, folder: Path) -> None:
    """Its products have no observation; those on the other pages have."""
    faults = [Fault(FaultKind.FIREWALL, pages={2})]
    async with DemoShop(faults=faults) as shop:
        ended = await run(
            QUERY, "--base-url", shop.base_url, "--price-check", "0", "--history", "--format", "json",
            env={"CRAWLER_HISTORY_PATH": "prices.sqlite3"},
        )  # fmt: skip
    report = json.loads(ended.text)
    assert (ended.code, report["complete"], report["recorded"]) == (3, False, True)
    assert observations(folder / "prices.sqlite3") == report["counts"]["unique"] <= 120


async def test_a_replay_records_a_run_once(run: Run, folder: Path) -> None:
    """The archive of a recorded run adds nothing; its books have the past that they had then."""
    env = {"CRAWLER_HISTORY_PATH": "prices.sqlite3"}
    async with DemoShop() as shop:
        words = (QUERY, "--base-url", shop.base_url, "--history", "--format", "json")
        await run(*words, env=env)
        live = await run(*words, "--archive", "a.warc.gz", env=env)
        await run(*words, env=env)
    seen = observations(folder / "prices.sqlite3")
    replayed = await run("--replay", "a.warc.gz", "--history", "--format", "json", env=env)
    assert replayed.out == live.out
    assert observations(folder / "prices.sqlite3") == seen


async def test_a_history_of_another_program_is_refused_before_anything_is_asked(
    run: Run, folder: Path
) -> None:
    with sqlite3.connect(folder / "other.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    async with DemoShop() as shop:
        ended = await run(
            QUERY, "--base-url", shop.base_url, "--history", env={"CRAWLER_HISTORY_PATH": "other.db"}
        )
        assert not shop.requests
    assert ended.code == 2
    assert "other.db is another program's database" in ended.only_line
    assert "[history] path" in ended.only_line
    assert "--no-history" in ended.only_line


async def test_the_library_records_when_asked_to(tmp_path: Path) -> None:
    """`crawl` alone records nothing; with a file it does, and its books have a past the second time."""
    file = tmp_path / "prices.sqlite3"
    async with DemoShop() as shop:
        plain = await crawl(QUERY, pages=1, base_url=shop.base_url, workers=1)
        assert not plain.recorded
        assert not file.exists()
        await crawl(QUERY, pages=1, base_url=shop.base_url, workers=1, history=file)
        result = await crawl(QUERY, pages=1, base_url=shop.base_url, workers=1, history=file)
    assert result.recorded
    assert all(book.history is not None and book.history.sparse for book in result.books)
