"""Append alerts to a file as JSON lines or text; each message is written completely or not at all."""

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
"""How often, and at which interval in seconds, to try to lock a file that another program has locked."""

_FLAGS = os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Without O_NONBLOCK, a pipe without a reader would block everything."""


@dataclass(frozen=True, slots=True)
class FileChannel:
    """A file; it receives a line of JSON per alert if its name ends with .jsonl, else title, text and an empty line."""

    name: str
    key: str
    path: str

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Append the message and wait until it is on the disk; return None, or the reason why it cannot be written."""
        if self.path.lower().endswith(".jsonl"):
            data = b"".join(line + b"\n" for line in encoded(message.alerts, message.say))
        else:
            data = f"{message.title}\n{message.text}\n\n".encode()
        try:
            with translate_os_errors(self.path):
                return _append(self.path, data, stopped)
        except OutputError as error:
            return reason_of(error)


def file_channel(path: str, *, check: bool = True) -> FileChannel:
    """Return the channel for a file, without creating it. With `check`, raise OutputError if it cannot be written."""
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
    """Append all the data to a file or none of it; return None, or the message that another program has locked it.

    Raises OutputError for a link that leads out of its folder: what is appended there may be read as something else.
    """
    descriptor = _open(followed(path), os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if is_file and not lock_file(descriptor, stopped):
            return INTERRUPTED if stopped() else Phrase("file_held", path=shown(path))
        size = os.fstat(descriptor).st_size if is_file else 0
        if size and _last_byte(descriptor) != b"\n":
            data = b"\n" + data  # ends a line that somebody left incomplete
        try:
            _write(descriptor, data)
            if is_file:
                os.fsync(descriptor)
        except OSError:
            if is_file:
                os.ftruncate(descriptor, size)  # the message will be sent again, so remove the part
            raise
    finally:
        os.close(descriptor)
    return None


def _open(path: Path, flags: int = 0) -> int:
    """Open the file to append to: also for reading, unless it is a pipe, which would then count as its own reader."""
    access = os.O_RDWR if path.is_file() or not path.exists() else os.O_WRONLY
    return os.open(path, access | flags | _FLAGS, 0o666)


def _write(descriptor: int, data: bytes) -> None:
    """Write all the data: in one call, unless the disk is nearly full, when the next call raises the error."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)  # O_APPEND writes at the end regardless of the position
    return os.read(descriptor, 1)


def lock_file(descriptor: int, stopped: Callable[[], bool]) -> bool:
    """Lock an open file until it is closed; return False if another program holds it for long, or if stopped.

    On systems without locks, the single write has to do.
    """
    for _ in range(LOCK_TRIES):
        if try_lock(descriptor) is not False:
            return True
        if stopped():
            return False
        time.sleep(LOCK_PAUSE)
    return False
