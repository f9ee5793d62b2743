"""A recorded run as values, and the interface through which a search records itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

from crawler.download.exchange import Exchange, HttpRecord
from crawler.errors import UsageError
from crawler.page_key import PageKey

__all__ = ["ArchiveError", "Recorder", "RunEnd", "RunParameters", "SavedPage", "SavedRun"]


class ArchiveError(UsageError):
    """A file is not a readable run; the message is one line that names the file."""


@dataclass(frozen=True, slots=True)
class RunParameters:
    """The parameters of a run."""

    query: str
    """As typed by the user."""
    query_sent: str
    """As sent to the shop."""
    shop: str
    base_url: str
    demo: bool
    settings: dict[str, object]
    """The settings that affect the result, as JSON values; nothing here interprets them."""
    first_url: str
    """The address of page 1."""
    started_at: dt.datetime
    """Aware, UTC."""
    version: str
    """The version of the program."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A finished page, with the response to it."""

    page: int
    exchange: Exchange
    """With a decoded body."""
    verdict: str
    """Its name in the JSON report; '' for a page that was fetched but not judged before its run was killed."""
    detail: str
    fetched_at: dt.datetime
    """Aware, UTC; a page reused from another run keeps the time at which that run fetched it."""
    hops: tuple[HttpRecord, ...] = ()
    """The requests made for the page, as an archive stores them; with them, another run can record the page as well."""
    price_order: bool = False
    """True if the page belongs to the shop's list in price order."""

    @property
    def key(self) -> PageKey:
        """Identifies the page within its run."""
        return PageKey(self.price_order, self.page)


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The outcome of a run."""

    finished_at: dt.datetime
    """Aware, UTC."""
    stopped: str | None
    """Why it stopped early; None if it finished."""
    verdicts: dict[int, tuple[str, str]]
    """Verdict and detail of every page requested, including pages never fetched; without pages in price order."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run read from a file."""

    parameters: RunParameters
    pages: dict[PageKey, SavedPage] = field(default_factory=dict)
    """The last copy of each page."""
    ended: RunEnd | None = None
    """None if the run was killed or is still running."""
    torn: bool = False
    """True if the file ends within a record; everything before it was read."""


class Recorder(Protocol):
    """Stores what a search fetches. No method raises, and none blocks the loop."""

    def begin(self, parameters: RunParameters) -> None:
        """Record the parameters of the run; call this first."""

    def hop(self, page: PageKey | None, hop: HttpRecord) -> None:
        """Record a request made for `page`; None for a request that belongs to no page (robots.txt)."""

    def fetched(self, page: PageKey, exchange: Exchange, fetched_at: dt.datetime) -> None:
        """Record the response for a page, after its hops and before it is parsed, so that it cannot be lost."""

    async def page(self, saved: SavedPage) -> None:
        """Record the verdict on a page, and return once it is written; a later verdict replaces it.

        The hops of the page are those passed to `hop`. If there were none, as for a page reused from another run,
        `saved.hops` serve.
        """

    async def end(self, end: RunEnd) -> None:
        """Record the outcome of the run, and return once everything is written."""
