"""An archive: the records of a journal in one file, each compressed by itself, that is whole or absent."""

from __future__ import annotations

import asyncio
import threading
import zlib
from contextlib import suppress
from pathlib import Path

from crawler.atomic_write import atomic_write, check_target, shown
from crawler.errors import OutputError, UsageError
from crawler.phrases import Phrase, reason_of
from crawler.recording.replay_model import ArchiveError
from crawler.recording.warc import RecordReader

__all__ = ["check_archive_target", "write_archive"]

LEVEL = 6
"""Of compression. Bodies come compressed as a rule, and what is left to win is the headers."""


def check_archive_target(path: Path) -> None:
    """Check that an archive can be written to `path`, by making and removing a file beside it.

    Raises UsageError, with the remedy, when it cannot be.
    """
    if not path.name.endswith((".warc.gz", ".warc")):
        raise UsageError(f"{shown(path)} is not an archive name; it must end in .warc.gz or .warc")
    try:
        check_target(path)
    except OutputError as error:
        raise UsageError(str(error)) from error


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


class _StoppedError(Exception):
    """The writing is no longer wanted."""


def _write(journal: Path | int, path: Path, stop: threading.Event) -> None:
    try:
        with suppress(_StoppedError), atomic_write(path) as file:
            for record in RecordReader(journal):
                if stop.is_set():
                    raise _StoppedError
                file.write(record.raw if path.suffix == ".warc" else _member(record.raw))
            if stop.is_set():
                raise _StoppedError
    except ArchiveError as error:
        raise OutputError(Phrase("not_written", path=shown(path), why=reason_of(error))) from error


def _member(data: bytes) -> bytes:
    """Return `data` as a gzip member, without a time in it."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()
