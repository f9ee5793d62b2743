"""The application as an HTTP server: open it, get its address, close it."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import AsyncIterator

from aiohttp import web

from crawler.webapp.app import create_app
from crawler.webapp.context import WebContext

__all__ = ["serving"]

_CLOSING_SECONDS = 2.0
"""Time for requests in flight to finish when the server closes; the rest are cancelled."""

_BACKLOG = 512


@contextlib.asynccontextmanager
async def serving(context: WebContext, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the application while the block runs, and yield its address; port 0 means any free one.

    Raises OSError if it cannot listen there.
    """
    runner = web.AppRunner(
        create_app(context),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_CLOSING_SECONDS,
        max_line_size=16 * 1024,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        yield f"http://{_in_url(host)}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
