"""Runs of `watch`: the watches that are due, failures, locks, signals, and the configuration."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler import Crawler
from crawler.cli.app import run_command
from tests.cli.watch.conftest import configured
from tests.watching.scripted_shop import PREFIX, ScriptedShop, shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from crawler.events import Event
    from tests.cli.conftest import Run, Start


async def test_what_is_due_is_made_and_the_rest_is_said(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A watch runs once within its interval, unless --all is given; --only runs one of several."""
    shop.pages = [shelf({"11": "30.00"})]
    words = configured(
        folder, '[[watch]]\nquery = "三体"\nevery = "12h"\n[[watch]]\nquery = "三体"\nname = "二"\n'
    )
    words += ("--base-url", shop.base_url)
    first = await run(*words, "--only", "二")
    assert (first.code, first.err, first.text) == (
        0,
        "",
        "二: 1 book, 1 of 1 page read, prices recorded, no alerts set\n",
    )
    second = await run(*words)
    assert second.text.splitlines()[0].startswith("二: not due until ")
    assert second.text.splitlines()[1] == "三体: 1 book, 1 of 1 page read, prices recorded, no alerts set"
    asked = len(shop.asked)
    third = await run(*words, "--quiet")
    assert (third.code, third.out, third.err) == (0, b"", "")
    assert len(shop.asked) == asked
    assert len((await run(*words, "--all")).text.splitlines()) == 2


async def test_a_paused_watch_runs_only_when_it_is_named(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """It is not due, and --all does not include it; --only with --all runs it."""
    shop.pages = [shelf({"11": "30.00"})]
    words = configured(folder, '[[watch]]\nquery = "三体"\npaused = true\n')
    words += ("--base-url", shop.base_url)
    for more in ((), ("--all",), ("--only", "三体")):
        ended = await run(*words, *more)
        assert (ended.code, ended.err, ended.text) == (0, "", "三体: paused\n")
    assert shop.asked == []
    assert (await run(*words, "--only", "三体", "--all")).text.startswith("三体: 1 book, 1 of 1 page read")


async def test_one_failing_watch_does_not_stop_the_others(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """If the first cannot read a page, a message says so, the second runs, and the exit code shows the failure."""
    shop.pages = [shelf({"11": "30.00"})]
    text = '[[watch]]\nname = "a"\nquery = "三体"\nmax_price = 77\n[[watch]]\nname = "b"\nquery = "三体"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    shop.failing_query = "77"
    ended = await run(*words)
    assert ended.code == 4
    assert ended.only_line.startswith("bookprice: watch a: no page could be read: pages 1–3: blocked: 405")
    assert ended.text == "b: 1 book, 1 of 1 page read, prices recorded, no alerts set\n"
    shop.failing_query = None
    assert "a: 1 book, 1 of 1 page read" in (await run(*words, "--all")).text


async def test_a_watch_that_cannot_be_recorded_does_not_stop_the_others(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    """The message names the watch whose product has a damaged past, the other runs, and the exit code shows it."""
    shop.pages = [shelf({"11": "30.00", "12": "50.00"})]
    text = "".join(
        f'[[watch]]\nname = "{name}"\nquery = "三体"\ntarget_price = 20\nproducts = ["{PREFIX}{number}"]\n'
        for name, number in (("a", "11"), ("b", "12"))
    )
    words = (*configured(folder, text), "--base-url", shop.base_url, "--history-file", "h.sqlite3", "--all")
    assert (await run(*words)).code == 0
    with closing(sqlite3.connect(folder / "h.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE observation SET price = 'cheap' WHERE product = (SELECT id FROM product WHERE product_id = ?)",
            (f"{PREFIX}11",),
        )
    shop.pages = [shelf({"11": "19.00", "12": "19.00"})]
    ended = await run(*words)
    assert ended.code == 1
    assert ended.only_line.startswith("bookprice: watch a: ")
    assert "h.sqlite3 is damaged" in ended.only_line
    assert "第12种讲法" in ended.text
    assert "第11种讲法" not in ended.text


def test_a_defect_in_one_watch_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug is reported in one line, or with its traceback on demand; the other watch runs all the same."""
    search = Crawler.search

    def faulty(self: Crawler, query: str, **options: Any) -> AsyncIterator[Event]:
        if query == "坏":
            raise ZeroDivisionError("a\x1b[2Jdefect")
        return search(self, query, **options)

    monkeypatch.setattr(Crawler, "search", faulty)
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "en")
    text = '[[watch]]\nname = "a"\nquery = "坏"\n[[watch]]\nname = "b"\nquery = "渗透测试"\npages = 1\n'
    monkeypatch.chdir(tmp_path)
    words = [*configured(tmp_path, text), "--demo", "--history-file", "h.sqlite3", "--all"]
    assert run_command(words) == 70
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert line.startswith("bookprice: watch a: internal error: ZeroDivisionError: a")
    assert "\x1b" not in line
    assert said.out.startswith("b: ")
    assert run_command([*words, "--verbose"]) == 70
    said = capsys.readouterr()
    assert "Traceback" in said.err
    assert said.out.startswith("b: ")


async def test_a_second_watch_says_so_and_a_waiting_one_waits(
    run: Run, start: Start, folder: Path, shop: ScriptedShop
) -> None:
    """The lock belongs to the history: exit code 5, or --wait; it ends with its process, even if killed."""
    shop.pages = [shelf({"11": "30.00"})]
    shop.held = asyncio.Event()
    words = (*configured(folder), "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    first = await start(*words)
    await asyncio.wait_for(shop.came.wait(), 30)
    second = await run(*words)
    assert second.code == 5
    assert "another watch is running on a.sqlite3; --wait waits for it to finish" in second.only_line
    waiting = await start(*words, "--wait", "--all")
    first.kill()
    await first.communicate()
    shop.held.set()
    out, err = await asyncio.wait_for(waiting.communicate(), 30)
    assert (waiting.returncode, err) == (0, b"")
    assert b"1 book, " in out


async def test_a_signal_ends_a_round_in_good_order(
    start: Start, run: Run, folder: Path, shop: ScriptedShop
) -> None:
    """The pages read are recorded, the remaining watches do not run, and the exit code is the signal's."""
    shop.pages = [shelf({"11": "30.00"}), shelf({"12": "30.00"})]
    shop.held, shop.held_page = asyncio.Event(), 2
    text = '[[watch]]\nname = "a"\nquery = "三体"\n[[watch]]\nname = "b"\nquery = "三体"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    process = await start(*words, "--verbose")
    assert process.stderr is not None
    while b"page 1: ok" not in (line := await asyncio.wait_for(process.stderr.readline(), 30)):
        assert line, "it ended before its time"
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 143, err
    assert "watch a: partial: page" in err.decode()
    assert b"a: 1 book, 1 of " in out
    assert b"b:" not in out
    shop.held.set()
    assert "b: 2 books, 2 of 2 pages read" in (await run(*words)).text


COMMAND = '[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\ncommand = ["sh", "-c", "cat > told.txt"]\n'


async def test_watches_are_made_from_a_file_that_was_named_alone(
    run: Run, folder: Path, tmp_path: Path, shop: ScriptedShop
) -> None:
    """Not from a file that lies in the working folder: one line says so, with the remedy, and nothing runs."""
    shop.pages = [shelf({"11": "19.00"})]
    (folder / "config.toml").write_text(f"[crawler]\n{COMMAND}", encoding="utf-8")
    words = ("watch", "--base-url", shop.base_url)
    refused = await run(*words)
    assert refused.code == 2
    assert "[alerts] command, [[watch]]" in refused.only_line
    assert refused.only_line.endswith(" --config ./config.toml")
    assert not shop.asked
    assert (await run(*words, "--config", "config.toml")).code == 0
    assert (await run(*words, "--all", env={"CRAWLER_CONFIG": "config.toml"})).code == 0
    assert "三体 第11种讲法" in (folder / "told.txt").read_text("utf-8")
    users = tmp_path / "home/.config/bookprice-crawler"
    users.mkdir(parents=True)
    (folder / "config.toml").rename(users / "config.toml")
    assert (await run(*words, "--all")).code == 0


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("[crawler]\npages = 1\n", (), "has no [[watch]]"),
        ('[[watch]]\nquery = "三体"\n', ("--only", "三休"), "the nearest is '三体'"),
        ('[[watch]]\nquery = "三体"\n[history]\nrecord = "never"\n', (), "live or always"),
        ('[[watch]]\nquery = "三体"\n[alerts]\nurls = ["nope://x"]\n', (), "urls[1] (nope)"),
        ('[[watch]]\nquery = "三体"\nevery = "soon"\n', (), "[[watch]] 1: every must be a time such as 30m"),
    ],
)
async def test_bad_input_gets_one_line(
    run: Run, folder: Path, text: str, words: tuple[str, ...], expected: str
) -> None:
    ended = await run(*configured(folder, text), "--demo", *words)
    assert ended.code == 2
    assert expected in ended.only_line


async def test_without_a_configuration_there_is_no_watch(run: Run) -> None:
    ended = await run("watch")
    assert ended.code == 2
    assert "no configuration was found" in ended.only_line
    assert "[[watch]]" in ended.only_line


async def test_a_changed_search_is_said_and_a_doctor_changes_nothing(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    """The doctor, run with other settings than cron's, does not change the state of watches."""
    shop.pages = [shelf({"11": "30.00"}), shelf({"12": "30.00"})]
    words = (
        *configured(folder, '[[watch]]\nquery = "三体"\nnew_books = true\n'),
        "--base-url",
        shop.base_url,
    )
    assert (await run(*words)).code == 0
    looked = await run("doctor", *words[1:], env={"CRAWLER_PAGES": "1"})
    assert "note   watch 三体: its search has changed since the last run" in looked.text
    shop.pages = [shelf({"11": "30.00", "13": "30.00"}), shelf({"12": "30.00"})]
    second = await run(*words, "--all")
    assert (second.err, second.text.count("new on these pages")) == (
        "",
        2,
    )  # in the title, and beside the alert
    changed = await run(*words, env={"CRAWLER_PAGES": "1"})
    assert "watch 三体: its search has changed, so it starts over" in changed.only_line
    assert "0 alerts" in changed.text


async def test_a_signal_ends_the_wait_for_the_histories_turn(
    run: Run, start: Start, folder: Path, shop: ScriptedShop
) -> None:
    """Ctrl-C works even while another program locks the file for long."""
    shop.pages = [shelf({"11": "30.00"})]
    words = (*configured(folder), "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    assert (await run(*words)).code == 0
    (folder / "a.sqlite3.watch-lock").unlink()
    with closing(sqlite3.connect(folder / "a.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = await start(*words)
        async with asyncio.timeout(30):
            while not (folder / "a.sqlite3.watch-lock").exists():  # noqa: ASYNC110 – another process makes it
                await asyncio.sleep(0.01)
        process.terminate()
        await asyncio.wait_for(process.communicate(), 30)  # SQLite alone would wait for 60 s
    assert process.returncode == 143
