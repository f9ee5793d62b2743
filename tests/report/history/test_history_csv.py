"""Prices over time as CSV: the header and the rows of each of the three views."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.history.observations import RunRecord
from crawler.history.reading import HistoryReader
from crawler.history.store import History
from crawler.history.view_models import View, overview, product_view, search_view
from crawler.prices.observation import Observation
from crawler.report.history import HistoryStyle
from crawler.report.history.csv_report import PRODUCT_COLUMNS, SEARCH_COLUMNS, render

START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
DAYS = 71


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryReader]:
    """Return a history with a book that was raised, then cut; one that is sold out; and a dropped bookmark."""
    file = tmp_path_factory.mktemp("history") / "a.sqlite3"
    with History(file) as history:
        for day in range(DAYS):
            at = START + dt.timedelta(days=day)
            raised = Decimal(60 if 60 <= day < DAYS - 1 else 50)
            history.record(
                RunRecord(f"k{day}", "demo", "书", at, pages_ok=1, pages_failed=0),
                [
                    Observation("1", "=SUM(A1)\u202e书", at, raised, Decimal("99.90"), dropped="no"),
                    Observation("2", '甲,"乙"', at, None, seller="@某店", sold_out=True, dropped="no"),
                    Observation("3", "书签", at, Decimal("1.50"), dropped="accessory"),
                ],
            )
    with HistoryReader(file) as opened:
        yield opened


def rows(view: View | None) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header and the rows of a view, read back as a spreadsheet reads them."""
    assert view is not None
    text = render(view, HistoryStyle())
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
    read = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found = list(read)
    return list(read.fieldnames or []), found


def test_the_searches_on_record(reader: HistoryReader) -> None:
    """Each search has a row, with its runs, products and times."""
    header, found = rows(overview(reader))
    assert tuple(header) == SEARCH_COLUMNS
    assert found == [
        {
            "source": "demo", "query": "书", "runs": "71", "products": "3", "observations": "213",
            "first_run": "2026-01-01T08:00:00Z", "last_run": "2026-03-12T08:00:00Z",
        }
    ]  # fmt: skip


def test_the_products_of_a_search(reader: HistoryReader) -> None:
    """Each product has a row: the raise in its own columns, unknown values empty, dropped products last."""
    header, found = rows(search_view(reader, "demo", "書", "书", top=None, show_dropped=True))
    assert tuple(header) == PRODUCT_COLUMNS
    raised, sold_out, bookmark = found
    expected = {
        "product_id": "1", "title": "'=SUM(A1)书", "price": "50.00", "list_price": "99.90", "sold_out": "false",
        "seller": "", "few": "false", "days": "71", "lowest": "50.00", "previous": "60.00", "change": "-10.00",
        "raised_kind": "price", "raised_before": "50.00", "raised_to": "60.00", "raised_usual_price": "50.00",
        "raised_at": "2026-03-02T08:00:00Z", "source": "demo", "query": "書", "dropped": "",
    }  # fmt: skip
    assert {name: raised[name] for name in expected} == expected
    assert (sold_out["title"], sold_out["seller"], sold_out["sold_out"]) == ('甲,"乙"', "'@某店", "true")
    unknown = (
        "price",
        "lowest",
        "median_90_days",
        "previous",
        "change",
        "raised_kind",
        "raised_to",
        "raised_at",
    )
    assert [sold_out[name] for name in unknown] == [""] * len(unknown)
    assert (bookmark["product_id"], bookmark["dropped"]) == ("3", "accessory")


def test_the_past_of_a_product(reader: HistoryReader) -> None:
    """Each period at one price has a row."""
    header, found = rows(product_view(reader, "demo", "1"))
    assert header == [
        "product_id", "title", "from", "to", "price", "list_price", "sold_out", "observations", "after_gap", "source",
    ]  # fmt: skip
    figures = ("price", "from", "to", "observations", "after_gap", "sold_out", "source")
    assert [tuple(row[name] for name in figures) for row in found] == [
        ("50.00", "2026-01-01T08:00:00Z", "2026-03-01T08:00:00Z", "60", "false", "false", "demo"),
        ("60.00", "2026-03-02T08:00:00Z", "2026-03-11T08:00:00Z", "10", "false", "false", "demo"),
        ("50.00", "2026-03-12T08:00:00Z", "2026-03-12T08:00:00Z", "1", "false", "false", "demo"),
    ]
    assert {(row["product_id"], row["title"]) for row in found} == {("1", "'=SUM(A1)书")}


def test_a_view_without_rows_has_its_header(tmp_path: Path) -> None:
    """The header is written even without rows."""
    file = tmp_path / "empty.sqlite3"
    History(file).close()
    with HistoryReader(file) as empty:
        header, found = rows(overview(empty))
    assert (tuple(header), found) == (SEARCH_COLUMNS, [])
