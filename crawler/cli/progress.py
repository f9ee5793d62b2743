"""Report the progress of a search on stderr: a bar on a terminal, one line per problem, everything with --verbose."""

from __future__ import annotations

import asyncio
import gc
import importlib
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.engine_events import PaceChanged, RobotsNoted, WorkerEvent
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
from crawler.report.search.outcomes import outcome, pace_in_words, price_failures
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.cli.progress_bar import ProgressBar
    from crawler.labels import Labels
    from crawler.results import SearchResult

__all__ = ["ProgressReporter"]


class ProgressReporter:
    """Reports the events of a search as they arrive.

    Failed pages are held back until a first page has been read: if none is, one line reports them all
    (`crawler.cli.summary`), not a hundred. `preload` names modules that are needed later: they are imported
    `preload_delay` seconds after the start, while the first requests wait for their responses. `words` are the texts of
    its language; None means the command's.
    """

    def __init__(
        self,
        *,
        bar: bool,
        verbose: bool,
        quiet: bool = False,
        preload: tuple[str, ...] = (),
        preload_delay: float = 0.0,
        words: Labels | None = None,
    ) -> None:
        self._quiet = quiet
        self._wants_bar = bar
        self._bar: ProgressBar | None = None
        self._verbose = verbose
        self._preload = preload
        self._preload_delay = preload_delay
        self._preloading: asyncio.Task[None] | None = None
        self._needed = asyncio.Event()
        self._requested = 0
        self._available: int | None = None
        self._finished: dict[PageKey, PageFinished] = {}
        """The latest event of each page, in order of arrival."""
        self._words = words or console.words()
        self._held: set[PageKey] = set()
        """Failed pages that were not reported yet."""
        self._told: set[PageKey] = set()
        """Failed pages that were reported."""

    async def handle(self, event: Event) -> None:  # noqa: C901 – one case per event
        """Report one event."""
        await self._finish_preloading(wait=isinstance(event, SearchFinished))
        match event:
            case SearchStarted():
                self._start(event)
            case PagesResumed():
                self._tell_resumed(event)
            case Attempt():
                self._tell_attempt(event)
            case PageRejected():
                why = self._words.text(event.detail)
                self._detail(self._of(self._page(event), self._words("asked_again", why=why)))
            case WorkerEvent():
                self._detail(self._worker_in_words(event))
            case PaceChanged():
                self._detail(pace_in_words(event, self._words))
            case RobotsNoted():
                if not self._quiet:
                    self._say(self._of(event.host, self._words.text(event.note)))
            case PagesKnown():
                self._available = event.available
                self._detail(self._words("shop_states", n=event.available))
            case PageFinished():
                self._tell_page(event)
            case SearchFinished():
                self.close()
                self._tell_price_pages(event.result)
                self._tell_items()

    def close(self) -> None:
        """Remove the bar and restore the terminal."""
        if self._preloading is not None:
            self._preloading.cancel()
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def _start(self, event: SearchStarted) -> None:
        self._requested = event.pages
        self._detail(self._words("searching", sent=event.query_sent, query=event.query, pages=event.pages))
        self._preloading = asyncio.create_task(self._import_and_draw())

    async def _finish_preloading(self, *, wait: bool) -> None:
        """Raise the error of an import that failed, once it is done; with `wait`, the modules are needed now."""
        if self._preloading is not None and (wait or self._preloading.done()):
            self._needed.set()
            preloading, self._preloading = self._preloading, None
            await preloading

    async def _import_and_draw(self) -> None:
        """Import what is needed later, then show the bar."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._needed.wait(), self._preload_delay)
        await asyncio.to_thread(self._import_the_rest)
        if self._wants_bar:
            from crawler.cli.progress_bar import ProgressBar

            self._bar = ProgressBar(self._requested, self._words)
            self._draw()

    def _import_the_rest(self) -> None:
        for module in ("crawler.cli.progress_bar",) * self._wants_bar + self._preload:
            importlib.import_module(module)
        # Imported objects live until this short process ends: scanning them for garbage costs 20 ms.
        gc.freeze()

    def _tell_resumed(self, event: PagesResumed) -> None:
        if not self._quiet:
            since = event.fetched_from.astimezone(local_zone())
            time = f"{since:%Y-%m-%d %H:%M:%S} {offset_name(since)}"
            name = "resumed_price_pages" if event.price_pages else "resumed_pages"
            numbers = {"pages": event.pages, "all": self._requested, "price_pages": event.price_pages}
            self._say(self._words(name, time=time, **numbers))

    def _tell_attempt(self, event: Attempt) -> None:
        say = self._words
        made = say("attempt_made", n=event.number, outcome=say.text(event.outcome), seconds=event.seconds)
        if event.waited >= 0.005:
            made += say("attempt_waited", seconds=event.waited)
        if event.retry_in is not None:
            made += say("attempt_again", seconds=event.retry_in)
        self._detail(self._of(self._page(event), made))

    def _tell_page(self, event: PageFinished) -> None:
        key = PageKey(event.price_order, event.page)
        self._finished.pop(key, None)
        self._finished[key] = event
        self._held.discard(key)
        if self._verbose or key in self._told:
            self._tell_end(event)
        elif not event.price_order and _has_failed(
            event
        ):  # pages that were not requested are counted at the end
            self._held.add(key)
        if any(not page.verdict.failed for page in self._finished.values()):
            for held in sorted(self._held):
                self._tell_end(self._finished[held])
            self._told |= self._held
            self._held.clear()
        self._draw()

    def _tell_price_pages(self, result: SearchResult) -> None:
        """Report the failed pages in price order together: they cost only a proof, not a book."""
        words = price_failures(result.price_pages, self._words)
        if words and result.had_a_page and not self._verbose:
            self._say(words)

    def _tell_items(self) -> None:
        """Tell for --verbose which way the items were read: a shop's new markup shows here as items from a tree."""
        plain = sum(page.plain_items for page in self._finished.values())
        tree = sum(page.tree_items for page in self._finished.values())
        if plain or tree:
            self._detail(self._words("items_parsed", plain=plain, tree=tree))

    def _tell_end(self, event: PageFinished) -> None:
        self._say(self._in_full(event) if self._verbose else self._in_words(event))

    def _draw(self) -> None:
        if self._bar is None:
            return
        total = min(self._requested, self._available or self._requested)
        latest = next(reversed(self._finished.values()), None)
        self._bar.update(
            done=sum(1 for key in self._finished if key.number <= total and not key.price_order),
            total=total,
            failed=sum(1 for page in self._finished.values() if _has_failed(page) and not page.price_order),
            books=latest.books if latest else 0,
            cheapest=latest.cheapest if latest else None,
        )

    def _detail(self, text: str) -> None:
        if self._verbose:
            self._say(text)

    def _say(self, text: str) -> None:
        if self._bar is None:
            console.line(text)
        else:
            self._bar.print(console.one_line(text))

    def _of(self, what: str, words: str) -> str:
        return self._words("said_of", what=what, words=words)

    def _page(self, event: Attempt | PageRejected | PageFinished) -> str:
        if event.price_order:
            return self._words("price_page", page=event.page)
        return self._words("page", numbers=event.page)

    def _worker_in_words(self, event: WorkerEvent) -> str:
        say = self._words
        process = say("parse_pool") if event.pid is None else say("parse_process", pid=event.pid)
        happened = say(f"worker_{event.what}")
        if event.detail:
            happened += say("bracketed", words=say.text(event.detail))
        return self._of(process, happened)

    def _in_words(self, event: PageFinished) -> str:
        page = self._page(event)
        if event.revised:
            page = self._words("after_all", page=page)
        return self._of(page, outcome(event.verdict, event.detail, self._words))

    def _in_full(self, event: PageFinished) -> str:
        """Describe a page's outcome for --verbose: the verdict with its name in JSON and logs."""
        say = self._words
        parts = [event.verdict.value]
        if event.verdict is Verdict.OK:
            parts.append(say("page_listings", n=event.listings))
        if event.detail:
            parts.append(say.text(event.detail))
        words = self._of(self._page(event), say("colon").join(parts))
        return say("revised", words=words) if event.revised else words


def _has_failed(event: PageFinished) -> bool:
    return event.verdict.failed and event.verdict is not Verdict.NOT_ASKED
