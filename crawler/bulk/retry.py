"""Crawl failed targets again: their result lines go, and they are pending once more, both or neither.

A shard's results are copied without the lines of failed targets to a file with the next number; those of each batch, if
a cluster crawled them. One transaction of the store then switches to that file. After a kill, whichever file the store
does not know is removed when the shard is opened, or when the next run on a cluster begins.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from crawler.atomic_write import translate_os_errors
from crawler.bulk.destination import Destination, open_destination
from crawler.bulk.model import store_path
from crawler.bulk.output_files import changed_file, results_name, sync_folder
from crawler.bulk.store import ShardStore
from crawler.verdict import Verdict

__all__ = ["requeue_failed"]


class _Line(msgspec.Struct):
    verdict: Verdict


def requeue_failed(out: Path, shards: int, output: str = "") -> int:
    """Make the failed targets of all shards pending again; return their number. No process may crawl meanwhile.

    `output` is the URL of the results; '' if they are in the folder of the crawl. Raises OutputError.
    """
    destination = open_destination(output or str(out))
    return sum(_requeue(out, shard, destination) for shard in range(shards))


def _requeue(out: Path, shard: int, destination: Destination) -> int:
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
            with destination.staging() as folder:
                length = _copy_passed(destination, old, committed, folder / name)
                if length == committed:  # of a batch without failed targets
                    (folder / name).unlink()
                    continue
                if length:
                    destination.put(folder / name, name)
                    new[name] = length
                else:  # libraries refuse empty files
                    (folder / name).unlink()
            replaced.append(old)
        number = store.requeue_failed(files=new, removed=replaced)
    for old in replaced:
        destination.remove(old)
    return number


def _copy_passed(destination: Destination, name: str, length: int, target: Path) -> int:
    """Copy the result lines of targets that did not fail, durably; return the length of the copy."""
    decoder = msgspec.json.Decoder(_Line)
    left = length
    with destination.reading(name) as lines, translate_os_errors(target), target.open("wb") as copy:
        while left > 0:
            line = lines.readline()
            left -= len(line)
            try:
                failed = decoder.decode(line).verdict.failed  # nothing is no result either
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise changed_file(name) from error
            if not failed:
                copy.write(line)
        copy.flush()
        os.fsync(copy.fileno())
        length = copy.tell()
    with translate_os_errors(target):
        sync_folder(target.parent)
    return length
