"""Crawl the targets of some shards in one event loop.

    run_in_new_loop([0, 4], options, control, report)       # the body of a shard process
    await run_shards([0, 4], options, control, report)      # the same, in a loop that runs already
    await crawl(parts, options, control, report)            # with other sources of targets, or other sinks

A fixed number of coroutines take targets from the scheduler, so memory does not grow with the number of URLs. Each
requests its target with the downloader's own limits, retries and robots rules, reads the page, and gives the result to
the saver. Results are on disk before their targets count as finished.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from typing import NamedTuple

from crawler.bulk.control import Control
from crawler.bulk.descriptors import allow_descriptors
from crawler.bulk.model import BulkOptions, ShardProgress, Store, Target, shard_of, store_path
from crawler.bulk.page_reader import PageReader
from crawler.bulk.ports import Entry, Sink, TargetSource
from crawler.bulk.result import result_line
from crawler.bulk.saver import Saver
from crawler.bulk.scheduler import ASK_SECONDS, Job, Scheduler
from crawler.bulk.sink import ShardSink
from crawler.bulk.store import ShardStore
from crawler.bulk.url import NormalizedUrl, normalize_url
from crawler.download.client import Downloader
from crawler.download.exchange import (
    AttemptRecord,
    Exchange,
    FetchPolicy,
    HttpRecord,
    Problem,
    Request,
    blocked_by_status,
)
from crawler.fetch_verdict import FetchFailure, judge_fetch
from crawler.phrases import Phrase
from crawler.settings.fetching import FetchSettings
from crawler.verdict import Verdict

__all__ = [
    "Part",
    "collect_rarely",
    "crawl",
    "lookup_threads",
    "loop_factory",
    "new_downloader",
    "run_in_new_loop",
    "run_shards",
]

MAX_BYTES = 4 * 2**20
"""Limit on a body; the parser reads no more of a page. So many requests in flight could hold such a body at once."""

LOOKUPS = 256
"""Parallel lookups of names. A lookup holds a thread until the resolver gives up, for a dead name after 10 s or more,
and then others wait for a thread; so there are as many as requests."""

GC_THRESHOLD = 20_000
"""Objects, beyond those that were freed, after which the garbage collector looks at the young ones."""

OTHER_DESCRIPTORS = 64
"""File descriptors for everything but connections: stores, output files, the event loop, the program itself."""

_LOST = frozenset({Problem.NAME, Problem.CONNECT, Problem.TLS, Problem.TIMEOUT, Problem.RESET})
"""Problems of a host that gives no response."""


_log = logging.getLogger(__name__)


class Part(NamedTuple):
    """A shard: where its targets come from, and where its results go."""

    source: TargetSource
    sink: Sink


def run_in_new_loop(
    shards: Sequence[int],
    options: BulkOptions,
    control: Control,
    report: Callable[[ShardProgress], None],
) -> None:
    """Run `run_shards` in an event loop of its own, that of uvloop if it is installed; the body of a shard process.

    The process should then end by `os._exit`: a lookup of a name may hang in a thread, which cannot be cancelled, and
    the interpreter would wait for it.
    """
    collect_rarely()
    factory = loop_factory() or asyncio.new_event_loop
    loop = factory()
    try:
        loop.run_until_complete(run_shards(shards, options, control, report))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def collect_rarely() -> None:
    """Let the garbage collector run rarely: a request makes hundreds of objects, and hardly a cycle.

    With Python's own thresholds it takes a sixth of the time of a request.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop if the extra `speed` is installed; None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def run_shards(
    shards: Sequence[int],
    options: BulkOptions,
    control: Control,
    report: Callable[[ShardProgress], None],
) -> None:
    """Crawl the targets of `shards`, whose stores exist in `options.out`, until `control` ends it.

    Begin by cutting the output files of each shard to their committed lengths. Call `report` for each shard about twice
    a second, and at the end, from the loop's thread. A shard is `idle` when its store has no pending target and nothing
    is in flight; other shards may still hand targets over to it.

    Raises OutputError, in one line, if results cannot be saved, as on a full disk: what was committed before is safe,
    and the rest is still pending.
    """
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        # One thread makes every call that may wait for the disk; the loop only reads, from connections of its own.
        writer = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="writer"))
        parts = {}
        for shard in shards:
            sink = await loop.run_in_executor(writer, ShardSink, options, shard)
            stack.callback(sink.close)
            source = stack.enter_context(ShardStore.open(store_path(options.out, shard), readonly=True))
            parts[shard] = Part(source, sink)
        await _Crawl(parts, options, control, report, writer).run()


async def crawl(
    parts: Mapping[int, Part],
    options: BulkOptions,
    control: Control,
    report: Callable[[ShardProgress], None],
    *,
    downloader: Downloader | None = None,
) -> None:
    """Crawl the targets of `parts` until `control` ends it, as `run_shards` does; the caller closes them.

    A redirect to a host of another shard than these ends here: its sink gets the target as handed over. `downloader` is
    an open one of `new_downloader`, which stays open: its connections, robots.txt rules and limits of hosts serve the
    next crawl as well.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="writer") as writer:
        await _Crawl(parts, options, control, report, writer, downloader=downloader).run()


def new_downloader(options: BulkOptions) -> Downloader:
    """Return the downloader for one process of a crawl, not opened yet."""
    settings = FetchSettings()
    concurrency, room = _affordable(options)
    return Downloader(
        concurrency=options.per_host,
        max_connections=concurrency,
        max_idle_connections=max(options.per_host, min(concurrency, room - concurrency)),
        delay=options.delay,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        proxy=options.proxy,
        user_agent=options.user_agent or settings.user_agent,
    )


def lookup_threads() -> ThreadPoolExecutor:
    """Return the threads that look up names, for an event loop."""
    return ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")


def _affordable(options: BulkOptions) -> tuple[int, int]:
    """Return the number of requests at a time, and the file descriptors for their connections."""
    room = allow_descriptors(2 * options.concurrency + OTHER_DESCRIPTORS) - OTHER_DESCRIPTORS
    return max(1, min(options.concurrency, room * 2 // 3)), room


class _Crawl:
    """One run: the coroutines, what they share, and their progress."""

    def __init__(
        self,
        parts: Mapping[int, Part],
        options: BulkOptions,
        control: Control,
        report: Callable[[ShardProgress], None],
        writer: ThreadPoolExecutor,
        *,
        downloader: Downloader | None = None,
    ) -> None:
        settings = FetchSettings()
        self._concurrency, _ = _affordable(options)
        if self._concurrency < options.concurrency:
            _log.warning(
                "only %d parallel requests per process: this system allows no more open files",
                self._concurrency,
            )
        self._options = options
        self._control = control
        self._report = report
        self._shards = frozenset(parts)
        self._recorded = options.store is Store.WARC
        self._policy = FetchPolicy(
            attempts=settings.attempts,
            request_seconds=settings.request_timeout,
            total_seconds=settings.page_timeout,
            max_wait=settings.max_wait,
            max_bytes=MAX_BYTES,
            may_follow_robots=_is_valid,
            is_block=_blocked_by_target,
            obey_robots=options.obey_robots,
            allow_private=options.allow_private,
        )
        self._downloader = downloader or new_downloader(options)
        self._keeps_downloader = downloader is not None
        self._scheduler = Scheduler(
            {shard: part.source for shard, part in parts.items()},
            self._downloader.pace,
            per_host=options.per_host,
            workers=self._concurrency,
        )
        self._saver = Saver({shard: part.sink for shard, part in parts.items()}, writer, self._saved)
        self._reader = PageReader(options.parse, control.pulse)
        self._blamed = {
            number: verdict for part in parts.values() for number, verdict in part.source.blame().items()
        }
        self._progress = {shard: ShardProgress(shard) for shard in parts}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Run until `control` ends it, or saving fails."""
        loop = asyncio.get_running_loop()
        if not self._keeps_downloader:
            loop.set_default_executor(lookup_threads())

        def on_change() -> None:
            loop.call_soon_threadsafe(self._changed.set)

        self._control.listen(on_change)
        self._changed.set()
        try:
            async with nullcontext() if self._keeps_downloader else self._downloader:
                await self._run_tasks()
        finally:
            self._control.listen(None)
            self._scheduler.close()
        self._report_all()

    async def _run_tasks(self) -> None:
        workers = [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
        tasks = [*workers, *map(asyncio.create_task, (self._saver.run(), self._feed(), self._beat()))]
        ending = asyncio.create_task(self._end())
        try:
            # A task of ours ends early only by an error.
            await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ending, *tasks):
                task.cancel()
            results = await asyncio.gather(ending, *tasks, return_exceptions=True)
            await self._saver.flush()
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _end(self) -> None:
        """Wait until `control` wants the end."""
        while not self._control.stopping:
            await self._changed.wait()
            self._changed.clear()
            if self._control.draining and all(map(self._scheduler.is_idle, self._shards)):
                return
            if self._control.winding_down:
                self._scheduler.hold()
                if not any(each.in_flight for each in self._progress.values()):
                    return
            self._scheduler.look_again()

    async def _feed(self) -> None:
        while True:
            self._scheduler.feed()
            if self._scheduler.is_dry and not any(each.in_flight for each in self._progress.values()):
                self._saver.hurry()
            if self._control.draining and all(map(self._scheduler.is_idle, self._shards)):
                self._changed.set()
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    await self._scheduler.wants_feed.wait()
            except TimeoutError:
                pass

    async def _beat(self) -> None:
        while True:
            if self._control.pulse is not None:
                self._control.pulse.beat()
            self._report_all()
            await asyncio.sleep(0.5)

    def _report_all(self) -> None:
        for shard, progress in self._progress.items():
            progress.idle = self._scheduler.is_idle(shard)
            self._report(replace(progress, verdicts=dict(progress.verdicts)))

    # One target

    async def _work(self) -> None:
        redirects = _Redirects(self._shards, self._options.shards)
        policy = replace(self._policy, may_follow=redirects)
        while True:
            await self._saver.room()
            job = await self._scheduler.take()
            progress = self._progress[job.shard]
            progress.in_flight += 1
            responded: bool | None = None
            try:
                if job.silent:
                    entry = self._given_up(job)
                else:
                    exchange, entry = await self._crawl(job, policy, redirects)
                    responded = _responded(exchange)
                    progress.fetched_bytes += len(exchange.body)
            finally:
                progress.in_flight -= 1
                self._scheduler.done(job, responded=responded)
            self._saver.add(job.shard, entry)
            if self._control.winding_down:
                self._changed.set()

    def _given_up(self, job: Job) -> Entry:
        detail = Phrase("host_silent", host=job.target.host, n=job.silent)
        line = result_line(
            job.target,
            Verdict.NOT_ASKED,
            detail,
            None,
            milliseconds=0,
            charset="",
            content=self._reader.nothing,
        )
        return Entry(job.target, Verdict.NOT_ASKED, line)

    async def _crawl(self, job: Job, policy: FetchPolicy, redirects: _Redirects) -> tuple[Exchange, Entry]:
        target = job.target
        hops: list[HttpRecord] = []
        if target.redirects:
            policy = replace(policy, max_redirects=max(0, policy.max_redirects - target.redirects))
        redirects.begin()
        started = time.monotonic()
        exchange = await self._downloader.fetch(
            target.url,
            policy,
            on_attempt=redirects.note_attempt,
            on_hop=(lambda hop, _of_robots: hops.append(hop)) if self._recorded else None,
        )
        milliseconds = round(1000 * (time.monotonic() - started))
        if _is_redirected(exchange) and (blocked := blocked_by_status(exchange)) is not None:
            self._downloader.breaker.note(
                Request(exchange.final_url).netloc, blocked=blocked, retry_after=exchange.retry_after
            )
        failure = judge_fetch(exchange)
        if failure is not None and (elsewhere := self._elsewhere(target, exchange, failure, redirects)):
            return exchange, Entry(target, None, {}, hops, elsewhere)
        content, charset = self._reader.nothing, exchange.charset or ""
        if failure is not None:
            verdict, detail = failure.verdict, failure.detail
        elif (blamed := self._blamed.pop(target.number, None)) is not None:
            verdict, detail = blamed, self._blame_detail(blamed)
        else:
            verdict, detail, content, read_charset = self._reader.read(job.shard, target, exchange)
            charset = read_charset or charset
        line = result_line(
            target, verdict, detail, exchange, milliseconds=milliseconds, charset=charset, content=content
        )
        return exchange, Entry(target, verdict, line, hops)

    def _blame_detail(self, verdict: Verdict) -> str:
        if verdict is Verdict.PARSE_TIMEOUT:
            return Phrase("parser_slow", seconds=self._options.parse_seconds)
        return Phrase("parser_died")

    def _elsewhere(
        self, target: Target, exchange: Exchange, failure: FetchFailure, redirects: _Redirects
    ) -> Target | None:
        """Return the target as another shard is to continue it, if a redirect led to one of that shard's hosts."""
        elsewhere = redirects.elsewhere
        if exchange.redirect is None or elsewhere is None or failure.verdict is not Verdict.UNEXPECTED_PAGE:
            return None
        return replace(
            target,
            url=elsewhere.url,
            host=elsewhere.host,
            redirects=target.redirects + redirects.followed + 1,
            attempts=target.attempts + exchange.attempts,
        )

    def _saved(self, batch: Mapping[int, list[Entry]]) -> None:
        for shard, entries in batch.items():
            progress = self._progress[shard]
            for entry in entries:
                if entry.verdict is None:
                    progress.handed_over += 1
                else:
                    progress.finished += 1
                    progress.verdicts[entry.verdict] = progress.verdicts.get(entry.verdict, 0) + 1
            self._scheduler.saved(shard, [entry.target.host for entry in entries])


def _responded(exchange: Exchange) -> bool | None:
    """Return True if the host of a target responded, False if it did not, None if it was not asked."""
    if exchange.status is not None or exchange.final_url != exchange.url:  # a redirect is a response
        return True
    return False if exchange.problem in _LOST else None


def _is_redirected(exchange: Exchange) -> bool:
    """Return True if redirects led to another host than that of the target."""
    return (
        exchange.final_url != exchange.url
        and Request(exchange.final_url).netloc != Request(exchange.url).netloc
    )


def _blocked_by_target(exchange: Exchange) -> bool | None:
    """Recognize a block by the target's own host; None for the response of another host, which has its own breaker."""
    return None if _is_redirected(exchange) else blocked_by_status(exchange)


def _is_valid(url: str) -> bool:
    """Follow a redirect of a robots.txt to any host, also of another shard.

    The rules apply to the host that redirects (RFC 9309 §2.3.1.2), and it is one request a day.
    """
    return isinstance(normalize_url(url), NormalizedUrl)


class _Redirects:
    """Decides on the redirects of one coroutine's pages: those within the process's own shards are followed."""

    def __init__(self, own: frozenset[int], shards: int) -> None:
        self._own = own
        self._shards = shards
        self.followed = 0
        """The redirects followed in the last attempt."""
        self.elsewhere: NormalizedUrl | None = None
        """The address in another shard to which the last attempt was redirected."""

    def begin(self) -> None:
        """Begin a target."""
        self.followed, self.elsewhere = 0, None

    def note_attempt(self, attempt: AttemptRecord) -> None:
        """Begin anew if there is another attempt: it begins with the target's own address."""
        if attempt.retry_in is not None:
            self.begin()

    def __call__(self, url: str) -> bool:
        target = normalize_url(url)
        if not isinstance(target, NormalizedUrl):
            return False
        if shard_of(target.host, self._shards) in self._own:
            self.followed += 1
            return True
        self.elsewhere = target
        return False
