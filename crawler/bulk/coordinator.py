"""The coordinator of a bulk crawl: it reads the input, watches over the shard processes, and knows when all is done.

It runs in the main thread and reads the input in another. All targets and results are in the stores and files of the
shards, so the coordinator itself may be killed at any moment.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from crawler.bulk.model import BulkOptions, store_path
from crawler.bulk.process_group import ProcessesFailedError, ProcessEvent, ProcessGroup, is_open
from crawler.bulk.progress import Progress, Snapshot, state_bytes
from crawler.bulk.shard_process import run_process
from crawler.bulk.store import ShardStore, StoreCounts
from crawler.bulk.supervision import ProcessTarget
from crawler.errors import CrawlerError
from crawler.phrases import Phrase

__all__ = ["Coordinator", "Group", "Intake", "Outcome"]

POLL_SECONDS = 0.1
"""The longest time that the coordinator waits for a message before it looks at everything else."""

STOP_SECONDS = 2.2
"""The time that processes have to commit what is fetched before they are killed; a stopped crawl ends within 3 s."""

REPORT_SECONDS = 1.0
"""The time between two reports of the progress."""


class Intake(Protocol):
    """The reader of the input, which adds its targets to the stores."""

    @property
    def targets(self) -> int:
        """The number of targets added so far, those of earlier runs included."""

    def run(self, stopped: Callable[[], bool]) -> Mapping[str, int] | None:
        """Read the input to its end and return its counts; None if it was stopped before. Raises CrawlerError."""


class Group(Protocol):
    """The crawler of the targets in the stores: `ProcessGroup`, or the batches of a cluster."""

    @property
    def is_done(self) -> bool:
        """True once all shards are drained."""

    @property
    def output_bytes(self) -> int:
        """The size of pages and results."""

    def start(self) -> None:
        """Begin."""

    def supervise(self, seconds: float) -> None:
        """Wait at most `seconds` for news, and react to it."""

    def counts_of(self, shard: int) -> StoreCounts:
        """Return the targets of a shard by state."""

    def drain(self) -> None:
        """End once the stores have no pending targets."""

    def stop(self, seconds: float) -> Exception | None:
        """Commit what is fetched within `seconds`, and end; return an error that prevents it."""

    def kill(self) -> None:
        """End at once; safe in a signal handler."""

    def close(self) -> None:
        """Release everything."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run of a crawl."""

    finished: bool
    """True if every target has a result."""
    snapshot: Snapshot
    stopped: str = ""
    """Why the run ended before; '' if an error ended it."""
    error: Exception | None = None
    """The error that ended it."""
    traceback: str = ""
    """Where that error happened, if that was in another process."""


class Coordinator:
    """One run of a crawl.

    `intake` is None if the input has been read to its end; `on_intake` receives its counts when it has. `on_progress`
    is called about once a second, `on_event` for what happens to processes. `new_group` creates what crawls in place of
    processes of this machine; it reports to the given progress.
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
        new_group: Callable[[Progress], Group] | None = None,
    ) -> None:
        self._options = options
        self._intake = intake
        self._on_intake = on_intake
        self._on_progress = on_progress
        self._max_seconds = max_seconds
        self._progress = Progress(earlier_seconds)
        self._group: Group = (
            ProcessGroup(options, processes, self._progress, on_event=on_event, target=target)
            if new_group is None
            else new_group(self._progress)
        )
        self._stop_reason = ""
        self._error: Exception | None = None
        self._traceback = ""
        self._draining = False
        self._reading: threading.Thread | None = None
        self._counts: Mapping[str, int] | None = None
        self._intake_error: Exception | None = None
        self._reported_at = float("-inf")

    def stop(self, reason: str) -> None:
        """End the crawl with what is fetched; safe in a signal handler."""
        self._stop_reason = self._stop_reason or reason

    def kill(self) -> None:
        """Kill all processes; safe in a signal handler. What is committed stays."""
        self._group.kill()

    def run(self) -> Outcome:
        """Crawl until every target has a result, or something ends it; no process is left then."""
        try:
            try:
                self._begin()
                while not (self._stop_reason or self._group.is_done):
                    self._turn()
            except ProcessesFailedError as failure:
                self._fail(failure.error, failure.traceback)
            except (
                CrawlerError,
                OSError,
            ) as error:  # a store is damaged, the disk is full, no process can start
                self._fail(error)
            return self._end()
        finally:
            self.stop(Phrase("bulk_failed"))  # ends the intake
            self._group.close()

    def _begin(self) -> None:
        for shard in range(self._options.shards):
            with ShardStore.open(store_path(self._options.out, shard)) as store:
                counts = store.counts()
            self._progress.open_shard(shard, counts.finished)
            self._progress.total += counts.pending + counts.done
        self._group.start()
        if self._intake is None:
            self._progress.total_known = True
        else:
            self._reading = threading.Thread(
                target=self._read_input, args=(self._intake,), name="intake", daemon=True
            )
            self._reading.start()

    def _turn(self) -> None:
        """Wait for news, then look at everything once."""
        self._group.supervise(POLL_SECONDS)
        self._look_at_intake()
        if not self._draining and self._is_drained():
            self._draining = True
            self._group.drain()
        now = time.monotonic()
        if self._max_seconds is not None and now - self._progress.started >= self._max_seconds:
            self.stop(Phrase("deadline", seconds=self._max_seconds))
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._on_progress(self._measured())

    def _read_input(self, intake: Intake) -> None:
        try:
            self._counts = intake.run(lambda: bool(self._stop_reason))
        except Exception as error:  # noqa: BLE001 – raised in the main thread
            self._intake_error = error

    def _look_at_intake(self) -> None:
        if self._reading is None or self._intake is None:
            return
        is_over = not self._reading.is_alive()
        self._progress.total = max(self._progress.total, self._intake.targets)
        if not is_over:
            return
        self._reading = None
        if self._intake_error is not None:
            self._fail(self._intake_error)
        elif self._counts is not None:
            self._progress.total = self._intake.targets
            self._progress.total_known = True
            self._on_intake(self._counts)

    def _is_drained(self) -> bool:
        """Return True if no store has a pending target, and none can get one.

        Only a pending target can lead to one in another shard, through the outbox. If two looks at all stores, one
        after the other, find neither and the same counts, then there was neither in any store between them.
        """
        shards = range(self._options.shards)
        if not self._progress.total_known or not all(map(self._progress.is_idle, shards)):
            return False
        looks = []
        for _ in range(2):
            counts = [self._group.counts_of(shard) for shard in shards]
            if any(map(is_open, counts)):
                return False
            looks.append(counts)
        return looks[0] == looks[1]

    def _fail(self, error: Exception, traceback: str = "") -> None:
        if self._error is None:
            self._error, self._traceback = error, traceback
        self.stop(Phrase("bulk_failed"))

    def _end(self) -> Outcome:
        if self._stop_reason:
            deadline = time.monotonic() + STOP_SECONDS
            unsaved = self._group.stop(STOP_SECONDS)
            if self._reading is not None:
                self._reading.join(max(deadline - time.monotonic(), 0))
            self._error = self._error or unsaved
            try:
                self._look_at_intake()  # it may just have come to its end
            except CrawlerError as error:
                self._fail(error)
        # A stop may come when the last target has just ended.
        finished = self._error is None and self._progress.total_known
        with suppress(CrawlerError):
            for shard in range(self._options.shards):
                counts = self._group.counts_of(shard)
                self._progress.open_shard(shard, counts.finished)
                finished = finished and not is_open(counts)
        snapshot = self._measured()
        self._on_progress(snapshot)
        stopped = "" if finished or self._error is not None else self._stop_reason
        return Outcome(finished, snapshot, stopped, self._error, self._traceback)

    def _measured(self) -> Snapshot:
        """Measure the disk, and return the progress."""
        out = self._options.out
        self._progress.output_bytes = self._group.output_bytes
        self._progress.state_bytes = state_bytes(out)
        with suppress(OSError):
            self._progress.disk_free = shutil.disk_usage(out).free
        return self._progress.snapshot()
