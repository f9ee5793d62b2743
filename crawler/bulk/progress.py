"""The progress of a bulk crawl in numbers: finished targets, the current rate, the time and the disk that it takes."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crawler.bulk.model import ShardProgress, state_folder
from crawler.verdict import Verdict

__all__ = ["OUTPUTS", "Progress", "Snapshot", "output_files", "state_bytes"]

RATE_SECONDS = 30.0
"""The current rate is that of these last seconds."""

_SAMPLE_SECONDS = 0.5
"""The minimum time between two samples of the rate."""

OUTPUTS = ("pages-", "results-")
"""The beginnings of the names of files that grow with each target."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The progress at a moment; plain values, which become `state/status.json`."""

    done: int
    """Targets with a result, those of earlier runs of this crawl included."""
    done_now: int
    """Those of this run."""
    total: int
    """Targets read from the input so far."""
    total_known: bool
    """True once the input has been read to its end."""
    verdicts: Mapping[str, int]
    in_flight: int
    rate: float
    """Targets finished per second, currently."""
    seconds: float
    """The time that this run has taken."""
    earlier_seconds: float
    """The time that earlier runs of this crawl took."""
    output_bytes: int
    """The size of pages and results."""
    state_bytes: int
    """The size of the state, which does not grow any more once the input is read."""
    disk_free: int
    processes: int

    @property
    def disk_used(self) -> int:
        """The bytes of pages, results and state."""
        return self.output_bytes + self.state_bytes

    @property
    def eta(self) -> float | None:
        """The seconds that the rest will take at the current rate; None if that cannot be told yet."""
        if not self.total_known or not self.rate:
            return None
        return max(self.total - self.done, 0) / self.rate

    @property
    def disk_foreseen(self) -> int | None:
        """The bytes that the whole crawl will take, judged by the targets so far; None if that cannot be told yet."""
        if not self.total_known or not self.done:
            return None
        return self.state_bytes + round(self.output_bytes / self.done * self.total)

    @property
    def disk_short(self) -> int | None:
        """The bytes that the disk lacks for the rest, judged by the targets so far; None if it has enough."""
        if self.disk_foreseen is None:
            return None
        lacking = self.disk_foreseen - self.disk_used - self.disk_free
        return lacking if lacking > 0 else None


@dataclass(slots=True)
class Progress:
    """Adds up what the processes report; `finished_before` is what the stores held when each shard was opened."""

    earlier_seconds: float = 0.0
    clock: Callable[[], float] = time.monotonic
    total: int = 0
    total_known: bool = False
    processes: int = 0
    output_bytes: int = 0
    state_bytes: int = 0
    disk_free: int = 0
    started: float = field(init=False)
    _before: dict[int, Counter[str]] = field(default_factory=dict)
    _reported: dict[int, ShardProgress] = field(default_factory=dict)
    _begun_with: int | None = None
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def open_shard(self, shard: int, finished: Mapping[Verdict, int]) -> None:
        """Begin a shard anew, with the verdicts that its store holds."""
        self._before[shard] = Counter({verdict.value: n for verdict, n in finished.items()})
        self._reported.pop(shard, None)

    def report(self, progress: ShardProgress) -> None:
        """Take a report, which replaces the shard's earlier one."""
        self._reported[progress.shard] = progress

    def is_idle(self, shard: int) -> bool:
        """Return True if a shard's process has reported that it has nothing to do."""
        return shard in self._reported and self._reported[shard].idle

    @property
    def verdicts(self) -> Counter[str]:
        """The number of targets by verdict."""
        found: Counter[str] = Counter()
        for counts in self._before.values():
            found.update(counts)
        for progress in self._reported.values():
            found.update({verdict.value: n for verdict, n in progress.verdicts.items()})
        return found

    def snapshot(self) -> Snapshot:
        """Return the progress now."""
        verdicts = self.verdicts
        done = verdicts.total()
        if self._begun_with is None:
            self._begun_with = sum(counts.total() for counts in self._before.values())
        now = self.clock()
        return Snapshot(
            done=done,
            done_now=max(done - self._begun_with, 0),
            total=max(self.total, done),
            total_known=self.total_known,
            verdicts=dict(verdicts.most_common()),
            in_flight=sum(progress.in_flight for progress in self._reported.values()),
            rate=self._rate(now, done),
            seconds=now - self.started,
            earlier_seconds=self.earlier_seconds,
            output_bytes=self.output_bytes,
            state_bytes=self.state_bytes,
            disk_free=self.disk_free,
            processes=self.processes,
        )

    def _rate(self, now: float, done: int) -> float:
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE_SECONDS:
            self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= RATE_SECONDS:
            self._samples.popleft()
        since, before = self._samples[0]
        return max(done - before, 0) / (now - since) if now > since else 0.0


def output_files(out: Path) -> dict[str, int]:
    """Return the sizes of the output files in a crawl's folder by name."""
    try:
        with os.scandir(out) as entries:
            return {
                entry.name: entry.stat().st_size
                for entry in sorted(entries, key=lambda entry: entry.name)
                if entry.name.startswith(OUTPUTS) and entry.is_file()
            }
    except OSError:
        return {}


def state_bytes(out: Path) -> int:
    """Return the bytes that a crawl's state takes."""
    used = 0
    try:
        with os.scandir(state_folder(out)) as entries:
            for entry in entries:
                try:
                    used += entry.stat().st_size
                except OSError:  # a temporary file that is gone
                    continue
    except OSError:
        pass
    return used
