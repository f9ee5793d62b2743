"""Save the results of a shard: first its files, durably, then its store, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from crawler.bulk.model import BulkOptions, shard_of, store_path
from crawler.bulk.output_files import OutputFiles
from crawler.bulk.ports import Entry
from crawler.bulk.store import ShardStore, deliver

__all__ = ["ShardSink"]

MOST_OTHERS = 4
"""Stores of other shards that stay open: each has some file descriptors and up to 4 MB of cache."""


class ShardSink:
    """The files and the store of one shard; the stores of other shards, to hand targets over to them.

    Opening it cuts the files to what the store knows, and delivers targets that a killed process did not. Call it from
    one thread at a time. Raises OutputError.
    """

    def __init__(self, options: BulkOptions, shard: int) -> None:
        self._options = options
        self._others: dict[int, ShardStore] = {}
        with ExitStack() as stack:
            self._store = stack.enter_context(ShardStore.open(store_path(options.out, shard)))
            self._files = OutputFiles(options.out, shard, self._store.files(), roll_bytes=options.roll_bytes)
            stack.callback(self._files.close)
            self._stack = stack.pop_all()
        try:
            deliver(self._store, self._receiver)
        except BaseException:
            self.close()
            raise

    def save(self, entries: Sequence[Entry]) -> None:
        """Save results as the protocol `Sink` says."""
        lengths = self._files.append(entries)
        handed_over = [entry.handed_over for entry in entries if entry.handed_over is not None]
        self._store.finish(
            [entry.finished for entry in entries if entry.verdict is not None], handed_over, lengths
        )
        if handed_over:
            deliver(self._store, self._receiver)
            if len(self._others) > MOST_OTHERS:
                self._close_others()

    def close(self) -> None:
        """Close the files and the stores."""
        self._close_others()
        self._stack.close()

    def _close_others(self) -> None:
        for store in self._others.values():
            store.close()
        self._others.clear()

    def _receiver(self, host: str) -> ShardStore:
        """Return the open store of the shard that has a host."""
        shard = shard_of(host, self._options.shards)
        store = self._others.get(shard)
        if store is None:
            store = self._others[shard] = ShardStore.open(store_path(self._options.out, shard))
        return store
