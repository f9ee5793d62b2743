"""Reports, one module a format: a result in, a file out.

Nothing depends on the clock or the machine: same result and time zone, same bytes. A format's module is imported
when it is used; `files` puts a report where it belongs.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UsageError
from crawler.installation import install_command

if TYPE_CHECKING:
    from crawler.labels import Labels
    from crawler.results import SearchResult

__all__ = ["FORMATS", "Format", "Style", "check_installed", "encode", "format_of", "render"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to look; each format takes what concerns it."""

    top: int | None = None
    """How many books are listed; None for all."""
    lang: str = "en"
    """Language of the words: one of `crawler.labels.LANGUAGES`, or auto, which follows the query."""
    show_dropped: bool = False
    """Whether what was dropped is listed. HTML, XLSX and JSON list it always."""
    width: int | None = None
    """Columns of the table; None for those of a file."""
    color: bool = False
    """Whether the table may hold escape codes: colours and links."""
    zone: dt.tzinfo = dt.UTC
    """The reader's time zone, for the formats that people read; data are in UTC."""

    def labels(self, result: SearchResult) -> Labels:
        """Return the words for a report on `result`."""
        from crawler.labels import labels_for

        return labels_for(self.lang, result.query, self.zone)


@dataclass(frozen=True, slots=True)
class Format:
    """A form that a report can take."""

    module: str
    """Full name of the module, whose `render(result, style)` gives the text, or the bytes."""
    suffixes: tuple[str, ...]
    """File suffixes that mean this format; the first is the usual one."""
    encoding: str = "utf-8"
    """Charset of its files, where it is text."""
    needs: tuple[str, ...] = ()
    """Modules that its own module imports when it renders: they may be imported beforehand."""
    extra: str | None = None
    """The extra of the distribution that brings those modules."""
    utf8: bool = False
    """Whether it is UTF-8 wherever it goes, by its standard or its own word."""
    binary: bool = False
    """Whether it is bytes, and no terminal's business."""


FORMATS = {
    "table": Format("crawler.report.table", (".txt",), needs=("rich.console", "rich.table")),
    "md": Format("crawler.report.markdown", (".md", ".markdown")),
    # With a byte-order mark, without which Excel takes Chinese for the system's charset.
    "csv": Format("crawler.report.csv_report", (".csv",), encoding="utf-8-sig"),
    "json": Format("crawler.report.json_report", (".json",), utf8=True),
    "html": Format(
        "crawler.report.html_report",
        (".html", ".htm"),
        needs=("crawler.report.chart", "crawler.report.html_page", "crawler.report.script_folding"),
        utf8=True,
    ),
    "xlsx": Format(
        "crawler.report.xlsx_report", (".xlsx",), needs=("xlsxwriter",), extra="xlsx", binary=True
    ),
}
"""The formats by name."""


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's suffix means, in either case. Raises UsageError for any other suffix."""
    suffix = Path(path).suffix.lower()
    for name, form in FORMATS.items():
        if suffix in form.suffixes:
            return name
    known = ", ".join(suffix for form in FORMATS.values() for suffix in form.suffixes)
    trouble = f"unknown format {suffix}" if suffix else "no suffix, so no format"
    raise UsageError(f"{os.fspath(path)}: {trouble}; use one of {known}")


def check_installed(form: str) -> None:
    """Check that there is a format `form`, and that what it needs is installed.

    Raises UsageError that names the formats, or the extra to install.
    """
    import importlib.util

    if form not in FORMATS:
        raise UsageError(f"unknown format {form!r:.60}; use one of {', '.join(FORMATS)}")
    wanted = FORMATS[form]
    if wanted.extra and not all(map(importlib.util.find_spec, wanted.needs)):
        raise UsageError(f"{form} reports need an extra package; install it: {install_command(wanted.extra)}")


def render(
    result: SearchResult,
    form: str,
    *,
    top: int | None = None,
    lang: str = "en",
    show_dropped: bool = False,
    width: int | None = None,
    color: bool = False,
    zone: dt.tzinfo = dt.UTC,
) -> str | bytes:
    """Return the report in format `form`, a key of `FORMATS`: bytes for a binary format, else text.

    The options are the fields of `Style`.
    """
    style = Style(top, lang, show_dropped, width, color, zone)
    report: str | bytes = importlib.import_module(FORMATS[form].module).render(result, style)
    return report


def encode(report: str | bytes, form: str) -> bytes:
    """Return the bytes of a report's file."""
    return report if isinstance(report, bytes) else report.encode(FORMATS[form].encoding)
