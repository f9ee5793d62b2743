"""The targets of a shard in memory, for a crawl of a bounded list without a store."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping
from itertools import islice

from crawler.bulk.model import Target
from crawler.verdict import Verdict

__all__ = ["TargetList"]


class TargetList:
    """A `TargetSource` that forgets targets as it gives them out: whoever breaks off begins with a new one."""

    def __init__(self, targets: Iterable[Target], *, blame: Mapping[int, Verdict] | None = None) -> None:
        """`blame` are the targets that must not be parsed again, with the verdicts on their pages."""
        self._queues: dict[str, deque[Target]] = {}
        self._blame = dict(blame or {})
        for target in targets:
            self._queues.setdefault(target.host, deque()).append(target)

    def hosts(self, *, excluding: Container[str], limit: int) -> list[str]:
        """Return hosts with targets in the order of the list."""
        return list(islice((host for host in self._queues if host not in excluding), limit))

    def next_of(self, host: str, *, after: int, limit: int) -> tuple[int, list[Target]]:
        """Return (cursor, the next targets of a host)."""
        queue = self._queues.get(host)
        if queue is None:
            return after, []
        targets = [queue.popleft() for _ in range(min(limit, len(queue)))]
        if not queue:
            del self._queues[host]
        return after + len(targets), targets

    def blame(self) -> Mapping[int, Verdict]:
        """Return the targets that must not be parsed again."""
        return self._blame
