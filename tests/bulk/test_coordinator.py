"""The coordinator with real processes: the end, replaced processes, blamed pages, a limit to patience."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from crawler.bulk import coordinator, process_group, supervision
from crawler.bulk.coordinator import Coordinator, Outcome
from crawler.bulk.model import BulkOptions
from crawler.bulk.process_group import ProcessEvent, ProcessGroup
from crawler.bulk.progress import Progress
from crawler.bulk.pulse import Pulse
from crawler.bulk.shard_process import pulse_path, run_process
from crawler.bulk.supervision import ProcessTarget
from crawler.errors import OutputError
from tests.bulk import process_targets
from tests.bulk.sites import PAGE, fill, options_for, page, read_lines, serving, targets, until
from tests.processes import children

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


class Run:
    """A run of a coordinator in a thread, with everything that it reported."""

    def __init__(
        self,
        options: BulkOptions,
        *,
        processes: int = 1,
        target: ProcessTarget = run_process,
        intake: coordinator.Intake | None = None,
        **values: Any,
    ) -> None:
        self.events: list[ProcessEvent] = []
        self.counts: list[Mapping[str, int]] = []
        self.coordinator = Coordinator(
            options,
            processes=processes,
            intake=intake,
            on_intake=self.counts.append,
            on_progress=lambda _: None,
            on_event=self.events.append,
            target=target,
            **values,
        )

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(asyncio.to_thread(self.coordinator.run), 60)

    def happened(self, what: str) -> list[ProcessEvent]:
        return [event for event in self.events if event.what == what]


def verdicts(out: Path) -> dict[int, str]:
    """Return the verdicts by number, of which each may have one line only."""
    lines = read_lines(out)
    assert not [number for number, n in Counter(line["number"] for line in lines).items() if n > 1]
    return {line["number"]: line["verdict"] for line in lines}


def evil(marks: Mapping[str, bytes]) -> Callable[[web.Request], asyncio.Future[web.StreamResponse]]:
    """Return an answer that puts marks into the pages of some paths."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = PAGE.format(path=request.path).encode() + marks.get(request.path, b"")
        return web.Response(body=body, content_type="text/html")

    return answer  # type: ignore[return-value]


async def test_redirects_between_shards_end_exactly_once(tmp_path: Path) -> None:
    """Targets handed over from process to process and back all end; the crawl ends when none is left."""

    async def answer(request: web.Request) -> web.StreamResponse:
        number, left = (int(part) for part in request.path.strip("/").split("/"))
        if left:
            host = f"127.0.0.{1 + (number + left) % 8}:{request.host.partition(':')[2]}"
            return web.Response(status=302, headers={"Location": f"http://{host}/{number}/{left - 1}"})
        return await page(request)

    async with serving(answer, hosts=8) as sites:
        options = options_for(tmp_path, shards=3)
        fill(options, targets([sites.url(1 + n % 8, f"/{n}/{n % 4}") for n in range(60)]))
        run = Run(options, processes=2)
        outcome = await run.outcome()
    assert (outcome.finished, outcome.error, outcome.stopped) == (True, None, "")
    assert verdicts(tmp_path) == dict.fromkeys(range(1, 61), "ok")
    assert (outcome.snapshot.done, outcome.snapshot.total) == (60, 60)
    assert not run.happened("ended")
    assert not children()


async def test_a_page_that_hangs_or_crashes_the_parser_costs_that_page(tmp_path: Path) -> None:
    """Each such page is saved with its verdict; all others are read, and every URL has one result."""
    marks = {"/3": process_targets.HANG, "/7": process_targets.CRASH}
    async with serving(evil(marks)) as sites:
        options = options_for(tmp_path, parse_seconds=3.0)
        fill(options, targets([sites.url(1 + n % 3, f"/{n}") for n in range(30)]))
        run = Run(options, target=process_targets.with_evil_pages)
        outcome = await run.outcome()
    assert outcome.finished
    expected = dict.fromkeys(range(1, 31), "ok")
    expected |= {4: "parse_timeout", 8: "parse_crashed"}
    assert verdicts(tmp_path) == expected
    assert all(line["bytes"] for line in read_lines(tmp_path))
    assert {event.number for event in run.happened("blamed")} == {4, 8}


async def test_a_process_killed_while_it_parses_blames_no_page(tmp_path: Path) -> None:
    """One death proves nothing about the page: it is parsed again by the next process."""
    async with serving() as sites:
        options = options_for(tmp_path)
        fill(options, targets([sites.url(1, f"/{n}") for n in range(10)]))
        run = Run(options, target=process_targets.killed_once_while_parsing)
        outcome = await run.outcome()
    assert outcome.finished
    assert verdicts(tmp_path) == dict.fromkeys(range(1, 11), "ok")
    assert [event.detail for event in run.happened("ended")] == ["signal 9"]
    assert not run.happened("blamed")


@pytest.mark.slow
async def test_a_process_without_a_heartbeat_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "SILENT_SECONDS", 3.0)  # longer than the start of a process
    async with serving() as sites:
        options = options_for(tmp_path)
        fill(options, targets([sites.url(1, f"/{n}") for n in range(10)]))
        run = Run(options, target=process_targets.stuck_once)
        outcome = await run.outcome()
    assert outcome.finished
    assert len(run.happened("hung")) >= 1
    assert verdicts(tmp_path) == dict.fromkeys(range(1, 11), "ok")


@pytest.mark.parametrize(
    ("target", "why"), [(process_targets.dying, "exit code 7"), (process_targets.failing, "no such luck")]
)
async def test_a_process_that_dies_again_and_again_ends_the_crawl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: ProcessTarget, why: str
) -> None:
    """It is not restarted for ever; the reason is told, and the targets stay pending."""
    monkeypatch.setattr(process_group, "_RESTART_SECONDS", 0.01)
    options = options_for(tmp_path)
    fill(options, targets(["http://127.0.0.1:9/"]))
    run = Run(options, target=target)
    outcome = await run.outcome()
    assert not outcome.finished
    assert why in str(outcome.error)
    assert len(run.happened("started")) == 3
    assert (outcome.snapshot.done, outcome.snapshot.total) == (0, 1)
    assert not children()


class BrokenIntake:
    """An intake whose disk is full."""

    targets = 0

    def run(self, stopped: Callable[[], bool]) -> Mapping[str, int] | None:
        raise OutputError("the disk is full")


async def test_an_intake_that_fails_ends_the_crawl(tmp_path: Path) -> None:
    outcome = await Run(options_for(tmp_path), intake=BrokenIntake()).outcome()
    assert (outcome.finished, str(outcome.error)) == (False, "the disk is full")


async def test_a_stop_saves_what_was_fetched(tmp_path: Path) -> None:
    """Requests in flight are cancelled, and their targets stay pending."""
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/0":
            await release.wait()
        return await page(request)

    async with serving(answer) as sites:
        options = options_for(tmp_path)
        fill(options, targets([sites.url(1, f"/{n}") for n in range(10)]))
        run = Run(options)
        ending = asyncio.create_task(run.outcome())
        await until(lambda: len(sites.paths()) == 9)  # /0 has ended, and eight wait
        run.coordinator.stop("enough")
        outcome = await ending
    assert (outcome.finished, outcome.stopped, outcome.error) == (False, "enough", None)
    assert verdicts(tmp_path) == {1: "ok"}
    assert (outcome.snapshot.done, outcome.snapshot.total) == (1, 10)


async def test_a_stop_after_the_last_result_leaves_a_finished_crawl(tmp_path: Path) -> None:
    """Nothing is missing, so nothing is reported as stopped."""
    async with serving() as sites:
        options = options_for(tmp_path)
        fill(options, targets([sites.url(1, f"/{n}") for n in range(5)]))
        run = Run(options)
        ending = asyncio.create_task(run.outcome())
        await until(lambda: len(read_lines(tmp_path)) == 5)
        run.coordinator.stop("enough")
        outcome = await ending
    assert (outcome.finished, outcome.stopped, outcome.error) == (True, "", None)


async def test_a_deadline_stops_the_crawl(tmp_path: Path) -> None:
    options = options_for(tmp_path)
    fill(options, targets(["http://127.0.0.1:9/"]))
    outcome = await Run(options, max_seconds=0.01).outcome()
    assert (outcome.finished, outcome.stopped) == (False, "the deadline of 0.01 s was reached")


async def test_fewer_processes_than_wanted_do_all_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the system has no room for the second process, the first gets its shards, and one line says so."""
    start, attempts = supervision.ShardProcess.__init__, Counter[int]()

    def start_one(process: supervision.ShardProcess, slot: int, *args: object) -> None:
        attempts[slot] += 1
        if slot:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        start(process, slot, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(supervision.ShardProcess, "__init__", start_one)
    async with serving() as sites:
        options = options_for(tmp_path, shards=2)
        fill(options, targets([sites.url(1 + n % 3, f"/{n}") for n in range(20)]))
        run = Run(options, processes=2)
        outcome = await run.outcome()
    assert outcome.finished
    assert verdicts(tmp_path) == dict.fromkeys(range(1, 21), "ok")
    assert [event.number for event in run.happened("few")] == [1]


async def test_a_pause_of_the_coordinator_itself_blames_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine or a job that was suspended for 100 s stops the parser, too, whatever the coordinator did just then."""
    options = options_for(tmp_path, parse_seconds=10.0)
    fill(options, targets(["http://a.example/"]))
    events: list[ProcessEvent] = []
    passed = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    group = ProcessGroup(options, 1, Progress(), on_event=events.append, target=process_targets.parsing)
    group.start()
    try:
        with Pulse.open(pulse_path(tmp_path, 0)) as pulse:
            await until(lambda: bool(pulse.read().number))
        monkeypatch.setattr(process_group, "time", clock)
        group.supervise(0)
        passed = 100.0
        group.supervise(0)
        assert [event.what for event in events] == ["started"]
        for _ in range(6):
            passed += 2.0
            group.supervise(0)
        assert [event.what for event in events][:3] == ["started", "hung", "blamed"]
    finally:
        group.close()
