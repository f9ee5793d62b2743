"""The coordinator of a bulk crawl: it starts the shard processes, replaces those that die or hang, and ends the crawl.

It runs in the main thread and reads the input in another. All targets and results are in the stores and files of the
shards, so the coordinator itself may be killed at any moment.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Protocol

from crawler.bulk.model import BulkOptions, ShardProgress, store_path
from crawler.bulk.progress import Progress, Snapshot, disk_used
from crawler.bulk.shard_process import Command, Failure, LogLine, run_process
from crawler.bulk.store import ShardStore, StoreCounts
from crawler.bulk.supervision import ProcessTarget, ShardProcess
from crawler.errors import CrawlerError
from crawler.phrases import Phrase
from crawler.verdict import Verdict

__all__ = ["Coordinator", "Intake", "Outcome", "ProcessEvent"]

POLL_SECONDS = 0.1
"""The longest time that the coordinator waits for a message before it looks at everything else."""

STOP_SECONDS = 2.2
"""The time that processes have to commit what is fetched before they are killed; a stopped crawl ends within 3 s."""

REPORT_SECONDS = 1.0
"""The time between two reports of the progress."""

DISK_SECONDS = 5.0
"""The time between two measurements of the disk."""

LOST_SECONDS = 3.0
"""If the coordinator itself did not run for so long, the machine or its job was suspended, and no process hangs."""

MOST_DEATHS = 12
"""The number of deaths of a process, one after the other and without progress, that end the crawl. A death outside the
parser counts as four: the next process is likely to die of the same cause."""

_DEATH_OUTSIDE_PARSER = 4

SUSPICIONS = 2
"""A page during whose parsing the process died so many times is blamed. One death proves nothing: whoever killed the
process chose the moment."""

_RESTART_SECONDS = 0.25
"""The wait before a process that died without progress is replaced, multiplied by its deaths."""


class Intake(Protocol):
    """The reader of the input, which adds its targets to the stores."""

    @property
    def targets(self) -> int:
        """The number of targets added so far, those of earlier runs included."""

    def run(self, stopped: Callable[[], bool]) -> Mapping[str, int] | None:
        """Read the input to its end and return its counts; None if it was stopped before. Raises CrawlerError."""


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something that happened to a process."""

    what: str
    """started, ended, hung, blamed, few, log."""
    slot: int = 0
    pid: int | None = None
    detail: str = ""
    number: int = 0
    """The line of the target to blame, or the number of processes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of a crawl ended."""

    finished: bool
    """True if every target has a result."""
    snapshot: Snapshot
    stopped: str = ""
    """Why the run ended before."""
    error: Exception | None = None
    """The error that ended it."""
    traceback: str = ""
    """Where that error happened, if that was in another process."""


@dataclass(slots=True)
class _Slot:
    """A place for a process, with its shards."""

    number: int
    shards: tuple[int, ...]
    process: ShardProcess | None = None
    deaths: int = 0
    """Deaths without progress, weighted."""
    restart_at: float = 0.0
    last_failure: Failure | None = None
    done: bool = False
    """True once its process has drained its shards."""
    suspicions: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By shard and number: how often the process died while it parsed that target's page."""


class Coordinator:
    """One run of a crawl.

    `intake` is None if the input has been read to its end; `on_intake` receives its counts when it has. `on_progress`
    is called about once a second, `on_event` for what happens to processes.
    """

    def __init__(
        self,
        options: BulkOptions,
        *,
        processes: int,
        intake: Intake | None,
        on_intake: Callable[[Mapping[str, int]], None],
        on_progress: Callable[[Snapshot], None],
        on_event: Callable[[ProcessEvent], None],
        max_seconds: float | None = None,
        earlier_seconds: float = 0.0,
        target: ProcessTarget = run_process,
    ) -> None:
        self._options = options
        self._intake = intake
        self._on_intake = on_intake
        self._on_progress = on_progress
        self._on_event = on_event
        self._max_seconds = max_seconds
        self._target = target
        self._slots = _slots(options.shards, processes)
        self.progress = Progress(earlier_seconds)
        self._stop_reason = ""
        self._error: Exception | None = None
        self._traceback = ""
        self._draining = False
        self._reading: threading.Thread | None = None
        self._counts: Mapping[str, int] | None = None
        self._intake_error: Exception | None = None
        self._reported_at = self._measured_at = float("-inf")

    def stop(self, reason: str) -> None:
        """End the crawl with what is fetched; safe in a signal handler."""
        self._stop_reason = self._stop_reason or reason

    def kill(self) -> None:
        """Kill all processes; safe in a signal handler. What is committed stays."""
        for slot in self._slots:
            if slot.process is not None:
                slot.process.kill()

    def run(self) -> Outcome:
        """Crawl until every target has a result, or something ends it. Raises OSError if no process can be started."""
        for shard in range(self._options.shards):
            with ShardStore.open(store_path(self._options.out, shard)):
                pass  # it exists from now on
        try:
            self._begin()
            while not self._is_over():
                self._turn()
            return self._end()
        finally:
            self._stop_reason = self._stop_reason or "-"  # ends the intake
            self.kill()
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.close()
                    slot.process = None

    def _begin(self) -> None:
        counts = {shard: self._counts_of(shard) for shard in range(self._options.shards)}
        for shard, count in counts.items():
            self.progress.open_shard(shard, count.finished)
        self.progress.total = sum(count.pending + count.undelivered + count.done for count in counts.values())
        self._start_processes()
        if self._intake is None:
            self.progress.total_known = True
        else:
            self._reading = threading.Thread(target=self._read_input, name="intake", daemon=True)
            self._reading.start()

    def _counts_of(self, shard: int) -> StoreCounts:
        with ShardStore.open(store_path(self._options.out, shard), readonly=True) as store:
            return store.counts()

    # The input

    def _read_input(self) -> None:
        assert self._intake is not None  # noqa: S101 – for mypy
        try:
            self._counts = self._intake.run(lambda: bool(self._stop_reason))
        except Exception as error:  # noqa: BLE001 – raised in the main thread
            self._intake_error = error

    def _look_at_intake(self) -> None:
        if self._reading is None or self._intake is None:
            return
        self.progress.total = max(self.progress.total, self._intake.targets)
        if self._reading.is_alive():
            return
        self._reading = None
        self.progress.total = self._intake.targets
        if self._intake_error is not None:
            self._fail(self._intake_error)
        elif self._counts is not None:
            self._on_intake(self._counts)
            self.progress.total_known = True

    # The processes

    def _start_processes(self) -> None:
        """Start a process for each slot; with fewer slots if the system has no room for so many."""
        for slot in self._slots:
            try:
                self._start(slot)
            except OSError:
                started = slot.number
                if not started:
                    raise
                self._on_event(ProcessEvent("few", number=started))
                self._end_processes()
                self._slots = _slots(self._options.shards, started)
                return self._start_processes()
        self.progress.processes = len(self._slots)
        return None

    def _start(self, slot: _Slot) -> None:
        for shard in slot.shards:
            self.progress.open_shard(shard, self._counts_of(shard).finished)
        slot.process = ShardProcess(slot.number, slot.shards, self._options, self._target)
        self._on_event(ProcessEvent("started", slot.number, slot.process.pid))
        if self._draining:
            slot.process.tell(Command.DRAIN)

    def _turn(self) -> None:
        """Wait for news, then look at everything once."""
        before = time.monotonic()
        living = [slot.process for slot in self._slots if slot.process is not None]
        wait(
            [item for process in living for item in (process.connection, process.process.sentinel)],
            timeout=POLL_SECONDS,
        )
        for slot in self._slots:
            if slot.process is not None:
                self._hear(slot, slot.process)
        self._supervise()
        self._look_at_intake()
        if not self._draining and self._is_drained():
            self._draining = True
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.tell(Command.DRAIN)
        now = time.monotonic()
        if now - before > LOST_SECONDS:
            self._awake_since = now
        if self._max_seconds is not None and now - self.progress.started >= self._max_seconds:
            self.stop(Phrase("deadline", seconds=self._max_seconds))
        self._report(now)

    _awake_since = float("-inf")

    def _hear(self, slot: _Slot, process: ShardProcess) -> None:
        for message in process.messages():
            match message:
                case ShardProgress():
                    self.progress.report(message)
                    if message.finished and not process.advanced:
                        process.advanced = True
                        slot.deaths = 0
                case Failure():
                    slot.last_failure = message
                case LogLine():
                    self._on_event(ProcessEvent("log", slot.number, process.pid, str(message)))

    def _supervise(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            process = slot.process
            if process is None:
                if not slot.done and not self._stop_reason and now >= slot.restart_at:
                    self._replace(slot)
            elif process.ended:
                self._bury(slot, process)
            elif (hang := process.hang(now, self._awake_since)) is not None:
                self._on_event(ProcessEvent("hung", slot.number, process.pid, number=hang.reading.number))
                process.kill()
                slot.process = None
                process.close()
                if hang.is_parsing:
                    self._blame(hang.reading.shard, hang.reading.number, Verdict.PARSE_TIMEOUT)
                else:
                    self._count_death(slot, _DEATH_OUTSIDE_PARSER)

    def _bury(self, slot: _Slot, process: ShardProcess) -> None:
        """Collect a process that has ended; arrange its replacement unless it was done."""
        self._hear(slot, process)
        code, pid = process.process.exitcode, process.pid
        reading = process.close()
        slot.process = None
        if code == 0 and slot.last_failure is None:
            slot.done = self._draining and not any(_is_open(self._counts_of(shard)) for shard in slot.shards)
            if slot.done or self._stop_reason:
                return
        failure, slot.last_failure = slot.last_failure, None
        why = _one_line(failure.error) if failure else _how(code)
        self._on_event(ProcessEvent("ended", slot.number, pid, why))
        if failure is not None and isinstance(failure.error, CrawlerError):  # a full disk
            self._fail(failure.error)
            return
        weight = _DEATH_OUTSIDE_PARSER
        if reading.number and failure is None:
            weight = 1
            suspect = (reading.shard, reading.number)
            slot.suspicions[suspect] += 1
            if slot.suspicions[suspect] >= SUSPICIONS:
                self._blame(*suspect, Verdict.PARSE_CRASHED)
                weight = 0
        self._count_death(slot, weight)
        if slot.deaths >= MOST_DEATHS:
            error = failure.error if failure else CrawlerError(Phrase("bulk_process_dies", why=why))
            self._fail(error, failure.traceback if failure else "")

    def _count_death(self, slot: _Slot, weight: int) -> None:
        slot.deaths = slot.deaths + weight if weight else 0
        slot.restart_at = time.monotonic() + _RESTART_SECONDS * slot.deaths

    def _replace(self, slot: _Slot) -> None:
        try:
            self._start(slot)
        except OSError as error:
            self._count_death(slot, _DEATH_OUTSIDE_PARSER)
            if slot.deaths >= MOST_DEATHS:
                self._fail(error)

    def _blame(self, shard: int, number: int, verdict: Verdict) -> None:
        """Record that the next process must not parse the page of a target."""
        try:
            with ShardStore.open(store_path(self._options.out, shard)) as store:
                store.set_blame(number, verdict)
        except CrawlerError as error:
            self._fail(error)
            return
        self._on_event(ProcessEvent("blamed", number=number, detail=verdict))

    # The end

    def _fail(self, error: Exception, traceback: str = "") -> None:
        if self._error is None:
            self._error, self._traceback = error, traceback
        self.stop(Phrase("bulk_failed"))

    def _is_over(self) -> bool:
        return bool(self._stop_reason) or all(slot.done for slot in self._slots)

    def _is_drained(self) -> bool:
        """Return True if no store has a pending target, and none can get one.

        Only a pending target can lead to one in another shard, through the outbox. If two looks at all stores, one
        after the other, find neither and the same counts, then there was neither in any store between them.
        """
        if self._reading is not None or not self.progress.total_known:
            return False
        if not all(self.progress.is_idle(shard) for shard in range(self._options.shards)):
            return False
        looks = []
        for _ in range(2):
            counts = [self._counts_of(shard) for shard in range(self._options.shards)]
            if any(map(_is_open, counts)):
                return False
            looks.append(counts)
        return looks[0] == looks[1]

    def _end(self) -> Outcome:
        if self._stop_reason:
            self._stop_processes()
        finished = not self._stop_reason
        with suppress(CrawlerError):
            for shard in range(self._options.shards):
                self.progress.open_shard(shard, self._counts_of(shard).finished)
        self._report(time.monotonic(), at_end=True)
        stopped = "" if finished or self._error is not None else self._stop_reason
        return Outcome(finished, self.progress.snapshot(), stopped, self._error, self._traceback)

    def _stop_processes(self) -> None:
        """Let the processes commit what is fetched, then end them."""
        deadline = time.monotonic() + STOP_SECONDS
        living = [process for slot in self._slots if (process := slot.process) is not None]
        for process in living:
            process.tell(Command.STOP)
        while living and (left := deadline - time.monotonic()) > 0:
            wait([process.process.sentinel for process in living], timeout=left)
            for slot in self._slots:
                if slot.process is not None:
                    self._hear(slot, slot.process)
            living = [process for process in living if not process.ended]
        if self._reading is not None:
            self._reading.join(max(deadline - time.monotonic(), 0))
        for slot in self._slots:
            failure = slot.last_failure
            if failure is not None and isinstance(failure.error, CrawlerError) and self._error is None:
                self._error = failure.error  # what was fetched last could not be saved
        self._end_processes()

    def _end_processes(self) -> None:
        self.kill()
        for slot in self._slots:
            process, slot.process = slot.process, None
            if process is not None:
                process.close()

    def _report(self, now: float, *, at_end: bool = False) -> None:
        if not at_end and now - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = now
        if at_end or now - self._measured_at >= DISK_SECONDS:
            self._measured_at = now
            self.progress.disk_used = disk_used(self._options.out)
            with suppress(OSError):
                self.progress.disk_free = shutil.disk_usage(self._options.out).free
        self._on_progress(self.progress.snapshot())


def _slots(shards: int, processes: int) -> list[_Slot]:
    """Divide the shards among at most `processes` slots."""
    return [
        _Slot(number, tuple(range(number, shards, processes))) for number in range(min(processes, shards))
    ]


def _is_open(counts: StoreCounts) -> bool:
    """Return True if a shard has targets to crawl or to hand over."""
    return bool(counts.pending or counts.undelivered)


def _how(code: int | None) -> str:
    """Return how a process ended, from its exit code."""
    if code is not None and code < 0:
        return Phrase("bulk_by_signal", n=-code)
    return Phrase("bulk_by_code", n=code or 0)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, CrawlerError) else str(error)
