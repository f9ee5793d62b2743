"""The settings of the price history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crawler.settings.kinds import FilePath, choice
from crawler.settings.option import Option
from crawler.settings.table import Table

__all__ = ["HistorySettings"]


@dataclass(frozen=True, kw_only=True, repr=False)
class HistorySettings(Table):
    """Table `[history]`: which runs to record, and in which file."""

    section = "history"

    path: Annotated[
        FilePath,
        Option(
            commands=("search", "history", "watch", "alerts", "doctor", "demo", "serve"),
            flag="--history-file",
            replay="accepted",
        ),
    ] = None
    """The history file; None for `history.sqlite3` in the user's data folder."""
    record: Annotated[
        Literal["live", "always", "never"],
        choice("live", "always", "never"),
        Option(commands=("search",), flag="--history", dest="record_history", replay="accepted"),
    ] = "live"
    """The runs that the command records and whose reports show the history: those of the live shop, all (also demos,
    replicas and replays), or none. The library records only on request."""
