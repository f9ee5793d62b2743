"""One of a search's two lists of result pages: which pages are still to be asked for, and how the others ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from crawler.page_key import PageKey
from crawler.search.judging import Judgement, ListVerdicts
from crawler.verdict import Verdict
from parsers.model import Listing

__all__ = ["PageList"]


class PageList:
    """The pages of one list, from 1 to `requested`; `asked` are those that may be asked for."""

    def __init__(
        self, *, price_order: bool, requested: int, asked: Iterable[int], url: Callable[[int], str]
    ) -> None:
        """`url` gives the address of a page."""
        self.price_order = price_order
        self.requested = requested
        self.url = url
        self.enough: int | None = None
        """The page after which no more need be asked for; None while all may be."""
        self.available: int | None = None
        """Pages that the shop states; None when no page told."""
        self._verdicts = ListVerdicts(requested)
        self._to_ask = list(asked)  # a heap: the lowest page goes out first
        heapify(self._to_ask)

    def key(self, number: int) -> PageKey:
        """Return the key of a page of this list among those of the search."""
        return PageKey(self.price_order, number)

    @property
    def final(self) -> dict[int, Judgement]:
        """The verdicts so far, neighbours considered; in page order once the list has ended."""
        return self._verdicts.final

    @property
    def last(self) -> int:
        """The last page that is worth asking for, as far as is known."""
        limits = (self.requested, self.available, self.enough)
        return min(limit for limit in limits if limit is not None)

    @property
    def next(self) -> int | None:
        """The page that goes out next; None when none is left."""
        return self._to_ask[0] if self._to_ask and self._to_ask[0] <= self.last else None

    def take(self) -> int:
        """Take the next page off the queue; call it when there is one."""
        return heappop(self._to_ask)

    def put_back(self, number: int) -> None:
        """Queue a page that was taken and given up."""
        heappush(self._to_ask, number)

    def settle(self, number: int, judgement: Judgement) -> list[int]:
        """Take in a page's judgement; return the pages whose verdict that changes."""
        changed = self._verdicts.add(number, judgement)
        self.available = self._verdicts.available
        return changed

    def end(self, reason: str) -> list[int]:
        """Give every page without a verdict one that says why it has none; return the pages that this changes."""
        numbers = range(1, self.last + 1 if self.price_order else self.requested + 1)
        missing = [number for number in numbers if number not in self.final]
        self._verdicts.end(missing, Judgement(Verdict.NOT_ASKED, reason))
        return missing

    def listings(self, number: int) -> tuple[Listing, ...]:
        """Return what was read on a page; nothing unless its verdict is `ok`."""
        judgement = self.final.get(number)
        if judgement is None or judgement.verdict is not Verdict.OK or judgement.page is None:
            return ()
        return judgement.page.listings

    def read_in_a_row(self) -> int:
        """Return how many pages from the first on were read, without a gap."""
        count = 0
        while (judgement := self.final.get(count + 1)) is not None and judgement.verdict is Verdict.OK:
            count += 1
        return count
