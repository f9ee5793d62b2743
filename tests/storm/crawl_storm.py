"""Search a shop for many queries on one engine and print the outcome of every page, as JSON: the crawler of the storm.

    python crawl_storm.py BASE_URL QUERIES.json

It runs in a process of its own, so that its memory is only the crawler's, not the demo shop's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Any

import psutil

from crawler import Crawler, Settings
from crawler.events import Attempt, SearchFinished
from crawler.results import SearchResult
from tests.processes import children

AT_ONCE = 5
"""The number of parallel searches."""

PAGES = 10


async def search_all(base_url: str, queries: list[str]) -> dict[str, Any]:
    """Return the pages of every query, and the attempts that events reported."""
    settings = Settings(
        base_url=base_url,
        pages=PAGES,
        price_check=0,  # the faults of a page number would affect both lists
        concurrency=16,
        request_timeout=4.0,
        read_timeout=4.0,
        parse_timeout=2.0,
        max_body_bytes=2**20,
    )
    room = asyncio.Semaphore(AT_ONCE)
    attempts = 0
    found: dict[str, Any] = {}

    async def search(crawler: Crawler, query: str) -> None:
        nonlocal attempts
        async with room:
            async for event in crawler.search(query):
                if isinstance(event, Attempt):
                    attempts += 1
                elif isinstance(event, SearchFinished):
                    found[query] = as_plain(event.result)

    async with Crawler(settings) as crawler:
        await asyncio.gather(*(search(crawler, query) for query in queries))
    return {"queries": found, "attempts": attempts}


def as_plain(result: SearchResult) -> dict[str, Any]:
    """Return the values that the test compares."""
    return {
        "stopped": result.stopped,
        "pages": {
            page.page: {
                "verdict": page.verdict.value,
                "detail": page.detail,
                "attempts": page.attempts,
                "products": [listing.product_id for listing in page.listings],
            }
            for page in result.pages
        },
    }


def left_over() -> dict[str, Any]:
    """Return the number of file descriptors of this process, and its children."""
    gc.collect()
    process = psutil.Process()
    return {
        "descriptors": process.num_fds(),
        "connections": [str(connection) for connection in process.net_connections(kind="all")],
        "children": [" ".join(child.cmdline()) for child in children(recursive=True)],
    }


async def settled(before: dict[str, Any]) -> dict[str, Any]:
    """Return the resources left after closing: a transport releases its socket in a later turn of the loop.

    After two seconds, return them as they are.
    """
    now = left_over()
    for _ in range(100):
        if now["descriptors"] <= before["descriptors"]:
            break
        await asyncio.sleep(0.02)
        now = left_over()
    return now


async def main(base_url: str, queries: list[str]) -> None:
    """Run the storm, once the process has created everything that it creates only once."""
    await search_all(base_url, queries[:1])
    before = left_over()
    report = await search_all(base_url, queries[1:])
    tasks = [repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    print(json.dumps({**report, "before": before, "after": await settled(before), "tasks": tasks}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8"))))
