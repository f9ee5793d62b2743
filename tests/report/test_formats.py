"""The set of formats: their names, their suffixes, and the cost of loading them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.report import FORMATS, check_installed, encode, format_of, render
from tests.factories import make_result

ROOT = Path(__file__).parents[2]

SUFFIXES = ".txt, .md, .markdown, .csv, .json, .html, .htm, .xlsx"

LOADED = """
import sys
import crawler.report, crawler.labels, crawler.report.history
from crawler.report.search import files, head, table, markdown, html_report
from crawler.report.history import table as history_table
heavy = {"aiofiles", "aiohttp", "asyncio", "jinja2", "msgspec", "rich", "selectolax", "csv", "opencc", "xlsxwriter"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("a.md", "md"),
        ("a.markdown", "md"),
        ("folder.md/a.b.csv", "csv"),
        ("A.JSON", "json"),
        (Path("书.txt"), "table"),
        ("a.html", "html"),
        ("a.HTM", "html"),
        ("a.xlsx", "xlsx"),
    ],
)
def test_the_suffix_says_the_format(path: str | Path, form: str) -> None:
    """Only the last suffix counts, in upper or lower case."""
    assert format_of(path) == form


@pytest.mark.parametrize("path", ["report", "report.docx", "report.xls", ".csv", "a.csv.gz", ""])
def test_an_unknown_suffix_names_the_known_ones(path: str) -> None:
    """The error is one line with the path, the problem and all known suffixes."""
    with pytest.raises(UsageError, match=f"one of {re.escape(SUFFIXES)}$") as caught:
        format_of(path)
    suffix = Path(path).suffix
    words = f"{path}: unknown format {suffix}; " if suffix else f"{path}: no suffix, "
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("form", [name for name, form in FORMATS.items() if not form.binary])
def test_every_text_is_in_its_own_charset(form: str) -> None:
    """Each name gives a text that contains the book, and bytes that decode in its charset."""
    text = render(make_result(), form)
    assert isinstance(text, str)
    assert "渗透测试实战" in text
    assert encode(text, form).decode(FORMATS[form].encoding) == text


def test_a_workbook_is_bytes() -> None:
    """A binary report is written to its file unchanged."""
    data = render(make_result(), "xlsx")
    assert isinstance(data, bytes)
    assert encode(data, "xlsx") == data
    assert data.startswith(b"PK")


def test_a_format_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check before the crawl says in one line how to install the format; a format without an extra is available."""
    for form in FORMATS:
        check_installed(form)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install .*\[xlsx\]"):
        check_installed("xlsx")
    check_installed("table")


def test_the_language_follows_the_query_on_demand() -> None:
    """English is the default; auto follows the query's script, and is English for a query without Chinese."""
    for query, lang, word in (
        ("滲透測試", "auto", "最便宜"),
        ("滲透測試", "en", "Cheapest"),
        ("python", "auto", "Cheapest"),
        ("python", "zh-Hans", "最便宜"),
    ):
        text = render(make_result(query=query), "md", lang=lang)
        assert isinstance(text, str)
        assert text.startswith(f"# {word}")
    assert "價格" in str(render(make_result(query="滲透測試"), "md", lang="auto"))
    assert "价格" in str(render(make_result(query="渗透测试"), "md", lang="auto"))


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    """The command forks its workers after checking its outputs: by then no loop, network library or rich is loaded."""
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    assert output == "[]\n"
