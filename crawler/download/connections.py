"""Keep requests and answers in step: no request goes out on a connection that holds bytes nobody asked for.

    with connecting() as used:                                 # around one request
        async with session.get(url) as response: …             # of a session with an InStepConnector
    used.was_stale(error)                                      # whether the server had closed it in the pool

An answer without a request would be taken for the next page's. The server may send it right behind an answer, while the
connection waits in the pool, or while the next request goes out; aiohttp (3.14) notices none of these in the pool.
"""

from __future__ import annotations

import functools
import select
import socket
from collections import OrderedDict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    import asyncio

    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["MAX_IDLE", "InStepConnector", "Used", "connecting"]

_PROBE_REASON = "In Step"
_PROBE = b"HTTP/1.1 299 In Step\r\nContent-Length: 0\r\n\r\n"
_PROBE_HEADERS = ((b"Content-Length", b"0"),)

MAX_IDLE = 200
"""Connections that wait in the pool; each takes 10 KB here, and a descriptor here and at its server."""

_MSG_PEEK = getattr(socket, "MSG_PEEK", 0)


class Used:
    """The connection that one request used."""

    __slots__ = ("_handler", "fresh", "reused")

    def __init__(self, *, fresh: bool) -> None:
        """`fresh` is whether the request needs a new connection, not one from the pool."""
        self.fresh = fresh
        self.reused = False
        """Whether it came from the pool."""
        self._handler: _InStepHandler | None = None

    def take(self, handler: _InStepHandler, *, reused: bool) -> None:
        """Note the connection of the request."""
        self._handler, self.reused = handler, reused

    def forget(self) -> None:
        """Note that the request has no connection yet."""
        self._handler, self.reused = None, False

    def was_stale(self, error: Exception) -> bool:
        """Tell whether `error` is that the server had closed the connection while it was in the pool.

        A connection that fails before any byte of an answer most likely was closed before the request came there.
        """
        if not self.reused or self._handler is None or self._handler.answered:
            return False
        return isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError))


_USED: ContextVar[Used | None] = ContextVar("used", default=None)


class connecting:  # noqa: N801 – used like a function; a generator would take twice as long for each request
    """Note the connection that the request inside uses; with `fresh`, make it a new one."""

    __slots__ = ("_token", "_used")

    def __init__(self, *, fresh: bool = False) -> None:
        self._used = Used(fresh=fresh)

    def __enter__(self) -> Used:
        self._token = _USED.set(self._used)
        return self._used

    def __exit__(self, *_: object) -> None:
        _USED.reset(self._token)


class InStepConnector(aiohttp.TCPConnector):
    """A TCPConnector that reuses a connection only if it is open and holds no unread byte.

    At most `max_idle` connections wait in its pool: beyond that, the one that has waited longest is closed.
    """

    def __init__(self, *, max_idle: int = MAX_IDLE, **options: Any) -> None:
        """`options` are those of aiohttp.TCPConnector."""
        super().__init__(**options)
        self._max_idle = max_idle
        self._idle: OrderedDict[_InStepHandler, ConnectionKey] = OrderedDict()
        """Connections in the pool, the one that has waited longest first; some may be closed by now."""
        factory = functools.partial(_InStepHandler, loop=self._loop)
        # There is no public way to another protocol; a test watches it.
        self._factory = cast("functools.partial[ResponseHandler]", factory)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 – the signature is aiohttp's
    ) -> Connection:
        """Return a connection for `req`, from the pool unless `connecting` wants a fresh one.

        Raises ServerDisconnectedError when the server of a new connection speaks before it is asked.
        """
        used = _USED.get() or Used(fresh=False)
        used.forget()
        while True:
            connection = await super().connect(req, traces, timeout)
            handler = connection.protocol
            if not isinstance(handler, _InStepHandler):
                raise TypeError("a connection has another protocol than the connector's")
            self._idle.pop(handler, None)
            if not handler.idle:
                if handler.spoke_first():
                    connection.close()
                    raise aiohttp.ServerDisconnectedError("the server sent bytes before the request")
                used.take(handler, reused=False)
                return connection
            if not used.fresh and handler.is_in_step():
                handler.begin()
                used.take(handler, reused=True)
                return connection
            connection.close()

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if isinstance(protocol, _InStepHandler):
            protocol.idle = True
        super()._release(key, protocol, should_close=should_close)
        pool = self._conns.get(key)
        if isinstance(protocol, _InStepHandler) and pool and pool[-1][0] is protocol:
            self._idle[protocol] = key
            if len(self._idle) > self._max_idle:
                self._close_idle(*self._idle.popitem(last=False))

    def _close_idle(self, handler: _InStepHandler, key: ConnectionKey) -> None:
        """Close a connection that waits in the pool, and forget it there."""
        handler.close()
        if (pool := self._conns.get(key)) is not None:
            # It has waited longest of all: it stands first in its pool, unless aiohttp has dropped it already.
            if pool and pool[0][0] is handler:
                pool.popleft()
            if not pool:
                del self._conns[key]

    def _cleanup(self) -> None:
        super()._cleanup()  # closes what has waited too long, or is closed
        for handler in [handler for handler in self._idle if not handler.is_connected()]:
            del self._idle[handler]


class _InStepHandler(ResponseHandler):
    """The protocol of a connection; it closes when bytes come while no request is out."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.idle = False
        """Whether its last answer has ended; a connection in the pool is idle."""
        self.answered = False
        """Whether any byte has come since it left the pool."""
        self._poll: select.poll | None = None

    def begin(self) -> None:
        """Get ready for the next request."""
        self.idle = self.answered = False

    def data_received(self, data: bytes) -> None:
        """Take bytes from the server."""
        if self.idle and data:
            self.close()
            return
        # aiohttp calls this without bytes when a body is read, and that may be the body of the answer before.
        self.answered = self.answered or bool(data)
        super().data_received(data)
        # The answer may have ended within these bytes, and another have followed it.
        if self.idle and self.should_close:
            self.close()

    def is_in_step(self) -> bool:
        """Tell whether the next bytes from the server can only be the answer to the next request."""
        return self.is_connected() and not self._readable() and self._at_start()

    def spoke_first(self) -> bool:
        """Tell whether the server of a new connection has sent something already."""
        if self._tail:
            return True
        transport = self.transport
        # Of a TLS connection only the TLS layer can tell session tickets from what is meant for us.
        if transport is None or transport.get_extra_info("ssl_object") is not None or not self._readable():
            return False
        try:
            with transport.get_extra_info("socket").dup() as peek:
                return bool(peek.recv(1, _MSG_PEEK))
        except OSError:  # it was closed: whoever uses it is told
            return False

    def _readable(self) -> bool:
        """Tell whether the socket has bytes, an end or an error that the loop has not seen yet."""
        transport = self.transport
        number = -1 if transport is None else transport.get_extra_info("socket").fileno()
        if number < 0:
            return True
        if hasattr(select, "poll"):
            if self._poll is None:
                self._poll = select.poll()
                self._poll.register(number, select.POLLIN)
            return bool(self._poll.poll(0))
        return bool(select.select([number], [], [], 0)[0])

    def _at_start(self) -> bool:
        """Tell whether the parser has seen no part of another message behind the last one.

        It keeps that to itself, so give it a message of our own, and look whether that comes out as it went in. The
        next request has a parser of its own.
        """
        if self._parser is None:
            return False
        try:
            messages, _, _ = self._parser.feed_data(_PROBE)
        except Exception:  # noqa: BLE001 – whatever it says of what it got, it was not at the start
            return False
        if len(messages) != 1:
            return False
        message = messages[0][0]
        return bool(
            message.code == 299 and message.reason == _PROBE_REASON and message.raw_headers == _PROBE_HEADERS
        )
