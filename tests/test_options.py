"""The types of a call's options match the settings, and a type checker finds mistakes."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from crawler import CrawlOptions, ReplayOptions, ReportOptions, SearchOptions
from crawler.books import FILTERS
from crawler.options import TextFormat
from crawler.report import FORMATS, Style
from crawler.settings import Reason, ReportSettings, SearchSettings, Settings, options_of

ROOT = Path(__file__).parents[1]

SETTINGS = get_type_hints(Settings)
"""Names and types of all settings, without what `Annotated` adds."""

SNIPPET = """
from decimal import Decimal

from crawler import Crawler, SearchOptions, crawl


async def works(crawler: Crawler, chosen: SearchOptions) -> None:
    result = await crawl("x", pages=2, min_price=5, max_price=9.5, max_volume_price=Decimal("3.10"))
    result = await crawl("x", demo=True, keep=["ebook"], delay=1, history="h.sqlite3")
    result = await crawl("x", workers=2, **chosen)
    result = await crawl("x", keep="ebook", concurrency=3, proxy=None, since=2020)
    crawler.search("x", rank="best", keep={"ebook"})
    crawler.search("x", **chosen)
    crawler.spec("x", pages=3)
    text: str = result.render("md", lang="zh-Hant", top=3)
    data: bytes = result.render("xlsx")
    result.write("x.html", show_dropped=True, width=None)
    title: str = result.books[0].title


async def fails(crawler: Crawler) -> None:
    result = await crawl("x", pagse=2)  # call-arg: pagse
    await crawl("x", pages="2")  # arg-type: pages
    await crawl("x", sellers="al")  # arg-type: sellers
    await crawl("x", keep=["ebok"])  # list-item: ebok
    await crawl("x", min_price="5")  # arg-type: min_price
    crawler.search("x", pagse=2)  # call-arg: pagse
    crawler.search("x", concurrency=2)  # call-arg: concurrency
    crawler.spec("x", rank="cheap")  # arg-type: rank
    result.write("x.html", tpo=3)  # call-arg: tpo
    result.render("md", lang="fr")  # call-overload: render
    result.render("pdf")  # call-overload: render
    result.books[0].titel  # attr-defined: titel
"""


def as_passed(hint: object) -> object:
    """Return the values that a caller may pass for a setting of type `hint`, which are more than it stores."""
    if hint == Decimal | None:
        return Decimal | float | None
    if hint == tuple[Reason, ...]:
        return Reason | tuple[Reason, ...] | list[Reason] | set[Reason] | frozenset[Reason]
    return hint


def test_the_options_of_crawl_are_the_settings() -> None:
    """All settings, with their types, except the history table, whose name is a file's here."""
    expected = {name: as_passed(hint) for name, hint in SETTINGS.items() if name != "history"}
    assert get_type_hints(CrawlOptions) == expected
    assert not CrawlOptions.__required_keys__


def test_the_options_of_a_search_are_settings() -> None:
    assert {"pages", "sort", "max_seconds"} < SearchOptions.__optional_keys__ < CrawlOptions.__optional_keys__
    assert ReplayOptions.__optional_keys__ == {"rank", "keep", *FILTERS}


def test_the_options_are_those_that_the_metadata_names() -> None:
    """What a search may have for itself is the search's part; what a replay may change is marked."""
    marked = options_of(SearchSettings)
    assert SearchOptions.__optional_keys__ == marked.keys()
    assert ReplayOptions.__optional_keys__ == {
        n for n, option in marked.items() if option.replay == "applied"
    }


def test_the_options_of_a_report_are_those_of_its_style() -> None:
    """All except colours and time zone, which belong to terminal and machine; the language is the setting's."""
    assert ReportOptions.__optional_keys__ == set(Style.__dataclass_fields__) - {"color", "zone"}
    assert get_type_hints(ReportOptions)["lang"] == get_type_hints(ReportSettings)["lang"]


def test_the_text_formats_are_those_that_are_no_bytes() -> None:
    assert get_args(TextFormat) == tuple(name for name, form in FORMATS.items() if not form.binary)


VALUES: tuple[tuple[str, Any, Any], ...] = (
    ("min_price", 5, Decimal(5)),
    ("min_price", 9.5, Decimal("9.5")),
    ("keep", "ebook", ("ebook",)),
    ("keep", ["ebook"], ("ebook",)),
    ("keep", {"ebook"}, ("ebook",)),
    ("keep", frozenset({"ebook"}), ("ebook",)),
    ("delay", 1, 1.0),
)


@pytest.mark.parametrize(("name", "value", "held"), VALUES)
def test_what_the_types_allow_is_taken(name: str, value: object, held: object) -> None:
    """If a type is wider than the setting's, the value is accepted and converted."""
    assert getattr(Settings().replace(**{name: value}), name) == held


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Return mypy's messages for the snippet, by line: code and text."""
    file = tmp_path_factory.mktemp("snippet") / "snippet.py"
    file.write_text(SNIPPET, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", file],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return {
        int(match[1]): f"{match[3]}: {match[2]}"
        for match in re.finditer(r"snippet\.py:(\d+): error: (.*)  \[([\w-]+)\]$", done.stdout, re.MULTILINE)
    }


def test_mypy_finds_what_is_wrong_and_nothing_else(found: dict[int, str]) -> None:
    """Each line with a mistake is reported, with the kind of mistake; the others pass."""
    expected = {
        number: match.groups()
        for number, line in enumerate(SNIPPET.splitlines(), 1)
        if (match := re.search(r"# ([\w-]+): (\w+)$", line))
    }
    assert found.keys() == expected.keys()
    for number, (code, name) in expected.items():
        assert found[number].startswith(f"{code}: ")
        assert name in found[number]
