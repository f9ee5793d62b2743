"""One search, from the query to the result: pages out, pages parsed, verdicts, books.

Pages go out at once, within the pace of the host, without waiting for page 1. Once a page tells how many there
are, requests past it are dropped. A search says what it does through a queue that nobody has to read: a slow
reader never stalls it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.books import FILTERS
from crawler.books.book import Counts
from crawler.books.selection import Selector
from crawler.download.exchange import (
    BLOCK_STATUSES,
    AttemptRecord,
    Exchange,
    FetchPolicy,
    Hop,
    Problem,
    Spent,
)
from crawler.engine_events import EngineEvent
from crawler.events import (
    Attempt,
    Event,
    PageFinished,
    PageRejected,
    PagesKnown,
    PagesResumed,
    SearchFinished,
    SearchStarted,
)
from crawler.local_time import local_zone, offset_name
from crawler.page_key import PageKey
from crawler.parsing.pool import ParseFailure
from crawler.phrases import Phrase
from crawler.recording.saved import RunEnd, SavedPage
from crawler.results import PageResult, PriceCheck, Renderer, SearchResult
from crawler.search.judging import Judgement, judge
from crawler.search.page_list import PageList
from crawler.search.price_check import check_price, pages_needed
from crawler.verdict import Verdict
from parsers.model import SearchPage

if TYPE_CHECKING:
    from decimal import Decimal

    from crawler.books.shelf import Shelf, Wishes
    from crawler.download.client import Downloader
    from crawler.parsing.page_parser import PageParser
    from crawler.recording.saved import Recorder, SavedRun
    from crawler.search.spec import SearchSpec
    from parsers.model import Listing

__all__ = ["Search"]

PARSE_GRACE_SECONDS = 1.5
"""How long a stopped search waits for pages that are fetched and being parsed."""

WARM_UP_DELAY = 0.05
"""Seconds until the modules that make books are imported: the first requests are out then, and not yet answered."""

UNREADABLE = frozenset({Verdict.PARSE_CRASHED, Verdict.PARSE_TIMEOUT})
"""Verdicts of a page that tell of the process that read it: they are not found out a second time."""

FEW = 60
"""Products on topic below which a query in Taiwan's words is said to have found little: a full page has 60."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came for a page, and what it is."""

    exchange: Exchange
    fetched_at: dt.datetime
    judgement: Judgement


class Search:
    """A search under way; `events` runs it.

    `recorder` is told of every request and page. `saved` are pages of an earlier run, taken as they are.
    `replay` is a whole earlier run: nothing is asked then, and the result is that run's.
    """

    def __init__(
        self,
        spec: SearchSpec,
        *,
        downloader: Downloader,
        parser: PageParser,
        policy: FetchPolicy,
        now: Callable[[], dt.datetime],
        renderer: Renderer,
        recorder: Recorder | None = None,
        saved: Mapping[PageKey, SavedPage] | None = None,
        replay: SavedRun | None = None,
    ) -> None:
        self._spec = spec
        self._downloader = downloader
        self._parser = parser
        self._policy = policy
        self._now = now
        self._renderer = renderer
        self._recorder = recorder
        self._replay = replay
        self._saved = dict(saved or {}) if replay is None else dict(replay.pages)
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        wanted = spec.settings
        self._own = self._page_list(wanted.pages, price_order=False)
        # A list that is in price order proves itself.
        beside = wanted.price_check if wanted.sort != "price" else 0
        self._beside = self._page_list(beside, price_order=True) if beside else None
        self._lists = (self._own,) if self._beside is None else (self._own, self._beside)
        self._announced: set[PageKey] = set()
        self._attempts: dict[PageKey, int] = {}
        self._spent: defaultdict[PageKey, Spent] = defaultdict(Spent)
        """What each page has used up of its attempts and its time."""
        self._fetched_at: dict[tuple[bool, int], dt.datetime] = {}
        self._fetches: dict[PageKey, asyncio.Task[Exchange]] = {}
        self._selector = Selector(
            keep=spec.settings.keep, goods=spec.settings.category == "all", covers=self._covers
        )
        self._host = urlsplit(spec.base_url).netloc
        self._stopped: str | None = None
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def _page_list(self, requested: int, *, price_order: bool) -> PageList:
        numbers = range(1, requested + 1)
        return PageList(
            price_order=price_order,
            requested=requested,
            asked=[n for n in numbers if self._replay is None or PageKey(price_order, n) in self._saved],
            url=lambda number: self._spec.url(number, price_order=price_order),
        )

    async def events(self) -> AsyncGenerator[Event, None]:
        """Run the search and give its events; leaving the iterator ends it."""
        run = self._running = asyncio.create_task(self._run())
        try:
            while (event := await self._events.get()) is not None:
                yield event
            await run  # an error in our own code comes out here
        finally:
            run.cancel()
            await asyncio.wait([run])

    def stop(self, reason: str) -> None:
        """Ask nothing more, give up what is in flight; the result comes at once, marked with `reason`.

        Pages that are fetched are still parsed, within a grace of 1.5 s.
        """
        if self._stopped is None:
            self._stopped = reason
            self._stopping.set()
            for fetch in self._fetches.values():
                fetch.cancel()

    async def ended(self) -> None:
        """Wait until nothing of the search is under way; call `stop` first."""
        if self._running is not None:
            await asyncio.wait([self._running])

    def pass_on(self, event: EngineEvent) -> None:
        """Tell of what happened to the engine: to a parse process, a host's pace or its robots.txt."""
        self._events.put_nowait(event)

    async def _run(self) -> None:
        try:
            await self._drive()
        finally:
            self._events.put_nowait(None)

    async def _drive(self) -> None:
        spec, started_at = self._spec, self._now()
        self._events.put_nowait(SearchStarted(spec.query, spec.query_sent, self._own.requested))
        # A head start only: where no process can be started, the first page will say so.
        with suppress(OSError, ImportError, NotImplementedError):
            self._parser.expect(self._requested)
        if self._recorder is not None:
            self._recorder.begin(spec.parameters(started_at))
        self._tell_resumed()
        timer = None
        if (seconds := spec.settings.max_seconds) is not None and self._replay is None:
            reason = Phrase("deadline", seconds=seconds)
            timer = asyncio.get_running_loop().call_later(seconds, self.stop, reason)
        if self._replay is None:
            self._stop_if_blocked("")
        try:
            await self._read_pages()
            shelf = self._fill()
            while self._stopped is None and self._replay is None and self._wants_more(shelf):
                await self._read_pages()
                shelf = self._fill()
        finally:
            if timer is not None:
                timer.cancel()
        result = self._result(started_at, shelf)
        if self._recorder is not None:
            verdicts = {page.page: (page.verdict.value, page.detail) for page in result.pages}
            await self._recorder.end(RunEnd(result.finished_at, result.stopped, verdicts))
        self._events.put_nowait(SearchFinished(result))

    async def _read_pages(self) -> None:
        """Read the pages that are queued, until none is left or the search is stopped."""
        # More roads than slots, so that the host's slots stay filled while pages are being parsed.
        most = min(self._requested, 2 * self._spec.settings.concurrency)
        roads = [asyncio.create_task(self._road()) for _ in range(most)]
        warming_up = asyncio.get_running_loop().call_later(WARM_UP_DELAY, _import_book_modules)
        try:
            await self._until_done_or_stopped(roads)
        finally:
            warming_up.cancel()
            for road in roads:
                road.cancel()
            await asyncio.gather(*roads, return_exceptions=True)

    def _wants_more(self, shelf: Shelf) -> bool:
        """Tell whether pages in price order were left out that the cheapest book does need after all.

        Progress judges listings one by one, the report books as a whole: it may drop the one that seemed the cheapest.
        """
        beside = self._beside
        if beside is None or pages_needed(beside, self._cheapest_price(shelf)) is not None:
            return False
        beside.enough = None
        return beside.next is not None

    @property
    def _requested(self) -> int:
        return sum(pages.requested for pages in self._lists)

    def _tell_resumed(self) -> None:
        """Say which pages of an earlier run are taken over."""
        if self._replay is not None:
            return
        keys = [pages.key(number) for pages in self._lists for number in range(1, pages.requested + 1)]
        taken = [key for key in keys if key in self._saved]
        if taken:
            since = min(self._saved[key].fetched_at for key in taken)
            price_pages = sum(key.price_order for key in taken)
            self._events.put_nowait(PagesResumed(len(taken) - price_pages, since, price_pages))

    async def _until_done_or_stopped(self, roads: list[asyncio.Task[None]]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            pending = set(roads)
            while pending and not stopping.done():
                await asyncio.wait({*pending, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for road in [road for road in pending if road.done()]:
                    await road  # raises what a defect of ours raised
                    pending.remove(road)
            if pending:
                await asyncio.wait(pending, timeout=PARSE_GRACE_SECONDS)
        finally:
            stopping.cancel()

    async def _road(self) -> None:
        """Take pages one by one from query to verdict until none is left."""
        while (pages := self._next_list()) is not None:
            number = pages.take()
            page = pages.key(number)
            known = self._saved.get(page)
            if known is None:
                ended = await self._ask_for(pages, number)
                if ended is None:
                    # Stopped, or past the end; should a later page state more, this one is asked after all.
                    pages.put_back(number)
                    continue
            else:
                parsed = await self._parse(page, known.exchange, known)
                ended = _Answer(known.exchange, known.fetched_at, self._judge(page, known.exchange, parsed))
                if not known.verdict and ended.judgement.verdict.failed:
                    # The earlier run was killed before it could judge this page: it is fetched anew.
                    del self._saved[page]
                    pages.put_back(number)
                    continue
            exchange, judgement = ended.exchange, ended.judgement
            self._attempts[page] = exchange.attempts
            self._fetched_at[page] = ended.fetched_at
            self._settle(pages, number, judgement)
            if known is None:
                self._note_block(page, exchange, judged=judgement)
            if self._recorder is not None:
                hops = () if known is None else known.hops
                await self._recorder.page(
                    SavedPage(
                        number,
                        exchange,
                        judgement.verdict.value,
                        judgement.detail,
                        ended.fetched_at,
                        hops,
                        price_order=pages.price_order,
                    )
                )

    async def _ask_for(self, pages: PageList, number: int) -> _Answer | None:
        """Fetch and judge a page; None when it was given up before it came.

        One that comes cut is asked for again while attempts and time last, another page in its place once.
        """
        page, ended, was_wrong = pages.key(number), None, False
        while (exchange := await self._fetch(page)) is not None:
            fetched_at = self._now()
            # Before the page is read: until then, the next ones would go out.
            self._note_block(page, exchange, judged=None)
            if self._recorder is not None:
                self._recorder.fetched(page, exchange, fetched_at)
            parsed = await self._parse(page, exchange, None)
            judgement = self._judge(page, exchange, parsed)
            ended = _Answer(exchange, fetched_at, judgement)
            is_cut = judgement.verdict is Verdict.TRUNCATED
            is_wrong = not was_wrong and _is_wrong(pages, number, judgement)
            if not (is_cut or is_wrong) or self._stopped is not None or not self._may_ask_again(page):
                break
            was_wrong = was_wrong or is_wrong
            self._events.put_nowait(PageRejected(number, judgement.detail, pages.price_order))
        return ended

    def _judge(
        self, page: PageKey, exchange: Exchange, parsed: SearchPage | ParseFailure | None
    ) -> Judgement:
        return judge(exchange, parsed, query=self._spec.query_sent, number=page.number)

    def _may_ask_again(self, page: PageKey) -> bool:
        """Tell whether a page has attempts and time left."""
        spent = self._spent[page]
        return spent.attempts < self._policy.attempts and spent.seconds < self._policy.total_seconds

    async def _parse(
        self, page: PageKey, exchange: Exchange, known: SavedPage | None
    ) -> SearchPage | ParseFailure | None:
        if not exchange.body or exchange.problem is not None:
            return None
        if known is not None and known.verdict in UNREADABLE:
            return ParseFailure(Verdict(known.verdict), known.detail)
        parsed = await self._parser.parse(self._spec.shop.name, exchange.body, exchange.charset, page.number)
        if page.price_order and isinstance(parsed, SearchPage):
            listings = tuple(replace(listing, price_order=True) for listing in parsed.listings)
            return replace(parsed, listings=listings)
        return parsed

    def _note_block(self, page: PageKey, exchange: Exchange, judged: Judgement | None) -> None:
        """Count blocks in a row; the host's circuit breaker ends the search when there are too many.

        The fetch has counted a block that its status tells; others show when the page is `judged`. The two lists
        are counted apart: a search whose pages are all blocked is not blocked twice for its price check.
        """
        if exchange.status is None or (exchange.status in BLOCK_STATUSES) != (judged is None):
            return  # no answer tells nothing of what the shop thinks of us
        blocked = judged is None or judged.verdict is Verdict.BLOCKED
        if judged is not None:
            self._downloader.breaker.note(
                self._host, blocked=blocked, retry_after=exchange.retry_after, group=page.price_order
            )
        if blocked:
            detail = f"{exchange.status} {exchange.reason}".strip() if judged is None else judged.detail
            self._stop_if_blocked(detail)

    def _stop_if_blocked(self, detail: str) -> None:
        breaker = self._downloader.breaker
        if (until := breaker.open_until(self._host)) is None or self._stopped is not None:
            return
        minutes = max(1, math.ceil((until - self._now()).total_seconds() / 60))
        local = until.astimezone(local_zone())
        at, blocked = f"{local:%H:%M} {offset_name(local)}", breaker.threshold
        self.stop(
            Phrase("blocked_in_a_row_with", n=blocked, detail=detail, minutes=minutes, at=at)
            if detail
            else Phrase("blocked_in_a_row", n=blocked, minutes=minutes, at=at)
        )

    def _next_list(self) -> PageList | None:
        """Return the list whose next page goes out first; None when none is left or the search is stopped.

        The first pages of both lists go out first. The others in price order go out last: by then the first one has
        often shown that they are not needed.
        """
        if self._stopped is not None:
            return None
        waiting = [pages for pages in self._lists if pages.next is not None]
        return min(waiting, key=lambda pages: (pages.next != 1, pages.price_order), default=None)

    async def _fetch(self, page: PageKey) -> Exchange | None:
        """Fetch a page; None when it was given up on the way."""
        url = self._spec.url(page.number, price_order=page.price_order)

        def tell(record: AttemptRecord) -> None:
            self._attempts[page] = record.number
            seconds = self._spent[page].seconds + record.seconds + (record.retry_in or 0.0)
            self._spent[page] = Spent(record.number, seconds)
            attempt = Attempt(
                page.number, url, record.number, record.outcome, record.seconds, record.retry_in, record.waited,
                page.price_order,
            )  # fmt: skip
            self._events.put_nowait(attempt)

        def keep(hop: Hop, of_robots: bool) -> None:
            if self._recorder is not None:
                self._recorder.hop(None if of_robots else page, hop)

        fetch = asyncio.create_task(
            self._downloader.fetch(
                url,
                self._policy,
                on_attempt=tell,
                on_hop=keep if self._recorder is not None else None,
                spent=self._spent[page],
                group=page.price_order,
            )
        )
        self._fetches[page] = fetch
        try:
            await asyncio.wait([fetch])
            if fetch.cancelled():
                return None
            exchange = fetch.result()
            if exchange.problem is Problem.BLOCKED:
                # Another search opened the breaker: nothing was sent. If it is closed again, the page is taken anew.
                self._stop_if_blocked("")
                return None
            return exchange
        finally:
            del self._fetches[page]
            fetch.cancel()

    def _settle(self, pages: PageList, number: int, judgement: Judgement) -> None:
        """Take in a page's judgement, and say what it changes on other pages."""
        available = pages.available
        changed = pages.settle(number, judgement)
        if pages is self._own and pages.available is not None and pages.available != available:
            self._events.put_nowait(PagesKnown(pages.available))
        self._announce(pages, changed)
        if self._beside is not None and self._beside.enough is None and self._replay is None:
            self._beside.enough = pages_needed(self._beside, self._selector.cheapest)
        for each in self._lists:
            for key, fetch in self._fetches.items():
                if key.price_order == each.price_order and key.number > each.last:
                    fetch.cancel()

    def _announce(self, pages: PageList, changed: Iterable[int]) -> None:
        changed = list(changed)
        for number in changed:
            key = pages.key(number)
            self._selector.add(key, pages.listings(number), self._fetched_at.get(key))
        for number in changed:
            key, judgement = pages.key(number), pages.final[number]
            self._events.put_nowait(
                PageFinished(
                    number,
                    judgement.verdict,
                    judgement.detail,
                    listings=len(pages.listings(number)),
                    cheapest=self._selector.cheapest,
                    books=self._selector.kept_count,
                    revised=key in self._announced,
                    price_order=pages.price_order,
                )
            )
            self._announced.add(key)

    def _fill(self) -> Shelf:
        """Return the books of the pages that count.

        Of pages in price order those count that are needed to pass the cheapest book, whatever else was on its way by
        then: so the report does not depend on the order in which pages arrive.
        """
        from crawler.books.shelf import fill_shelf

        beside, used = self._beside, 0
        if beside is not None:
            used = pages_needed(beside, self._selector.cheapest) or beside.requested
        while True:
            counted = {key: listings for key, listings in self._selector.pages.items() if _counts(key, used)}
            shelf = fill_shelf(counted.items(), self._wishes, fetched_at=self._fetched_at)
            if beside is None:
                return shelf
            needed = pages_needed(beside, self._cheapest_price(shelf)) or beside.requested
            if needed <= used:
                beside.enough = used
                return shelf
            used = needed

    def _cheapest_price(self, shelf: Shelf) -> Decimal | None:
        from crawler.books.ranking import first_by

        wanted = self._wishes
        used = wanted.filters.condition == "used"
        book = first_by("cheapest", shelf.books, goods=wanted.goods, used=used)
        return None if book is None else book.price

    def _result(self, started_at: dt.datetime, shelf: Shelf) -> SearchResult:
        spec, replayed = self._spec, self._replay
        stopped = self._stopped
        if replayed is not None and stopped is None:
            stopped = replayed.ended.stopped if replayed.ended is not None else Phrase("run_was_killed")
        for pages in self._lists:
            self._announce(pages, pages.end(stopped or Phrase("search_ended")))
        own, beside = self._own, self._beside
        return SearchResult(
            query=spec.query,
            query_sent=spec.query_sent,
            shop=spec.shop.name,
            base_url=spec.base_url,
            demo=spec.demo,
            rank=self._wishes.rank,
            started_at=started_at if replayed is None else replayed.parameters.started_at,
            finished_at=self._finished_at(),
            pages=tuple(self._page_result(own, number) for number in own.final),
            available=own.available,
            counts=shelf.counts,
            books=shelf.books,
            dropped=shelf.dropped,
            notes=(*_notes(own, spec), *(() if beside is None else _notes(beside, spec)), *shelf.notes),
            stopped=stopped,
            options={
                name: getattr(spec.settings, name)
                for name in ("sellers", "category", "sort", "min_price", "max_price", "keep", *FILTERS)
            },
            suggestion=self._mainland_wording if self._found_little(shelf.counts) else None,
            robots_ignored=not spec.settings.obey_robots,
            price_pages=()
            if beside is None
            else tuple(self._page_result(beside, number) for number in beside.final if number <= beside.last),
            price_check=self._price_check(shelf, stopped=stopped is not None),
            renderer=self._renderer,
        )

    def _price_check(self, shelf: Shelf, *, stopped: bool) -> PriceCheck | None:
        wanted = self._spec.settings
        if not wanted.price_check:
            return None
        in_price_order = self._own if wanted.sort == "price" else self._beside
        return check_price(
            self._cheapest_price(shelf), self._own, in_price_order, self._page_result, stopped=stopped
        )

    def _page_result(self, pages: PageList, number: int) -> PageResult:
        key, judgement = pages.key(number), pages.final[number]
        return PageResult(
            number,
            pages.url(number),
            judgement.verdict,
            judgement.detail,
            pages.listings(number),
            self._attempts.get(key, 0),
            self._fetched_at.get(key),
        )

    def _finished_at(self) -> dt.datetime:
        if self._replay is None:
            return self._now()
        if self._replay.ended is not None:
            return self._replay.ended.finished_at
        times = [page.fetched_at for page in self._replay.pages.values()]
        return max(times, default=self._replay.parameters.started_at)

    def _found_little(self, counts: Counts) -> bool:
        """Tell whether the shop has little for the query: few products in all, or hardly one on topic."""
        failed = [judgement.verdict.failed for judgement in self._own.final.values()]
        if all(failed):
            return False  # nothing is known of what it has
        on_topic = counts.unique - counts.dropped["off_topic"]
        available = self._own.available
        read_whole = available is not None and available <= self._own.requested and not any(failed)
        return on_topic < FEW and (read_whole or 2 * on_topic < counts.unique)

    @cached_property
    def _mainland_wording(self) -> str | None:
        from crawler.query import mainland_wording

        return mainland_wording(self._spec.query)

    @cached_property
    def _wishes(self) -> Wishes:
        """What is wanted of the products; made, with its imports, once a first page is there: others are on the way."""
        from crawler.books.filters import Filters
        from crawler.books.shelf import Wishes
        from crawler.books.topic import topic_of
        from crawler.query import simplified

        wanted = self._spec.settings
        named = {name: getattr(wanted, name) for name in FILTERS}
        for name in ("publisher", "author"):  # typed in either script, as a query may be
            named[name] = named[name] and simplified(named[name])
        topic = topic_of(self._spec.query, self._spec.query_sent)
        filters = Filters(**named, simplified=simplified)
        return Wishes(topic, filters, frozenset(wanted.keep), wanted.rank, goods=wanted.category == "all")

    def _covers(self, listing: Listing) -> bool:
        from crawler.books.identity import title_key

        # Remembered: it is needed at the end, and costs no time now, while other pages are on their way.
        title_key(listing.title)
        wanted = self._wishes
        on_topic = "off_topic" in wanted.keep or wanted.topic.covers(listing)
        return on_topic and wanted.filters.reason((listing,)) is None


def _import_book_modules() -> None:
    """Import what the first page needs; their regular expressions take 40 ms to compile."""
    import crawler.books.shelf  # noqa: F401 – imported for the time it takes


def _is_wrong(pages: PageList, number: int, judgement: Judgement) -> bool:
    """Tell whether an answer is another page than the one that was asked for."""
    # The shop may have sent its last page in place of one that other pages say is there.
    too_early = judgement.verdict is Verdict.PAST_END and number <= (pages.available or 0)
    return judgement.wrong_page or too_early


def _counts(key: tuple[bool, int], used: int) -> bool:
    """Tell whether a page counts, when `used` pages in price order do."""
    price_order, number = key
    return not price_order or number <= used


def _notes(pages: PageList, spec: SearchSpec) -> tuple[str, ...]:
    """Return what a reader should know of pages that did not fail, in page order."""
    notes: list[str] = []
    for number, judgement in pages.final.items():
        if pages.price_order and number > pages.last:
            continue  # it was on its way when enough was known, and is in no report
        page = Phrase("the_price_page" if pages.price_order else "the_page", page=number)
        notes += [Phrase("on_page", page=page, words=note) for note in judgement.notes]
        # Half a page in the middle of a search is no failure, but it is not the shop's habit either.
        count = len(pages.listings(number))
        if pages.available is not None and number < pages.available and 0 < count < spec.shop.page_size / 2:
            half = Phrase("half_a_page", n=count, size=spec.shop.page_size)
            notes.append(Phrase("on_page", page=page, words=half))
    return tuple(notes)
