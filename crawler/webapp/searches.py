"""The searches of the application: start, follow, cancel; the last ones stay in memory after their end.

Every search runs on the one engine, whether or not anyone watches. Any number of readers follow its event log, and
none of them delays it. What is kept is bounded: the number of running searches, of finished ones, and of the listings
in their results.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.errors import HistoryError
from crawler.events import PageFinished, PagesKnown, SearchFinished
from crawler.phrases import Phrase, reason_of
from crawler.webapp.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from crawler.books.pipeline import BookList
    from crawler.events import Event
    from crawler.results import SearchResult
    from crawler.search.event_log import EventLog
    from crawler.search.run import Search
    from crawler.webapp.context import WebContext

__all__ = ["MAX_KEPT", "MAX_KEPT_LISTINGS", "MAX_PAGES", "MAX_RUNNING", "SearchStore", "WebSearch"]

MAX_RUNNING = 60
"""Searches that may run at once. They share the limits of the shop's host, so more would only wait longer."""

MAX_PAGES = 1_500
"""Pages that all running searches may request together, those in price order included. A page has 60 listings, and each
takes 6 KB with its book and its place in the result: some 540 MB at most."""

MAX_KEPT = 100
"""Finished searches in memory."""

MAX_KEPT_LISTINGS = 66_000
"""Listings in the results in memory, those of the newest one excepted: 400 MB, or 50 searches of 20 pages."""

PREVIEW_SECONDS = 1.0
"""The shortest time between two rankings of the books so far of one search, whoever asks."""

_LOG = logging.getLogger(__name__)


class WebSearch:
    """A search that was started from the page or the API."""

    def __init__(self, query: str, options: dict[str, Any], *, started_at: dt.datetime) -> None:
        self.id = secrets.token_hex(8)
        self.query = query
        self.options = options
        """The options that the visitor chose."""
        self.started_at = started_at
        self.result: SearchResult | None = None
        """With price history, if it was recorded; None while it runs, and if it broke."""
        self.unrecorded: str | None = None
        """Why the finished search is not in the history although it should be; None if nothing went wrong."""
        self.ended = asyncio.Event()
        """Set once the search has its result and is recorded."""
        self.requested = 0
        """The number of pages requested, or that exist if the shop has fewer."""
        self.most_pages = 0
        """The most pages that it may request, those in price order included."""
        self.done: dict[int, bool] = {}
        """The pages with a verdict, True for a failed one; without those in price order."""
        self.books = 0
        """The number of products kept so far."""
        self.cheapest: Decimal | None = None
        self.log: EventLog | None = None
        """The events of the search; None if it did not even begin."""
        self._search: Search | None = None
        self._stopped: str | None = None
        """Why it was stopped before it began; None if it was not."""
        self._preview: tuple[float, BookList] | None = None
        self._previewing = asyncio.Lock()

    def begin(self, search: Search) -> None:
        """Attach the running search."""
        self._search, self.log = search, search.log
        if self._stopped is not None:
            search.stop(self._stopped)

    def note(self, event: Event) -> None:
        """Keep the state that lists of searches show."""
        match event:
            case PageFinished(price_order=False):
                self.done[event.page] = event.verdict.failed
                self.books, self.cheapest = event.books, event.cheapest
            case PageFinished():
                self.books, self.cheapest = event.books, event.cheapest
            case PagesKnown() if event.available:
                self.requested = min(self.requested, event.available)
            case SearchFinished():
                self.result = event.result
            case _:
                pass

    def release(self) -> None:
        """Let go of what only a running search needs."""
        self._search = self._preview = None

    def stop(self, reason: str) -> None:
        """Stop it, if it is running or about to begin: it ends with the pages that it has."""
        if self._search is not None:
            self._search.stop(reason)
        else:
            self._stopped = reason

    async def preview(self) -> BookList | None:
        """Return the books so far, at most `PREVIEW_SECONDS` old; None if the search has just ended."""
        loop = asyncio.get_running_loop()
        async with self._previewing:
            if self._preview is None or loop.time() - self._preview[0] >= PREVIEW_SECONDS:
                if self._search is None:
                    return None
                books = await self._search.books_so_far()
                self._preview = (loop.time(), books)
            return self._preview[1]


class SearchStore:
    """The running searches and the finished ones that are still in memory."""

    def __init__(self, context: WebContext, executor: Executor) -> None:
        """`executor` records finished searches, one at a time."""
        self._context = context
        self._executor = executor
        self._searches: dict[str, WebSearch] = {}
        """By id, the oldest first."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._recording = asyncio.Lock()
        self.closing = False
        self.started = 0
        self.finished = 0
        self.partial = 0
        self.unrecorded = 0

    def __iter__(self) -> Iterator[WebSearch]:
        """Iterate over the searches, the newest first."""
        return reversed(self._searches.values())

    @property
    def running(self) -> int:
        """The number of running searches."""
        return len(self._tasks)

    def get(self, search_id: str) -> WebSearch:
        """Return a search. Raises Problem if it is unknown, or no longer in memory."""
        if (search := self._searches.get(search_id)) is None:
            raise Problem(404, "search_unknown", n=MAX_KEPT)
        return search

    async def start(self, query: str, options: dict[str, Any]) -> WebSearch:
        """Start a search and return it. Raises Problem if too many run, UsageError for a wrong query or option."""
        if self.closing:
            raise Problem(503, "closing")
        spec = self._context.crawler.spec(query, **options)  # raises before anything is started
        pages = spec.pages + spec.price_pages
        busy = sum(search.most_pages for search in self._searches.values() if search.id in self._tasks)
        if self.running >= MAX_RUNNING or busy + pages > MAX_PAGES:
            headers = {"Retry-After": "10"}
            raise Problem(429, "too_many_searches", headers=headers, n=MAX_RUNNING, pages=MAX_PAGES)
        search = WebSearch(spec.query, options, started_at=self._context.now())
        search.requested, search.most_pages = spec.pages, pages
        begun = asyncio.Event()
        self._searches[search.id] = search
        self._tasks[search.id] = asyncio.create_task(self._run(search, begun))
        self.started += 1
        await begun.wait()
        return search

    def cancel(self, search: WebSearch) -> None:
        """Stop a search at once; its result has the pages read so far."""
        search.stop(Phrase("cancelled"))

    async def close(self, reason: str) -> int:
        """Stop every running search, wait until each has its partial result, and return their number."""
        self.closing = True
        tasks = list(self._tasks.values())
        for search in self._searches.values():
            search.stop(reason)
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _run(self, search: WebSearch, begun: asyncio.Event) -> None:
        try:
            async with self._context.crawler.start(search.query, **search.options) as running:
                search.begin(running)
                begun.set()
                async for entry in running.log.read():
                    search.note(entry.event)
            await self._record(search)
        except Exception:  # noqa: BLE001 – a defect of ours: the search is broken, the others go on
            _LOG.exception("a search failed")
        finally:
            begun.set()
            search.release()
            search.ended.set()
            del self._tasks[search.id]
            self.finished += 1
            self.partial += search.result is None or not search.result.complete
            self._forget()

    async def _record(self, search: WebSearch) -> None:
        """Record a finished search, and attach the price history to its books."""
        context, result = self._context, search.result
        if result is None or not context.record or not result.had_a_page:
            return
        from crawler.history.recording import record_and_annotate

        async with self._recording:  # SQLite has one writer; the others would poll for their turn
            try:
                search.result = await asyncio.get_running_loop().run_in_executor(
                    self._executor, record_and_annotate, result, context.history, context.zone
                )
            except HistoryError as error:
                self.unrecorded += 1
                search.unrecorded = Phrase("not_recorded", why=reason_of(error))

    def _forget(self) -> None:
        """Drop the oldest finished searches beyond the limits."""
        listings = count = 0
        for search in list(self):
            if not search.ended.is_set():
                continue
            count += 1
            listings += search.result.counts.listings if search.result is not None else 0
            if count > MAX_KEPT or (count > 1 and listings > MAX_KEPT_LISTINGS):
                del self._searches[search.id]
