"""Time and memory to rank books and to group listings, for increasing numbers of invented listings.

    python benchmarks/ranking.py [--sizes N,N,…] [--tasks NAME,…] [--check SECONDS]

Each figure comes from a separate process, so that peaks are correct. The listings exist before the measurement, which
covers only the task, including the garbage collector's passes over all of them: their share is the column `of it gc`.
The last columns are time and memory per book relative to the previous size: 1.0 is linear growth. With --check, it
exits with 1 if ranking the most books took longer than SECONDS.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from crawler.books.offers import Offers
    from parsers.model import Listing

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

RANKS = ("cheapest", "best", "value", "per-volume")
GROUPING = "same_books"
MOST = 5_000_000
"""Listings; more would not fit into a machine of 16 GB."""


def make_listings(count: int) -> list[Listing]:
    """Return listings in pairs: the shop's own copy of a book, and a seller's with a decorated title."""
    from parsers.model import Contributor
    from parsers.titles import read_title
    from tests.factories import make_listing

    draw = random.Random(count)  # the same figures for the same size
    listings = []
    for number in range(count):
        book, is_sellers = divmod(number, 2)
        title = (
            f"{'【正版现货】' if is_sellers else ''}演示之书{book // 3}：从入门到精通（第{book % 3 + 1}版）"
        )
        facts = read_title(title)
        listings.append(
            make_listing(
                product_id=str((1_000_000_000 if is_sellers else 20_000_000) + number),
                title=title,
                price=Decimal(draw.randrange(500, 30_000)).scaleb(-2),
                contributors=(Contributor(f"作者{book % 50_000}", "著"),),
                rating=draw.choice([None, 4.0, 4.5, 4.8, 5.0]),
                reviews=draw.randrange(100_000),
                volumes=facts.volumes,
                flags=facts.flags,
            )
        )
    return listings


def run_one(task: str, count: int) -> dict[str, float]:
    """Run the task once in this process; return seconds, garbage collector seconds, MB, and books."""
    from crawler.books.identity import same_books
    from crawler.books.ranking import rank_books

    listings = make_listings(count)
    found: list[Offers] = [(listing,) for listing in listings] if task != GROUPING else []
    collecting = [0.0]

    def watch(phase: str, _: object) -> None:
        collecting[0] += time.perf_counter() * (1 if phase == "stop" else -1)

    gc.collect()
    gc.callbacks.append(watch)
    process = psutil.Process()
    before, started = process.memory_info().rss, time.perf_counter()
    books = same_books(listings) if task == GROUPING else rank_books(found, task)
    seconds = time.perf_counter() - started
    gc.callbacks.remove(watch)
    assert len(books) == (count + 1) // 2 if task == GROUPING else len(books) == count
    return {
        "seconds": seconds,
        "gc": collecting[0],
        "MB": max(_peak(process) - before, 0) / 2**20,
        "books": len(books),
    }


def _peak(process: psutil.Process) -> int:
    """Return the peak memory of the process in bytes; its current memory if the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return process.memory_info().rss
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(task: str, count: int) -> dict[str, float]:
    """Run the task once in a separate process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", task, str(count)], stdout=subprocess.PIPE, check=True, cwd=ROOT
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def sizes(text: str) -> list[int]:
    """Parse the sizes of the option, smallest first."""
    found = sorted({int(size) for size in text.split(",")})
    if not all(1 <= size <= MOST for size in found):
        raise argparse.ArgumentTypeError(f"sizes are 1 to {MOST}")
    return found


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sizes", type=sizes, default=sizes("1000,100000,1000000"), metavar="N,N,…")
    options.add_argument("--tasks", default=",".join((*RANKS, GROUPING)), metavar="NAME,…")
    options.add_argument(
        "--check", type=float, metavar="SECONDS", help="exit with 1 when ranking took longer"
    )
    options.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    wanted = options.parse_args()
    if wanted.one:
        print(json.dumps(run_one(wanted.one[0], int(wanted.one[1]))))
        return

    print(
        f"{'task':<11}{'listings':>10}{'seconds':>10}{'of it gc':>10}{'µs each':>10}{'MB more':>10}{'bytes each':>12}"
        f"   growth of time, memory"
    )
    slowest = 0.0
    for task in wanted.tasks.split(","):
        before: tuple[float, float] | None = None
        for count in wanted.sizes:
            run = measure(task, count)
            each = run["seconds"] / count, run["MB"] / count
            growth = f"{each[0] / before[0]:.2f}, {each[1] / before[1]:.2f}" if before and all(before) else ""
            print(
                f"{task:<11}{count:>10,}{run['seconds']:>10.3f}{run['gc']:>10.3f}{each[0] * 1e6:>10.2f}"
                f"{run['MB']:>10.1f}{each[1] * 2**20:>12.0f}   {growth}",
                flush=True,
            )
            before = each
            if task != GROUPING and count == wanted.sizes[-1]:
                slowest = max(slowest, run["seconds"])
    if wanted.check is not None and slowest > wanted.check:
        sys.exit(f"ranking {wanted.sizes[-1]:,} books took {slowest:.1f} s, more than {wanted.check:g}")


if __name__ == "__main__":
    main()
