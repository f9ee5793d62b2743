"""What goes out and what comes back, as values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = [
    "BLOCK_STATUSES",
    "AttemptRecord",
    "Exchange",
    "FetchPolicy",
    "HttpRecord",
    "Problem",
    "Request",
    "Spent",
    "Truncation",
]

BLOCK_STATUSES = frozenset({403, 405, 429})
"""Statuses by which a host says that it will not serve us, whatever the page beside them."""

_TRANSPORT_HEADERS = frozenset({
    "connection", "content-length", "host", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Request headers that belong to the connection; a caller may not set them."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110 §5.6.2)."""

_USUAL_URL = re.compile(
    r"(https?)://(([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([1-9]\d{0,3}|[1-5]\d{4}))?)"
    r"(/(?:[!\"$-~]*[!\"$->@-~])?)?",
    re.ASCII,
)
"""A URL with a plain host and neither user name, fragment nor empty query."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def follow_nothing(_url: str) -> bool:
    """Follow no redirect."""
    return False


def blocked_by_status(exchange: Exchange) -> bool | None:
    """Tell by its status whether an exchange is a block; None when there was no response."""
    return None if exchange.status is None else exchange.status in BLOCK_STATUSES


def blocked_for_certain(exchange: Exchange) -> bool | None:
    """Tell a block by its status; None for any other response, which the caller judges by its page."""
    return True if exchange.status in BLOCK_STATUSES else None


class Problem(StrEnum):
    """Why a request brought no answer."""

    NAME = "name"
    """The host's name could not be resolved."""
    CONNECT = "connect"
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    RESET = "reset"
    """The connection ended before the answer began, or was reset."""
    TRUNCATED = "truncated"
    """The answer ended before its end."""
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"
    """What came is not HTTP, or an address is none."""
    ADDRESS = "address"
    """The host's address is one that no request may go to: this machine, a private network …"""
    ROBOTS = "robots"
    """robots.txt denies it, could not be had, or asks for a delay beyond ten times `max_wait`."""
    BLOCKED = "blocked"
    """The host has blocked several requests in a row: its circuit breaker is open, and nothing was sent."""


class Request:
    """A GET request: an absolute URL, already percent-encoded, and headers beside the usual ones.

    The URL is parsed once. A redirect takes the headers along only within the same origin. Raises ValueError for a
    header that HTTP does not allow, or that belongs to the connection; a URL that is none ends the fetch instead.
    """

    __slots__ = ("headers", "host", "netloc", "path", "port", "scheme", "url")

    def __init__(self, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self.url = url
        self.headers = _checked_headers(headers) if headers else ()
        # These stay empty for a URL that cannot be requested. `host` is without brackets, `path` has the query.
        self.scheme = self.host = self.netloc = self.path = ""
        self.port: int | None = None
        if (
            usual := _USUAL_URL.fullmatch(url)
        ) is not None:  # several times faster than urlsplit, with the same parts
            self.scheme, self.netloc, self.host, port, path = usual.groups()
            self.port = None if port is None else int(port)
            self.path = path or "/"
            return
        try:
            parts = urlsplit(url)
            netloc = parts.netloc
            host, self.port = parts.hostname, parts.port
        except ValueError:  # brackets that do not close, a port that is no number
            return
        self.netloc = netloc
        if host and parts.scheme in {"http", "https"}:
            self.scheme, self.host = parts.scheme, host
            self.path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def __repr__(self) -> str:
        return f"Request({self.url!r})"

    def redirected(self, url: str) -> Request:
        """Return the request that follows a redirect of this one to `url`."""
        target = Request(url)
        if self.headers and (target.scheme, target.netloc) == (self.scheme, self.netloc):
            target.headers = self.headers
        return target


def _checked_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if name.lower() in _TRANSPORT_HEADERS:
            raise ValueError(f"the header {name} belongs to the connection")
        if _CONTROL.search(value):
            raise ValueError(f"the header {name} holds a control character")
    return pairs


class Truncation(StrEnum):
    """Why an answer is not whole, in the words of WARC 1.1 (`WARC-Truncated`)."""

    LENGTH = "length"
    """It exceeded the cap on its bytes."""
    TIME = "time"
    """It took too long."""
    DISCONNECT = "disconnect"
    """The connection ended, or was given up."""


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How far a request may go."""

    attempts: int = 3
    """Requests at most, the first included."""
    request_seconds: float = 20.0
    """One attempt, from its start to the last byte, its redirects included."""
    total_seconds: float = 45.0
    """All attempts and the waits between them; waiting for the host's pace does not count."""
    max_wait: float = 30.0
    """Longest rest that a Retry-After may ask for before another attempt, in seconds; a tenth of the longest
    Crawl-delay."""
    max_bytes: int = 8 * 1024 * 1024
    """Cap on a body, as sent and as decompressed."""
    keep_start: bool = False
    """Whether a body beyond the cap keeps its first `max_bytes`, decompressed, beside Problem.TOO_LARGE."""
    max_redirects: int = 5
    may_follow: Callable[[str], bool] = follow_nothing
    """Whether a redirect to this absolute address is followed; one that is not ends the exchange. A function of a
    module or an instance with `__call__` lets the policy be pickled; a lambda does not."""
    named_hosts: frozenset[str] = frozenset()
    """Hosts that the user named, in lower case: these alone may have a private address."""
    obey_robots: bool = True
    is_block: Callable[[Exchange], bool | None] = blocked_by_status
    """What an exchange tells the host's circuit breaker: a block, none, or (None) nothing."""


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a request."""

    number: int
    """From 1."""
    outcome: str
    """«200, 228 KB», or the problem in words."""
    seconds: float
    """How long it took."""
    waited: float = 0.0
    """Seconds before that, until the host's pace let it go."""
    retry_in: float | None = None
    """Seconds until the next attempt; None when this was the last."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a page has used up of its attempts and of its time."""

    attempts: int = 0
    seconds: float = 0.0
    """Attempts and the waits between them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and how it ended: with an answer (`status`) or with a `problem`."""

    url: str
    final_url: str
    """After the redirects that were followed."""
    status: int | None = None
    reason: str = ""
    """The status in words, as the server has it."""
    charset: str | None = None
    """The one that the Content-Type header names."""
    body: bytes = b""
    """Decompressed; empty when there is a problem, but for one that is too large under `keep_start`."""
    length_declared: bool = True
    """The answer said where its body ends; False where the end of the connection alone does, which a cut does, too."""
    redirect: str | None = None
    """Absolute address of a redirect that was not followed."""
    retry_after: float | None = None
    """Seconds that the server asked to be left alone."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
    lasting: bool = False
    """Whether another attempt would meet the same problem, whatever others of its kind may do."""
    gave_up: str = ""
    """Why there was no further attempt, where one might have helped: «asked to wait 3600 s, …»."""
    attempts: int = 0
    """Requests made, redirects not counted."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Response headers as they came, in order; bytes beyond ASCII are decoded as UTF-8 with surrogate escapes."""

    def header(self, name: str) -> str | None:
        """Return a response header, joined by commas where it came several times; None without it."""
        name = name.lower()
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None


@dataclass(frozen=True, slots=True)
class HttpRecord:
    """One request as it went out, and what came for it, as bytes: what an archive keeps."""

    url: str
    started_at: dt.datetime
    """Aware, UTC."""
    request_head: bytes
    """Request line and headers, with the empty line that ends them; without a proxy's password."""
    response_head: bytes = b""
    """Status line and headers, likewise; empty when no answer began."""
    body: bytes = b""
    """As sent: still compressed, its chunks joined; as far as it came."""
    cut: Truncation | None = None
    """Why the answer is not whole; None for one that is, and where none began."""
    peer: str | None = None
    """IP address that answered; that of a proxy is not told."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
