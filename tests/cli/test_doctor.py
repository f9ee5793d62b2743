"""`doctor`: findings, and an exit code for cron."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Ended
from tests.watching.scripted_shop import PREFIX, ScriptedShop, scripted_shop, shelf

Run = Callable[..., Awaitable[Ended]]

WATCH = '[[watch]]\nquery = "三体"\nevery = "1h"\n'


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [shelf({"11": "30.00", "12": "30.00"})]
        yield served


def findings(ended: Ended) -> dict[str, tuple[str, str]]:
    """Return the state and the text of each finding; of several with one name, the last."""
    assert ended.err == ""
    lines = [line.split(maxsplit=1) for line in ended.text.splitlines()]
    return {rest.partition(": ")[0]: (state, rest.partition(": ")[2]) for state, rest in lines}


async def test_all_is_well(run: Run, tmp_path: Path, shop: ScriptedShop) -> None:
    """Even without a configuration; it leaves only the cache's folder for robots.txt behind."""
    ended = await run("doctor", "--base-url", shop.base_url)
    found = findings(ended)
    assert ended.code == 0
    assert {state for state, _ in found.values()} == {"ok"}
    assert list(found) == ["configuration", "history", "reports", "cache", "shop", "page", "alerts"]
    assert found["page"][1] == "2 products read for Python"
    assert not (tmp_path / "home/.local").exists()
    quiet = await run("doctor", "--base-url", shop.base_url, "--quiet")
    assert (quiet.code, quiet.out) == (0, b"")


async def test_a_broken_configuration(run: Run, folder: Path) -> None:
    (folder / "books.toml").write_text("[crawler]\npages = 500\n")
    ended = await run("doctor", "--config", "books.toml", "--demo")
    assert ended.code == 1
    assert list(findings(ended)) == ["configuration"]
    assert "pages must be a whole number from 1 to 100" in ended.text


async def test_a_shop_that_nobody_reaches(run: Run, shop: ScriptedShop) -> None:
    unused = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    ended = await run("doctor", "--base-url", f"http://127.0.0.1:{port}")
    assert ended.code == 1
    assert findings(ended)["shop"][0] == "WRONG"
    assert "page" not in findings(ended)


async def test_a_page_that_cannot_be_read(run: Run, folder: Path, shop: ScriptedShop) -> None:
    (folder / "books.toml").write_text(WATCH, encoding="utf-8")
    shop.failing = {1}
    found = findings(await run("doctor", "--config", "books.toml", "--base-url", shop.base_url))
    assert (found["shop"][0], found["page"][0]) == ("ok", "WRONG")
    assert "blocked" in found["page"][1]


async def test_files_that_cannot_be_written(run: Run, folder: Path, shop: ScriptedShop) -> None:
    (folder / "reports").write_text("a file in the way")
    with closing(sqlite3.connect(folder / "other.db")) as connection:
        connection.execute("CREATE TABLE mine (x)")
    found = findings(await run("doctor", "--base-url", shop.base_url, "--history-file", "other.db"))
    assert found["reports"][0] == found["history"][0] == "WRONG"
    assert "another program" in found["history"][1]


async def test_a_damaged_history(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A file with overwritten pages is reported before a watch meets it."""
    (folder / "books.toml").write_text(WATCH, encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    assert (await run("watch", *words)).code == 0
    file = folder / "a.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'observation'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(file.read_bytes())
    data[(root - 1) * size : root * size] = b"\x07" * size
    file.write_bytes(data)
    found = findings(await run("doctor", *words))
    assert found["history"][0] == "WRONG"


async def test_a_watch_that_has_not_succeeded_for_three_of_its_intervals(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    """Counted from its last success; without one, from when the watch was first seen."""
    (folder / "books.toml").write_text(WATCH, encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    first = await run("doctor", *words)
    assert (first.code, findings(first)["watch 三体"]) == (0, ("ok", "every hour, last success: none yet"))
    await run("watch", *words)
    second = await run("doctor", *words)
    assert findings(second)["watch 三体"][0] == "ok"

    def age(hours: float) -> None:
        with closing(sqlite3.connect(folder / "a.sqlite3")) as connection, connection:
            connection.execute("UPDATE watch SET last_success = last_success - ?", (round(hours * 3600e6),))

    age(2.9)
    assert (await run("doctor", *words)).code == 0
    age(0.2)
    late = await run("doctor", *words, "--quiet")
    assert late.code == 1
    assert late.text.startswith("WRONG  watch 三体: every hour, last success: ")
    assert len(late.text.splitlines()) == 1


async def test_what_is_undelivered_and_what_was_never_found(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    text = (
        f'{WATCH}target_price = 40\nproducts = ["{PREFIX}11", "{PREFIX}19"]\n[alerts]\ncommand = ["false"]\n'
    )
    (folder / "books.toml").write_text(text, encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url)
    assert (await run("watch", *words)).code == 1
    ended = await run("doctor", *words)
    assert ended.code == 1
    assert "WRONG  alerts: 1 not delivered to command false; the next watch tries again\n" in ended.text
    assert f"note   watch 三体: product {PREFIX}19 was never found\n" in ended.text
    (folder / "books.toml").write_text(text.replace("false", "true"), encoding="utf-8")
    other = await run("doctor", *words)
    assert other.code == 0, other.text
    assert "note   alerts: 1 not delivered to places no longer configured" in other.text


REFUSE = """
case $BOOKPRICE_ALERTS in *第11种*) exit 3;; esac
cat >> told.txt
"""


async def test_an_alert_that_is_refused_for_good(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """Another alert is delivered at once; after three rounds the refused one rests, named with time and reason."""
    (folder / "refuse.sh").write_text(REFUSE, encoding="utf-8")
    text = f'{WATCH}target_price = 40\n[alerts]\ncommand = ["sh", "refuse.sh"]\n'
    (folder / "books.toml").write_text(text, encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    first = await run("watch", *words)
    assert "delivered to command sh: 1 alert\n" in first.text
    assert "第12种" in (folder / "told.txt").read_text("utf-8")
    assert "1 alert not delivered to command sh, kept for the next watch: exit code 3\n" in first.err
    await run("watch", *words)
    third = await run("watch", *words)
    assert third.err.endswith("exit code 3; 1 alert paused for a day, see doctor\n")
    fourth = await run("watch", *words)
    assert (fourth.code, fourth.err) == (0, "")
    ended = await run("doctor", *words)
    assert ended.code == 1
    (line,) = (line for line in ended.text.splitlines() if line.startswith("WRONG  alerts"))
    assert re.fullmatch(
        r"WRONG  alerts: watch 三体: «三体 第11种讲法.*», refused by command sh since [\d: -]+ UTC \(exit code 3\);"
        r" tried again after [\d: -]+ UTC",
        line,
    )


async def test_an_alert_that_cannot_be_read(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """Watch and doctor name it, and it stops neither."""
    text = f'{WATCH}target_price = 40\n[alerts]\ncommand = ["false"]\n'
    (folder / "books.toml").write_text(text, encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url, "--history-file", "a.sqlite3")
    assert (await run("watch", *words)).code == 1
    with closing(sqlite3.connect(folder / "a.sqlite3")) as connection, connection:
        connection.execute("UPDATE alert SET kind = 'free' WHERE id = 1")
    (folder / "books.toml").write_text(text.replace('"false"', '"true"'), encoding="utf-8")
    second = await run("watch", *words)
    named = "alert 1 in the history cannot be read: expected a kind of alert, found 'free'"
    assert (second.code, second.only_line) == (
        1,
        f"bookprice: not delivered to command true: {named}; see doctor",
    )
    assert "delivered to command true: 1 alert\n" in second.text
    ended = await run("doctor", *words)
    assert f"WRONG  alerts: {named}; restore a copy" in ended.text


async def test_a_feed_is_one_of_the_places(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """If it cannot be written, the line says why: a foreign file is not replaced."""
    (folder / "books.toml").write_text('[alerts]\nfeed = "alerts.xml"\n', encoding="utf-8")
    words = ("--config", "books.toml", "--base-url", shop.base_url)
    found = findings(await run("doctor", *words))
    assert found["alerts"] == ("ok", "sent to feed alerts.xml")
    (folder / "alerts.xml").write_text("<html>my page</html>")
    ended = await run("doctor", *words)
    assert (ended.code, findings(ended)["alerts"][0]) == (1, "WRONG")
    assert "alerts.xml is not a feed made by this program" in ended.text
    assert (folder / "alerts.xml").read_text() == "<html>my page</html>"


def test_times_are_told_in_utc_and_a_paused_watch_is_not_overdue() -> None:
    """Like those of every report."""
    from crawler.cli.doctor import _of_watch
    from crawler.watching.state import WatchState
    from crawler.watching.watch import Watch, WatchTerms

    at = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)
    state = WatchState(1, "三体", "", at, at, at, at, whole=True)
    found = _of_watch(Watch(WatchTerms(query="三体")), state, at)
    assert found.words == "every day, last success: 2026-01-31 08:00 UTC"
    late = at + dt.timedelta(days=4)
    assert _of_watch(Watch(WatchTerms(query="三体")), state, late).state.name == "WRONG"
    paused = _of_watch(Watch(WatchTerms(query="三体", paused=True)), state, late)
    assert (paused.state.name, paused.words) == ("WELL", f"{found.words}, paused")
