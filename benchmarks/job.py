"""The main job, measured: 20 pages from a shop that takes 200 ms to answer, parsed inline and in the pool.

    python benchmarks/job.py [--rounds N] [--pages N] [--latency SECONDS] [--check RATIO]

Wall time and CPU are those of whole processes, interpreter start included. The two ways take turns in each
round, because machines are shared and noisy: read the ratio, not the seconds. Then the CPU time of parsing one
page, beside its floor (decoding it and building the tree). With --check it exits with 1 when the median of
pool / inline is above RATIO.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from


def run_once(mode: str, base_url: str, pages: int) -> dict[str, float]:
    """Run the job in a process of its own; seconds, CPU seconds, MB."""
    command = [sys.executable, str(ROOT / "benchmarks" / "job_once.py"), mode, base_url, str(pages)]
    # Users compile a module once, and so does the first round.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    before = os.times()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment)
    seconds, after = time.perf_counter() - started, os.times()
    peak = json.loads(done.stdout)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "seconds": seconds,
        "cpu": cpu,
        "parent MB": peak["parent_kb"] / 1024,
        "worker MB": peak["worker_kb"] / 1024,
    }


def parse_cpu(body: bytes, repeats: int = 40) -> tuple[float, float, int]:
    """Return the milliseconds of CPU for parsing a page, for its floor, and the listings on it; medians."""
    from selectolax.lexbor import LexborHTMLParser

    from parsers import parse_search_page_to_wire

    def clock(task: Callable[[], object]) -> float:
        started = time.process_time()
        task()
        return 1000 * (time.process_time() - started)

    pairs = [
        (
            clock(lambda: parse_search_page_to_wire("dangdang", body, None, 1)),
            clock(lambda: LexborHTMLParser(body.decode("gb18030", "replace"))),
        )
        for _ in range(repeats)
    ]
    listings = len(parse_search_page_to_wire("dangdang", body, None, 1)[1])
    parse, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    return parse, floor, listings


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--pages", type=int, default=20)
    options.add_argument("--latency", type=float, default=0.2, help="seconds that the shop takes to answer")
    options.add_argument(
        "--check",
        type=float,
        metavar="RATIO",
        help="exit with 1 when the median of pool / inline is above this",
    )
    wanted = options.parse_args()

    from benchmarks.job_once import CONNECTIONS, QUERY
    from benchmarks.shop import demo_shop
    from parsers.dangdang import search_url

    modes = ("inline", "pool")
    figures: dict[str, list[dict[str, float]]] = {mode: [] for mode in modes}
    with demo_shop(wanted.latency) as base_url:
        for page in range(1, wanted.pages + 1):  # the shop makes its pages before the clock runs
            url = search_url(QUERY, page, base_url=base_url)
            with urlopen(url) as answer:  # noqa: S310 – our own loopback server
                body = answer.read()
        for mode in modes:
            run_once(mode, base_url, wanted.pages)  # compiles the modules
        for number in range(wanted.rounds):
            for mode in modes if number % 2 else reversed(modes):
                figures[mode].append(run_once(mode, base_url, wanted.pages))

    print(
        f"{wanted.pages} pages of {len(body) / 1000:.0f} KB, {wanted.latency * 1000:g} ms latency, "
        f"{CONNECTIONS} connections, median of {wanted.rounds}"
    )
    for mode in modes:
        row = {name: statistics.median(run[name] for run in figures[mode]) for name in figures[mode][0]}
        print(
            f"  {mode:7} {row['seconds'] * 1000:6.0f} ms   CPU {row['cpu'] * 1000:5.0f} ms   "
            f"peak {row['parent MB']:4.0f} MB + worker {row['worker MB']:3.0f} MB"
        )
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(figures["inline"], figures["pool"], strict=True)]
    ratio = statistics.median(ratios)
    print(f"  pool / inline: {ratio:.3f} ({min(ratios):.3f} … {max(ratios):.3f})")
    parse, floor, listings = parse_cpu(body)
    print(
        f"parse one page of {listings} listings: {parse:.2f} ms CPU (floor {floor:.2f} ms: decode and Lexbor)"
    )
    if wanted.check is not None and ratio > wanted.check:
        sys.exit(f"pool / inline is {ratio:.3f}, above {wanted.check:g}")


if __name__ == "__main__":
    main()
