"""Read and write WARC 1.1 records: framing, digests and limits. `writing` and `reading` know what the records mean.

ISO 28500:2017, https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import random
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from crawler.atomic_write import shown
from crawler.phrases import Phrase
from crawler.recording.replay_model import ArchiveError

__all__ = [
    "MAX_BLOCK",
    "MAX_RUN",
    "Record",
    "RecordReader",
    "iso_date",
    "new_record_id",
    "record_bytes",
]

MAX_BLOCK = 64 * 2**20
"""Limit on the block of one record when reading, in decompressed bytes."""

MAX_RUN = 256 * 2**20
"""Limit on the records of a run when writing and reading, in decompressed bytes. 100 pages take some 3 MiB."""

MAX_RECORDS = 100_000
"""Limit on records of a run when reading; the maximum, 100 pages of ten attempts with six hops each, has 18,000."""

MAX_HEAD = 64 * 2**10
"""Limit on a record's own headers in bytes; our longest holds an address of some 8 KiB, the maximum that HTTP servers
and clients accept."""

_END = b"\r\n\r\n"
"""The bytes after a record's block."""

_ENCODED_URI = re.compile(r"[!#-;=?-~]*")
"""An address that needs no encoding: printable ASCII without space, quotation mark and angle brackets."""

_URI_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"
"""Characters of an address that stay unchanged; white space and line ends break the header, others are invalid."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read."""

    kind: str
    """Its WARC-Type."""
    fields: Mapping[str, str]
    """Its headers, with names in lower case; of several headers with one name, the first."""
    head: bytes
    """The headers as bytes, including the version line and the empty line."""
    block: bytes
    offset: int
    """Its position in the decompressed file."""

    @property
    def id(self) -> str:
        """Its WARC-Record-ID; '' if it has none."""
        return self.fields.get("warc-record-id", "")

    @property
    def raw(self) -> bytes:
        """The whole record, decompressed."""
        return self.head + self.block + _END


def new_record_id() -> str:
    """Return a new WARC-Record-ID: a random UUID (version 4), made four times as fast as by `uuid`."""
    number = random.getrandbits(128) & ~(0xF << 76 | 3 << 62) | 4 << 76 | 2 << 62
    digits = f"{number:032x}"
    return f"<urn:uuid:{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}>"


@lru_cache(maxsize=1)  # the records of a request have the same
def iso_date(moment: dt.datetime) -> str:
    """Format a time as a WARC-Date, to the microsecond (section 5.4; W3CDTF)."""
    utc = moment if moment.tzinfo is dt.UTC else moment.astimezone(dt.UTC)
    return f"{utc.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def record_bytes(
    kind: str,
    *,
    record_id: str,
    uri: str,
    date: dt.datetime,
    content_type: str,
    head: bytes = b"",
    body: bytes = b"",
    fields: Mapping[str, str] | None = None,
) -> bytes:
    """Return a complete record, with the digests of its block and its payload.

    `head` is an HTTP head, stored byte for byte, and `body` is the payload after it.

    The result equals that of warcio's writer, which takes three times as long; a test compares the two.
    """
    target = f"WARC-Target-URI: {_uri(uri)}\r\n"
    payload = f"WARC-Payload-Digest: {_sha1(body) if body else _SHA1_OF_NOTHING}\r\n"
    if kind == "warcinfo":  # it has neither target nor payload (sections 5.6 and 6.2)
        target = payload = ""
    elif not uri:  # a record without an address must not have an empty header
        target = ""
    others = "".join([f"{name}: {value}\r\n" for name, value in fields.items()]) if fields else ""
    headers = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {record_id}\r\nWARC-Date: {iso_date(date)}\r\n"
        f"{target}{others}{payload}WARC-Block-Digest: {_sha1(head, body)}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(head) + len(body)}\r\n\r\n"
    )
    return b"".join((headers.encode(), head, body, _END))


def _sha1(*parts: bytes) -> str:
    """Return the SHA-1 of `parts` as a labelled digest in base 32."""
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        digest.update(part)
    # The same as `base64.b32encode`, which takes three times as long: 160 bits, ten at a time.
    number = int.from_bytes(digest.digest())
    return "sha1:" + "".join([_BASE_32_PAIRS[number >> shift & 0x3FF] for shift in range(150, -1, -10)])


_BASE_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE_32_PAIRS = [first + second for first in _BASE_32 for second in _BASE_32]


_SHA1_OF_NOTHING = _sha1(b"")


class RecordReader:
    """The records of a file, compressed or not, one by one and within limits; iterate once.

    `max_block` limits the size of a block in bytes. If the file ends within a record, the iteration ends and sets
    `torn`. Anything else that is not a record raises ArchiveError, and so does a file that cannot be opened.
    """

    def __init__(self, source: Path | int, *, name: str | None = None, max_block: int = MAX_BLOCK) -> None:
        """Read a file, or an open descriptor from its beginning; that stays open, and messages call it `name`."""
        self._source = source
        self.name = name or (shown(source) if isinstance(source, Path) else "the journal")
        self._max_block = max_block
        self._at = 0
        self._count = 0
        self.torn = False

    def __iter__(self) -> Iterator[Record]:
        """Yield the records in order."""
        try:
            with self._open() as file:
                compressed = file.read(2) == b"\x1f\x8b"
                file.seek(0)
                records = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if compressed else file
                with records:
                    while (record := self._next(records)) is not None:
                        yield record
        except _TornError:
            self.torn = True
        except EOFError:  # the same, within a compressed record
            self.torn = True
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self.damaged(str(error)) from error
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error

    def damaged(self, what: str, record: Record | None = None) -> ArchiveError:
        """Return the error for damage, with its position."""
        at = self._at if record is None else record.offset
        return ArchiveError(Phrase("record_file_damaged", name=self.name, at=at, why=what))

    def _unreadable(self, why: str) -> ArchiveError:
        return ArchiveError(Phrase("record_file_not_read", name=self.name, why=why))

    def _open(self) -> IO[bytes]:
        if isinstance(self._source, int):
            file = open(self._source, "rb", closefd=False)  # noqa: SIM115 – closed by the caller; no path
        else:
            try:
                # Opening a pipe without a writer would block forever.
                if not stat.S_ISREG(self._source.stat().st_mode):
                    raise self._unreadable(Phrase("no_file"))
            except ValueError as error:  # a NUL in the name
                raise self._unreadable(str(error)) from error
            file = self._source.open("rb")
        file.seek(0)
        return file

    def _next(self, file: IO[bytes]) -> Record | None:
        head = self._read_head(file)
        if head is None:
            return None
        taken, fields = head
        block = self._read_block(file, fields.get("content-length", ""))
        record = Record(fields.get("warc-type", ""), fields, taken, block, self._at)
        self._check_digest(record)
        self._at += len(record.head) + len(record.block) + len(_END)
        self._count += 1
        if self._at > MAX_RUN or self._count > MAX_RECORDS:
            raise ArchiveError(
                Phrase("record_file_too_large", name=self.name, size=MAX_RUN >> 20, n=MAX_RECORDS)
            )
        return record

    def _read_head(self, file: IO[bytes]) -> tuple[bytes, dict[str, str]] | None:
        """Return the headers of the next record as bytes and by lower-case name; None at the end of the file."""
        from warcio.statusandheaders import (  # type: ignore[import-untyped]  # it has no types
            StatusAndHeadersParser,
            StatusAndHeadersParserException,
        )

        lines = _HeadLines(file)
        try:
            first = lines.readline()
            if not first and self._at:
                return None
            if self._at == 0 and not first.startswith(b"WARC/"):
                raise ArchiveError(Phrase("record_file_no_warc", name=self.name))
            # WARC 1.0 does not differ in anything that is read here.
            parsed = StatusAndHeadersParser(["WARC/1.1", "WARC/1.0"]).parse(lines, first)
        except (StatusAndHeadersParserException, EOFError, _HeadTooLongError):
            raise self.damaged(Phrase("record_begins_nowhere")) from None
        except _TornError:
            if self._at == 0 and not b"WARC/1.".startswith(lines.taken[:7]):
                raise ArchiveError(Phrase("record_file_no_warc", name=self.name)) from None
            raise
        fields: dict[str, str] = {}
        for name, value in parsed.headers:
            fields.setdefault(name.lower(), value)
        return lines.taken, fields

    def _read_block(self, file: IO[bytes], length: str) -> bytes:
        """Return the block of a record whose Content-Length is `length`."""
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            raise self.damaged(Phrase("record_without_length"))
        if int(length) > self._max_block:
            raise self.damaged(Phrase("record_too_large", size=self._max_block / 2**20))
        block = file.read(int(length))
        end = file.read(len(_END))
        if len(block) < int(length) or (len(end) < len(_END) and _END.startswith(end)):
            raise _TornError
        if end != _END:
            raise self.damaged(Phrase("record_without_end"))
        return block

    def _check_digest(self, record: Record) -> None:
        algorithm, _, stated = record.fields.get("warc-block-digest", "").partition(":")
        if algorithm.lower() != "sha1":  # we write SHA-1; records with other digests are accepted unchecked
            return
        digest = hashlib.sha1(record.block, usedforsecurity=False).digest()
        if stated.upper() not in {base64.b32encode(digest).decode(), digest.hex().upper()}:
            raise self.damaged(Phrase("record_digest_wrong"))


class _TornError(Exception):
    """The file ends within a record."""


class _HeadTooLongError(Exception):
    """The headers of a record exceed the limit."""


class _HeadLines:
    """The lines of a record's headers, at most `MAX_HEAD` bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lines: list[bytes] = []
        self._left = MAX_HEAD

    @property
    def taken(self) -> bytes:
        """All lines read so far."""
        return b"".join(self._lines)

    def readline(self) -> bytes:
        """Return the next line; b'' at the end of the file if nothing was read before."""
        line = self._file.readline(self._left)
        self._left -= len(line)
        self._lines.append(line)
        if line.endswith(b"\n") or not (line or self.taken):
            return line
        if self._left == 0:
            raise _HeadTooLongError
        raise _TornError


def _uri(uri: str) -> str:
    """Encode an address for a header; leave a percent-encoded one unchanged."""
    return uri if _ENCODED_URI.fullmatch(uri) else quote(uri, safe=_URI_CHARACTERS, errors="surrogatepass")
