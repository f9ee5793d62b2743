"""One search, from the query to the result: fetch pages, parse them, judge them, build books.

The search requests pages in parallel, as the host's limiter allows, without waiting for page 1. Once a page states how
many there are, requests for later pages are cancelled. The search appends its events to a log; it does not depend on
readers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.download.exchange import (
    BLOCK_STATUSES,
    AttemptRecord,
    Exchange,
    FetchPolicy,
    HttpRecord,
    Problem,
    Request,
    Spent,
)
from crawler.engine_events import EngineEvent
from crawler.events import (
    Attempt,
    PageFinished,
    PageRejected,
    PagesKnown,
    PagesResumed,
    SearchFinished,
    SearchStarted,
)
from crawler.local_time import local_zone, offset_name
from crawler.page_key import PageKey
from crawler.parsing.job import ParseFailure, ParseJob
from crawler.phrases import Phrase
from crawler.recording.replay_model import RunEnd, SavedPage
from crawler.search.background import Background
from crawler.search.event_log import EventLog
from crawler.search.findings import Findings, import_book_modules
from crawler.search.judging import PARSE_VERDICTS, Judgement, judge_search
from crawler.search.page_list import PageList
from crawler.search.price_check import pages_needed
from crawler.verdict import Verdict
from parsers.model import SearchPage
from parsers.registry import SEARCH

if TYPE_CHECKING:
    from crawler.books.pipeline import BookList
    from crawler.download.client import Downloader
    from crawler.parsing.page_parser import PageParser
    from crawler.recording.replay_model import Recorder, SavedRun
    from crawler.results import Renderer, SearchResult
    from crawler.search.spec import SearchSpec

__all__ = ["Search"]

PARSE_GRACE_SECONDS = 1.5
"""How long a stopped search waits for pages that are fetched and being parsed."""

WARM_UP_DELAY = 0.05
"""Seconds until the import of the modules that build books: by then the first requests are out, and not yet
answered."""

UNREADABLE = {verdict: reason for reason, verdict in PARSE_VERDICTS.items()}
"""The verdicts that concern the parse process rather than the page, with their reasons: a replay keeps them."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """The response for a page, and the judgement on it."""

    exchange: Exchange
    fetched_at: dt.datetime
    judgement: Judgement


class Search:
    """A search; `start` runs it, and `log` has its events, the last of which carries the result.

    `recorder` receives every request and page. `saved` are pages of an earlier run, used instead of new requests.
    `replay` is a whole earlier run: the search then sends no requests, and its result is that run's.
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
        background: Background,
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
        self._background = background
        self._recorder = recorder
        self._replay = replay
        self._saved = dict(saved or {}) if replay is None else dict(replay.pages)
        self._own = self._page_list(spec.pages, price_order=False)
        self._beside = self._page_list(spec.price_pages, price_order=True) if spec.price_pages else None
        self._lists = (self._own,) if self._beside is None else (self._own, self._beside)
        self.log = EventLog.for_pages(self._requested)
        self._announced: set[PageKey] = set()
        self._spent: defaultdict[PageKey, Spent] = defaultdict(Spent)
        """The attempts and the time that each page has used up."""
        self._came_at: dict[PageKey, float] = {}
        """The time at which the last attempt at each page ended, by `time.monotonic()`."""
        self._fetches: dict[PageKey, asyncio.Task[Exchange]] = {}
        self._findings = Findings(spec, self._own, self._beside)
        self._host = Request(spec.source.base_url).netloc
        self._stopped: str | None = None
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def _page_list(self, requested: int, *, price_order: bool) -> PageList:
        # Nothing may refer back to the search, or its result would stay in memory until the garbage collector comes by.
        numbers, url = range(1, requested + 1), self._spec.url
        return PageList(
            price_order=price_order,
            requested=requested,
            asked=[n for n in numbers if self._replay is None or PageKey(price_order, n) in self._saved],
            url=lambda number: url(number, price_order=price_order),
        )

    def start(self) -> None:
        """Run the search, whether or not anyone reads its log; call `aclose` at the end."""
        self._running = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """End the search and its log; if it is still running, it has no result."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        self.log.close()

    def stop(self, reason: str) -> None:
        """Send no more requests and cancel those in flight; the result follows at once, marked with `reason`.

        Pages already fetched are still parsed, within a grace period of 1.5 s.
        """
        if self._stopped is None:
            self._stopped = reason
            self._stopping.set()
            for fetch in self._fetches.values():
                fetch.cancel()

    async def books_so_far(self) -> BookList:
        """Build the books on the pages read until now, for a reader who watches the search."""
        findings = self._findings
        return await self._background.run(findings.books_so_far(), listings=findings.listing_count)

    async def ended(self) -> None:
        """Wait until the search has finished all its work; call `stop` first."""
        if self._running is not None:
            await asyncio.wait([self._running])

    def pass_on(self, event: EngineEvent) -> None:
        """Log an event of the engine: of a parse process, of a host's rate limit or of its robots.txt."""
        if not self.log.closed:
            self.log.append(event)

    async def _run(self) -> None:
        try:
            await self._drive()
        except Exception as error:  # noqa: BLE001 – a defect of ours, which every reader of the log receives
            self.log.close(error)
        else:
            self.log.close()

    async def _drive(self) -> None:
        spec, started_at = self._spec, self._now()
        self.log.append(SearchStarted(spec.query, spec.query_sent, self._own.requested))
        # Only a head start: if no process can be started, the first page reports it.
        with suppress(OSError, ImportError, NotImplementedError):
            self._parser.warm_up(self._requested)
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
            stopped, book_list = await self._read_and_rank()
            while stopped is None and self._replay is None and self._findings.needs_more(book_list):
                stopped, book_list = await self._read_and_rank()
        finally:
            if timer is not None:
                timer.cancel()
        result = self._result(started_at, book_list, stopped)
        if self._recorder is not None:
            verdicts = {page.page: (page.verdict.value, page.detail) for page in result.pages}
            await self._recorder.end(RunEnd(result.finished_at, result.stopped, verdicts))
        self.log.append(SearchFinished(result))

    async def _read_and_rank(self) -> tuple[str | None, BookList]:
        """Read the pages that are queued; return why that was stopped, if it was, and the books so far.

        A stop during the ranking changes nothing: all pages were read by then.
        """
        await self._read_pages()
        stopped = self._stopped
        books = await self._background.run(self._findings.books, listings=self._findings.listing_count)
        return stopped, books

    async def _read_pages(self) -> None:
        """Read the queued pages until none is left or the search is stopped."""
        # More workers than slots, so that the host's slots stay filled while pages are being parsed.
        most = min(self._requested, 2 * self._spec.settings.concurrency)
        await self._background.turn()
        workers = [asyncio.create_task(self._page_worker()) for _ in range(most)]
        warming_up = asyncio.get_running_loop().call_later(WARM_UP_DELAY, import_book_modules)
        try:
            await self._until_done_or_stopped(workers)
        finally:
            warming_up.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    @property
    def _requested(self) -> int:
        return sum(pages.requested for pages in self._lists)

    def _tell_resumed(self) -> None:
        """Log the number of pages taken from an earlier run."""
        if self._replay is not None:
            return
        keys = [pages.key(number) for pages in self._lists for number in range(1, pages.requested + 1)]
        taken = [key for key in keys if key in self._saved]
        if taken:
            since = min(self._saved[key].fetched_at for key in taken)
            price_pages = sum(key.price_order for key in taken)
            self.log.append(PagesResumed(len(taken) - price_pages, since, price_pages))

    async def _until_done_or_stopped(self, workers: list[asyncio.Task[None]]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            pending = set(workers)
            while pending and not stopping.done():
                await asyncio.wait({*pending, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for worker in [worker for worker in pending if worker.done()]:
                    await worker  # raises if a defect of ours made the worker raise
                    pending.remove(worker)
            if pending:
                await asyncio.wait(pending, timeout=PARSE_GRACE_SECONDS)
        finally:
            stopping.cancel()

    async def _page_worker(self) -> None:
        """Take pages one by one, from request to verdict, until none is left."""
        while (pages := self._next_list()) is not None:
            number = pages.take()
            page = pages.key(number)
            known = self._saved.get(page)
            if known is None:
                ended = await self._ask_for(pages, number)
                if ended is None:
                    # Stopped, or past the end; if a later page states more pages, this one is requested after all.
                    pages.put_back(number)
                    continue
            else:
                parsed = await self._parse(page, known.exchange, known)
                ended = _Answer(known.exchange, known.fetched_at, self._judge(page, known.exchange, parsed))
                if not known.verdict and ended.judgement.verdict.failed:
                    # The earlier run was killed before it could judge this page, so fetch it again.
                    del self._saved[page]
                    pages.put_back(number)
                    continue
            exchange, judgement = ended.exchange, ended.judgement
            self._findings.attempts[page] = exchange.attempts
            self._findings.fetched_at[page] = ended.fetched_at
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
        """Fetch and judge a page; return None if it was given up before its response arrived.

        Request a truncated page again while attempts and time last, and a wrong page once.
        """
        page, ended, was_wrong = pages.key(number), None, False
        while (exchange := await self._fetch(page)) is not None:
            fetched_at = self._now()
            # Before the page is parsed: otherwise more requests would go out meanwhile.
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
            self.log.append(PageRejected(number, judgement.detail, pages.price_order))
        return ended

    def _judge(
        self, page: PageKey, exchange: Exchange, parsed: SearchPage | ParseFailure | None
    ) -> Judgement:
        return judge_search(exchange, parsed, query=self._spec.query_sent, number=page.number)

    def _may_ask_again(self, page: PageKey) -> bool:
        """Return True if a page has attempts and time left."""
        spent = self._spent[page]
        return spent.attempts < self._policy.attempts and spent.seconds < self._policy.total_seconds

    async def _parse(
        self, page: PageKey, exchange: Exchange, known: SavedPage | None
    ) -> SearchPage | ParseFailure | None:
        if not exchange.body or exchange.problem is not None:
            return None
        if known is not None and known.verdict in UNREADABLE:
            return ParseFailure(UNREADABLE[Verdict(known.verdict)], known.detail)
        package = self._spec.source.shop.module
        job = ParseJob(package, SEARCH, exchange.body, exchange.charset, page.number)
        parsed = await self._parser.parse(job)
        if page.price_order and isinstance(parsed, SearchPage):
            listings = tuple(replace(listing, price_order=True) for listing in parsed.listings)
            return replace(parsed, listings=listings)
        return parsed

    def _note_block(self, page: PageKey, exchange: Exchange, judged: Judgement | None) -> None:
        """Count consecutive blocks; if there are too many, the host's circuit breaker ends the search.

        The fetch has already counted blocks that it knows by their status; others show once the page is `judged`. The
        two lists count separately: a search whose pages are all blocked is not blocked twice because of its price
        check.
        """
        if exchange.status is None or (exchange.status in BLOCK_STATUSES) != (judged is None):
            return  # without a response, it is unknown whether the shop blocks us
        blocked = judged is None or judged.verdict is Verdict.BLOCKED
        if judged is not None:
            self._downloader.breaker.note(
                self._host,
                blocked=blocked,
                retry_after=exchange.retry_after,
                group=page.price_order,
                came_at=self._came_at.get(page),
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
        """Return the list whose next page goes out first; None if no page is left or the search is stopped.

        The first pages of both lists go out first. The other pages in price order go out last: by then the first one
        has often shown that they are not needed.
        """
        if self._stopped is not None:
            return None
        waiting = [pages for pages in self._lists if pages.next is not None]
        return min(waiting, key=lambda pages: (pages.next != 1, pages.price_order), default=None)

    async def _fetch(self, page: PageKey) -> Exchange | None:
        """Fetch a page; return None if it was given up on the way."""
        url = self._spec.url(page.number, price_order=page.price_order)

        def record_attempt(record: AttemptRecord) -> None:
            self._came_at[page] = time.monotonic()
            self._findings.attempts[page] = record.number
            seconds = self._spent[page].seconds + record.seconds + (record.retry_in or 0.0)
            self._spent[page] = Spent(record.number, seconds)
            attempt = Attempt(
                page.number, url, record.number, record.outcome, record.seconds, record.retry_in, record.waited,
                page.price_order,
            )  # fmt: skip
            self.log.append(attempt)

        def keep(hop: HttpRecord, of_robots: bool) -> None:
            if self._recorder is not None:
                self._recorder.hop(None if of_robots else page, hop)

        fetch = asyncio.create_task(
            self._downloader.fetch(
                url,
                self._policy,
                on_attempt=record_attempt,
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
                # Another search opened the breaker, so nothing was sent. If it is closed again, the page is requested
                # anew.
                self._stop_if_blocked("")
                return None
            return exchange
        finally:
            del self._fetches[page]
            fetch.cancel()

    def _settle(self, pages: PageList, number: int, judgement: Judgement) -> None:
        """Record a page's judgement, and announce the changes that it makes to other pages."""
        available = pages.available
        changed = pages.settle(number, judgement)
        if pages is self._own and pages.available is not None and pages.available != available:
            self.log.append(PagesKnown(pages.available))
        self._announce(pages, changed)
        if self._beside is not None and self._beside.enough is None and self._replay is None:
            self._beside.enough = pages_needed(self._beside, self._findings.cheapest)
        for each in self._lists:
            for key, fetch in self._fetches.items():
                if key.price_order == each.price_order and key.number > each.last:
                    fetch.cancel()

    def _announce(self, pages: PageList, changed: Iterable[int]) -> None:
        changed = list(changed)
        self._findings.add(pages, changed)
        for number in changed:
            key, judgement = pages.key(number), pages.final[number]
            self.log.append(
                PageFinished(
                    number,
                    judgement.verdict,
                    judgement.detail,
                    listings=len(pages.listings(number)),
                    cheapest=self._findings.cheapest,
                    books=self._findings.kept_count,
                    revised=key in self._announced,
                    plain_items=judgement.page.plain_items if judgement.page is not None else 0,
                    tree_items=judgement.page.tree_items if judgement.page is not None else 0,
                    price_order=pages.price_order,
                )
            )
            self._announced.add(key)

    def _result(self, started_at: dt.datetime, book_list: BookList, stopped: str | None) -> SearchResult:
        """Give every page its final verdict, and return the result; `stopped` is why reading pages ended early."""
        replayed = self._replay
        if replayed is not None and stopped is None:
            stopped = replayed.ended.stopped if replayed.ended is not None else Phrase("run_was_killed")
        for pages in self._lists:
            self._announce(pages, pages.end(stopped or Phrase("search_ended")))
        return self._findings.result(
            book_list,
            started_at=started_at if replayed is None else replayed.parameters.started_at,
            finished_at=self._finished_at(),
            stopped=stopped,
            renderer=self._renderer,
        )

    def _finished_at(self) -> dt.datetime:
        if self._replay is None:
            return self._now()
        if self._replay.ended is not None:
            return self._replay.ended.finished_at
        times = [page.fetched_at for page in self._replay.pages.values()]
        return max(times, default=self._replay.parameters.started_at)


def _is_wrong(pages: PageList, number: int, judgement: Judgement) -> bool:
    """Return True if a response is a different page from the one requested."""
    # The shop may have sent its last page in place of a page that, according to others, exists.
    too_early = judgement.verdict is Verdict.PAST_END and number <= (pages.available or 0)
    return judgement.wrong_page or too_early
