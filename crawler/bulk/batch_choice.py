"""Choose the targets of a shard's next batch, so that slow hosts do not hold up the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from crawler.bulk.model import Target
from crawler.bulk.store import ShardStore

__all__ = ["BatchChoice"]

BATCH_TARGETS = 5_000
"""Limit on the targets of a batch: a process crawls so many in well under a minute unless their hosts are slow."""

BATCH_CHARACTERS = 4_000_000
"""Limit on the text of a batch; Dask warns of tasks larger than 10 MB."""

SMALLEST_SHARE = 20
"""Targets of one host that a batch takes at least, before it turns to the next host."""


class BatchChoice:
    """The choice for one shard; it remembers how many targets the slow hosts got through in a batch."""

    def __init__(self, most: int | None = None) -> None:
        self._most = BATCH_TARGETS if most is None else most
        self._quotas: dict[str, int] = {}

    def choose(self, store: ShardStore) -> list[Target]:
        """Return pending targets: a share of each host, then more of the hosts that were fast."""
        hosts = store.hosts(limit=self._most)
        share = max(SMALLEST_SHARE, self._most // max(len(hosts), 1))
        chosen: list[Target] = []
        characters = 0
        for host in hosts:
            limit = min(self._quotas.get(host, share), self._most - len(chosen))
            if limit <= 0 or characters > BATCH_CHARACTERS:
                break
            _, found = store.next_of(host, limit=limit)
            for target in found:
                characters += _length(target)
                chosen.append(target)
                if characters > BATCH_CHARACTERS:
                    break
        return chosen

    def learn(self, targets: Sequence[Target], ended: Collection[int]) -> None:
        """Note how many targets of each host ended in a batch: a host that left some gets no more next time."""
        sent = Counter(target.host for target in targets)
        done = Counter(target.host for target in targets if target.number in ended)
        for host, n in sent.items():
            if done[host] < n:
                self._quotas[host] = max(1, done[host])
            elif host in self._quotas:
                self._quotas[host] *= 2
                if self._quotas[host] >= self._most:
                    del self._quotas[host]


def _length(target: Target) -> int:
    return len(target.url) + len(target.source_url) + sum(map(len, target.columns.values()))
