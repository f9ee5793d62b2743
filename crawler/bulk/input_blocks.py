"""Read the bytes of an input in blocks: a file or stdin, gzip or not, with a byte order mark or without.

Memory stays flat whatever the input contains.
"""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crawler.atomic_write import shown
from crawler.errors import UsageError

__all__ = ["STDIN", "Blocks", "DamagedInputError", "describe_input"]

STDIN = "-"
"""The name of stdin as an input."""

_BLOCK = 262_144
"""Bytes to read or to decompress at a time."""

_POLL_SECONDS = 0.2
"""How often the reader of a silent pipe looks whether it is stopped."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class DamagedInputError(Exception):
    """The rest of the input cannot be read."""


def describe_input(source: str) -> tuple[str, int | None]:
    """Return the absolute path and the size of an input, by which a resumed crawl recognizes it.

    For stdin, return `STDIN` and None; a pipe has no size either. Raises UsageError if it cannot be read.
    """
    if source == STDIN:
        return STDIN, None
    with _translated(source):
        status = os.stat(source)  # noqa: PTH116 – pathlib would change the path
    path = os.path.realpath(source)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        return path, None  # opening a pipe and closing it would end its writer
    with _opened(source):
        return path, status.st_size


class Blocks:
    """An iterable over the blocks of an input, decompressed, for one use.

    Text in UTF-16 or UTF-32 comes as UTF-8; half of a surrogate pair becomes bytes that are not valid UTF-8. Ends early
    when `stopped` returns True. Calls `waiting` when a pipe has no data yet, and again while it has none. Raises
    UsageError if the input cannot be opened, DamagedInputError where it ends too early.
    """

    def __init__(self, source: str, stopped: Callable[[], bool], waiting: Callable[[], None]) -> None:
        self._source = source
        self._stopped = stopped
        self._waiting = waiting
        self.is_unicode = False
        """True if the beginning names the charset, so that the blocks are UTF-8; known after the first block."""

    def __iter__(self) -> Iterator[bytes]:
        with _opened(self._source) as descriptor:
            yield from self._transcoded(self._decompressed(self._read(descriptor)))

    def _read(self, descriptor: int) -> Iterator[bytes]:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        while not self._stopped():
            if not is_file and sys.platform != "win32" and not _is_readable(descriptor, 0):
                self._waiting()
                if not _is_readable(descriptor, _POLL_SECONDS):
                    continue
            try:
                block = os.read(descriptor, _BLOCK)
            except OSError as error:
                raise DamagedInputError(f"it cannot be read: {error.strerror or error}") from error
            if not block:
                return
            yield block

    def _decompressed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        blocks, start = _beginning(blocks, len(_GZIP_MAGIC))
        if start == _GZIP_MAGIC:
            yield from self._gunzip(blocks)
            return
        if start and self._source.lower().endswith(".gz"):
            raise UsageError(f"{shown(self._source)} is not a gzip file; rename it, or compress it again")
        yield from blocks

    def _gunzip(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Decompress gzip members, one after the other."""
        decoder = zlib.decompressobj(_GZIP)
        try:
            for block in blocks:
                data = block
                while data:
                    if decoder.eof:
                        data = data.lstrip(b"\0")  # padding
                        if not data:
                            break
                        decoder = zlib.decompressobj(_GZIP)
                    yield decoder.decompress(data, _BLOCK)
                    data = decoder.unused_data or decoder.unconsumed_tail
            yield decoder.flush()
        except zlib.error as error:
            raise DamagedInputError(f"its gzip data is damaged ({str(error).rpartition(': ')[2]})") from error
        if not decoder.eof and not self._stopped():
            raise DamagedInputError("its gzip data is cut off")

    def _transcoded(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        blocks, start = _beginning(blocks, 4)
        mark, charset = _charset(start)
        self.is_unicode = bool(charset)
        if charset in {"", "utf-8"}:
            for block in blocks:
                yield block.removeprefix(mark)
                mark = b""
            return
        decoder = codecs.getincrementaldecoder(charset)("surrogatepass")
        try:
            for block in blocks:
                yield decoder.decode(block.removeprefix(mark)).encode("utf-8", "surrogatepass")
                mark = b""
            if not self._stopped():
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise DamagedInputError(f"it is not valid {error.encoding} ({error.reason})") from error


@contextmanager
def _opened(source: str) -> Iterator[int]:
    """Open an input for the block. Raises UsageError."""
    if source == STDIN:
        if sys.stdin is None:
            raise UsageError("stdin is closed; name a file")
        yield sys.stdin.fileno()
        return
    with _translated(source):
        descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise UsageError(f"{shown(source)} is a folder; name a file in it")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _translated(source: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{shown(source)} cannot be read: {why}") from error


def _is_readable(descriptor: int, seconds: float) -> bool:
    """Wait for data, or for the end of it; return False if neither comes in time."""
    return bool(select.select([descriptor], [], [], seconds)[0])


def _beginning(blocks: Iterator[bytes], size: int) -> tuple[Iterator[bytes], bytes]:
    """Return the blocks, of which the first has at least `size` bytes if there are so many, and those bytes."""
    start = b""
    failure = None
    try:
        for block in blocks:
            start += block
            if len(start) >= size:
                break
    except DamagedInputError as error:  # what comes before the damage counts
        failure = error

    def again() -> Iterator[bytes]:
        if start:
            yield start
        if failure is not None:
            raise failure
        yield from blocks

    return again(), start[:size]


def _charset(start: bytes) -> tuple[bytes, str]:
    """Return the byte order mark at the start of an input, and the charset; '' if the start names none."""
    for mark, charset in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return mark, charset
    zeros = [byte == 0 for byte in start]
    if zeros == [False, True, False, True]:  # two ASCII characters
        return b"", "utf-16-le"
    return b"", "utf-16-be" if zeros == [True, False, True, False] else ""
