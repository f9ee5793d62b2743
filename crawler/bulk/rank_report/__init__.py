"""Reports of a ranking, one module for each format: the ranking in, pieces of text out, however many books it has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.labels import Labels, labels_for
from crawler.report.common.formats import Format, FormatTable

if TYPE_CHECKING:
    from crawler.bulk.rank import OfferRanking

__all__ = ["FORMATS", "RankStyle", "render"]

FORMATS = FormatTable(
    {
        "table": Format("crawler.bulk.rank_report.table", (".txt",)),
        "md": Format("crawler.bulk.rank_report.markdown", (".md", ".markdown")),
        # With a byte order mark; without one, Excel decodes the file in the system's charset.
        "csv": Format("crawler.bulk.rank_report.csv_report", (".csv",), encoding="utf-8-sig"),
        "json": Format("crawler.bulk.rank_report.json_report", (".json",), utf8=True),
    }
)
"""The formats by name."""

_FOR_PEOPLE = frozenset({"table", "md"})


@dataclass(frozen=True, slots=True)
class RankStyle:
    """How a report should look; each format uses the fields that concern it."""

    top: int = 50
    """The number of books of each ranking in a table."""
    top_given: bool = False
    """True if the user set that number: then it applies to every format. Otherwise the data formats list all books."""
    lang: str = "auto"
    """The language of the report; auto follows the locale."""
    width: int | None = None
    """The number of columns of the table; None for the width of a file."""
    color: bool = False
    """True if the table may contain escape codes for colours and links."""
    zone: dt.tzinfo = dt.UTC

    def limit(self, form: str) -> int | None:
        """Return the maximum number of books of a ranking in a format; None for all."""
        return self.top if form in _FOR_PEOPLE or self.top_given else None

    def labels(self) -> Labels:
        """Return the labels for a report."""
        return labels_for(self.lang, "", self.zone)


def render(ranking: OfferRanking, form: str, style: RankStyle) -> Iterator[str]:
    """Yield the pieces of the report in a format of `FORMATS`."""
    pieces: Iterator[str] = FORMATS.module(form).render(ranking, style, style.limit(form))
    return pieces
