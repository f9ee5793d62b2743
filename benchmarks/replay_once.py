"""Replay our archives in one process; print the seconds and a summary of the result as JSON.

    python benchmarks/replay_once.py pool|inline WORKERS TIMES ARCHIVE

The archive is read once and replayed TIMES times, two replays at a time, so that one ranks while the other parses.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # measure this tree, wherever it is run from

from benchmarks.contenders.ours import InlineExecutor
from crawler import Crawler, SearchFinished, Settings
from crawler.recording.reading import read_run

AT_ONCE = 2


async def replay() -> None:
    """Replay the archive, and print."""
    mode, workers, times, archive = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    run = read_run(archive)
    pages = listings = 0
    rest = iter(range(times))
    executor = InlineExecutor() if mode == "inline" else None
    async with Crawler(Settings(workers=workers), executor=executor) as crawler:

        async def worker() -> None:
            nonlocal pages, listings
            for _ in rest:
                async for event in crawler.replay(run):
                    if isinstance(event, SearchFinished):
                        pages += sum(page.verdict.value == "ok" for page in event.result.pages)
                        listings += event.result.counts.listings

        started = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, times))))
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "pages": pages, "items": listings}))


if __name__ == "__main__":
    asyncio.run(replay())
