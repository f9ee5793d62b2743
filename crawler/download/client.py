"""The HTTP client: `fetch(url, policy) -> Exchange`. Expected failures are values, not exceptions."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    wait_random_exponential,
)
from yarl import URL

from crawler.download.exchange import AttemptRecord, Exchange, FetchPolicy, Problem
from crawler.download.pace import Pace
from crawler.download.proxies import proxy_for

__all__ = ["Downloader"]

BACK_OFF = wait_random_exponential(multiplier=0.5, max=8)
"""Seconds before attempt n + 1: uniform in 0 … min(8, 0.5 · 2^(n-1)), the «full jitter» of exponential back-off."""

RETRY_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses that may be gone the next time."""

LASTING_PROBLEMS = frozenset({Problem.TOO_LARGE, Problem.PROTOCOL})
"""Problems that another attempt would meet again."""

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class Downloader:
    """A client for many requests at once; an async context manager that owns its connections.

    `connect_timeout` and `read_timeout` are seconds: to a connection that stands (name, TCP, TLS), and between two
    reads from it. `proxy` goes before the environment's.
    """

    def __init__(
        self,
        *,
        concurrency: int = 10,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        proxy: str | None = None,
        user_agent: str = "bookprice-crawler",
    ) -> None:
        self._pace = Pace(concurrency)
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=connect_timeout, sock_read=read_timeout
        )
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._proxy = proxy
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
            "Accept-Language": "zh-CN,zh;q=0.9",
        }
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # No limit here: the pace has slots per host, and a wait in the connector would count as connecting.
            connector=aiohttp.TCPConnector(limit=0),
            timeout=self._timeout,
            headers=self._headers,
        )
        # aiohttp would repeat a GET of its own accord when a connection breaks: attempts are counted here.
        self._session._retry_connection = False  # noqa: SLF001 – it has no public switch; a test watches it
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(
        self,
        url: str,
        policy: FetchPolicy,
        *,
        on_attempt: Callable[[AttemptRecord], None] | None = None,
    ) -> Exchange:
        """Request `url`, already percent-encoded, with the attempts and within the bounds of `policy`.

        `on_attempt` is told of every attempt when it is over. Raises nothing but CancelledError.
        """
        spent = 0.0  # seconds on attempts and waits; the wait for a slot is the host's pace, not this page's
        last = AttemptRecord(0, "", 0.0)

        def tell(record: AttemptRecord) -> None:
            if on_attempt is not None:
                on_attempt(record)

        async def attempt() -> Exchange:
            nonlocal spent, last
            async with self._pace.slot(urlsplit(url).netloc):
                started = time.monotonic()
                exchange = await self._attempt(url, policy, policy.total_seconds - spent)
                seconds = time.monotonic() - started
            spent += seconds
            last = AttemptRecord(last.number + 1, _outcome(exchange), seconds)
            return replace(exchange, attempts=last.number)

        def wait(state: RetryCallState) -> float:
            exchange = cast("Exchange", state.outcome and state.outcome.result())
            return max(BACK_OFF(state), exchange.retry_after or 0.0)

        def enough(state: RetryCallState) -> bool:
            out_of_time = spent + state.upcoming_sleep >= policy.total_seconds
            return out_of_time or state.attempt_number >= policy.attempts

        async def sleep(seconds: float) -> None:
            nonlocal spent
            await asyncio.sleep(seconds)
            spent += seconds

        retrying = AsyncRetrying(
            sleep=sleep,
            wait=wait,
            stop=enough,
            retry=retry_if_result(_worth_retrying),
            before_sleep=lambda state: tell(replace(last, retry_in=state.upcoming_sleep)),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        exchange: Exchange = await retrying(attempt)
        tell(last)
        return exchange

    async def _attempt(self, url: str, policy: FetchPolicy, seconds: float) -> Exchange:
        """Make one request, following redirects as the policy allows, within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                exchange = await self._request(url, url, policy)
                for _ in range(policy.max_redirects):
                    if exchange.redirect is None or not policy.may_follow(exchange.redirect):
                        break
                    exchange = await self._request(url, exchange.redirect, policy)
                return exchange
        except TimeoutError:
            return Exchange(url, url, problem=Problem.TIMEOUT, detail=f"no whole answer in {seconds:.3g} s")

    async def _request(self, url: str, target: str, policy: FetchPolicy) -> Exchange:
        """Make one request to `target` without following anything."""
        if self._session is None:
            raise RuntimeError("a Downloader is used inside `async with`")
        proxy = proxy_for(target, self._proxy)
        if proxy is not None and urlsplit(proxy).scheme not in {"http", "https"}:
            detail = f"{urlsplit(proxy).scheme} proxies are not supported: name an http:// one with --proxy"
            return Exchange(url, target, problem=Problem.PROXY, detail=detail)
        try:
            async with self._session.get(
                URL(target, encoded=True), allow_redirects=False, proxy=proxy
            ) as response:
                answer = Exchange(
                    url, target, response.status, _header_text(response.reason or ""),
                    charset=response.charset, retry_after=_retry_after(response.headers),
                )  # fmt: skip
                if response.status in REDIRECT_STATUSES and "Location" in response.headers:
                    location = _encoded(response.headers["Location"])
                    return replace(answer, redirect=urljoin(target, location))
                body = await _read(response, policy.max_bytes)
                if body is None:
                    detail = f"the answer is larger than {policy.max_bytes / 2**20:.3g} MiB"
                    return replace(answer, problem=Problem.TOO_LARGE, detail=detail)
                return replace(answer, body=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem, detail = self._explain(error)
            return Exchange(url, target, problem=problem, detail=detail)

    def _explain(self, error: Exception) -> tuple[Problem, str]:
        """Return what went wrong, and in what words; the order goes from the special to the general."""
        words = " ".join(str(error).split()) or type(error).__name__
        match error:
            case aiohttp.ClientConnectorDNSError():
                return Problem.NAME, f"no address found for {error.host}"
            case aiohttp.ClientProxyConnectionError():
                return (
                    Problem.PROXY,
                    f"no connection to the proxy {error.host}:{error.port}: {error.strerror}",
                )
            case aiohttp.ClientHttpProxyError():
                return Problem.PROXY, f"the proxy refused: {_answer_words(error)}"
            case aiohttp.ClientSSLError():
                return Problem.TLS, f"no secure connection to {error.host}: {error.os_error}"
            case aiohttp.ConnectionTimeoutError():
                return Problem.TIMEOUT, f"no connection in {self._connect_timeout:g} s"
            case aiohttp.SocketTimeoutError():
                return Problem.TIMEOUT, f"silent for {self._read_timeout:g} s"
            case TimeoutError():
                return Problem.TIMEOUT, "timed out"
            case aiohttp.ClientConnectorError():
                return (
                    Problem.CONNECT,
                    f"no connection to {error.host}:{error.port}: {error.strerror or words}",
                )
            case aiohttp.ClientPayloadError():
                return Problem.TRUNCATED, "the answer broke off or cannot be decompressed"
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
                return Problem.RESET, f"the connection was closed: {words}"
            case socket.gaierror():
                return Problem.NAME, words
            case aiohttp.ClientResponseError():
                return Problem.PROTOCOL, f"not an answer in HTTP: {_answer_words(error)}"
            case aiohttp.InvalidURL() | ValueError():
                return Problem.PROTOCOL, f"no address that can be asked: {words}"
            case _:
                return Problem.RESET, words


def _answer_words(error: aiohttp.ClientResponseError) -> str:
    """Return what an answer said, on one line; its own `str` holds the proxy's address with the password."""
    return " ".join(f"{error.status} {_header_text(error.message)}".split())


def _header_text(text: str) -> str:
    """Return a header's text with its bytes read as the shop writes them; a Chinese server may say 404 in GBK."""
    return text.encode("utf-8", "surrogateescape").decode(
        "gb18030" if not text.isprintable() else "utf-8", "replace"
    )


def _encoded(location: str) -> str:
    """Return a redirect's address with every byte beyond ASCII percent-encoded as it came."""
    return quote(location.encode("utf-8", "surrogateescape"), safe="!#$%&'()*+,/:;=?@[]~")


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """Return the decompressed body, or None once it, or what was sent of it, exceeds `max_bytes`."""
    if (response.content_length or 0) > max_bytes:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > max_bytes or response.content.total_raw_bytes > max_bytes:
            return None
        parts.append(part)
    return b"".join(parts)


def _worth_retrying(exchange: Exchange) -> bool:
    if exchange.problem is not None:
        return exchange.problem not in LASTING_PROBLEMS
    return exchange.status in RETRY_STATUSES


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header; None for none, or for a date."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _outcome(exchange: Exchange) -> str:
    if exchange.problem is not None:
        return exchange.detail
    if exchange.redirect is not None:
        return f"{exchange.status} → {exchange.redirect}"
    return f"{exchange.status}, {len(exchange.body) / 1000:.0f} KB"
