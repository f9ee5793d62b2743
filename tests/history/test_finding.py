"""Searching in a history: words of titles and queries in either script, product numbers, and bounded lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.history.finding import find_products, find_searches
from crawler.history.observations import RunRecord
from crawler.history.reading import HistoryReader, open_history
from crawler.history.store import History
from crawler.prices.observation import Observation

SHOP = "https://search.dangdang.com"
START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)

TITLES = {
    "1000001": "渗透测试实战：100%入门",
    "1000002": "渗透测试",
    "1000003": "Web 渗透_测试 Python版",
    "1000004": "三体",
}


def record(
    history: History, query: str, day: int, titles: dict[str, str], *, price: int, source: str = SHOP
) -> None:
    at = START + dt.timedelta(days=day)
    run = RunRecord(f"{source}{query}{day}", source, query, at, pages_ok=1, pages_failed=0)
    history.record(
        run,
        [
            Observation(number, title, at, Decimal(price), sold_out=title == "三体")
            for number, title in titles.items()
        ],
    )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[HistoryReader]:
    file = tmp_path / "h.sqlite3"
    with History(file) as history:
        record(history, "渗透测试", 3, TITLES, price=30)
        record(history, "渗透测试", 1, TITLES, price=40)  # an older run that was imported later
        record(history, "三体 Python", 2, {"1000004": "三体"}, price=20)
        record(history, "渗透测试", 9, {"1000002": "渗透测试"}, price=9, source="demo")
    reader = open_history(file)
    assert reader is not None
    with reader:
        yield reader


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("渗透测试", ["1000002", "1000001"]),
        ("滲透測試", ["1000002", "1000001"]),
        ("渗透", ["1000002", "1000001", "1000003"]),
        (" 渗透　python ", ["1000003"]),
        ("100%", ["1000001"]),
        ("透_测", ["1000003"]),
        ("%", ["1000001"]),
        ("1000004", ["1000004"]),
        ("没有", []),
        ("", []),
        ("\\", []),
    ],
)
def test_every_word_must_be_in_the_title(reader: HistoryReader, text: str, numbers: list[str]) -> None:
    """The shortest title first; nothing in the text is a pattern."""
    found, total = find_products(reader, SHOP, text, most=50)
    assert [each.product_id for each in found] == numbers
    assert total == len(numbers)


def test_a_product_is_shown_as_it_was_seen_last(reader: HistoryReader) -> None:
    """Whatever the order in which the runs were recorded, and at this source alone."""
    (found,), total = find_products(reader, SHOP, "渗透", most=1)
    assert (found.product_id, found.observations, found.price, total) == ("1000002", 2, Decimal("30.00"), 3)
    assert found.last_at == START + dt.timedelta(days=3)
    (gone,), _ = find_products(reader, SHOP, "1000004", most=1)
    assert (gone.price, gone.available_price, gone.observations) == (Decimal("30.00"), None, 3)


def test_searches_are_found_by_the_words_of_their_query(reader: HistoryReader) -> None:
    assert [each.query for each in find_searches(reader, SHOP, "")] == ["渗透测试", "三体 Python"]
    assert [each.query for each in find_searches(reader, SHOP, "PYTHON 三體")] == ["三体 Python"]
    assert find_searches(reader, "demo", "三体") == ()


def test_a_text_of_any_length_is_a_bounded_query(reader: HistoryReader) -> None:
    assert find_products(reader, SHOP, "透 " * 5_000, most=50)[1] == 3
    assert find_products(reader, SHOP, "透" * 100_000, most=50)[1] == 0
