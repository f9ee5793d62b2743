"""A server whose connections the tests script: what it sends, when, and when it closes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

__all__ = ["Conversation", "Talk", "TalkingServer", "anonymous_tls", "page", "talking", "turns"]


def page(body: str, status: str = "200 OK", *headers: str) -> bytes:
    """Return a response with a body; its connection stays open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Talk:
    """One connection, from the server's side."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.heads: list[bytes] = []
        self.writer = writer
        self._reader = reader

    async def request(self) -> str:
        """Return the next request's path; raise IncompleteReadError if the client has closed."""
        self.heads.append(await self._reader.readuntil(b"\r\n\r\n"))
        return self.heads[-1].split()[1].decode()

    def send(self, data: bytes) -> None:
        """Send immediately: the client's system has the bytes when this returns."""
        self.writer.write(data)

    def reset(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()

    async def closed(self) -> None:
        """Wait until the client closes."""
        with suppress(ConnectionError):
            await self._reader.read()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Switch to TLS, like the server behind a tunnel."""
        await self.writer.start_tls(context)


Conversation = Callable[[Talk], Awaitable[None]]


class TalkingServer:
    """Runs one conversation per connection."""

    def __init__(self, conversation: Conversation) -> None:
        self.url = ""
        self.talks: list[Talk] = []
        self._conversation = conversation
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin the conversation of a new connection."""
        talk = Talk(len(self.talks), reader, writer)
        self.talks.append(talk)
        self._tasks.add(asyncio.create_task(self._hold(talk)))

    async def _hold(self, talk: Talk) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._conversation(talk)
        finally:
            talk.writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await talk.writer.wait_closed()

    async def end(self) -> None:
        """End every conversation, and raise the exception of any that failed."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


@asynccontextmanager
async def talking(
    conversation: Conversation, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TalkingServer]:
    """Serve `conversation` on a port of this machine."""
    server = TalkingServer(conversation)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    server.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await server.end()


def anonymous_tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return TLS contexts for a server and a client without certificates (anonymous Diffie-Hellman)."""
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context in contexts:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
    return contexts


async def turns(count: int = 20) -> None:
    """Run the loop `count` times, so that a client in it reads what was sent."""
    for _ in range(count):
        await asyncio.sleep(0)
