"""The outcome of a page: every page of a run has exactly one final verdict."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """The verdicts, with their names in the JSON report."""

    OK = "ok"
    """Listings were read; each field is present about as often as on real pages."""
    NO_RESULTS = "no_results"
    """The shop says that it found nothing, and there is no list."""
    PAST_END = "past_end"
    """The page is beyond the number of pages that the shop states, or has the same ids as an earlier page."""
    BLOCKED = "blocked"
    """403, 405 or 429 after all attempts; a firewall or slider page; a redirect to a login; a 200 without content."""
    LAYOUT_CHANGED = "layout_changed"
    """A search page without readable listings, or with most prices or titles missing."""
    UNEXPECTED_PAGE = "unexpected_page"
    """A well-formed page that was not requested: no search page, another query's results, another page number."""
    TRUNCATED = "truncated"
    """A body without a declared length that ends before the page does, after all attempts."""
    HTTP_ERROR = "http_error"
    """Other 4xx; 5xx after all attempts."""
    NETWORK_ERROR = "network_error"
    """DNS, connect, TLS, timeout, reset, truncated, after all attempts."""
    TOO_LARGE = "too_large"
    """The response exceeds the size limit, or its list exceeds the parsing limit."""
    PARSE_CRASHED = "parse_crashed"
    """The worker process crashed on this page."""
    PARSE_TIMEOUT = "parse_timeout"
    """The worker took too long on this page."""
    ROBOTS_DENIED = "robots_denied"
    """Not requested: robots.txt denies it, could not be fetched, or sets too long a delay."""
    ADDRESS_REFUSED = "address_refused"
    """Not requested, because the host's address is this machine or in a private network."""
    NOT_ASKED = "not_asked"
    """Not requested, because of the circuit breaker, a deadline or an interrupt."""

    @property
    def failed(self) -> bool:
        """True if the page counts as failed; `ok`, `no_results` and `past_end` do not."""
        return self not in _NO_FAILURES


_NO_FAILURES = frozenset({Verdict.OK, Verdict.NO_RESULTS, Verdict.PAST_END})
