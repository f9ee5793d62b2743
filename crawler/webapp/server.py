"""The application as an HTTP server: open it, get its address, close it."""

from __future__ import annotations

import contextlib
import ipaddress
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
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        yield Server(f"http://{_in_url(host)}:{runner.addresses[0][1]}", app)
    finally:
        await runner.cleanup()


def _in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
