"""A real server that answers each request with the next script, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from crawler.download.client import Downloader
from crawler.download.exchange import AttemptRecord, Exchange, FetchPolicy

Script = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


class Server:
    """A TCP server that answers the n-th request with the n-th script, then repeats the last one."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = scripts
        self.requests: list[bytes] = []
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""
        self.handlers: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handlers.add(asyncio.create_task(self.handle(reader, writer)))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
            await script(writer, head)
            await writer.drain()
        self.at_once -= 1


@asynccontextmanager
async def serving(*scripts: Script) -> AsyncIterator[Server]:
    server = Server(*scripts)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listener.close()
        for handler in server.handlers:
            handler.cancel()
        await asyncio.gather(*server.handlers, return_exceptions=True)


def answer(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> Script:
    async def script(writer: asyncio.StreamWriter, _head: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return script


async def reset(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.transport.abort()


async def truncated(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot all of it")


async def unfinished_chunks(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


async def endless(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(2000):  # 128 MB at most, should nobody hang up
        writer.write(b"x" * 65536)
        await writer.drain()


async def silent(_writer: asyncio.StreamWriter, _head: bytes) -> None:
    await asyncio.sleep(5)


async def no_http(writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


def policy(**changes: Any) -> FetchPolicy:
    """Return a policy for the tests' own servers, which have no robots.txt."""
    values: dict[str, Any] = {"named_hosts": frozenset({"127.0.0.1"}), "obey_robots": False}
    return FetchPolicy(**(values | changes))


async def fetch(
    url: str, wanted: FetchPolicy | None = None, *, read_timeout: float = 5.0
) -> tuple[Exchange, list[AttemptRecord]]:
    attempts: list[AttemptRecord] = []
    async with Downloader(read_timeout=read_timeout, connect_timeout=2.0) as downloader:
        exchange = await downloader.fetch(url, wanted or policy(), on_attempt=attempts.append)
    return exchange, attempts
