"""The pool of parse processes: its start, its crashes, its hangs, its end.

A page goes to a worker through `run_in_executor`; a worker that dies or hangs costs its own page at most. Only as
many pages are handed over as there are workers, so that a page's clock measures that page alone and a crash has
few suspects.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, cast

from crawler import parse_worker
from crawler.events import WorkerEvent
from crawler.verdict import Verdict
from parsers import SHOPS, parse_search_page_to_wire
from parsers.model import SearchPage

__all__ = ["BorrowedExecutor", "PageParser", "ParseFailure", "ParsePool", "page_parser", "usable_cpus"]

ParseTask = Callable[[str, bytes, "str | None", int], tuple[Any, ...]]

CLOSE_SECONDS = 2.0
"""How long idle workers may take to end by themselves before they are killed."""


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A page that no worker could parse."""

    verdict: Verdict
    """`parse_crashed` or `parse_timeout`."""
    detail: str


class PageParser(Protocol):
    """What the engine asks of whatever parses: the pool, or an executor that was handed in."""

    on_event: Callable[[WorkerEvent], None] | None

    async def parse(
        self, shop: str, body: bytes, charset: str | None, page: int
    ) -> SearchPage | ParseFailure:
        """Parse one page of `shop`; what goes wrong is a value, no exception."""

    async def close(self) -> None:
        """End the workers that belong to it; no child process is left."""


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def page_parser(*, workers: int, timeout: float, executor: Executor | None) -> PageParser:
    """Return the parser that fits: the executor handed in, a process pool, or threads where no child may be.

    `workers` is the number of processes (0: usable CPUs − 1, at least 1), `timeout` the seconds a page may take.
    """
    if executor is not None:
        return BorrowedExecutor(executor, timeout=timeout)
    if multiprocessing.current_process().daemon:
        # A daemonic process may have no children. Lexbor releases the GIL, so threads serve.
        return BorrowedExecutor(ThreadPoolExecutor(_worker_count(workers)), timeout=timeout, owned=True)
    try:
        pool = ParsePool(workers=workers, timeout=timeout)
        pool.start()
    except (OSError, ImportError, NotImplementedError):
        # A system without semaphores or without room for processes (some sandboxes): threads again.
        return BorrowedExecutor(ThreadPoolExecutor(_worker_count(workers)), timeout=timeout, owned=True)
    return pool


def _worker_count(workers: int) -> int:
    return workers or max(1, usable_cpus() - 1)


class _Generation:
    """One life of the process pool: an executor, and the processes it started."""

    def __init__(self, start_method: str, workers: int) -> None:
        self.start_method = start_method
        self.processes: list[BaseProcess] = []
        self.killed = False
        """We ended it ourselves: no page in it is under suspicion."""
        self.executor = ProcessPoolExecutor(
            workers,
            mp_context=self._recording_context(),
            initializer=parse_worker.set_up,
            initargs=(tuple(f"{shop.module}.search_page" for shop in SHOPS.values()),),
        )

    def _recording_context(self) -> BaseContext:
        """Return a multiprocessing context that notes each process it makes.

        Python before 3.14 has no public way to the workers of an executor, and a hung one must be killed.
        """
        process_type = parse_worker.PROCESS_TYPES[self.start_method]

        def make_process(*args: Any, **kwargs: Any) -> BaseProcess:
            process: BaseProcess = process_type(*args, **kwargs)
            self.processes.append(process)
            return process

        # A new one: what get_context returns is shared by the whole program.
        context = type(multiprocessing.get_context(self.start_method))()
        vars(context)["Process"] = make_process
        return context

    def kill(self) -> None:
        self.killed = True
        for process in list(self.processes):
            # ValueError: never started or already closed; there is nothing left to end then.
            with suppress(ValueError, AttributeError, ProcessLookupError):
                process.kill()


class ParsePool:
    """A process pool that survives its workers.

    `workers` is the number of processes (0: usable CPUs − 1, at least 1), `timeout` the seconds that one page may
    take, `start_method` «spawn», «forkserver» or «fork» (None: the one the program has chosen, unless that is fork,
    which is unsafe once threads run; then spawn). `task` is what a worker runs, for tests.
    """

    def __init__(
        self,
        *,
        workers: int = 0,
        timeout: float = 10.0,
        start_method: str | None = None,
        task: ParseTask = parse_search_page_to_wire,
    ) -> None:
        self.workers = _worker_count(workers)
        self.timeout = timeout
        self.on_event: Callable[[WorkerEvent], None] | None = None
        self._task = task
        self._rebuild_method = _safe_start_method()
        self._start_method = start_method or self._rebuild_method
        self._generation: _Generation | None = None
        self._endings: dict[asyncio.Future[None], _Generation] = {}
        self._reported = 0
        self._busy = 0
        self._closed = False
        self._slots = asyncio.Semaphore(self.workers)
        self._suspects = asyncio.Lock()

    @classmethod
    def forked(cls, *, workers: int = 0, timeout: float = 10.0) -> ParsePool:
        """Return a pool whose workers are forked now, where that is safe; else one that starts when it is used.

        For a program's first moments: before its heavy imports, while no other thread runs. A fork takes 5 ms,
        and the workers load the parser while the parent loads its network library.
        """
        if (
            sys.platform != "linux"
            or threading.active_count() > 1
            or multiprocessing.current_process().daemon
        ):
            return cls(workers=workers, timeout=timeout)
        pool = cls(workers=workers, timeout=timeout, start_method="fork")
        pool.start()
        return pool

    def start(self) -> None:
        """Start the worker processes; does nothing when they run."""
        if self._closed:
            raise RuntimeError("the parse pool is closed")
        if self._generation is not None:
            return
        self._generation = _Generation(self._start_method, self.workers)
        self._start_method = self._rebuild_method
        for _ in range(self.workers):
            # With spawn, each waiting task starts one more process; with fork, the first starts them all.
            self._generation.executor.submit(parse_worker.ready)

    async def parse(
        self, shop: str, body: bytes, charset: str | None, page: int
    ) -> SearchPage | ParseFailure:
        """Parse one page of `shop` in a worker; a page that ends its worker, or hangs, is a ParseFailure."""
        async with self._slots:
            outcome = await self._run(shop, body, charset, page)
        if outcome is not None:
            return outcome
        # The pool broke while this page was in it: this page's doing, or a neighbour's. Alone, it will tell.
        async with self._suspects:
            for _ in range(self.workers):
                await self._slots.acquire()
            try:
                outcome = await self._run(shop, body, charset, page)
            finally:
                for _ in range(self.workers):
                    self._slots.release()
        return outcome or ParseFailure(Verdict.PARSE_CRASHED, "the parse process died on this page, twice")

    async def _run(
        self, shop: str, body: bytes, charset: str | None, page: int
    ) -> SearchPage | ParseFailure | None:
        """Parse one page; None when the pool broke and this page may be the reason."""
        loop = asyncio.get_running_loop()
        while True:
            self.start()
            generation = cast("_Generation", self._generation)
            self._busy += 1
            future: asyncio.Future[tuple[Any, ...]] | None = None
            try:
                future = loop.run_in_executor(generation.executor, self._task, shop, body, charset, page)
                self._report_started(generation)
                await asyncio.wait([future], timeout=self.timeout)
                if not future.done():
                    self._give_up(generation, "killed", f"page {page} took over {self.timeout:g} s")
                    return ParseFailure(Verdict.PARSE_TIMEOUT, f"parsing took over {self.timeout:g} s")
                return SearchPage.from_wire(future.result())
            except BrokenProcessPool:
                if generation.killed:
                    continue  # ended by us, for another page's sake
                self._give_up(generation, "lost", "a parse process died")
                return None
            except Exception as error:  # noqa: BLE001 – a defect of the parser costs this page alone
                return ParseFailure(
                    Verdict.PARSE_CRASHED, f"the parser failed: {type(error).__name__}: {error}"
                )
            finally:
                self._busy -= 1
                if future is not None:
                    future.cancel()  # given up or cancelled: nobody will ask how it ended

    def _report_started(self, generation: _Generation) -> None:
        fresh, self._reported = generation.processes[self._reported :], len(generation.processes)
        for process in fresh:
            self._report("started", process.pid, generation.start_method)

    def _give_up(self, generation: _Generation, what: str, why: str) -> None:
        """End a generation of workers and let the next page start a new one."""
        if self._generation is not generation:
            return
        self._generation = None
        self._reported = 0
        if what == "killed":
            generation.kill()
        for process in generation.processes:
            self._report(what, process.pid, why)
        self._end(generation)

    def _end(self, generation: _Generation) -> None:
        """Let a generation end in a thread: joining its processes must not hold the loop."""
        ending = asyncio.ensure_future(
            asyncio.to_thread(generation.executor.shutdown, wait=True, cancel_futures=True)
        )
        self._endings[ending] = generation
        ending.add_done_callback(self._endings.pop)

    def _report(self, what: str, pid: int | None, detail: str) -> None:
        if self.on_event is not None:
            self.on_event(WorkerEvent(what, pid, detail))

    def kill(self) -> None:
        """End every worker at once, from any thread or signal handler; the pool can not be used again."""
        self._closed = True
        for generation in [self._generation, *self._endings.values()]:
            if generation is not None:
                generation.kill()

    async def close(self) -> None:
        """End the workers; when this returns no process of the pool is left."""
        self._closed = True
        if self._busy:
            self.kill()
        last, self._generation = self._generation, None
        if last is not None:
            self._end(last)
        if not self._endings:
            return
        endings = set(self._endings)
        _, late = await asyncio.wait(endings, timeout=CLOSE_SECONDS)
        if late:
            self.kill()
            await asyncio.wait(late)
        for process in last.processes if last else ():
            self._report("stopped", process.pid, "")


class BorrowedExecutor:
    """Parsing in an executor that somebody else owns, or in threads (`owned`, then closed with the engine).

    Crashes and hangs are told apart as in the pool, but what hangs here cannot be ended from here.
    """

    def __init__(self, executor: Executor, *, timeout: float, owned: bool = False) -> None:
        self.on_event: Callable[[WorkerEvent], None] | None = None
        self._executor = executor
        self._timeout = timeout
        self._owned = owned

    async def parse(
        self, shop: str, body: bytes, charset: str | None, page: int
    ) -> SearchPage | ParseFailure:
        """Parse one page of `shop`; what goes wrong in the executor is a ParseFailure."""
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(
                self._executor, parse_search_page_to_wire, shop, body, charset, page
            )
            return SearchPage.from_wire(await asyncio.wait_for(future, self._timeout))
        except TimeoutError:
            return ParseFailure(Verdict.PARSE_TIMEOUT, f"parsing took over {self._timeout:g} s")
        except Exception as error:  # noqa: BLE001 – whatever a foreign executor raises, it costs this page alone
            return ParseFailure(
                Verdict.PARSE_CRASHED, f"the executor failed: {type(error).__name__}: {error}"
            )

    async def close(self) -> None:
        """Close an owned executor without waiting for what hangs in it; a borrowed one stays open."""
        if self._owned:
            self._executor.shutdown(wait=False, cancel_futures=True)


def _safe_start_method() -> str:
    """Return the start method for a program in full swing: its own choice, but never fork."""
    chosen = multiprocessing.get_start_method(allow_none=True)
    return chosen if chosen in {"spawn", "forkserver"} else "spawn"
