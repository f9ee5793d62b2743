"""Faults on demand: which requests fail, and what the client receives.

    DemoShop(faults=[
        Fault(FaultKind.STATUS, status=503, retry_after=1, pages={3}, times=2),   # page 3 fails twice, then works
        Fault(FaultKind.LATENCY, delay=0.2),                                      # every response is 0.2 s late
        Fault(FaultKind.RESET, rate=0.1, seed=7),                                 # one request in ten, always the same
    ])

Latencies add up; of the other faults, the first that matches a request decides its response.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from crawler.demo.draw import Draw

__all__ = ["Fault", "FaultKind", "FaultPlan", "Outcome"]


class FaultKind(StrEnum):
    """The kinds of faults."""

    LATENCY = "latency"
    """The response is complete, but `delay` seconds late."""
    STATUS = "status"
    """`status` (default 503) with a short HTML body; `retry_after` becomes the Retry-After header."""
    RESET = "reset"
    """The server reads the request, then closes the connection with RST without sending a byte."""
    TRUNCATED = "truncated"
    """200 with the full Content-Length and half the body, then the connection closes."""
    TRUNCATED_CHUNKED = "truncated_chunked"
    """200 in chunks with half the body, then the connection closes without the last chunk."""
    CUT = "cut"
    """200 without any length and the first 70 % of the body, then the connection closes: valid HTTP, but incomplete."""
    ENDLESS = "endless"
    """200 in chunks; after the page, endless list items."""
    TRICKLE = "trickle"
    """200 with its Content-Length; a hundred bytes every `delay` seconds (default 1)."""
    GZIP_BOMB = "gzip_bomb"
    """200 with Content-Encoding gzip: some 260 KB that decompress to 256 MiB of spaces."""
    WRONG_CHARSET = "wrong_charset"
    """A healthy page in GBK whose Content-Type declares `charset` (default utf-8)."""
    FIREWALL = "firewall"
    """A firewall's block page with `status` (default 405)."""
    LOGIN = "login"
    """302 to `location`, by default the shop's login; the demo's own login form is at /signin.aspx."""
    SLIDER = "slider"
    """200 with a page that asks the user to drag a slider."""
    EMPTY = "empty"
    """200 with an empty body."""
    SCRIPT_ONLY = "script_only"
    """200 with only scripts, which set a cookie and reload the page."""
    CHANGED_LAYOUT = "changed_layout"
    """A search page with total, pager and search box, whose list has other tags, ids and classes."""
    PRICES_GONE = "prices_gone"
    """A search page whose items show no price."""
    REPEATS = "repeats"
    """A search page with the items of the previous page (page 1 has its own) and an ordinary pager."""
    OTHER_QUERY = "other_query"
    """A healthy page of another search, with that search's query."""
    OTHER_PAGE = "other_page"
    """The healthy page after the requested one; for the last page, the first."""
    NESTED = "nested"
    """A search page whose list is one item of 60,000 nested tags; parsers with quadratic time in depth hang on it."""
    NO_RESULTS = "no_results"
    """The no-result page, although the search has books."""
    HOME = "home"
    """The shop's front page instead of the search page."""
    NOT_FOUND = "not_found"
    """The shop's 404 page with status 200."""
    UTF8 = "utf8"
    """No fault: the same page in valid UTF-8 that declares GB2312, like a page saved by a browser."""


LOGIN_URL = "https://login.dangdang.com/signin.aspx"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the requests that it affects: every search request by default."""

    kind: FaultKind
    pages: Collection[int] | None = None
    """Affected result pages."""
    queries: Collection[str] | None = None
    """Affected queries."""
    times: int | None = None
    """How often to affect each page of each query before it works again."""
    rate: float | None = None
    """Share of requests to affect, 0 to 1; always the same ones for the same `seed`."""
    seed: int = 0
    delay: float | None = None
    """Seconds; see `LATENCY` and `TRICKLE`."""
    status: int | None = None
    retry_after: int | str | None = None
    """Seconds, or an HTTP date."""
    charset: str = "utf-8"
    location: str = LOGIN_URL

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise ValueError(f"rate must be between 0 and 1, not {self.rate}")
        if self.kind is FaultKind.LATENCY and self.delay is None:
            raise ValueError("latency requires a delay")

    def fits(self, query: str, page: int) -> bool:
        """Return True if the fault may affect this page of this query."""
        of_page = self.pages is None or page in self.pages
        return of_page and (self.queries is None or query in self.queries)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plan for one request."""

    delay: float
    """Seconds to wait first."""
    fault: Fault | None
    """None for a healthy response."""


class FaultPlan:
    """Decides on each request; counts how often each fault was used."""

    def __init__(self, faults: Iterable[Fault] = (), *, latency: float = 0.0) -> None:
        self._faults = tuple(faults)
        self._latency = latency
        self._asked: Counter[tuple[str, int]] = Counter()
        self._struck: Counter[tuple[int, str, int]] = Counter()

    def outcome(self, query: str, page: int) -> Outcome:
        """Return the plan for the next request for this page of this query."""
        self._asked[query, page] += 1
        delay, decided = self._latency, None
        for number, fault in enumerate(self._faults):
            later = decided is not None and fault.kind is not FaultKind.LATENCY
            if later or not self._strikes(number, fault, query, page):
                continue
            self._struck[number, query, page] += 1
            if fault.kind is FaultKind.LATENCY:
                delay += fault.delay or 0.0
            else:
                decided = fault
        return Outcome(delay, decided)

    def _strikes(self, number: int, fault: Fault, query: str, page: int) -> bool:
        if not fault.fits(query, page):
            return False
        if fault.times is not None and self._struck[number, query, page] >= fault.times:
            return False
        if fault.rate is None:
            return True
        # The order of requests differs from run to run, so count the requests of each page separately.
        draw = Draw("fault", fault.seed, number, query, page, self._asked[query, page])
        return draw.chance(fault.rate * 1000)
