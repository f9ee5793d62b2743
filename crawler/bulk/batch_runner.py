"""Run batches on a worker: a process for each shard, watched, replaced if it dies or hangs; whole files at the end.

    outcome = PROCESSES.run(batch, folder, is_wanted=…, report=…)     # in any thread of the worker

Nothing here knows where the worker came from, or who sent the batch.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crawler.bulk.batch import Batch, BatchOutcome, Saved
from crawler.bulk.batch_process import BatchEnd, BatchOrder
from crawler.bulk.destination import open_destination
from crawler.bulk.model import BulkOptions, ShardProgress, Target
from crawler.bulk.pulse import Pulse, PulseReading
from crawler.bulk.shard_process import Command, Failure
from crawler.bulk.supervision import find_hang
from crawler.errors import CrawlerError
from crawler.phrases import Phrase
from crawler.verdict import Verdict

__all__ = ["PROCESSES", "BatchCancelledError", "BatchProcesses"]

PROGRAM = "from crawler.bulk.batch_process import main; main()"

POLL_SECONDS = 0.1

IDLE_SECONDS = 120.0
"""A process without a batch for so long is ended: the batches of its shard go to another worker now."""

MOST_DEATHS = 3
"""Deaths of a batch's process outside the parser that end the crawl."""

SUSPICIONS = 2
"""A page during whose parsing the process died so many times is blamed."""


class BatchCancelledError(Exception):
    """Nobody wants the batch any more; nothing of it is left."""


class _Process:
    """A process for the batches of a shard."""

    def __init__(self, options: BulkOptions) -> None:
        self.options = options
        # Apart from the files of batches: it must outlive them, and a shared folder cannot always be mapped.
        self._folder = Path(tempfile.mkdtemp(prefix="bookprice-"))
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 – our own module
                # Not with -m: what it sends must not belong to `__main__`.
                [sys.executable, "-c", PROGRAM, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        self.connection = Connection(ours.detach())
        pulse_path = self._folder / "pulse"
        self.pulse = Pulse.create(pulse_path)
        self.started = self.idle_since = time.monotonic()
        self.send((options, pulse_path))

    def send(self, message: object) -> None:
        """Send a message; a process that has ended misses nothing."""
        with suppress(OSError):
            self.connection.send(message)

    def messages(self, seconds: float) -> list[Any]:
        """Wait at most `seconds` for messages of the process, and return them."""
        found: list[Any] = []
        with suppress(EOFError, OSError):
            while self.connection.poll(0 if found else seconds):
                found.append(self.connection.recv())
        return found

    @property
    def code(self) -> int | None:
        """The exit code of the process; None while it runs."""
        return self._process.poll()

    def close(self) -> PulseReading:
        """Kill the process, and wait for its end; return its last pulse."""
        self._process.kill()
        self._process.wait()
        reading = self.pulse.read()
        self.pulse.close()
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return reading


@dataclass
class _Run:
    """A batch that runs, what it has so far, and what has happened to its processes."""

    batch: Batch
    folder: Path
    outcome: BatchOutcome
    left: dict[int, Target]
    blame: dict[int, Verdict]
    suspicions: Counter[int] = field(default_factory=Counter)
    deaths: int = 0

    @property
    def order(self) -> BatchOrder:
        """The order to crawl what is left."""
        return BatchOrder(
            self.batch, self.folder, list(self.left.values()), dict(self.blame), dict(self.outcome.files)
        )

    def take(self, saved: Saved) -> None:
        """Record what is saved."""
        self.outcome.add(saved)
        for done in saved.finished:
            self.left.pop(done.number, None)
        for target in saved.handed_over:
            self.left.pop(target.number, None)
        self.deaths = 0

    def accuse(self, number: int, verdict: Verdict) -> None:
        """Record that the page of a target must not be parsed again."""
        self.blame[number] = self.outcome.blamed[number] = verdict

    def suspect(self, number: int) -> None:
        """Record that the process died while it parsed the page of a target."""
        self.suspicions[number] += 1
        if self.suspicions[number] >= SUSPICIONS:
            self.accuse(number, Verdict.PARSE_CRASHED)

    def count_death(self, error: CrawlerError) -> None:
        """Record that the process died outside the parser. Raises `error` if it happens too often."""
        self.deaths += 1
        if self.deaths >= MOST_DEATHS:
            raise error


class BatchProcesses:
    """The processes of a worker, one for each shard of a crawl; a batch of a shard runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, int], _Process] = {}
        self._stopped: set[str] = set()
        self._sweeper: threading.Thread | None = None

    def stop(self, crawl: str) -> None:
        """End the batches of a run of a crawl now, with what they have."""
        self._stopped.add(crawl)

    def end(self, crawl: str) -> None:
        """End the idle processes of a run of a crawl, which sends no more batches."""
        self._stopped.add(crawl)
        self._close_idle(lambda key, _: key[0] == crawl)

    def run(
        self,
        batch: Batch,
        folder: Path,
        *,
        is_wanted: Callable[[], bool],
        report: Callable[[ShardProgress], None],
    ) -> BatchOutcome:
        """Crawl a batch in its shard's process; put whole files into the output, and return what is in them.

        `folder` is where a new folder for the unfinished files is created; nothing of it is left. Raises
        BatchCancelledError once `is_wanted` returns False, CrawlerError if the batch cannot be crawled or saved.
        """
        staging = Path(tempfile.mkdtemp(prefix=f"{batch.name}-", dir=folder))
        run = _Run(
            batch,
            staging,
            BatchOutcome(batch.name),
            {target.number: target for target in batch.targets},
            dict(batch.blame),
        )
        try:
            self._crawl(run, is_wanted, report)
            if not is_wanted():
                raise BatchCancelledError
            destination = open_destination(batch.output)
            # The results come last: a file of results names files that exist.
            for name in sorted(run.outcome.files, key=lambda name: (name.startswith("results"), name)):
                destination.put(staging / name, name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return run.outcome

    def _crawl(
        self, run: _Run, is_wanted: Callable[[], bool], report: Callable[[ShardProgress], None]
    ) -> None:
        ended = False
        while not ended and batch_is_open(run, self._stopped):
            process = self._take(run.batch)
            try:
                process.send(run.order)
                ended = self._watch(run, process, is_wanted, report)
            except BaseException:
                process.close()
                raise
            if ended:
                self._keep(run.batch, process)

    def _watch(
        self,
        run: _Run,
        process: _Process,
        is_wanted: Callable[[], bool],
        report: Callable[[ShardProgress], None],
    ) -> bool:
        """Return True when the process has ended the batch; False if it died or was killed, and is closed."""
        started = time.monotonic()
        while True:
            died = process.code is not None  # before its last messages are read
            if self._take_messages(run, process, report):
                return True
            if not is_wanted():
                raise BatchCancelledError
            if run.batch.crawl in self._stopped:
                process.send(Command.STOP)
            if died:
                code, reading = process.code, process.close()
                if reading.number:
                    run.suspect(reading.number)
                else:
                    run.count_death(CrawlerError(Phrase("bulk_process_dies", why=_how(code))))
                return False
            hang = find_hang(
                process.pulse,
                parse_seconds=run.batch.options.parse_seconds,
                now=time.monotonic(),
                since=max(started, process.started),
            )
            if hang is not None:
                process.close()
                if hang.is_parsing:
                    run.accuse(hang.reading.number, Verdict.PARSE_TIMEOUT)
                else:
                    run.count_death(CrawlerError(Phrase("bulk_process_hangs")))
                return False

    def _take_messages(self, run: _Run, process: _Process, report: Callable[[ShardProgress], None]) -> bool:
        """Take what the process sends; return True at the end of the batch. Raises the error that it ended with."""
        for message in process.messages(POLL_SECONDS):
            match message:
                case Saved():
                    run.take(message)
                case ShardProgress():
                    report(message)
                case Failure():
                    raise message.error
                case BatchEnd():
                    return True
        return False

    def _take(self, batch: Batch) -> _Process:
        """Return the idle process of a batch's shard, or a new one. Raises CrawlerError if none can start."""
        with self._lock:
            process = self._idle.pop((batch.crawl, batch.shard), None)
        if process is not None:
            if process.code is None:
                return process
            process.close()
        try:
            return _Process(batch.options)
        except OSError as error:
            raise CrawlerError(Phrase("bulk_process_dies", why=error.strerror or str(error))) from error

    def _keep(self, batch: Batch, process: _Process) -> None:
        """Keep a process for the next batch of its shard."""
        process.idle_since = time.monotonic()
        with self._lock:
            if batch.crawl in self._stopped:
                process.close()
                return
            self._idle[batch.crawl, batch.shard] = process
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="idle-batches", daemon=True)
                self._sweeper.start()

    def _sweep(self) -> None:
        """End processes that get no more batches; without any, end this thread."""
        while True:
            time.sleep(IDLE_SECONDS / 10)
            self._close_idle(lambda _, process: time.monotonic() - process.idle_since > IDLE_SECONDS)
            with self._lock:
                if not self._idle:
                    self._sweeper = None
                    return

    def _close_idle(self, is_over: Callable[[tuple[str, int], _Process], bool]) -> None:
        with self._lock:
            over = [key for key, process in self._idle.items() if is_over(key, process)]
            processes = [self._idle.pop(key) for key in over]
        for process in processes:
            process.close()


def batch_is_open(run: _Run, stopped: set[str]) -> bool:
    """Return True while a batch has targets to crawl, and its crawl is not stopped."""
    return bool(run.left) and run.batch.crawl not in stopped


def _how(code: int | None) -> str:
    """Describe the end of a process by its exit code."""
    if code is not None and code < 0:
        return Phrase("bulk_by_signal", n=-code)
    return Phrase("bulk_by_code", n=code or 0)


PROCESSES = BatchProcesses()
"""Those of this process."""
