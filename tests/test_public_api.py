"""The names that users may rely on, and the cost of importing them."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import crawler
import parsers
import parsers.dangdang
import parsers.product

HEAVY = {"aiohttp", "asyncio", "msgspec", "multiprocessing", "opencc", "rich", "selectolax"}


def modules_after(statement: str) -> set[str]:
    """Return the top-level names of all modules that a fresh interpreter has loaded after `statement`."""
    script = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    return set(json.loads(done.stdout))


def test_the_public_names_are_these() -> None:
    """A name is added or removed here on purpose only."""
    assert crawler.__all__ == [
        "Attempt", "Book", "Counts", "CrawlOptions", "Crawler", "CrawlerError", "EngineClosedError", "Event",
        "HistoryError", "OutputError", "PaceChanged", "PageFinished", "PageRejected", "PageResult", "PagesKnown",
        "PagesResumed", "PriceHistory", "RaisedThenCut", "ReplayOptions", "ReportOptions", "RobotsNoted",
        "SearchFinished", "SearchOptions", "SearchResult", "SearchStarted", "Settings", "SettingsError", "UsageError",
        "Verdict", "WorkerEvent", "crawl",
    ]  # fmt: skip
    assert parsers.__all__ == ["SHOPS", "Shop", "parse_search_page_to_wire", "register_shop"]
    assert parsers.dangdang.__all__ == ["parse_search_page", "search_url"]
    assert parsers.product.__all__ == [
        "Availability", "Condition", "Offer", "Problem", "ProblemCode", "ProductPage", "Source", "parse_product_page",
    ]  # fmt: skip


@pytest.mark.parametrize("package", [crawler, parsers, parsers.dangdang, parsers.product])
def test_every_public_name_is_there_and_explained(package: object) -> None:
    """Lazy names resolve, `dir()` shows them, and every function and class has its own docstring."""
    for name in package.__all__:  # type: ignore[attr-defined]  # a module; its kind has no such name
        value = getattr(package, name)
        assert value is not None
        assert name in dir(package)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__doc__, name
            # A dataclass without one is given its signature.
            assert not value.__doc__.startswith(f"{name}("), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Lazy lookup does not hide a typing mistake."""
    with pytest.raises(AttributeError, match="no attribute 'crawll'"):
        getattr(crawler, "crawll")  # noqa: B009 – as a name that a type checker would refuse


@pytest.mark.parametrize(
    "statement",
    [
        "import crawler",
        "import parsers",
        "from parsers.dangdang import search_url",
        "from parsers.product import ProductPage",
    ],
)
def test_importing_costs_nothing(statement: str) -> None:
    """Packages import nothing large before they are used."""
    assert modules_after(statement) & HEAVY == set()


def test_a_worker_process_stays_small() -> None:
    """The imports of a parse process include no network library, no event loop and no settings."""
    loaded = modules_after("import crawler.parsing.worker, parsers.dangdang.search_page")
    assert loaded & HEAVY == {"multiprocessing", "selectolax"}
