"""Reports, one module a format: a result in, text out. Nothing depends on the clock: same result, same bytes.

A format's module is imported when it is used; `files` puts a report where it belongs.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UsageError

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = ["FORMATS", "Format", "encode", "format_of", "render"]


@dataclass(frozen=True, slots=True)
class Format:
    """A form that a report can take."""

    module: str
    """Full name of the module, whose `render(result, *, top)` gives the text."""
    suffixes: tuple[str, ...]
    """File suffixes that mean this format; the first is the usual one."""
    encoding: str = "utf-8"
    """Charset of its files."""


FORMATS = {
    "table": Format("crawler.report.table", (".txt",)),
    "md": Format("crawler.report.markdown", (".md", ".markdown")),
    # With a byte-order mark, without which Excel takes Chinese for the system's charset.
    "csv": Format("crawler.report.csv_report", (".csv",), encoding="utf-8-sig"),
    "json": Format("crawler.report.json_report", (".json",)),
}
"""The formats by name."""


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's suffix means, in either case. Raises UsageError for any other suffix."""
    suffix = Path(path).suffix.lower()
    for name, form in FORMATS.items():
        if suffix in form.suffixes:
            return name
    known = ", ".join(suffix for form in FORMATS.values() for suffix in form.suffixes)
    trouble = f": its suffix {suffix} says nothing of the format" if suffix else " has no suffix"
    raise UsageError(f"{os.fspath(path)}{trouble}; give it one of {known}")


def render(
    result: SearchResult, form: str, *, top: int | None = None, width: int | None = None, color: bool = False
) -> str:
    """Return the report in format `form`, a key of `FORMATS`.

    `top` is how many books are listed, None for all. The table alone asks for more: its `width` in terminal
    columns, None for that of a file, and whether it may hold the escape codes of `color`.
    """
    if form == "table":
        from crawler.report import table

        return table.render(result, top=top, width=width or table.FILE_WIDTH, color=color)
    text: str = importlib.import_module(FORMATS[form].module).render(result, top=top)
    return text


def encode(text: str, form: str) -> bytes:
    """Return the bytes of a report's file."""
    return text.encode(FORMATS[form].encoding)
