"""Collect results, and save them in batches in a thread of its own: syncing a file takes longer than a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from crawler.bulk.ports import Entry, Sink

__all__ = ["Saver"]

COMMIT_SECONDS, COMMIT_ENTRIES, COMMIT_BYTES = 1.0, 200, 4 * 2**20
"""A batch is saved when it is so old, or has so many results or bytes."""

MOST_BYTES = 10 * 2**20
"""While so many bytes wait to be saved, no further page is requested: saving is slower than the network. There is room
for a batch that is being saved and for the next one; more would only fill slowly, and take memory."""

ENTRY_BYTES = 4_096
"""Estimated memory for a result without its pages."""


class Saver:
    """Batches of results for the sinks of some shards; `run` saves them until it is cancelled, `flush` saves the rest.

    `on_saved` gets each batch once it is saved, in the event loop. All sinks are called in the threads of `executor`,
    one call at a time, so one thread is enough.
    """

    def __init__(
        self,
        sinks: Mapping[int, Sink],
        executor: ThreadPoolExecutor,
        on_saved: Callable[[Mapping[int, list[Entry]]], None],
    ) -> None:
        self._sinks = sinks
        self._executor = executor
        self._on_saved = on_saved
        self._batch: dict[int, list[Entry]] = {}
        self._entries = self._bytes = 0
        self._saving_bytes = 0
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._saving: asyncio.Future[None] | None = None
        self._has_failed = False

    def add(self, shard: int, entry: Entry) -> None:
        """Take the result of a target."""
        self._batch.setdefault(shard, []).append(entry)
        self._entries += 1
        self._bytes += ENTRY_BYTES + sum(len(hop.body) for hop in entry.hops)
        if self._entries >= COMMIT_ENTRIES or self._bytes >= COMMIT_BYTES:
            self._full.set()
        if self._bytes + self._saving_bytes >= MOST_BYTES:
            self._room.clear()

    def hurry(self) -> None:
        """Save what there is now: nothing else is going on."""
        if self._entries:
            self._full.set()

    async def room(self) -> None:
        """Wait until there is room for another result."""
        if not self._room.is_set():
            await self._room.wait()

    async def run(self) -> None:
        """Save a batch whenever it is due. Raises OutputError if that fails."""
        while True:
            try:
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._full.wait()
            except TimeoutError:
                pass
            await self._save()

    async def flush(self) -> None:
        """Save what is left, unless saving has failed before. Raises OutputError if it fails now."""
        if self._saving is not None:
            await self._saving
        if not self._has_failed:
            await self._save()

    async def _save(self) -> None:
        self._full.clear()
        if not self._entries:
            return
        batch, self._batch = self._batch, {}
        self._saving_bytes, self._entries, self._bytes = self._bytes, 0, 0
        work = asyncio.get_running_loop().run_in_executor(self._executor, self._write, batch)
        self._saving = asyncio.ensure_future(self._settle(work, batch))
        try:
            # A cancelled caller must not leave a batch that is saved but not known to be.
            await asyncio.shield(self._saving)
        finally:
            if self._saving.done():
                self._saving = None

    async def _settle(self, work: asyncio.Future[None], batch: Mapping[int, list[Entry]]) -> None:
        try:
            await work
        except BaseException:
            self._has_failed = True
            raise
        self._saving_bytes = 0
        self._room.set()
        self._on_saved(batch)

    def _write(self, batch: Mapping[int, list[Entry]]) -> None:
        for shard, entries in batch.items():
            self._sinks[shard].save(entries)
