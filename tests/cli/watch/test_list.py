"""`watch --list` and `watch --dry-run`: they show everything, and create, send and change nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import re
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.__main__ import main
from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.books.note import BookNote
from crawler.history.observations import RunRecord
from crawler.history.recording import run_key
from crawler.history.schema import MIGRATIONS
from crawler.phrases import Phrase
from crawler.prices.observation import Observation
from crawler.query import simplified
from crawler.settings import Settings
from crawler.watching.run_watch import searched
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import WatchStore
from tests.cli.conftest import Ended
from tests.watching.scripted_shop import ScriptedShop, scripted_shop, shelf

Run = Callable[..., Awaitable[Ended]]
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

SHOP = "https://search.dangdang.com"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)

WATCHES = """
[[watch]]
query = "三體"
every = "12h"
target_price = 20
drop_percent = 12.5
new_lowest = true
[[watch]]
name = "new on testing"
query = "滲透測試"
sort = "newest"
new_books = true
back_in_stock = true
products = ["29000001"]
[alerts]
command = ["sh", "-c", "echo ran > ran"]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a configuration, with a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "en")
    monkeypatch.setenv("CRAWLER_HISTORY_PATH", "h.sqlite3")
    monkeypatch.setenv("COLUMNS", "90")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "c.toml").write_text(WATCHES, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["watch", "--list", "--config", "c.toml", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def as_json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    watches: list[dict[str, Any]] = json.loads(listed(capsys, "--format", "json"))["watches"]
    return watches


def remember(file: Path, at: dt.datetime, *, failed: int = 0, told: bool = True) -> None:
    """Record a run of the first watch, with an undelivered alert, or with failed pages."""
    terms = WatchTerms(query="三體", target_price=Decimal(20), drop_percent=Decimal("12.5"), new_lowest=True)
    watch = Watch(terms)
    with WatchStore(file) as memory:
        state = memory.begin(watch, SHOP, searched(watch, Settings()), at)
        key = run_key(SHOP, f"{simplified('三體')}\n三體", at)
        run = RunRecord(key, SHOP, "三体", at, pages_ok=3 - failed, pages_failed=failed)
        found = Alert(
            "三體", AlertKind.TARGET_PRICE, "1", "三体全集", "", at, Decimal(19), Decimal(20),
            also=(PriceEvent(AlertKind.NEW_LOWEST, Decimal(25)),),
            note=BookNote(volumes=3, volume_price=Decimal("6.33")),
        )  # fmt: skip
        memory.keep(
            state, run, [Observation("1", "三体全集", at, Decimal(19))], [found] if told else [],
            channels=["gone"], watched=["1"], whole=not failed,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "condition"), [(0, "lowest price seen"), (1, "lowest price seen, after 1 day")]
)
def test_the_days_before_a_lowest_price_are_counted(
    here: Path, capsys: pytest.CaptureFixture[str], days: int, condition: str
) -> None:
    watch = f'[[watch]]\nquery = "三體"\nnew_lowest = true\nnew_lowest_days = {days}\n'
    (here / "c.toml").write_text(watch, encoding="utf-8")
    assert f"Alerts        {condition}" in listed(capsys).splitlines()


def test_before_the_first_run_all_are_due(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list has their alert conditions; no history is created."""
    assert listed(capsys).splitlines() == [
        "Watch         三體, every 12 hours",
        "Alerts        target ¥20.00, price drop of 12.5%, lowest price seen, after 7 days",
        "Last success  none yet",
        "Next run      due now",
        "Last alert    none yet",
        "",
        "Watch         new on testing, searches 滲透測試, every day",
        "Alerts        new on these pages, back in stock, only these products: 1",
        "Last success  none yet",
        "Next run      due now",
        "Last alert    none yet",
    ]
    assert [path.name for path in here.iterdir()] == ["c.toml"]
    assert not (here.parent / "home").exists()


def test_a_paused_watch_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = WATCHES.replace('every = "12h"', 'every = "12h"\npaused = true')
    (here / "c.toml").write_text(text, encoding="utf-8")
    remember(here / "h.sqlite3", NOW - dt.timedelta(hours=1))
    assert "Next run      paused" in listed(capsys).splitlines()
    first, second = as_json(capsys)
    assert (first["paused"], first["next_run"], second["paused"]) == (True, None, False)


def test_what_is_known_of_a_watch(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Last success, next run, last alert with all its events, and problems: failed pages, undelivered alerts."""
    success, failure = NOW - dt.timedelta(hours=3), NOW - dt.timedelta(hours=1)
    remember(here / "h.sqlite3", success)
    remember(here / "h.sqlite3", failure, failed=2, told=False)
    before = (here / "h.sqlite3").read_bytes()
    first, second = as_json(capsys)
    document = (Path(__file__).parents[3] / "docs/watching.md").read_text("utf-8")
    (described,) = re.findall(r"`--format json` writes .*?\n\n", document, re.DOTALL)
    assert re.findall(r"`([a-z_]+)`", described) == [*first, *first["last_problem"]]
    assert (first["name"], first["target_price"], first["drop_percent"]) == ("三體", 20, 12.5)
    assert (first["last_success"], first["next_run"]) == (
        f"{success:%Y-%m-%dT%H:%M:%SZ}",
        f"{success + dt.timedelta(hours=11, minutes=55):%Y-%m-%dT%H:%M:%SZ}",
    )
    assert [event["kind"] for event in first["last_alert"]["events"]] == ["target_price", "new_lowest"]
    assert first["last_problem"] == {
        "failed_at": f"{failure:%Y-%m-%dT%H:%M:%SZ}",
        "failed_pages": 2,
        "undelivered": 1,
        "why_undelivered": "",
    }
    assert (second["search"], second["last_success"], second["next_run"]) == ({"sort": "newest"}, None, None)
    lines = listed(capsys, "--only", "三體").splitlines()
    assert lines[2:4] == [
        f"Last success  {success:%Y-%m-%d %H:%M} UTC",
        f"Next run      {success + dt.timedelta(hours=11, minutes=55):%Y-%m-%d %H:%M} UTC",
    ]
    assert lines[4].startswith(
        f"Last alert    {success:%Y-%m-%d %H:%M} UTC: target reached, lowest price seen: ¥19.00"
    )
    assert lines[-1] == (
        f"Last problem  {failure:%Y-%m-%d %H:%M} UTC: failed pages: 2; undelivered alerts: 1"
    )
    assert (here / "h.sqlite3").read_bytes() == before


def test_no_page_at_all_and_a_changed_search(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / "h.sqlite3"
    remember(file, NOW - dt.timedelta(hours=3), told=False)
    assert as_json(capsys)[0]["last_problem"] is None
    with WatchStore(file) as memory:
        watch = Watch(WatchTerms(query="三體"))
        state = memory.known(watch, SHOP, searched(watch, Settings()), NOW)
        memory.tried(state, NOW - dt.timedelta(hours=2))
    assert "UTC: no page could be read" in listed(capsys)
    assert as_json(capsys)[0]["last_problem"]["failed_pages"] is None
    (here / "c.toml").write_text(
        WATCHES.replace("三體", "三體全集").replace("[[watch]]", '[[watch]]\nname = "三體"', 1)
    )
    assert as_json(capsys)[0]["next_run"] is None


def test_times_are_the_readers_and_words_the_queries(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "auto")
    monkeypatch.setattr("crawler.local_time.local_zone", lambda: dt.timezone(dt.timedelta(hours=8)))
    at = NOW - dt.timedelta(hours=1)
    remember(here / "h.sqlite3", at)
    assert f"上次成功    {at + dt.timedelta(hours=8):%Y-%m-%d %H:%M} UTC+8" in listed(capsys)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("target reached", "set of 3 · ¥6.33 each")),
        ("zh-Hans", ("达到目标", "共 3 册 · 每册 ¥6.33")),
        ("auto", ("達到目標", "共 3 冊 · 每冊 ¥6.33")),
    ],
)
def test_the_last_alert_is_in_the_language_of_the_moment(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    words: tuple[str, str],
) -> None:
    """On the terminal and in JSON, whatever it was when the alert was recorded."""
    remember(here / "h.sqlite3", NOW)
    monkeypatch.setenv("CRAWLER_REPORT_LANG", lang)
    assert words[0] in listed(capsys)
    assert as_json(capsys)[0]["last_alert"]["remarks"] == [words[1]]


def test_the_last_problem_is_in_the_language_of_the_moment(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason of a refusal on the terminal; JSON keeps its English text."""
    remember(here / "h.sqlite3", NOW)
    with WatchStore(here / "h.sqlite3") as memory:
        (pending,) = memory.pending("gone", source=SHOP)
        memory.refused("gone", {pending.numbers: Phrase("command_exit", n=3)}, NOW)
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "zh-Hant")
    assert "結束代碼 3" in listed(capsys)
    assert as_json(capsys)[0]["last_problem"]["why_undelivered"] == "exit code 3"


@pytest.mark.parametrize("columns", [40, 60, 99, 100, 160])
def test_no_line_is_wider_than_the_terminal(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """From 100 columns on, it is one table with a row for each watch."""
    from rich.cells import cell_len

    remember(here / "h.sqlite3", NOW)
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = listed(capsys).splitlines()
    assert max(map(cell_len, lines)) <= columns
    headings = ["Watch", "Alerts", "Last success", "Next run", "Last alert", "Last problem"]
    assert all(heading in lines[0] for heading in headings) == (columns >= 100)


def test_a_history_of_an_older_version_is_listed_as_it_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(here / "h.sqlite3")) as connection:
        connection.execute("PRAGMA application_id = 0x626B7072")
        connection.executescript(MIGRATIONS[0])
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    before = (here / "h.sqlite3").read_bytes()
    assert as_json(capsys)[0]["last_success"] is None
    assert (here / "h.sqlite3").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--list", "--all"), "--list runs no watch; omit --all"),
        (("--format", "json"), "--format requires --list"),
        (("--list", "--dry-run"), "not allowed with"),
        (("--dry-run", "--wait"), "not allowed with"),
        (("--list", "--only", "三"), "unknown watch '三'"),
    ],
)
def test_what_does_not_go_together_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str
) -> None:
    assert main(["watch", "--config", "c.toml", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert expected in err


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [shelf({"11": "30.00"})]
        yield served


def contents(*folders: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for folder in folders
        for path in folder.rglob("*")
    }


DRY = """
[crawler]
pages = 1
price_check = 0
[[watch]]
query = "三体"
drop_percent = 20
target_price = 20
[alerts]
file = "a.txt"
feed = "a.xml"
command = ["sh", "-c", "touch ran; exit 1"]
"""


async def test_a_dry_run_tells_everything_and_changes_nothing(
    run: Run, folder: Path, tmp_path: Path, shop: ScriptedShop
) -> None:
    """It prints the messages and their places, also of pending alerts; then the watch sends exactly those."""
    (folder / "c.toml").write_text(DRY, encoding="utf-8")
    words = ("watch", "--config", "c.toml", "--base-url", shop.base_url)
    first = await run(*words, "--dry-run")
    assert (first.code, first.err) == (0, "")
    assert first.text.splitlines() == [
        "三体: 1 book, 1 of 1 page read, 0 alerts",
        "dry run: nothing was recorded, sent or changed",
    ]
    assert list(contents(folder, tmp_path / "home")) == [str(folder / "c.toml")]
    assert (await run(*words)).code == 0
    shop.pages = [shelf({"11": "19.00", "12": "18.00"})]
    before = contents(folder, tmp_path / "home")
    assert "not due until" in (await run(*words, "--dry-run")).text
    dry = await run(*words, "--dry-run", "--all")
    assert (dry.code, dry.err) == (0, "")
    assert "三体: 2 books, 1 of 1 page read, 2 alerts" in dry.text
    assert "would send to file a.txt, feed a.xml, command sh:\n" in dry.text
    message = dry.text.partition("command sh:\n")[2].partition("dry run:")[0]
    assert "target reached, cheaper: ¥19.00 (target ¥20.00, 5% less; was ¥30.00, 37% less)" in message
    assert contents(folder, tmp_path / "home") == before
    real = await run(*words, "--all")
    assert real.code == 1
    assert (folder / "a.txt").read_text("utf-8") == message
    kept = await run(*words, "--dry-run")
    assert "would send to command sh:\n" in kept.text


async def test_a_dry_run_ends_as_a_watch_does(
    run: Run, start: Start, folder: Path, tmp_path: Path, shop: ScriptedShop
) -> None:
    """With the same exit codes, even while a round is running, whose lock it does not need."""
    (folder / "c.toml").write_text(DRY, encoding="utf-8")
    words = ("watch", "--config", "c.toml", "--base-url", shop.base_url)
    shop.failing = {1}
    failed = await run(*words, "--dry-run", env={"CRAWLER_ATTEMPTS": "1"})
    assert failed.code == 4
    assert "watch 三体: no page could be read" in failed.only_line
    shop.failing, shop.held = set(), asyncio.Event()
    process = await start(*words)
    await asyncio.wait_for(shop.came.wait(), 30)
    shop.held_page = 9
    assert (await run(*words, "--dry-run", "--quiet")).code == 0
    shop.held.set()
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0


async def test_a_signal_ends_a_dry_run(
    run: Run, start: Start, folder: Path, tmp_path: Path, shop: ScriptedShop
) -> None:
    """It does not claim to have kept anything, and the copy of the history is gone."""
    text = DRY.replace('"touch ran; exit 1"', '"exit 1"').replace("target_price = 20", "target_price = 40")
    (folder / "c.toml").write_text(text, encoding="utf-8")
    words = ("watch", "--config", "c.toml", "--base-url", shop.base_url)
    assert (await run(*words)).code == 1
    shop.held = asyncio.Event()
    shop.came.clear()
    (tmp_path / "tmp").mkdir()
    process = await start(*words, "--dry-run", "--all", env={"TMPDIR": str(tmp_path / "tmp")})
    await asyncio.wait_for(shop.came.wait(), 30)
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 143
    assert b"kept" not in err
    assert contents(tmp_path / "tmp") == {}


def test_runs_at_another_source_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list for another source says where the runs are; at their own source it says nothing."""
    remember(here / "h.sqlite3", NOW)
    assert "elsewhere" not in listed(capsys, "--only", "三體")
    assert (
        listed(capsys, "--only", "三體", "--demo").splitlines()[-1]
        == "runs recorded elsewhere: the live shop"
    )
    assert "elsewhere" not in listed(capsys, "--only", "new on testing", "--demo")


@pytest.mark.parametrize(("lang", "hours"), [("zh-Hant", "每 12 小時"), ("zh-Hans", "每 12 小时")])
def test_how_often_is_said_in_words(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    hours: str,
) -> None:
    """Not in the shorthand of the configuration."""
    monkeypatch.setenv("CRAWLER_REPORT_LANG", lang)
    text = listed(capsys)
    assert hours in text
    assert "每天" in text
    assert "12h" not in text
    assert "1d" not in text
