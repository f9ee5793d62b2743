"""Pack the HTTP requests of a target to compressed WARC records, ready to be appended to a file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from crawler.download.exchange import HttpRecord
from crawler.recording.gzip_member import gzip_member
from crawler.recording.http_records import hop_records

__all__ = ["NO_PAGES", "PackedPages", "pack"]

PACK_APART = 256 * 1024
"""Bodies of at least this many bytes are packed in a thread: 1 MB takes some 4 ms."""


class PackedPages(NamedTuple):
    """The records of some requests, one gzip member each."""

    data: bytes = b""
    final_offset: int | None = None
    """Where the record of the final response begins in `data`; None if there is none."""


NO_PAGES = PackedPages()


async def pack(hops: Sequence[HttpRecord], final_url: str) -> PackedPages:
    """Return the records of requests, in order; `final_url` is the address of the final response.

    Small pages are packed here and not in the writer's thread: two busy threads of one interpreter wait for each other.
    """
    if sum(len(hop.body) for hop in hops) < PACK_APART:
        return _pack(hops, final_url)
    return await asyncio.to_thread(_pack, hops, final_url)


def _pack(hops: Sequence[HttpRecord], final_url: str) -> PackedPages:
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
