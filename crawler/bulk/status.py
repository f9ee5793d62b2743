"""The status of a bulk crawl: running, stopped or finished, told from its folder alone, even after `kill -9`.

A crawl writes `OUT/state/status.json` about once a second. What counts is the lock that it holds while it runs, and the
stores.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from crawler.atomic_write import commit, temporary_file
from crawler.bulk.manifest import Manifest, is_locked
from crawler.bulk.model import state_folder, store_path
from crawler.bulk.progress import Snapshot, output_files, state_bytes
from crawler.bulk.store import ShardStore, StoreError

__all__ = ["RunRecord", "State", "Status", "read_record", "read_status", "write_record"]


class State(StrEnum):
    """The states of a crawl."""

    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The content of `status.json`: the latest run of a crawl."""

    state: State
    pid: int
    run_started_at: str
    """ISO, UTC."""
    updated_at: str
    progress: Snapshot
    stopped: str = ""
    """Why the run ended before the crawl was finished, in English."""


@dataclass(frozen=True, slots=True)
class Status:
    """A crawl as its folder shows it now."""

    state: State
    manifest: Manifest
    record: RunRecord | None
    """The latest run; None if it was killed before it wrote anything."""
    verdicts: Mapping[str, int]
    """Finished targets by verdict, from the stores."""
    pending: int
    files: Mapping[str, int]
    """Pages and results by name with their sizes, in the folder or at the URL of the crawl."""
    disk_used: int
    """The bytes of these files and of the state."""
    was_killed: bool = False
    """True if the latest run ended without a word."""

    @property
    def done(self) -> int:
        """The number of targets with a result."""
        return sum(self.verdicts.values())


def _path(out: Path) -> Path:
    return state_folder(out) / "status.json"


def write_record(
    out: Path, state: State, progress: Snapshot, *, run_started_at: dt.datetime, stopped: str = ""
) -> None:
    """Write `status.json`; do nothing if the disk is full, which the stores report."""
    record = RunRecord(
        state, os.getpid(), _iso(run_started_at), _iso(dt.datetime.now(dt.UTC)), progress, str(stopped)
    )
    data = msgspec.json.format(msgspec.json.encode(record)) + b"\n"
    # Atomic, but not synced: the next one is a second away, and only the stores count after a power failure.
    with suppress(OSError), temporary_file(_path(out)) as temporary:
        temporary.file.write(data)
        temporary.file.close()
        commit(temporary.path, _path(out))


def read_record(out: Path) -> RunRecord | None:
    """Return the content of `status.json`; None if there is none that can be read."""
    try:
        return msgspec.json.decode(_path(out).read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_status(out: Path, manifest: Manifest) -> Status:
    """Return the status of the crawl in a folder, whether it runs or not. Raises StoreError for a damaged store."""
    record = read_record(out)
    verdicts: Counter[str] = Counter()
    committed: dict[str, int] = {}
    pending = 0
    readable = True
    for shard in range(manifest.shards):
        path = store_path(out, shard)
        if not path.exists():  # killed before it was created
            continue
        try:
            with ShardStore.open(path, readonly=True) as store:
                counts = store.counts()
                if manifest.output:
                    committed |= store.files()
        except StoreError:
            # Someone else's folder: SQLite may not create its shared memory there.
            if record is None or os.access(path.parent, os.W_OK):
                raise
            readable = False
            break
        verdicts.update({verdict.value: n for verdict, n in counts.finished.items()})
        pending += counts.pending
    if not readable and record is not None:
        verdicts = Counter(dict(record.progress.verdicts))
        pending = record.progress.total - record.progress.done
    if is_locked(out):
        state = State.RUNNING
    elif manifest.intake_complete and not pending:
        state = State.FINISHED
    else:
        state = State.STOPPED
    files = committed if manifest.output else output_files(out)
    used = sum(files.values()) + state_bytes(out)
    was_killed = state is State.STOPPED and (record is None or record.state is State.RUNNING)
    return Status(state, manifest, record, dict(verdicts.most_common()), pending, files, used, was_killed)


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
