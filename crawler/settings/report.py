"""The settings of reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from crawler.settings.kinds import is_path, whole
from crawler.settings.option import Option
from crawler.settings.table import Table

__all__ = ["Language", "ReportSettings"]

Language = Literal["auto", "en", "zh-Hans", "zh-Hant"]
"""The values of `lang`: `crawler.languages.LANGUAGES` and auto. A test compares them."""


def _language(name: str) -> str:
    from crawler.languages import canonical

    return "auto" if name.lower() == "auto" else canonical(name)


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportSettings(Table):
    """Table `[report]`: what the report shows and where it goes."""

    section = "report"

    top: Annotated[
        int,
        whole(1, 1_000_000),
        Option(harmless=True, commands=("search", "history", "rank"), replay="accepted"),
    ] = 50
    """The number of books in the table and in the Markdown report."""
    dir: Annotated[str, Meta(description="the path of a folder"), is_path, Option(harmless=True)] = "reports"
    """The folder for the Markdown and HTML reports, relative to the working folder."""
    keep: Annotated[
        int, whole(0, 1_000_000), Option(commands=("search",), flag="--keep-reports", replay="accepted")
    ] = 0
    """The number of reports of one query to keep in that folder, the newest; 0 keeps all."""
    lang: Annotated[
        Language,
        Meta(description="one of auto, en, zh-Hans, zh-Hant, or a name such as zh-TW, zh_CN, zh, en-US"),
        Option(
            harmless=True, commands=("search", "history", "bulk", "rank"), replay="accepted", parse=_language
        ),
    ] = "auto"
    """The language of reports and messages for people; auto follows the query, then the environment's locale."""
