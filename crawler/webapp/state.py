"""The mutable state of a running application: its searches, its open streams, and the thread for long computations."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web

from crawler.webapp.context import WebContext
from crawler.webapp.metrics import Metrics
from crawler.webapp.search_events import Streams
from crawler.webapp.searches import SearchStore

__all__ = ["STATE", "WebState"]

T = TypeVar("T")


class WebState:
    """The state of one application."""

    def __init__(self, context: WebContext) -> None:
        # One thread: several would take turns with the event loop, and each request would wait longer.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="webapp")
        self.searches = SearchStore(context, self._executor)
        self.streams = Streams()
        self.metrics = Metrics()

    async def in_thread(self, compute: Callable[[], T]) -> T:
        """Return the result of a long computation; one runs at a time."""
        context = contextvars.copy_context()  # it holds the precision of Decimal
        return await asyncio.get_running_loop().run_in_executor(self._executor, context.run, compute)

    def close(self) -> None:
        """Let the thread end; stop the searches first."""
        self._executor.shutdown(wait=False)


STATE = web.AppKey("state", WebState)
