"""How a page ended: every page of a run has exactly one final verdict."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """The verdicts, by the names of the JSON report."""

    OK = "ok"
    """Listings read; fields present in the share that real pages show."""
    NO_RESULTS = "no_results"
    """The shop's own words for it, and no list."""
    PAST_END = "past_end"
    """Beyond the page count that the shop states, or the same ids as an earlier page."""
    BLOCKED = "blocked"
    """403, 405 or 429 for good; a firewall or slider page; redirect to a login; a 200 that is empty or script only."""
    LAYOUT_CHANGED = "layout_changed"
    """A search page that no longer yields listings, or whose prices or titles are mostly gone."""
    UNEXPECTED_PAGE = "unexpected_page"
    """Well-formed but not the page that was asked for: no search page, the answer to another query, another page."""
    TRUNCATED = "truncated"
    """A body without a declared length that ends before the page does, after all attempts."""
    HTTP_ERROR = "http_error"
    """Other 4xx; 5xx after all attempts."""
    NETWORK_ERROR = "network_error"
    """DNS, connect, TLS, timeout, reset, truncated, after all attempts."""
    TOO_LARGE = "too_large"
    """The cap on a response's bytes was reached, or its list is more than is parsed."""
    PARSE_CRASHED = "parse_crashed"
    """The worker process died on this page."""
    PARSE_TIMEOUT = "parse_timeout"
    """The worker took too long on this page."""
    ROBOTS_DENIED = "robots_denied"
    """Not asked for: robots.txt denies it, could not be had, or asks for too long a delay."""
    ADDRESS_REFUSED = "address_refused"
    """Not asked for, because its host has an address within this machine or a private network."""
    NOT_ASKED = "not_asked"
    """The circuit breaker, a deadline or an interrupt came first."""

    @property
    def failed(self) -> bool:
        """Whether the page counts as failed: `ok`, `no_results` and `past_end` do not."""
        return self not in _NO_FAILURES


_NO_FAILURES = frozenset({Verdict.OK, Verdict.NO_RESULTS, Verdict.PAST_END})
