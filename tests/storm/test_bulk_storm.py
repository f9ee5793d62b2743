"""A bulk crawl of 20,000 URLs that is killed ten times: worker, coordinator, everything, at random moments."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.bulk.exact import assert_exact
from tests.bulk.sites import read_lines, serving, until
from tests.processes import children

ROOT = Path(__file__).parents[2]

URLS, HOSTS, KILLS = 20_000, 50, 10

pytestmark = [
    pytest.mark.storm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.name != "posix", reason="sends signals"),
]


def bytes_saved(out: Path) -> int:
    """Return the size of all results, which grows as long as a crawl gets on."""
    return sum(path.stat().st_size for path in out.glob("results-*.jsonl")) if out.exists() else 0


@pytest.mark.parametrize("seed", [1])
async def test_a_crawl_killed_ten_times_is_exact(tmp_path: Path, seed: int) -> None:
    """Each URL has one result, and no record of the archives is torn, whatever was killed when."""
    draw = random.Random(seed)
    out = tmp_path / "out"
    async with serving(hosts=HOSTS) as sites:
        urls = [sites.url(1 + n % HOSTS, f"/{n}") for n in range(URLS)]
        (tmp_path / "urls.txt").write_text("".join(f"{url}\n" for url in urls))

        async def start() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crawler", "bulk", "urls.txt", "--out", "out", "--allow-private", "--resume",
                "--processes", "2", "--quiet", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

        crawl = await start()
        kinds = ["worker"] * 4 + ["coordinator"] * 3 + ["everything"] * 3
        draw.shuffle(kinds)
        for number, kind in enumerate(kinds, 1):
            before, share = bytes_saved(out), len(read_lines(out)) / URLS
            assert share < 0.95, f"the crawl was over before kill {number}"
            if draw.random() < 0.7:  # else it may be just starting, or reading its list
                await until(lambda before=before: bytes_saved(out) > before)  # type: ignore[misc]
            await asyncio.sleep(draw.uniform(0.0, 0.7))  # a random moment, not a wait for anything
            processes = children(psutil.Process(crawl.pid))
            draw.shuffle(processes)
            victims = [] if kind == "coordinator" else processes if kind == "everything" else processes[:1]
            for victim in victims:
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
            if kind != "worker":
                crawl.kill()
                await crawl.wait()
                crawl = await start()
        assert await asyncio.wait_for(crawl.wait(), 600) == 0
    lines = assert_exact(out, urls)
    assert len(lines) == URLS
