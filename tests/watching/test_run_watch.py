"""The run of a watch: everything that happened to one product is one alert, by the reader's days."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.history.observations import RunRecord
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.watching.run_watch import _settle
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import WatchStore
from tests.factories import STARTED, make_listing, make_result

SHOP = "https://search.dangdang.com"
TERMS = WatchTerms(query="滲透測試", target_price=Decimal(40), new_lowest=True, new_lowest_days=1)


@pytest.mark.parametrize(
    ("offset", "kinds"),
    [(0, ["target_price", "new_lowest"]), (8, ["target_price"])],
    ids=["yesterday in UTC", "today in UTC+8"],
)
def test_a_product_is_one_alert_by_the_readers_days(tmp_path: Path, offset: int, kinds: list[str]) -> None:
    """It was seen 12 hours before, at 20:00 UTC of the day before: that is 04:00 of the same day in Beijing."""
    file, before = tmp_path / "h.sqlite3", STARTED - dt.timedelta(hours=12)
    with History(file) as history:
        history.record(
            RunRecord("k", SHOP, "x", before, pages_ok=1, pages_failed=0),
            [Observation("29220317", "书", before, Decimal(50))],
        )
    watch = Watch(TERMS)
    with WatchStore(file) as memory:
        state = memory.begin(watch, SHOP, "search", before)
    made = _settle(
        watch, state, make_result([make_listing()]), file,
        channels=["a"], zone=dt.timezone(dt.timedelta(hours=offset)), tried=True,
    )  # fmt: skip
    (alert,) = made.alerts
    assert [event.kind.value for event in alert.events] == kinds
    assert (alert.remarks, len(alert.remarks_in_words())) == ((), 1)
    with WatchStore(file) as memory:
        (pending,) = memory.pending("a", source=SHOP)
    assert pending.alert == alert
