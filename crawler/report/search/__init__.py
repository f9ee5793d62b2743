"""Reports of a search, one module for each format: a result in, a file out.

Nothing depends on the clock or the machine: the same result and time zone give the same bytes. `files` finds the place
for a report and writes it there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.report.common.formats import Format, FormatTable

if TYPE_CHECKING:
    from crawler.labels import Labels
    from crawler.results import SearchResult

__all__ = ["FORMATS", "Style", "check_installed", "encode", "format_of", "render"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a report should look; each format uses the fields that concern it."""

    top: int | None = None
    """The number of books to list; None for all."""
    lang: str = "en"
    """The language of the report: one of `crawler.labels.LANGUAGES`, or auto, which follows the query."""
    show_dropped: bool = False
    """True to list dropped products; HTML, XLSX and JSON always do."""
    width: int | None = None
    """The number of columns of the table; None for the width of a file."""
    color: bool = False
    """True if the table may contain escape codes for colours and links."""
    zone: dt.tzinfo = dt.UTC
    """The reader's time zone, for the formats that people read; data are in UTC."""

    def labels(self, result: SearchResult) -> Labels:
        """Return the labels for a report on `result`."""
        from crawler.labels import labels_for

        return labels_for(self.lang, result.query, self.zone, currency=result.source.shop.currency)


FORMATS = FormatTable(
    {
        "table": Format("crawler.report.search.table", (".txt",), needs=("rich.console", "rich.table")),
        "md": Format("crawler.report.search.markdown", (".md", ".markdown")),
        # With a byte order mark; without one, Excel decodes the file in the system's charset.
        "csv": Format("crawler.report.search.csv_report", (".csv",), encoding="utf-8-sig"),
        "json": Format("crawler.report.search.json_report", (".json",), utf8=True),
        "html": Format(
            "crawler.report.search.html_report",
            (".html", ".htm"),
            needs=(
                "crawler.report.search.chart",
                "crawler.report.search.html_page",
                "crawler.report.common.script_folding",
            ),
            utf8=True,
        ),
        "xlsx": Format(
            "crawler.report.search.xlsx_report", (".xlsx",), needs=("xlsxwriter",), extra="xlsx", binary=True
        ),
    }
)
"""The formats by name."""

format_of = FORMATS.format_of
check_installed = FORMATS.check_installed
encode = FORMATS.encode


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
    report: str | bytes = FORMATS.module(form).render(result, style)
    return report
