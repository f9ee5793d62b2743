"""The parsers to choose from: a pool of processes, threads where no process may start, or the caller's executor."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from crawler.engine_events import WorkerEvent
from crawler.parsing.job import ParseFailure, ParseFailureReason, ParseJob
from crawler.parsing.pool import ParsePool, may_fork
from crawler.phrases import Phrase
from parsers.registry import parse_to_wire

__all__ = ["ExecutorParser", "PageParser", "page_parser", "usable_cpus", "worker_count"]

V = TypeVar("V")

MOST_WORKERS = 61 if sys.platform == "win32" else 64
"""Windows cannot wait for more processes than this at a time."""


class PageParser(Protocol):
    """The interface between the engine and its parser."""

    on_event: Callable[[WorkerEvent], None] | None

    def warm_up(self, pages: int) -> None:
        """Prepare for `pages` pages: start the workers that they need, if they do not run yet."""

    async def parse(self, job: ParseJob[V]) -> V | ParseFailure:
        """Parse one page; return a ParseFailure if that fails, and never raise."""

    def kill(self) -> None:
        """Kill the parser's own processes at once, from any thread or signal handler."""

    async def close(self) -> None:
        """End the parser's own workers; no child process remains."""


def worker_count(workers: int, pages: int | None = None) -> int:
    """Return the number of workers: `workers`, or for 0 one fewer than the usable CPUs, but at least 1.

    Never more than `pages`: further workers would have no work.
    """
    return max(1, min(workers or usable_cpus() - 1, MOST_WORKERS, pages or MOST_WORKERS))


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def page_parser(
    *, workers: int, timeout: float, executor: Executor | None = None, early: bool = False
) -> PageParser:
    """Return the right parser: the caller's executor, a process pool, or threads if no child process may start.

    `workers` is the number of workers (see `worker_count`), `timeout` the seconds that a page may take. Set `early`
    when the program has just started, before its heavy imports and while no other thread runs: the processes are then
    forked at once if that is safe. A fork takes 5 ms, and the workers load the parser while the parent loads its
    network library.
    """
    if executor is not None:
        return ExecutorParser(executor, timeout=timeout)
    count = worker_count(workers)
    # A daemonic process may have no children. Lexbor releases the GIL, so threads do well enough.
    if not multiprocessing.current_process().daemon:
        pool = ParsePool(
            workers=count, timeout=timeout, start_method="fork" if early and may_fork() else None
        )
        try:
            pool.warm_up(count if early else 1)
        except (OSError, ImportError, NotImplementedError):
            pool.kill()  # a system without semaphores, or at its process limit (some sandboxes): threads again
        else:
            return pool
    return ExecutorParser(ThreadPoolExecutor(count), timeout=timeout, owned_workers=count)


class ExecutorParser:
    """Parse in an executor of the caller, or in threads of our own.

    `owned_workers` is the number of workers of an executor that `close` shuts down, else None. Crashes and hangs are
    distinguished as in the pool, but a hanging worker cannot be killed from here.
    """

    def __init__(self, executor: Executor, *, timeout: float, owned_workers: int | None = None) -> None:
        self.on_event: Callable[[WorkerEvent], None] | None = None
        self._executor = executor
        self._timeout = timeout
        self._owned = owned_workers is not None
        # The number of our own workers is known, so a page's clock need not run while the page is queued.
        self._slots: AbstractAsyncContextManager[object] = (
            nullcontext() if owned_workers is None else asyncio.Semaphore(owned_workers)
        )

    def warm_up(self, pages: int) -> None:
        """Do nothing: an executor starts its workers itself."""

    async def parse(self, job: ParseJob[V]) -> V | ParseFailure:
        """Parse one page; return a ParseFailure for an error in the executor."""
        loop = asyncio.get_running_loop()
        async with self._slots:
            try:
                future = loop.run_in_executor(self._executor, parse_to_wire, *job.call)
                await asyncio.wait([future], timeout=self._timeout)
                if not future.done():
                    future.cancel()
                    return ParseFailure(
                        ParseFailureReason.TIMEOUT, Phrase("parser_slow", seconds=self._timeout)
                    )
                if future.cancelled():
                    return ParseFailure(ParseFailureReason.CRASHED, Phrase("executor_shut_down"))
                return job.kind.from_wire(future.result())
            except Exception as error:  # noqa: BLE001 – whatever the caller's executor raises, only this page fails
                words = Phrase("executor_failed", error=f"{type(error).__name__}: {error}")
                return ParseFailure(ParseFailureReason.CRASHED, words)

    def kill(self) -> None:
        """Do nothing: threads cannot be killed, and the caller's workers are not ours to kill."""

    async def close(self) -> None:
        """Shut down an executor of our own without waiting for hanging workers; leave the caller's executor open."""
        if self._owned:
            self._executor.shutdown(wait=False, cancel_futures=True)
