"""Too few files, too little memory, too few threads: one line with the cause and the remedy."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crawler.cli.resources import FEWEST_FILES, FILES, MEMORY, THREADS, shortage
from tests.cli.conftest import Ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sets limits as Linux has them")

Run = Callable[..., Awaitable[Ended]]

SEARCH = ("渗透测试", "--demo", "--pages", "5")


def names_resume(line: str) -> bool:
    """Return True if a line says how to continue with the pages already fetched."""
    return line.startswith("bookprice: to read the rest: ") and line.endswith(" --resume")


async def limited(environ: dict[str, str], folder: Path, limits: str, *words: str) -> Ended:
    """Run the command with the shell's limits."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'{limits} && exec "$@"', "sh", sys.executable, "-m", "crawler", *words,
        env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode("utf-8"))


@pytest.mark.parametrize("files", [8, 10, 14, 20, 24, 28, 32, FEWEST_FILES - 1])
async def test_too_few_files_are_one_line(environ: dict[str, str], folder: Path, files: int) -> None:
    """Reported before any request."""
    ended = await limited(environ, folder, f"ulimit -n {files}", *SEARCH)
    assert ended.code == 1
    assert ended.only_line.startswith(f"bookprice: only {files} files may be open at once")
    assert f"{FEWEST_FILES} are needed" in ended.only_line
    assert ended.only_line.endswith(": ulimit -n 1024")


@pytest.mark.parametrize("command", [("watch",), ("doctor",), ("demo",)])
async def test_every_command_that_needs_many_says_so(
    environ: dict[str, str], folder: Path, command: tuple[str, ...]
) -> None:
    ended = await limited(environ, folder, "ulimit -n 20", *command)
    assert (ended.code, ended.out) == (1, b"")
    assert "only 20 files may be open at once" in ended.only_line


async def test_a_history_needs_few(environ: dict[str, str], folder: Path) -> None:
    ended = await limited(environ, folder, "ulimit -n 12", "history")
    assert (ended.code, ended.err) == (0, "")


async def test_a_limit_that_may_be_raised_is_raised(environ: dict[str, str], folder: Path) -> None:
    ended = await limited(environ, folder, "ulimit -S -n 20 && ulimit -S -v 100000", *SEARCH)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(("files", "workers"), [(40, 8), (44, 8), (48, 8), (64, 2)])
async def test_what_runs_out_later_is_one_line_at_most(
    environ: dict[str, str], folder: Path, files: int, workers: int
) -> None:
    """If the check at the start passes: a report, or a line."""
    # Without a deadline, connections that the shop cannot accept use up all their attempts: a minute.
    words = ("--pages", "20", "--workers", str(workers), "--max-seconds", "20", "-o", "a.json")
    ended = await limited(environ, folder, f"ulimit -n {files}", "渗透测试", "--demo", *words)
    assert ended.code in {0, 1, 3, 4}
    assert "Traceback" not in ended.err
    if ended.code == 1:
        first, *others = ended.err.splitlines()
        assert first == f"bookprice: {FILES}"
        assert all(map(names_resume, others))


@pytest.mark.parametrize("kilobytes", [60_000, 150_000, 300_000, 500_000, 700_000])
async def test_too_little_memory_is_one_line(environ: dict[str, str], folder: Path, kilobytes: int) -> None:
    ended = await limited(environ, folder, f"ulimit -v {kilobytes}", *SEARCH)
    assert ended.code == 1
    assert f"only {kilobytes >> 10} MiB of memory may be reserved" in ended.only_line
    assert "ulimit -v" in ended.only_line


STARVED = """
import sys, threading
left = int(sys.argv[1])
# The name is that of Python 3.13, and that of the versions before.
name = "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
start = getattr(threading, name)

def start_one(*args, **options):
    global left
    left -= 1
    if left < 0:
        raise RuntimeError("can't start new thread")
    return start(*args, **options)

setattr(threading, name, start_one)
from crawler.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
"""The command, with so many threads and no more: no limit of the system binds root."""


@pytest.mark.parametrize("threads", range(6))
def test_too_few_threads_are_one_line(environ: dict[str, str], folder: Path, threads: int) -> None:
    """With the report, if its pages were read by then; the demo shop, in the same process, may fail a page."""
    ended = subprocess.run(
        [sys.executable, "-c", STARVED, str(threads), *SEARCH],
        env=environ, cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    first, *others = ended.stderr.decode().splitlines()
    assert first == f"bookprice: {THREADS}"
    assert all(line.startswith("page ") or names_resume(line) for line in others)


STOPPED = """
import os, sys
from crawler.__main__ import main
from crawler.cli import outputs

async def write(*args, **options):
    raise OSError(24, os.strerror(24))

outputs.write_whole = write
sys.exit(main(sys.argv[1:]))
"""
"""The command, with too many files open when the report is to be written."""


def test_pages_that_were_fetched_are_kept(environ: dict[str, str], folder: Path) -> None:
    """A run that ends for lack of files, with pages in its journal, says how to continue without another fetch."""
    words = ["渗透测试", "--demo", "--pages", "2", "-o", "a b.md"]
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED, *words],
        env=environ, cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    first, line = ended.stderr.decode().splitlines()
    assert first == f"bookprice: {FILES}"
    assert line == "bookprice: to read the rest: bookprice 渗透测试 --demo --pages 2 -o 'a b.md' --resume"
    resumed = subprocess.run(
        [sys.executable, "-m", "crawler", *shlex.split(line.split(": bookprice ")[1])],
        env=environ, cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0
    assert resumed.stderr.decode().startswith("resumed: 2 of 2 pages")
    assert (folder / "a b.md").is_file()


def test_what_an_error_says_of_a_shortage() -> None:
    """In the error itself, in its cause, or in a member of a group."""
    files = OSError(24, os.strerror(24))
    chained = ValueError("a library's own")
    chained.__cause__ = files
    assert shortage(files) == shortage(chained) == FILES
    assert shortage(ExceptionGroup("several", [ValueError(), chained])) == FILES
    assert shortage(MemoryError()) == shortage(OSError(12, os.strerror(12))) == MEMORY
    assert shortage(BlockingIOError(11, os.strerror(11))) == THREADS
    assert shortage(OSError(28, os.strerror(28))) is shortage(RuntimeError("else")) is None
