"""The history of a search leaves out what its report drops: both use the same selection."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler import Crawler, Settings
from crawler.books import KEEPABLE, LASTING_REASONS
from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.books.topic import topic_of
from crawler.demo.server import DemoShop
from crawler.errors import HistoryError, UsageError
from crawler.events import SearchFinished
from crawler.history import exporting, schema
from crawler.history.importing import HistoryImporter
from crawler.history.maintenance import HistoryKeeper
from crawler.history.observations import RunRecord, observed
from crawler.history.reading import HistoryReader
from crawler.history.recording import record_and_annotate
from crawler.history.store import History
from crawler.history.view_models import SearchPast, search_view
from crawler.prices.observation import NOT_DROPPED, Observation
from crawler.results import SearchResult
from parsers.model import Flag
from tests.factories import STARTED, make_listing, make_result

SHOP = "https://search.dangdang.com"
QUERY = "渗透测试"
BARE: dict[str, Any] = {
    "title": "初中英语语法速查", "subtitle": "", "highlighted": False, "contributors_text": "", "publisher": None,
}  # fmt: skip
"""A listing that has nothing to do with the query."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def judgements(result: SearchResult) -> dict[str, str | None]:
    _, seen = observed(result, "k")
    return {each.product_id: each.dropped for each in seen}


def criteria(*keep: str, goods: bool = False, **filters: Any) -> SelectionCriteria:
    return SelectionCriteria(topic_of(QUERY, QUERY), Filters(**filters), frozenset(keep), goods=goods)


def listings() -> list[Any]:
    """Return a book, and one listing of each kind that a report drops, both on sale and sold out."""
    kinds: list[dict[str, Any]] = [
        {},
        {"ebook_only": True, "price": None, "ebook_price": Decimal(9)},
        {"flags": frozenset({Flag.ACCESSORY})},
        BARE,
        {"sold_out": True},
        {"sold_out": True, "flags": frozenset({Flag.ACCESSORY})},
        {"sold_out": True, **BARE},
        {"price": None},
        {"price": None, **BARE},
    ]
    return [
        make_listing(**({"title": f"渗透测试 {place}"} | kind), product_id=str(place), position=place)
        for place, kind in enumerate(kinds, 1)
    ]


@pytest.mark.parametrize(
    ("keep", "reasons"),
    [
        ((), "no ebook accessory off_topic no accessory off_topic no off_topic"),
        (("sold_out",), "no ebook accessory off_topic no no off_topic no off_topic"),
        (("off_topic",), "no ebook accessory no no accessory no no no"),
        (("accessory", "ebook"), "no no no off_topic no no off_topic no off_topic"),
        (KEEPABLE, "no no no no no no no no no"),
    ],
)
def test_a_product_has_the_reason_that_holds_on_sale_or_not(keep: tuple[str, ...], reasons: str) -> None:
    """The report does not classify what it drops as sold out or without a price: the history does.

    A product kept although it is sold out is stored with its kind, such as a bookmark.
    """
    result = make_result(listings(), criteria=criteria(*keep))
    assert " ".join(judgements(result)[str(place)] or "?" for place in range(1, 10)) == reasons


def test_a_search_for_all_kinds_of_goods_has_no_accessory() -> None:
    result = make_result(
        listings(),
        criteria=criteria(goods=True),
        options={"category": "all", "keep": ()},
    )
    assert "accessory" not in judgements(result).values()


def test_a_filter_says_nothing_of_a_product() -> None:
    """A history of the search keeps products that one run's filter left out."""
    result = make_result(listings(), criteria=criteria(since=2024))
    assert ("since", "1") in {(reason, listing.product_id) for reason, listing in result.dropped}
    assert judgements(result)["1"] == NOT_DROPPED


@pytest.mark.parametrize("filters", [{}, {"since": 2024}])
def test_a_bare_listing_is_on_the_topic_of_its_twin(filters: dict[str, Any]) -> None:
    """As in the report, the topic is checked for the book as a whole, even if a filter then drops the book."""
    title = {"title": "网络安全攻防实录", "subtitle": ""}
    twins = [
        make_listing(product_id="1", **title),
        make_listing(product_id="2", position=2, highlighted=False, seller="某店", **title),
    ]
    result = make_result(twins, criteria=criteria(**filters))
    assert result.counts.dropped["off_topic"] == 0
    assert judgements(result) == {"1": NOT_DROPPED, "2": NOT_DROPPED}


def run(number: int, query: str = QUERY, source: str = SHOP) -> RunRecord:
    return RunRecord(
        f"{source} {query} {number}",
        source,
        query,
        STARTED + number * dt.timedelta(days=1),
        pages_ok=1,
        pages_failed=0,
    )


def seen(number: int, product_id: str, dropped: str | None, price: int = 20, **over: Any) -> Observation:
    title, at = f"书{product_id}", run(number).started_at
    return Observation(product_id, title, at, Decimal(price), dropped=dropped, **over)


def kept_by(file: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(file)) as connection:
        return dict(
            connection.execute(
                "SELECT product_id, dropped FROM found JOIN product ON product.id = found.product"
                " JOIN search ON search.id = found.search WHERE search.query = ?",
                (QUERY,),
            )
        )


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_last_run_that_saw_a_product_has_the_last_word(file: Path, order: tuple[int, ...]) -> None:
    """Runs may come in any order: imports and replays add old ones. Unknown reasons change nothing."""
    runs: list[list[Observation]] = [
        [seen(0, "1", "off_topic"), seen(0, "2", NOT_DROPPED), seen(0, "3", "accessory")],
        [seen(1, "1", NOT_DROPPED), seen(1, "2", "off_topic")],
        [seen(2, "1", "ebook"), seen(2, "3", None)],
    ]
    with History(file) as history:
        for number in order:
            history.record(run(number), runs[number])
        history.record(run(9, query="别的"), [seen(9, "1", NOT_DROPPED)])
    assert kept_by(file) == {"1": "ebook", "2": "off_topic", "3": "accessory"}


def filled(file: Path) -> None:
    """Record ten days of eight products; the price of four of them falls to half on the last day."""
    prices = {"1": 20, "2": 10, "3": 10, "4": 10, "5": 10, "6": 30}
    judged = {"2": "off_topic", "3": "accessory", "4": "ebook", "6": None}
    with History(file) as history:
        for number in range(10):
            some = [
                seen(
                    number,
                    product_id,
                    judged.get(product_id, NOT_DROPPED),
                    price if number == 9 else 20,
                    sold_out=product_id == "5",
                )
                for product_id, price in prices.items()
            ]
            history.record(run(number), some)


def view(file: Path, **over: Any) -> SearchPast:
    with HistoryReader(file) as history:
        found = search_view(history, SHOP, QUERY, QUERY, **{"top": None, **over})
    assert found is not None
    return found


def numbers(past: SearchPast) -> list[str]:
    return [product.last.product_id for product in past.products]


def test_a_history_ranks_what_the_report_ranks(file: Path) -> None:
    """Products that the report drops are counted; a book that is only sold out is listed, last."""
    filled(file)
    past = view(file)
    assert numbers(past) == ["1", "6", "5"]
    assert past.dropped == {"ebook": 1, "accessory": 1, "off_topic": 1}
    assert (past.found, past.kept, past.unjudged, past.dropped_products) == (6, 3, 1, ())


def test_what_was_dropped_can_be_kept_or_listed(file: Path) -> None:
    filled(file)
    kept = view(file, keep=("off_topic", "ebook", "sold_out"))
    assert numbers(kept) == ["2", "4", "1", "6", "5"]
    assert kept.dropped == {"ebook": 0, "accessory": 1, "off_topic": 0}
    assert [product.dropped for product in kept.products[:3]] == ["off_topic", "ebook", NOT_DROPPED]
    listed = view(file, show_dropped=True, top=2)
    assert [(each.last.product_id, each.dropped) for each in listed.dropped_products] == [
        ("2", "off_topic"),
        ("3", "accessory"),
    ]
    assert numbers(listed) == ["1", "6"]


def exported(file: Path, form: str) -> bytes:
    with HistoryReader(file) as history:
        return b"".join(exporting.export(history, form))


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_file_of_an_earlier_version_keeps_everything(
    file: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """It is readable unchanged; after its migration, its products are unknown until they are seen again."""
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        then.setattr(schema, "VERSION", version)
        then.setattr("crawler.history.store.VERSION", version)
        with History(file) as history:
            history.record(run(0), [seen(0, "1", None), seen(0, "2", None)])
        with HistoryReader(file) as reader:
            assert reader.version == version
    before = view(file)
    assert (numbers(before), before.unjudged) == (["1", "2"], 2)
    data = exported(file, "jsonl")
    with History(file) as history:
        pass
    assert (numbers(view(file)), view(file).unjudged) == (["1", "2"], 2)
    assert exported(file, "jsonl") == data
    with History(file) as history:
        history.record(run(1), [seen(1, "2", "off_topic")])
    after = view(file)
    assert (numbers(after), after.unjudged, after.dropped["off_topic"]) == (["1"], 1, 1)


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_an_export_brings_it_along(file: Path, tmp_path: Path, form: str) -> None:
    """Into a new file, into one that has later runs, and back into a pruned one."""
    filled(file)
    data, other = exported(file, form), tmp_path / "other.sqlite3"
    with HistoryImporter(other) as history:
        history.record(run(20), [seen(20, "1", "off_topic"), seen(20, "6", "accessory")])
        history.take_in(io.BytesIO(data), "file")
    judged = {"1": NOT_DROPPED, "2": "off_topic", "3": "accessory", "4": "ebook", "5": NOT_DROPPED, "6": None}
    assert kept_by(file) == judged
    assert kept_by(other) == judged | {"1": "off_topic", "6": "accessory"}
    with HistoryKeeper(file) as keeper:
        keeper.prune(STARTED + dt.timedelta(days=9))
    assert kept_by(file) == judged
    with HistoryImporter(file) as history:
        history.take_in(io.BytesIO(data), "file")
    assert exported(file, form) == data


def without_reasons(data: bytes, form: str) -> Iterator[bytes]:
    """Yield the lines as an earlier version wrote them; `dropped` is the last column."""
    for line in data.splitlines(keepends=True):
        if form == "csv":
            yield line.rpartition(b",")[0] + b"\r\n"
        else:
            values = json.loads(line)
            del values["dropped"]
            yield json.dumps(values).encode() + b"\n"


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_an_export_of_an_earlier_version_is_taken_in(file: Path, tmp_path: Path, form: str) -> None:
    filled(file)
    old = b"".join(without_reasons(exported(file, form), form))
    with HistoryImporter(tmp_path / "other.sqlite3") as history:
        assert history.take_in(io.BytesIO(old), "file").observations == 60
    past = view(tmp_path / "other.sqlite3")
    assert (past.found, past.kept, past.unjudged) == (6, 6, 6)


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_a_reason_that_is_none_is_refused(file: Path, tmp_path: Path, form: str) -> None:
    filled(file)
    data = exported(file, form).replace(b"off_topic", b"too_dear", 1)
    with (
        HistoryImporter(tmp_path / "other.sqlite3") as history,
        pytest.raises(UsageError, match=r"file, line \d+: .*too_dear"),
    ):
        history.take_in(io.BytesIO(data), "file")


@pytest.mark.parametrize("value", ["too_dear", 7, b"no"])
def test_a_damaged_reason_is_one_line(file: Path, value: object) -> None:
    filled(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE found SET dropped = ?", (value,))
        connection.commit()
    with pytest.raises(HistoryError, match="is damaged: expected a reason"):
        view(file)
    with pytest.raises(HistoryError, match="is damaged: expected a reason"):
        exported(file, "csv")


@pytest.mark.parametrize(
    "options", [{}, {"sellers": "all"}, {"category": "all", "sellers": "all"}, {"keep": ("off_topic",)}]
)
async def test_a_search_and_its_history_show_the_same(file: Path, options: dict[str, Any]) -> None:
    """In a real search, the history has the report's books with all offers, and those sold out or unpriced."""
    async with DemoShop() as shop, Crawler(Settings(base_url=shop.base_url)) as crawler:
        async for event in crawler.search(QUERY, pages=5, **options):
            if isinstance(event, SearchFinished):
                result = event.result
    record_and_annotate(result, file)
    with HistoryReader(file) as history:
        past = search_view(history, result.base_url, QUERY, QUERY, top=None, show_dropped=True)
    assert past is not None
    assert past.found == result.counts.unique
    assert past.unjudged == 0
    shown = {product.last.product_id for product in past.products}
    offered = {offer.product_id for book in result.books for offer in book.offers}
    assert offered <= shown
    unavailable = {
        listing.product_id for reason, listing in result.dropped if reason in {"sold_out", "no_price"}
    }
    assert shown - offered <= unavailable
    dropped = {product.last.product_id: product.dropped for product in past.dropped_products}
    for reason, listing in result.dropped:
        if reason in LASTING_REASONS:
            assert dropped[listing.product_id] == reason
    assert all(
        product.last.available_price is None
        for product in past.products
        if product.last.product_id not in offered
    )
