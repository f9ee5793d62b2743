"""A run as it is kept and as it is read back: values, and what a search tells whoever records it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

from crawler.download.exchange import Exchange, HttpRecord
from crawler.errors import UsageError
from crawler.page_key import PageKey

__all__ = ["ArchiveError", "Recorder", "RunEnd", "RunParameters", "SavedPage", "SavedRun"]


class ArchiveError(UsageError):
    """A file that should hold a run cannot be read as one; the message is one line that names it."""


@dataclass(frozen=True, slots=True)
class RunParameters:
    """What a run was asked for."""

    query: str
    """As the user typed it."""
    query_sent: str
    """As the shop was asked."""
    shop: str
    base_url: str
    demo: bool
    settings: dict[str, object]
    """What shapes the result, as JSON values; nothing here looks into them."""
    first_url: str
    """Address of page 1."""
    started_at: dt.datetime
    """Aware, UTC."""
    version: str
    """Of the program."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page that ended, with what came for it."""

    page: int
    exchange: Exchange
    """With its body decoded."""
    verdict: str
    """By its name in the JSON report; '' for a page that was fetched and not judged before its run was killed."""
    detail: str
    fetched_at: dt.datetime
    """Aware, UTC; a page taken over from another run keeps the time at which that one fetched it."""
    hops: tuple[HttpRecord, ...] = ()
    """The requests made for it, as an archive has them: what lets a page go from one run's records to another's."""
    price_order: bool = False
    """It is a page of the shop's list in price order."""

    @property
    def key(self) -> PageKey:
        """What names it among the pages of its run."""
        return PageKey(self.price_order, self.page)


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended."""

    finished_at: dt.datetime
    """Aware, UTC."""
    stopped: str | None
    """Why before its time; None when it was done."""
    verdicts: dict[int, tuple[str, str]]
    """Verdict and detail of every page asked for, those never fetched too; without the pages in price order."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run read back."""

    parameters: RunParameters
    pages: dict[PageKey, SavedPage] = field(default_factory=dict)
    """The last copy of each."""
    ended: RunEnd | None = None
    """None for a run that was killed, or is still under way."""
    torn: bool = False
    """The file ends within a record; what stands before it is here."""


class Recorder(Protocol):
    """Who keeps what a search fetches. No method raises, and none blocks the loop."""

    def begin(self, parameters: RunParameters) -> None:
        """Note what the run was asked for; before all else."""

    def hop(self, page: PageKey | None, hop: HttpRecord) -> None:
        """Note a request made for `page`; None for one that belongs to no page (robots.txt)."""

    def fetched(self, page: PageKey, exchange: Exchange, fetched_at: dt.datetime) -> None:
        """Note what came for a page, after its hops and before it is parsed: from here on it is not lost."""

    async def page(self, saved: SavedPage) -> None:
        """Note the verdict on a page, and return when it is written; told again, the later one counts.

        Its hops are those that `hop` was told of; `saved.hops` stand in where there were none, as for a page taken
        over from another run.
        """

    async def end(self, end: RunEnd) -> None:
        """Note how the run ended, and return when all is written."""
