"""Send one HTTP request and receive its response within the limits; failures are values.

Retries, redirects and rate limits are the client's business.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin

import aiohttp
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from crawler.clean import redacted_url
from crawler.download.body import Body, BodyReader
from crawler.download.connections import connecting
from crawler.download.exchange import Exchange, FetchPolicy, HttpRecord, Problem, Request, Truncation
from crawler.download.guard import AddressCheck, GuardedConnector, guarded_request
from crawler.download.proxies import Proxies
from crawler.download.resolver import thread_resolver
from crawler.download.retry_after import retry_after
from crawler.phrases import Phrase, reason_of
from crawler.proxy_url import ProxyUrl, ProxyUrlError

__all__ = ["Transport"]

PROXY_AUTHENTICATION_REQUIRED, REQUEST_TIMEOUT = 407, 408
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

_CREDENTIALS = _AUTHORIZATION, _PROXY_AUTHORIZATION = "authorization", "proxy-authorization"
"""Headers that an archive must not contain."""

_NO_BODY = Body()


@dataclass(slots=True)
class _RequestTrace:
    """The known facts about a request; they outlive the exception that ends the request."""

    request: Request
    origin: str
    """The URL before any redirect."""
    attempt: int
    proxy: ProxyUrl | None
    recorded: bool
    started_at: dt.datetime | None
    """None if nobody records the request."""
    body: BodyReader
    request_head: bytes = b""
    """Empty unless the request is recorded and got a response."""
    response_head: bytes = b""
    peer: str | None = None
    cut: Truncation | None = None

    def failure(self, problem: Problem, detail: str, *, lasting: bool = False) -> Exchange:
        """Return the exchange of a request without a response."""
        return Exchange(
            self.origin,
            self.request.url,
            problem=problem,
            detail=detail,
            lasting=lasting,
            attempts=self.attempt,
        )

    def hop(self, exchange: Exchange) -> HttpRecord:
        if self.started_at is None:
            raise RuntimeError("the request was not recorded")
        cut = self.cut
        if cut is None and exchange.problem is not None and self.response_head:
            cut = Truncation.LENGTH if exchange.problem is Problem.TOO_LARGE else Truncation.DISCONNECT
        return HttpRecord(
            self.request.url, self.started_at, self.request_head, self.response_head, self.body.raw,
            cut, self.peer, exchange.problem, exchange.detail, self.body.decoded,
        )  # fmt: skip


class Transport:
    """Connections to any number of hosts; an async context manager that owns them.

    `connect_timeout` is the seconds to establish a connection (DNS, TCP, TLS), `read_timeout` the seconds between two
    reads from it. `proxy` takes precedence over the environment's, which is read once. At most `max_idle` idle
    connections are kept, and cookies live until the transport closes.
    """

    def __init__(
        self,
        *,
        connect_timeout: float,
        read_timeout: float,
        proxy: str | None,
        user_agent: str,
        max_idle: int,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._max_idle = max_idle
        self._proxies = Proxies(proxy)
        self._now = now
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
            "Accept-Language": "zh-CN,zh;q=0.9",
        }
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # No limit here: the host limiter has slots, and a wait in the connector would count as connecting.
            connector=GuardedConnector(limit=0, max_idle=self._max_idle, resolver=thread_resolver()),
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self._connect_timeout,
                sock_connect=self._connect_timeout,
                sock_read=self._read_timeout,
            ),
            headers=self._headers,
            # «unsafe» allows cookies of hosts given as IP addresses, such as a replica. aiohttp bounds the jar.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            auto_decompress=False,
        )
        # aiohttp would repeat a GET by itself when a connection breaks, but the client counts attempts.
        self._session._retry_connection = False  # noqa: SLF001 – no public switch exists; a test watches this one
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        url: str,
        request: Request,
        policy: FetchPolicy,
        seconds: float,
        on_hop: Callable[[HttpRecord], None] | None = None,
        *,
        attempt: int = 0,
    ) -> Exchange:
        """Send one request, as part of the redirect chain from `url`, within `seconds`; follow no redirect.

        `on_hop` receives the HTTP traffic; nothing if no request was sent. `attempt` is the number to store in the
        exchange. Raises nothing but CancelledError.
        """
        target = request.url
        if not request.host:
            detail: str = Phrase("no_address", url=redacted_url(target))
            return Exchange(url, target, problem=Problem.PROTOCOL, detail=detail, attempts=attempt)
        try:
            proxy = self._proxies.proxy_for(request)
        except ProxyUrlError as error:
            return Exchange(
                url, target, problem=Problem.PROXY, detail=reason_of(error), lasting=True, attempts=attempt
            )
        recorded = on_hop is not None
        started_at = self._now() if recorded else None
        reader = BodyReader(policy.max_bytes, keep_raw=recorded, keep_start=policy.keep_start)
        sheet = _RequestTrace(request, url, attempt, proxy, recorded, started_at, reader)
        try:
            async with asyncio.timeout(seconds):
                exchange = await self._ask(sheet, policy)
        except TimeoutError:
            detail = Phrase("not_whole_in_time", seconds=seconds)
            exchange = sheet.failure(Problem.TIMEOUT, detail)
            sheet.cut = Truncation.TIME if sheet.response_head else None
        if on_hop is not None and exchange.problem is not Problem.ADDRESS:
            sheet.request_head = sheet.request_head or self._expected_head(request)
            on_hop(sheet.hop(exchange))
        return exchange

    def _expected_head(self, request: Request) -> bytes:
        """Return the head that a request would have, to record one that fails before it is sent."""
        headers = CIMultiDict([("Host", request.host), *self._headers.items(), *request.headers])
        return _request_head(f"GET {request.path} HTTP/1.1", headers)

    async def _ask(self, sheet: _RequestTrace, policy: FetchPolicy) -> Exchange:
        """Send the request; use a new connection if the server has closed the pooled one.

        A server may close an idle connection at any time, even while a request is on its way (RFC 9112, 9.3.1): that
        says nothing about the page or the load on the server.
        """
        exchange = await self._ask_once(sheet, policy, fresh=False)
        if exchange is None:
            sheet.started_at = self._now() if sheet.recorded else None
            exchange = await self._ask_once(sheet, policy, fresh=True)
        if exchange is None:
            raise RuntimeError("a new connection cannot be stale")
        return exchange

    async def _ask_once(self, sheet: _RequestTrace, policy: FetchPolicy, *, fresh: bool) -> Exchange | None:
        """Return the response or the problem; None if the server had closed the pooled connection."""
        if self._session is None:
            raise RuntimeError("use a Downloader inside `async with`")
        request, proxy, url, attempt = sheet.request, sheet.proxy, sheet.origin, sheet.attempt
        target = request.url
        with (
            guarded_request(policy.named_hosts, allow_private=policy.allow_private) as asked,
            connecting(fresh=fresh) as used,
        ):
            try:
                async with self._session.get(
                    URL(target, encoded=True), allow_redirects=False, **_options(request, proxy)
                ) as response:
                    status, headers = response.status, response.headers
                    if status == REQUEST_TIMEOUT and used.reused:
                        # The server sent this to the idle connection while our request was on its way.
                        return None
                    if (
                        status == PROXY_AUTHENTICATION_REQUIRED
                        and proxy is not None
                        and request.scheme == "http"  # inside a tunnel, it comes from the shop itself
                    ):
                        return _wants_credentials(sheet, proxy)
                    if sheet.recorded:
                        self._note(response, sheet, peer=asked.peer, proxied=proxy is not None)
                    redirect = None
                    if status in REDIRECT_STATUSES and "Location" in headers:
                        redirect = urljoin(target, _encoded(headers["Location"]))
                    body = await sheet.body.read(response)
                    if redirect is not None:  # skip its body, meant for users whose browser does not redirect
                        body = _NO_BODY
                    return Exchange(
                        url, target, status, _header_text(response.reason or ""), response.charset, body.decoded,
                        _declares_length(response), redirect,
                        retry_after(headers, self._now()) if "Retry-After" in headers else None,
                        body.problem, body.detail, attempts=attempt, headers=tuple(headers.items()),
                    )  # fmt: skip
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if used.was_stale(error):
                    return None
                failed = None if proxy is None else _explain_proxy(error, sheet, proxy)
                if failed is not None:
                    return failed
                problem, detail = self._explain(error, asked, request.host)
                return sheet.failure(problem, detail)

    def _note(
        self, response: aiohttp.ClientResponse, sheet: _RequestTrace, *, peer: str | None, proxied: bool
    ) -> None:
        """Record the request as sent, and the head of the response."""
        request, version = response.request_info, response.version
        sheet.request_head = _request_head(
            f"{request.method} {request.url.raw_path_qs} HTTP/1.1", request.headers
        )
        number = "1.1" if version is None else f"{version.major}.{version.minor}"
        sheet.response_head = _response_head(
            f"HTTP/{number} {response.status} {response.reason or ''}".rstrip(), response
        )
        if not proxied:
            sheet.peer = peer

    def _explain(  # noqa: C901, PLR0911, PLR0912 – one case per error
        self, error: Exception, asked: AddressCheck, host: str
    ) -> tuple[Problem, str]:
        """Return the problem and its description; check specific errors before general ones."""
        if (refusal := asked.refusal) is not None:
            named = refusal if host in refusal else Phrase("host_has_address", host=host, words=refusal)
            return Problem.ADDRESS, named
        words = " ".join(str(error).split()) or type(error).__name__
        match error:
            case aiohttp.ClientConnectorDNSError():
                return Problem.NAME, Phrase("no_name", host=error.host)
            case aiohttp.ClientSSLError():
                return Problem.TLS, Phrase("no_tls", host=error.host, error=str(error.os_error))
            case aiohttp.ConnectionTimeoutError():
                return Problem.TIMEOUT, Phrase("connect_slow", seconds=self._connect_timeout)
            case aiohttp.SocketTimeoutError():
                return Problem.TIMEOUT, Phrase("silent_for", seconds=self._read_timeout)
            case TimeoutError():
                return Problem.TIMEOUT, Phrase("timed_out")
            case aiohttp.ClientConnectorError():
                where = f"{error.host}:{error.port}"
                return Problem.CONNECT, Phrase("not_connected", host=where, error=error.strerror or words)
            case aiohttp.ClientPayloadError():
                return Problem.TRUNCATED, Phrase("broken_off")
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
                return Problem.RESET, Phrase("connection_closed", error=words)
            case socket.gaierror():
                return Problem.NAME, words
            case aiohttp.ClientResponseError():
                return Problem.PROTOCOL, Phrase("not_http", error=_answer_words(error))
            case aiohttp.InvalidURL() | ValueError():
                return Problem.PROTOCOL, Phrase("no_address", url=redacted_url(words))
            case _:
                return Problem.RESET, words


def _options(request: Request, proxy: ProxyUrl | None) -> dict[str, Any]:
    """Return aiohttp's options for headers and proxy; it would encode credentials in the URL as Latin-1."""
    if proxy is None:
        return {"headers": request.headers} if request.headers else {}
    options: dict[str, Any] = {"proxy": proxy.url, "headers": list(request.headers)}
    if proxy.authorization is not None:
        credentials = ("Proxy-Authorization", proxy.authorization)
        if request.scheme == "http":
            options["headers"].append(credentials)
        else:
            options["proxy_headers"] = [credentials]
    return options


def _wants_credentials(sheet: _RequestTrace, proxy: ProxyUrl) -> Exchange:
    answer = f"{PROXY_AUTHENTICATION_REQUIRED} {_phrase(PROXY_AUTHENTICATION_REQUIRED)}"
    detail = (
        Phrase("proxy_wants_credentials", answer=answer)
        if proxy.authorization is None
        else Phrase("proxy_refused", answer=answer)  # it got credentials
    )
    return sheet.failure(Problem.PROXY, detail, lasting=True)


def _explain_proxy(error: Exception, sheet: _RequestTrace, proxy: ProxyUrl) -> Exchange | None:
    """Return the failure of a request at its proxy; None if the proxy is not the cause.

    Do not use the error's text: it may contain part of the proxy's URL, and so of a mistyped password.
    """
    name = Phrase("proxy_named", name=proxy.name) if proxy.name else Phrase("proxy")
    detail: str
    match error:
        case aiohttp.ClientHttpProxyError() if error.status == PROXY_AUTHENTICATION_REQUIRED:
            return _wants_credentials(sheet, proxy)
        case aiohttp.ClientHttpProxyError():
            detail = Phrase("proxy_refused", answer=f"{error.status} {_phrase(error.status)}".strip())
        case aiohttp.ClientConnectorDNSError():
            detail = Phrase("proxy_no_name", proxy=name)
        case aiohttp.ClientSSLError() if error.host != sheet.request.host:
            reason = getattr(error.os_error, "reason", None) or Phrase("proxy_tls_failed")
            detail = Phrase("proxy_no_tls", proxy=name, error=reason)
        case aiohttp.ClientProxyConnectionError():
            number = error.os_error.errno
            reason = os.strerror(number) if number else Phrase("proxy_no_address_works")
            detail = Phrase("proxy_not_connected", proxy=name, error=reason)
        case ValueError():
            detail = Phrase("proxy_request_impossible")
        case _:
            return None
    return sheet.failure(Problem.PROXY, detail)


def _phrase(status: int) -> str:
    """Return the standard reason phrase of a status: the proxy's own may repeat the credentials."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _declares_length(response: aiohttp.ClientResponse) -> bool:
    """Return True if a response says where its body ends (RFC 9112, 6.3), or has no body."""
    if response.status in {204, 304} or "Content-Length" in response.headers:
        return True
    codings = ",".join(response.headers.getall("Transfer-Encoding", ()))
    return codings.rpartition(",")[2].strip().lower() == "chunked"


def _request_head(first_line: str, headers: MultiMapping[str]) -> bytes:
    pairs: Iterable[tuple[str, str]] = headers.items()
    if _has_credentials(headers):
        pairs = [pair for pair in pairs if pair[0].lower() not in _CREDENTIALS]
    return _header_bytes("\r\n".join([first_line, *map(": ".join, pairs), "\r\n"]))


def _response_head(first_line: str, response: aiohttp.ClientResponse) -> bytes:
    pairs: Iterable[tuple[bytes, bytes]] = response.raw_headers
    if _has_credentials(response.headers):
        pairs = [pair for pair in pairs if pair[0].lower().decode("latin-1") not in _CREDENTIALS]
    return b"\r\n".join([_header_bytes(first_line), *map(b": ".join, pairs), b"\r\n"])


def _has_credentials(headers: MultiMapping[str]) -> bool:
    return _AUTHORIZATION in headers or _PROXY_AUTHORIZATION in headers


def _header_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _answer_words(error: aiohttp.ClientResponseError) -> str:
    """Return the reason phrase of a response on one line; the error's own `str` includes the whole address."""
    return " ".join(f"{error.status} {_header_text(error.message)}".split())


def _header_text(text: str) -> str:
    """Return a header's text, decoded as the shop encodes it; a Chinese server may say 404 in GBK."""
    if text.isascii():
        return text
    return _header_bytes(text).decode("gb18030" if not text.isprintable() else "utf-8", "replace")


def _encoded(location: str) -> str:
    """Return the address of a redirect with every non-ASCII byte percent-encoded as received."""
    return quote(_header_bytes(location), safe="!#$%&'()*+,/:;=?@[]~")
