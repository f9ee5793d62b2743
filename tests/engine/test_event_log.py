"""The event log: many readers at their own speed, one picture in the end, bounded memory, and no reader that delays."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import (
    Attempt,
    Crawler,
    Event,
    PaceChanged,
    PageFinished,
    PagesKnown,
    RobotsNoted,
    SearchFinished,
    SearchStarted,
    Settings,
    Verdict,
    WorkerEvent,
)
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.events import PageRejected
from crawler.page_key import PageKey
from crawler.search.event_log import ENGINE_EVENTS, EventLog, EventReader, LogEntry
from tests.factories import make_empty_result, make_page

if TYPE_CHECKING:
    from crawler.recording.replay_model import Recorder

QUERY = "滲透測試"
PAGES = 4


class Picture(NamedTuple):
    """What a page on the screen shows of a search."""

    verdicts: dict[PageKey, tuple[Verdict, str, int]]
    attempts: dict[PageKey, int]
    available: int | None
    books: int
    cheapest: Decimal | None
    pace: dict[str, int]
    is_over: bool


def picture_of(events: Iterable[Event]) -> Picture:
    """Draw a search from its events, as a reader does that takes each in turn."""
    picture = Picture({}, {}, None, 0, None, {}, is_over=False)
    for event in events:
        match event:
            case PageFinished():
                key = PageKey(event.price_order, event.page)
                picture.verdicts[key] = (event.verdict, event.detail, event.listings)
                picture = picture._replace(books=event.books, cheapest=event.cheapest)
            case Attempt():
                picture.attempts[PageKey(event.price_order, event.page)] = event.number
            case PagesKnown():
                picture = picture._replace(available=event.available)
            case PaceChanged():
                picture.pace[event.host] = event.at_once
            case SearchFinished():
                picture = picture._replace(is_over=True)
    return picture


def finished(page: int, *, books: int = 0, price_order: bool = False) -> PageFinished:
    return PageFinished(
        page, Verdict.OK, "", listings=60, cheapest=Decimal(books), books=books, price_order=price_order
    )


def attempt(page: int, number: int = 1) -> Attempt:
    return Attempt(page, f"https://shop/{page}", number, "200", 0.1, None)


OVER = SearchFinished(make_empty_result(make_page(1)))

NUMBERS = st.integers(1, PAGES)
EVENTS = st.one_of(
    st.builds(
        PageFinished,
        page=NUMBERS,
        verdict=st.sampled_from(Verdict),
        detail=st.sampled_from(["", "403"]),
        listings=st.integers(0, 60),
        cheapest=st.none() | st.integers(1, 9).map(Decimal),
        books=st.integers(0, 99),
        revised=st.booleans(),
        price_order=st.booleans(),
    ),
    st.builds(attempt, NUMBERS, st.integers(1, 4)),
    st.builds(PageRejected, page=NUMBERS, detail=st.just("cut")),
    st.builds(PagesKnown, available=st.integers(0, 100)),
    st.builds(PaceChanged, host=st.sampled_from("ab"), at_once=st.integers(1, 10), why=st.just("429")),
    st.builds(RobotsNoted, host=st.sampled_from("ab"), note=st.sampled_from(["old", "cut"])),
    st.builds(
        WorkerEvent, what=st.sampled_from(["lost", "started"]), pid=st.integers(1, 9), detail=st.just("")
    ),
)
BURSTS = st.lists(
    st.tuples(st.lists(EVENTS, max_size=40), st.lists(st.integers(0, 60), min_size=3, max_size=3)), max_size=8
)
"""Events that are appended, and how many entries each of three readers then reads at most."""


async def read_some(log: EventLog, reader: EventReader, most: int) -> list[LogEntry]:
    """Read what is there, at most so many entries."""
    entries: list[LogEntry] = []
    while len(entries) < most and reader.number < log.last:
        entries.append(await anext(reader))
    return entries


@given(BURSTS, st.integers(0, 10))
def test_readers_of_any_speed_end_with_the_same_picture(
    bursts: list[tuple[list[Event], list[int]]], recent: int
) -> None:
    """A reader that was slow, joined late or came back draws what a reader of every event draws, in order."""
    asyncio.run(_read_at_any_speed(bursts, recent))


async def _read_at_any_speed(bursts: list[tuple[list[Event], list[int]]], recent: int) -> None:
    log, everything = EventLog(recent), list[Event]()
    readers = [log.read() for _ in range(3)]
    read: list[list[LogEntry]] = [[] for _ in readers]
    joined: list[int] = []
    for events, counts in bursts:
        for event in events:
            log.append(event)
        everything += events
        joined.append(log.last)
        for reader, entries, most in zip(readers, read, counts, strict=True):
            behind = log.last - reader.number
            some = await read_some(log, reader, most)
            if behind <= recent:
                assert [entry.number for entry in some] == list(
                    range(log.last - behind + 1, reader.number + 1)
                )
            entries.extend(some)
            if reader.number == log.last:
                assert picture_of(entry.event for entry in entries) == picture_of(everything)
    log.append(OVER)
    log.close()
    whole = picture_of([*everything, OVER])
    for reader, entries in zip(readers, read, strict=True):
        entries.extend([entry async for entry in reader])
        numbers = [entry.number for entry in entries]
        assert numbers == sorted(set(numbers))
        assert all(entry.event is [*everything, OVER][entry.number - 1] for entry in entries)
        assert picture_of(entry.event for entry in entries) == whole
    assert picture_of([entry.event async for entry in log.read()]) == whole  # joined when all was over
    for seen in joined:  # came back with the number of the event that it saw last
        rest = [entry.event async for entry in log.read(after=seen)]
        assert picture_of([*everything[:seen], *rest]) == whole


async def test_memory_is_bounded_by_the_pages_of_the_search() -> None:
    """However many events a search of 20 pages has, and however many hosts its engine knows, the log stays small."""
    pages = 20
    log = EventLog.for_pages(pages)
    bound = 3 * pages + ENGINE_EVENTS + log.recent

    def append(rounds: int) -> None:
        for number in range(rounds):
            page = number % pages + 1
            for event in (
                attempt(page, number),
                PageRejected(page, "cut"),
                replace(finished(page, books=number), revised=number >= pages),
                PaceChanged(f"host{number}:443", 5, "429"),
                RobotsNoted(f"host{number}:443", "an old copy"),
                WorkerEvent("lost", number, ""),
            ):
                log.append(event)
                assert len(log) <= bound

    append(1_000)
    tracemalloc.start()
    try:
        append(5_000)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is in the log now was all made since: some 0.5 KB an event. Every event would be 15 MB.
    assert grown < bound * 1_000
    log.close()
    entries = [entry async for entry in log.read()]
    assert len(entries) == len(log)
    assert {entry.event.page for entry in entries if isinstance(entry.event, PageFinished)} == set(
        range(1, 21)
    )


async def test_a_number_of_another_log_reads_from_the_start() -> None:
    """A browser that comes back with a number that this log never gave misses nothing."""
    log = EventLog.for_pages(1)
    for page in (1, 2):
        log.append(finished(page))
    log.close()
    for after in (-1, 3, 10**9):
        assert [entry.number async for entry in log.read(after)] == [1, 2]
    assert [entry.number async for entry in log.read(2)] == []


async def test_every_reader_waits_and_gets_the_error_that_ended_the_search() -> None:
    """Readers that wait are woken by an event, and by the end; a defect of ours ends none of them in silence."""
    log, got = EventLog.for_pages(1), asyncio.Queue[int]()

    async def follow() -> None:
        async for entry in log.read():
            got.put_nowait(entry.number)

    readers = [asyncio.create_task(follow()) for _ in range(3)]
    await asyncio.sleep(0)
    log.append(finished(1))
    assert [await got.get() for _ in readers] == [1, 1, 1]
    log.close(RuntimeError("a defect"))
    for ended in await asyncio.gather(*readers, return_exceptions=True):
        assert isinstance(ended, RuntimeError)
    assert got.empty()


async def test_a_defect_of_ours_comes_out_of_the_search() -> None:
    """A search that breaks raises what broke it; it does not just end without a result."""
    no_recorder = cast("Recorder", object())
    async with DemoShop() as shop, Crawler(Settings(base_url=shop.base_url)) as crawler:
        with pytest.raises(AttributeError, match="begin"):
            [event async for event in crawler.search(QUERY, recorder=no_recorder)]


async def test_a_search_that_nobody_reads_comes_to_its_end() -> None:
    """No reader delays a search: not one that never reads, nor one that gave up, nor that there is none."""
    faults = [Fault(FaultKind.STATUS, pages=range(3, 6), status=500, times=1)]
    async with (
        DemoShop(faults=faults) as shop,
        Crawler(Settings(base_url=shop.base_url, concurrency=4)) as crawler,
        crawler.start(QUERY, pages=12) as search,
    ):
        never, gave_up = search.log.read(), search.log.read()
        await anext(gave_up)
        await search.ended()
        late = [entry async for entry in search.log.read()]
        slow = [entry.event async for entry in never]
        back = [entry.event async for entry in search.log.read(after=late[9].number)]
    assert isinstance(late[-1].event, SearchFinished)
    result = late[-1].event.result
    assert result.complete
    events = [entry.event for entry in late]
    assert slow == events
    assert back == events[10:]
    drawn = picture_of(events)
    own = {key.number: verdict for key, verdict in drawn.verdicts.items() if not key.price_order}
    assert own == {page.page: (page.verdict, page.detail, len(page.listings)) for page in result.pages}
    assert drawn.available == result.available


async def test_readers_of_one_search_see_the_same_events_while_it_runs() -> None:
    """Several readers follow a search at once; one that comes back goes on where it was, and misses nothing."""
    async with DemoShop() as shop, Crawler(Settings(base_url=shop.base_url)) as crawler:
        async with crawler.start(QUERY, pages=5) as search:

            async def follow() -> list[LogEntry]:
                return [entry async for entry in search.log.read()]

            async def come_back() -> list[LogEntry]:
                entries: list[LogEntry] = []
                while not entries or not isinstance(entries[-1].event, SearchFinished):
                    entries.append(await anext(search.log.read(after=len(entries))))
                return entries

            first, second, third = await asyncio.gather(follow(), follow(), come_back())
        assert first == second == third
        assert [entry.number for entry in first] == list(range(1, len(first) + 1))


async def test_leaving_a_search_that_runs_ends_its_readers() -> None:
    """Where the block of `start` is left, the search is given up; a reader elsewhere ends, without a result."""
    faults = [Fault(FaultKind.LATENCY, pages=range(2, 100), delay=600)]
    async with DemoShop(faults=faults) as shop, Crawler(Settings(base_url=shop.base_url)) as crawler:
        async with crawler.start(QUERY, pages=5) as search:

            async def follow() -> list[Event]:
                return [entry.event async for entry in search.log.read()]

            reader = asyncio.create_task(follow())
            async for entry in search.log.read():
                if isinstance(entry.event, PageFinished):
                    break
        events = await reader
    assert isinstance(events[0], SearchStarted)
    assert not any(isinstance(event, SearchFinished) for event in events)
