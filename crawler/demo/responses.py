"""Send the demo shop's responses: complete, compressed, or broken in one of the ways of `faults`."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BOMB_BYTES",
    "PAGE_CONTENT_TYPE",
    "accepts_gzip",
    "compressed",
    "cut",
    "endless",
    "gzip_bomb",
    "reset",
    "trickle",
    "truncated",
]

PAGE_CONTENT_TYPE = "text/html; charset=GB2312"
"""The Content-Type of the shop's pages, though only gb18030 can decode them."""

BOMB_BYTES = 256 * 2**20
"""Size of the decompressed gzip bomb."""

_NO_LINGER = struct.pack("ii", 1, 0)
_TRICKLE_BYTES = 100
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Return True if a client accepts gzip; no client here sends a quality of 0, so that is ignored."""
    return "gzip" in headers.get("Accept-Encoding", "").lower()


def compressed(body: bytes) -> bytes:
    """Compress `body` as gzip, at the fastest level."""
    packer = zlib.compressobj(level=1, wbits=31)
    return packer.compress(body) + packer.flush()


def reset(request: web.Request) -> web.Response:
    """Close the connection with RST; the returned response only satisfies the framework and is never sent."""
    if request.transport is not None:
        sock: socket.socket | None = request.transport.get_extra_info("socket")
        if sock is not None:
            # A socket closed with a linger time of 0 sends RST instead of FIN.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        request.transport.abort()
    return web.Response(status=500)


def cut(request: web.Request, body: bytes, share: float = 0.7) -> web.Response:
    """Send the first `share` of `body`, with only the end of the connection to mark its end.

    The framework would use chunks, so write the bytes directly; the returned response is never sent.
    """
    if request.transport is not None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {PAGE_CONTENT_TYPE}\r\nConnection: close\r\n\r\n"
        request.transport.write(head.encode() + body[: int(len(body) * share)])
        request.transport.close()
    return web.Response(status=500)


async def truncated(request: web.Request, body: bytes, *, chunked: bool) -> web.StreamResponse:
    """Send half of `body` with its full length announced, then close the connection."""
    response = web.StreamResponse(headers={"Content-Type": PAGE_CONTENT_TYPE})
    if chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def endless(request: web.Request, body: bytes) -> web.StreamResponse:
    """Send `body`, then list items until the client disconnects."""
    response = web.StreamResponse(headers={"Content-Type": PAGE_CONTENT_TYPE})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(body)
    item = b"<li class='line'><p class='name'>&nbsp;</p></li>\n" * 1000
    while True:  # ends with the connection: write raises, or the server cancels this handler
        await response.write(item)
        await asyncio.sleep(0)  # with a fast reader, write never waits


async def trickle(request: web.Request, body: bytes, delay: float) -> web.StreamResponse:
    """Send `body`, a hundred bytes every `delay` seconds."""
    response = web.StreamResponse(headers={"Content-Type": PAGE_CONTENT_TYPE})
    response.content_length = len(body)
    await response.prepare(request)
    for start in range(0, len(body), _TRICKLE_BYTES):
        await response.write(body[start : start + _TRICKLE_BYTES])
        await asyncio.sleep(delay)
    await response.write_eof()
    return response


@cache
def gzip_bomb() -> bytes:
    """Return a gzip file that decompresses to `BOMB_BYTES` spaces.

    One MiB is compressed once: after a full flush, the compressor forgets everything before, so the same bytes may be
    repeated in the stream (RFC 1951); the trailer has checksum and length (RFC 1952).
    """
    block = b" " * 2**20
    packer = zlib.compressobj(level=9, wbits=-15)
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(level=9, wbits=-15).flush()
    checksum, count = 0, BOMB_BYTES // len(block)
    for _ in range(count):
        checksum = zlib.crc32(block, checksum)
    return _GZIP_HEADER + piece * count + end + struct.pack("<II", checksum, BOMB_BYTES % 2**32)
