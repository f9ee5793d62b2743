"""Who parses: a pool of processes, threads where no process may be started, or an executor that was handed in."""

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

__all__ = ["ExecutorParser", "PageParser", "page_parser", "worker_count"]

V = TypeVar("V")

MOST_WORKERS = 61 if sys.platform == "win32" else 64
"""Windows waits for no more processes than this at once."""


class PageParser(Protocol):
    """What the engine asks of whatever parses."""

    on_event: Callable[[WorkerEvent], None] | None

    def warm_up(self, pages: int) -> None:
        """Get ready for `pages` pages: start what they need, if it does not run yet."""

    async def parse(self, job: ParseJob[V]) -> V | ParseFailure:
        """Parse one page; what goes wrong is a value, no exception."""

    def kill(self) -> None:
        """End the processes that belong to it at once, from any thread or signal handler."""

    async def close(self) -> None:
        """End the workers that belong to it; no child process is left."""


def worker_count(workers: int, pages: int | None = None) -> int:
    """Return how many workers to have: `workers`, or for 0 one less than the usable CPUs, at least 1.

    Never more than `pages`: one beyond that would have nothing to do.
    """
    if sys.version_info >= (3, 13):
        usable = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count() or 1
    return max(1, min(workers or usable - 1, MOST_WORKERS, pages or MOST_WORKERS))


def page_parser(
    *, workers: int, timeout: float, executor: Executor | None = None, early: bool = False
) -> PageParser:
    """Return the parser that fits: the executor handed in, a process pool, or threads where no child may be.

    `workers` is the number of workers (see `worker_count`), `timeout` the seconds that a page may take. `early` is for
    a program's first moments, before its heavy imports and while no other thread runs: the processes are forked at
    once, where that is safe. A fork takes 5 ms, and they load the parser while the parent loads its network library.
    """
    if executor is not None:
        return ExecutorParser(executor, timeout=timeout)
    count = worker_count(workers)
    # A daemonic process may have no children. Lexbor releases the GIL, so threads serve.
    if not multiprocessing.current_process().daemon:
        pool = ParsePool(
            workers=count, timeout=timeout, start_method="fork" if early and may_fork() else None
        )
        try:
            pool.warm_up(count if early else 1)
        except (OSError, ImportError, NotImplementedError):
            pool.kill()  # a system without semaphores or room for processes (some sandboxes): threads again
        else:
            return pool
    return ExecutorParser(ThreadPoolExecutor(count), timeout=timeout, owned_workers=count)


class ExecutorParser:
    """Parsing in an executor that somebody else owns, or in threads of its own.

    `owned_workers` is the number of workers of an executor that is to be closed with this, else None. Crashes and hangs
    are told apart as in the pool, but what hangs here cannot be ended from here.
    """

    def __init__(self, executor: Executor, *, timeout: float, owned_workers: int | None = None) -> None:
        self.on_event: Callable[[WorkerEvent], None] | None = None
        self._executor = executor
        self._timeout = timeout
        self._owned = owned_workers is not None
        # Of our own workers we know the number, so a page's clock need not run while it queues.
        self._slots: AbstractAsyncContextManager[object] = (
            nullcontext() if owned_workers is None else asyncio.Semaphore(owned_workers)
        )

    def warm_up(self, pages: int) -> None:
        """Do nothing: an executor starts its workers itself."""

    async def parse(self, job: ParseJob[V]) -> V | ParseFailure:
        """Parse one page; what goes wrong in the executor is a ParseFailure."""
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
            except Exception as error:  # noqa: BLE001 – whatever a foreign executor raises, it costs this page alone
                words = Phrase("executor_failed", error=f"{type(error).__name__}: {error}")
                return ParseFailure(ParseFailureReason.CRASHED, words)

    def kill(self) -> None:
        """Do nothing: threads cannot be ended, and other people's workers are not ours to end."""

    async def close(self) -> None:
        """Close an executor of our own without waiting for what hangs in it; a borrowed one stays open."""
        if self._owned:
            self._executor.shutdown(wait=False, cancel_futures=True)
