"""Crawl failed targets again: their result lines go, and they are pending once more, both or neither.

A shard's results are copied without the lines of failed targets to a file with the next number; those of each batch, if
a cluster crawled them. One transaction of the
store then switches to that file. After a kill, whichever file the store does not know is removed when the shard is
opened.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from crawler.atomic_write import translate_os_errors
from crawler.bulk.model import store_path
from crawler.bulk.output_files import changed_file, results_name, sync_folder
from crawler.bulk.store import ShardStore
from crawler.verdict import Verdict

__all__ = ["requeue_failed"]


class _Line(msgspec.Struct):
    verdict: Verdict


def requeue_failed(out: Path, shards: int) -> int:
    """Make the failed targets of all shards pending again; return their number. No process may crawl meanwhile.

    Raises OutputError.
    """
    return sum(_requeue(out, shard) for shard in range(shards))


def _requeue(out: Path, shard: int) -> int:
    path = store_path(out, shard)
    if not path.exists():
        return 0
    with ShardStore.open(path) as store:
        if not any(verdict.failed for verdict in store.counts().finished):
            return 0
        new: dict[str, int] = {}
        replaced: list[str] = []
        for old, committed in store.files().items():
            if not old.startswith("results-"):
                continue
            label, generation = old.removesuffix(".jsonl").removeprefix("results-").rsplit("-", 1)
            name = results_name(label, int(generation) + 1)
            length = _copy_passed(out / old, committed, out / name)
            if length == committed:  # of a batch without failed targets
                (out / name).unlink()
            else:
                new[name] = length
                replaced.append(old)
        number = store.requeue_failed(files=new, removed=replaced)
    for old in replaced:
        with translate_os_errors(out / old):
            (out / old).unlink()
    return number


def _copy_passed(source: Path, length: int, target: Path) -> int:
    """Copy the result lines of targets that did not fail, durably; return the length of the copy."""
    decoder = msgspec.json.Decoder(_Line)
    left = length
    with translate_os_errors(source):
        lines = source.open("rb")
    with lines, translate_os_errors(target), target.open("wb") as copy:
        while left > 0:
            line = lines.readline()
            left -= len(line)
            try:
                failed = decoder.decode(line).verdict.failed  # nothing is no result either
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise changed_file(source) from error
            if not failed:
                copy.write(line)
        copy.flush()
        os.fsync(copy.fileno())
        length = copy.tell()
    with translate_os_errors(target):
        sync_folder(target.parent)
    return length
