"""Write an archive: the records of a journal in one file, each compressed separately. The file is whole or absent."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

from crawler.atomic_write import atomic_write, check_target, shown
from crawler.errors import OutputError, UsageError
from crawler.phrases import Phrase, reason_of
from crawler.recording.gzip_member import gzip_member
from crawler.recording.replay_model import ArchiveError
from crawler.recording.warc import RecordReader

__all__ = ["check_archive_target", "write_archive"]


def check_archive_target(path: Path) -> None:
    """Check that an archive can be written to `path`, by creating and removing a file beside it.

    Raises UsageError, with the remedy, if it cannot.
    """
    if not path.name.endswith((".warc.gz", ".warc")):
        raise UsageError(f"{shown(path)} is not an archive name; it must end in .warc.gz or .warc")
    try:
        check_target(path)
    except OutputError as error:
        raise UsageError(str(error)) from error


async def write_archive(journal: Path | int, path: Path) -> None:
    """Write the records of a journal, given as a file or an open descriptor, to `path`: one gzip member per record.

    A name that ends in .warc gets them uncompressed. A partial record at the end is dropped. The file is complete or,
    after a failure or cancellation, as it was before; an existing file keeps its permissions.

    Raises OutputError if it cannot be written, or if the journal cannot be read.
    """
    stop = threading.Event()
    writing = asyncio.ensure_future(asyncio.to_thread(_write, journal, path, stop))
    try:
        await asyncio.shield(writing)
    finally:
        # A thread cannot be interrupted, but this one checks `stop` before each record and cleans up after itself.
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
                file.write(record.raw if path.suffix == ".warc" else gzip_member(record.raw))
            if stop.is_set():
                raise _StoppedError
    except ArchiveError as error:
        raise OutputError(Phrase("not_written", path=shown(path), why=reason_of(error))) from error
