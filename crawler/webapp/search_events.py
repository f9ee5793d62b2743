"""The events of a search as a stream for browsers (server-sent events), each in the reader's language.

Every event carries its number in the search's log as its id, so a reader whose connection broke continues after the
last event that it has. A reader that is slow skips events that later ones replaced, and delays nobody: it reads the log
at its own pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from crawler.engine_events import PaceChanged, RobotsNoted
from crawler.events import (
    Attempt,
    PageFinished,
    PageRejected,
    PagesKnown,
    SearchFinished,
    SearchStarted,
)
from crawler.report.common.wording import sanitize
from crawler.report.search.outcomes import outcome, pace_in_words
from crawler.webapp.problems import Problem
from crawler.webapp.search_state import SearchState, state_of

if TYPE_CHECKING:
    from crawler.events import Event
    from crawler.labels import Labels
    from crawler.search.event_log import EventLog
    from crawler.webapp.searches import WebSearch

__all__ = ["MAX_STREAMS", "ProgressEvent", "Streams", "send_events"]

MAX_STREAMS = 500
"""Streams of events that may be open at once."""

HEARTBEAT_SECONDS = 15.0
"""The longest silence on a stream: a comment after it shows whether the reader is still there."""

STALLED_SECONDS = 60.0
"""A reader that takes no data for so long is gone; its connection is closed."""

RECONNECT_MILLISECONDS = 1000
"""How long a browser waits before it connects again."""

_ENCODER = msgspec.json.Encoder()


class _Tagged(msgspec.Struct, tag_field="type", kw_only=True):
    """An event."""


class Started(_Tagged, tag="started", kw_only=True):
    """The search begins."""

    query: str
    query_sent: str
    """As sent to the shop."""
    pages: int
    """The number of pages requested."""


class AttemptMade(_Tagged, tag="attempt", kw_only=True):
    """A request ended."""

    page: int
    price_order: bool
    """True for a page of the shop's list in price order, which only proves the cheapest book."""
    number: int
    """More than 1 for a retry."""
    words: str
    """The outcome in words."""
    retry_in: float | None
    """Seconds until the next attempt; null if this was the last."""


class Rejected(_Tagged, tag="rejected", kw_only=True):
    """The response was not the requested page, which is requested again."""

    page: int
    price_order: bool
    words: str


class PageDone(_Tagged, tag="page", kw_only=True):
    """A page has a verdict; a later one for the same page replaces it."""

    page: int
    price_order: bool
    verdict: str
    failed: bool
    words: str
    """The outcome in words."""
    listings: int
    books: int
    """Products kept so far, on all pages."""
    cheapest: Decimal | None
    """The lowest price so far of a product that the report would keep."""
    cheapest_words: str


class PagesStated(_Tagged, tag="pages", kw_only=True):
    """The shop stated how many pages there are."""

    available: int


class Noted(_Tagged, tag="note", kw_only=True):
    """Something that concerns the whole search: its pace, robots.txt."""

    words: str


class Finished(_Tagged, tag="finished", kw_only=True):
    """The search is over and recorded; the last event."""

    search: SearchState


ProgressEvent = Started | AttemptMade | Rejected | PageDone | PagesStated | Noted | Finished
"""Any event of a stream."""


class Streams:
    """Counts the open streams and bounds their number."""

    def __init__(self) -> None:
        self.open = 0

    async def send(
        self, request: web.Request, search: WebSearch, after: int, say: Labels
    ) -> web.StreamResponse:
        """Send the events of a search numbered above `after`, until its end. Raises Problem if too many are open."""
        with self.counted():
            return await send_events(request, search, after, say)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a stream as open for the block. Raises Problem if too many are open."""
        if self.open >= MAX_STREAMS:
            raise Problem(503, "too_many_streams", headers={"Retry-After": "10"})
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


async def send_events(request: web.Request, search: WebSearch, after: int, say: Labels) -> web.StreamResponse:
    """Send the events of a search numbered above `after`."""
    log = search.log
    if log is None or (log.closed and log.last <= after <= log.last + 1):
        return web.Response(
            status=204
        )  # tells a browser not to connect again; another number is of another log
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    # A reader that has gone, or takes nothing any more, needs no answer.
    with suppress(ConnectionError, TimeoutError):
        await _send_all(response, search, log, after, say)
    return response


async def _send_all(
    response: web.StreamResponse, search: WebSearch, log: EventLog, after: int, say: Labels
) -> None:
    """Write the events, and the comment that keeps a silent stream open."""
    await _write(response, f"retry: {RECONNECT_MILLISECONDS}\n\n")
    reader = log.read(after)
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                entry = await anext(reader, None)
        except TimeoutError:
            await _write(response, ": still running\n\n")
            continue
        except Exception:  # noqa: BLE001 – a defect that ended the search, which the store has logged
            entry = None
        if entry is None:
            break
        if isinstance(entry.event, SearchFinished):
            await search.ended.wait()  # only then its books have their price history
        if (event := _told(entry.event, search, say)) is not None:
            data = _ENCODER.encode(event).decode()
            await _write(response, f"id: {entry.number}\ndata: {data}\n\n")
    if search.result is None:
        await search.ended.wait()
        data = _ENCODER.encode(Finished(search=state_of(search, say))).decode()
        await _write(response, f"id: {log.last + 1}\ndata: {data}\n\n")


async def _write(response: web.StreamResponse, text: str) -> None:
    """Send a text; raise TimeoutError if the reader takes nothing any more."""
    async with asyncio.timeout(STALLED_SECONDS):
        await response.write(text.encode())


def _told(event: Event, search: WebSearch, say: Labels) -> ProgressEvent | None:
    """Return an event in the form for browsers; None for one that means nothing to a visitor."""
    told: ProgressEvent | None
    match event:
        case SearchStarted():
            told = Started(query=event.query, query_sent=event.query_sent, pages=event.pages)
        case Attempt():
            told = AttemptMade(
                page=event.page,
                price_order=event.price_order,
                number=event.number,
                words=sanitize(event.outcome, say),
                retry_in=event.retry_in,
            )
        case PageRejected():
            told = Rejected(page=event.page, price_order=event.price_order, words=sanitize(event.detail, say))
        case PageFinished():
            told = PageDone(
                page=event.page,
                price_order=event.price_order,
                verdict=event.verdict.value,
                failed=event.verdict.failed,
                words=outcome(event.verdict, event.detail, say),
                listings=event.listings,
                books=event.books,
                cheapest=event.cheapest,
                cheapest_words="" if event.cheapest is None else say.money(event.cheapest),
            )
        case PagesKnown():
            told = PagesStated(available=event.available)
        case PaceChanged():
            told = Noted(words=pace_in_words(event, say))
        case RobotsNoted():
            told = Noted(words=say("said_of", what=event.host, words=sanitize(event.note, say)))
        case SearchFinished():
            told = Finished(search=state_of(search, say))
        case _:
            told = None
    return told
