"""The cost of price history: a file of five million observations, and the command `history` on it.

    python benchmarks/history.py [--products N] [--runs N] [--rounds N] [--keep FOLDER]

The file is created in a temporary folder, which is removed at the end. Runs are recorded in order, so the file has the
layout of one that has grown; `--keep` creates it in a folder of yours and leaves it there, for the next time. Figures
of the command are medians and include the start of Python; the others are those of the library alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

SHOP = "https://search.dangdang.com"
MEASURED = ("渗透测试", 6_000)
"""The search that is asked for, and how many products it has found."""
FIRST = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
MOST = 20_000_000
"""Observations; more would take longer to make than anybody waits."""


def make(file: Path, products: int, runs: int) -> None:
    """Make a history of `products` products in searches of some 6,000, each of which ran daily, `runs` times."""
    from crawler.history.store import History

    History(file).close()
    searches = max(1, round(products / MEASURED[1]))
    ranges = [range(MEASURED[1] * n, MEASURED[1] * (n + 1)) for n in range(searches - 1)]
    ranges.append(range(MEASURED[1] * (searches - 1), products))
    dice = random.Random(20)
    listed = [dice.randrange(2_000, 20_000, 10) for _ in range(products)]
    price = [amount * dice.randrange(40, 90) // 100 for amount in listed]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # Nobody misses this file after a crash; the order of what goes in, which shapes it, is that of real runs.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO source VALUES (1, ?)", (SHOP,))
        connection.executemany("INSERT INTO seller VALUES (?, ?)", [(n, f"书店{n}") for n in range(1, 200)])
        names = [MEASURED[0], *(f"演示{number}" for number in range(1, searches))]
        connection.executemany("INSERT INTO search VALUES (?, 1, ?)", enumerate(names, 1))
        connection.executemany(
            "INSERT INTO product VALUES (?, 1, ?, ?)",
            ((n + 1, str(20_000_000 + n), f"演示之书{n}：从入门到精通（第2版）") for n in range(products)),
        )
        for search, found in enumerate(ranges, 1):
            connection.executemany(
                "INSERT INTO found VALUES (?, ?, ?)",
                ((search, number + 1, "no" if number % 20 else "off_topic") for number in found),
            )
        for number in range(runs):
            for search, found in enumerate(ranges, 1):
                run = number * searches + search
                started = FIRST + dt.timedelta(days=number, minutes=search)
                connection.execute(
                    "INSERT INTO run VALUES (?, ?, ?, ?, 100, 0, ?)",
                    (run, f"{run:032x}", search, int(started.timestamp() * 1_000_000), len(found)),
                )
                for at in found:
                    if dice.random() < 0.03:
                        price[at] = listed[at] * dice.randrange(40, 90) // 100
                connection.executemany(
                    "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _seen(found, run, price, listed),
                )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seen(
    found: range, run: int, price: list[int], listed: list[int]
) -> Iterator[tuple[int, int, int, int | None, int, int, int, int | None, int]]:
    for place, number in enumerate(found):
        unpriced, gone = number % 97 == 0, (number + run) % 211 == 0
        yield (
            number + 1, run, place // 60 * 900, None if unpriced else price[number], listed[number], 460, 1000 + run,
            number % 199 + 1 if number % 3 else None, int(gone),
        )  # fmt: skip


def measure(file: Path, rounds: int, *words: str) -> tuple[float, str]:
    """Return the seconds of the command `history WORDS` on the file, the median of `rounds`, and what it printed."""
    command = [sys.executable, "-m", "crawler", "history", *words, "--history-file", str(file)]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(file.parent),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=file.parent, env=environment)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), done.stdout.decode()


def record(file: Path, rounds: int) -> float:
    """Return the seconds of recording a run of 6,000 products, the median of `rounds`; the file grows by them."""
    from crawler.history.observations import RunRecord
    from crawler.history.store import History
    from crawler.prices.observation import Observation

    seconds = []
    with History(file) as history:
        for number in range(rounds):
            at = dt.datetime.now(dt.UTC)
            run = RunRecord(f"measured {at} {number}", SHOP, MEASURED[0], at, pages_ok=100, pages_failed=0)
            observations = [
                Observation(
                    str(20_000_000 + n), f"演示之书{n}：从入门到精通（第2版）", at,
                    Decimal(4000 + n) / 100, Decimal(90), 4.6, 1000 + n, f"书店{n % 199 + 1}" if n % 3 else None,
                    dropped="no" if n % 20 else "off_topic",
                )
                for n in range(MEASURED[1])
            ]  # fmt: skip
            started = time.perf_counter()
            history.record(run, observations)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def annotate(file: Path, products: int) -> tuple[float, int]:
    """Return the seconds to read the history of so many products as a search does, and the number of observations."""
    from crawler.history.store import History
    from crawler.prices.price_history import price_history

    started, count = time.perf_counter(), 0
    with History(file) as history:
        for first in range(0, products, 100):
            numbers = [str(20_000_000 + n) for n in range(first, min(first + 100, products))]
            for past in history.series(SHOP, numbers).values():
                price_history(past)
                count += len(past)
    return time.perf_counter() - started, count


def chart(file: Path, numbers: Sequence[str], rounds: int) -> float:
    """Return the seconds to open the file and to draw products in one chart, the median of `rounds`."""
    from crawler.history.reading import open_history
    from crawler.history.view_models import products_past
    from crawler.labels import ENGLISH
    from crawler.report.history.html_report import compared_values

    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        history = open_history(file)
        assert history is not None
        with history:
            drawn = compared_values(SHOP, products_past(history, SHOP, numbers), ENGLISH)
        assert drawn["svg"]
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    """Make the file, measure, and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--products", type=int, default=50_000, metavar="N")
    options.add_argument("--runs", type=int, default=100, metavar="N", help="of every search")
    options.add_argument("--rounds", type=int, default=5, metavar="N")
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    wanted = options.parse_args()
    if min(wanted.products, wanted.runs, wanted.rounds) < 1 or wanted.products * wanted.runs > MOST:
        sys.exit(f"N is 1 or more, and products times runs {MOST:,} at most")
    with tempfile.TemporaryDirectory() as temporary:
        folder = wanted.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "history.sqlite3"
        if not file.exists():
            started = time.perf_counter()
            make(file, wanted.products, wanted.runs)
            print(f"made in {time.perf_counter() - started:.0f} s")
        with closing(sqlite3.connect(file)) as connection:
            (count,) = connection.execute("SELECT sum(observations) FROM run").fetchone()
        size = file.stat().st_size
        print(f"{count:,} observations, {size / 2**20:.0f} MiB, {size / count:.1f} bytes per observation")
        for words in ((), (MEASURED[0],), ("20000003",)):
            seconds, printed = measure(file, wanted.rounds, *words)
            assert printed
            print(f"history {' '.join(words):<12} {seconds:6.3f} s")
        for products in (180, 1_200):
            seconds, seen = annotate(file, products)
            print(f"annotate {products:,} products, {seen:,} observations {seconds:6.3f} s")
        for count in (1, 6):
            numbers = [str(20_000_003 + 37 * n) for n in range(count)]
            print(f"chart of {count} products {chart(file, numbers, wanted.rounds):6.3f} s")
        print(f"record {MEASURED[1]:,} observations {record(file, wanted.rounds):6.3f} s")


if __name__ == "__main__":
    main()
