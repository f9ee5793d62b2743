"""Split an input into lines, in the charsets that lists come in.

A line that exceeds the limit is skipped, not collected, so memory stays flat whatever the input contains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from crawler.bulk.input_blocks import Blocks, DamagedInputError

__all__ = ["EXCERPT", "LONGEST_LINE", "Line", "LineReader"]

LONGEST_LINE = 131_072
"""Limit on a line in bytes, as UTF-8 or in the charset of the input. It is also the csv module's limit on a field."""

EXCERPT = 200
"""The characters of a rejected line to keep."""

_TOO_LONG = f"it is longer than {LONGEST_LINE:,} bytes"


class Line(NamedTuple):
    """A line of the input."""

    number: int
    """Counted from 1."""
    text: str
    """Without its end. If there is a problem: its beginning, with surrogate escapes for invalid bytes."""
    problem: str = ""
    """Why the line is not text; '' if it is."""


class LineReader:
    """An iterable over the lines of an input, for one use.

    Lines end with LF, CRLF or CR. Bytes that begin like gzip are decompressed. The charset is the byte order mark's;
    without one, it is UTF-8 or GB18030, as the first lines beyond ASCII show. A line that is not valid in that charset
    is tried in the other one. Ends early when `stopped` returns True; calls `waiting` while a pipe is silent. Raises
    UsageError if the input cannot be read.
    """

    def __init__(self, source: str, stopped: Callable[[], bool], waiting: Callable[[], None]) -> None:
        self.lines = 0
        """The number of lines read."""
        self.gb18030_lines = 0
        """The number of lines that were decoded as GB18030."""
        self.damage = ""
        """Why the input could not be read to its end."""
        self._blocks = Blocks(source, stopped, waiting)
        self._stopped = stopped
        self._charset = ""

    def __iter__(self) -> Iterator[Line]:
        rest = too_long = b""
        try:
            for block in _with_one_newline(self._blocks):
                data = block
                if too_long:
                    _, found, data = data.partition(b"\n")
                    if not found:
                        continue
                    yield self._next(too_long, _TOO_LONG)
                    too_long = b""
                whole, found, tail = data.rpartition(b"\n")
                if found:
                    yield from self._split(rest + whole)
                    rest = b""
                rest += tail
                if len(rest) > LONGEST_LINE:
                    too_long, rest = rest[: EXCERPT * 4], b""
        except DamagedInputError as error:
            self.damage = str(error)
        if too_long:
            yield self._next(too_long, _TOO_LONG)
        elif rest and self.damage:
            yield self._next(rest, "the input breaks off in this line")
        elif rest and not self._stopped():
            yield from self._split(rest)

    def _next(self, data: bytes, problem: str) -> Line:
        self.lines += 1
        return Line(self.lines, data[: EXCERPT * 4].decode("utf-8", "surrogateescape")[:EXCERPT], problem)

    def _split(self, data: bytes) -> Iterator[Line]:
        """Yield the lines of a block that contains no incomplete one."""
        is_ascii = data.isascii()
        if not is_ascii and not self._charset:
            self._charset = "utf-8" if self._blocks.is_unicode else _likely_charset(data)
        whole = _text(data, "utf-8") if is_ascii or self._charset == "utf-8" else None
        if whole is None:
            for each in data.split(b"\n"):
                yield self._decoded(each)
            return
        for text in whole.split("\n"):
            if len(text) * 4 > LONGEST_LINE and len(text.encode()) > LONGEST_LINE:
                yield self._next(text[:EXCERPT].encode(), _TOO_LONG)
            else:
                self.lines += 1
                yield Line(self.lines, text)

    def _decoded(self, data: bytes) -> Line:
        """Decode one line."""
        if len(data) > LONGEST_LINE:
            return self._next(data, _TOO_LONG)
        charsets = ["utf-8"] if self._blocks.is_unicode else sorted(("gb18030", "utf-8"), key=self._is_other)
        for charset in ["ascii", *charsets]:
            if (text := _text(data, charset)) is not None:
                self.lines += 1
                self.gb18030_lines += charset == "gb18030"
                return Line(self.lines, text)
        return self._next(data, f"it is not valid {' or '.join(map(str.upper, charsets))}")

    def _is_other(self, charset: str) -> bool:
        return charset != self._charset


def _with_one_newline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks in which each line ends with LF; none is empty."""
    after_return = False
    for block in filter(None, blocks):
        # An LF right after a CR at the end of the block before belongs to it.
        data = block[1:] if after_return and block.startswith(b"\n") else block
        after_return = block.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if data:
            yield data


def _likely_charset(data: bytes) -> str:
    """Return the charset that more lines speak for, UTF-8 or GB18030.

    Nearly all UTF-8 is valid GB18030, so only a line that is not UTF-8 speaks for the latter. One that is UTF-8 with
    no character of three bytes may be two Chinese characters by chance.
    """
    balance = 0
    for line in data.split(b"\n"):
        if line.isascii():
            continue
        if (text := _text(line, "utf-8")) is not None:
            balance += 3 if max(text) > "\u07ff" else 1
        elif _text(line, "gb18030") is not None:
            balance -= 2
    return "gb18030" if balance < 0 else "utf-8"


def _text(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None
