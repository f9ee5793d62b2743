"""docs/history.md names exactly the keys of the history's JSON, and the columns of an export."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.history import exporting
from crawler.history.observations import RunRecord
from crawler.history.reading import open_history
from crawler.history.store import History
from crawler.history.view_models import View, overview, product_view, search_view
from crawler.prices.observation import Observation
from crawler.report.history.json_report import as_dict

DOCUMENT = (Path(__file__).parents[3] / "docs" / "history.md").read_text(encoding="utf-8")
START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
def views(tmp_path: Path) -> list[View | None]:
    """Return the three views of a history in which a price was raised, then cut."""
    file = tmp_path / "a.sqlite3"
    with History(file) as history:
        for day in range(70):
            at = START + dt.timedelta(days=day)
            price = Decimal(60 if 60 <= day < 69 else 50)
            run = RunRecord(f"k{day}", "demo", "书", at, pages_ok=1, pages_failed=0)
            dropped = Observation("2", "书签", at, price, dropped="accessory")
            history.record(run, [Observation("1", "书", at, price), dropped])
    reader = open_history(file)
    assert reader is not None
    with reader:
        return [
            overview(reader),
            search_view(reader, "demo", "書", "书", top=None, show_dropped=True),
            product_view(reader, "demo", "1"),
        ]


def keys(value: Any, path: str = "") -> set[str]:
    """Return the keys of a value as the document writes them, its own first."""
    if isinstance(value, dict):
        below = [keys(inner, f"{path}.{name}" if path else name) for name, inner in value.items()]
        return {f"{path}.{name}" if path else name for name in value}.union(*below)
    if isinstance(value, list):
        return {f"{path}[]"}.union(*(keys(inner, f"{path}[]") for inner in value)) - {path}
    return set()


def test_every_key_is_documented_and_no_other(views: list[View | None]) -> None:
    cells = re.findall(r"^\| (`[^|]+`) \|", DOCUMENT, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    found: set[str] = set()
    for view in views:
        assert view is not None
        for name in keys(as_dict(view)):
            plain = re.sub(r"^(?:products\[\]|dropped\[\]|product)\.", "", name)
            found.add(plain)
    lists = {name.removesuffix("[]") for name in found if name.endswith("[]")} - {"products"}
    assert documented == found - lists - {"product"}


def test_the_columns_of_an_export_are_documented() -> None:
    listed = DOCUMENT.partition("A line of an export")[2].partition("An import")[0]
    assert tuple(re.findall(r"`([a-z_]+)`", listed)) == exporting.COLUMNS
