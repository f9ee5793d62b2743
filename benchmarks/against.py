"""Compare this tree with another checkout of the project: run the main job in turns and print ratios.

    git worktree add /tmp/before REVISION
    python benchmarks/against.py /tmp/before [--rounds N] [--pages N] [--latency SECONDS]

Each job is a whole process, including the interpreter start, against one demo shop that takes 200 ms to respond:

    crawl     the search as a library with its JSON, as in job.py (parse pool, 20 connections)
    json      the command, JSON on stdout
    default   the command as a user types it: a table, and the reports of its folder
    cold      as json, without files from earlier runs: robots.txt is requested first

For the others, robots.txt is in the cache folder, as for all but the first run of a day. The two trees take turns in
each round, because machines are shared and noisy: read the ratio (this / other), not the seconds. Both use the
interpreter that runs this script; the other tree must not need packages that are not installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

JOBS = ("crawl", "json", "default", "cold")


def command(job: str, tree: Path, base_url: str, pages: int) -> list[str]:
    """Return the command line of a job in a tree."""
    from benchmarks.job_once import CONNECTIONS, QUERY

    if job == "crawl":
        return [sys.executable, str(tree / "benchmarks" / "job_once.py"), "pool", base_url, str(pages)]
    search = [QUERY, "--pages", str(pages), "--base-url", base_url, "--concurrency", str(CONNECTIONS)]
    form = [] if job == "default" else ["--format", "json"]
    return [sys.executable, "-m", "crawler", *search, *form]


def run_once(job: str, tree: Path, base_url: str, pages: int, cache: str) -> tuple[float, float]:
    """Run a job in an empty folder; return seconds and CPU seconds. `cache` is the cache folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "XDG_CACHE_HOME": f"{folder}/cache" if job == "cold" else cache,
        }
        # The first round compiles the modules, as a user's first run does.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        before, started = os.times(), time.perf_counter()
        subprocess.run(
            command(job, tree, base_url, pages),
            stdout=subprocess.DEVNULL,
            check=True,
            cwd=folder,
            env=environment,
        )
        seconds, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu


def ratio_words(ratios: list[float]) -> str:
    """Format the median of ratios, with the lowest and the highest."""
    return f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} … {max(ratios):.3f})"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("other", type=Path, help="the other checkout")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--pages", type=int, default=20)
    options.add_argument("--latency", type=float, default=0.2, help="seconds that the shop takes to respond")
    wanted = options.parse_args()

    from benchmarks.job_once import QUERY
    from benchmarks.shop import demo_shop
    from parsers.dangdang import search_url

    trees = (wanted.other.resolve(), ROOT)
    figures: dict[tuple[str, Path], list[tuple[float, float]]] = {(j, t): [] for j in JOBS for t in trees}
    with demo_shop(wanted.latency) as base_url, tempfile.TemporaryDirectory() as cache:
        for page in range(1, wanted.pages + 1):  # the shop renders its pages before the measurement
            with urlopen(search_url(QUERY, page, base_url=base_url)) as answer:  # noqa: S310 – our own loopback server
                answer.read()
        for job in JOBS:
            for tree in trees:
                run_once(
                    job, tree, base_url, wanted.pages, cache
                )  # compiles the modules, and stores robots.txt
        for number in range(wanted.rounds):
            for job in JOBS:
                for tree in trees if number % 2 else reversed(trees):
                    figures[job, tree].append(run_once(job, tree, base_url, wanted.pages, cache))

    print(f"{wanted.pages} pages, {wanted.latency * 1000:g} ms latency, median of {wanted.rounds}")
    for job in JOBS:
        rows = [figures[job, tree] for tree in trees]
        (before, before_cpu), (now, now_cpu) = (
            tuple(statistics.median(column) for column in zip(*row, strict=True)) for row in rows
        )
        ratios = [b[0] / a[0] for a, b in zip(*rows, strict=True)]
        print(
            f"  {job:8} other {before * 1000:5.0f} ms (CPU {before_cpu * 1000:4.0f})   this {now * 1000:5.0f} ms "
            f"(CPU {now_cpu * 1000:4.0f})   {ratio_words(ratios)}"
        )


if __name__ == "__main__":
    main()
