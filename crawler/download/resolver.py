"""Look names up in the threads of the event loop's default executor, whatever the loop is.

uvloop looks names up in the four threads of libuv, and needs one of those for each new connection, too. Four dead names
would then delay every connection, even one to an IP address, until the resolver gives them up.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from aiohttp.resolver import ThreadedResolver

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

__all__ = ["thread_resolver"]


def thread_resolver() -> AbstractResolver:
    """Return a resolver for the running event loop."""
    lookups = _Lookups(asyncio.get_running_loop())
    return ThreadedResolver(loop=cast("asyncio.AbstractEventLoop", lookups))


class _Lookups:
    """The methods of an event loop that a ThreadedResolver calls; a test fails if it calls another."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def getaddrinfo(self, host: str, port: int, **options: int) -> Any:
        return await self._loop.run_in_executor(None, partial(socket.getaddrinfo, host, port, **options))

    async def getnameinfo(self, address: Any, flags: int) -> Any:
        return await self._loop.run_in_executor(None, socket.getnameinfo, address, flags)
