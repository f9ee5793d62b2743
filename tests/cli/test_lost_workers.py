"""The command while its parse processes are killed, stopped and poisoned: it loses at most one page, and no process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.processes import children, gone

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

NESTED = Fault(FaultKind.NESTED, pages={7})
"""A page that keeps its worker busy for seconds, and only that worker."""

COMMAND = ("書", "--pages", "20", "--workers", "1", "--format", "json")


async def worker_of(
    process: asyncio.subprocess.Process, *, other_than: int | None = None, busy: float = 0.0
) -> psutil.Process:
    """Wait for the command's parse process, until it has used `busy` seconds of CPU, and return it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in children(psutil.Process(process.pid)):
            try:
                if child.pid != other_than and child.cpu_times().user >= busy:
                    return child
            except psutil.NoSuchProcess:
                continue
        await asyncio.sleep(0.02)
    raise AssertionError("no such worker in a minute")


async def end_of(process: asyncio.subprocess.Process) -> tuple[int, dict[str, Any]]:
    """Wait for the command's end and return its exit code and report; all of its processes must be gone."""
    family = psutil.Process(process.pid).children(recursive=True)
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=5)
    assert not alive
    assert process.returncode is not None
    return process.returncode, json.loads(out)


def failures(report: dict[str, Any]) -> list[tuple[int, str]]:
    return [(page["page"], page["verdict"]) for page in report["pages"]["failed"]]


async def test_a_poisoned_page(start: Start) -> None:
    """A page that parses for too long is given up: 19 pages are in the report, exit code 3."""
    async with DemoShop(faults=[NESTED]) as shop:
        process = await start(*COMMAND, "--base-url", shop.base_url, env={"CRAWLER_PARSE_TIMEOUT": "2"})
        code, report = await end_of(process)
    assert (code, failures(report)) == (3, [(7, "parse_timeout")])
    assert report["pages"]["ok"] == 19
    assert report["counts"]["listings"] == 19 * 60


async def test_a_page_whose_workers_are_killed(start: Start) -> None:
    """Its worker killed, the page is tried again; killed again, it is `parse_crashed`: 19 pages, exit code 3."""
    async with DemoShop(faults=[NESTED]) as shop:
        process = await start(*COMMAND, "--base-url", shop.base_url, env={"CRAWLER_PARSE_TIMEOUT": "60"})
        first = await worker_of(process, busy=0.8)
        first.kill()
        second = await worker_of(process, other_than=first.pid, busy=0.8)
        second.kill()
        code, report = await end_of(process)
    assert (code, failures(report)) == (3, [(7, "parse_crashed")])
    assert report["pages"]["ok"] == 19
    assert report["counts"]["listings"] == 19 * 60


async def test_a_worker_killed_by_chance(start: Start) -> None:
    """A worker that dies for another reason costs nothing: the next one parses its page, exit code 0."""
    late = Fault(FaultKind.LATENCY, pages=range(2, 21), delay=1.0)
    async with DemoShop(faults=[late]) as shop:
        process = await start(*COMMAND, "--base-url", shop.base_url)
        (await worker_of(process)).kill()
        code, report = await end_of(process)
    assert (code, failures(report)) == (0, [])
    assert report["pages"]["ok"] == 20


async def test_a_worker_that_hangs(start: Start) -> None:
    """A stopped worker costs its page: 19 pages are in the report, exit code 3."""
    late = Fault(FaultKind.LATENCY, delay=1.0)
    async with DemoShop(faults=[late]) as shop:
        process = await start(*COMMAND, "--base-url", shop.base_url, env={"CRAWLER_PARSE_TIMEOUT": "5"})
        worker = await worker_of(process, busy=0.01)
        worker.send_signal(signal.SIGSTOP)
        code, report = await end_of(process)
    assert code == 3
    assert [verdict for _, verdict in failures(report)] == ["parse_timeout"]
    assert report["pages"]["ok"] == 19


async def test_no_parse_process_outlives_the_last_page(start: Start) -> None:
    """The parse processes end while the report is written, here to a pipe that nobody reads."""
    async with DemoShop() as shop:
        process = await start(*COMMAND, "--base-url", shop.base_url)
        worker = await worker_of(process)
        assert await gone(worker.pid, 60)
        assert process.returncode is None
        code, report = await end_of(process)
    assert (code, report["pages"]["ok"]) == (0, 20)
