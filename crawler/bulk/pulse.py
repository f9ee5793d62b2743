"""The pulse of a shard process: a heartbeat, and the page that it is parsing, in a file that its parent maps, too.

    pulse = Pulse.create(path)                # in the parent, before the process starts
    with Pulse.open(path) as pulse: …         # in the process
    pulse.read()                              # in the parent, at any time, even after the process died

The values survive the process, so the parent knows which page hung or killed the parser.
"""

from __future__ import annotations

import mmap
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Pulse", "PulseReading"]

_SIZE = 4 * 8
_BEAT, _SINCE = 0, 1  # positions of the two times
_SHARD, _NUMBER = 2, 3  # positions of the two numbers


class PulseReading(NamedTuple):
    """The values of a pulse. Times are those of `time.monotonic`, which all processes of a machine share."""

    beat_at: float
    """When the event loop last ran; the file's creation before that."""
    number: int
    """The target whose page is being parsed; 0 for none."""
    shard: int
    """The shard of that target."""
    since: float
    """When its parsing began."""


class Pulse:
    """A mapped file with the pulse of one process; a context manager.

    Each value is one aligned word, so a reader never sees half of one.
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)
        view = memoryview(self._map)
        self._times = view.cast("d")
        self._numbers = view.cast("q")
        view.release()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new file and map it. Raises OSError if that fails."""
        # Written, not only sized: a page of a sparse file could not be allocated on a full disk, which is a SIGBUS.
        path.write_bytes(bytes(_SIZE))
        pulse = cls(path)
        pulse.beat()
        return pulse

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map an existing file. Raises OSError if that fails."""
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unmap the file; the values stay in it."""
        self._times.release()
        self._numbers.release()
        self._map.close()

    def beat(self) -> None:
        """Record that the event loop runs."""
        self._times[_BEAT] = time.monotonic()

    def begin(self, shard: int, number: int) -> None:
        """Record that the parsing of a target's page begins."""
        self._times[_SINCE] = time.monotonic()
        self._numbers[_SHARD] = shard
        self._numbers[_NUMBER] = number

    def end(self) -> None:
        """Record that the parsing has ended."""
        self._numbers[_NUMBER] = 0

    def read(self) -> PulseReading:
        """Return the current values."""
        times, numbers = self._times, self._numbers
        return PulseReading(times[_BEAT], numbers[_NUMBER], numbers[_SHARD], times[_SINCE])
