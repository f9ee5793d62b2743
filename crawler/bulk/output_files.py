"""The output files of a shard: results as JSON lines, pages as WARC files that are rolled at a size.

    pages-003-00001.warc.gz         the first file with pages of shard 3
    results-003-001.jsonl           its results; the last number counts the times that failed targets were tried again
    results-unpriced-003-001.jsonl  those from before the first with a price (or with listings), if there are any

Libraries take the types of columns from the first lines of a file, or of the first of many. Therefore a file begins
with a line that shows all types, or has none; and those that have none are the last by name.

Files are only appended to. After a kill they may end with data that no store knows of: opening cuts them to their
committed lengths, so that every record and every line is whole and belongs to a finished target.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from crawler.atomic_write import shown, translate_os_errors
from crawler.bulk.packed_pages import pack
from crawler.bulk.ports import Entry
from crawler.bulk.result import encode_line, shows_types
from crawler.bulk.store_file import StoreError
from crawler.errors import OutputError
from crawler.phrases import Phrase
from crawler.recording.gzip_member import gzip_member
from crawler.recording.http_records import warcinfo
from crawler.recording.warc import new_record_id
from crawler.version import __version__

__all__ = ["OutputFiles", "changed_file", "pages_name", "results_name", "sync_folder", "unpriced_name"]

_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}

_WRITE_BYTES = 2**20
"""Bytes of a file to collect before they are written: a call of the system for each page costs more."""

_sync_data = getattr(os, "fdatasync", os.fsync)


def pages_name(shard: int | str, number: int) -> str:
    """Return the name of a WARC file of a shard, or of a batch of a shard by its name; `number` counts from 1."""
    return f"pages-{_label(shard)}-{number:05}.warc.gz"


def results_name(shard: int | str, generation: int) -> str:
    """Return the name of the results of a shard, or of a batch of a shard by its name; `generation` counts from 1."""
    return f"results-{_label(shard)}-{generation:03}.jsonl"


def unpriced_name(shard: int | str, generation: int) -> str:
    """Return the name of a shard's results from before the first that shows the types of all columns."""
    return results_name(f"{_UNPRICED}{_label(shard)}", generation)


_UNPRICED = "unpriced-"


def _label(shard: int | str) -> str:
    return shard if isinstance(shard, str) else f"{shard:03}"


class OutputFiles:
    """The files of one shard in one folder, created when there is something to write; or those of a batch, by its name.

    `committed` are their committed lengths by name. Raises OutputError if the last file of a kind is shorter than that,
    or cannot be opened.
    """

    def __init__(
        self, folder: Path, shard: int | str, committed: Mapping[str, int], *, roll_bytes: int
    ) -> None:
        self._folder = folder
        self._shard = shard
        self._roll_bytes = roll_bytes
        self._pages_number = max(1, _last(committed, "pages", shard))
        self._pages: _Appended | None = None
        self._results: _Appended | None = None
        self._unpriced: _Appended | None = None
        self._results_name = results_name(shard, max(1, _last(committed, "results", shard)))
        unpriced = f"{_UNPRICED}{_label(shard)}"
        self._unpriced_name = unpriced_name(shard, max(1, _last(committed, "results", unpriced)))
        self._begins_typed = committed.get(self._results_name, 0) > 0
        self._restore(committed)

    def _restore(self, committed: Mapping[str, int]) -> None:
        """Cut the files to their committed lengths, and remove those without one."""
        ours = re.compile(rf"(?:pages|results(?:-unpriced)?)-{_label(self._shard)}-\d+\.(?:warc\.gz|jsonl)")
        with translate_os_errors(self._folder):
            for entry in list(os.scandir(self._folder)):
                if ours.fullmatch(entry.name) and entry.name not in committed:
                    Path(entry.path).unlink()
        for name, length in committed.items():
            path = self._folder / name
            is_open = name == pages_name(self._shard, self._pages_number)
            with translate_os_errors(path):
                try:
                    size = path.stat().st_size
                except FileNotFoundError:
                    if is_open or name.startswith("results"):
                        raise changed_file(path) from None
                    continue  # the user has moved a finished WARC file away
                if size < length:
                    raise changed_file(path)
                if size > length:
                    os.truncate(path, length)

    def append(self, entries: Sequence[Entry]) -> dict[str, int]:
        """Write the records and lines of finished targets durably; return the new lengths of the files by name.

        Records come before lines, which name them. Lines that show the types of all columns come before the others;
        the others go to a file of their own until there is one. Raises OutputError if that fails, as on a full disk;
        then the files must be opened anew.
        """
        typed: list[bytes] = []
        others: list[bytes] = []
        written: dict[_Appended, None] = {}  # in order: whoever reads a line finds the page that it names
        for entry in entries:
            if entry.hops:
                written[self._append_pages(entry)] = None
            if entry.verdict is not None:
                (typed if shows_types(entry.line) else others).append(encode_line(entry.line))
        if typed or others:
            self._begins_typed = self._begins_typed or bool(typed)
            results = self._results_file() if self._begins_typed else self._unpriced_file()
            results.write(b"".join(typed + others))
            written[results] = None
        for file in written:
            file.sync()
        return {file.path.name: file.length for file in written}

    def _results_file(self) -> _Appended:
        if self._unpriced is not None:
            self._unpriced.close_later()
            self._unpriced = None
        if self._results is None:
            self._results = _Appended(self._folder / self._results_name)
        return self._results

    def _unpriced_file(self) -> _Appended:
        if self._unpriced is None:
            self._unpriced = _Appended(self._folder / self._unpriced_name)
        return self._unpriced

    def _append_pages(self, entry: Entry) -> _Appended:
        """Write the records of a target's requests to one file, and note in its line where its final response is."""
        file = self._pages_file()
        pages = pack(entry.hops, entry.line.get("final_url", ""))
        if pages.final_offset is not None:
            entry.line["warc"] = file.path.name
            entry.line["warc_offset"] = file.length + pages.final_offset
        file.write(pages.data)
        return file

    def _pages_file(self) -> _Appended:
        """Return the WARC file to append to: a new one if the last has reached its size."""
        if self._pages is not None and self._pages.length >= self._roll_bytes:
            self._pages.close_later()
            self._pages = None
            self._pages_number += 1
        if self._pages is None:
            self._pages = _Appended(self._folder / pages_name(self._shard, self._pages_number))
            if not self._pages.length:
                now = dt.datetime.now(dt.UTC)
                self._pages.write(gzip_member(warcinfo(new_record_id(), __version__, now)))
        return self._pages

    def close(self) -> None:
        """Close the files."""
        for file in (self._pages, self._results, self._unpriced):
            if file is not None:
                file.close()
        self._pages = self._results = self._unpriced = None


class _Appended:
    """A file that is only appended to; each error is an OutputError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._closing = self._is_dirty = False
        self._unwritten: list[bytes] = []
        self._unwritten_bytes = 0
        with _translate_errors(path):
            self._is_new = not path.exists()
            self._descriptor = os.open(path, _OPEN, 0o666)
            self.length = self._synced_length = os.fstat(self._descriptor).st_size
            """With what is not written yet."""

    def write(self, data: bytes) -> None:
        """Append all of `data`, at the next `sync` at the latest."""
        self._is_dirty = True
        self._unwritten.append(data)
        self._unwritten_bytes += len(data)
        self.length += len(data)
        if self._unwritten_bytes >= _WRITE_BYTES:
            self._write_out()

    def _write_out(self) -> None:
        rest = memoryview(b"".join(self._unwritten))
        self._unwritten, self._unwritten_bytes = [], 0
        with _translate_errors(self.path):
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                with suppress(OSError):  # leave no torn line behind; the next opening would cut it
                    os.ftruncate(self._descriptor, self._synced_length)
                raise

    def sync(self) -> None:
        """Make the data, and the name of a new file, survive a power failure."""
        self._write_out()
        with _translate_errors(self.path):
            _sync_data(self._descriptor)
            self._is_dirty, self._synced_length = False, self.length
            if self._is_new:
                self._is_new = False
                sync_folder(self.path.parent)
        if self._closing:
            self.close()

    def close_later(self) -> None:
        """Close the file, after its next `sync` if data is not synced yet."""
        self._closing = True
        if not self._is_dirty:
            self.close()

    def close(self) -> None:
        """Close the file; further calls do nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into a one-line OutputError; on a full disk, the remedy is to make room."""
    try:
        with translate_os_errors(path):
            yield
    except OutputError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _DISK_FULL:
            raise StoreError(Phrase("bulk_disk_full", path=shown(path)), disk_full=True) from cause
        raise


def _last(names: Mapping[str, int], kind: str, shard: int | str) -> int:
    """Return the highest number among a shard's files of a kind; 0 if it has none."""
    pattern = re.compile(rf"{kind}-{_label(shard)}-(\d+)\..*")
    return max((int(match[1]) for name in names if (match := pattern.fullmatch(name))), default=0)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def changed_file(path: Path | str) -> OutputError:
    """Return the error for an output file without all the data that was committed."""
    return OutputError(Phrase("bulk_file_cut", path=shown(path)))
