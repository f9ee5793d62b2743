"""Record runs into a history file, one after the other, from a process of its own.

    python record_runs.py FILE NAME RUNS OBSERVATIONS

A line on stdout when the file is open, and one for every run that is recorded.
"""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path

from crawler.history.observations import RunRecord
from crawler.history.store import History
from crawler.prices.observation import Observation

STARTED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def a_run(name: str, number: int, observations: int) -> tuple[RunRecord, list[Observation]]:
    """Return a run, with a price for every product that tells of run and product."""
    at = STARTED + dt.timedelta(hours=number)
    run = RunRecord(f"{name}-{number}", "https://shop.example", name, at, pages_ok=10, pages_failed=0)
    seen = [
        Observation(
            str(product),
            f"书{product}",
            at,
            Decimal(number * 1000 + product) / 100,
            seller=f"店{product % 5}",
        )
        for product in range(observations)
    ]
    return run, seen


def main(file: str, name: str, runs: int, observations: int) -> None:
    """Record so many runs of so many observations."""
    with History(Path(file)) as history:
        print("open", flush=True)
        for number in range(runs):
            assert history.record(*a_run(name, number, observations)) == observations
            print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
