"""What goes out and what comes back, as values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AttemptRecord", "Cut", "Exchange", "FetchPolicy", "Hop", "Problem", "Spent"]


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


class Cut(StrEnum):
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
    may_follow: Callable[[str], bool] = lambda _url: False
    """Whether a redirect to this absolute address is followed; one that is not ends the exchange."""
    named_hosts: frozenset[str] = frozenset()
    """Hosts that the user named, in lower case: these alone may have a private address."""
    obey_robots: bool = True


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


@dataclass(frozen=True, slots=True)
class Hop:
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
    cut: Cut | None = None
    """Why the answer is not whole; None for one that is, and where none began."""
    peer: str | None = None
    """IP address that answered; that of a proxy is not told."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
