"""The results of a bulk crawl open in pandas, polars and DuckDB, each column with its type."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.bulk.model import Parse, Target
from crawler.bulk.output_files import OutputFiles
from crawler.bulk.ports import Entry
from crawler.bulk.result import empty_content, encode_line, product_content, result_line, search_content
from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from crawler.demo.product_urls import serve_storefronts
from crawler.verdict import Verdict
from parsers.dangdang import parse_search_page
from parsers.product import Availability, Problem, ProblemCode, ProductPage
from tests.bulk.sites import crawled, options_for

NUMBERS = {"number", "status", "attempts", "bytes", "milliseconds", "warc_offset", "offers"}
TEXTS = {
    "url", "final_url", "verdict", "detail", "content_type", "charset", "warc", "title", "currency", "availability",
    "author", "brand", "isbn", "gtin", "image", "product_url", "problems", "input_sku",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What a library makes of a file: the kind of each column, and the rows with None for absent values."""

    kinds: dict[str, str]
    rows: list[dict[str, Any]]


def by_pandas(path: str, *, documented: bool = False) -> Table:
    pandas: Any = importlib.import_module("pandas")
    frame = pandas.read_json(path, lines=True, **({"dtype": False} if documented else {}))
    kinds = {"i": "integer", "f": "float", "M": "time", "O": "other"}
    rows = [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]
    return Table(
        {
            name: "text" if pandas.api.types.is_string_dtype(dtype) else kinds[dtype.kind]
            for name, dtype in frame.dtypes.items()
        },
        rows,
    )


def by_polars(path: str, *, documented: bool = False) -> Table:
    polars: Any = importlib.import_module("polars")
    frame = polars.read_ndjson(path, **({"infer_schema_length": None} if documented else {}))
    kinds = {polars.Int64: "integer", polars.Float64: "float", polars.String: "text"}
    return Table({name: kinds.get(dtype, "other") for name, dtype in frame.schema.items()}, frame.to_dicts())


def by_duckdb(path: str, *, documented: bool = False) -> Table:
    duckdb: Any = importlib.import_module("duckdb")
    options = ", sample_size = -1" if documented else ""
    with duckdb.connect() as connection:
        found = connection.sql(f"FROM read_json('{path}'{options})")
        kinds = {
            "BIGINT": "integer",
            "DOUBLE": "float",
            "VARCHAR": "text",
            "TIMESTAMP WITH TIME ZONE": "time",
        }
        types = {
            name: kinds.get(str(kind), "other") for name, kind in zip(found.columns, found.types, strict=True)
        }
        rows = found.select(*[name for name in found.columns if types[name] != "time"]).fetchall()
        names = [name for name in found.columns if types[name] != "time"]
    return Table(types, [dict(zip(names, row, strict=True)) for row in rows])


# `documented` adds the arguments that docs/json-report.md recommends.
LIBRARIES = (by_pandas, by_polars, by_duckdb)
Library = Callable[..., Table]


def line(number: int, page: ProductPage | None, sku: str = "") -> bytes:
    """Return the line of a page, or of a request without an answer."""
    target = Target(
        number, f"https://x.example/{number}", "x.example", f"https://x.example/{number}", {"sku": sku}
    )
    verdict = Verdict.NETWORK_ERROR if page is None else Verdict.OK
    content = empty_content(Parse.PRODUCT) if page is None else product_content(page)
    return encode_line(result_line(target, verdict, "", None, milliseconds=3, charset="", content=content))


ATLAS = ProductPage(
    title="地图集", price=Decimal(39), currency="CNY", availability=Availability.IN_STOCK, authors=("李安", "B"),
    isbn="9787115546081", gtin="0036000291452", problems=(Problem(ProblemCode.OFFERS_DIFFER, ""),) * 2,
)  # fmt: skip


def lines(*, priceless: int, priced_first: bool) -> Iterator[bytes]:
    """Yield lines without a price, failed ones and pages without a product in turn, then lines with one."""
    if priced_first:
        yield line(0, ATLAS, "007")
    without = line(1, None), line(2, ProductPage(title="Über uns"))
    for number in range(priceless):
        yield without[number % 2]
    yield line(priceless + 1, ATLAS, "007")
    yield line(priceless + 2, ProductPage(title="1984", price=Decimal("1234.56"), currency="EUR"), "08")


def check(table: Table, *, priced: list[float]) -> None:
    """Check the types of all columns, and the values that a wrong type would change."""
    kinds = {name: kind for name, kind in table.kinds.items() if name != "fetched_at"}
    assert {name for name, kind in kinds.items() if kind == "integer"} == NUMBERS
    assert {name for name, kind in kinds.items() if kind == "text"} == TEXTS
    assert {name for name, kind in kinds.items() if kind == "float"} == {"price"}
    assert table.kinds["fetched_at"] in {"time", "text"}  # polars leaves times as text
    assert [row["price"] for row in table.rows if row["price"] is not None] == priced
    atlas = next(row for row in table.rows if row["title"] == "地图集")
    assert (atlas["isbn"], atlas["gtin"], atlas["input_sku"]) == ("9787115546081", "0036000291452", "007")
    assert (atlas["author"], atlas["problems"]) == ("李安; B", "no_product offers_differ")
    failed = next(row for row in table.rows if row["verdict"] == "network_error")
    assert (failed["price"], failed["status"], failed["isbn"], failed["offers"]) == (None, 0, "", 0)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_file_opens_as_it_is(tmp_path: Path, library: Library) -> None:
    """With one price among the first lines, no library needs an argument, however long prices are absent after it."""
    path = tmp_path / "results-000-001.jsonl"
    priceless = 21_000 if library is by_duckdb else 300  # more than each takes as its sample
    path.write_bytes(b"".join(lines(priceless=priceless, priced_first=True)))
    table = library(str(path))
    assert len(table.rows) == priceless + 3
    check(table, priced=[39.0, 39.0, 1234.56])


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_file_that_begins_without_prices(tmp_path: Path, library: Library) -> None:
    """Without a price in the first 200 lines, polars is told to look at all lines; it refuses the file otherwise."""
    path = tmp_path / "results-000-001.jsonl"
    path.write_bytes(b"".join(lines(priceless=200, priced_first=False)))
    if library is by_polars:
        with pytest.raises(Exception, match="NULL-typed column"):
            library(str(path))
    check(library(str(path), documented=library is by_polars), priced=[39.0, 1234.56])


def test_duckdb_looks_at_more_lines_when_told_so(tmp_path: Path) -> None:
    """Without a price in its sample of 20,480 lines, it needs `sample_size = -1`, as the documentation says."""
    path = tmp_path / "results-000-001.jsonl"
    path.write_bytes(b"".join(lines(priceless=21_000, priced_first=False)))
    check(by_duckdb(str(path), documented=True), priced=[39.0, 1234.56])


def test_many_files_in_another_order_need_an_argument(tmp_path: Path) -> None:
    """It is the one in the documentation: what helps with a single file does not, and DuckDB says nothing."""
    for shard in range(40):
        (tmp_path / f"results-{shard:03}-001.jsonl").write_bytes(line(shard, None))
    (tmp_path / "results-040-001.jsonl").write_bytes(line(40, ATLAS))
    pattern = tmp_path / "results-*.jsonl"
    polars: Any = importlib.import_module("polars")
    duckdb: Any = importlib.import_module("duckdb")
    with pytest.raises(Exception, match="NULL-typed column"):
        polars.read_ndjson(pattern, infer_schema_length=None)
    assert polars.read_ndjson(pattern, schema_overrides={"price": polars.Float64})["price"].sum() == 39.0
    with duckdb.connect() as connection:
        wrong, right = (
            connection.sql(f"FROM read_json('{pattern}', {option})").select("price")
            for option in ("sample_size = -1", "union_by_name = true")
        )
        assert wrong.types != ["DOUBLE"]  # NULL for all prices, or JSON before DuckDB 2
        assert right.types == ["DOUBLE"]
        assert right.fetchall()[-1] == (39.0,)


@pytest.mark.parametrize("library", LIBRARIES)
def test_listings_open_as_lists_of_objects(tmp_path: Path, library: Library) -> None:
    """The results of search pages hold the listings of each page."""
    found = catalogue("人工智能")
    body = render_search_page(found.page(1), query="人工智能", page=1, pages=found.pages, total=found.total)
    content = search_content(parse_search_page(body, page=1))
    target = Target(1, "https://x.example/", "x.example", "https://x.example/")
    none = result_line(
        target, Verdict.HTTP_ERROR, "", None, milliseconds=1, charset="", content=empty_content(Parse.SEARCH)
    )
    some = result_line(target, Verdict.OK, "", None, milliseconds=1, charset="", content=content)
    path = tmp_path / "results-000-001.jsonl"
    path.write_bytes(b"".join(map(encode_line, [none] * 150 + [some])))
    rows = library(str(path), documented=True).rows
    assert [len(row["listings"]) for row in rows] == [0] * 150 + [60]
    assert [each["title"] for each in rows[-1]["listings"]] == [each.title for each in found.page(1)]
    assert [each["price"] for each in rows[-1]["listings"]] == [
        None if each.price is None else float(each.price) for each in found.page(1)
    ]


def outcome(number: int, content: Mapping[str, Any]) -> Entry:
    target = Target(number, f"https://x.example/{number}", "x.example", f"https://x.example/{number}")
    line = result_line(target, Verdict.OK, "", None, milliseconds=1, charset="", content=content)
    return Entry(target, Verdict.OK, line)


NAMES = ["results-000-001.jsonl", "results-unpriced-000-001.jsonl"]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("first", [0, 3])
def test_a_batch_begins_with_prices(tmp_path: Path, library: Library, first: int) -> None:
    """One price in a batch is enough, even if it is the last; a batch before the first price has its own file."""
    nothing = product_content(ProductPage(title="Über uns"))
    outcomes = [*(outcome(number, nothing) for number in range(150)), outcome(150, product_content(ATLAS))]
    files = OutputFiles(tmp_path, 0, {}, roll_bytes=10**9)
    for batch in (outcomes[:first], outcomes[first:]):
        files.append(batch)
    files.close()
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == NAMES[: 2 if first else 1]
    rows = [row for path in paths for row in library(str(path)).rows]
    assert [row["price"] for row in rows if row["price"] is not None] == [39.0]
    assert sorted(row["number"] for row in rows) == list(range(151))
    assert json.loads(paths[0].read_bytes().splitlines()[0])["price"] == 39.0


def together_in_pandas(pattern: Path) -> list[Any]:
    pandas: Any = importlib.import_module("pandas")
    files = sorted(pattern.parent.glob(pattern.name))
    frame = pandas.concat([pandas.read_json(path, lines=True) for path in files])
    assert frame["price"].dtype.kind == "f"
    return list(frame["price"].dropna())


def together_in_polars(pattern: Path) -> list[Any]:
    polars: Any = importlib.import_module("polars")
    frame = polars.read_ndjson(pattern)
    assert frame.equals(polars.scan_ndjson(pattern).collect())
    return list(frame["price"].drop_nulls())


def together_in_duckdb(pattern: Path) -> list[Any]:
    duckdb: Any = importlib.import_module("duckdb")
    with duckdb.connect() as connection:
        found = connection.sql(f"FROM read_json_auto('{pattern}')").filter("price IS NOT NULL")
        return [price for (price,) in found.project("price").fetchall()]


@pytest.mark.parametrize("library", [together_in_pandas, together_in_polars, together_in_duckdb])
def test_many_files_open_together_although_the_first_shards_have_no_price(
    tmp_path: Path, library: Callable[[Path], list[Any]]
) -> None:
    """No library needs an argument: polars takes its types from the first file, DuckDB from the first 32."""
    nothing = empty_content(Parse.PRODUCT)
    for shard in range(40):
        files = OutputFiles(tmp_path, shard, {}, roll_bytes=10**9)
        files.append([outcome(number, nothing) for number in range(150)])
        if shard >= 38:
            files.append([outcome(200, nothing), outcome(201, product_content(ATLAS))])
        files.close()
    assert library(tmp_path / "results-*.jsonl") == [39.0, 39.0]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_batch_begins_with_listings(tmp_path: Path, library: Library) -> None:
    found = catalogue("人工智能")
    body = render_search_page(found.page(1), query="人工智能", page=1, pages=found.pages, total=found.total)
    contents = [empty_content(Parse.SEARCH)] * 150 + [search_content(parse_search_page(body, page=1))]
    files = OutputFiles(tmp_path, 0, {}, roll_bytes=10**9)
    files.append([outcome(number, content) for number, content in enumerate(contents)])
    files.close()
    (path,) = tmp_path.iterdir()
    rows = library(str(path)).rows
    assert [len(row["listings"]) for row in rows] == [60] + [0] * 150
    assert [each["title"] for each in rows[0]["listings"]] == [each.title for each in found.page(1)]


async def test_the_results_of_a_crawl_open_together(tmp_path: Path) -> None:
    """The files of all shards of a real crawl give the same rows in each library, and as JSON."""
    async with serve_storefronts(tmp_path, products=12) as demo:
        urls = [url for url in demo.url_list.read_text("utf-8").splitlines() if not url.startswith("#")]
        targets = [
            Target(number, url, url.split("/")[2], url, {"sku": f"A{number}"})
            for number, url in enumerate(urls, 1)
        ]
        options = options_for(tmp_path / "crawl", shards=2)
        run = await crawled(options, targets)
    files = sorted((tmp_path / "crawl").glob("results-*.jsonl"))
    expected = sorted(
        (row["number"], row["title"], row["price"], row["currency"], row["isbn"], row["input_sku"])
        for row in run.lines
    )
    assert len(expected) == len(urls)
    assert sum(row[2] is not None for row in expected) > len(urls) / 2
    for library in LIBRARIES:
        rows = [row for file in files for row in library(str(file), documented=True).rows]
        assert expected == sorted(
            (row["number"], row["title"], row["price"], row["currency"], row["isbn"], row["input_sku"])
            for row in rows
        )
    together = by_duckdb(str(tmp_path / "crawl" / "results-*.jsonl"))
    assert len(together.rows) == len(urls)
    assert together.kinds["price"] == "float"
