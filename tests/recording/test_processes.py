"""The journal with real processes: killed, writing in parallel, and filling the disk."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from crawler.recording.journal import saved_pages
from crawler.recording.reading import read_run
from tests.recording import recorded_runs as runs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills, locks and limits as POSIX has them")

TOP = Path(__file__).parents[2]

PARTS = """
import asyncio, datetime as dt, sys
from pathlib import Path
from crawler.recording.journal import open_journal
from crawler.recording.reading import read_run
from tests.recording import recorded_runs as runs

folder, pages, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
asked = runs.parameters()

async def fetch_all(journal):
    now = dt.datetime.now(dt.UTC)
    journal.begin(asked)
    for number in range(1, pages + 1):
        body = runs.body_of(number, size)
        exchange = runs.exchange_of(number, body)
        journal.hop(runs.key(number), runs.hop_of(number, body))
        journal.fetched(runs.key(number), exchange, now)
        await journal.page(runs.SavedPage(number, exchange, "ok", "", now))
        if journal.failure:
            print(journal.failure, flush=True)
            break
        print(number, flush=True)
"""

ONE_RUN = """
journal = open_journal(folder, asked, now=dt.datetime.now(dt.UTC))
asyncio.run(fetch_all(journal))
journal.close()
"""

MANY_RUNS = """
for _ in range(40):
    journal = open_journal(folder, asked, now=dt.datetime.now(dt.UTC), max_bytes=60_000)
    asyncio.run(fetch_all(journal))
    run = read_run(journal.path)
    assert len(run.pages) == pages
    journal.close()
"""

SMALL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
"""


def only_file(folder: Path) -> Path:
    """Return the one file in a folder."""
    (path,) = folder.iterdir()
    return path


async def start(script: str, *arguments: object) -> Process:
    """Start a Python process with our code."""
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", script, *map(str, arguments), stdout=PIPE, env=environment
    )


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_acknowledged_survives_sigkill(tmp_path: Path, seed: int) -> None:
    """Killed at any time: the next run finds every page whose recording had returned, complete."""
    draw = random.Random(seed)
    process = await start(PARTS + ONE_RUN, tmp_path, 5_000, 40_000)
    assert process.stdout is not None
    printed = b"".join([await process.stdout.readline() for _ in range(draw.randint(1, 30))])
    await asyncio.sleep(draw.random() / 200)  # anywhere within a page or two
    process.kill()
    printed += await process.stdout.read()
    await process.wait()
    acknowledged = printed.count(b"\n")
    assert read_run(only_file(tmp_path)).ended is None
    now = dt.datetime.now(dt.UTC)
    pages, skipped = saved_pages(tmp_path, runs.parameters(), now=now, fresh_seconds=600)
    assert skipped == ()
    assert 0 < acknowledged <= len(pages) < 5_000
    assert list(pages) == runs.keys(*range(1, len(pages) + 1))
    for key, page in pages.items():
        assert page.exchange.body == runs.body_of(key.number, 40_000)


async def test_two_runs_at_once_leave_each_other_whole(tmp_path: Path) -> None:
    """Two processes open, prune and close in one folder: each finds its own journal intact, the total is bounded."""
    processes = [await start(PARTS + MANY_RUNS, tmp_path, 3, 5000) for _ in range(2)]
    await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    left = [len(read_run(path).pages) for path in sorted(tmp_path.iterdir())]  # noqa: ASYNC240 – a dozen names
    assert set(left) == {3}
    assert len(left) < 10  # of 80


async def test_a_full_disk_ends_the_recording_and_not_the_run(tmp_path: Path) -> None:
    """When the disk is full, recording stops with a message, and the file ends with the last complete record."""
    process = await start(PARTS + SMALL_DISK + ONE_RUN, tmp_path, 100, 6000)
    words = (await process.communicate())[0].decode().splitlines()
    assert process.returncode == 0
    assert "cannot be written: File too large" in words[-1]
    path = only_file(tmp_path)
    run = read_run(path)
    assert not run.torn
    assert len(words) > 3
    assert {int(word) for word in words[:-1]} <= {key.number for key in run.pages}
    assert 40_000 < path.stat().st_size <= 50_000
