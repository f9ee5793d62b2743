"""Ctrl-C and SIGTERM: the report so far, the right exit code, and no process left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from crawler.cli.interrupts import SAME_KEYSTROKE_SECONDS
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

SLOW = Fault(FaultKind.LATENCY, pages=range(3, 21), delay=600)
"""Two pages come at once, the others not in this test's life."""


async def wait_for_lines(process: asyncio.subprocess.Process, *starts: str) -> None:
    """Read stderr until a line has begun with each of the given starts."""
    assert process.stderr is not None
    missing = set(starts)
    while missing:
        line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        assert line, f"the command ended before {missing}"
        missing -= {start for start in missing if line.startswith(start)}


def family(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


async def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=5)
    return not alive


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
async def test_a_signal_ends_the_search_with_what_it_has(
    start: Start, folder: Path, number: signal.Signals, code: int, word: str
) -> None:
    """A signal ends the search early, with a partial report and its own exit code."""
    async with DemoShop(faults=[SLOW]) as shop:
        process = await start(
            "書", "--pages", "20", "--base-url", shop.base_url, "--verbose", "--workers", "2",
            "--format", "json", "-o", "a.json",
        )  # fmt: skip
        await wait_for_lines(process, "page 1: ok", "page 2: ok")
        children = family(process)
        asked = len(shop.requests)
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert len(shop.requests) <= asked + 1
    assert process.returncode == code
    report = json.loads(out)
    assert (report["complete"], report["stopped"]) == (False, word)
    assert report["pages"]["ok"] == 2
    assert {page["verdict"] for page in report["pages"]["failed"]} == {"not_asked"}
    assert report["counts"]["listings"] == 120
    assert (folder / "a.json").read_bytes() == out
    assert f"bookprice: {word}: pages 3–20 not read" in err.decode().splitlines()
    assert len(children) == 2
    assert await all_gone(children)


async def test_a_signal_before_the_first_page_writes_no_file(start: Start, folder: Path) -> None:
    """An interrupt before the first page leaves earlier reports unchanged."""
    (folder / "a.csv").write_text("earlier")
    async with DemoShop(latency=60) as shop:
        process = await start("書", "--base-url", shop.base_url, "-o", "a.csv")
        while len(shop.requests) < 3:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (130, b"")
    assert err.decode() == "bookprice: interrupted: no page had been read; no file was written\n"
    assert (folder / "a.csv").read_text() == "earlier"


async def test_an_interrupt_while_the_report_goes_out_spares_it(start: Start) -> None:
    """Ctrl-C after the last page gives the complete report and the exit code of an interrupt."""
    process = await start("書", "--demo", "--pages", "20", "--format", "json")
    assert process.stdout is not None
    # The report, ten times what a pipe and this reader's buffer hold, waits for the reader.
    begun = await asyncio.wait_for(process.stdout.readexactly(1), 30)
    process.send_signal(signal.SIGINT)
    rest, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    report = json.loads(begun + rest)
    assert (report["complete"], report["pages"]["ok"]) == (True, 20)
    assert err == b""


INTERRUPTED_WRITER = """
import signal, sys
from crawler.__main__ import main
from crawler.cli import outputs

write_whole = outputs.write_whole

async def write_after_a_signal(*args, **options):
    signal.raise_signal(signal.SIGINT)
    return await write_whole(*args, **options)

outputs.write_whole = write_after_a_signal
sys.exit(main(sys.argv[1:]))
"""
"""The command, with a Ctrl-C at the moment when the first byte of a file is to be written."""


@pytest.mark.parametrize("arguments", [(), ("-o", "a.md")])
def test_an_interrupt_before_a_file_is_written_spares_it(
    environ: dict[str, str], folder: Path, arguments: tuple[str, ...]
) -> None:
    """Between the last page and the report's file, Ctrl-C only changes the exit code."""
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WRITER, "書", "--demo", *arguments],
        env=environ, cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, b"")
    assert ended.stdout.startswith(b"DEMO")
    (report,) = folder.rglob("*.md")
    assert report.read_bytes().startswith(b"# DEMO")


async def test_a_second_interrupt_ends_at_once(start: Start) -> None:
    """A second Ctrl-C ends immediately: no report, no process left."""
    async with DemoShop(faults=[Fault(FaultKind.NESTED, pages={1}), SLOW]) as shop:
        process = await start(
            "書",
            "--pages",
            "20",
            "--base-url",
            shop.base_url,
            "--verbose",
            "--format",
            "json",
            "--workers",
            "2",
        )
        await wait_for_lines(process, "page 1: attempt 1: 200", "page 2: ok")
        children = family(process)
        process.send_signal(signal.SIGINT)
        # Not to outwait a race: two signals closer together than this count as one.
        await asyncio.sleep(SAME_KEYSTROKE_SECONDS * 1.5)
        process.send_signal(signal.SIGINT)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (130, b"")
    assert await all_gone(children)


async def test_a_killed_command_leaves_no_process(start: Start) -> None:
    """Even SIGKILL, which no program can handle, leaves no parse process behind."""
    async with DemoShop(faults=[SLOW]) as shop:
        process = await start(
            "書", "--pages", "20", "--base-url", shop.base_url, "--verbose", "--workers", "2"
        )
        await wait_for_lines(process, "page 1: ok", "page 2: ok")
        children = family(process)
        process.kill()
        assert len(children) == 2
        assert await all_gone(children)
