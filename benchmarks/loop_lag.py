"""How long many searches at once keep the event loop from anything else.

    python benchmarks/loop_lag.py [--searches N] [--pages N] [--rounds N] [--check MS]

All searches of a round run at once on one engine. Meanwhile a timer of 5 ms measures how late the loop calls it. `lag`
is wall time, `CPU` the part of it that the loop's own thread computed: the machine is shared, and a thread that had to
wait for a processor was not held up by the program. With --check, exit with 1 if the median of the rounds' largest CPU
lag is above MS.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

from benchmarks.job import demo_shop  # noqa: E402
from benchmarks.job_once import CONNECTIONS, QUERY  # noqa: E402

TICK = 0.005
"""Seconds between two calls of the timer."""

MOST_SEARCHES = 500
"""More would measure the memory of the machine."""


@dataclass(frozen=True, slots=True)
class Round:
    """The lags of one round, in milliseconds, and what it took."""

    lags: list[float]
    cpu_lags: list[float]
    seconds: float
    cpu: float

    def row(self) -> str:
        """Return the figures as a line."""
        return (
            f"lag: largest {max(self.lags):6.1f} ms, 99th percentile {percentile(self.lags, 0.99):5.1f} ms   "
            f"CPU: largest {max(self.cpu_lags):6.1f} ms, 99th percentile {percentile(self.cpu_lags, 0.99):5.1f} ms   "
            f"{self.seconds:.2f} s, {self.cpu:.2f} s CPU"
        )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


async def measure(base_url: str, searches: int, pages: int) -> Round:
    """Run the searches at once and measure the lags of the loop."""
    from crawler.engine import Crawler
    from crawler.events import SearchFinished
    from crawler.settings import Settings

    lags, cpu_lags = list[float](), list[float]()

    async def tick() -> None:
        while True:
            due, cpu = time.perf_counter() + TICK, time.thread_time()
            await asyncio.sleep(TICK)
            lags.append(1000 * max(0.0, time.perf_counter() - due))
            # What the loop computed in the time of the tick itself held up nobody.
            cpu_lags.append(min(lags[-1], 1000 * (time.thread_time() - cpu)))

    async def search(crawler: Crawler) -> None:
        async for event in crawler.search(QUERY):
            if isinstance(event, SearchFinished):
                assert event.result.complete, event.result.failed
                assert event.result.counts.books

    settings = Settings(pages=pages, base_url=base_url, concurrency=CONNECTIONS)
    async with Crawler(settings) as crawler:
        await search(crawler)  # imports, and robots.txt
        timer = asyncio.create_task(tick())
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(search(crawler) for _ in range(searches)))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        timer.cancel()
        await asyncio.wait([timer])
    return Round(lags, cpu_lags, seconds, cpu)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--searches", type=int, default=50, help=f"at once, at most {MOST_SEARCHES}")
    options.add_argument("--pages", type=int, default=20, help="per search")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--latency", type=float, default=0.05, help="seconds that the shop takes to answer")
    options.add_argument(
        "--check",
        type=float,
        metavar="MS",
        help="exit with 1 if the median of the largest CPU lags is above this",
    )
    wanted = options.parse_args()
    if not 0 < wanted.searches <= MOST_SEARCHES:
        options.error(f"--searches must be from 1 to {MOST_SEARCHES}")

    rounds = list[Round]()
    with demo_shop(wanted.latency) as base_url:
        for _ in range(wanted.rounds):
            rounds.append(asyncio.run(measure(base_url, wanted.searches, wanted.pages)))
            print(rounds[-1].row(), flush=True)
    largest = statistics.median(max(each.lags) for each in rounds)
    largest_cpu = statistics.median(max(each.cpu_lags) for each in rounds)
    print(
        f"{wanted.searches} searches of {wanted.pages} pages at once, median of {wanted.rounds}: "
        f"largest lag {largest:.1f} ms, {largest_cpu:.1f} ms of it CPU"
    )
    if wanted.check is not None and largest_cpu > wanted.check:
        sys.exit(f"the largest CPU lag is {largest_cpu:.1f} ms, above {wanted.check:g}")


if __name__ == "__main__":
    main()
