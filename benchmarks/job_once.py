"""Run one search as a whole process, parsing inline or in the pool, for `job.py` to measure.

    python benchmarks/job_once.py inline|pool BASE_URL PAGES

Print the peak memory of the process and of its largest worker, in KB, as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # measure this tree, wherever it is run from

QUERY = "渗透测试"
"""The query, which has more than twenty full pages in the demo shop."""

CONNECTIONS = 20
"""Number of parallel requests."""


class InlineExecutor(Executor):
    """Runs each call immediately in the calling thread: there is no hand-over, and the loop waits."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn` and return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 – a future carries whatever its call raised
            future.set_exception(error)
        return future


def main() -> None:
    """Run the search and print the peaks."""
    mode, base_url, pages = sys.argv[1], sys.argv[2], int(sys.argv[3])
    pool = None
    if mode == "pool":
        from crawler.parsing.page_parser import page_parser

        pool = page_parser(
            workers=0, timeout=10.0, early=True
        )  # before asyncio and aiohttp, as in the command

    import asyncio

    from crawler.engine import Crawler
    from crawler.events import SearchFinished
    from crawler.settings import Settings

    async def search() -> None:
        settings = Settings(pages=pages, base_url=base_url, concurrency=CONNECTIONS)
        executor = InlineExecutor() if mode == "inline" else None
        cache = os.environ.get("XDG_CACHE_HOME")
        robots = (
            None if cache is None else Path(cache) / "job_once"
        )  # fetch robots.txt only once, as in `against.py`
        async with Crawler(settings, pool=pool, executor=executor, robots_folder=robots) as crawler:
            async for event in crawler.search(QUERY):
                if isinstance(event, SearchFinished):
                    assert event.result.complete, event.result.failed
                    event.result.to_json()  # a report is part of the job

    asyncio.run(search())
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"parent_kb": peaks[0], "worker_kb": peaks[1]}))


if __name__ == "__main__":
    main()
