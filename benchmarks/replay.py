"""Archived pages parsed again: in the pool of processes, beside inline.

    python benchmarks/replay.py [--pages N] [--replays N] [--at-once N] [--workers N] [--rounds N] [--check RATIO]

An archive of the demo shop is recorded once. A process then reads it and replays it again and again on one engine, some
at once: while one is read or ranked, the workers parse the pages of another. There is no network, so it takes the time
of reading, parsing and ranking alone. Inline and pool take turns in each round, because
machines are shared: read the ratio. With --check, exit with 1 when the median of pool / inline is above RATIO.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

from benchmarks.job import demo_shop  # noqa: E402
from benchmarks.job_once import QUERY, InlineExecutor  # noqa: E402

MODES = ("inline", "pool")
MOST_PAGES = 100_000
"""In all; more would take hours."""


def record(archive: Path, pages: int) -> None:
    """Search the demo shop and archive its pages."""
    with demo_shop(0.0) as base_url:
        command = [
            sys.executable, "-m", "crawler", "search", QUERY, "--pages", str(pages), "--base-url", base_url,
            "--archive", str(archive), "--price-check", "0", "--no-history", "--quiet", "--format", "json",
        ]  # fmt: skip
        environment = os.environ | {"XDG_CACHE_HOME": str(archive.parent)}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def replay(mode: str, archive: Path, replays: int, workers: int, at_once: int) -> None:
    """Replay the archive in this process; print the pages, seconds and CPU seconds, those of the workers included."""
    from crawler.engine import Crawler
    from crawler.events import SearchFinished
    from crawler.recording.reading import read_run
    from crawler.settings import Settings

    async def run() -> int:
        executor = InlineExecutor() if mode == "inline" else None
        slots = asyncio.Semaphore(at_once)
        async with Crawler(Settings(workers=workers), executor=executor) as crawler:

            async def one() -> int:
                async with slots:
                    run = await asyncio.to_thread(read_run, archive)
                    async for event in crawler.replay(run):
                        if isinstance(event, SearchFinished):
                            assert event.result.complete, event.result.failed
                            return sum(1 for page in event.result.pages if page.listings)
                raise AssertionError("no result")

            return sum(await asyncio.gather(*(one() for _ in range(replays))))

    started = time.perf_counter()
    pages = asyncio.run(run())
    seconds, used = time.perf_counter() - started, os.times()
    figures = {
        "pages": pages,
        "seconds": seconds,
        "parent": used.user + used.system,
        "workers": used.children_user + used.children_system,
    }
    print(json.dumps(figures))


def measure(mode: str, archive: Path, replays: int, workers: int, at_once: int) -> dict[str, float]:
    """Replay in a process of its own; return its figures."""
    numbers = {"--replays": replays, "--workers": workers, "--at-once": at_once}
    options = ["--once", mode, "--archive", str(archive)]
    options += [word for name, number in numbers.items() for word in (name, str(number))]
    done = subprocess.run(
        [sys.executable, __file__, *options], stdout=subprocess.PIPE, check=True, cwd=ROOT, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--pages", type=int, default=36, help="in the archive")
    options.add_argument("--replays", type=int, default=56, help="of the archive")
    options.add_argument("--at-once", type=int, default=2, help="replays at once")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--check",
        type=float,
        metavar="RATIO",
        help="exit with 1 when the median of pool / inline is above this",
    )
    options.add_argument("--once", choices=MODES, help=argparse.SUPPRESS)
    options.add_argument("--archive", type=Path, help="replay this file instead of recording one")
    wanted = options.parse_args()
    if not 0 < wanted.pages * wanted.replays <= MOST_PAGES:
        options.error(f"--pages × --replays must be from 1 to {MOST_PAGES}")
    if wanted.once is not None:
        replay(wanted.once, wanted.archive, wanted.replays, wanted.workers, wanted.at_once)
        return

    figures: dict[str, list[dict[str, float]]] = {mode: [] for mode in MODES}
    with TemporaryDirectory() as folder:
        archive = wanted.archive
        if archive is None:
            archive = Path(folder) / "run.warc.gz"
            record(archive, wanted.pages)
        for number in range(wanted.rounds):
            for mode in MODES if number % 2 else reversed(MODES):
                figures[mode].append(measure(mode, archive, wanted.replays, wanted.workers, wanted.at_once))
    pages = figures["pool"][0]["pages"]
    print(f"{pages:g} pages, {wanted.workers} workers, median of {wanted.rounds}")
    for mode in MODES:
        row = {name: statistics.median(run[name] for run in figures[mode]) for name in figures[mode][0]}
        each = {name: 1000 * row[name] / row["pages"] for name in ("seconds", "parent", "workers")}
        print(
            f"  {mode:7} {row['seconds']:6.2f} s   each page {each['seconds']:5.2f} ms, "
            f"CPU of the parent {each['parent']:5.2f} ms and of the workers {each['workers']:5.2f} ms"
        )
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(figures["inline"], figures["pool"], strict=True)]
    ratio = statistics.median(ratios)
    print(f"  pool / inline: {ratio:.3f} ({min(ratios):.3f} … {max(ratios):.3f})")
    if wanted.check is not None and ratio > wanted.check:
        sys.exit(f"pool / inline is {ratio:.3f}, above {wanted.check:g}")


if __name__ == "__main__":
    main()
