"""The events of a search that cause a line on stderr."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.cli.progress import ProgressReporter
from crawler.engine_events import PaceChanged, WorkerEvent
from crawler.events import Attempt, Event, PageFinished, PagesKnown, SearchFinished, SearchStarted
from crawler.verdict import Verdict
from tests.factories import make_empty_result, make_page, make_result

STARTED = SearchStarted("書", "书", 3)


def finished(page: int, verdict: Verdict, detail: str = "", *, revised: bool = False) -> PageFinished:
    listings = 60 if verdict is Verdict.OK else 0
    return PageFinished(page, verdict, detail, listings, Decimal("8.80"), 60, revised)


async def told(capsys: pytest.CaptureFixture[str], *events: Event, verbose: bool = False) -> list[str]:
    """Return the lines that a reporter writes for these events."""
    reporter = ProgressReporter(bar=False, verbose=verbose)
    for event in (STARTED, *events):
        await reporter.handle(event)
    reporter.close()
    return capsys.readouterr().err.splitlines()


async def test_what_goes_well_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Successful pages, and attempts that a retry fixed, are not reported."""
    events: list[Event] = [
        Attempt(1, "http://x", 1, "503", 0.1, 0.5),
        WorkerEvent("started", 7, "fork"),
        PagesKnown(2),
        finished(1, Verdict.OK),
        finished(3, Verdict.PAST_END, "the shop reports 2 pages"),
        finished(2, Verdict.NO_RESULTS),
    ]
    assert await told(capsys, *events) == []


async def test_failed_pages_wait_for_a_page_that_was_had(capsys: pytest.CaptureFixture[str]) -> None:
    """A failed page is reported once, in page order, as soon as any page was read."""
    failures = [finished(2, Verdict.BLOCKED, "403"), finished(1, Verdict.HTTP_ERROR, "404")]
    assert await told(capsys, *failures) == []
    assert await told(capsys, *failures, finished(3, Verdict.OK)) == [
        "page 1: HTTP error: 404",
        "page 2: blocked: 403",
    ]


async def test_pages_that_were_not_asked_for_are_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Pages left by an interrupt are counted at the end, not reported one by one."""
    assert await told(capsys, finished(1, Verdict.OK), finished(2, Verdict.NOT_ASKED, "interrupted")) == []


async def test_price_pages_that_fail_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """They cost only a proof: one line at the end for those that count; one line each with --verbose."""
    failed = [replace(finished(n, Verdict.HTTP_ERROR, "404"), price_order=True) for n in (1, 2, 3, 4)]
    pages = tuple(make_page(n, verdict=Verdict.HTTP_ERROR, detail="404") for n in (1, 2, 3))
    end = SearchFinished(make_result(price_pages=pages))
    events: list[Event] = [*failed, finished(1, Verdict.OK), finished(2, Verdict.BLOCKED, "403"), end]
    assert await told(capsys, *events) == [
        "page 2: blocked: 403",
        "3 of 3 price pages failed: HTTP error: 404",
    ]
    in_full = await told(capsys, *events, verbose=True)
    assert sum("of the price order: " in line for line in in_full) == 4
    assert not any("price pages" in line for line in in_full)
    nothing = SearchFinished(make_empty_result(*pages, price_pages=pages))
    assert await told(capsys, *failed, nothing) == []


async def test_a_failure_that_is_taken_back_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """After a reported failure, a line says that the page did not fail after all."""
    lines = await told(
        capsys,
        finished(1, Verdict.OK),
        finished(3, Verdict.LAYOUT_CHANGED, "0 could be read"),
        finished(3, Verdict.PAST_END, "the shop reports 2 pages", revised=True),
    )
    assert lines == [
        "page 3: page layout changed: 0 could be read",
        "page 3 (corrected): past the end: the shop reports 2 pages",
    ]


async def test_lines_for_people_have_no_names_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Every failed page is reported in words; the name of the verdict is only for --verbose."""
    failed = [verdict for verdict in Verdict if verdict.failed and verdict is not Verdict.NOT_ASKED]
    events = [finished(n, verdict, "why") for n, verdict in enumerate(failed, start=2)]
    lines = await told(capsys, finished(1, Verdict.OK), *events)
    assert [line.rpartition(": ")[2] for line in lines] == ["why"] * len(failed)
    assert not re.search("_|revised", "".join(lines))
    in_full = await told(capsys, *events, verbose=True)
    assert [line.split(": ")[1] for line in in_full[1:]] == [verdict.value for verdict in failed]
    (line,) = await told(
        capsys, finished(1, Verdict.OK), finished(2, Verdict.UNEXPECTED_PAGE, "not a search page: title 404")
    )
    assert line == "page 2: not a search page: title 404"


async def test_what_a_shop_says_cannot_write_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends, escape codes and direction marks in a detail are removed; --verbose shows them escaped."""
    hostile = "403\r\npage 9: ok\x1b[2J\u202e"
    (line,) = await told(capsys, finished(1, Verdict.OK), finished(2, Verdict.BLOCKED, hostile))
    assert line == "page 2: blocked: 403 page 9: ok"
    *_, line = await told(capsys, finished(2, Verdict.BLOCKED, hostile), verbose=True)
    assert line == "page 2: blocked: 403 page 9: ok\\x1b[2J\\u202e"


async def test_verbose_sums_up_how_items_were_read(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line of --verbose counts the items of all pages by the way they were read, a revised page once."""
    pages = (
        replace(finished(1, Verdict.OK), plain_items=60),
        replace(finished(2, Verdict.OK), plain_items=50, tree_items=10),
        replace(finished(2, Verdict.OK, revised=True), plain_items=50, tree_items=10),
        SearchFinished(make_result()),
    )
    assert (await told(capsys, *pages, verbose=True))[-1] == ("parsed 110 items by pattern, 10 from a tree")
    assert await told(capsys, *pages) == []


async def test_verbose_tells_everything_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """--verbose has a line for each event, and does not hold back failures."""
    lines = await told(
        capsys,
        Attempt(1, "http://x", 1, "503 Service Unavailable", 0.1, 0.5),
        WorkerEvent("killed", 7, "page 1 took longer than 10 s"),
        PagesKnown(2),
        finished(1, Verdict.BLOCKED, "403"),
        verbose=True,
    )
    assert lines == [
        "searching for 书 (typed 書): 3 pages",
        "page 1: attempt 1: 503 Service Unavailable in 0.10 s; retrying in 0.5 s",
        "parse process 7: killed (page 1 took longer than 10 s)",
        "the shop reports 2 pages",
        "page 1: blocked: 403",
    ]


async def test_a_pace_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Parallel requests and the gap between requests are lines of --verbose, each with its reason."""
    events: list[Event] = [
        PaceChanged("shop.example:80", 4, "6 of 10 simultaneous requests were refused"),
        PaceChanged("shop.example:80", 1, "requests were refused again"),
        PaceChanged("shop.example:80", 4, "requests were refused", gap=0.5),
        PaceChanged("shop.example:80", 4, "12 responses at one request every 0.01 s", gap=0.0),
    ]
    assert await told(capsys, *events) == []
    assert (await told(capsys, *events, verbose=True))[1:] == [
        "shop.example:80: 4 requests at a time from now on (6 of 10 simultaneous requests were refused)",
        "shop.example:80: one request at a time from now on (requests were refused again)",
        "shop.example:80: one request every 0.5 s from now on (requests were refused)",
        "shop.example:80: no gap between requests from now on (12 responses at one request every 0.01 s)",
    ]


async def test_a_package_that_is_broken_shows_at_once() -> None:
    """The error of an advance import is raised with the next event, before the whole search has run."""
    reporter = ProgressReporter(bar=False, verbose=False, preload=("crawler.no_such_module",))
    await reporter.handle(STARTED)
    assert reporter._preloading is not None
    await asyncio.wait([reporter._preloading])
    with pytest.raises(ModuleNotFoundError):
        await reporter.handle(PagesKnown(2))
    reporter.close()


async def test_a_search_that_ends_early_waits_for_its_imports() -> None:
    """It does not wait for the delay, which is for searches of a network."""
    reporter = ProgressReporter(
        bar=False, verbose=False, preload=("crawler.no_such_module",), preload_delay=3600
    )
    await reporter.handle(STARTED)
    with pytest.raises(ModuleNotFoundError):
        await reporter.handle(SearchFinished(make_result()))
