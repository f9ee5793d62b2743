"""Reports of the history, one module for each format: a view in, text out. The same view gives the same bytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from crawler.report.common.formats import Format, FormatTable
from crawler.source import Source

if TYPE_CHECKING:
    from crawler.history.view_models import SearchPast, View
    from crawler.labels import Labels

__all__ = ["FORMATS", "MOST_CHARTS", "HistoryStyle", "encode", "format_of", "render"]

FORMATS = FormatTable(
    {
        "table": Format("crawler.report.history.table", (".txt",)),
        # With a byte order mark; without one, Excel decodes the file in the system's charset.
        "csv": Format("crawler.report.history.csv_report", (".csv",), encoding="utf-8-sig"),
        "json": Format("crawler.report.history.json_report", (".json",), utf8=True),
        "html": Format("crawler.report.history.html_report", (".html", ".htm"), utf8=True),
    }
)
"""The formats by name."""

format_of = FORMATS.format_of
encode = FORMATS.encode

MOST_CHARTS = 200
"""The maximum number of products in an HTML page, about 1 MB, unless the user sets one."""


@dataclass(frozen=True, slots=True)
class HistoryStyle:
    """How a report should look; each format uses the fields that concern it."""

    top: int = 50
    """The number of products in the table."""
    top_given: bool = False
    """True if the user set that number: then it applies to every format. Otherwise the data formats list all products,
    and an HTML page lists `MOST_CHARTS`."""
    lang: str = "en"
    """The language of the report: one of `crawler.labels.LANGUAGES`, or auto, which follows the query and is English
    without one."""
    width: int | None = None
    """The number of columns of the table; None for the width of a file."""
    color: bool = False
    """True if the table may contain escape codes for colours and links."""
    show_dropped: bool = False
    """True if table and CSV list dropped products; HTML and JSON always do."""
    zone: dt.tzinfo = dt.UTC
    """The reader's time zone, for table and HTML; data are in UTC."""

    def limit(self, form: str) -> int | None:
        """Return the maximum number of products in a format; None for all."""
        if form == "table" or self.top_given:
            return self.top
        return MOST_CHARTS if form == "html" else None

    def lists_dropped(self, form: str) -> bool:
        """Return True if a format lists dropped products."""
        return self.show_dropped or form in {"html", "json"}

    def labels(self, view: View) -> Labels:
        """Return the labels for a report."""
        from crawler.labels import labels_for

        if not _is_search(view):
            return labels_for(self.lang, "", self.zone)
        currency = Source.named(view.source).shop.currency
        return labels_for(self.lang, view.query or "", self.zone, currency=currency)


def render(view: View, form: str, style: HistoryStyle | None = None) -> str:
    """Return the report in a format of `FORMATS`; for a search, with as many products as the format lists."""
    style = style or HistoryStyle()
    shown: View = view
    if _is_search(view):
        shown = view.cut(style.limit(form))
        if not style.lists_dropped(form):
            shown = replace(shown, dropped_products=())
    text: str = FORMATS.module(form).render(shown, style)
    return text


def _is_search(view: View) -> TypeGuard[SearchPast]:
    return hasattr(view, "found")
