"""Show where the CPU time of a result page goes, stage by stage.

    python benchmarks/stages.py [--searches N] [--rounds N]

Each stage runs alone on the same pages, in this process: searches of 20 pages with 60 items from the demo shop, served
compressed and without latency. The line `whole` is the library's search with inline parsing, from the request to the
JSON report; `else` is what the stages leave of it: events, verdicts, the selection while pages arrive.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

from selectolax.lexbor import LexborHTMLParser  # noqa: E402

from benchmarks.contenders.ours import InlineExecutor  # noqa: E402
from benchmarks.jobs import QUERIES  # noqa: E402
from benchmarks.shop import make_shop, serving  # noqa: E402
from crawler import Crawler, SearchFinished, SearchResult, Settings  # noqa: E402
from crawler.books.pipeline import SelectionCriteria, build_books  # noqa: E402
from crawler.download.client import Downloader  # noqa: E402
from crawler.download.exchange import FetchPolicy  # noqa: E402
from parsers.dangdang import search_url  # noqa: E402
from parsers.dangdang.search_page import parse_search_page  # noqa: E402
from parsers.model import SearchPage  # noqa: E402

PAGES = 20
CHARSET = "gb18030"


async def fetch_all(base_url: str, queries: list[str]) -> list[bytes]:
    """Return the bodies of all pages, fetched and decompressed."""
    policy = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}))
    async with Downloader(concurrency=20) as downloader:
        urls = [
            search_url(query, page, base_url=base_url) for query in queries for page in range(1, PAGES + 1)
        ]
        exchanges = await asyncio.gather(*(downloader.fetch(url, policy) for url in urls))
    assert all(exchange.status == 200 for exchange in exchanges)
    return [exchange.body for exchange in exchanges]


async def search_all(base_url: str, queries: list[str], executor: Executor) -> list[SearchResult]:
    """Return the results of all searches, one after another."""
    settings = Settings(base_url=base_url, concurrency=20, price_check=0)
    async with Crawler(settings, executor=executor) as crawler:
        return [
            event.result
            for query in queries
            async for event in crawler.search(query, pages=PAGES)
            if isinstance(event, SearchFinished)
        ]


def stages(base_url: str, queries: list[str]) -> dict[str, Callable[[], object]]:
    """Return the stages by name, each a function of no arguments for all pages."""
    bodies = asyncio.run(fetch_all(base_url, queries))
    parsed = [parse_search_page(body, charset=CHARSET, page=n % PAGES + 1) for n, body in enumerate(bodies)]
    lists = [
        [(n, page.listings) for n, page in enumerate(parsed[start : start + PAGES])]
        for start in range(0, len(parsed), PAGES)
    ]
    results = asyncio.run(search_all(base_url, queries, InlineExecutor()))
    assert sum(len(page.listings) for result in results for page in result.pages) == 60 * len(bodies)

    def each(work: Callable[[Any], object], values: Iterable[Any]) -> None:
        for value in values:  # drop each result, as a search does
            work(value)

    return {
        "fetch and decompress": lambda: asyncio.run(fetch_all(base_url, queries)),
        "decode": lambda: each(lambda body: body.decode(CHARSET), bodies),
        "decode and Lexbor (floor)": lambda: each(
            lambda body: LexborHTMLParser(body.decode(CHARSET)), bodies
        ),
        "parse": lambda: each(lambda body: parse_search_page(body, charset=CHARSET, page=1), bodies),
        "to and from the wire form": lambda: each(lambda page: SearchPage.from_wire(page.to_wire()), parsed),
        "group and rank": lambda: each(lambda pages: build_books(pages, SelectionCriteria()), lists),
        "JSON report": lambda: each(SearchResult.to_json, results),
        "whole": lambda: each(
            SearchResult.to_json, asyncio.run(search_all(base_url, queries, InlineExecutor()))
        ),
    }


SUMMED = ("fetch and decompress", "parse", "to and from the wire form", "group and rank", "JSON report")
"""The stages that follow one another."""


def main() -> None:
    """Print the milliseconds of each stage, a page, and its share of the whole."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--searches", type=int, default=10)
    options.add_argument("--rounds", type=int, default=5)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = make_shop(Path(folder), {}, QUERIES, wanted.searches)
        queries = [query for query in QUERIES if (query, PAGES) in shop.truth]
        with serving(shop, 0.0) as server:
            work = stages(server.fast, queries)
            gc.collect()
            gc.freeze()  # otherwise each collection would visit the prepared pages
            seconds: dict[str, list[float]] = {name: [] for name in work}
            for number in range(wanted.rounds + 1):
                for name, run in work.items():
                    started = time.process_time()
                    run()
                    if number:  # the first round imports and warms up
                        seconds[name].append(time.process_time() - started)
    pages = PAGES * len(queries)
    page = {name: 1000 * statistics.median(each) / pages for name, each in seconds.items()}
    page["else"] = page["whole"] - sum(page[name] for name in SUMMED)
    print(f"CPU ms a page of 60 items, {pages} pages, median of {wanted.rounds}")
    for name, each in page.items():
        print(f"  {name:26}{each:6.2f}{each / page['whole']:8.0%}")


if __name__ == "__main__":
    main()
