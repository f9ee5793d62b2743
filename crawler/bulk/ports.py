"""The interfaces of a shard runner: where its targets come from, and where its results go."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crawler.bulk.model import Finished, Target
from crawler.download.exchange import HttpRecord
from crawler.verdict import Verdict

__all__ = ["Entry", "Sink", "TargetSource"]


@dataclass(frozen=True, slots=True)
class Entry:
    """The outcome of one target, to be saved: it has a result line, or another shard continues it."""

    target: Target
    verdict: Verdict | None
    """None if the target is handed over."""
    line: dict[str, Any]
    """The values of the result line in order; empty if the target is handed over. The sink sets `warc` and
    `warc_offset`."""
    hops: Sequence[HttpRecord] = ()
    """The HTTP requests to archive, in order."""
    handed_over: Target | None = None
    """The target as the other shard gets it, which has `target.number`."""

    @property
    def finished(self) -> Finished:
        """The target as the store records it. Raises ValueError if it is handed over."""
        if self.verdict is None:
            raise ValueError(f"the target {self.target.number} is handed over, and not finished")
        return Finished(self.target.number, self.target.host, self.verdict)


class TargetSource(Protocol):
    """The pending targets of a shard. Every call is short; the event loop makes it."""

    def hosts(self, *, excluding: Container[str], limit: int) -> list[str]:
        """Return hosts with pending targets, in order of their first pending target."""

    def next_of(self, host: str, *, after: int, limit: int) -> tuple[int, list[Target]]:
        """Return (cursor, the next pending targets of a host behind the cursor `after`); 0 begins."""

    def blame(self) -> Mapping[int, Verdict]:
        """Return the targets whose pages killed or hung the parser, which are not parsed again."""


class Sink(Protocol):
    """Where the results of a shard go. The writer's thread makes every call."""

    def save(self, entries: Sequence[Entry]) -> None:
        """Save results durably and mark their targets as finished, all or none.

        Raises OutputError if that fails; the runner then ends, and the entries stay pending.
        """

    def close(self) -> None:
        """Close the files."""
