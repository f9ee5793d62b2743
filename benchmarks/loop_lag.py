"""Measure delays of our library's event loop: many searches at once, and a task that wakes every 5 ms.

    python benchmarks/loop_lag.py BASE_URL PAGES QUERY…

Print as JSON the largest delay of a wake-up in milliseconds, the most CPU time of the loop's thread between two
wake-ups (caused by the program itself, however busy the machine is), and the numbers of pages and reports.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from crawler import Crawler, SearchFinished, Settings

INTERVAL = 0.005


async def watch(worst: dict[str, float]) -> None:
    """Wake up repeatedly, and record the largest delay and CPU time."""
    while True:
        due, spent = time.perf_counter() + INTERVAL, time.thread_time()
        await asyncio.sleep(INTERVAL)
        worst["lag"] = max(worst["lag"], 1000 * (time.perf_counter() - due))
        worst["cpu"] = max(worst["cpu"], 1000 * (time.thread_time() - spent))


async def search() -> None:
    """Run all searches at once, and print."""
    base_url, pages, queries = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    settings = Settings(base_url=base_url, concurrency=20, price_check=0, pages=pages)
    worst = {"lag": 0.0, "cpu": 0.0}
    found = []
    async with Crawler(settings, robots_folder=Path("robots")) as crawler:
        await asyncio.sleep(0.1)  # exclude imports at the start, which do not belong to the searches
        watching = asyncio.create_task(watch(worst))

        async def one(query: str) -> None:
            async for event in crawler.search(query):
                if isinstance(event, SearchFinished):
                    found.append(event.result.counts.listings)
                    await asyncio.to_thread(event.result.to_json)

        await asyncio.gather(*map(one, queries))
        watching.cancel()
    print(json.dumps({**worst, "searches": len(found), "items": sum(found)}))


if __name__ == "__main__":
    asyncio.run(search())
