"""The shard processes of a crawl: start them, replace those that die or hang, blame pages for it, stop them.

A process dies for many reasons; whoever kills it chooses the moment. So a page is blamed only if the process died twice
while it was parsed, or if its parsing does not end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from crawler.bulk.model import BulkOptions, ShardProgress, store_path
from crawler.bulk.progress import Progress, output_files
from crawler.bulk.shard_process import Command, Failure, LogLine
from crawler.bulk.store import ShardStore, StoreCounts
from crawler.bulk.supervision import ProcessTarget, ShardProcess
from crawler.errors import CrawlerError
from crawler.phrases import Phrase
from crawler.verdict import Verdict

__all__ = ["ProcessEvent", "ProcessGroup", "ProcessesFailedError", "is_open"]

LOST_SECONDS = 3.0
"""If the coordinator itself did not run for so long, the machine or its job was suspended, and no process hangs."""

MOST_DEATHS = 12
"""The number of deaths of a process, one after the other and without progress, that end the crawl. A death outside the
parser counts as four: the next process is likely to die of the same cause."""

_DEATH_OUTSIDE_PARSER = 4

SUSPICIONS = 2
"""A page during whose parsing the process died so many times is blamed."""

_RESTART_SECONDS = 0.25
"""The wait before a process that died without progress is replaced, multiplied by its deaths."""


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something that happened to a process."""

    what: str
    """started, ended, hung, blamed, few, log; refused (a worker of a cluster)."""
    slot: int = 0
    pid: int | None = None
    detail: str = ""
    number: int = 0
    """The line of the target to blame, or the number of processes."""


class ProcessesFailedError(Exception):
    """The crawl cannot go on: the error that says why, and its traceback in the process."""

    def __init__(self, error: Exception, traceback: str = "") -> None:
        super().__init__(str(error))
        self.error = error
        self.traceback = traceback


@dataclass(slots=True)
class _Slot:
    """A place for a process, with its shards."""

    number: int
    shards: tuple[int, ...]
    process: ShardProcess | None = None
    deaths: int = 0
    """Deaths without progress, weighted."""
    restart_at: float = 0.0
    failure: Failure | None = None
    """The exception that the process sent before it ended."""
    done: bool = False
    """True once its process has drained its shards."""
    suspicions: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By shard and number: how often the process died while it parsed that target's page."""


class ProcessGroup:
    """At most `processes` processes for the shards of a crawl, which report to `progress`.

    `on_event` is called for what happens to them.
    """

    def __init__(
        self,
        options: BulkOptions,
        processes: int,
        progress: Progress,
        *,
        on_event: Callable[[ProcessEvent], None],
        target: ProcessTarget,
    ) -> None:
        self._options = options
        self._progress = progress
        self._on_event = on_event
        self._target = target
        self._slots = self._divide(processes)
        self._draining = False
        self._awake_since = float("-inf")
        self._looked_at = float("inf")

    def _divide(self, processes: int) -> list[_Slot]:
        """Divide the shards among the slots."""
        shards = self._options.shards
        return [
            _Slot(number, tuple(range(number, shards, processes))) for number in range(min(processes, shards))
        ]

    def _living(self) -> Iterator[tuple[_Slot, ShardProcess]]:
        for slot in self._slots:
            if slot.process is not None:
                yield slot, slot.process

    @property
    def is_done(self) -> bool:
        """True once every process has drained its shards."""
        return all(slot.done for slot in self._slots)

    @property
    def output_bytes(self) -> int:
        """The size of pages and results."""
        return sum(output_files(self._options.out).values())

    def counts_of(self, shard: int) -> StoreCounts:
        """Return the targets of a shard by state. Raises StoreError."""
        with ShardStore.open(store_path(self._options.out, shard), readonly=True) as store:
            return store.counts()

    def start(self) -> None:
        """Start a process for each slot; fewer, each with more shards, if the system has no room for so many.

        Raises OSError if there is none for a single one.
        """
        for slot in self._slots:
            try:
                self._start(slot)
            except OSError:
                started = slot.number
                if not started:
                    raise
                self._on_event(ProcessEvent("few", number=started))
                self.close()
                self._slots = self._divide(started)
                self.start()
                return
        self._progress.processes = len(self._slots)

    def _start(self, slot: _Slot) -> None:
        for shard in slot.shards:
            self._progress.open_shard(shard, self.counts_of(shard).finished)
        slot.process = ShardProcess(slot.number, slot.shards, self._options, self._target)
        self._on_event(ProcessEvent("started", slot.number, slot.process.pid))
        if self._draining:
            slot.process.send(Command.DRAIN)

    def drain(self) -> None:
        """Let the processes end once their shards have no pending targets."""
        self._draining = True
        for _, process in self._living():
            process.send(Command.DRAIN)

    def supervise(self, seconds: float) -> None:
        """Wait at most `seconds` for news; take the reports, and replace processes that died or hang.

        Raises ProcessesFailedError if that is of no use any more, StoreError if a store cannot be used.
        """
        wait(
            [
                each
                for _, process in self._living()
                for each in (process.connection, process.process.sentinel)
            ],
            timeout=seconds,
        )
        now = time.monotonic()
        if now - self._looked_at > seconds + LOST_SECONDS:
            self._awake_since = now
        self._looked_at = now
        for slot in self._slots:
            if (process := slot.process) is None:
                if not slot.done and now >= slot.restart_at:
                    self._replace(slot)
                continue
            self._take_messages(slot, process)
            if process.ended:
                self._bury(slot, process)
            elif (hang := process.hang(now, self._awake_since)) is not None:
                self._on_event(ProcessEvent("hung", slot.number, process.pid, number=hang.reading.number))
                process.kill()
                slot.process = None
                process.close()
                if hang.is_parsing:
                    self._blame(hang.reading.shard, hang.reading.number, Verdict.PARSE_TIMEOUT)
                else:
                    self._count_death(slot, CrawlerError(Phrase("bulk_process_hangs")))

    def _take_messages(self, slot: _Slot, process: ShardProcess) -> None:
        for message in process.messages():
            match message:
                case ShardProgress():
                    self._progress.report(message)
                    if message.finished and not process.advanced:
                        process.advanced = True
                        slot.deaths = 0
                case Failure():
                    slot.failure = message
                case LogLine():
                    self._on_event(ProcessEvent("log", slot.number, process.pid, str(message)))

    def _bury(self, slot: _Slot, process: ShardProcess) -> None:
        """Collect a process that has ended; it is replaced later unless its shards are drained."""
        self._take_messages(slot, process)
        code, pid = process.process.exitcode, process.pid
        reading = process.close()
        slot.process = None
        failure, slot.failure = slot.failure, None
        if code == 0 and failure is None and self._draining:
            slot.done = not any(is_open(self.counts_of(shard)) for shard in slot.shards)
            if slot.done:
                return
        why = _one_line(failure.error) if failure else _how(code)
        self._on_event(ProcessEvent("ended", slot.number, pid, why))
        if failure is not None:
            if isinstance(failure.error, CrawlerError):  # a full disk
                raise ProcessesFailedError(failure.error)
            self._count_death(slot, failure.error, failure.traceback)
        elif reading.number:
            self._suspect(slot, (reading.shard, reading.number), why)
        else:
            self._count_death(slot, CrawlerError(Phrase("bulk_process_dies", why=why)))

    def _suspect(self, slot: _Slot, target: tuple[int, int], why: str) -> None:
        slot.suspicions[target] += 1
        if slot.suspicions[target] >= SUSPICIONS:
            slot.deaths = 0
            self._blame(*target, Verdict.PARSE_CRASHED)
        else:
            self._count_death(slot, CrawlerError(Phrase("bulk_process_dies", why=why)), weight=1)

    def _count_death(
        self, slot: _Slot, error: Exception, traceback: str = "", *, weight: int = _DEATH_OUTSIDE_PARSER
    ) -> None:
        slot.deaths += weight
        slot.restart_at = time.monotonic() + _RESTART_SECONDS * slot.deaths
        if slot.deaths >= MOST_DEATHS:
            raise ProcessesFailedError(error, traceback)

    def _replace(self, slot: _Slot) -> None:
        try:
            self._start(slot)
        except OSError as error:
            self._count_death(slot, error)

    def _blame(self, shard: int, number: int, verdict: Verdict) -> None:
        """Record that the next process must not parse the page of a target."""
        with ShardStore.open(store_path(self._options.out, shard)) as store:
            store.set_blame(number, verdict)
        self._on_event(ProcessEvent("blamed", number=number, detail=verdict))

    def stop(self, seconds: float) -> Exception | None:
        """Let the processes commit what is fetched, then end them; kill those that take longer than `seconds`.

        Return the error of a process that could not save it; None if there was none.
        """
        deadline = time.monotonic() + seconds
        for _, process in self._living():
            process.send(Command.STOP)
        running = [process for _, process in self._living()]
        while running and (left := deadline - time.monotonic()) > 0:
            wait([process.process.sentinel for process in running], timeout=left)
            running = [process for process in running if not process.ended]
        for slot, process in self._living():
            self._take_messages(slot, process)
        self.close()
        failures = [slot.failure.error for slot in self._slots if slot.failure is not None]
        return next((error for error in failures if isinstance(error, CrawlerError)), None)

    def kill(self) -> None:
        """Kill all processes; safe in a signal handler. What is committed stays."""
        for _, process in self._living():
            process.kill()

    def close(self) -> None:
        """Kill and collect all processes."""
        self.kill()
        for slot in self._slots:
            process, slot.process = slot.process, None
            if process is not None:
                process.close()


def is_open(counts: StoreCounts) -> bool:
    """Return True if a shard has targets to crawl or to hand over."""
    return counts.pending > 0


def _how(code: int | None) -> str:
    """Describe the end of a process by its exit code."""
    if code is not None and code < 0:
        return Phrase("bulk_by_signal", n=-code)
    return Phrase("bulk_by_code", n=code or 0)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, CrawlerError) else str(error)
