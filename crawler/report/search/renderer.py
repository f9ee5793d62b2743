"""The reports of a result, as its own methods (`SearchResult.render`, `.write` …) create them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.atomic_write import atomic_write, check_target
from crawler.local_time import local_zone
from crawler.report.search import check_installed, encode, format_of, render
from crawler.settings import ReportSettings, checked

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = ["ReportRenderer"]


@dataclass(frozen=True, slots=True)
class ReportRenderer:
    """The `Renderer` of `crawler.report`. `SearchResult` documents the methods."""

    def render(
        self,
        result: SearchResult,
        form: str,
        /,
        *,
        lang: str = "auto",
        top: int | None = None,
        show_dropped: bool = False,
        width: int | None = None,
    ) -> str | bytes:
        """Return the report in a format."""
        check_installed(form)
        return render(
            result,
            form,
            top=None if top is None else checked(ReportSettings, "top", top, label="top"),
            lang=checked(ReportSettings, "lang", lang, label="lang"),
            show_dropped=show_dropped,
            width=width,
            zone=local_zone(),
        )

    def write(self, result: SearchResult, path: str | os.PathLike[str], /, **options: Any) -> Path:
        """Write the report to a file and return its path."""
        form = format_of(path)
        check_target(path)
        report = encode(self.render(result, form, **options), form)
        with atomic_write(path) as file:
            file.write(report)
        return Path(path)

    def as_dict(self, result: SearchResult, /) -> dict[str, Any]:
        """Return the JSON report as plain values."""
        from crawler.report.search.json_report import as_dict

        return as_dict(result)

    def to_json(self, result: SearchResult, /, *, top: int | None) -> str:
        """Return the JSON report."""
        from crawler.report.search import Style
        from crawler.report.search.json_report import render as render_json

        return render_json(result, Style(top=top))

    def notebook(self, result: SearchResult, /) -> str:
        """Return the result for a notebook, as HTML."""
        from crawler.report.search.notebook import render as render_notebook

        return render_notebook(result)
