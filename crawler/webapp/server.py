"""The application as an HTTP server: open it, get its address, close it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from crawler.webapp.app import create_app
from crawler.webapp.context import WebContext
from crawler.webapp.state import STATE

__all__ = ["Server", "serving"]

_CLOSING_SECONDS = 2.0
"""Time for requests in flight to finish when the server closes; the rest are cancelled."""

_LINGERING_SECONDS = 1.0
"""Time to read on a request that was refused before its body was there, so that its sender gets the response."""

_IDLE_SECONDS = 75.0
"""A connection without a complete request head for so long is closed; a stream of events is a response."""

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Server:
    """A listening server."""

    url: str
    app: web.Application

    @property
    def searches(self) -> int:
        """The number of searches started so far."""
        return self.app[STATE].searches.started

    async def stop_searches(self, reason: str) -> int:
        """Stop the running searches, each with a partial result, and return their number; no more can be started."""
        return await self.app[STATE].searches.close(reason)


@contextlib.asynccontextmanager
async def serving(context: WebContext, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serve the application while the block runs, and yield it; port 0 means any free one.

    Raises OSError if it cannot listen there.
    """
    app = create_app(context)
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_CLOSING_SECONDS,
        lingering_time=_LINGERING_SECONDS,
        keepalive_timeout=_IDLE_SECONDS,
    )
    await runner.setup()
    try:
        for each in await _bound(host, port):
            await web.SockSite(runner, each, backlog=_BACKLOG).start()
        yield Server(f"http://{_in_url(host)}:{runner.addresses[0][1]}", app)
    finally:
        await runner.cleanup()


async def _bound(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to every address of a host, all to the same port. Raises OSError with its errno.

    asyncio would log an address that this machine lacks, and raise an error without an errno if there is no other.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    with contextlib.ExitStack() as stack:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = stack.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                each.bind((address[0], port, *address[2:]))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                failure = error  # such as ::1 without IPv6
                each.close()
                continue
            port = each.getsockname()[1]
            sockets.append(each)
        if not sockets and failure is not None:
            raise failure
        stack.pop_all()
    return sockets


def _in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
