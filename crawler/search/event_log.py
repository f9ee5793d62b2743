"""The events of one search as a bounded log that any number of readers follow, each with its own cursor.

The log numbers events from 1. It keeps the last `recent` of them and, among older ones, the last of each kind for each
page, like a compacted log. A reader that falls behind or joins late therefore skips events that later ones replaced,
yet it ends with exactly the state that a reader of every event ends with. No reader ever delays an append.

One event loop appends and reads; the log takes no locks.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Self

from crawler.engine_events import PaceChanged, RobotsNoted, WorkerEvent
from crawler.events import Attempt, Event, PageFinished, PageRejected
from crawler.page_key import PageKey

__all__ = ["EventLog", "EventReader", "LogEntry"]

RECENT_PER_PAGE = 10
"""Events to keep for each page of the search although later ones replace them: enough for most pages with all
retries."""

RECENT_AT_LEAST = 100
"""The same for a search of few pages."""

ENGINE_EVENTS = 100
"""Engine events to keep for late readers, the last of each kind and host: an engine may know thousands of hosts."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event and its number."""

    number: int
    """From 1, one more for each event; a gap after the number read before is the number of events that the reader
    missed."""
    event: Event


class EventLog:
    """The events of a search; a reader that is at most `recent` events behind misses none."""

    def __init__(self, recent: int) -> None:
        self.recent = recent
        self.last = 0
        """The number of the last event; 0 before the first."""
        self._entries: dict[int, LogEntry] = {}
        self._numbers: list[int] = []
        """The keys of `_entries`, in order."""
        self._current: dict[Hashable, int] = {}
        """The last event of each kind for each page, by `_key`."""
        self._of_engine: dict[Hashable, None] = {}
        """The keys in `_current` of engine events, the least recently updated first."""
        self._replaced: deque[int] = deque()
        """Events that a later one has replaced, but that are still in memory."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._appended = asyncio.Event()

    @classmethod
    def for_pages(cls, pages: int) -> Self:
        """Return a log for a search of at most `pages` pages, including those in price order."""
        return cls(max(RECENT_AT_LEAST, RECENT_PER_PAGE * pages))

    def __len__(self) -> int:
        """Count the events in memory: at most three for each page, `ENGINE_EVENTS`, `recent`, and a few."""
        return len(self._entries)

    @property
    def closed(self) -> bool:
        """True once the search has ended: no more events follow."""
        return self._ended.done()

    def append(self, event: Event) -> None:
        """Add an event and wake the readers that wait for one."""
        self.last += 1
        self._entries[self.last] = LogEntry(self.last, event)
        self._numbers.append(self.last)
        self._replace(_key(event), self.last, of_engine=isinstance(event, _ENGINE_EVENTS))
        while len(self._replaced) > self.recent:
            number = self._replaced.popleft()
            del self._entries[number], self._numbers[bisect_left(self._numbers, number)]
        self._wake()

    def close(self, error: BaseException | None = None) -> None:
        """End the log. Each reader reads the rest and then ends, by raising `error` if there is one."""
        if self.closed:
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)
        self._wake()

    def read(self, after: int = 0) -> EventReader:
        """Return a reader of the events numbered above `after`; it waits for events still to come.

        A number that this log has not reached belongs to another log; the reader then starts at the first event.
        """
        return EventReader(self, after if 0 <= after <= self.last else 0)

    async def next_entry(self, after: int) -> LogEntry | None:
        """Wait for the first entry numbered above `after`; return None after the last.

        Raises the error that the log was closed with.
        """
        while (at := bisect_right(self._numbers, after)) == len(self._numbers):
            if self.closed:
                self._ended.result()
                return None
            await self._appended.wait()
        return self._entries[self._numbers[at]]

    def _replace(self, key: Hashable, number: int, *, of_engine: bool) -> None:
        """Make an event the last one of its key; the previous one may then be dropped."""
        if (before := self._current.get(key)) is not None:
            self._replaced.append(before)
        self._current[key] = number
        if of_engine:
            self._of_engine.pop(key, None)
            self._of_engine[key] = None
            if len(self._of_engine) > ENGINE_EVENTS:
                oldest = next(iter(self._of_engine))
                del self._of_engine[oldest]
                self._replaced.append(self._current.pop(oldest))

    def _wake(self) -> None:
        self._appended.set()
        self._appended = asyncio.Event()


class EventReader:
    """An async iterator over the entries of a log; `number` is its cursor."""

    def __init__(self, log: EventLog, after: int) -> None:
        self._log = log
        self.number = after
        """The number of the entry read last."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LogEntry:
        entry = await self._log.next_entry(self.number)
        if entry is None:
            raise StopAsyncIteration
        self.number = entry.number
        return entry


_ENGINE_EVENTS = (PaceChanged, RobotsNoted, WorkerEvent)


def _key(event: Event) -> Hashable:
    """Return the subject of an event: a later event with the same key replaces it."""
    match event:
        case Attempt() | PageRejected() | PageFinished():
            return type(event), PageKey(event.price_order, event.page)
        case PaceChanged():
            return type(event), event.host, event.gap is None
        case RobotsNoted():
            return type(event), event.host, event.note
        case WorkerEvent():
            return type(event), event.what
        case _:
            return (type(event),)
