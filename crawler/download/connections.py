"""Keep requests and responses in step: send no request on a connection that holds unexpected bytes.

    with connecting() as used:                                 # around one request
        async with session.get(url) as response: …             # of a session with an InStepConnector
    used.was_stale(error)                                      # True if the server had closed it in the pool

Without this, a response that nobody requested would be taken for the next page. A server may send one right after a
response, while the connection is idle in the pool, or while the next request is being sent. In the pool, aiohttp
(3.14) notices none of these.
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

from crawler.download.certificates import certificates_loaded

if TYPE_CHECKING:
    import asyncio

    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["MAX_IDLE", "InStepConnector", "Used", "connecting"]

_PROBE_STATUS, _PROBE_REASON = 101, "In Step"
_PROBE_HEADERS = ((b"In", b"Step"),)
_PROBE = b"HTTP/1.1 101 In Step\r\nIn: Step\r\n\r\n"
"""A message for an idle parser. 101 is the only status for which aiohttp's parser creates no reader of a body, which
would take as long as everything else about it."""

MAX_IDLE = 200
"""Idle connections kept in the pool. Each costs 10 KB here and a file descriptor at both ends."""

READ_BYTES = 64 * 1024
"""Bytes to read from a socket at once. With the 256 KiB of asyncio, glibc maps memory for each read and unmaps it: a
fetch of 10 KB then takes 1.2 times the CPU time (`benchmarks/fetch.py`)."""

_MSG_PEEK = getattr(socket, "MSG_PEEK", 0)


class Used:
    """The connection used by one request."""

    __slots__ = ("_handler", "fresh", "reused")

    def __init__(self, *, fresh: bool) -> None:
        """`fresh` requests a new connection instead of one from the pool."""
        self.fresh = fresh
        self.reused = False
        """True if it came from the pool."""
        self._handler: _InStepHandler | None = None

    def take(self, handler: _InStepHandler, *, reused: bool) -> None:
        """Record the connection of the request."""
        self._handler, self.reused = handler, reused

    def forget(self) -> None:
        """Record that the request has no connection yet."""
        self._handler, self.reused = None, False

    def was_stale(self, error: Exception) -> bool:
        """Recognize an error that occurred because the server had closed the connection while it was in the pool.

        If a connection fails before any byte of the response arrives, the server had most likely closed it already.
        """
        if not self.reused or self._handler is None or self._handler.answered:
            return False
        return isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError))


_USED: ContextVar[Used | None] = ContextVar("used", default=None)


class connecting:  # noqa: N801 – used like a function; a generator would take twice as long for each request
    """Record the connection that the enclosed request uses; with `fresh`, open a new one for it."""

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

    Its pool keeps at most `max_idle` connections; beyond that, it closes the one that has been idle longest.
    """

    def __init__(self, *, max_idle: int = MAX_IDLE, **options: Any) -> None:
        """`options` are those of aiohttp.TCPConnector."""
        super().__init__(**options)
        self._max_idle = max_idle
        self._idle: OrderedDict[_InStepHandler, ConnectionKey] = OrderedDict()
        """The connections in the pool, longest idle first; some may be closed by now."""
        factory = functools.partial(_InStepHandler, loop=self._loop)
        # aiohttp has no public way to replace the protocol; a test fails if this private one changes.
        self._factory = cast("functools.partial[ResponseHandler]", factory)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 – the signature is aiohttp's
    ) -> Connection:
        """Return a connection for `req`, from the pool unless `connecting` requires a fresh one.

        Raises ServerDisconnectedError if the server sends data on a new connection before the request.
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

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 – the signature is aiohttp's
    ) -> ResponseHandler:
        if req.is_ssl() or (req.proxy is not None and req.proxy.scheme == "https"):
            await certificates_loaded()
        return await super()._create_connection(req, traces, timeout)

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
        """Close an idle connection and remove it from the pool."""
        handler.close()
        if (pool := self._conns.get(key)) is not None:
            # It has been idle longest, so it comes first in its pool, unless aiohttp has dropped it already.
            if pool and pool[0][0] is handler:
                pool.popleft()
            if not pool:
                del self._conns[key]

    def _cleanup(self) -> None:
        super()._cleanup()  # closes the connections that are closed already or have been idle too long
        for handler in [handler for handler in self._idle if not handler.is_connected()]:
            del self._idle[handler]


class _InStepHandler(ResponseHandler):
    """The protocol of a connection; it closes when bytes arrive while no request is pending."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.idle = False
        """True once the last response has ended; a connection in the pool is idle."""
        self.answered = False
        """True once any byte has arrived since the connection left the pool."""
        self._poll: select.poll | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Use a new connection."""
        super().connection_made(transport)
        if hasattr(
            transport, "max_size"
        ):  # a transport of asyncio without TLS; a test fails if the name changes
            transport.max_size = READ_BYTES

    def begin(self) -> None:
        """Prepare for the next request."""
        self.idle = self.answered = False

    def data_received(self, data: bytes) -> None:
        """Process bytes from the server."""
        if self.idle and data:
            self.close()
            return
        # aiohttp calls this without bytes when a body is read, and that may be the body of the previous response.
        self.answered = self.answered or bool(data)
        super().data_received(data)
        # The response may have ended within these bytes, with another one behind it.
        if self.idle and self.should_close:
            self.close()

    def is_in_step(self) -> bool:
        """Return True if the next bytes can only be the response to the next request."""
        return not self._readable() and self._at_start()

    def spoke_first(self) -> bool:
        """Return True if the server has already sent something on a new connection."""
        if self._tail:
            return True
        transport = self.transport
        # On a TLS connection, only the TLS layer can tell session tickets from application data.
        if transport is None or transport.get_extra_info("ssl_object") is not None or not self._readable():
            return False
        try:
            with transport.get_extra_info("socket").dup() as peek:
                return bool(peek.recv(1, _MSG_PEEK))
        except OSError:  # the connection is closed; the request that uses it will report that
            return False

    def _readable(self) -> bool:
        """Return True if the socket is closed, or has data, an end of file or an error that awaits the loop."""
        if not self.is_connected():
            return True
        if self._poll is not None:
            return bool(self._poll.poll(0))
        number = cast("asyncio.Transport", self.transport).get_extra_info("socket").fileno()
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(number, select.POLLIN)
            return bool(self._poll.poll(0))
        return bool(select.select([number], [], [], 0)[0])

    def _at_start(self) -> bool:
        """Return True if the parser holds no part of another message after the last one.

        The parser does not expose its state, so feed it a message of our own and check that it comes out unchanged.
        The next request gets a new parser.
        """
        if self._parser is None:
            return False
        try:
            messages, _, _ = self._parser.feed_data(_PROBE)
        except Exception:  # noqa: BLE001 – any error means that the parser was not at the start
            return False
        if len(messages) != 1:
            return False
        message = messages[0][0]
        return bool(
            message.code == _PROBE_STATUS
            and message.reason == _PROBE_REASON
            and message.raw_headers == _PROBE_HEADERS
        )
