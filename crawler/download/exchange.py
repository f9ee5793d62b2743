"""What goes out and what comes back, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AttemptRecord", "Exchange", "FetchPolicy", "Problem"]


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


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How far a request may go."""

    attempts: int = 3
    """Requests at most, the first included."""
    total_seconds: float = 45.0
    """All attempts and the waits between them; waiting for a free slot of the host does not count."""
    max_bytes: int = 8 * 1024 * 1024
    """Cap on a body, as sent and as decompressed."""
    max_redirects: int = 5
    may_follow: Callable[[str], bool] = lambda _url: False
    """Whether a redirect to this absolute address is followed; one that is not ends the exchange."""


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a request."""

    number: int
    """From 1."""
    outcome: str
    """«200, 228 KB», or the problem in words."""
    seconds: float
    retry_in: float | None = None
    """Seconds until the next attempt; None when this was the last."""


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
    """Decompressed; empty when there is a problem."""
    redirect: str | None = None
    """Absolute address of a redirect that was not followed."""
    retry_after: float | None = None
    """Seconds that the server asked to be left alone."""
    problem: Problem | None = None
    detail: str = ""
    """The problem in words."""
    attempts: int = 0
    """Requests made, redirects not counted."""
