"""Pack the HTTP requests of a target to compressed WARC records, ready to be appended to a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crawler.download.exchange import HttpRecord
from crawler.recording.gzip_member import gzip_member
from crawler.recording.http_records import hop_records

__all__ = ["PackedPages", "pack"]


class PackedPages(NamedTuple):
    """The records of some requests, one gzip member each."""

    data: bytes
    final_offset: int | None
    """Where the record of the final response begins in `data`; None if there is none."""


def pack(hops: Sequence[HttpRecord], final_url: str) -> PackedPages:
    """Return the records of requests, in order; `final_url` is the address of the final response.

    Pack many pages in a row: the compressor's tables displace everything else from the processor's caches, so a page
    between two requests costs more than twice as much.
    """
    members: list[bytes] = []
    length, offset = 0, None
    for hop in hops:
        records, offset = hop_records(hop), None
        members.append(gzip_member(records.request))
        length += len(members[-1])
        if records.response:
            offset = length if hop.url == final_url else None
            members.append(gzip_member(records.response))
            length += len(members[-1])
    return PackedPages(b"".join(members), offset)
