"""A shard process as its coordinator sees it: start, commands, reports, hangs, end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from crawler.bulk.model import BulkOptions
from crawler.bulk.pulse import Pulse, PulseReading
from crawler.bulk.shard_process import Command, pulse_path, run_process
from crawler.parsing.worker import PROCESS_TYPES

__all__ = ["Hang", "ProcessTarget", "ShardProcess", "find_hang"]

SILENT_SECONDS = 60.0
"""The time without a heartbeat after which a process that parses nothing counts as hung."""

ProcessTarget = Callable[[int, Sequence[int], BulkOptions, Connection], None]
"""The function that a process runs; tests replace it."""


@dataclass(frozen=True, slots=True)
class Hang:
    """A process that does not go on."""

    reading: PulseReading
    is_parsing: bool
    """True if a page takes the parser too long; False if the event loop stands still for another reason."""


class ShardProcess:
    """A process for some shards, from its start to its end."""

    def __init__(
        self, slot: int, shards: Sequence[int], options: BulkOptions, target: ProcessTarget = run_process
    ) -> None:
        """Start the process. Raises OSError if the system has no room for one more."""
        self.slot = slot
        self.shards = tuple(shards)
        self.advanced = False
        """True once it has finished a target."""
        self._options = options
        self.pulse = Pulse.create(pulse_path(options.out, slot))
        self._started = time.monotonic()
        try:
            self.connection, theirs = Pipe()
            # A new interpreter: the intake's thread runs, and a fork would copy whatever lock it holds.
            self.process: BaseProcess = PROCESS_TYPES["spawn"](
                target=target,
                args=(slot, self.shards, options, theirs),
                name=f"shard-process-{slot}",
                daemon=True,
            )
            try:
                self.process.start()
            except BaseException:
                self.connection.close()
                raise
            finally:
                theirs.close()
        except BaseException:
            self.pulse.close()
            raise

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self.process.pid

    def messages(self) -> list[Any]:
        """Return the messages of the process since the last call."""
        found: list[Any] = []
        with suppress(EOFError, OSError):
            while self.connection.poll():
                found.append(self.connection.recv())
        return found

    def send(self, command: Command) -> None:
        """Send a command; a process that has ended misses nothing."""
        with suppress(OSError):
            self.connection.send(command.value)

    def hang(self, now: float, awake_since: float) -> Hang | None:
        """Return the hang of the process; None if it does not hang.

        `awake_since` is the time since which this machine and this program have run without a break: the processes
        could not go on before it either.
        """
        return find_hang(
            self.pulse,
            parse_seconds=self._options.parse_seconds,
            now=now,
            since=max(self._started, awake_since),
        )

    @property
    def ended(self) -> bool:
        """True once the process has ended."""
        return self.process.exitcode is not None

    def kill(self) -> None:
        """End the process now."""
        with suppress(OSError, ValueError):
            self.process.kill()

    def close(self) -> PulseReading:
        """Wait for the end of a process that has ended or was killed; return its last pulse."""
        self.process.join()
        reading = self.pulse.read()
        self.pulse.close()
        self.connection.close()
        self.process.close()
        return reading


def find_hang(pulse: Pulse, *, parse_seconds: float, now: float, since: float) -> Hang | None:
    """Return the hang of a process by its pulse; None if it does not hang, or cannot have gone on before `since`."""
    reading = pulse.read()
    if reading.number:
        late = now - max(reading.since, since) > parse_seconds
        return Hang(reading, is_parsing=True) if late else None
    silent = now - max(reading.beat_at, since) > SILENT_SECONDS
    return Hang(reading, is_parsing=False) if silent else None
