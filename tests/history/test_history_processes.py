"""Many processes on one history file: killed while writing, and all writing in parallel."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crawler.history.store import History

ROOT = Path(__file__).parent.parent.parent
OBSERVATIONS = 600


async def recorder(file: Path, name: str, runs: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("record_runs.py")),
        str(file),
        name,
        str(runs),
        str(OBSERVATIONS),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def runs_of(file: Path) -> list[tuple[str, int, int]]:
    """Return key, stated number of observations, and counted number, for every run in the file."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows: list[tuple[str, int, int]] = connection.execute(
            "SELECT key, observations, (SELECT count(*) FROM observation WHERE run = run.id) FROM run"
        ).fetchall()
        return rows


@pytest.mark.parametrize("recorders", [15, pytest.param(50, marks=pytest.mark.slow)])
async def test_recorders_are_killed(tmp_path: Path, recorders: int) -> None:
    """Killed at any time, even before the file exists: the file opens, it is intact, and no run is half recorded.

    Everything that a recorder had reported as recorded is there.
    """
    file, dice = tmp_path / "history.sqlite3", random.Random(20)
    said: set[str] = set()
    for number in range(recorders):
        process = await recorder(file, f"r{number}", 10_000)
        assert process.stdout is not None
        if number:  # the first is killed while it makes the file
            assert await process.stdout.readline() == b"open\n"
            for run in range(dice.randrange(4)):
                assert await process.stdout.readline() == b"%d\n" % run
                said.add(f"r{number}-{run}")
        await asyncio.sleep(dice.uniform(0, 0.02))
        process.kill()
        out, _ = await process.communicate()
        said |= {f"r{number}-{line}" for line in out.decode().split() if line != "open"}
    recorded = runs_of(file)
    assert all(told == counted == OBSERVATIONS for _, told, counted in recorded)
    assert said <= {key for key, _, _ in recorded}
    assert len({key.partition("-")[0] for key in said}) > recorders // 2


async def test_ten_recorders_at_once(tmp_path: Path) -> None:
    """No process finds the file locked, no observation is lost, and readers see complete runs."""
    file = tmp_path / "folder" / "history.sqlite3"
    recorders = [await recorder(file, f"r{number}", 10) for number in range(10)]
    ends = asyncio.gather(*(process.communicate() for process in recorders))
    reads = 0
    with History(file) as history:
        while not ends.done():
            past = history.series("https://shop.example", ["0", "1", "599"])
            assert len({len(observations) for observations in past.values()}) <= 1
            reads += 1
            await asyncio.sleep(0.01)
        for out, err in await ends:
            assert err == b""
            assert out.split()[-1] == b"9"
        past = history.series("https://shop.example", [str(product) for product in range(OBSERVATIONS)])
    assert reads > 10
    assert {len(observations) for observations in past.values()} == {100}
    assert len(past) == OBSERVATIONS
    assert len(runs_of(file)) == 100
