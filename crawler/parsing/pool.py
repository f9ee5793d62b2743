"""The pool of parse processes: it starts them, and survives their crashes and hangs.

The pool submits pages with `run_in_executor`; a worker that dies or hangs costs at most the page that it parses. Only a
few more pages are submitted than there are workers, so that a crash has few suspects. A page's clock starts when a
worker is free for it, and so measures only that page.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from crawler.engine_events import WorkerEvent
from crawler.parsing import worker
from crawler.parsing.job import ParseFailure, ParseFailureReason, ParseJob, ParseTask
from crawler.phrases import Phrase
from parsers.registry import parse_to_wire, parser_modules

__all__ = ["ParsePool", "may_fork"]

T = TypeVar("T")
V = TypeVar("V")

WAITING_PAGES = 1
"""Pages submitted beyond the number of workers, so that a worker that has finished need not wait for the loop to
notice: the 20-page job then takes 0.98 of its time with inline parsing, otherwise 1.07 (benchmarks/job.py)."""

CLOSE_SECONDS = 2.0
"""The seconds that idle workers have to end by themselves before they are killed."""

PIPE_BYTES = 2**20
"""Capacity of the pipes to and from the workers, the most that Linux allows. A page of 240 KB waits there as a whole;
in the usual 64 KB it would be handed over piece by piece, with 12 context switches more and 5 % more time a page."""

END_POLL_SECONDS = 0.05
"""The seconds between two looks, while a pool instance ends, at whether it was killed meanwhile."""

if sys.platform == "linux":
    import fcntl

_CRASHED = ParseFailureReason.CRASHED


class _Executor(ProcessPoolExecutor):
    """A process pool that breaks between two submissions, not during one.

    Before Python 3.12.1, the executor's thread may find a dead worker while `submit` adds a page and a process: the
    thread then dies of "dictionary changed size during iteration", or never ends the new process (cpython issue
    109047).
    """

    if sys.version_info < (3, 12, 1):

        def _start_executor_manager_thread(self) -> None:
            super()._start_executor_manager_thread()
            thread: Any = vars(self)["_executor_manager_thread"]
            if "terminate_broken" in vars(thread):
                return
            terminate = thread.terminate_broken

            def terminate_broken(cause: Any) -> None:
                with thread.shutdown_lock:  # `submit` holds it too; from now on it raises BrokenProcessPool
                    vars(self)["_broken"] = "a parse process died"
                terminate(cause)

            thread.terminate_broken = terminate_broken


class _PoolInstance:
    """One instance of the process pool: an executor, and the processes that it started."""

    def __init__(self, start_method: str, workers: int) -> None:
        """Raise OSError, ImportError or NotImplementedError if the system has no semaphores."""
        self.start_method = start_method
        self.processes: list[BaseProcess] = []
        self.killed = False
        """True if we ended the instance ourselves: then none of its pages is a suspect."""
        self._kill_called = False
        self.reported = 0
        """The number of processes reported as started."""
        self._warm_ups: list[Future[int]] = []
        self.executor = _Executor(
            workers,
            mp_context=self._recording_context(),
            initializer=worker.set_up,
            initargs=(parser_modules(),),
        )
        self._call_pipe: Any = vars(self.executor)["_call_queue"]  # see _drain
        for queue in (self._call_pipe, vars(self.executor)["_result_queue"]):
            _enlarge(queue._writer.fileno())  # noqa: SLF001 – no public way
        self._draining: threading.Thread | None = None
        self._ended = threading.Event()

    def _recording_context(self) -> BaseContext:
        """Return a multiprocessing context that records each process it creates.

        Before 3.14, Python has no public access to the workers of an executor, but a hung worker must be killed.
        """
        process_type = worker.PROCESS_TYPES[self.start_method]
        processes = self.processes  # not `self`: see `join` about circles

        def make_process(*args: Any, **kwargs: Any) -> BaseProcess:
            process: BaseProcess = process_type(*args, **kwargs)
            processes.append(process)
            return process

        # Create a new context, because the one that get_context returns is shared by the whole program.
        context = type(multiprocessing.get_context(self.start_method))()
        vars(context)["Process"] = make_process
        return context

    def warm_up(self, workers: int) -> None:
        """Start up to `workers` processes before there are pages for them. Raises OSError if none can start."""
        while len(self._warm_ups) < workers:
            try:
                # With spawn, each waiting task starts one more process; with fork, the first starts them all.
                self._warm_ups.append(self.executor.submit(worker.ready))
            except OSError:
                if not any(process.pid for process in self.processes):
                    raise
                return  # the processes that did start are enough

    @property
    def warm(self) -> bool:
        """True once every process that was started is ready."""
        return all(future.done() for future in self._warm_ups)

    def kill(self) -> None:
        self._kill_called = True
        for process in list(self.processes):
            # ValueError, AttributeError: it never started or is already closed, so there is nothing to end.
            with suppress(ValueError, AttributeError, ProcessLookupError):
                process.kill()
        if sys.version_info < (3, 11, 5) and self._draining is None:
            self._draining = threading.Thread(target=self._drain, name="parse-pool-drain", daemon=True)
            self._draining.start()

    def _drain(self) -> None:
        """Drain the call pipe, which no worker reads any more, until the executor has ended.

        Before Python 3.11.5, the executor waits for ever for its thread that writes a page to the pipe of dead workers
        (cpython issue 94777). That thread closes the pipe at the end; closing it here would race with it.
        """
        reader = self._call_pipe._reader  # noqa: SLF001 – no public way
        with suppress(OSError):  # the pipe is closed
            while not self._ended.is_set():
                if reader.poll(0.05):
                    os.read(reader.fileno(), 65536)

    def join(self) -> None:
        """Wait, in a thread, until the executor and its processes have ended.

        A worker that is killed while it writes its result leaves half a message in the result pipe. The executor's
        thread would wait for the other half for ever, because this process holds the pipe's write end open, too.
        """
        executor = vars(self.executor)
        manager: threading.Thread | None = executor["_executor_manager_thread"]
        results: Any = executor["_result_queue"]
        self.executor.shutdown(wait=False)
        while manager is not None and manager.is_alive():
            if self._kill_called:
                results._writer.close()  # noqa: SLF001 – no public way
            manager.join(END_POLL_SECONDS)
        if manager is not None:
            vars(manager).pop("terminate_broken", None)  # of `_Executor`: it holds the thread that holds it
        results.close()
        self._ended.set()


class ParsePool:
    """A process pool that survives its workers.

    `workers` is the number of processes, `timeout` the seconds that one page may take, `start_method` «spawn»,
    «forkserver» or «fork». None stands for the method that the program has chosen, or spawn if that is fork, which is
    unsafe once threads run. New workers after a crash or a hang are never forked. `task` is the function that a worker
    runs; tests replace it.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout: float = 10.0,
        start_method: str | None = None,
        task: ParseTask = parse_to_wire,
    ) -> None:
        self.workers = workers
        self.timeout = timeout
        self.on_event: Callable[[WorkerEvent], None] | None = None
        self._task = task
        self._rebuild_method = _safe_start_method()
        self._start_method = start_method or self._rebuild_method
        self._generation: _PoolInstance | None = None
        self._endings: dict[asyncio.Future[None], _PoolInstance] = {}
        self._closed = False
        self._slots = asyncio.Semaphore(workers + WAITING_PAGES)
        # Both semaphores and the executor's queue are first come, first served, so a clock is free when a worker is.
        self._clocks = asyncio.Semaphore(workers)
        self._suspects = asyncio.Lock()
        self._pages: set[asyncio.Task[Any]] = set()
        self._in_a_slot: set[asyncio.Task[Any]] = set()

    def warm_up(self, pages: int) -> None:
        """Start the workers that `pages` pages can use, if they do not run yet.

        Raises OSError, ImportError or NotImplementedError if no process can be started.
        """
        self._living().warm_up(min(self.workers, pages))

    def _living(self) -> _PoolInstance:
        """Return the current pool instance, or start a new one. Raises the same errors as `warm_up`."""
        if self._generation is None:
            self._generation = _PoolInstance(self._start_method, self.workers)
            self._start_method = self._rebuild_method
        return self._generation

    async def parse(self, job: ParseJob[V]) -> V | ParseFailure:
        """Parse one page in a worker; return a ParseFailure if it kills its worker or makes it hang."""
        outcome = await self._to_its_end(self._in_slots(1, job))
        if outcome is None:
            # The pool broke while it held this page, so this page or a neighbour is to blame. Parsed alone, it will
            # show which.
            async with self._suspects:
                outcome = await self._to_its_end(self._in_slots(self.workers + WAITING_PAGES, job))
        return ParseFailure(_CRASHED, Phrase("parser_died")) if outcome is None else outcome

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` in a task that the pool owns.

        If the caller is cancelled, its page is still in a worker and must keep its slot and its clock; otherwise the
        next page would pay for it. A page that still waits for a slot is cancelled with its caller.
        """
        task = asyncio.create_task(work)
        self._pages.add(task)
        task.add_done_callback(self._pages.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task not in self._in_a_slot:
                task.cancel()
            raise

    async def _in_slots(self, count: int, job: ParseJob[V]) -> V | ParseFailure | None:
        """Parse a page while holding `count` slots: one, or all of them to parse it alone."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 – a coroutine always runs in a task
        held = 0
        try:
            while held < count:
                await self._slots.acquire()
                held += 1
            self._in_a_slot.add(task)
            return await self._run(job)
        finally:
            self._in_a_slot.discard(task)
            for _ in range(held):
                self._slots.release()

    async def _run(self, job: ParseJob[V]) -> V | ParseFailure | None:
        """Parse one page; return None if the pool broke and this page may be the reason."""
        loop = asyncio.get_running_loop()
        while not self._closed:
            generation = None
            try:
                generation = self._living()
                future = loop.run_in_executor(generation.executor, self._task, *job.call)
            except BrokenProcessPool:
                self._give_up(generation, "lost", Phrase("process_died"))
                return None
            except (OSError, ImportError, NotImplementedError) as error:
                self._give_up(generation, "lost", str(error))
                return ParseFailure(_CRASHED, Phrase("parser_not_started", error=str(error)))
            future.add_done_callback(_retrieve)
            self._report_started(generation)
            async with self._clocks:
                await asyncio.wait([future], timeout=self.timeout)
            if not future.done():
                self._give_up(generation, "killed", Phrase("page_slow", page=job.page, seconds=self.timeout))
                return ParseFailure(ParseFailureReason.TIMEOUT, Phrase("parser_slow", seconds=self.timeout))
            raised = future.exception()
            if raised is None:
                return job.kind.from_wire(future.result())
            if not isinstance(raised, BrokenProcessPool):
                # A defect of the parser costs only this page.
                words = Phrase("parser_failed", error=f"{type(raised).__name__}: {raised}")
                return ParseFailure(_CRASHED, words)
            if not generation.killed:
                self._give_up(generation, "lost", Phrase("process_died"))
                return None
            # We ended the instance because of another page, so try this one again.
        return ParseFailure(_CRASHED, Phrase("pool_closed"))

    def _give_up(self, generation: _PoolInstance | None, what: str, why: str) -> None:
        """End a pool instance; the next page starts a new one."""
        if generation is None or self._generation is not generation:
            return
        self._generation = None
        generation.killed = what == "killed"
        generation.kill()
        for process in generation.processes:
            self._report(what, process.pid, why)
        self._end(generation)

    def _end(self, generation: _PoolInstance) -> None:
        """End a pool instance in a thread of its own, because joining its processes must not block the loop.

        The loop's default executor will not do: the join might wait there behind jobs that wait for this crawl.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def join() -> None:
            generation.join()
            with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
                loop.call_soon_threadsafe(_set_done, ended)

        self._endings[ended] = generation
        ended.add_done_callback(self._endings.pop)
        try:
            threading.Thread(target=join, name="parse-pool-end", daemon=True).start()
        except RuntimeError:  # the system has no thread left, and a second `close` must not wait for this one
            generation.kill()
            ended.set_result(None)
            raise

    def _report_started(self, generation: _PoolInstance) -> None:
        fresh = generation.processes[generation.reported :]
        generation.reported += len(fresh)
        for process in fresh:
            self._report("started", process.pid, generation.start_method)

    def _report(self, what: str, pid: int | None, detail: str) -> None:
        if self.on_event is not None:
            self.on_event(WorkerEvent(what, pid, detail))

    def kill(self) -> None:
        """Kill every worker at once, from any thread or signal handler; the pool cannot be used again."""
        self._closed = True
        for generation in [self._generation, *self._endings.values()]:
            if generation is not None:
                generation.killed = True
                generation.kill()

    async def close(self) -> None:
        """End the workers. When this returns or is cancelled, no process of the pool remains or is about to."""
        self._closed = True
        if self._pages or (self._generation is not None and not self._generation.warm):
            self.kill()
        last, self._generation = self._generation, None
        if last is not None:
            self._end(last)
        try:
            if self._endings:
                _, late = await asyncio.wait(set(self._endings), timeout=CLOSE_SECONDS)
                if late:
                    self.kill()
                    await asyncio.wait(late)
        except BaseException:
            self.kill()
            raise
        for process in last.processes if last else ():
            self._report("stopped", process.pid, "")


def _enlarge(pipe: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError):  # the user's pipes hold too much already
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _set_done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Retrieve a future's exception, so that asyncio does not report it when the page was given up."""
    if not future.cancelled():
        future.exception()


def _safe_start_method() -> str:
    """Return a start method that is safe while threads run: the program's own choice, but never fork."""
    chosen = multiprocessing.get_start_method(allow_none=True)
    return chosen if chosen in {"spawn", "forkserver"} else "spawn"


def may_fork() -> bool:
    """Return True if forking is safe at this moment: on Linux, while no other thread runs."""
    return sys.platform == "linux" and threading.active_count() == 1
