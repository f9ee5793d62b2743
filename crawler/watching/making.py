"""One watch made: searched, recorded, and what is to be told of it found out."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.alert import Alert
from crawler.events import SearchFinished
from crawler.history.looking_back import run_key
from crawler.history.observations import Observation, observed, source_of
from crawler.history.prices import price_history
from crawler.labels import Labels, labels_for
from crawler.query import simplified
from crawler.report import wording
from crawler.verdict import Verdict
from crawler.watching.events import Happening, happenings
from crawler.watching.memory import Memory, WatchState, fingerprint
from crawler.watching.watch import SEARCH_KEYS
from parsers import SHOPS

if TYPE_CHECKING:
    from crawler.engine import Crawler
    from crawler.events import Event
    from crawler.results import SearchResult
    from crawler.settings import Settings
    from crawler.watching.watch import Watch
    from parsers.model import Listing

__all__ = ["Made", "known_state", "make", "source_for"]

_PRODUCTS_AT_ONCE = 100
"""Products whose past is looked at together: 80 MB where each was observed a thousand times."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a watch."""

    watch: Watch
    result: SearchResult
    alerts: tuple[Alert, ...] = ()
    """What is to be told, in the order of the report; it is on record."""
    missing: tuple[str, ...] = ()
    """Products that the watch names and no page had."""


def known_state(
    memory: Memory, watch: Watch, settings: Settings, *, demo: bool, now: dt.datetime
) -> WatchState:
    """Return what is known of a watch that searches with `settings`, its own over them. Raises HistoryError."""
    chosen = settings.replace(**watch.search)
    searched = {name: getattr(chosen, name) for name in SEARCH_KEYS if name != "max_seconds"}
    search = fingerprint([simplified(watch.terms.query), sorted(watch.terms.products), searched])
    return memory.begin(watch, source_for(settings, demo=demo), search, now)


def source_for(settings: Settings, *, demo: bool) -> str:
    """Return whose prices are watched, as the history names it."""
    return source_of((settings.base_url or SHOPS["dangdang"].base_url).rstrip("/"), demo=demo)


async def make(
    watch: Watch,
    state: WatchState,
    crawler: Crawler,
    history: Path,
    *,
    channels: Collection[str],
    lang: str,
    tell: Callable[[Event], Awaitable[None]] | None = None,
) -> Made:
    """Search once for a watch, record what was seen, and return what became of it.

    Only pages that were had count: what stands on a page that failed is neither there nor gone. What is to be told
    is recorded with the run, for each of `channels` (their keys), in the language `lang`, or for «auto» that of the
    query; `tell` gets the events of the search. Raises HistoryError where the history cannot be used; whatever
    happened then is found out again next time.
    """
    async with aclosing(crawler.search(watch.terms.query, **watch.search)) as events:
        async for event in events:
            if tell is not None:
                await tell(event)
            if isinstance(event, SearchFinished):
                result = event.result
    if not result.had_a_page:
        await asyncio.to_thread(_note_try, history, state, result.started_at)
        return Made(watch, result)
    say = labels_for(lang, watch.terms.query)
    return await asyncio.to_thread(_settle, watch, state, result, history, channels=channels, say=say)


def _note_try(history: Path, state: WatchState, at: dt.datetime) -> None:
    with Memory(history) as memory:
        memory.tried(state, at)


def _settle(
    watch: Watch,
    state: WatchState,
    result: SearchResult,
    history: Path,
    *,
    channels: Collection[str],
    say: Labels,
) -> Made:
    """Find out what is to be told, and record it with the run."""
    source = source_of(result.base_url, demo=result.demo)
    run, observations = observed(
        result, run_key(source, f"{result.query_sent}\n{watch.name}", result.started_at)
    )
    own = {observation.product_id: observation for observation in observations}
    wanted = _wanted(watch, result, own)
    listings = _listings(result)
    alerts: list[Alert] = []
    with Memory(history) as memory:
        told = memory.told(state)
        new = _new(watch, result, memory.unseen(state, source, wanted)) if state.whole else frozenset()
        for start in range(0, len(wanted), _PRODUCTS_AT_ONCE):
            some = wanted[start : start + _PRODUCTS_AT_ONCE]
            series = memory.series(source, some)
            for product_id in some:
                seen = own[product_id]
                past = [*(each for each in series.get(product_id, ()) if each.at < seen.at), seen]
                alerts += [
                    _alert(watch, result, listings[product_id], past, happening=happening, say=say)
                    for happening in happenings(
                        watch.terms,
                        past,
                        told.get(product_id, ()),
                        since=state.since,
                        is_new=product_id in new,
                    )
                ]
        memory.keep(state, run, observations, alerts, channels=channels, watched=own, whole=result.complete)
    missing = tuple(number for number in watch.terms.products if number not in own)
    return Made(watch, result, tuple(alerts), missing)


def _alert(
    watch: Watch,
    result: SearchResult,
    listing: Listing,
    past: list[Observation],
    *,
    happening: Happening,
    say: Labels,
) -> Alert:
    seen, remarks = past[-1], []
    history = price_history(past) if len(past) > 1 else None
    if history is not None:
        if history.raised_then_cut is not None:
            remarks.append(wording.raised_then_cut(history.raised_then_cut, say))
        remarks.append(wording.past_in_words(history, say))
    return Alert(
        watch=watch.name, kind=happening.kind, product_id=seen.product_id, title=seen.title,
        url=wording.product_link(result, listing) or "", at=seen.at, price=seen.to_be_had, against=happening.against,
        remarks=tuple(remarks), source=wording.source_of(result),
    )  # fmt: skip


def _wanted(watch: Watch, result: SearchResult, own: Mapping[str, Observation]) -> list[str]:
    """Return the products that a watch looks at, of those observed: the ones it names, else those of the report."""
    if watch.terms.products:
        return [number for number in dict.fromkeys(watch.terms.products) if number in own]
    offered = (offer.product_id for book in result.books for offer in book.offers)
    return [number for number in dict.fromkeys(offered) if number in own]


def _new(watch: Watch, result: SearchResult, unseen: frozenset[str]) -> frozenset[str]:
    """Return the products that are news as such: of a book that is known another offer is none, of a new one one is."""
    if watch.terms.products:
        return unseen
    new = (book for book in result.books if all(offer.product_id in unseen for offer in book.offers))
    return frozenset(book.listing.product_id for book in new)


def _listings(result: SearchResult) -> dict[str, Listing]:
    """Return the listings by product, as they stand on the first page that has them."""
    found: dict[str, Listing] = {}
    for page in result.pages:
        if page.verdict is Verdict.OK:
            for listing in page.listings:
                found.setdefault(listing.product_id, listing)
    return found
