"""Requests, responses and the policy of a fetch, as values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = [
    "BLOCK_STATUSES",
    "AttemptRecord",
    "DecodedBody",
    "Exchange",
    "FetchPolicy",
    "HttpRecord",
    "Problem",
    "Request",
    "Spent",
    "Truncation",
]

BLOCK_STATUSES = frozenset({403, 405, 429})
"""Statuses with which a host refuses to serve us, whatever page comes with them."""

_TRANSPORT_HEADERS = frozenset({
    "connection", "content-length", "host", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Request headers that belong to the connection; a caller must not set them."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110 §5.6.2)."""

_USUAL_URL = re.compile(
    r"(https?)://(([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([1-9]\d{0,3}|[1-5]\d{4}))?)"
    r"(/(?:[!\"$-~]*[!\"$->@-~])?)?",
    re.ASCII,
)
"""A URL with a plain host and neither user name, fragment nor empty query."""

_DEFAULT_PORTS = {"http": 80, "https": 443}

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def follow_nothing(_url: str) -> bool:
    """Follow no redirect."""
    return False


def blocked_by_status(exchange: Exchange) -> bool | None:
    """Recognize a block by its status; return None if there was no response."""
    return None if exchange.status is None else exchange.status in BLOCK_STATUSES


def blocked_for_certain(exchange: Exchange) -> bool | None:
    """Recognize a block by its status; return None for any other response, which the caller judges by its page."""
    return True if exchange.status in BLOCK_STATUSES else None


class Problem(StrEnum):
    """Why a request got no response."""

    NAME = "name"
    """The host's name could not be resolved."""
    CONNECT = "connect"
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    RESET = "reset"
    """The connection was reset, or closed before the response began."""
    TRUNCATED = "truncated"
    """The response ended too early."""
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"
    """The data received is not valid HTTP, or an address is not valid."""
    ADDRESS = "address"
    """The host has an address that no request may use: this machine, a private network …"""
    ROBOTS = "robots"
    """robots.txt denies the request, could not be fetched, or sets a delay of more than ten times `max_wait`."""
    BLOCKED = "blocked"
    """The host has blocked several requests in a row, so its circuit breaker is open and nothing was sent."""


class Request:
    """A GET request: an absolute, percent-encoded URL, and headers in addition to the usual ones.

    The URL is parsed once. `netloc` is lower-case and lacks the scheme's own port, so that a host has one limit however
    it is written. A redirect keeps the headers only within the same origin. Raises ValueError for a header
    that HTTP does not allow or that belongs to the connection. An invalid URL raises nothing: it ends the fetch.
    """

    __slots__ = ("headers", "host", "netloc", "path", "port", "scheme", "url")

    def __init__(self, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self.url = url
        self.headers = _checked_headers(headers) if headers else ()
        # These stay empty for an invalid URL. `host` is without brackets; `path` includes the query.
        self.scheme = self.host = self.netloc = self.path = ""
        self.port: int | None = None
        if (
            usual := _USUAL_URL.fullmatch(url)
        ) is not None:  # several times faster than urlsplit, with the same result
            self.scheme, self.netloc, self.host, port, path = usual.groups()
            if port is not None:
                self.port = int(port)
                if self.port == _DEFAULT_PORTS[self.scheme]:
                    self.netloc = self.host
            self.path = path or "/"
            return
        try:
            parts = urlsplit(url)
            netloc = parts.netloc
            host, self.port = parts.hostname, parts.port
        except ValueError:  # unclosed brackets, or a port that is not a number
            return
        self.netloc = netloc
        if host and parts.scheme in {"http", "https"}:
            self.scheme, self.host = parts.scheme, host
            user_info, at, _ = netloc.rpartition("@")
            own_port = "" if self.port in {None, _DEFAULT_PORTS[self.scheme]} else f":{self.port}"
            self.netloc = (
                f"{user_info}{at}[{host}]{own_port}" if ":" in host else f"{user_info}{at}{host}{own_port}"
            )
            self.path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def __repr__(self) -> str:
        return f"Request({self.url!r})"

    def redirected(self, url: str) -> Request:
        """Return the request that follows a redirect to `url`."""
        target = Request(url)
        if self.headers and (target.scheme, target.netloc) == (self.scheme, self.netloc):
            target.headers = self.headers
        return target


def _checked_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not a valid header name")
        if name.lower() in _TRANSPORT_HEADERS:
            raise ValueError(f"the header {name} belongs to the connection")
        if _CONTROL.search(value):
            raise ValueError(f"the header {name} contains a control character")
    return pairs


class Truncation(StrEnum):
    """Why a response is incomplete, in the terms of WARC 1.1 (`WARC-Truncated`)."""

    LENGTH = "length"
    """It exceeded the size limit."""
    TIME = "time"
    """It took too long."""
    DISCONNECT = "disconnect"
    """The connection ended or was aborted."""


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """The limits of a request and of its attempts."""

    attempts: int = 3
    """The maximum number of requests, including the first."""
    request_seconds: float = 20.0
    """Limit on one attempt, from its start to the last byte, including its redirects."""
    total_seconds: float = 45.0
    """Limit on all attempts and the waits between them; time spent in the host's limiter does not count."""
    max_wait: float = 30.0
    """The longest Retry-After, in seconds, that is waited for before another attempt. A Crawl-delay may be ten times
    as long."""
    max_bytes: int = 8 * 1024 * 1024
    """Limit on a body, both as sent and decompressed."""
    keep_start: bool = False
    """Keep the first `max_bytes`, decompressed, of a body that exceeds the limit, besides Problem.TOO_LARGE."""
    max_redirects: int = 5
    may_follow: Callable[[str], bool] = follow_nothing
    """Decides whether to follow a redirect to an absolute address; if not, the exchange ends there. To keep the policy
    picklable, use a module's function or an instance with `__call__`, not a lambda."""
    may_follow_robots: Callable[[str], bool] | None = None
    """The same for the redirects of a robots.txt; None applies `may_follow` to them."""
    named_hosts: frozenset[str] = frozenset()
    """Hosts that the user named, in lower case: these may have a private address."""
    allow_private: bool = False
    """True if every host may have a private address, except those of cloud metadata services."""
    obey_robots: bool = True
    is_block: Callable[[Exchange], bool | None] = blocked_by_status
    """Tells the host's circuit breaker whether an exchange is a block: True, False, or None for neither."""


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a request."""

    number: int
    """Counted from 1."""
    outcome: str
    """«200, 228 KB», or the problem in words."""
    seconds: float
    """Its duration."""
    waited: float = 0.0
    """Seconds spent waiting for the host's limiter before that."""
    retry_in: float | None = None
    """Seconds until the next attempt; None if this was the last."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The attempts and the time that a page has used up."""

    attempts: int = 0
    seconds: float = 0.0
    """Duration of the attempts and of the waits between them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its outcome: a response (`status`) or a `problem`."""

    url: str
    final_url: str
    """The URL after all redirects that were followed."""
    status: int | None = None
    reason: str = ""
    """The status in words, as the server sent it."""
    charset: str | None = None
    """The charset named in the Content-Type header."""
    body: bytes = b""
    """Decompressed; empty if there is a problem, except for a body that is too large under `keep_start`."""
    length_declared: bool = True
    """False if only the end of the connection marks the end of the body: such a body may have been cut unnoticed."""
    redirect: str | None = None
    """The absolute address of a redirect that was not followed."""
    retry_after: float | None = None
    """Seconds to wait, as requested by the server."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
    lasting: bool = False
    """True if another attempt would meet the same problem, even if others of its kind would not."""
    gave_up: str = ""
    """Why there was no further attempt, if one might have helped: «asked to wait 3600 s, …»."""
    attempts: int = 0
    """The number of requests made, not counting redirects."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Response headers as received, in order; non-ASCII bytes are decoded as UTF-8 with surrogate escapes."""

    def header(self, name: str) -> str | None:
        """Return a response header, with repeated values joined by commas; None if it is absent."""
        name = name.lower()
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None


class DecodedBody(NamedTuple):
    """A body after decompression."""

    content_encoding: str
    """The header that tells how it was compressed; '' if there was none."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpRecord:
    """One HTTP request and its response, as bytes, for an archive."""

    url: str
    started_at: dt.datetime
    """Aware, UTC."""
    request_head: bytes
    """Request line and headers, including the empty line at the end, without a proxy's password."""
    response_head: bytes = b""
    """Status line and headers, likewise; empty if no response began."""
    body: bytes = b""
    """As sent: still compressed, with its chunks joined, as far as it was received."""
    cut: Truncation | None = None
    """Why the response is incomplete; None if it is complete, or if none began."""
    peer: str | None = None
    """IP address of the server; None behind a proxy."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
    decoded: DecodedBody | None = field(default=None, repr=False, compare=False)
    """`body` decompressed, if the sender of this record has done that already; it follows from `body`."""
