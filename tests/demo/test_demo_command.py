"""`python -m crawler demo`, as a user runs it."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from crawler.demo.catalogue import catalogue
from crawler.demo.server import DemoShop
from parsers.dangdang import parse_search_page

COMMAND = [sys.executable, "-W", "error", "-m", "crawler", "demo"]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def search(base_url: str) -> str:
    connection = HTTPConnection(base_url.removeprefix("http://"), timeout=20)
    connection.request("GET", "/?key=Python&act=input")
    text = connection.getresponse().read().decode("gb18030")
    connection.close()
    return text


def refused(*arguments: str) -> str:
    """Run the command, which must end with exit code 2 and an empty stdout; return stderr."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(number: signal.Signals) -> None:
    """The address is the only line of stdout, searches are answered there, and a signal ends it with 0."""
    with running() as process:
        base_url = first_line(process)
        assert base_url.startswith("http://127.0.0.1:")
        assert "件商品" in search(base_url)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_latency_is_that_of_the_option() -> None:
    """`--latency` delays responses."""
    with running("--latency", "0.5") as process:
        base_url = first_line(process)
        started = time.monotonic()
        search(base_url)
        assert time.monotonic() - started >= 0.5


def test_the_day_is_that_of_the_option() -> None:
    """`--day` uses that day's prices; without it, they are the timeless ones."""
    for arguments, day in (["--day", "2026-08-20"], dt.date(2026, 8, 20)), ([], None):
        with running(*arguments) as process:
            page = parse_search_page(search(first_line(process)).encode("gb18030"))
        found = catalogue("Python", sellers="all", category="all", day=day).page(1)
        assert [(b.product_id, b.price) for b in page.listings] == [(b.product_id, b.price) for b in found]


async def test_a_taken_port_is_said_in_one_line(shop: DemoShop) -> None:
    """A port in use is named on stderr in one line, with exit code 2."""
    said = await asyncio.to_thread(refused, "--port", str(shop.port))
    assert said.startswith(f"bookprice: port {shop.port} is in use; ")
    assert "--port" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "http"],
        ["--latency", "-1"],
        ["--latency", "nan"],
        ["--latency", "slow"],
        ["--lat", "1"],
        ["--day", "2026-02-30"],
        ["--day", "20260228"],
        ["--day", "2026-2-28"],
        ["--day", "today"],
        ["--day", ""],
        ["extra"],
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str]) -> None:
    """An invalid value is refused in one line that names it, with exit code 2."""
    said = refused(*arguments)
    assert said.count("\n") == 1
    assert arguments[-1] in said or arguments[0] in said
