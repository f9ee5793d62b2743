"""Bodies in every coding, and a real server that sends them as a script says."""

from __future__ import annotations

import asyncio
import functools
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import aiohttp

from crawler.download.body import Body, BodyReader

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]

MIB = 2**20
PAGE = "<li>渗透测试 ￥68.00</li>".encode("gb18030") * 9000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def stored(data: bytes) -> bytes:
    """Wrap `data` as raw deflate without compression."""
    packer = zlib.compressobj(level=0, wbits=-15)
    return packer.compress(data) + packer.flush()


def in_members(data: bytes) -> bytes:
    """Compress `data` as three gzip members, one of them empty."""
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(b"") + gzip.compress(data[half:])


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": (" X-GZip ", gzip.compress),
    "gzip members": ("gzip", in_members),
    "gzip and identity": ("identity, gzip", gzip.compress),
    "gzip and what follows": ("gzip", lambda data: gzip.compress(data) + b"\0\0\0 no member"),
    "gzip and a broken magic number": ("gzip", lambda data: gzip.compress(data) + b"\x1f\x8b"),
    "zlib": ("deflate", zlib.compress),
    "zlib and what follows": ("deflate", lambda data: zlib.compress(data) + b"\0\0\0 no stream"),
    "raw deflate": ("deflate", raw_deflate),
    "raw deflate, stored": ("Deflate", stored),
    "a charset by mistake": ("utf-8", bytes),
}


@functools.cache
def bomb(mebibytes: int = 256) -> bytes:
    """Compress that many MiB of zeros."""
    packer = zlib.compressobj(level=9, wbits=31)
    block = bytes(MIB)
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> Script:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head(*headers, f"Content-Length: {len(body)}", status=status) + body)

    return script


def closing(start: bytes, *headers: str) -> Script:
    """Send `start` and close, whatever the headers promised."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head(*headers) + start)

    return script


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(head())
    block = b"x" * 65536
    for _ in range(4096):  # 256 MiB, should nobody hang up
        writer.write(block)
        await writer.drain()


class Trickle:
    """Sends the start of a body, then nothing more."""

    def __init__(self, start: bytes, *headers: str) -> None:
        self.start = start
        self.headers = headers

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(head(*self.headers, "Content-Length: 100000") + self.start)
        await writer.drain()
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[str]:
    """Yield the address of a server that runs `script` for every request."""
    handlers: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await script(writer)
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.create_task(converse(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    finally:
        listener.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@asynccontextmanager
async def response_to(
    script: Script, *, method: str = "GET", silence: float = 20.0
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Yield the response of a server that runs `script`, with its body unread."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=silence)
    async with (
        serving(script) as url,
        aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as session,
        session.request(method, url) as response,
    ):
        yield response


async def read(
    script: Script, max_bytes: int = 8 * MIB, *, keep_raw: bool = True, method: str = "GET"
) -> Body:
    async with response_to(script, method=method) as response:
        return await BodyReader(max_bytes, keep_raw=keep_raw).read(response)


@contextmanager
def memory() -> Iterator[list[int]]:
    """Yield a list; when the block ends, it holds the peak of the memory allocated meanwhile, in bytes."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
