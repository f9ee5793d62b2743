"""The manifest of a bulk crawl: what is fixed when it begins, and which folders a crawl may use.

`OUT/state/manifest.json` is written before the first target is read. A resumed crawl takes from it what must not
change: the input, the number of shards, how pages are read and where they are kept.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from crawler.atomic_write import atomic_write, remove_abandoned, shown
from crawler.bulk.input import STDIN
from crawler.bulk.model import Parse, Store, state_folder
from crawler.errors import CrawlerError, OutputError, UsageError
from crawler.file_lock import try_lock
from crawler.phrases import Phrase
from crawler.version import __version__

__all__ = [
    "STDIN",
    "CrawlRunningError",
    "Manifest",
    "check_resumed",
    "crawl_lock",
    "is_demo",
    "is_locked",
    "new_manifest",
    "output_url",
    "read_manifest",
]

LAYOUT = 1
"""The version of the files of a crawl. A program that reads another one refuses the folder."""

MOST_SHARDS = 1_000
"""Limit on the shards of a crawl: the names of their files have three digits."""


class CrawlRunningError(CrawlerError):
    """Another process crawls in this folder."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts of a crawl that stay as they are until it ends."""

    input: str
    """The absolute path of the list of URLs; `STDIN` for stdin."""
    input_bytes: int | None
    """The size of that file; None for stdin."""
    shards: int
    parse: Parse
    store: Store
    limit: int | None
    """The maximum number of targets; None for all of the input."""
    started_at: str
    """ISO, UTC."""
    demo: bool = False
    """True if the list is that of the embedded demo shop, whose storefronts run only while the crawl does."""
    output: str = ""
    """The URL for pages and results; '' for the folder of the crawl."""
    runs: int = 0
    """The runs on a cluster that were begun."""
    layout: int = LAYOUT
    program: str = __version__
    """The version of the program that began the crawl."""
    intake: Mapping[str, int] = field(default_factory=dict)
    """The counts of the input: its lines, targets, duplicates and so on; empty until it has been read to its end."""

    def __post_init__(self) -> None:
        """Check what a decoder does not. Raises ValueError."""
        if not 1 <= self.shards <= MOST_SHARDS:
            raise ValueError(f"{self.shards} shards")
        if dt.datetime.fromisoformat(self.started_at).tzinfo is None:
            raise ValueError("started_at without a time zone")

    @property
    def intake_complete(self) -> bool:
        """True if every target is in a store."""
        return bool(self.intake)

    def with_intake(self, counts: Mapping[str, int]) -> Manifest:
        """Return this manifest for an input that has been read to its end."""
        return replace(self, intake=dict(counts))

    def with_run(self) -> Manifest:
        """Return this manifest for one more run on a cluster."""
        return replace(self, runs=self.runs + 1)

    def write(self, out: Path) -> None:
        """Write the manifest into the folder of its crawl. Raises OutputError."""
        with atomic_write(_path(out)) as file:
            # msgspec refuses the surrogate escapes of a file name that is not UTF-8.
            file.write(json.dumps(msgspec.to_builtins(self), indent=2).encode() + b"\n")


def _path(out: Path) -> Path:
    return state_folder(out) / "manifest.json"


def is_demo(out: Path) -> bool:
    """Return True if a folder holds a crawl of the demo shop; False also for one without a readable manifest."""
    return _origin(out).demo


def output_url(out: Path) -> str:
    """Return the URL of the results of the crawl in a folder; '' if they are in the folder, or there is no crawl."""
    return _origin(out).output


def _origin(out: Path) -> _Origin:
    try:
        return _decoded(_path(out).read_bytes(), _Origin)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError):
        return _Origin()


_T = TypeVar("_T")


def _decoded(data: bytes, kind: type[_T]) -> _T:
    """Return JSON as an object; file names that are not UTF-8 have surrogate escapes.

    Raises ValueError, RecursionError or ValidationError.
    """
    return msgspec.convert(json.loads(data), kind)


class _Origin(msgspec.Struct):
    demo: bool = False
    output: str = ""


def read_manifest(out: Path, *, ignoring: Container[str] = ()) -> Manifest | None:
    """Return the manifest of the crawl in a folder; None if the folder is absent, empty, or holds no manifest.

    A folder with nothing but files in `ignoring` counts as empty.

    Raises UsageError for a folder that holds anything but a crawl of this program, and for a manifest that cannot be
    read.
    """
    path = _path(out)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        _check_unused(out, ignoring)
        return None
    except OSError as error:
        if isinstance(error, NotADirectoryError) and not out.is_dir():
            raise UsageError(f"{shown(out)} is not a folder; choose another --out") from error
        raise UsageError(f"{shown(path)} cannot be read: {error.strerror}") from error
    try:
        manifest = _decoded(data, Manifest)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise UsageError(f"{shown(path)} is damaged ({error}); crawl into another --out") from error
    if manifest.layout != LAYOUT:
        raise UsageError(
            f"{shown(out)} holds a crawl of another version of this program ({manifest.program}); finish it with that "
            "version, or choose another --out"
        )
    return manifest


def _check_unused(out: Path, ignoring: Container[str]) -> None:
    """Check that a folder is absent, or holds nothing but what an aborted start left. Raises UsageError."""
    try:
        names = {name for name in os.listdir(out) if name != "state" and name not in ignoring}  # noqa: PTH208 – only the names are needed
        state = state_folder(out)
        if state.is_dir():
            names |= {
                path.name
                for path in state.iterdir()
                if path.name != _LOCK and not path.name.startswith(".bookprice-")
            }
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise UsageError(f"{shown(out)} is not a folder; choose another --out") from error
    except OSError as error:
        raise UsageError(f"{shown(out)} cannot be read: {error.strerror}; choose another --out") from error
    if names:
        raise UsageError(f"{shown(out)} is not empty and holds no crawl; choose another folder for --out")


def new_manifest(
    name: str,
    size: int | None,
    *,
    shards: int,
    parse: Parse,
    store: Store,
    limit: int | None,
    demo: bool = False,
    output: str = "",
) -> Manifest:
    """Return the manifest of a crawl that begins now; `name` and `size` are those of its input."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Manifest(name, size, shards, parse, store, limit, started_at=now, demo=demo, output=output)


def check_resumed(
    out: Path, manifest: Manifest, given: Mapping[str, object], source: tuple[str, int | None] | None
) -> None:
    """Check that a resumed crawl gets the options and the input that it began with. Raises UsageError.

    `given` contains the fixed options that the command line names; the others come from the manifest. `source` is the
    name and the size of the input; None if it is not needed any more.
    """
    for name, value in given.items():
        began = getattr(manifest, name)
        if value != began:
            flag = f"--{name}"
            with_it = f"without {flag}" if began is None else f"with {flag} {began}"
            raise UsageError(
                f"the crawl in {shown(out)} began {with_it}; omit {flag}, or choose another --out"
            )
    if source is None:
        return
    name, size = source
    if name != manifest.input:
        raise UsageError(
            f"the crawl in {shown(out)} began with the list {shown(manifest.input)}; name that one, or choose another "
            "--out"
        )
    if size != manifest.input_bytes:
        raise UsageError(
            f"{shown(name)} has changed since the crawl in {shown(out)} began ({manifest.input_bytes} bytes then, "
            f"{size} now); restore it, or choose another --out"
        )


_LOCK = "lock"
_LOCK_TRIES = 5
_LOCK_POLL_SECONDS = 0.05


@contextmanager
def crawl_lock(out: Path) -> Iterator[None]:
    """Hold the lock on a crawl's folder for the block, creating the folder. The system releases it with the process.

    Raises CrawlRunningError if another process holds it, OutputError if the folder cannot be created.
    """
    folder = state_folder(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(Phrase("folder_not_made", folder=shown(out), why=why)) from error
    try:
        if not _lock(descriptor):
            raise CrawlRunningError(Phrase("bulk_running", folder=shown(out)))
        remove_abandoned(folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file; try for a moment, because `bulk status` may hold it so long. Return False if it stays locked."""
    for _ in range(_LOCK_TRIES):
        if try_lock(descriptor) is not False:
            return True
        time.sleep(_LOCK_POLL_SECONDS)
    return False


def is_locked(out: Path) -> bool:
    """Return True if a process crawls in this folder; create nothing."""
    try:
        descriptor = os.open(state_folder(out) / _LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        return try_lock(descriptor) is False
    finally:
        os.close(descriptor)
