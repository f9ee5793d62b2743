"""The long computations of an engine, kept from holding up its event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Background"]

T = TypeVar("T")

THREAD_LISTINGS = 500
"""Listings from which a computation leaves the loop's thread: ranking 1,200 takes 20 ms (2 cores, Python 3.11)."""


class Background:
    """Run computations one at a time: long ones in a thread, and at most one short one per turn of the event loop.

    A thread holds the interpreter for 5 ms at most while the loop has something to do. Several would take turns with
    it, so there is only one; and many short computations that are due at once would hold up the loop like a long one.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._thread: ThreadPoolExecutor | None = None

    async def run(self, compute: Callable[[], T], *, listings: int) -> T:
        """Return the result of `compute`, whose time grows with `listings`."""
        async with self._turn:
            if listings < THREAD_LISTINGS:
                result = compute()
                await asyncio.sleep(0)  # the others have to wait for the lock
                return result
            if self._thread is None:
                # Not the loop's own: there this might wait behind jobs that wait for this search.
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="ranking")
            # In the same context, as it holds the precision of Decimal.
            context = contextvars.copy_context()
            return await asyncio.get_running_loop().run_in_executor(self._thread, context.run, compute)

    async def turn(self) -> None:
        """Wait for a turn of the event loop that no other caller has: searches that start at once start one by one."""
        async with self._starting:
            await asyncio.sleep(0)

    def close(self) -> None:
        """Let the thread end, without waiting for it."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
