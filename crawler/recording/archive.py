"""An archive: the records of a journal in one file, each compressed by itself, that is whole or absent."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crawler.errors import OutputError, UsageError
from crawler.recording.saved import ArchiveError
from crawler.recording.warc import RecordReader, shown

__all__ = ["check_archive_target", "write_archive"]

LEVEL = 6
"""Of compression. Bodies come compressed as a rule, and what is left to win is the headers."""


def check_archive_target(path: Path) -> None:
    """Check that an archive can be written to `path`, by making and removing a file beside it.

    Raises UsageError, with the remedy, when it cannot be.
    """
    if not path.name.endswith((".warc.gz", ".warc")):
        raise UsageError(f"{shown(path)} is no archive: its name must end in .warc.gz (or .warc)")
    try:
        target = Path(os.path.realpath(path))
        if not target.parent.is_dir():
            raise UsageError(
                f"{shown(path)} cannot be written: there is no folder {shown(target.parent)}; make it first"
            )
        with suppress(FileNotFoundError):
            mode = target.lstat().st_mode
            if stat.S_ISDIR(mode):
                raise UsageError(f"{shown(path)} cannot be written: it is a folder; name a file in it")
            if not stat.S_ISREG(mode):
                raise UsageError(f"{shown(path)} cannot be written: it is no file")
            if not os.access(target, os.W_OK):
                raise UsageError(f"{shown(path)} cannot be written: it is write-protected")
        # Only trying tells: permission bits say nothing of read-only and virtual file systems.
        probe = _beside(target)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{shown(path)} cannot be written: {error.strerror or error}; choose another place"
        ) from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{shown(path)} cannot be written: {error}") from error


async def write_archive(journal: Path | int, path: Path) -> None:
    """Write the records of a journal, a file or an open one's descriptor, to `path`: each a gzip member of its own.

    A name that ends in .warc gets them as they are. A torn record at the end is left out. The file is whole or, on
    any failure, and when cancelled, as it was before; an existing one keeps its permissions.

    Raises OutputError when it cannot be written, or the journal cannot be read.
    """
    stop = threading.Event()
    writing = asyncio.ensure_future(asyncio.to_thread(_write, journal, path, stop))
    try:
        await asyncio.shield(writing)
    finally:
        # A thread cannot be interrupted, but this one looks at `stop` before each record, and tidies up by itself.
        stop.set()
        if not writing.done():
            await asyncio.wait([writing])


def _write(journal: Path | int, path: Path, stop: threading.Event) -> None:
    with _saying(path):
        target = Path(os.path.realpath(path))
        temporary = _beside(target)
        try:
            # Mode x makes the file with the permissions that the user's umask leaves, as an ordinary program would.
            with temporary.open("xb") as file:
                for record in RecordReader(journal):
                    if stop.is_set():
                        return
                    file.write(record.raw if path.suffix == ".warc" else _member(record.raw))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            if not stop.is_set():
                temporary.replace(target)
        finally:
            with suppress(OSError):  # it is gone, as a rule; what went wrong is said already
                temporary.unlink()


def _member(data: bytes) -> bytes:
    """Return `data` as a gzip member, without a time in it."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def _beside(target: Path) -> Path:
    """Return a new name in the target's folder, where taking the target's place is one step."""
    return target.with_name(f".bookprice-{secrets.token_hex(8)}.tmp")


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    """Turn what is in the way of a file into one line that names it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{shown(path)} cannot be written: {reason}; choose another place") from error
    except (ArchiveError, ValueError) as error:  # ValueError: a NUL in the name
        raise OutputError(f"{shown(path)} cannot be written: {error}") from error
