"""What a running search says on stderr: a bar on a terminal, problems in a line each, everything with --verbose."""

from __future__ import annotations

import asyncio
import gc
import importlib
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.events import (
    Attempt,
    Event,
    PaceChanged,
    PageFinished,
    PageRejected,
    PagesKnown,
    PagesResumed,
    RobotsNoted,
    SearchFinished,
    SearchStarted,
    WorkerEvent,
)
from crawler.local_time import local_zone, offset_name
from crawler.page_key import PageKey
from crawler.report.wording import outcome, price_failures
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.cli.progress_bar import ProgressBar
    from crawler.results import SearchResult

__all__ = ["Teller"]


class Teller:
    """Tells the events of a search, one after the other.

    Failed pages are held back until a first page is had: should there be none, they are one line together
    (`crawler.cli.last_word`), not a hundred. `preload` names modules that are needed later: they are imported
    while the first requests wait for the network.
    """

    def __init__(
        self, *, bar: bool, verbose: bool, quiet: bool = False, preload: tuple[str, ...] = ()
    ) -> None:
        self._quiet = quiet
        self._wants_bar = bar
        self._bar: ProgressBar | None = None
        self._verbose = verbose
        self._preload = preload
        self._requested = 0
        self._available: int | None = None
        self._finished: dict[PageKey, PageFinished] = {}
        """The latest word on each page, the latest of all at the end."""
        self._held: set[PageKey] = set()
        """Pages that failed and are not told yet."""
        self._told: set[PageKey] = set()
        """Pages that were told to have failed."""

    async def tell(self, event: Event) -> None:
        """Tell one event."""
        match event:
            case SearchStarted():
                await self._start(event)
            case PagesResumed():
                self._tell_resumed(event)
            case Attempt():
                self._tell_attempt(event)
            case PageRejected():
                self._detail(f"{_page(event)}: {event.detail}; it is asked for once more")
            case WorkerEvent():
                process = "the parse pool" if event.pid is None else f"parse process {event.pid}"
                self._detail(f"{process}: {event.what}{event.detail and f' ({event.detail})'}")
            case PaceChanged():
                self._detail(f"{event.host}: {_pace_in_words(event)} from now on ({event.why})")
            case RobotsNoted():
                if not self._quiet:
                    self._say(f"{event.host}: {event.note}")
            case PagesKnown():
                self._available = event.available
                self._detail(f"the shop states {event.available} pages")
            case PageFinished():
                self._tell_page(event)
            case SearchFinished():
                self.close()
                self._tell_price_pages(event.result)

    def close(self) -> None:
        """Take the bar away and leave the terminal as it was."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    async def _start(self, event: SearchStarted) -> None:
        self._requested = event.pages
        self._detail(f"searching for {event.query_sent}, typed {event.query}: {event.pages} pages")
        await asyncio.to_thread(self._import_the_rest)
        if self._wants_bar:
            from crawler.cli.progress_bar import ProgressBar

            self._bar = ProgressBar(event.pages)
            self._draw()

    def _import_the_rest(self) -> None:
        for module in ("crawler.cli.progress_bar",) * self._wants_bar + self._preload:
            importlib.import_module(module)
        # What was imported lives to the end of this short process: a look through it for garbage costs 20 ms.
        gc.freeze()

    def _tell_resumed(self, event: PagesResumed) -> None:
        if not self._quiet:
            since = event.fetched_from.astimezone(local_zone())
            besides = f", and {event.price_pages} in price order," if event.price_pages else ""
            self._say(
                f"resumed: {event.pages} of {self._requested} pages{besides} are of an earlier run,"
                f" from {since:%Y-%m-%d %H:%M:%S} {offset_name(since)} on"
            )

    def _tell_attempt(self, event: Attempt) -> None:
        waited = f", after {event.waited:.2f} s of waiting" if event.waited >= 0.005 else ""
        again = "" if event.retry_in is None else f"; again in {event.retry_in:.1f} s"
        self._detail(
            f"{_page(event)}: attempt {event.number}: {event.outcome} in {event.seconds:.2f} s{waited}{again}"
        )

    def _tell_page(self, event: PageFinished) -> None:
        key = PageKey(event.price_order, event.page)
        self._finished.pop(key, None)
        self._finished[key] = event
        self._held.discard(key)
        if self._verbose or key in self._told:
            self._tell_end(event)
        elif not event.price_order and _has_failed(event):  # those not asked for are counted at the end
            self._held.add(key)
        if any(not page.verdict.failed for page in self._finished.values()):
            for held in sorted(self._held):
                self._tell_end(self._finished[held])
            self._told |= self._held
            self._held.clear()
        self._draw()

    def _tell_price_pages(self, result: SearchResult) -> None:
        """Say together which pages in price order failed: they cost a proof, and no book."""
        words = price_failures(result.price_pages)
        if words and result.had_a_page and not self._verbose:
            self._say(words)

    def _tell_end(self, event: PageFinished) -> None:
        self._say(_in_full(event) if self._verbose else _in_words(event))

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


def _has_failed(event: PageFinished) -> bool:
    return event.verdict.failed and event.verdict is not Verdict.NOT_ASKED


def _pace_in_words(event: PaceChanged) -> str:
    if event.gap is None:
        return f"{event.at_once} requests at once"
    return f"one request every {event.gap:.2g} s" if event.gap else "no gap between requests"


def _page(event: Attempt | PageRejected | PageFinished) -> str:
    return f"page {event.page}" + (" of the price order" if event.price_order else "")


def _in_words(event: PageFinished) -> str:
    again = ", after all" if event.revised else ""
    return f"{_page(event)}{again}: {outcome(event.verdict, event.detail)}"


def _in_full(event: PageFinished) -> str:
    words = [_page(event), event.verdict.value]
    if event.verdict is Verdict.OK:
        words.append(f"{event.listings} listings")
    if event.detail:
        words.append(event.detail)
    return ": ".join(words) + (" (revised)" if event.revised else "")
