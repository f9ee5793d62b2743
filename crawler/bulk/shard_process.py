"""The code inside a shard process: its start, the commands that it takes, and its end when the coordinator ends.

Each process crawls some shards in one event loop and parses pages inline. It reports to the coordinator over a pipe;
its pulse lies in a file that outlives it.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.atomic_write import shown
from crawler.bulk.manifest import CrawlRunningError
from crawler.bulk.model import BulkOptions, state_folder
from crawler.file_lock import try_lock
from crawler.parsing import worker
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.bulk.control import Control

__all__ = [
    "Command",
    "Failure",
    "LogLine",
    "Reports",
    "end_at_once_with_parent",
    "lock_path",
    "pass_on_logs",
    "pulse_path",
    "run_process",
    "wait_for_earlier_processes",
]

_LOCK_POLL_SECONDS = 0.05

_ENDING_SECONDS = 10.0
"""The longest time that processes of a killed coordinator may take to end."""

_MOST_LOG_LINES = 10
"""The maximum number of log messages of libraries that a process passes on."""

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Command(StrEnum):
    """A command of the coordinator to a process."""

    DRAIN = "drain"
    STOP = "stop"


class Failure:
    """The exception that ended a process, with its traceback as text; sent to the coordinator."""

    def __init__(self, error: Exception) -> None:
        self.traceback = "".join(traceback.format_exception(error))
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 – our own bytes
            self.error = error
        except Exception:  # noqa: BLE001 – an exception of a library that does not travel
            self.error = RuntimeError(f"{type(error).__name__}: {error}")


class LogLine(str):
    """The first line of a warning that a library logged; sent to the coordinator."""

    __slots__ = ()


def pulse_path(out: Path, slot: int) -> Path:
    """Return the file with the pulse of the process in a slot."""
    return state_folder(out) / f"pulse-{slot:03}"


def lock_path(out: Path, shard: int) -> Path:
    """Return the file that the process of a shard holds locked."""
    return state_folder(out) / f"shard-{shard:03}.lock"


def run_process(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """Crawl some shards until the coordinator ends it; the target of a process."""
    coordinator = Reports(connection)
    try:
        worker.set_up(())
        end_at_once_with_parent()
        pass_on_logs(coordinator)
        with ExitStack() as locks:
            for shard in shards:
                _hold_lock(lock_path(options.out, shard), locks)
            _crawl(slot, shards, options, coordinator)
            os._exit(0)  # a lookup of a name may hang in a thread, for which the interpreter would wait
    except Exception as error:  # noqa: BLE001 – the coordinator decides; nobody reads a traceback here
        coordinator.send(Failure(error))
        os._exit(1)  # no thread of a broken process may keep it


class Reports:
    """The way to the process that owns this one, for any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Send a message; without a coordinator, this process is about to end anyway."""
        with self._sending, suppress(OSError):
            self._connection.send(message)

    def obey(self, control: Control) -> None:
        """Pass on commands until the connection closes."""
        with suppress(EOFError, OSError):
            while True:
                match self._connection.recv():
                    case Command.DRAIN:
                        control.drain()
                    case Command.STOP:
                        control.stop()


def _crawl(slot: int, shards: Sequence[int], options: BulkOptions, coordinator: Reports) -> None:
    from crawler.bulk.control import Control
    from crawler.bulk.pulse import Pulse
    from crawler.bulk.runner import run_in_new_loop

    with Pulse.open(pulse_path(options.out, slot)) as pulse:
        control = Control(pulse)
        # A service manager signals every process of a service: commit what is fetched, as the coordinator will ask.
        signal.signal(signal.SIGTERM, lambda *_: control.stop())
        threading.Thread(target=coordinator.obey, args=(control,), name="commands", daemon=True).start()
        run_in_new_loop(shards, options, control, coordinator.send)


def _hold_lock(path: Path, locks: ExitStack) -> None:
    """Lock a shard for the life of this process; wait for a process of an earlier run that is about to end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    locks.callback(os.close, descriptor)
    while try_lock(descriptor) is False:
        time.sleep(_LOCK_POLL_SECONDS)


def end_at_once_with_parent() -> None:
    """Let Linux kill this process with the coordinator, even while a parser keeps every other thread from running."""
    if sys.platform == "linux":
        import ctypes

        parent = os.getppid()
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def pass_on_logs(coordinator: Reports) -> None:
    """Send the warnings of libraries to the coordinator, each as one line, instead of printing tracebacks."""
    logging.getLogger().addHandler(_PassOn(coordinator))


class _PassOn(logging.Handler):
    def __init__(self, coordinator: Reports) -> None:
        super().__init__(logging.WARNING)
        self._coordinator = coordinator
        self._sent = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._sent < _MOST_LOG_LINES:
            self._sent += 1
            self._coordinator.send(LogLine(record.getMessage().partition("\n")[0]))


def wait_for_earlier_processes(out: Path, shards: int) -> None:
    """Wait until no process of an earlier run holds a shard; raise CrawlRunningError if one does not end."""
    deadline = time.monotonic() + _ENDING_SECONDS
    for shard in range(shards):
        with suppress(FileNotFoundError):
            descriptor = os.open(lock_path(out, shard), os.O_RDWR)
            try:
                while try_lock(descriptor) is False:
                    if time.monotonic() > deadline:
                        raise CrawlRunningError(Phrase("bulk_ending", folder=shown(out)))
                    time.sleep(_LOCK_POLL_SECONDS)
            finally:
                os.close(descriptor)
