"""Faults on demand: which request meets which trouble, and what that is on the wire.

    DemoShop(faults=[
        Fault(FaultKind.STATUS, status=503, retry_after=1, pages={3}, times=2),   # page 3 fails twice, then is well
        Fault(FaultKind.LATENCY, delay=0.2),                                      # every answer 0.2 s late
        Fault(FaultKind.RESET, rate=0.1, seed=7),                                 # one request in ten, the same ones
    ])

Latency adds up; of the other faults the first that fits a request decides its answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from crawler.demo.draw import Draw

__all__ = ["Fault", "FaultKind", "FaultPlan", "Outcome"]


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    """The answer is whole, and `delay` seconds late."""
    STATUS = "status"
    """`status` (503 unless given) with a short HTML body; `retry_after` becomes the Retry-After header."""
    RESET = "reset"
    """The request is read, then the connection is closed with RST and no byte sent."""
    TRUNCATED = "truncated"
    """200 and the whole Content-Length, half the body, then the connection closes."""
    TRUNCATED_CHUNKED = "truncated_chunked"
    """200 in chunks, half the body, then the connection closes without the last chunk."""
    CUT = "cut"
    """200 without any length, the body's first 70 %, then the connection closes: by HTTP alone a whole answer."""
    ENDLESS = "endless"
    """200 in chunks; after the page, list items without end."""
    TRICKLE = "trickle"
    """200 with its Content-Length; a hundred bytes every `delay` seconds (1 unless given)."""
    GZIP_BOMB = "gzip_bomb"
    """200 with Content-Encoding gzip: some 260 KB that unpack to 256 MiB of spaces."""
    WRONG_CHARSET = "wrong_charset"
    """A healthy page in GBK whose Content-Type says `charset` (utf-8 unless given)."""
    FIREWALL = "firewall"
    """A firewall's block page with `status` (405 unless given)."""
    LOGIN = "login"
    """302 to `location`, the shop's login unless given; the demo's own login form is at /signin.aspx."""
    SLIDER = "slider"
    """200 with a page that wants a slider dragged."""
    EMPTY = "empty"
    """200 without a byte of body."""
    SCRIPT_ONLY = "script_only"
    """200 with scripts that set a cookie and load the page again, and nothing else."""
    CHANGED_LAYOUT = "changed_layout"
    """A search page with total, pager and search box whose list has other tags, ids and classes."""
    PRICES_GONE = "prices_gone"
    """A search page whose items show no price."""
    REPEATS = "repeats"
    """A search page with the items of the page before (page 1 has its own), its pager as if nothing had happened."""
    OTHER_QUERY = "other_query"
    """A healthy page of another search, which says so."""
    OTHER_PAGE = "other_page"
    """The healthy page behind the one that was asked for; of the last page the first."""
    NESTED = "nested"
    """A search page whose list is one item of 60,000 nested tags; parsers that are quadratic on depth hang on it."""
    NO_RESULTS = "no_results"
    """The page for nothing found, though the search has books."""
    HOME = "home"
    """The shop's front page in place of the search page."""
    NOT_FOUND = "not_found"
    """The shop's 404 page with status 200."""
    UTF8 = "utf8"
    """No trouble: the same page in valid UTF-8, though it declares GB2312, as a saved page does."""


LOGIN_URL = "https://login.dangdang.com/signin.aspx"


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble, and the requests that meet it: every search request unless a bound is given."""

    kind: FaultKind
    pages: Collection[int] | None = None
    """Result pages that it strikes."""
    queries: Collection[str] | None = None
    """Searched words that it strikes."""
    times: int | None = None
    """How often it strikes each page of each query, before that is healthy again."""
    rate: float | None = None
    """Share of requests that it strikes, 0 to 1; the same ones whenever `seed` is the same."""
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
            raise ValueError("latency wants a delay")

    def fits(self, query: str, page: int) -> bool:
        """Return whether the fault may strike this page of this query."""
        of_page = self.pages is None or page in self.pages
        return of_page and (self.queries is None or query in self.queries)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the plan has for one request."""

    delay: float
    """Seconds to wait first."""
    fault: Fault | None
    """None for a healthy answer."""


class FaultPlan:
    """Decides request by request; remembers how often each fault has struck."""

    def __init__(self, faults: Iterable[Fault] = (), *, latency: float = 0.0) -> None:
        self._faults = tuple(faults)
        self._latency = latency
        self._asked: Counter[tuple[str, int]] = Counter()
        self._struck: Counter[tuple[int, str, int]] = Counter()

    def outcome(self, query: str, page: int) -> Outcome:
        """Return what the next request for this page of this query meets."""
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
        # The order in which pages are asked differs from run to run; this page's own count of requests does not.
        draw = Draw("fault", fault.seed, number, query, page, self._asked[query, page])
        return draw.chance(fault.rate * 1000)
