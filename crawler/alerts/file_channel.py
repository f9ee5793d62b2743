"""Alerts to a file that grows: JSON lines or text, each message whole or not there."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.alert import encoded
from crawler.alerts.refusals import INTERRUPTED
from crawler.atomic_write import followed, probe, shown, temporary_path, translate_os_errors
from crawler.errors import OutputError
from crawler.file_lock import try_lock
from crawler.phrases import Phrase, reason_of

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["FileChannel", "file_channel", "lock_file"]

LOCK_TRIES, LOCK_PAUSE = 100, 0.1
"""How often, and with how many seconds between, a file is asked for that another program holds."""

_FLAGS = os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Without O_NONBLOCK a pipe that nobody reads would hold everything up."""


@dataclass(frozen=True, slots=True)
class FileChannel:
    """A file: one JSON object a line and alert when its name ends with .jsonl, else title, text and an empty line."""

    name: str
    key: str
    path: str

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Append the message and wait until it is on the disk; return None, or why it cannot be written."""
        if self.path.lower().endswith(".jsonl"):
            data = b"".join(line + b"\n" for line in encoded(message.alerts))
        else:
            data = f"{message.title}\n{message.text}\n\n".encode()
        try:
            with translate_os_errors(self.path):
                return _append(self.path, data, stopped)
        except OutputError as error:
            return reason_of(error)


def file_channel(path: str, *, check: bool = True) -> FileChannel:
    """Return the channel of a file; it is not made yet. With `check` OutputError is raised if it cannot be written."""
    if check:
        _check(path)
    key = hashlib.sha256(f"file\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return FileChannel(f"file {shown(path)}", key, path)


def _check(path: str) -> None:
    target = followed(path)
    with translate_os_errors(path):
        if target.exists():
            os.close(_open(target))
        elif not target.parent.is_dir():
            why = Phrase("no_folder", folder=shown(target.parent))
            raise OutputError(Phrase("not_written", path=shown(path), why=why))
        else:
            probe(temporary_path(target))


def _append(path: str, data: bytes, stopped: Callable[[], bool]) -> str | None:
    """Write at the end of a file, all of it or nothing; return None, or that another program holds it.

    Raises OutputError for a link that leads out of its folder: what grows there may be read as something else.
    """
    descriptor = _open(followed(path), os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if is_file and not lock_file(descriptor, stopped):
            return INTERRUPTED if stopped() else Phrase("file_held", path=shown(path))
        size = os.fstat(descriptor).st_size if is_file else 0
        if size and _last_byte(descriptor) != b"\n":
            data = b"\n" + data  # the end of a line that somebody left torn
        try:
            _write(descriptor, data)
            if is_file:
                os.fsync(descriptor)
        except OSError:
            if is_file:
                os.ftruncate(descriptor, size)  # it will come again: no half of it may stay
            raise
    finally:
        os.close(descriptor)
    return None


def _open(path: Path, flags: int = 0) -> int:
    """Open what is to grow: a file to be read as well, but no pipe, which would then count as its own reader."""
    access = os.O_RDWR if path.is_file() or not path.exists() else os.O_WRONLY
    return os.open(path, access | flags | _FLAGS, 0o666)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it: one call, unless the disk is nearly full, when the next one says so."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)  # writing goes to the end wherever this is: O_APPEND
    return os.read(descriptor, 1)


def lock_file(descriptor: int, stopped: Callable[[], bool]) -> bool:
    """Lock an open file until it is closed; return False if another holds it for long, or if stopped.

    Where there are no locks the single write must do.
    """
    for _ in range(LOCK_TRIES):
        if try_lock(descriptor) is not False:
            return True
        if stopped():
            return False
        time.sleep(LOCK_PAUSE)
    return False
