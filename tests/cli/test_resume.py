"""`--resume`: a run killed at any time continues, and its report equals that of an undisturbed run."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.cli.conftest import Ended
from tests.cli.test_signals import wait_for_lines
from tests.processes import gone

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Run = Callable[..., Awaitable[Ended]]

QUERY = "滲透測試"
TIMES = ("started_at", "finished_at", "fetched_from")


def without_times(report: bytes) -> dict[str, Any]:
    """Return a JSON report without its times."""
    return {key: value for key, value in json.loads(report).items() if key not in TIMES}


def pages_asked(shop: DemoShop) -> list[int]:
    """Return the result pages requested, in order."""
    return sorted(request.page for request in shop.requests if request.page is not None)


def journals(environ: dict[str, str]) -> list[Path]:
    """Return the journals of the test's user."""
    return sorted(Path(environ["HOME"]).rglob("*.warc"))


def command(shop: DemoShop, *more: str, pages: int = 20) -> list[str]:
    return [QUERY, "--pages", str(pages), "--base-url", shop.base_url, "--format", "json", *more]


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(
    "after", [8, *(pytest.param(after, marks=pytest.mark.slow) for after in (10, 4, 13, 19))]
)
async def test_a_run_killed_at_random_resumes(
    start: Start, run: Run, environ: dict[str, str], after: int
) -> None:
    """After SIGKILL, `--resume` requests only the missing pages, and the report is the undisturbed one."""
    late = Fault(FaultKind.LATENCY, delay=0.15)
    async with DemoShop(faults=[late]) as shop:
        undisturbed = await run(*command(shop), env={"CRAWLER_CACHE_DIR": "elsewhere"})
        before = len(shop.requests)
        process = await start(*command(shop, "--concurrency", "3", "--workers", "1"))
        children: list[psutil.Process] = []
        while len(pages_asked(shop)) < 20 + after:  # the server's own count says when
            assert process.returncode is None
            children = psutil.Process(process.pid).children(recursive=True) or children
            await asyncio.sleep(0.005)
        process.kill()
        await process.communicate()
        for child in children:
            assert await gone(child.pid)
        killed = len(shop.requests) - before
        resumed = await run(*command(shop, "--resume"))
        asked_again = pages_asked(shop)[:]
    assert (undisturbed.code, resumed.code) == (0, 0)
    assert without_times(resumed.out) == without_times(undisturbed.out)
    # At most those that were under way when the command died were asked for once more.
    assert len(asked_again) <= 20 + 20 + 6
    assert 0 < killed < 26
    if after > 6:
        assert resumed.err.startswith("resumed: ")


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_what_is_printed_after_an_interrupt_resumes(
    start: Start, run: Run, number: signal.Signals
) -> None:
    """The line has the command as typed, with --resume; pasted, it requests the unread pages."""
    late = Fault(FaultKind.LATENCY, pages=range(3, 6), delay=60, times=1)
    async with DemoShop(faults=[late]) as shop:
        typed = command(shop, "--verbose", "-o", "a b.json", pages=5)
        process = await start(*typed)
        await wait_for_lines(process, "page 1: ok", "page 2: ok")
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert json.loads(out)["complete"] is False
        *_, line = err.decode().splitlines()
        assert line.startswith("bookprice: to read the rest: python -m crawler ")
        words = shlex.split(line.split("python -m crawler ")[1])
        assert words == [*typed, "--resume"]
        before = len(pages_asked(shop))
        resumed = await run(*words)
        again = len(pages_asked(shop)) - before
    assert resumed.code == 0
    assert json.loads(resumed.out)["pages"]["ok"] == 5
    assert again == 3


async def test_a_whole_run_resumed_asks_for_nothing(run: Run, shop: DemoShop) -> None:
    """Pages fetched a minute ago are not fetched again; more pages, another order and filters are the same search."""
    await run(*command(shop, pages=5))
    asked = len(shop.requests)
    again = await run(*command(shop, "--resume", "--rank", "best", "--min-reviews", "10", pages=5))
    assert (again.code, len(shop.requests)) == (0, asked)
    more = await run(*command(shop, "--resume", pages=7))
    assert pages_asked(shop)[-2:] == [6, 7]
    assert len(pages_asked(shop)) == 7
    assert more.err.startswith("resumed: 5 of 7 pages come from earlier runs, the oldest of 20")
    report = json.loads(more.out)
    assert report["fetched_from"] <= report["started_at"]
    assert (await run(*command(shop, "--resume", "--quiet", pages=5))).err == ""


async def test_the_price_check_is_resumed_too(run: Run, shop: DemoShop) -> None:
    """Pages in price order come from the journal like the others; unread ones are requested."""
    first = await run(*command(shop, "--price-check", "1", pages=2))
    assert pages_asked(shop) == [1, 1, 2]
    again = await run(*command(shop, "--price-check", "1", "--resume", pages=2))
    assert pages_asked(shop) == [1, 1, 2]
    assert again.err.startswith(
        "resumed: 2 of 2 pages, and 1 in price order, come from earlier runs, the oldest of 20"
    )
    assert without_times(again.out) == without_times(first.out)
    await run(*command(shop, pages=4))
    late = await run(*command(shop, "--price-check", "1", "--resume", "--min-reviews", "1", pages=4))
    assert (late.code, pages_asked(shop)) == (0, [1, 1, 1, 2, 2, 3, 4])
    assert sum("sort_xlowprice" in request.path_qs for request in shop.searches) == 1


async def test_pages_that_failed_are_asked_for_again(run: Run) -> None:
    """A page that failed in the first run is not reused."""
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL, pages={2}, times=1)]) as shop:
        first = await run(*command(shop, pages=3))
        second = await run(*command(shop, "--resume", pages=3))
    assert (first.code, second.code) == (3, 0)
    assert pages_asked(shop) == [1, 2, 2, 3]


async def test_another_search_is_not_resumed_from(run: Run, shop: DemoShop) -> None:
    """Pages of another query, seller or address do not belong to this search."""
    await run(*command(shop, pages=1))
    for more in (("--sellers", "all"), ("--sort", "price"), ("--min-price", "5")):
        await run(*command(shop, "--resume", *more, pages=1))
    assert pages_asked(shop) == [1, 1, 1, 1]


async def test_without_resume_everything_is_asked_for(run: Run, shop: DemoShop) -> None:
    """Without the option, no old page is used."""
    for _ in range(2):
        await run(*command(shop, pages=2))
    assert pages_asked(shop) == [1, 1, 2, 2]


async def test_old_pages_are_not_fresh(run: Run, shop: DemoShop) -> None:
    """`resume_max_age` says how old a page may be."""
    await run(*command(shop, pages=1))
    await run(*command(shop, "--resume", pages=1), env={"CRAWLER_RESUME_MAX_AGE": "0.001"})
    assert pages_asked(shop) == [1, 1]


async def test_a_demo_resumes_too(run: Run) -> None:
    """The demo shop has a different port in each run, but is the same shop."""
    await run(QUERY, "--demo", "--pages", "2", "--format", "json")
    again = await run(QUERY, "--demo", "--pages", "3", "--resume", "--format", "json")
    assert again.err.startswith("resumed: 2 of 3 pages")


async def test_a_cache_that_cannot_be_written_stops_nothing(run: Run, shop: DemoShop, folder: Path) -> None:
    """Without a place for its journal, a search runs all the same, and a message says what is missing."""
    (folder / "taken").write_text("a file")
    ended = await run(*command(shop, pages=1), env={"CRAWLER_CACHE_DIR": "taken"})
    assert ended.code == 0
    assert ended.only_line.startswith("bookprice: cannot keep the journal for --resume")


async def test_two_runs_at_once_have_journals_of_their_own(
    start: Start, shop: DemoShop, environ: dict[str, str]
) -> None:
    """Of two runs of one search, neither touches the other's journal."""
    processes = [await start(*command(shop, pages=5)) for _ in range(3)]
    for process in processes:
        await asyncio.wait_for(process.communicate(), 60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(journals(environ)) == 3
