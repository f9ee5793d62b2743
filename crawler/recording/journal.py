"""The journal of a run: write fetched pages to disk as they arrive, and find pages of earlier runs.

A journal is an uncompressed WARC file: most bodies are compressed already, and every run writes one. A single thread
writes it, in the order of the events, and what is written survives the process, however it ends; only a power failure
may lose the last seconds. A killed run leaves at most one partial record, which readers drop.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.atomic_write import shown
from crawler.file_lock import try_lock
from crawler.phrases import Phrase, reason_of
from crawler.recording.replay_model import ArchiveError, RunEnd, RunParameters, SavedPage

if TYPE_CHECKING:
    from crawler.download.exchange import Exchange, HttpRecord
    from crawler.page_key import PageKey
    from crawler.recording.metadata import PageRecord
    from crawler.recording.reading import StoredPage
    from crawler.recording.writing import RunWriter

__all__ = ["MAX_AGE", "MAX_BYTES", "Journal", "open_journal", "prune", "saved_pages"]

MAX_AGE = 86_400.0
"""How many seconds to keep a journal after its last record."""

MAX_BYTES = 256 * 2**20
"""Limit on the total size of all journals; a single one is no larger, see `warc.MAX_RUN`."""

CLOSE_SECONDS = 0.15
"""How long `Journal.close` waits for an unresponsive disk."""

BATCH_SECONDS = 0.02
"""How long records wait for others if nobody waits for them: handing over each by itself takes as much CPU time as
making and writing it."""

CLOCK_SLACK = 60.0
"""How many seconds a page may lie in the future: clocks get adjusted."""

HTTP_OK = 200

_NAME = re.compile(r"(?P<key>[0-9a-f]{16})-\d{8}T\d{6}Z-[0-9a-f]{16}\.warc")

_Job = tuple[Callable[["RunWriter"], bytes], Callable[[], None] | None]
"""A function that makes the bytes to write, and a callback for when they are written."""


class Journal:
    """A `Recorder` that writes to disk; its failures never fail the search.

    Close it after the run, once its archive, if any, is written.
    """

    def __init__(self, path: Path, fd: int | None, failure: str | None = None) -> None:
        """`fd` is open for reading and appending; `close` closes it. Without one, there is a `failure`."""
        self.path = path
        self.failure = failure
        """Why recording stopped, in words."""
        self._fd = fd
        self._size = 0
        self._batch: list[_Job] = []
        """Jobs that the thread does not have yet."""
        self._batches: SimpleQueue[list[_Job]] = SimpleQueue()
        """Those that it has; an empty one stops it."""
        self._handing_over: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._abandoned = False

    def fileno(self) -> int:
        """Return the file descriptor, for reading; it works even if the file was removed.

        Raises ValueError if the journal is closed or could not be created.
        """
        if self._fd is None:
            raise ValueError("the journal is not open")
        return self._fd

    def begin(self, parameters: RunParameters) -> None:
        """Record the parameters of the run. Later records trigger the write, so the first requests are not delayed."""
        if not self._closed and self._fd is not None:
            self._batch.append((lambda run: run.begin(parameters), None))

    def hop(self, page: PageKey | None, hop: HttpRecord) -> None:
        """Record a request."""
        self._enqueue(lambda run: run.hop(page, hop))

    def fetched(self, page: PageKey, exchange: Exchange, fetched_at: dt.datetime) -> None:
        """Record the response for a page."""
        self._enqueue(lambda run: run.fetched(page, exchange, fetched_at))

    async def page(self, saved: SavedPage) -> None:
        """Record a finished page, and return once it is written."""
        await self._written(lambda run: run.page(saved))

    async def end(self, end: RunEnd) -> None:
        """Record the end of the run, and return once everything is written."""
        await self._written(lambda run: run.end(end))

    def close(self) -> None:
        """Write what is pending and close the file; further calls do nothing.

        Returns within 0.2 s. An unresponsive disk is left to the thread, which does not keep the process alive.
        """
        if self._closed:
            return
        self._closed = True
        if self._thread is None and self._batch:
            self._start()
        if self._thread is None:
            self._close_file()
            return
        self._hand_over()
        self._batches.put([])
        self._thread.join(CLOSE_SECONDS)
        self._abandoned = self._thread.is_alive()

    async def _written(self, make: Callable[[RunWriter], bytes]) -> None:
        loop = asyncio.get_running_loop()
        written = loop.create_future()

        def settle() -> None:
            if not written.done():  # its waiter may have been cancelled
                written.set_result(None)

        def notify() -> None:
            with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
                loop.call_soon_threadsafe(settle)

        if self._enqueue(make, notify):
            await written

    def _enqueue(self, make: Callable[[RunWriter], bytes], notify: Callable[[], None] | None = None) -> bool:
        """Queue a job for the thread; return False if the journal is closed."""
        if self._closed or self._fd is None:
            return False
        if self._thread is None:
            self._start()
        self._batch.append((make, notify))
        if notify is not None:
            self._hand_over()
        elif self._handing_over is None:
            loop = asyncio.get_running_loop()
            self._handing_over = loop.call_later(BATCH_SECONDS, self._hand_over)
        return True

    def _start(self) -> None:
        # Not when the journal is created: parse processes are forked while there is only one thread.
        thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        thread.start()  # raises RuntimeError if the system has no thread left
        self._thread = thread

    def _hand_over(self) -> None:
        """Give the queued jobs to the thread."""
        if self._handing_over is not None:
            self._handing_over.cancel()
            self._handing_over = None
        if self._batch:
            self._batches.put(self._batch)
            self._batch = []

    def _write_all(self) -> None:
        run = None
        while batch := self._batches.get():
            try:
                if self.failure is None and not self._abandoned:
                    if run is None:
                        from crawler.recording.writing import RunWriter

                        run = RunWriter()
                    self._write(run, batch)
            except OSError as error:
                self._fail(error.strerror or str(error))
            except Exception as error:  # noqa: BLE001 – a defect here may cost the journal, never the search
                self._fail(f"{type(error).__name__}: {error}")
            finally:
                for _, notify in batch:
                    if notify is not None:
                        notify()
        self._close_file()

    def _write(self, run: RunWriter, batch: list[_Job]) -> None:
        """Write the records of a batch; if one cannot be made, those before it."""
        records: list[bytes] = []
        try:
            for make, _ in batch:
                records.append(make(run))
        finally:
            self._append(b"".join(records))

    def _append(self, data: bytes) -> None:
        from crawler.recording.warc import MAX_RUN

        if self._size + len(data) > MAX_RUN:
            self._fail(Phrase("journal_too_large", size=MAX_RUN >> 20))
            return
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.fileno(), rest) :]
        self._size += len(data)

    def _fail(self, why: str) -> None:
        self.failure = _cannot(self.path, why)
        with suppress(OSError):  # readers drop a partial record anyway
            os.ftruncate(self.fileno(), self._size)

    def _close_file(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with suppress(OSError):  # a network disk may report a failure only now; nothing can be done
                os.close(fd)


def open_journal(
    folder: Path,
    parameters: RunParameters,
    *,
    now: dt.datetime,
    max_age: float = MAX_AGE,
    max_bytes: int = MAX_BYTES,
) -> Journal:
    """Create a journal in `folder`, which is created if missing; first prune the old journals there.

    If that fails, the returned journal has a `failure` and records nothing.
    """
    name = f"{_key(parameters)}-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    path = folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        prune(folder, now=now, max_age=max_age, max_bytes=max_bytes)
        while True:
            path = folder / f"{name}-{os.urandom(8).hex()}.warc"
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            fd = os.open(path, flags, 0o600)
            # Between the two calls, another run may have removed it as abandoned.
            if try_lock(fd) is not False and os.fstat(fd).st_nlink:
                return Journal(path, fd)
            os.close(fd)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Journal(path, None, _cannot(folder, why))


def prune(
    folder: Path, *, now: dt.datetime, max_age: float = MAX_AGE, max_bytes: int = MAX_BYTES
) -> tuple[Path, ...]:
    """Remove journals from `folder` and return them: expired ones, and the oldest beyond `max_bytes` in total.

    A journal that a running process writes stays, and so does every file without a journal's name.
    """
    removed, size = [], 0
    for written, length, path in sorted(_journals(folder), reverse=True):
        size += length
        if (now.timestamp() - written > max_age or size > max_bytes) and _remove(path):
            size -= length
            removed.append(path)
    return tuple(removed)


def saved_pages(
    folder: Path,
    parameters: RunParameters,
    *,
    now: dt.datetime,
    fresh_seconds: float,
    max_bytes: int | None = None,
) -> tuple[dict[PageKey, SavedPage], tuple[str, ...]]:
    """Return the pages that earlier runs of the same search fetched, and a line for each file that was unreadable.

    The same search means the same shop, address and query, whatever its pages, order and filters. The newest copy of
    a page counts, if it is no older than `fresh_seconds`. A failed page does not count; a page that was fetched but not
    judged before its run was killed does. `max_bytes` limits a decoded body. Reads files: call it where blocking does
    no harm.
    """
    from crawler.recording.reading import MAX_BODY, read_stored
    from crawler.recording.warc import MAX_BLOCK, RecordReader

    cap = max_bytes or MAX_BODY
    key = _key(parameters)
    newest: dict[PageKey, StoredPage] = {}
    skipped = []
    for written, _, path in sorted(_journals(folder, key)):
        if now.timestamp() - written > fresh_seconds:
            continue  # nothing in it is newer than its last record
        try:
            stored = read_stored(RecordReader(path, max_block=max(MAX_BLOCK, cap)))
        except ArchiveError as error:
            skipped.append(reason_of(error))
            continue
        if _key(stored.parameters) != key:
            continue
        for number, page in stored.pages.items():
            age = (now - page.record.fetched_at).total_seconds()
            if _is_of_use(page.record) and -CLOCK_SLACK <= age <= fresh_seconds:
                best = newest.get(number)
                if best is None or best.record.fetched_at <= page.record.fetched_at:
                    newest[number] = page
    pages = {}
    for number, page in sorted(newest.items()):
        try:
            pages[number] = page.saved(cap)
        except ValueError as error:
            skipped.append(Phrase("because", words=shown(folder), why=reason_of(error)))
    return pages, tuple(skipped)


def _key(parameters: RunParameters) -> str:
    """Return the key shared by all runs of the same search, as 16 hexadecimal digits."""
    # The demo shop has a different port in every run.
    place = "demo" if parameters.demo else parameters.base_url
    try:
        parts = urlsplit(parameters.first_url)
        words = repr((parameters.shop, place, parts.path, parts.query))
    except ValueError:  # a file from elsewhere; no search has such an address
        words = repr((parameters.shop, place, parameters.first_url))
    return hashlib.blake2b(words.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def _is_of_use(page: PageRecord) -> bool:
    """Return True if a page need not be fetched again; its judge decides later on one that was not judged."""
    from crawler.verdict import Verdict

    if not page.verdict:
        return page.exchange.problem is None and page.exchange.status == HTTP_OK
    try:
        return not Verdict(page.verdict).failed
    except ValueError:  # written by another version
        return False


def _journals(folder: Path, key: str | None = None) -> Iterator[tuple[float, int, Path]]:
    """Yield the journals in `folder`, only those of `key` if given, as (time of the last record, size, path)."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # without a folder there are no journals
        return
    for entry in entries:
        match = _NAME.fullmatch(entry.name)
        if match is None or key not in {None, match["key"]}:
            continue
        with suppress(OSError):  # another run has just removed it
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                yield status.st_mtime, status.st_size, folder / entry.name


def _remove(path: Path) -> bool:
    """Remove a journal unless a run holds it; return True if it is gone."""
    try:
        if sys.platform == "win32":  # Windows cannot remove an open file
            path.unlink(missing_ok=True)
            return True
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if try_lock(fd) is not False:
                path.unlink(missing_ok=True)
                return True
        finally:
            os.close(fd)
    except OSError:
        pass
    return False


def _cannot(path: Path, why: str) -> str:
    return Phrase("no_journal", why=Phrase("not_written", path=shown(path), why=why))
