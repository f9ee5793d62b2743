"""Read WARC files with two libraries, which must agree."""

from __future__ import annotations

import gzip
from pathlib import Path

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]  # it has no types

Record = tuple[str, str, bytes]
"""Type, address, and block of a record; of an HTTP message, its body alone."""


def read_by_warcio(path: Path) -> list[Record]:
    """Read a file with warcio, which checks the digests."""
    records = []
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            uri = record.rec_headers.get_header("WARC-Target-URI") or ""
            records.append((record.rec_type, uri, record.raw_stream.read()))
    return records


def read_by_fastwarc(path: Path) -> list[Record]:
    """Read a file with fastwarc, which leaves out records with a wrong digest."""
    with path.open("rb") as file:
        return [
            (record.headers["WARC-Type"], record.headers.get("WARC-Target-URI") or "", record.reader.read())
            for record in FastIterator(file, parse_http=True, auto_decode="none", verify_digests=True)
        ]


def read_records(out: Path) -> list[Record]:
    """Return the records of all WARC files in a folder; both readers see the same, and no file ends with more."""
    records = []
    for path in sorted(out.glob("pages-*.warc.gz")):
        mine = read_by_warcio(path)
        assert read_by_fastwarc(path) == mine
        assert mine[0][0] == "warcinfo"
        records += mine
        with gzip.open(path) as file:  # raises for a torn member, which readers of records may skip
            while file.read(2**20):
                pass
    return records


def responses(out: Path) -> dict[str, list[bytes]]:
    """Return the bodies of all responses by address."""
    bodies: dict[str, list[bytes]] = {}
    for kind, uri, block in read_records(out):
        if kind == "response":
            bodies.setdefault(uri, []).append(block)
    return bodies
