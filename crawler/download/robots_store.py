"""Store copies of robots.txt on disk: one small file per origin, complete or absent, and validated when read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from crawler.atomic_write import remove_abandoned, replacing
from crawler.download.robots_rules import MAX_BYTES
from crawler.phrases import Phrase

__all__ = ["Kept", "Store"]

MOST_FILES = 20_000
"""Copies left in the folder after pruning: as many origins as fit in memory with short files."""

PRUNE_EVERY = 5_000
"""Number of copies that a store writes between two prunings."""

OLDEST = dt.timedelta(days=30)

_SUFFIX = ".robots"
_MOST_HEADER = 4_096
_STATUSES = frozenset({*range(200, 300), *range(400, 500)} - {407, 429})
"""407 and 429 say nothing about the file; earlier versions stored them."""


class Kept(NamedTuple):
    """A stored response."""

    fetched_at: dt.datetime
    """Aware, UTC."""
    status: int
    """2xx or 4xx, except 407 and 429."""
    body: bytes
    """Whole lines, at most `MAX_BYTES`; empty for 4xx."""


class Store:
    """A folder of copies that many processes may share.

    A file holds one line of JSON, then the body. It is written under a temporary name and then renamed, so nobody
    reads an incomplete file. A file that is unreadable, or belongs to another origin or body, counts as absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._until_pruning = 0

    def read(self, origin: str) -> Kept | None:
        """Return the copy for `origin`, however old; None if there is no readable one."""
        try:
            # Do not block, in case the path is a named pipe.
            number = os.open(self._folder / _file_name(origin), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(number, "rb") as file:
                data = file.read(_MOST_HEADER + MAX_BYTES + 1)
        except (OSError, ValueError):  # ValueError: a NUL in the folder's name
            return None
        head, _, body = data.partition(b"\n")
        try:
            values = json.loads(head)
            fetched_at = dt.datetime.fromisoformat(values["fetched_at"]).astimezone(dt.UTC)
            genuine = (values["origin"], values["sha256"]) == (origin, hashlib.sha256(body).hexdigest())
            status = values["status"]
            good = genuine and status in _STATUSES
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None
        return Kept(fetched_at, status, body) if good else None

    def write(self, origin: str, kept: Kept, now: dt.datetime) -> str:
        """Store a copy; return the reason if that failed, otherwise ''.

        The first write of a store removes old copies, and so does every `PRUNE_EVERY`-th write after it.
        """
        head = {
            "origin": origin,
            "fetched_at": kept.fetched_at.isoformat(),
            "status": kept.status,
            "sha256": hashlib.sha256(kept.body).hexdigest(),
        }
        place = self._folder / _file_name(origin)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(place) as file:
                file.write(json.dumps(head).encode() + b"\n" + kept.body)
            age = kept.fetched_at.timestamp()
            with suppress(FileNotFoundError):  # another process may have pruned it
                os.utime(place, (age, age))  # pruning uses the mtime
            self._until_pruning -= 1
            if self._until_pruning < 0:
                self._until_pruning = PRUNE_EVERY
                self._prune(now)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the folder's name
            words = getattr(error, "strerror", None) or str(error)
            return Phrase("robots_not_kept", folder=str(self._folder), error=words)
        return ""

    def _prune(self, now: dt.datetime) -> None:
        """Remove expired copies, copies beyond the maximum, and unfinished files of dead processes."""
        remove_abandoned(self._folder)
        copies: list[tuple[float, Path]] = []
        for path, changed in self._files():
            if changed < (now - OLDEST).timestamp():
                _remove(path)
            else:
                copies.append((changed, path))
        for _, path in sorted(copies, reverse=True)[MOST_FILES:]:
            _remove(path)

    def _files(self) -> Iterator[tuple[Path, float]]:
        """Yield this store's copies with their modification times in seconds since 1970."""
        ours = re.compile(rf"[a-z0-9.-]*-[0-9a-f]{{16}}{re.escape(_SUFFIX)}")
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if ours.fullmatch(entry.name):
                    with suppress(OSError):  # another process may have pruned it
                        yield Path(entry.path), entry.stat(follow_symlinks=False).st_mtime


def _file_name(origin: str) -> str:
    """Return a file name that is readable and, thanks to its digest, unique to one origin."""
    readable = re.sub(r"[^a-z0-9.-]+", "-", origin.partition("://")[2].lower())[:60].lstrip(".")
    return f"{readable}-{hashlib.sha256(origin.encode()).hexdigest()[:16]}{_SUFFIX}"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
