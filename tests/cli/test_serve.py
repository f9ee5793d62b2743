"""`bookprice serve`: the page as a process, its addresses and tokens, and its end by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from crawler.cli import serve
from crawler.cli.app import build_parser
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.errors import UsageError
from tests.cli.conftest import Run, Start, names

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


async def address(process: asyncio.subprocess.Process) -> str:
    """Return the address that the command prints."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    assert line.startswith("http://"), line
    return line


async def post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Start a search as a script does: with the CSRF token that it asks for."""
    async with session.get(f"{url}/api/v1/session") as response:
        token = (await response.json())["csrf_token"]
    async with session.post(f"{url}/api/v1/searches", json=body, headers={"X-CSRF-Token": token}) as response:
        assert response.status == 202
        state: dict[str, Any] = await response.json()
        return state


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(start: Start, number: signal.Signals) -> None:
    """A running search gets a partial result, which its reader sees; no process is left, and the exit code is 0."""
    fault = Fault(FaultKind.LATENCY, pages=range(3, 21), delay=600)
    async with DemoShop(faults=[fault]) as shop, aiohttp.ClientSession() as session:
        process = await start("serve", "--port", "0", "--base-url", shop.base_url, "--history-file", "h")
        url = await address(process)
        search = await post(session, url, {"query": "書", "pages": 20})
        family = psutil.Process(process.pid).children(recursive=True)
        pages, last = 0, {}
        async with session.get(f"{url}/api/v1/searches/{search['id']}/events") as stream:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    last = json.loads(line[6:])
                    pages += last["type"] == "page" and not last["price_order"]
                    if pages == 2:
                        pages += 1
                        process.send_signal(number)
        assert last["type"] == "finished"
        assert (last["search"]["complete"], last["search"]["books"] > 0) == (False, True)
        assert process.stderr is not None
        err = (await asyncio.wait_for(process.stderr.read(), 30)).decode()
        assert await process.wait() == 0
        assert err == "bookprice: searches stopped, each with a partial result: 1\n" or err.endswith(
            ": 1\n"
        ), err
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=5)
        assert not alive


@pytest.fixture
def temporary(environ: dict[str, str], tmp_path: Path) -> Path:
    """Give the command an empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    environ["TMPDIR"] = str(folder)
    return folder


async def test_the_demo_has_a_year_of_prices_and_leaves_nothing(
    temporary: Path, start: Start, folder: Path
) -> None:
    """Searches continue the year; the history is temporary."""
    process = await start("serve", "--port", "0", "--demo")
    async with aiohttp.ClientSession() as session:
        url = await address(process)
        search = await post(session, url, {"query": "滲透測試", "pages": 1})
        async with session.get(f"{url}/api/v1/searches/{search['id']}/events") as stream:
            await stream.read()
        async with session.get(f"{url}/api/v1/searches/{search['id']}/books") as response:
            books = await response.json()
    past = [row[books["columns"].index("past")] for row in books["rows"]]
    assert sum("90-day median" in words for words in past) > 30
    process.terminate()
    assert await process.wait() == 0
    assert names(temporary) == names(folder) == []


async def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await run("serve", "--port", str(port))
    assert (ended.code, f"port {port} is in use" in ended.only_line) == (2, True)


async def test_an_address_of_another_machine_is_refused(run: Run) -> None:
    ended = await run("serve", "--host", "192.0.2.1", "--port", "0")
    assert (ended.code, "192.0.2.1 is not an address of this machine" in ended.only_line) == (2, True)


async def test_a_history_that_cannot_be_used_is_told_at_once(run: Run, folder: Path) -> None:
    """Not after the first search."""
    (folder / "h").write_text("no database")
    ended = await run("serve", "--demo", "--port", "0", "--history-file", "h")
    assert ended.code != 0
    assert "h" in ended.only_line


def parsed(*arguments: str) -> Any:
    parser: ArgumentParser = build_parser(["serve"])
    return parser.parse_args(["serve", *arguments])


def test_others_get_in_only_with_a_token() -> None:
    """On loopback none is needed; elsewhere there is always one, the given or a new one."""
    assert serve._access(parsed()).token is None
    assert serve._access(parsed("--host", "::1")).token is None
    assert serve._access(parsed("--host", "localhost")).token is None
    given = serve._access(parsed("--token", "a-token-of-the-user"))
    assert (given.token, given.any_address) == ("a-token-of-the-user", False)
    for host in ("0.0.0.0", "::", "192.168.1.7", "bookshelf"):  # noqa: S104 – not bound to
        access = serve._access(parsed("--host", host))
        assert access.token is not None
        assert re.fullmatch(r"[\w-]{32}", access.token)
        assert access.token != serve._access(parsed("--host", host)).token
        assert access.accepts_host("192.168.1.7:8787")
        assert not access.accepts_host("evil.example")
    assert serve._access(parsed("--host", "bookshelf")).accepts_host("bookshelf:8787")
    named = serve._access(parsed("--allow-host", "Books.example"))
    assert named.accepts_host("books.example")
    assert named.token is not None  # a server before this one lets others in
    assert serve._access(parsed("--allow-host", "LOCALHOST")).token is None


@pytest.mark.parametrize(
    "token", ["", "short", "with a space in between", "ütf-8-token-of-the-user", "x" * 15]
)
def test_a_weak_token_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="token"):
        parsed("--token", token)


@pytest.mark.parametrize("port", ["-1", "65536", "x", "８７８７"])
def test_a_wrong_port_is_refused(port: str) -> None:
    with pytest.raises(UsageError, match="port"):
        parsed("--port", port)
