"""A bulk crawl that is interrupted, killed, or out of room: what it saved, and that it continues exactly."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from crawler.bulk.manifest import read_manifest
from crawler.bulk.status import read_status
from crawler.cli.interrupts import SAME_KEYSTROKE_SECONDS
from tests.bulk.exact import Gate, assert_exact
from tests.bulk.sites import Sites, read_lines, serving, until
from tests.bulk.warc_readers import read_records
from tests.cli.conftest import Ended
from tests.processes import children

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Run = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

CRAWL = ("bulk", "urls.txt", "--out", "out", "--allow-private", "--processes", "2", "--per-host", "4")
WAITING = 12
"""Requests in flight: four to each of three hosts."""


def write_list(folder: Path, sites: Sites, count: int) -> list[str]:
    urls = [sites.url(1 + n % 3, f"/{n}") for n in range(count)]
    (folder / "urls.txt").write_text("".join(f"{url}\n" for url in urls))
    return urls


async def all_wait(sites: Sites) -> None:
    """Wait until every request in flight waits for the gate, so that the client has read all earlier responses."""
    await until(lambda: sum(sites.running.values()) == WAITING)


async def saved(folder: Path, number: int) -> None:
    """Wait until so many results are committed."""
    out = folder / "out"
    await until(
        lambda: (manifest := read_manifest(out)) is not None and read_status(out, manifest).done >= number
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode())


def workers(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    """Return the shard processes of a command."""
    found = children(psutil.Process(process.pid))
    assert len(found) == 2
    return found


async def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=20)
    return not alive


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
async def test_a_signal_saves_everything_that_was_fetched(
    start: Start, run: Run, folder: Path, *, number: signal.Signals, code: int, word: str
) -> None:
    """Every page that the client has read has a result; no process is left; the last line continues the crawl."""
    gate = Gate(30)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 90)
        process = await start(*CRAWL)
        await all_wait(sites)
        processes = workers(process)
        if number == signal.SIGTERM:  # a service manager signals every process of a service
            for each in processes:
                each.send_signal(number)
        process.send_signal(number)
        stopped = await ended(process)
        assert await all_gone(processes)
        assert len(read_lines(folder / "out")) == 30
        assert len([kind for kind, _, _ in read_records(folder / "out") if kind == "response"]) >= 30
        status = await run("bulk", "status", "out")
        gate.open()
        resumed = await run(*CRAWL, "--resume")
    assert stopped.code == code
    assert f"bookprice: {word}: 60 URLs not crawled" in stopped.err.splitlines()
    assert stopped.err.splitlines()[-1].endswith(" --resume")
    assert f"stopped: {word}" in status.text
    assert "30 of 90 URLs" in status.text
    assert (resumed.code, resumed.err) == (0, "")
    assert_exact(folder / "out", urls)


async def test_a_second_interrupt_ends_at_once(start: Start, run: Run, folder: Path) -> None:
    """No process is left, and what was committed before stays."""
    gate = Gate(30)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 60)
        process = await start(*CRAWL)
        await all_wait(sites)
        processes = workers(process)
        for each in processes:
            each.suspend()  # they cannot end by themselves
        process.send_signal(signal.SIGINT)
        # Not to outwait a race: two signals closer together than this count as one.
        await asyncio.sleep(SAME_KEYSTROKE_SECONDS * 1.5)
        process.send_signal(signal.SIGINT)
        stopped = await ended(process)
        assert await all_gone(processes)
        gate.open()
        resumed = await run(*CRAWL, "--resume")
    assert (stopped.code, stopped.out) == (130, b"")
    assert resumed.code == 0
    assert_exact(folder / "out", urls)


async def test_a_killed_worker_is_replaced(start: Start, folder: Path) -> None:
    """The crawl goes on by itself, and is exact."""
    gate = Gate(30)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 90)
        process = await start(*CRAWL, "--verbose")
        await all_wait(sites)
        await saved(folder, 30)
        workers(process)[0].kill()
        gate.open()
        done = await ended(process)
    assert done.code == 0
    assert "ended (signal 9)" in done.err
    assert_exact(folder / "out", urls)


@pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_killed_crawl_is_resumed_exactly(
    start: Start, run: Run, folder: Path, *, everything: bool
) -> None:
    """The coordinator or all processes killed: no process stays, `status` says so, and --resume crawls the rest."""
    gate = Gate(30)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 90)
        process = await start(*CRAWL)
        await all_wait(sites)
        await saved(folder, 30)
        running = await run("bulk", "status", "out")
        second = await run(*CRAWL, "--resume")
        processes = workers(process)
        for each in [psutil.Process(process.pid), *(processes if everything else [])]:
            each.kill()
        gate.open()
        resumed = await run(*CRAWL, "--resume")  # even while processes of the earlier run end
        await process.communicate()
        assert await all_gone(processes)
        finished = await run("bulk", "status", "out")
    assert running.text.splitlines()[0].split() == ["State", "running"]
    assert (second.code, second.out) == (5, b"")
    assert "another process crawls into out" in second.only_line
    assert resumed.code == 0
    assert finished.text.splitlines()[0].split() == ["State", "finished"]
    assert "90 of 90 URLs" in finished.text
    assert_exact(folder / "out", urls)


async def test_the_status_of_a_killed_crawl(start: Start, run: Run, folder: Path) -> None:
    gate = Gate(30)
    async with serving(gate) as sites:
        write_list(folder, sites, 90)
        process = await start(*CRAWL)
        await all_wait(sites)
        await saved(folder, 30)
        processes = workers(process)
        process.kill()
        await process.communicate()
        assert await all_gone(processes)
        status = await run("bulk", "status", "out")
    assert status.text.splitlines()[0].split(maxsplit=1) == ["State", "stopped: its process was killed"]
    assert "30 of 90 URLs" in status.text
    assert (status.code, status.err) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="sets limits as Linux has them")
async def test_a_full_disk_ends_in_one_line_and_is_resumed(
    environ: dict[str, str], run: Run, folder: Path
) -> None:
    """What was committed stays; with room again, the crawl continues exactly."""
    gate = Gate(1_000)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 400)
        limited = await asyncio.create_subprocess_exec(
            "sh", "-c", 'ulimit -f 200 && exec "$@"', "sh", sys.executable, "-m", "crawler", *CRAWL,
            env=environ, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        full = await ended(limited)
        assert len(read_lines(folder / "out")) < 400
        resumed = await run(*CRAWL, "--resume")
    assert full.code == 1
    assert "Traceback" not in full.err
    *_, reason, remedy = full.err.splitlines()
    assert reason.startswith("bookprice: ")
    assert remedy.endswith(" --resume")
    assert resumed.code == 0
    assert_exact(folder / "out", urls)


@pytest.mark.skipif(sys.platform != "linux", reason="sets limits as Linux has them")
@pytest.mark.parametrize(("files", "code"), [(60, 1), pytest.param(120, 0, marks=pytest.mark.slow)])
async def test_few_files_are_told(environ: dict[str, str], folder: Path, files: int, code: int) -> None:
    """Fewer requests run at a time if the limit of open files wants it; below a minimum, one line says so."""
    gate = Gate(1_000)
    async with serving(gate) as sites:
        write_list(folder, sites, 30)
        limited = await asyncio.create_subprocess_exec(
            "sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", sys.executable, "-m", "crawler", *CRAWL,
            env=environ, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        done = await ended(limited)
    assert done.code == code
    assert f"only {files} files may be open at once" in done.err
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) == 1


async def test_a_closed_stdout_costs_nothing(environ: dict[str, str], folder: Path) -> None:
    """As from a cron job that closes it: the results are on disk, and nothing is printed about it."""
    gate = Gate(1_000)
    async with serving(gate) as sites:
        urls = write_list(folder, sites, 9)
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", 'exec "$@" >&- <&-', "sh", sys.executable, "-m", "crawler", *CRAWL, "--quiet",
            env=environ, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        done = await ended(process)
    assert (done.code, done.err) == (0, "")
    assert_exact(folder / "out", urls)
