"""Recorded prices over HTTP: queries and books found, one book, several in one chart."""

from __future__ import annotations

import datetime as dt
import os
import re
import xml.etree.ElementTree as ET  # the parsed text is our own
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.history.observations import RunRecord
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.report.history.compare_chart import MOST_COMPARED
from tests.webapp.conftest import Site, open_site

NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
HOSTILE = "</title><script>alert(1)</script>\"'&<b>渗透"


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Site]:
    """Serve a history of two books over ten days, and one with a title full of markup."""
    with History(tmp_path / "history.sqlite3") as history:
        for day in range(10):
            at = NOW - dt.timedelta(days=9 - day)
            run = RunRecord(f"k{day}", "demo", "渗透测试", at, pages_ok=1, pages_failed=0)
            prices = {
                "1000001": ("渗透测试", 40 - day),
                "1000002": ("渗透测试实战", 30),
                "1000003": (HOSTILE, 9),
            }
            history.record(
                run,
                [Observation(number, title, at, Decimal(price)) for number, (title, price) in prices.items()],
            )
    async with open_site(tmp_path) as site:
        yield site


async def test_queries_and_books_are_found_in_either_script(recorded: Site) -> None:
    status, found = await recorded.api("GET", "/api/v1/history/queries?q=滲透")
    assert (status, [each["query"] for each in found["queries"]]) == (200, ["渗透测试"])
    assert found["queries"][0]["runs"] == 10
    _, found = await recorded.api("GET", "/api/v1/history/books?q=滲透測試")
    assert [each["product_id"] for each in found["books"]] == ["1000001", "1000002"]
    assert (found["total"], found["books"][0]["price"], found["books"][0]["observations"]) == (2, "31.00", 10)
    assert (await recorded.api("GET", "/api/v1/history/books?q=%25"))[1]["total"] == 0


async def test_a_book_has_its_prices_over_time(recorded: Site) -> None:
    status, book = await recorded.api("GET", "/api/v1/history/books/1000001")
    assert (status, book["lowest"], book["price"], book["days"]) == (200, "31.00", "31.00", 10)
    assert [each["price"] for each in book["periods"]] == [f"{40 - day}.00" for day in range(10)]
    status, problem = await recorded.api("GET", "/api/v1/history/books/77")
    assert (status, problem["code"]) == (404, "no_history")


async def test_the_chart_is_a_document_of_its_own(recorded: Site) -> None:
    async with recorded.session.get(
        "/api/v1/history/chart?book=1000001&book=1000002&book=1000001"
    ) as response:
        assert (response.status, response.content_type) == (200, "image/svg+xml")
        picture = ET.fromstring(await response.text())  # noqa: S314 – what is parsed is our own
    assert len([each for each in picture.iter() if each.get("stroke-width") == "2"]) == 2
    assert not [each for each in picture.iter() if each.get("class") or each.tag.endswith("style")]
    many = "&".join(f"book={number}" for number in range(MOST_COMPARED + 1))
    for path, code in ((f"?{many}", 422), ("", 404), ("?book=77", 404)):
        assert (await recorded.api("GET", f"/api/v1/history/chart{path}"))[0] == code


async def test_the_pages_show_what_the_api_has(recorded: Site) -> None:
    _, text = await recorded.get("/history?q=滲透測試")
    assert "渗透测试实战" in text
    assert "¥31.00" in text
    _, text = await recorded.get("/history?query=渗透测试")
    assert text.count('name="book"') == 3
    _, text = await recorded.get("/history?book=1000001&book=1000002&book=77")
    assert "line-2" in text
    assert "without a recorded price: 1" in text
    status, text = await recorded.get("/history/books/1000001")
    assert (status, 'data-product="1000001"' in text, 'data-query="渗透测试"' in text) == (200, True, True)
    assert (await recorded.get("/history/books/77"))[0] == 404


async def test_the_first_page_shows_the_books_of_the_most_frequent_query(recorded: Site) -> None:
    """A newcomer sees prices at once; what is below its median stands out, and a comparison keeps the list."""
    at = NOW + dt.timedelta(hours=1)
    with History(recorded.context.history) as history:
        run = RunRecord("once", "demo", "三体", at, pages_ok=1, pages_failed=0)
        history.record(run, [Observation("7", "三体", at, Decimal(5))])
    _, text = await recorded.get("/history")
    assert "Books of 渗透测试" in text
    assert text.count('type="checkbox" name="book"') == 3
    assert re.findall(r'class="n good">([^<]+)', text) == ["-13%"]
    assert '<input type="hidden" name="query" value="渗透测试">' in text
    _, text = await recorded.get("/history?query=渗透测试&book=1000001&book=1000002")
    assert text.count('type="checkbox" name="book"') == 3
    assert "query=%E6%B8%97%E9%80%8F%E6%B5%8B%E8%AF%95&amp;book=1000002" in text
    _, text = await recorded.get("/history?book=1000001")
    assert "Books of" not in text


async def test_a_book_says_at_its_top_whether_the_price_is_good(recorded: Site) -> None:
    """Its median and its lowest price stand before the chart, in which the median is a line."""
    _, text = await recorded.get("/history/books/1000001")
    top, _, below = text.partition("<svg")
    assert "Median: ¥35.50 · Lowest ever: ¥31.00 on 2026-06-01" in top
    assert 'class="median-line"' in below


async def test_no_title_becomes_markup(recorded: Site) -> None:
    for path in (
        "/history?q=渗透",
        "/history?book=1000003&book=1000001",
        "/history/books/1000003",
        "/history?query=渗透测试",
    ):
        status, text = await recorded.get(path)
        assert status == 200
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
async def test_every_page_exists_in_three_languages(recorded: Site, lang: str) -> None:
    for path in (
        "/history",
        "/history?q=x",
        "/history/books/1000001",
        "/watches",
        "/wishlist",
        "/wishlist?list=gone",
    ):
        status, text = await recorded.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert (status, f'<html lang="{lang}">' in text) == (200, True)
        assert "{n}" not in text.replace("data-words", "").split("<main")[0]


async def test_before_the_first_search_there_is_nothing(tmp_path: Path) -> None:
    """No file is made by looking."""
    async with open_site(tmp_path) as site:
        assert (await site.api("GET", "/api/v1/history/queries"))[1] == {"queries": []}
        assert (await site.api("GET", "/api/v1/history/books?q=x"))[1] == {"books": [], "total": 0}
        assert (await site.get("/history"))[0] == 200
        assert (await site.api("GET", "/api/v1/history/chart?book=1"))[0] == 404
        assert os.listdir(tmp_path) == []  # noqa: PTH208 – only the names


async def test_a_history_of_another_program_is_a_problem_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite3").write_text("no database, but long enough to look at" * 20)
    async with open_site(tmp_path) as site:
        status, problem = await site.api("GET", "/api/v1/history/books?q=x")
        assert (status, problem["code"]) == (503, "history")
        assert (await site.get("/history"))[0] == 503
        assert (await site.get("/alerts.atom"))[0] == 503
