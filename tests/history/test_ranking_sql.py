"""Best deals first: SQLite gives the same order as the past of each product."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.history.observations import RunRecord
from crawler.history.ranking_sql import best_first
from crawler.history.reading import open_history
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.prices.price_history import price_history
from tests.profiles import examples

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
SHOP = "https://shop.example"
QUARTER = dt.timedelta(hours=6)

SEEN = st.dictionaries(
    st.sampled_from(["1", "2", "3", "4"]),
    st.tuples(st.none() | st.integers(1, 40).map(Decimal), st.booleans()),
    max_size=4,
)
RUNS = st.lists(
    st.tuples(st.integers(0, 40 * 4) | st.integers(0, 400 * 4), st.sampled_from(["书", "别的书"]), SEEN),
    min_size=1,
    max_size=16,
    unique_by=lambda run: run[0],
)


@settings(max_examples=examples(150))
@given(RUNS, st.booleans(), st.sampled_from([dt.UTC, ZoneInfo("Asia/Taipei"), ZoneInfo("America/New_York")]))
def test_the_order_is_that_of_the_pasts(
    runs: list[tuple[int, str, dict[str, tuple[Decimal | None, bool]]]], in_order: bool, zone: dt.tzinfo
) -> None:
    """In any zone, and whatever the order of the runs: an import adds old ones after new ones."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.sqlite3"
        pasts: dict[str, list[Observation]] = {}
        found: set[str] = set()
        with History(file) as history:
            for quarter, query, seen in sorted(runs) if in_order else runs:
                at = START + quarter * QUARTER
                observations = [
                    Observation(number, "书", at, price, sold_out=out)
                    for number, (price, out) in seen.items()
                ]
                run = RunRecord(f"k{quarter}", SHOP, query, at, pages_ok=1, pages_failed=0)
                history.record(run, observations)
                for each in observations:
                    pasts.setdefault(each.product_id, []).append(each)
                if query == "书":
                    found |= seen.keys()
        reader = open_history(file)
        assert reader is not None
        with reader:
            ranked = [each.product_id for each in best_first(reader, SHOP, "书", zone)]

    last_run = max((START + quarter * QUARTER for quarter, query, _ in runs if query == "书"), default=START)

    def place(number: str) -> tuple[bool, bool, float, Decimal, str]:
        past = price_history(sorted(pasts[number], key=lambda each: each.at), zone)
        assert past is not None
        if past.price is None:
            return True, is_sparse(number, past.last_at) or past.last_at < last_run, 0.0, Decimal(0), number
        ordered = sorted(daily(number, past.last_at).values())
        middle = len(ordered) // 2
        usual = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        unsure = is_sparse(number, past.last_at) or past.last_at < last_run
        return False, unsure, float(past.price * 100) / float(usual * 100), past.price, number

    def is_sparse(number: str, last: dt.datetime) -> bool:
        return len(daily(number, last)) < 7

    def daily(number: str, last: dt.datetime) -> dict[dt.date, Decimal]:
        today = last.astimezone(zone).date()
        return {
            day: each.available_price
            for each in sorted(pasts[number], key=lambda each: each.at)
            if each.available_price is not None
            and (today - (day := each.at.astimezone(zone).date())).days < 90
        }

    assert ranked == sorted(found, key=place)
