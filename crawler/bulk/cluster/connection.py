"""The connection to a Dask scheduler, and those of its workers that have this version of the program."""

from __future__ import annotations

import logging
import queue
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from crawler.bulk.batch import THIS_PROGRAM, program_words
from crawler.clean import clean
from crawler.errors import OutputError, UsageError
from crawler.installation import install_command
from crawler.phrases import Phrase

__all__ = ["Cluster", "ClusterError", "Worker"]

CONNECT_SECONDS = 5.0

WORKERS_SECONDS = 10.0
"""The time for the first worker to appear, and for another one when the last is lost."""

WATCH_SECONDS = 1.0
"""The time between two looks at the workers of the scheduler."""

LOST_SECONDS = 2.0
"""A scheduler without a connection for so long is lost."""

CLOSE_SECONDS = 0.6
"""The time for the scheduler to answer when a crawl ends, which must not take long."""

_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")


class ClusterError(OutputError):
    """The scheduler or its workers cannot be used; a crawl can be resumed."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that may get batches."""

    address: str
    threads: int


class Cluster:
    """A connection to a scheduler, and its workers of this version; a context manager."""

    def __init__(self, client: Any, address: str) -> None:
        self.client = client
        self.address = address
        self.workers: dict[str, Worker] = {}
        """The workers that may get batches, by address; a new dictionary for each change."""
        self.refused: queue.SimpleQueue[str] = queue.SimpleQueue()
        """A phrase for each worker that is refused."""
        self._known: set[str] = set()
        self._closing = threading.Event()
        self._lost_at: float | None = None
        self._empty_at: float | None = None

    @classmethod
    def connect(cls, address: str) -> Self:
        """Connect to a scheduler, and wait for a worker of this version.

        Raises UsageError if Dask is not installed, ClusterError if the scheduler or a worker is missing.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import distributed
        except ImportError as error:
            raise UsageError(f"--cluster needs the extra cluster: {install_command('cluster')}") from error
        for name in _LOGGERS:  # what they log is reported here in one line, or concerns nobody
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions of Dask's own packages
                new_client: Any = distributed.Client
                client = new_client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            why = clean(" ".join(str(error).split()))[:200]
            raise ClusterError(Phrase("cluster_no_scheduler", address=address, why=why)) from error
        cluster = cls(client, address)
        try:
            cluster._wait_for_workers()
        except BaseException:
            cluster.close()
            raise
        threading.Thread(target=cluster._watch, name="cluster-watch", daemon=True).start()
        return cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def threads(self) -> int:
        """The number of batches that run at a time."""
        return sum(worker.threads for worker in self.workers.values())

    def check(self) -> None:
        """Raise ClusterError if the scheduler is lost, or all workers have been missing for long."""
        now = time.monotonic()
        if self.client.status == "running":
            self._lost_at = None
        else:
            self._lost_at = self._lost_at or now
            if now - self._lost_at > LOST_SECONDS:
                raise ClusterError(Phrase("cluster_scheduler_lost", address=self.address))
        if self.workers:
            self._empty_at = None
        else:
            self._empty_at = self._empty_at or now
            if now - self._empty_at > WORKERS_SECONDS:
                raise self._no_workers()

    def apart(self, call: Callable[[], object], seconds: float) -> None:
        """Call a function that may wait for the network in a thread; wait for it at most `seconds`."""

        def guarded() -> None:
            with suppress(Exception):  # a scheduler that is gone
                call()

        thread = threading.Thread(target=guarded, name="cluster-call", daemon=True)
        thread.start()
        thread.join(seconds)

    def close(self) -> None:
        """Close the connection; further calls do nothing."""
        if not self._closing.is_set():
            self._closing.set()
            self.apart(lambda: self.client.close(timeout=CLOSE_SECONDS), CLOSE_SECONDS)

    def _no_workers(self) -> ClusterError:
        return ClusterError(Phrase("cluster_no_worker", address=self.address))

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + WORKERS_SECONDS
        while not self.workers:
            self._look()
            if not self.workers:
                if self._known or time.monotonic() > deadline:
                    raise ClusterError(self.refused.get()) if not self.refused.empty() else self._no_workers()
                time.sleep(0.2)

    def _watch(self) -> None:
        while not self._closing.wait(WATCH_SECONDS):
            # `check` notices a scheduler that is gone.
            with suppress(Exception):
                self._look()

    def _look(self) -> None:
        """Look which workers there are, and check the new ones."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        workers = {address: worker for address, worker in self.workers.items() if address in found}
        new = [address for address in found if address not in self._known]
        if new:
            for address, program in self._describe(new).items():
                if program == THIS_PROGRAM:
                    workers[address] = Worker(address, max(1, int(found[address]["nthreads"])))
                else:
                    self.refused.put(
                        Phrase("cluster_worker_refused", worker=address, found=program, wanted=THIS_PROGRAM)
                    )
                self._known.add(address)
        self._known &= set(found)
        self.workers = workers

    def _describe(self, addresses: list[str]) -> dict[str, str]:
        """Return the version of the program that each worker has."""

        # A nested function travels by value: a worker without this program can run it.
        def describe() -> tuple[str, str]:
            import platform

            python = ".".join(platform.python_version_tuple()[:2])
            try:
                from crawler.version import __version__
            except ImportError:
                return "", python
            return __version__, python

        answers = self.client.run(describe, workers=addresses, on_error="return")
        return {address: _program(answer) for address, answer in answers.items()}


def _program(answer: object) -> str:
    """Return the program of a worker in words, from its version and that of Python, or from the error that came."""
    match answer:
        case (str() as version, str() as python):
            if version:
                return program_words(version, python)
            return Phrase("cluster_program_absent", python=python)
        case _:
            return Phrase("cluster_program_unknown", kind=type(answer).__name__)
