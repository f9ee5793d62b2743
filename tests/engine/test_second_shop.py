"""A second shop is one folder: registered by its public entry, it goes the whole way, and nothing else is touched.

The folder is `tests/second_shop`: facts, addresses, the parser of its search page, and a server of its pages.
"""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from crawler import Crawler, SearchFinished, SearchResult, Settings, UsageError, Verdict, WorkerEvent, crawl
from crawler.engine import RedirectScope
from crawler.history.reading import HistoryReader
from crawler.history.recording import record_and_annotate
from crawler.history.store import History
from crawler.history.view_models import search_view
from crawler.labels import Labels
from crawler.money import money
from crawler.parsing.job import ParseFailure, ParseFailureReason, ParseJob
from crawler.parsing.pool import ParsePool
from crawler.query import in_script
from crawler.recording.journal import open_journal
from crawler.recording.reading import read_run
from crawler.report.history import render as render_history
from crawler.report.history.wording import product_address
from crawler.report.search import FORMATS
from parsers import SHOPS, register_shop
from parsers.dangdang.urls import SORT_TYPES
from parsers.model import SearchPage
from parsers.registry import SEARCH
from tests.second_shop.server import BOOKS, FolioServer, folio_server
from tests.second_shop.shop import SHOP

FOLDER = Path(__file__).parents[1] / "second_shop"


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register_shop(SHOP)
    yield
    del SHOPS[SHOP.name]


@pytest.fixture
async def folio() -> AsyncIterator[FolioServer]:
    async with folio_server() as server:
        yield server


async def search(
    server: FolioServer, query: str = "networks", *, executor: Executor | None = None, **options: Any
) -> tuple[SearchResult, list[WorkerEvent]]:
    """Search the second shop; return the result and what the parse processes did."""
    result, workers = None, []
    settings = Settings(base_url=server.base_url, workers=1, attempts=1)
    async with Crawler(settings, shop="folio", executor=executor) as crawler:
        async for event in crawler.search(query, **options):
            if isinstance(event, WorkerEvent):
                workers.append(event)
            if isinstance(event, SearchFinished):
                result = event.result
    assert result is not None
    return result, workers


def check_whole(result: SearchResult) -> None:
    """Check what a search for all books of the shop must find."""
    assert [page.verdict for page in result.pages] == [Verdict.OK] * 3
    assert result.complete
    assert result.available == 3
    assert {book.product_id: book.price for book in result.books} == {
        book.number: Decimal(book.price) for book in BOOKS
    }
    assert result.cheapest is not None
    assert result.best is not None
    assert (result.cheapest.product_id, result.best.product_id) == ("FB-9", "FB-7")
    assert result.price_check is not None
    assert result.price_check.proven


async def test_a_second_shop_goes_the_whole_way_in_a_parse_process(
    folio: FolioServer, tmp_path: Path
) -> None:
    """Crawl, parse in a worker that knows the shop from its jobs alone, judge, make books, report, record."""
    result, workers = await search(folio, pages=3)
    check_whole(result)
    assert [event.what for event in workers if event.what == "started"] == ["started"]
    table = result.render("table", lang="en", width=200)
    assert "Folio Books" in table
    assert "€1,250.50" in table
    assert "Networks for Librarians" in table
    report = json.loads(result.to_json())
    assert (report["shop"], report["query_sent"]) == ("folio", "networks")
    assert report["answers"]["cheapest"] == "FB-9"
    assert report["books"][0]["url"] == "https://www.folio.example/book/FB-9"

    file = tmp_path / "history.sqlite3"
    again = await crawl(
        "networks", shop="folio", pages=3, workers=1, base_url=folio.base_url, history=str(file)
    )
    assert again.recorded
    with History(file) as history:
        series = history.series(folio.base_url, [book.number for book in BOOKS])
    assert {number: seen[-1].price for number, seen in series.items()} == {
        book.number: Decimal(book.price) for book in BOOKS
    }


async def test_reports_have_the_currency_of_the_shop(folio: FolioServer, tmp_path: Path) -> None:
    """No amount of a shop in euros is shown in yuan: in no report, no note, and not in the price history."""
    file = tmp_path / "history.sqlite3"
    with ThreadPoolExecutor(1) as executor:
        result, _ = await search(folio, executor=executor, pages=3)
    later = replace(result, started_at=result.started_at + dt.timedelta(days=1))
    at_home = [replace(each, base_url=SHOP.base_url) for each in (result, later)]
    *_, recorded = [record_and_annotate(each, file) for each in at_home]
    assert recorded.source.is_live
    for form in FORMATS:
        report = recorded.render(form, lang="en")  # type: ignore[call-overload]  # any of the formats
        text = xlsx_text(report) if isinstance(report, bytes) else report
        assert "¥" not in text
        if form not in {"csv", "json"}:
            assert "€" in text
    assert "Up to €" in recorded.render("html", lang="en")
    assert "€8.30" in repr(recorded)
    assert "€8.30" in recorded._repr_html_()
    with HistoryReader(file) as history:
        view = search_view(history, SHOP.base_url, "networks", "networks", top=None)
    assert view is not None
    for form in ("table", "html"):
        text = render_history(view, form)
        assert "€8.30" in text
        assert "¥" not in text


async def test_a_note_has_the_currency_of_the_shop() -> None:
    """A product that the shop shows at two prices is noted with both."""
    with ThreadPoolExecutor(1) as executor:
        async with folio_server({2: "twice"}) as server:
            result, _ = await search(server, executor=executor, pages=2, price_check=0)
    [note] = [str(note) for note in result.notes]
    assert "€31.00" in note
    assert "€29.00" in note


def xlsx_text(workbook: bytes) -> str:
    """Return all texts and formats of a workbook."""
    with ZipFile(BytesIO(workbook)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("CNY", "¥1,299.00"), ("EUR", "€1,299.00"), ("TWD", "NT$1,299.00"), ("CHF", "CHF 1,299.00")],
)
def test_an_amount_has_its_currency(currency: str, shown: str) -> None:
    """A sign stands before it, and the code of a currency that has none."""
    assert money(Decimal(1299), currency) == Labels("en", currency=currency).money(Decimal(1299)) == shown


async def test_a_second_shop_is_parsed_in_threads_as_well(folio: FolioServer) -> None:
    """An executor that is handed in serves any shop."""
    with ThreadPoolExecutor(1) as executor:
        result, workers = await search(folio, executor=executor, pages=3)
    check_whole(result)
    assert workers == []


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
async def test_a_worker_started_before_a_shop_was_registered_parses_its_pages(method: str) -> None:
    """A job names the package of its parser; a fresh process has never heard of the shop."""
    del SHOPS[SHOP.name]
    pool = ParsePool(workers=1, start_method=method)
    try:
        pool.warm_up(1)
        register_shop(SHOP)
        body = b'<ol class="hits"><li data-sku="FB-1"><h3>One</h3><b class="now">1.299,00 \xe2\x82\xac</b></li></ol>'
        page = await pool.parse(ParseJob(SHOP.module, SEARCH, body, "utf-8", 7))
        nothing = await pool.parse(ParseJob("tests.no_shop", SEARCH, body))
    finally:
        await pool.close()
    assert isinstance(page, SearchPage)
    assert [(item.price, item.page) for item in page.listings] == [(Decimal("1299.00"), 7)]
    assert isinstance(nothing, ParseFailure)
    assert nothing.reason is ParseFailureReason.CRASHED
    assert "tests.no_shop" in nothing.detail


async def test_a_recorded_search_of_a_second_shop_is_replayed(folio: FolioServer, tmp_path: Path) -> None:
    """A record names its shop, and the same books come out of it without a network."""
    with ThreadPoolExecutor(1) as executor:
        settings = Settings(base_url=folio.base_url)
        async with Crawler(settings, shop="folio", executor=executor) as crawler:
            now = dt.datetime.now(dt.UTC)
            journal = open_journal(tmp_path, crawler.spec("networks").parameters(now), now=now)
            async for event in crawler.search("networks", recorder=journal):
                if isinstance(event, SearchFinished):
                    live = event.result
            journal.close()
        sent = len(folio.requests)
        async with Crawler(
            executor=executor
        ) as crawler:  # of another shop: a replay is of the shop that it names
            async for event in crawler.replay(read_run(journal.path)):
                if isinstance(event, SearchFinished):
                    replayed = event.result
    check_whole(live)
    assert replayed.to_json() == live.to_json()
    assert len(folio.requests) == sent


FAULTS = {
    "block": Verdict.BLOCKED,
    "slider": Verdict.BLOCKED,
    "missing": Verdict.HTTP_ERROR,
    "down": Verdict.HTTP_ERROR,
    "redesign": Verdict.LAYOUT_CHANGED,
}


@pytest.mark.parametrize(("fault", "verdict"), FAULTS.items())
async def test_pages_of_a_second_shop_are_judged(fault: str, verdict: Verdict) -> None:
    """Each page gets the verdict that fits, and the books of the others stay."""
    with ThreadPoolExecutor(1) as executor:
        async with folio_server({2: fault}) as server:
            result, _ = await search(server, executor=executor, pages=3, price_check=0)
    assert [page.verdict for page in result.pages] == [Verdict.OK, verdict, Verdict.OK]
    assert len(result.books) == 7


async def test_a_second_shop_finds_nothing_and_ends(folio: FolioServer) -> None:
    """Its own words for «nothing found» and the end of its list are no failures."""
    with ThreadPoolExecutor(1) as executor:
        nothing, _ = await search(folio, "gardening tools", executor=executor, pages=1)
        beyond, _ = await search(folio, executor=executor, pages=4, price_check=0)
    assert [page.verdict for page in nothing.pages] == [Verdict.NO_RESULTS]
    assert [page.verdict for page in beyond.pages] == [*[Verdict.OK] * 3, Verdict.PAST_END]
    assert nothing.complete
    assert beyond.complete


async def test_a_shop_is_asked_for_no_more_pages_than_it_serves(folio: FolioServer) -> None:
    """The setting may name more: the shop's own limit holds for both lists."""
    with ThreadPoolExecutor(1) as executor:
        result, _ = await search(folio, executor=executor, pages=50, price_check=50)
    assert len(result.pages) == SHOP.max_pages
    assert len(result.price_pages) <= SHOP.max_pages


async def test_a_query_goes_out_in_the_script_of_the_shop(folio: FolioServer) -> None:
    """A shop without a script of its own gets the query as it was typed, and no wording of the mainland."""
    with ThreadPoolExecutor(1) as executor:
        result, _ = await search(folio, "人工智慧", executor=executor, pages=1)
    assert result.query_sent == "人工智慧"
    assert result.suggestion is None
    assert in_script("人工智慧", "zh-Hans") == "人工智慧"
    assert (in_script("滲透測試", "zh-Hans"), in_script("渗透测试", "zh-Hant")) == ("渗透测试", "滲透測試")


@pytest.mark.parametrize(
    ("options", "word"),
    [({"sort": "rating"}, "sort"), ({"min_price": 5}, "price"), ({"max_price": 5}, "price")],
)
async def test_what_a_shop_cannot_do_is_refused(options: dict[str, Any], word: str) -> None:
    """An option that the shop's search lacks is an error before anything is sent, and names the shop."""
    async with Crawler(shop="folio") as crawler:
        with pytest.raises(UsageError, match=f"folio cannot .*{word}"):
            crawler.spec("networks", **options)
        assert crawler.spec("networks", sort="price").price_pages == 0


async def test_a_shop_without_a_list_in_price_order_has_no_price_check(folio: FolioServer) -> None:
    """No second list is asked for, and the report suggests no option that would ask for one."""
    SHOPS[SHOP.name] = replace(SHOP, sorts=frozenset({"default"}))
    with ThreadPoolExecutor(1) as executor:
        result, _ = await search(folio, executor=executor, pages=1)
    assert result.price_pages == ()
    assert not any("order=" in request for request in folio.requests)
    assert "--price-check" not in result.render("table", lang="en")
    assert "--pages all" in result.render("table", lang="en")


async def test_an_unknown_shop_is_refused(tmp_path: Path) -> None:
    """The message names the shops there are; no history is made for a search that cannot be."""
    with pytest.raises(UsageError, match=r"unknown shop 'foolio'.*dangdang, folio"):
        Crawler(shop="foolio")
    with pytest.raises(UsageError, match="foolio"):
        await crawl("networks", shop="foolio", history=str(tmp_path / "history.sqlite3"))
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
    with pytest.raises(UsageError, match="demo"):
        Crawler(shop="folio", demo=True)


async def test_calls_for_two_shops_share_no_engine(folio: FolioServer) -> None:
    """Two shops at one address, asked at once, are each asked in their own way."""
    options: dict[str, Any] = {"pages": 1, "price_check": 0, "workers": 1, "base_url": folio.base_url}
    with ThreadPoolExecutor(1) as executor:
        own, other = await asyncio.gather(
            crawl("networks", shop="folio", executor=executor, **options),
            crawl("networks", executor=executor, **options),
        )
    assert (own.shop, other.shop) == ("folio", "dangdang")
    assert own.complete
    assert [page.verdict for page in other.pages] == [Verdict.HTTP_ERROR]


def test_facts_of_a_shop_are_used_where_reports_need_them() -> None:
    """Names by language, the address of a product, and where redirects may lead."""
    assert [Labels(language).shop(SHOP) for language in ("en", "zh-Hans")] == ["Folio Books", "对开书店"]
    assert product_address(SHOP.base_url, "FB-9") == "https://www.folio.example/book/FB-9"
    assert product_address(SHOP.base_url, "29220317") is None
    assert product_address("https://search.dangdang.com", "29220317") == (
        "https://product.dangdang.com/29220317.html"
    )
    assert product_address("https://search.dangdang.com", "FB-9") is None
    may_follow = RedirectScope(SHOP.base_url, SHOP.hosts)
    assert may_follow("https://www.folio.example/")
    assert not may_follow("https://www.dangdang.com/")
    assert not may_follow("https://login.folio.example/")


def test_the_orders_of_a_shop_are_those_of_its_addresses() -> None:
    """Dangdang states the orders twice: as facts, and as values of a parameter."""
    assert SHOPS["dangdang"].sorts == {sort.value for sort in SORT_TYPES}


def test_two_shops_cannot_have_one_name_or_address() -> None:
    """What a report or a history names must be one shop; the same shop may be registered again."""
    register_shop(SHOP)
    new = replace(SHOP, name="new", base_url="https://new.example")
    for shop in (replace(new, name="dangdang"), replace(new, base_url=SHOP.base_url)):
        with pytest.raises(ValueError, match="registered already"):
            register_shop(shop)
    with pytest.raises(ModuleNotFoundError, match="no_such_shop"):
        register_shop(replace(new, module="tests.no_such_shop"))
    with pytest.raises(ValueError, match="base_url of folio"):
        replace(SHOP, base_url="https://new.example/")
    with pytest.raises(ValueError, match="currency of folio"):
        replace(SHOP, currency="€")
    assert list(SHOPS) == ["dangdang", "folio"]


def test_a_second_shop_needs_nothing_of_the_crawler() -> None:
    """The folder imports the parsers' common modules and Lexbor alone, its server aiohttp besides."""
    allowed = {"parsers", "selectolax", "tests.second_shop"}
    for file in FOLDER.glob("*.py"):
        imported = {
            node.module or ""
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        foreign = {
            module
            for module in imported
            if module.partition(".")[0] not in sys.stdlib_module_names
            and not any(module == name or module.startswith(f"{name}.") for name in allowed)
        }
        assert foreign == ({"aiohttp"} if file.name == "server.py" else set()), file.name
