"""How many requests a host gets at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict

__all__ = ["Pace"]


class Pace:
    """Slots per host, shared by every search of an engine."""

    def __init__(self, concurrency: int) -> None:
        """`concurrency` is the number of requests that one host gets at once."""
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(concurrency))

    def slot(self, host: str) -> asyncio.Semaphore:
        """Return the slots of `host` (name and port): hold one while a request is out."""
        return self._slots[host]
