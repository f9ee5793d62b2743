"""Contender: our library, with one `Crawler` for all searches of the work, parsing in its process pool or inline.

python ours.py pool|inline WORK.json OUTPUT.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from crawler import Crawler, SearchFinished, Settings


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


async def crawl(mode: str, work: dict[str, Any]) -> str:
    """Run every search, eight at a time, and return their JSON reports as one list."""
    settings = Settings(base_url=work["base_url"], concurrency=work["connections"], price_check=0)
    executor = InlineExecutor() if mode == "inline" else None
    robots = Path("robots")  # robots.txt is fetched once a day, as by the command
    searches = iter(work["searches"])
    reports = []
    async with Crawler(settings, executor=executor, robots_folder=robots) as crawler:

        async def worker() -> None:
            for query, pages in searches:
                async for event in crawler.search(query, pages=pages):
                    match event:
                        case SearchFinished(result=result):
                            reports.append(result.to_json())

        await asyncio.gather(*(worker() for _ in range(min(8, len(work["searches"])))))
    return f"[{','.join(reports)}]"


if __name__ == "__main__":
    found = asyncio.run(crawl(sys.argv[1], json.loads(Path(sys.argv[2]).read_text())))
    Path(sys.argv[3]).write_text(found)
