"""Put the targets of an input into the stores of their shards, and what is rejected into `rejected.tsv`.

The intake runs in a thread beside the crawl. If it was interrupted it runs again from the beginning of the input, with
the same counts in the end; once its counts are in the manifest, the input is not needed any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from crawler.atomic_write import atomic_write
from crawler.bulk.input import InputReader, Rejection
from crawler.bulk.model import Target, shard_of, store_path
from crawler.bulk.store import ShardStore
from crawler.phrases import Phrase

__all__ = ["REJECTED", "Intake", "input_notes"]

REJECTED = "rejected.tsv"
"""The name of the file with rejected lines, in the output folder."""

_BATCH = 20_000
"""Targets to add at a time. Their digests are spread over the whole index, so a batch writes each of its pages: 5,000
would write three times as much. Other writers of a store wait for 0.2 s."""

_PAUSE_SECONDS = 0.5
"""The targets that a slow pipe has brought are added after this time."""

_CACHE_MIB = 2
"""Memory for the pages of each store. It fills as the input grows, so it decides how flat the coordinator's memory is.
With 6 MiB, two shards take 9 MB more; an intake of 200,000 URLs then takes 4 % less CPU time, one of 1,000,000 22 %,
which is 1 % of the time of a page."""


class Intake:
    """The reader of an input, for one use.

    `source` is a path, or `-` for stdin. `limit` is the maximum number of targets, which excludes duplicates.
    """

    def __init__(self, source: str, out: Path, shards: int, *, limit: int | None = None) -> None:
        self._source = source
        self._out = out
        self._shards = shards
        self._limit = limit
        self._rejected: BinaryIO | None = None
        self._stores: Sequence[ShardStore] = ()
        self._batch: list[Target] = []
        self._added_at = float("-inf")
        self.targets = 0
        """The number of targets added so far, including those that an interrupted intake added."""
        self.duplicates = 0

    def run(self, stopped: Callable[[], bool] = lambda: False) -> Mapping[str, int] | None:
        """Read the input to its end and return its counts; None if `stopped` returned True before.

        Raises UsageError if the input cannot be read, OutputError if a store or `rejected.tsv` cannot be written.
        """
        reader = InputReader(self._source, stopped=stopped, waiting=self._pause)
        try:
            with ExitStack() as rejected, ExitStack() as opened:
                self._stores = [
                    opened.enter_context(
                        ShardStore.open(store_path(self._out, shard), durable=False, cache_mib=_CACHE_MIB)
                    )
                    for shard in range(self._shards)
                ]
                self._read(reader, rejected, stopped)
                for store in self._stores:
                    store.sync()
        except _StoppedError:
            return None
        return {
            **asdict(reader.counts),
            "targets": self.targets,
            "duplicates": self.duplicates,
            "gb18030": reader.gb18030_lines,
            "damaged": int(bool(reader.damage)),
            "limited": int(self._room() == 0),
        }

    def _read(self, reader: InputReader, rejected: ExitStack, stopped: Callable[[], bool]) -> None:
        if self._room():
            for item in reader:
                if isinstance(item, Rejection):
                    self._reject(item, rejected)
                    continue
                self._batch.append(item)
                if len(self._batch) < self._room():
                    continue
                self._add()
                if stopped() or not self._room():
                    break
        self._add()
        if stopped():
            raise _StoppedError  # which discards the incomplete `rejected.tsv`

    def _room(self) -> int:
        """Return the number of targets that the batch may have."""
        return _BATCH if self._limit is None else min(max(self._limit - self.targets, 0), _BATCH)

    def _pause(self) -> None:
        """Add what has come so far, if there was nothing for a while."""
        if self._batch and time.monotonic() - self._added_at >= _PAUSE_SECONDS:
            self._add()

    def _add(self) -> None:
        by_shard: dict[int, list[Target]] = {}
        for target in self._batch:
            by_shard.setdefault(_shard(target.host, self._shards), []).append(target)
        for shard, targets in by_shard.items():
            added = self._stores[shard].add(targets)
            self.targets += added
            self.duplicates += len(targets) - added
        self._batch.clear()
        self._added_at = time.monotonic()

    def _reject(self, rejection: Rejection, context: ExitStack) -> None:
        """Write a rejected line; the first creates the file."""
        if self._rejected is None:
            self._rejected = context.enter_context(atomic_write(self._out / REJECTED))
            self._rejected.write(b"line\treason\ttext\n")
        row = f"{rejection.number}\t{_escaped(rejection.reason)}\t{_escaped(rejection.text)}\n"
        self._rejected.write(row.encode())


class _StoppedError(Exception):
    """The intake was stopped."""


def input_notes(counts: Mapping[str, int]) -> list[Phrase]:
    """Return notes for the user on an input, from the counts of its intake."""
    notes, line = [], counts.get("lines", 0)
    if n := counts.get("gb18030"):
        notes.append(Phrase("bulk_gb18030", n=n))
    if counts.get("damaged"):
        notes.append(Phrase("bulk_input_damaged", line=line))
    if counts.get("limited"):
        notes.append(Phrase("bulk_limited", line=line))
    return notes


@lru_cache(maxsize=65_536)
def _shard(host: str, shards: int) -> int:
    return shard_of(host, shards)


def _escaped(text: str) -> str:
    r"""Return a text without control characters: a tab as \t, a backslash as \\, an invalid byte as \xff."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape, text))


def _escape(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
