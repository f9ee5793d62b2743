"""The history's reports, one module a format: what there is to see in, text out. The same view gives the same bytes."""

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
        # With a byte-order mark; Excel reads Chinese without one in the system's charset.
        "csv": Format("crawler.report.history.csv_report", (".csv",), encoding="utf-8-sig"),
        "json": Format("crawler.report.history.json_report", (".json",), utf8=True),
        "html": Format("crawler.report.history.html_report", (".html", ".htm"), utf8=True),
    }
)
"""The formats by name."""

format_of = FORMATS.format_of
encode = FORMATS.encode

MOST_CHARTS = 200
"""Products in an HTML page unless their number is given: some 1 MB."""


@dataclass(frozen=True, slots=True)
class HistoryStyle:
    """How a report is to look; each format takes what concerns it."""

    top: int = 50
    """How many products the table has."""
    top_given: bool = False
    """Whether that number was asked for: then it holds for every format, else the data have all products, and a
    page has `MOST_CHARTS`."""
    lang: str = "en"
    """Language of the words: one of `crawler.labels.LANGUAGES`, or auto: that of the query, English without one."""
    width: int | None = None
    """Columns of the table; None for those of a file."""
    color: bool = False
    """Whether the table may hold escape codes: colours and links."""
    show_dropped: bool = False
    """Whether table and CSV list what was dropped. HTML and JSON list it always."""
    zone: dt.tzinfo = dt.UTC
    """The reader's time zone, for table and HTML; data are in UTC."""

    def limit(self, form: str) -> int | None:
        """Return how many products a format has; None for all."""
        if form == "table" or self.top_given:
            return self.top
        return MOST_CHARTS if form == "html" else None

    def lists_dropped(self, form: str) -> bool:
        """Return whether a format lists what was dropped."""
        return self.show_dropped or form in {"html", "json"}

    def labels(self, view: View) -> Labels:
        """Return the words for a report."""
        from crawler.labels import labels_for

        if not _is_search(view):
            return labels_for(self.lang, "", self.zone)
        currency = Source.named(view.source).shop.currency
        return labels_for(self.lang, view.query or "", self.zone, currency=currency)


def render(view: View, form: str, style: HistoryStyle | None = None) -> str:
    """Return the report in a format of `FORMATS`; of a search its first products, as many as the format takes."""
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
