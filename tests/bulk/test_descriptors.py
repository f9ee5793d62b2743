"""The file descriptors of a shard process: bounded by the system's limit, however many hosts there are."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web  # noqa: TC002 – as in the other tests

from crawler.bulk.descriptors import allow_descriptors
from tests.bulk.sites import crawled, options_for, page, serving, targets

resource = pytest.importorskip("resource", reason="this system has no such limits")


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """Restore the soft limit on open files after the test."""
    before: tuple[int, int] = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_as_far_as_it_may(limits: tuple[int, int]) -> None:
    """Systems set it low for old programs; the hard limit is the real one."""
    hard = limits[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert allow_descriptors(100) == 100
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, hard)
    wanted = 300 if hard == resource.RLIM_INFINITY else min(300, hard)
    assert allow_descriptors(300) == wanted
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (wanted, hard)


async def test_fewer_requests_run_at_once_where_few_files_may_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """That is said once, in one line."""
    monkeypatch.setattr("crawler.bulk.runner.allow_descriptors", lambda _wanted: 70)
    async with serving(hosts=3) as sites:
        wanted = targets(sites.url(1 + n % 3, f"/{n}") for n in range(30))
        with caplog.at_level(logging.WARNING):
            run = await crawled(options_for(tmp_path), wanted)
        assert max(sites.most_running.values()) <= 4
    assert len(run.lines) == 30
    assert len(caplog.messages) == 1
    assert "4 parallel requests" in caplog.messages[0]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
async def test_idle_connections_are_bounded_over_many_hosts(tmp_path: Path) -> None:
    """Each host keeps its connection open; no more of them than requests at once stay, whatever the number of hosts."""
    most = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal most
        most = max(most, len(os.listdir("/proc/self/fd")))  # noqa: PTH208 – of names alone
        return await page(request)

    async with serving(answer, hosts=100) as sites:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 – of names alone
        wanted = targets(sites.url(1 + n % 100, f"/{n}") for n in range(300))
        run = await crawled(options_for(tmp_path, concurrency=8, per_host=2), wanted)
    assert len(run.lines) == 300
    assert most - before < 2 * (8 + 8) + 20  # both ends of each connection are in this process
