"""The engine: one downloader, one set of rate limits and one parse pool for all searches of a process.

    async with Crawler(settings) as crawler:
        async for event in crawler.search("滲透測試"):
            ...

`crawl` is the shortcut: one call, one result. Neither prints, writes report files or handles signals.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from crawler.engine_events import EngineEvent, PaceChanged, RobotsNoted
from crawler.errors import EngineClosedError, UsageError
from crawler.events import Event, SearchFinished
from crawler.options import CrawlOptions, ReplayOptions, SearchOptions
from crawler.parsing.page_parser import PageParser, page_parser
from crawler.phrases import Phrase
from crawler.query import Query, in_script
from crawler.search.background import Background
from crawler.settings import SearchSettings, Settings, options_of
from crawler.source import Source
from parsers.registry import DEFAULT_SHOP, SHOPS
from parsers.shop import is_within

if TYPE_CHECKING:
    from crawler.page_key import PageKey
    from crawler.recording.replay_model import Recorder, SavedPage, SavedRun
    from crawler.results import SearchResult
    from crawler.search.run import Search
    from crawler.search.spec import SearchSpec
    from parsers import Shop

__all__ = ["Crawler", "crawl"]

SEARCH_OPTIONS = options_of(SearchSettings).keys()
"""The settings that each search of a shared engine may choose for itself."""


def utc_now() -> dt.datetime:
    """Return the current time, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


class Crawler:
    """An engine for any number of searches, one after another or in parallel.

    `settings` defaults to `Settings()`: only the command reads files and the environment. `executor` is any
    `concurrent.futures.Executor` to parse in; it belongs to the caller, and the engine does not shut it down. `demo`
    starts the embedded demo shop and sends every request there; `demo_day` returns the day whose prices it shows, and
    None means prices that never change. `pool` is a parse pool that was started earlier; the
    engine closes it. `robots_folder` keeps robots.txt files for a day; None keeps them in memory. `now` is the clock.
    `shop` is the name of the shop to search, one of `parsers.SHOPS`.

    Raises UsageError for an unknown shop and for options that exclude each other.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        shop: str = DEFAULT_SHOP.name,
        executor: Executor | None = None,
        demo: bool = False,
        demo_day: Callable[[], dt.date] | None = None,
        pool: PageParser | None = None,
        robots_folder: Path | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        if executor is not None and pool is not None:
            raise UsageError("give either an executor or a pool, not both")
        self.settings = settings or Settings()
        if demo and self.settings.base_url is not None:
            raise UsageError("the demo shop has its own address; give either demo or base_url")
        self._shop = _registered(shop)
        if demo and self._shop != DEFAULT_SHOP:
            raise UsageError(f"the demo shop imitates {DEFAULT_SHOP.name}; give either demo or another shop")
        self._executor = executor
        self._demo = demo
        self._demo_day = demo_day
        self._pool = pool
        self._robots_folder = robots_folder
        self._now = now
        self._parser: PageParser | None = None
        self._stack = AsyncExitStack()
        self._searches: set[Search] = set()
        self._base_url: str | None = None

    async def __aenter__(self) -> Self:
        wanted = self.settings
        async with AsyncExitStack() as stack:
            # Do this first: the workers load the parser while the parent imports its network library.
            parser = self._pool or page_parser(
                workers=wanted.workers, timeout=wanted.parse_timeout, executor=self._executor
            )
            stack.push_async_callback(parser.close)
            parser.on_event = self._pass_on

            from crawler.download.certificates import deferred_certificates

            with deferred_certificates():
                from crawler.download.client import Downloader

            self._downloader = await stack.enter_async_context(
                Downloader(
                    concurrency=wanted.concurrency,
                    delay=wanted.delay,
                    connect_timeout=wanted.connect_timeout,
                    read_timeout=wanted.read_timeout,
                    proxy=wanted.proxy,
                    user_agent=wanted.user_agent,
                    # A demo shop listens on a different port each time.
                    robots_folder=None if self._demo else self._robots_folder,
                    on_pace=self._on_pace,
                    on_gap=self._on_gap,
                    on_robots_note=self._on_robots_note,
                    now=self._now,
                )
            )
            self._background = Background()
            stack.callback(self._background.close)
            if self._demo:
                from crawler.demo.server import DemoShop

                shop = await stack.enter_async_context(DemoShop(today=self._demo_day))
                self._base_url = shop.base_url
            self._stack = stack.pop_all()
        self._parser = parser
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parser = None
        searches = list(self._searches)
        self.stop(Phrase("engine_closed"))
        try:
            await asyncio.gather(*(search.ended() for search in searches))
        finally:
            await self._stack.aclose()

    def stop(self, reason: str) -> None:
        """Stop every running search: each ends within two seconds with the pages that it has, marked with `reason`."""
        for search in list(self._searches):
            search.stop(reason)

    def spec(self, query: str, **options: Unpack[SearchOptions]) -> SearchSpec:
        """Return the specification of a search for `query` with `options`. Raises the same errors as `search`."""
        self._open_parser()
        settings = self.settings.replace(**options)
        foreign = sorted(options.keys() - SEARCH_OPTIONS)
        if foreign:
            raise UsageError(
                f"{foreign[0]} applies to the whole engine; set it in Settings, not for one search"
            )
        if self._demo and options.get("base_url") is not None:
            raise UsageError("the demo shop has its own address; omit base_url")

        from crawler.search.spec import SearchSpec

        typed, shop = str(Query(query)), self._shop
        source = Source.at(self._base_url or settings.base_url, demo=self._demo, shop=shop)
        return SearchSpec(typed, in_script(typed, shop.query_script), source, settings)

    async def search(
        self,
        query: str,
        *,
        recorder: Recorder | None = None,
        saved: Mapping[PageKey, SavedPage] | None = None,
        **options: Unpack[SearchOptions],
    ) -> AsyncGenerator[Event, None]:
        """Search for `query` and yield its events as they happen; the last is `SearchFinished`, with the result.

        A loop that falls far behind skips events that later ones replace, but never a page's last verdict.

        `options` are the settings that each search may choose for itself: pages, sellers, category, sort, min_price,
        max_price, rank, keep, the filters (max_volume_price, publisher, author, since, min_reviews), max_seconds,
        base_url. A page that fails raises nothing; its verdict is in the result. Leaving the loop ends the search.
        `recorder` receives every request and page, for a journal; `saved` are pages of an earlier run by key, which the
        search does not request again.

        Raises UsageError for an empty or unreadable query or an option that belongs to the engine, SettingsError for an
        unknown option or a value out of range, EngineClosedError outside `async with`.
        """
        async with self.start(query, recorder=recorder, saved=saved, **options) as search:
            async for entry in search.log.read():
                yield entry.event

    @asynccontextmanager
    async def start(
        self,
        query: str,
        *,
        recorder: Recorder | None = None,
        saved: Mapping[PageKey, SavedPage] | None = None,
        **options: Unpack[SearchOptions],
    ) -> AsyncGenerator[Search, None]:
        """Start a search that runs whether or not anyone reads its events; leaving the block ends it.

        Any number of readers may follow the `log` of the search, each from any event on:
        `async for entry in search.log.read(after=7)`. Arguments and errors are those of `search`.
        """
        async with self._started(self.spec(query, **options), recorder=recorder, saved=saved) as search:
            yield search

    async def replay(self, run: SavedRun, **options: Unpack[ReplayOptions]) -> AsyncGenerator[Event, None]:
        """Yield the events of a recorded search as if it ran again; send no requests.

        `options` override the recorded settings that shape the report: rank, keep and the filters. The result has the
        times of the recorded run. Raises UsageError for a recording with values that no search can have.
        """
        from crawler.search.spec import replayed_spec

        self._open_parser()
        async with self._started(replayed_spec(run.parameters, **options), replay=run) as search:
            async for entry in search.log.read():
                yield entry.event

    @asynccontextmanager
    async def _started(
        self,
        spec: SearchSpec,
        *,
        recorder: Recorder | None = None,
        saved: Mapping[PageKey, SavedPage] | None = None,
        replay: SavedRun | None = None,
    ) -> AsyncGenerator[Search, None]:
        from crawler.download.exchange import FetchPolicy, blocked_for_certain
        from crawler.report.search.renderer import ReportRenderer
        from crawler.search.run import Search

        parser, settings = self._open_parser(), spec.settings
        source, host = spec.source, urlsplit(spec.source.base_url).hostname or ""
        policy = FetchPolicy(
            attempts=settings.attempts,
            request_seconds=settings.request_timeout,
            total_seconds=settings.page_timeout,
            max_wait=settings.max_wait,
            max_bytes=settings.max_body_bytes,
            may_follow=RedirectScope(source.base_url, source.shop.hosts if source.is_live else ()),
            named_hosts=frozenset() if source.is_live else frozenset({host}),
            obey_robots=settings.obey_robots,
            is_block=blocked_for_certain,
        )
        search = Search(
            spec, downloader=self._downloader, parser=parser, policy=policy, now=self._now, renderer=ReportRenderer(),
            background=self._background, recorder=recorder, saved=saved, replay=replay,
        )  # fmt: skip
        self._searches.add(search)
        try:
            async with aclosing(search):
                search.start()
                yield search
        finally:
            self._searches.discard(search)

    def _open_parser(self) -> PageParser:
        if self._parser is None:
            raise EngineClosedError("a Crawler searches only inside `async with Crawler(…) as crawler:`")
        return self._parser

    def _on_pace(self, host: str, at_once: int, why: str) -> None:
        self._pass_on(PaceChanged(host, at_once, why))

    def _on_gap(self, host: str, gap: float, why: str) -> None:
        self._pass_on(PaceChanged(host, self._downloader.pace.limit(host), why, gap))

    def _on_robots_note(self, host: str, note: str) -> None:
        self._pass_on(RobotsNoted(host, note))

    def _pass_on(self, event: EngineEvent) -> None:
        for search in list(self._searches):
            search.pass_on(event)


@dataclass(frozen=True, slots=True)
class RedirectScope:
    """The scope of a search's redirects: the domains `hosts` or, without any (demo, replica), exactly the same host.

    The downloader refuses by itself the redirects that no policy may allow. A redirect to a login page is not followed:
    the address alone shows that the shop blocks us. This is a value, so that a policy can be sent to another process.
    """

    base_url: str
    hosts: tuple[str, ...] = ()

    def __call__(self, url: str) -> bool:
        """Return True if redirects to `url` are followed."""
        from crawler.download.exchange import Request
        from crawler.fetch_verdict import is_login_url

        target = Request(url)
        base = Request(self.base_url)
        own = is_within(target.host, self.hosts) if self.hosts else target.netloc == base.netloc
        return own and not is_login_url(url)


def _registered(shop: str) -> Shop:
    """Return a shop by its name. Raises UsageError for an unknown one."""
    if shop not in SHOPS:
        raise UsageError(f"unknown shop {shop!r:.60}; use one of {', '.join(SHOPS)}")
    return SHOPS[shop]


async def crawl(
    query: str,
    *,
    settings: Settings | None = None,
    shop: str = DEFAULT_SHOP.name,
    executor: Executor | None = None,
    demo: bool = False,
    history: str | os.PathLike[str] | None = None,
    **options: Unpack[CrawlOptions],
) -> SearchResult:
    """Search for `query` and return the whole result.

    `options` are those of the command, as keywords: pages, sellers, category, sort, min_price, max_price, rank, keep,
    max_volume_price, publisher, author, since, min_reviews, max_seconds, concurrency, workers, proxy, base_url and
    every other field of `Settings`; they override `settings`. `shop` is the name of the shop to search, one of
    `parsers.SHOPS`. `executor` is any `concurrent.futures.Executor` to parse in; `demo` searches the embedded demo
    shop. Parallel calls in one event loop with the same engine settings share an engine. `history` is the file of
    recorded prices: the search is recorded there, and each book of the result gets its price history; None records
    nothing.

    Raises UsageError for an empty or unreadable query, an unknown shop or an option that the shop lacks, SettingsError
    for an unknown option or a value out of range, HistoryError for an unusable history: before the search, if that is
    known by then. Pages that fail raise nothing: see `result.complete` and `result.failed`.
    """
    wanted = (settings or Settings()).replace(**options)
    _registered(shop)
    query = Query(query)
    if history is not None:
        from crawler.history.store import History

        await asyncio.to_thread(lambda: History(Path(history)).close())
    own = {name: getattr(wanted, name) for name in SEARCH_OPTIONS}
    async with _shared_engine(wanted, executor, shop=shop, demo=demo) as engine:
        async for event in engine.search(query, **own):
            if isinstance(event, SearchFinished):
                result = event.result
    if history is not None:
        from crawler.history.recording import record_and_annotate
        from crawler.local_time import local_zone

        result = await asyncio.to_thread(record_and_annotate, result, Path(history), local_zone())
    return result


@dataclass(slots=True)
class _Share:
    """An engine shared by several calls."""

    engine: Crawler
    opening: asyncio.Future[Crawler]
    users: int = 0


_shares: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, _Share]] = WeakKeyDictionary()
"""The engines that calls of `crawl` share, by event loop, and within it by settings and executor."""


@asynccontextmanager
async def _shared_engine(
    settings: Settings, executor: Executor | None, *, shop: str, demo: bool
) -> AsyncIterator[Crawler]:
    """Provide an engine that calls in one event loop share: the first opens it, the last closes it."""
    shares = _shares.setdefault(asyncio.get_running_loop(), {})
    defaults = Settings()
    engine_settings = settings.replace(**{name: getattr(defaults, name) for name in SEARCH_OPTIONS})
    key = (engine_settings, id(executor), shop, demo)
    share = shares.get(key)
    if share is None:
        engine = Crawler(engine_settings, shop=shop, executor=executor, demo=demo)
        share = shares[key] = _Share(engine, asyncio.ensure_future(engine.__aenter__()))
    share.users += 1
    try:
        # Shielded, because the cancellation of one caller must not affect the others.
        yield await asyncio.shield(share.opening)
    finally:
        share.users -= 1
        if not share.users:
            del shares[key]
            # Close it in a task of its own: a caller that is cancelled once more must not leave a worker behind.
            await asyncio.shield(asyncio.ensure_future(_close(share)))


async def _close(share: _Share) -> None:
    share.opening.cancel()
    await asyncio.wait([share.opening])
    if not share.opening.cancelled() and share.opening.exception() is None:
        await share.engine.__aexit__(None, None, None)
