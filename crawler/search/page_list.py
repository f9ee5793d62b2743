"""One of a search's two lists of result pages: the pages still to request, and the verdicts on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from crawler.page_key import PageKey
from crawler.search.judging import Judgement, ListVerdicts
from crawler.verdict import Verdict
from parsers.model import Listing

__all__ = ["PageList"]


class PageList:
    """The pages of one list, from 1 to `requested`; `asked` are those that may be requested."""

    def __init__(
        self, *, price_order: bool, requested: int, asked: Iterable[int], url: Callable[[int], str]
    ) -> None:
        """`url` returns the address of a page."""
        self.price_order = price_order
        self.requested = requested
        self.url = url
        self.enough: int | None = None
        """The last page to request, because later ones are not needed; None while all may be."""
        self.available: int | None = None
        """The number of pages that the shop states; None if no page states it."""
        self._verdicts = ListVerdicts(requested)
        self._to_ask = list(asked)  # a heap: the lowest page goes out first
        heapify(self._to_ask)

    def key(self, number: int) -> PageKey:
        """Return the key of a page of this list, unique within the search."""
        return PageKey(self.price_order, number)

    @property
    def final(self) -> dict[int, Judgement]:
        """The verdicts so far, neighbours considered; in page order once the list has ended."""
        return self._verdicts.final

    @property
    def last(self) -> int:
        """The last page worth requesting, as far as is known."""
        limits = (self.requested, self.available, self.enough)
        return min(limit for limit in limits if limit is not None)

    @property
    def next(self) -> int | None:
        """The page to request next; None if none is left."""
        return self._to_ask[0] if self._to_ask and self._to_ask[0] <= self.last else None

    def take(self) -> int:
        """Remove the next page from the queue and return it; call this only if there is one."""
        return heappop(self._to_ask)

    def put_back(self, number: int) -> None:
        """Queue a page again that was taken and given up."""
        heappush(self._to_ask, number)

    def settle(self, number: int, judgement: Judgement) -> list[int]:
        """Record a page's judgement; return the pages whose verdict it changes."""
        changed = self._verdicts.add(number, judgement)
        self.available = self._verdicts.available
        return changed

    def end(self, reason: str) -> list[int]:
        """Give each page without a verdict one that states `reason`; return the pages that this changes."""
        numbers = range(1, self.last + 1 if self.price_order else self.requested + 1)
        missing = [number for number in numbers if number not in self.final]
        self._verdicts.end(missing, Judgement(Verdict.NOT_ASKED, reason))
        return missing

    def listings(self, number: int) -> tuple[Listing, ...]:
        """Return the listings of a page; empty unless its verdict is `ok`."""
        judgement = self.final.get(number)
        if judgement is None or judgement.verdict is not Verdict.OK or judgement.page is None:
            return ()
        return judgement.page.listings

    def read_in_a_row(self) -> int:
        """Count the pages read from the first on, up to the first gap."""
        count = 0
        while (judgement := self.final.get(count + 1)) is not None and judgement.verdict is Verdict.OK:
            count += 1
        return count
