"""The wish lists of the application: searched one after the other through the engine; the last ones stay in memory."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crawler.errors import HistoryError, UsageError
from crawler.events import SearchFinished
from crawler.phrases import Phrase, reason_of
from crawler.webapp.problems import Problem
from crawler.webapp.wishes.reading import WishReading, read_wishes
from crawler.webapp.wishes.searching import Finding, look_up_all

if TYPE_CHECKING:
    from crawler.results import SearchResult
    from crawler.webapp.context import WebContext

__all__ = ["MOST_KEPT", "MOST_RUNNING", "TooManyListsError", "UnknownListError", "WishList", "WishListStore"]

MOST_RUNNING = 2
"""Lists that may be searched at once: each may take hundreds of requests to the shop."""

MOST_KEPT = 20
"""Finished lists in memory."""

_PAGES = 1
"""Result pages to read for a wish: a book that is searched by its title is on the first one."""

_LOG = logging.getLogger(__name__)


class UnknownListError(UsageError):
    """The list was never there, or is not in memory any more."""


class TooManyListsError(UsageError):
    """As many lists as may be are being searched."""


@dataclass(slots=True)
class WishList:
    """A wish list, and what was found so far."""

    id: str
    reading: WishReading
    sellers: Literal["self", "all"]
    started_at: dt.datetime
    findings: dict[int, Finding] = field(default_factory=dict)
    """The outcomes by the place of their wish, in the order in which they came."""
    state: Literal["running", "finished", "cancelled", "broken"] = "running"
    """«broken» if a defect of the program ended it."""
    unrecorded: str = ""
    """Why prices are not in the history although they should be; '' if nothing went wrong."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, after: int) -> AsyncIterator[tuple[int, int, Finding]]:
        """Yield number, place and outcome of each outcome numbered above `after`, until the end of the list."""
        number = after
        while True:
            changed = self._changed  # before looking: a change during the look is not missed
            for place in list(self.findings)[number:]:
                number += 1
                yield number, place, self.findings[place]
            if self.state != "running" and number >= len(self.findings):
                return
            if number >= len(self.findings):
                await changed.wait()

    def notify(self) -> None:
        """Wake those that follow."""
        self._changed.set()
        self._changed = asyncio.Event()


class WishListStore:
    """The wish lists of an application."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._lists: dict[str, WishList] = {}
        """By id, the oldest first."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reading = asyncio.Lock()
        self._closing = False

    def get(self, list_id: str) -> WishList:
        """Return a list. Raises UnknownListError."""
        if (found := self._lists.get(list_id)) is None:
            raise UnknownListError(Phrase("wish_list_unknown"))
        return found

    def __iter__(self) -> Any:
        """Iterate over the lists, the newest first."""
        return reversed(self._lists.values())

    async def start(self, text: str, sellers: Literal["self", "all"]) -> WishList:
        """Read a list and begin to search for its books.

        Raises TooManyListsError, UsageError as `read_wishes`, and Problem while the application closes.
        """
        async with (
            self._reading
        ):  # a long list takes seconds; several at once would take the threads from other work
            self._check_running()
            reading = await asyncio.to_thread(read_wishes, text)
        self._check_running()
        wishes = WishList(secrets.token_hex(8), reading, sellers, self._context.now())
        self._lists[wishes.id] = wishes
        self._tasks[wishes.id] = asyncio.create_task(self._run(wishes))
        return wishes

    def _check_running(self) -> None:
        """Raise TooManyListsError if no other list can be searched now, Problem while the application closes."""
        if self._closing:
            raise Problem(503, "closing")
        if len(self._tasks) >= MOST_RUNNING:
            raise TooManyListsError(Phrase("wish_lists_busy", n=MOST_RUNNING))

    async def cancel(self, list_id: str) -> WishList:
        """End the search for a list; what was found stays."""
        found = self.get(list_id)
        if (task := self._tasks.get(list_id)) is not None:
            task.cancel()
            await asyncio.wait([task])
        return found

    async def close(self) -> None:
        """End all searches; no more can be started."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, wishes: WishList) -> None:
        def keep(place: int, finding: Finding) -> None:
            wishes.findings[place] = finding
            wishes.notify()

        try:
            await look_up_all(wishes.reading.wishes, lambda query: self._search(wishes, query), keep)
            wishes.state = "finished"
        except asyncio.CancelledError:
            wishes.state = "cancelled"
        except Exception:  # noqa: BLE001 – a defect of ours: the list is broken, the others go on
            _LOG.exception("a wish list failed")
            wishes.state = "broken"
        finally:
            self._tasks.pop(wishes.id, None)
            self._forget()
            wishes.notify()

    async def _search(self, wishes: WishList, query: str) -> SearchResult:
        context = self._context
        search = context.crawler.search(
            query, pages=_PAGES, price_check=0, sellers=wishes.sellers, rank="cheapest"
        )
        async with aclosing(search) as events:
            async for event in events:
                if isinstance(event, SearchFinished):
                    result = event.result
        if context.record and result.had_a_page:
            from crawler.history.recording import record_and_annotate

            try:
                return await asyncio.to_thread(record_and_annotate, result, context.history, context.zone)
            except HistoryError as error:
                wishes.unrecorded = reason_of(error)
        return result

    def _forget(self) -> None:
        """Drop the oldest finished lists."""
        finished = [each.id for each in self._lists.values() if each.id not in self._tasks]
        for list_id in finished[:-MOST_KEPT]:
            del self._lists[list_id]
