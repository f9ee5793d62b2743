"""The formats as a set: their names, their suffixes, and what loading them costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.report import FORMATS, encode, format_of, render
from tests.factories import make_result

ROOT = Path(__file__).parents[2]

LOADED = """
import sys
import crawler.report, crawler.report.files, crawler.report.head, crawler.report.table, crawler.report.markdown
heavy = {"aiofiles", "aiohttp", "asyncio", "msgspec", "rich", "selectolax", "csv", "opencc"}
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
    ],
)
def test_the_suffix_says_the_format(path: str | Path, form: str) -> None:
    """Only the last suffix counts, in either case."""
    assert format_of(path) == form


@pytest.mark.parametrize("path", ["report", "report.xlsx", ".csv", "a.csv.gz", ""])
def test_an_unknown_suffix_names_the_known_ones(path: str) -> None:
    """The error is one line with the path, what is wrong with it and every suffix that there is."""
    with pytest.raises(UsageError, match=r"one of \.txt, \.md, \.markdown, \.csv, \.json$") as caught:
        format_of(path)
    suffix = Path(path).suffix
    words = f"{path}: its suffix {suffix} says nothing of" if suffix else f"{path} has no suffix; "
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_renders_to_its_own_charset(form: str) -> None:
    """Each name gives a text that holds the book, and bytes that its charset reads back."""
    text = render(make_result(), form)
    assert "渗透测试实战" in text
    assert encode(text, form).decode(FORMATS[form].encoding) == text


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    """The command forks its workers after it has checked its outputs: no loop, no network, no rich by then."""
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    assert output == "[]\n"
