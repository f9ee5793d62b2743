"""The parse pool survives its workers, and leaves none behind."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from decimal import Decimal
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import SemLock
from pathlib import Path
from typing import Any

import pytest

from crawler.engine_events import WorkerEvent
from crawler.parsing import worker
from crawler.parsing.job import ParseFailure, ParseFailureReason, ParseJob
from crawler.parsing.page_parser import ExecutorParser, PageParser, page_parser, worker_count
from crawler.parsing.pool import WAITING_PAGES, ParsePool
from crawler.parsing.pool import _PoolInstance as PoolInstance
from crawler.phrases import Phrase
from parsers.model import SearchPage
from parsers.product import ProductPage, parse_product_page
from parsers.registry import PRODUCT, SEARCH
from tests.engine.parse_tasks import hang_with_half_a_result, obey
from tests.processes import gone

METHODS = [m for m in ("spawn", "forkserver") if m in multiprocessing.get_all_start_methods()]


@pytest.fixture(params=METHODS)
async def pool(request: pytest.FixtureRequest) -> AsyncIterator[ParsePool]:
    pool = ParsePool(workers=2, timeout=20.0, start_method=request.param, task=obey)
    yield pool
    await pool.close()


async def parse(pool: PageParser, body: str, page: int = 1) -> SearchPage | ParseFailure:
    return await pool.parse(ParseJob("parsers.dangdang", SEARCH, body.encode(), None, page))


def worker_ids(events: list[WorkerEvent], what: str) -> set[int | None]:
    return {event.pid for event in events if event.what == what}


@pytest.mark.skipif(sys.platform != "linux", reason="sets the capacity of a pipe as Linux does")
async def test_a_page_fits_into_the_pipe_to_the_workers(pool: ParsePool) -> None:
    """A page waits in the pipe as a whole, so that a worker never waits for the next piece of it."""
    import fcntl

    pool.warm_up(1)
    instance = pool._generation
    assert instance is not None
    assert fcntl.fcntl(instance._call_pipe._writer.fileno(), fcntl.F_GETPIPE_SZ) >= 500_000


async def test_pages_are_parsed_in_the_workers(pool: ParsePool) -> None:
    """Each result belongs to its page, and none is parsed in this process."""
    pages = await asyncio.gather(*(parse(pool, "answer", n) for n in range(1, 21)))
    assert [page.page for page in pages if isinstance(page, SearchPage)] == list(range(1, 21))
    assert os.getpid() not in {int(page.sign) for page in pages if isinstance(page, SearchPage)}


async def test_a_page_that_kills_its_worker_costs_itself_alone(pool: ParsePool) -> None:
    """The page at fault is named, and all its neighbours are parsed."""
    bodies = ["answer"] * 9 + ["die"] + ["answer"] * 10
    outcomes = await asyncio.gather(*(parse(pool, body, n) for n, body in enumerate(bodies)))
    failures = {n: o for n, o in enumerate(outcomes) if isinstance(o, ParseFailure)}
    assert list(failures) == [9]
    assert failures[9].reason is ParseFailureReason.CRASHED


async def test_two_pages_that_kill_their_workers_are_both_found(pool: ParsePool) -> None:
    """Suspects are tried one by one, so each page at fault is found."""
    bodies = ["die", "exit", "answer", "answer"]
    outcomes = await asyncio.gather(*(parse(pool, body, n) for n, body in enumerate(bodies)))
    assert [isinstance(o, ParseFailure) for o in outcomes] == [True, True, False, False]


@pytest.mark.skipif(sys.version_info >= (3, 12, 1), reason="Python itself breaks the pool cleanly")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_while_another_starts_leaves_no_process(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool breaks before or after a submission: a process that starts meanwhile is ended with the others."""
    started: list[BaseProcess] = []

    process_type: Any = worker.PROCESS_TYPES[method]

    class Late(process_type):  # type: ignore[misc]  # one of several classes
        def start(self) -> None:
            if started:
                started[0].kill()
                started[0].join()
                threading.Event().wait(0.3)  # the executor's thread may find the dead one now
            super().start()
            started.append(self)

    Late.__module__, Late.__qualname__ = __name__, "Late"
    monkeypatch.setitem(worker.PROCESS_TYPES, method, Late)
    monkeypatch.setattr(sys.modules[__name__], "Late", Late, raising=False)
    pool = PoolInstance(method, 2)
    futures = [pool.executor.submit(time.sleep, 60), pool.executor.submit(time.sleep, 60)]
    try:
        for future in futures:
            with pytest.raises(BrokenProcessPool):
                future.result(20)
        pool.join()
        assert len(started) == 2
        assert [process.is_alive() for process in pool.processes] == [False, False]
    finally:
        pool.kill()


async def test_a_worker_that_dies_by_chance_costs_nothing(pool: ParsePool, tmp_path: Path) -> None:
    """If a worker is killed from outside, the next one parses its page."""
    outcome = await parse(pool, f"die-once {tmp_path / 'died'}")
    assert isinstance(outcome, SearchPage)


@pytest.mark.parametrize("order", ["hang", pytest.param("spin", marks=pytest.mark.slow)])
async def test_a_page_that_hangs_is_given_up_and_its_worker_killed(order: str) -> None:
    """A page that hangs ends in `parse_timeout`, its neighbours are parsed, and its worker is gone."""
    pool = ParsePool(workers=2, timeout=4.0, start_method="spawn", task=obey)
    events: list[WorkerEvent] = []
    pool.on_event = events.append
    pool.warm_up(2)
    try:
        warm = await parse(pool, "answer")
        assert isinstance(warm, SearchPage)
        bodies = [order] + ["answer"] * 5
        outcomes = await asyncio.gather(*(parse(pool, body, n) for n, body in enumerate(bodies)))
    finally:
        await pool.close()
    assert isinstance(outcomes[0], ParseFailure)
    assert outcomes[0].reason is ParseFailureReason.TIMEOUT
    assert all(isinstance(outcome, SearchPage) for outcome in outcomes[1:])
    killed = worker_ids(events, "killed")
    assert len(killed) == 2
    for pid in killed:
        assert pid is not None
        assert await gone(pid)


@pytest.mark.parametrize("method", METHODS)
async def test_a_worker_killed_while_it_writes_its_result_holds_nobody_up(method: str) -> None:
    """The page is given up, and the pool ends, although the rest of the result never comes."""
    pool = ParsePool(workers=1, timeout=1.0, start_method=method, task=hang_with_half_a_result)
    pool.warm_up(1)
    outcome = await parse(pool, "")
    assert outcome == ParseFailure(ParseFailureReason.TIMEOUT, Phrase("parser_slow", seconds=1.0))
    await asyncio.wait_for(pool.close(), 20)


async def test_closing_leaves_no_process(pool: ParsePool) -> None:
    """When close() returns, all workers are gone, even busy ones."""
    events: list[WorkerEvent] = []
    pool.on_event = events.append
    pool.warm_up(2)
    await parse(pool, "answer")
    busy = asyncio.create_task(parse(pool, "hang"))
    await asyncio.sleep(0)
    busy.cancel()
    started = worker_ids(events, "started")
    assert len(started) == 2
    await pool.close()
    for pid in started:
        assert pid is not None
        assert await gone(pid, seconds=1.0)


async def test_a_pages_clock_measures_that_page_alone() -> None:
    """Three pages that take over a third of their limit each, in one worker: none is charged for those before it."""
    pool = ParsePool(workers=1, timeout=4.0, start_method="spawn", task=obey)
    try:
        await parse(pool, "answer")
        outcomes = await asyncio.gather(*(parse(pool, "sleep 1.5") for _ in range(3)))
        assert all(isinstance(outcome, SearchPage) for outcome in outcomes)
    finally:
        await pool.close()


async def test_a_caller_that_leaves_takes_nobody_with_it(tmp_path: Path) -> None:
    """A page whose caller has gone keeps its slot and its timeout: the next page is not charged for it."""
    pool = ParsePool(workers=1, timeout=4.0, start_method="spawn", task=obey)  # includes a new start
    try:
        await parse(pool, "answer")
        hung = asyncio.create_task(parse(pool, "hang"))
        await asyncio.sleep(0.1)
        handed_over = [asyncio.create_task(parse(pool, "answer")) for _ in range(WAITING_PAGES)]
        waiting = asyncio.create_task(parse(pool, f"die-once {tmp_path / 'asked'}"))
        await asyncio.sleep(0)
        for task in (hung, *handed_over, waiting):
            task.cancel()
        assert isinstance(await parse(pool, "answer"), SearchPage)
        assert not (tmp_path / "asked").exists()  # what was not handed over went with its caller
    finally:
        await pool.close()


async def test_a_suspect_that_leaves_returns_its_slots() -> None:
    """A caller that is cancelled while its page waits for a single trial keeps no slot."""
    pool = ParsePool(workers=2, timeout=4.0, start_method="spawn", task=obey)
    loop = asyncio.get_running_loop()
    thirds: asyncio.Queue[asyncio.Task[SearchPage | ParseFailure]] = asyncio.Queue()

    def take_a_slot(event: WorkerEvent) -> None:
        """Submit a third page when the pool breaks: it takes a slot before the two suspects get theirs back."""
        if event.what == "lost" and thirds.empty():
            thirds.put_nowait(loop.create_task(parse(pool, "hang")))

    pool.on_event = take_a_slot
    pool.warm_up(2)
    try:
        await parse(pool, "answer")
        suspects = [asyncio.create_task(parse(pool, order)) for order in ("die", "hang")]
        third = await thirds.get()
        await asyncio.sleep(0.2)  # the suspects wait for the slot that the third holds for 4 s
        for suspect in suspects:
            suspect.cancel()
        await asyncio.wait(suspects)
        await third
        # A suspect is tried alone, which takes every slot: for ever, if one of them were gone.
        crashed = await parse(pool, "die")
        assert isinstance(crashed, ParseFailure)
        assert crashed.reason is ParseFailureReason.CRASHED
        answers = await asyncio.gather(*(parse(pool, "answer") for _ in range(4)))
        assert all(isinstance(answer, SearchPage) for answer in answers)
    finally:
        await pool.close()


@pytest.mark.parametrize("order", ["answer", "die"])
async def test_a_closed_pool_leaves_nothing_to_the_garbage_collector(order: str) -> None:
    """Semaphores that the collector frees make multiprocessing's resource tracker warn of leaks (Python 3.13)."""

    def semaphores() -> int:
        return sum(isinstance(each, SemLock) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = semaphores()
        pool = ParsePool(workers=1, start_method="spawn", task=obey)
        await parse(pool, "answer")
        assert semaphores() > before
        await parse(pool, order)
        await pool.close()
        del pool
        deadline = time.monotonic() + 10
        while semaphores() > before:  # a thread that ends may hold the last of them a moment longer
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
    finally:
        gc.enable()


async def test_closing_may_be_interrupted() -> None:
    """A close() that is cancelled while it waits for a hung worker leaves no worker all the same."""
    pool = ParsePool(workers=1, timeout=60, start_method="spawn", task=obey)
    events: list[WorkerEvent] = []
    pool.on_event = events.append
    await parse(pool, "answer")
    hung = asyncio.create_task(parse(pool, "hang"))
    await asyncio.sleep(0.1)
    hung.cancel()
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing, hung])
    (pid,) = worker_ids(events, "started")
    assert pid is not None
    assert await gone(pid)


async def test_a_pool_that_cannot_start_again_says_so(
    pool: ParsePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no new worker can be started after a crash, the page says so; nothing is raised."""
    assert isinstance(await parse(pool, "answer"), SearchPage)

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor.__init__", refuse)
    outcome = await parse(pool, "die")
    assert isinstance(outcome, ParseFailure)
    assert "no parse process could be started" in outcome.detail


def test_threads_serve_where_no_process_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without semaphores parsing goes on in threads."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor.__init__", refuse)
    for early in (True, False):
        assert isinstance(page_parser(workers=1, timeout=1.0, early=early), ExecutorParser)


async def test_a_close_that_finds_no_thread_does_not_hold_up_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a thread to wait in, closing raises an error and kills the workers; closing again returns."""
    pool = ParsePool(workers=1, timeout=20.0, start_method=METHODS[0], task=obey)
    assert isinstance(await parse(pool, "answer"), SearchPage)
    processes = list(pool._living().processes)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            await pool.close()
    await asyncio.wait_for(pool.close(), 30)
    for process in processes:
        assert process.pid is not None
        assert await gone(process.pid)


@pytest.mark.parametrize(("cpus", "workers"), [(1, 1), (2, 1), (6, 5)])
def test_one_cpu_is_left_to_the_loop(monkeypatch: pytest.MonkeyPatch, cpus: int, workers: int) -> None:
    """By default there is a worker for each usable CPU except one, and at least one."""
    # The first is asked from Python 3.13 on, the second before; not every system has it.
    monkeypatch.setattr(os, "process_cpu_count", lambda: cpus, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)), raising=False)
    assert worker_count(0) == workers


def test_the_number_of_workers() -> None:
    """As many workers as requested, but no more than pages, nor more than the maximum."""
    assert worker_count(3) == 3
    assert worker_count(8, pages=2) == 2
    assert worker_count(1000) <= 64


async def test_a_page_on_which_the_parser_raises_costs_itself_alone(pool: ParsePool) -> None:
    """A bug in the parser gives a value that names it; the worker lives on and parses the other pages."""
    events: list[WorkerEvent] = []
    pool.on_event = events.append
    bad, *good = await asyncio.gather(
        parse(pool, "raise no such list"), *(parse(pool, "answer") for _ in range(4))
    )
    words = Phrase("parser_failed", error="ValueError: no such list")
    assert bad == ParseFailure(ParseFailureReason.CRASHED, words)
    assert all(isinstance(outcome, SearchPage) for outcome in good)
    assert {event.what for event in events} == {"started"}


class Broken(Executor):
    """An executor whose every job fails."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future = Future[Any]()
        future.set_exception(MemoryError("no room"))
        return future


async def test_an_executor_that_fails_costs_each_page_its_own_failure() -> None:
    """An exception from a foreign executor becomes a value, whether raised at once or later."""
    parser = page_parser(workers=1, timeout=5.0, executor=Broken())
    words = Phrase("executor_failed", error="MemoryError: no room")
    assert await parse(parser, "any page") == ParseFailure(ParseFailureReason.CRASHED, words)
    with ThreadPoolExecutor(1) as executor:
        parser = page_parser(workers=1, timeout=5.0, executor=executor)
    outcome = await parse(parser, "any page")
    assert isinstance(outcome, ParseFailure)
    assert isinstance(outcome.detail, Phrase)
    assert outcome.detail.code == "executor_failed"


async def test_an_executor_that_is_too_slow_costs_the_page_its_time() -> None:
    """A page that waits behind a foreign long job is given up; the next page is parsed once that has ended."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        job = executor.submit(release.wait)
        try:
            impatient = page_parser(workers=1, timeout=0.01, executor=executor)
            slow = await parse(impatient, "any page")
        finally:
            release.set()
        assert slow == ParseFailure(ParseFailureReason.TIMEOUT, Phrase("parser_slow", seconds=0.01))
        assert job.result() is True
        assert isinstance(
            await parse(page_parser(workers=1, timeout=60.0, executor=executor), "any page"), SearchPage
        )


async def test_a_page_whose_executor_is_shut_down_is_given_up() -> None:
    """Jobs cancelled from outside become values, too."""
    release = threading.Event()
    executor = ThreadPoolExecutor(1)
    job = executor.submit(release.wait)
    parsing = asyncio.create_task(parse(page_parser(workers=1, timeout=60.0, executor=executor), "any page"))
    await asyncio.sleep(0)  # it hands its page over at its first step
    executor.shutdown(wait=False, cancel_futures=True)
    try:
        assert await parsing == ParseFailure(ParseFailureReason.CRASHED, Phrase("executor_shut_down"))
    finally:
        release.set()
        job.result()


async def test_threads_serve_where_an_executor_is_handed_in() -> None:
    """A foreign executor is used and stays open; its failures become values, too."""
    with ThreadPoolExecutor(1) as executor:
        parser = page_parser(workers=1, timeout=5.0, executor=executor)
        assert isinstance(parser, ExecutorParser)
        outcome = await parse(parser, "no page at all")
        assert isinstance(outcome, SearchPage)
        await parser.close()
        assert executor.submit(int).result() == 0
    closed = await parse(parser, "no page at all")
    assert isinstance(closed, ParseFailure)
    assert closed.reason is ParseFailureReason.CRASHED


ORPHAN = """
    import asyncio, sys
    from crawler.parsing.job import ParseJob
    from crawler.parsing.pool import ParsePool
    from parsers.registry import SEARCH
    from tests.engine.parse_tasks import hang_with_half_a_result, obey

    async def main():
        pool = ParsePool(workers=2, start_method={method!r}, task=obey)
        pool.on_event = lambda event: print(event.pid, flush=True)
        pool.warm_up(2)
        await pool.parse(ParseJob("parsers.dangdang", SEARCH, b"answer", None, 1))
        await pool.parse(ParseJob("parsers.dangdang", SEARCH, b"hang", None, 2))

    if __name__ == "__main__":
        asyncio.run(main())
"""


@pytest.mark.parametrize("method", [*METHODS, "fork"])
async def test_workers_end_when_their_parent_is_killed(method: str, tmp_path: Path) -> None:
    """After SIGKILL of the parent, its workers end by themselves, even a hung one."""
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(ORPHAN.format(method=method)))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    try:
        workers = [int(await parent.stdout.readline()) for _ in range(2)]
    finally:
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
    for pid in workers:
        assert await gone(pid)


async def test_a_product_page_is_parsed_in_a_process_with_its_address() -> None:
    """The address is the base of relative ones; the value comes back whole through its wire form."""
    body = b"""<html><head><title>t</title><script type="application/ld+json">{"@type": "Product", "name": "Book",
        "image": "/a.jpg", "offers": {"price": "12.50", "priceCurrency": "EUR"}}</script></head></html>"""
    url = "http://shop.example/p/1"
    job = ParseJob("parsers", PRODUCT, body, "utf-8", url=url)
    parser = ParsePool(workers=1, timeout=20.0, start_method="spawn")
    try:
        page = await parser.parse(job)
    finally:
        await parser.close()
    assert isinstance(page, ProductPage)
    assert page == parse_product_page(body, charset="utf-8", url=url)
    assert (page.title, page.price, page.image) == ("Book", Decimal("12.50"), "http://shop.example/a.jpg")
