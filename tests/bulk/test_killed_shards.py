"""A shard process that is killed at any moment: the next one continues, exactly."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from crawler.bulk.model import store_path
from crawler.bulk.store import ShardStore
from tests.bulk.sites import PAGE, Sites, fill, options_for, read_lines, serving, targets, until
from tests.bulk.warc_readers import responses

ROOT = Path(__file__).parents[2]


async def crawl_and_kill(out: Path, shards: int, sites: Sites, requests: int | None) -> int | None:
    """Run a shard process; kill it after so many requests, at a random moment of the commit that follows."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bulk.shard_main", str(out), str(shards), cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if requests is not None:
        wanted = len(sites.requests) + requests
        await until(lambda: len(sites.requests) >= wanted or process.returncode is not None)
        await asyncio.sleep(random.uniform(0, 0.05))
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
    return await process.wait()


def finished(out: Path, shards: int) -> int:
    """Return the number of targets that the stores call finished."""
    total = 0
    for shard in range(shards):
        with ShardStore.open(store_path(out, shard), readonly=True) as store:
            total += store.counts().done
    return total


async def check_kills(out: Path, count: int, kills: int, *, shards: int = 2, hosts: int = 7) -> None:
    async with serving(hosts=hosts) as sites:
        wanted = targets(sites.url(1 + n % hosts, f"/p/{n}") for n in range(count))
        fill(options_for(out, shards=shards), wanted)
        for _ in range(kills):
            await crawl_and_kill(out, shards, sites, random.randrange(1, 2 * count // kills))
            done = finished(out, shards)
            lines = sum(path.read_bytes().count(b"\n") for path in out.glob("results-*"))  # noqa: ASYNC240 – small
            assert lines >= done  # what a store calls finished is on disk
        assert await crawl_and_kill(out, shards, sites, None) == 0
        urls = [target.url for target in wanted]
    found = read_lines(out)
    assert sorted(line["number"] for line in found) == list(range(1, count + 1))
    assert {line["verdict"] for line in found} == {"ok"}
    bodies = responses(out)
    assert bodies == {url: [PAGE.format(path=url[url.index("/p/") :]).encode()] for url in urls}


async def test_a_killed_shard_process_is_continued_exactly(tmp_path: Path) -> None:
    """Each URL has one line and one record in the end; nothing is torn."""
    await check_kills(tmp_path, 150, 1)


@pytest.mark.slow
async def test_a_shard_process_killed_again_and_again_is_continued_exactly(tmp_path: Path) -> None:
    """The same at ten random moments."""
    await check_kills(tmp_path, 6_000, 10)
