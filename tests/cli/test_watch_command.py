"""`watch`: alerts for a price series, their delivery, and undeliverable ones."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crawler import Crawler
from crawler.cli.app import run_command
from crawler.events import Event
from tests.alerts.endpoints import Endpoint, MailServer
from tests.alerts.messages import TOKEN
from tests.cli.conftest import Ended
from tests.watching.scripted_shop import PREFIX, ScriptedShop, scripted_shop, shelf

Run = Callable[..., Awaitable[Ended]]
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

WATCHES = """
[crawler]
pages = 2
[[watch]]
name = "target"
query = "三體"
target_price = 20
[[watch]]
name = "drop"
query = "三体"
drop_percent = 20
[[watch]]
name = "lowest"
query = "三体"
new_lowest = true
new_lowest_days = 0
[[watch]]
name = "new"
query = "三体"
new_books = true
back_in_stock = true
"""

SERIES = [
    {"11": "30.00", "12": "50.00", "13": "40.00", "15": "33.00"},
    {"11": "30.00", "12": "50.00", "13": "40.00", "15": "33.00"},  # 15 is sold out
    {"11": "19.99", "12": "45.00", "13": "40.00", "15": "33.00"},  # and again
    {"11": "20.01", "12": "40.00", "13": "40.00", "15": "33.00", "14": "22.00"},
    {
        "11": "19.98",
        "12": "40.01",
        "13": "40.00",
        "15": "33.00",
        "14": "22.00",
        "17": "28.00",
    },  # page 2 fails
    {"11": "25.00", "12": "40.00", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
    {"11": "19.50", "12": "50.00", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
    {"11": "19.50", "12": "39.99", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
]
"""Prices on page 1 by run. On page 2 stands 16 for ¥60, in run 5, when that page fails, for ¥1."""

EXPECTED: dict[int, list[tuple[str, str, str, float, float | None]]] = {
    3: [
        ("target", "target_price", "11", 19.99, 20),
        ("drop", "price_drop", "11", 19.99, 30),
        ("lowest", "new_lowest", "11", 19.99, 30),
        ("lowest", "new_lowest", "12", 45, 50),
    ],
    4: [
        ("drop", "price_drop", "12", 40, 50),
        ("lowest", "new_lowest", "12", 40, 45),
        ("new", "new_book", "14", 22, None),
        ("new", "back_in_stock", "15", 33, None),
    ],
    5: [("new", "new_book", "17", 28, None)],
    7: [
        ("target", "target_price", "11", 19.5, 20),
        ("drop", "price_drop", "11", 19.5, 25),
        ("lowest", "new_lowest", "11", 19.5, 19.98),
    ],
    8: [("drop", "price_drop", "12", 39.99, 50)],
}
"""What is told by run: watch, kind, product, price, and what it is compared with."""


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        yield served


def fill(shop: ScriptedShop, number: int) -> None:
    """Fill the shop's pages with the listings of a run, counted from 1."""
    sold_out = ["15"] if number in {2, 3} else []
    shop.pages = [
        shelf(SERIES[number - 1], sold_out=sold_out),
        shelf({"16": "1.00" if number == 5 else "60.00"}),
    ]
    shop.failing = {2} if number == 5 else set()


def plain(alert: dict[str, Any]) -> tuple[str, str, str, float, float | None]:
    number = alert["product_id"].removeprefix(PREFIX)
    return alert["watch"], alert["kind"], number, alert["price"], alert["against"]


def told(text: str) -> list[str]:
    """Return the lines of a message that describe an alert."""
    return [line for line in text.splitlines() if "¥" in line and "种讲法" in line]


def files_with(secret: str, *folders: Path) -> list[Path]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if secret.encode() in file.read_bytes()]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_price_series_tells_exactly_its_events(  # noqa: PLR0917 – fixtures
    run: Run, folder: Path, tmp_path: Path, shop: ScriptedShop, service: Endpoint, mail: MailServer
) -> None:
    """To a file, a real HTTP server and a real mail server: each event once, though two of them fail for a while."""
    (folder / "books.toml").write_text(
        WATCHES
        + f"""
        [alerts]
        urls = [
            "json://reader:${{HOOK_TOKEN}}@127.0.0.1:{service.port}/alerts",
            "mailto://shop:${{MAIL_TOKEN}}@127.0.0.1:{mail.port}?from=shop@example.org&to=reader@example.org",
        ]
        file = "alerts.jsonl"
        """,
        encoding="utf-8",
    )
    env = {"HOOK_TOKEN": TOKEN, "MAIL_TOKEN": TOKEN}
    words = ("watch", "--all", "--verbose", "--config", "books.toml", "--base-url", shop.base_url)
    said, seen, accepted = "", 0, []
    for number in range(1, len(SERIES) + 1):
        fill(shop, number)
        service.status = 503 if number in {3, 4} else 200
        mail.refuse = number == 7
        before = len(service.requests)
        ended = await run(*words, env=env)
        if service.status == 200:
            accepted += [json.loads(body)["message"] for _, body in service.requests[before:]]
        said += ended.text + ended.err
        lines = (folder / "alerts.jsonl").read_text("utf-8").splitlines() if seen or number > 2 else []
        assert [plain(json.loads(line)) for line in lines[seen:]] == EXPECTED.get(number, [])
        seen = len(lines)
        assert ended.code == {3: 1, 4: 1, 5: 3, 7: 1}.get(number, 0), ended.err
        if number in {3, 4}:
            kept = {3: "4 alerts", 4: "8 alerts"}[number]
            assert (
                f"{kept} not delivered to urls[1] (json), kept for the next watch: it responded 503"
                in ended.err
            )
        if number == 5:
            assert "watch new: partial: page 2: blocked" in ended.err
    assert all(request.headers["Authorization"].startswith("Basic ") for request, _ in service.requests)
    posted = [line for message in accepted for line in told(message)]
    mailed = [line for _, message in mail.mails for line in told(message.get_content())]
    assert Counter(posted) == Counter(mailed)
    assert len(posted) == seen == sum(len(alerts) for alerts in EXPECTED.values())
    for secret in (TOKEN, quote(TOKEN, safe=""), "s3cr3t"):
        assert secret not in said
        assert not files_with(secret, folder, tmp_path / "home")


def configured(folder: Path, text: str = '[[watch]]\nquery = "三体"\n') -> tuple[str, ...]:
    (folder / "books.toml").write_text(text, encoding="utf-8")
    return "watch", "--config", "books.toml"


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


async def test_alerts_without_a_place_to_go_are_on_stdout_even_when_quiet(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    shop.pages = [shelf({"11": "19.00"})]
    words = configured(folder, '[[watch]]\nquery = "三体"\ntarget_price = 20\n')
    ended = await run(*words, "--base-url", shop.base_url, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert "target reached: ¥19.00 (target ¥20.00, 5% less) · 三体 第11种讲法" in ended.text
    assert ended.text.count("REPLICA") == 3  # in the title, in a line of its own, and beside the alert


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


async def test_named_products_are_picked_out(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """Sold out or not, in the report or not; a number that is not found is reported."""
    shop.pages = [shelf({"11": "30.00", "12": "30.00"}, sold_out=["11"])]
    text = f'[[watch]]\nquery = "三体"\nback_in_stock = true\nproducts = ["{PREFIX}11", "{PREFIX}19"]\n'
    words = (*configured(folder, text), "--base-url", shop.base_url, "--all")
    first = await run(*words)
    assert f"product {PREFIX}19 was not found" in first.text
    shop.pages = [shelf({"11": "30.00", "12": "30.00"})]
    second = await run(*words)
    assert "back in stock: ¥30.00 · 三体 第11种讲法" in second.text


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


async def test_a_delivery_that_was_killed_is_made_again(
    run: Run, start: Start, folder: Path, shop: ScriptedShop, service: Endpoint
) -> None:
    """Killed before the server had responded: the alert is recorded, and the next watch delivers it."""
    shop.pages = [shelf({"11": "19.00"})]
    text = f'[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\nurls = ["json://127.0.0.1:{service.port}/"]\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    service.silent = asyncio.Event()
    process = await start(*words)
    await asyncio.wait_for(service.came.wait(), 30)
    process.kill()
    await process.communicate()
    service.silent.set()
    service.requests.clear()
    ended = await run(*words)
    assert "delivered to urls[1] (json): 1 alert\n" in ended.text
    assert len(service.requests) == 1
    assert "delivered" not in (await run(*words, "--all")).text


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


async def test_alerts_that_stdout_does_not_take_are_kept(
    run: Run, folder: Path, shop: ScriptedShop, environ: dict[str, str]
) -> None:
    """A full disk, or a reader that has gone: all watches run, and the alerts are sent next time."""
    shop.pages = [shelf({"11": "19.00"})]
    text = '[[watch]]\nname = "a"\nquery = "三体"\ntarget_price = 20\n[[watch]]\nname = "b"\nquery = "三体"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    command = shlex.join([sys.executable, "-m", "crawler", *words, "--all"])
    for number, shell in enumerate(
        [f"{command} > /dev/full", f"{command} --quiet | true; exit ${{PIPESTATUS[0]}}"], 1
    ):
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", shell, stderr=asyncio.subprocess.PIPE, cwd=folder, env=environ
        )
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1, err
        assert b"1 alert not delivered to stdout, kept for the next watch" in err
        assert shop.asked.count(1) == 2 * number
    assert "target reached: ¥19.00" in (await run(*words, "--quiet")).text
    assert (await run(*words, "--quiet", "--all")).out == b""


async def test_an_accessory_is_no_book_at_its_target(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A bookmark for 3 yuan causes no alert, unless its number is named."""
    mark = replace(shelf({"12": "3.00"})[0], title="三体主题书签 黄铜镂空")
    shop.pages = [[*shelf({"11": "19.00"}), mark]]
    words = (
        *configured(folder, '[[watch]]\nquery = "三体"\ntarget_price = 20\n'),
        "--base-url",
        shop.base_url,
    )
    ended = await run(*words)
    assert [line.partition(" · ")[2] for line in told(ended.text)[1:]] == ["三体 第11种讲法"]
    named = configured(folder, f'[[watch]]\nquery = "三体"\ntarget_price = 20\nproducts = ["{PREFIX}12"]\n')
    assert "书签" in (await run(*named, "--base-url", shop.base_url)).text


async def test_a_used_copy_is_no_book_at_its_target(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A target price means a new book; a watch can select used copies, only or as well."""
    used = replace(shelf({"12": "3.00"})[0], title="【二手】三体 第12种讲法")
    shop.pages = [[*shelf({"11": "19.00"}), used]]
    for condition, found in (
        ("", ["三体 第11种讲法"]),
        ('condition = "new"\n', ["三体 第11种讲法"]),
        ('condition = "used"\n', ["【二手】三体 第12种讲法"]),
        ('condition = "any"\n', ["【二手】三体 第12种讲法", "三体 第11种讲法"]),
    ):
        name = f"watch{len(condition)}{condition[-4:-2]}"
        text = f'[[watch]]\nname = "{name}"\nquery = "三体"\ntarget_price = 20\n{condition}'
        ended = await run(*configured(folder, text), "--base-url", shop.base_url)
        titles = [
            title for title in ("【二手】三体 第12种讲法", "三体 第11种讲法") if f" · {title}" in ended.text
        ]
        assert titles == found, condition


async def test_a_book_from_the_price_order_is_not_new(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """New books are those on the requested pages: for those of the price check, only the price counts."""
    shop.pages = [shelf({"11": "30.00"})]
    text = '[[watch]]\nquery = "三体"\nnew_books = true\ntarget_price = 20\nprice_check = 1\npages = 1\n'
    words = (*configured(folder, text), "--base-url", shop.base_url, "--all")
    assert "0 alerts" in (await run(*words)).text
    shop.price_pages = [shelf({"12": "19.00", "11": "30.00"})]
    second = await run(*words)
    assert "1 alert" in second.text
    assert "target reached: ¥19.00" in second.text
    shop.pages = [shelf({"11": "30.00", "13": "30.00"})]
    assert "new on these pages" in (await run(*words)).text


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


async def test_a_file_that_cannot_be_written_yet_gets_its_alerts_later(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    shop.pages = [shelf({"11": "19.00"})]
    text = '[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\nfile = "usb/alerts.txt"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    first = await run(*words)
    assert first.code == 1
    assert f"there is no folder {folder / 'usb'}" in first.err
    assert "1 alert not delivered to file usb/alerts.txt, kept for the next watch" in first.err
    (folder / "usb").mkdir()
    assert (await run(*words)).code == 0
    assert "三体 第11种讲法" in (folder / "usb/alerts.txt").read_text("utf-8")


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
