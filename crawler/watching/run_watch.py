"""One watch made: searched, recorded, and what is to be told of it found out."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.alert import Alert, PriceEvent
from crawler.books.offers import is_used
from crawler.events import SearchFinished
from crawler.history.observations import observed
from crawler.history.recording import run_key
from crawler.labels import Labels, labels_for
from crawler.local_time import local_zone
from crawler.prices.observation import Observation
from crawler.prices.price_history import price_history
from crawler.query import simplified
from crawler.report.search import history_wording, wording
from crawler.settings import SearchSettings, options_of
from crawler.verdict import Verdict
from crawler.watching.events import detect
from crawler.watching.state import WatchState, fingerprint
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.engine import Crawler
    from crawler.events import Event
    from crawler.results import SearchResult
    from crawler.settings import Settings
    from crawler.watching.watch import Watch
    from parsers.model import Listing

__all__ = ["Made", "make", "searched"]

_AT_ONCE = 100
"""Books whose past is looked at together: 80 MB where each was observed a thousand times."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a watch."""

    watch: Watch
    result: SearchResult
    alerts: tuple[Alert, ...] = ()
    """What is to be told, in the order of the report; it is on record."""
    missing: tuple[str, ...] = ()
    """Products that the watch names and no page had."""


def searched(watch: Watch, settings: Settings) -> str:
    """Return what stands for the search of a watch, its own settings over the others; see `Memory.begin`."""
    chosen = settings.replace(**watch.search)
    values = {
        name: getattr(chosen, name) for name, option in options_of(SearchSettings).items() if option.scope
    }
    if values["condition"] == "any":  # so that watches of a version without it go on
        del values["condition"]
    return fingerprint([simplified(watch.terms.query), sorted(watch.terms.products), values])


async def make(
    watch: Watch,
    state: WatchState,
    crawler: Crawler,
    history: Path,
    *,
    channels: Collection[str],
    lang: str,
    tell: Callable[[Event], Awaitable[None]] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Made:
    """Search once for a watch, record what was seen, and return what became of it.

    Only pages that were had count: what stands on a page that failed is neither there nor gone. What is to be told
    is recorded with the run, for each of `channels` (their keys), in the language `lang`, or for «auto» that of the
    query; `tell` gets the events of the search; `stopped` says whether it was ended from without: what is not whole
    then counts as not tried, and is due as before. Raises HistoryError where the history cannot be used; whatever
    happened then is found out again next time.
    """
    async with aclosing(crawler.search(watch.query, **watch.search)) as events:
        async for event in events:
            if tell is not None:
                await tell(event)
            if isinstance(event, SearchFinished):
                result = event.result
    tried = result.complete or not stopped()
    if not result.had_a_page:
        if tried:
            await asyncio.to_thread(_note_try, history, state, result.started_at)
        return Made(watch, result)
    say = labels_for(lang, watch.terms.query, local_zone())
    return await asyncio.to_thread(
        _settle, watch, state, result, history, channels=channels, say=say, tried=tried
    )


def _note_try(history: Path, state: WatchState, at: dt.datetime) -> None:
    with WatchStore(history) as memory:
        memory.tried(state, at)


def _settle(
    watch: Watch,
    state: WatchState,
    result: SearchResult,
    history: Path,
    *,
    channels: Collection[str],
    say: Labels,
    tried: bool,
) -> Made:
    """Find out what is to be told, and record it with the run."""
    source = result.source.name
    run, observations = observed(
        result, run_key(source, f"{result.query_sent}\n{watch.name}", result.started_at)
    )
    own = {observation.product_id: observation for observation in observations}
    items = _items(watch, result, own, say)
    alerts: list[Alert] = []
    with WatchStore(history) as memory:
        told = memory.told(state)
        unseen = memory.unseen(state, source, list(own)) if state.whole else frozenset()
        for start in range(0, len(items), _AT_ONCE):
            some = items[start : start + _AT_ONCE]
            series = memory.series(source, [number for item in some for number in item.offers])
            for item in some:
                seen = own[item.listing.product_id]
                past, *others = (
                    [each for each in series.get(number, ()) if each.at < result.started_at]
                    for number in item.offers
                )
                past.append(seen)
                found = detect(
                    watch.terms,
                    past,
                    # What a clock that was wrong dates ahead cannot be compared: rather is it told once more.
                    [each for number in item.offers for each in told.get(number, ()) if each.at <= seen.at],
                    since=state.since,
                    is_new=unseen.issuperset(item.offers) and not item.listing.price_order,
                    others=others,
                    zone=say.zone,
                )
                if (alert := _alert(watch, result, item, past, found=found, say=say)) is not None:
                    alerts.append(alert)
        memory.keep(
            state,
            run,
            observations,
            alerts,
            channels=channels,
            watched=own,
            whole=result.complete,
            tried=tried,
        )
    missing = tuple(number for number in watch.terms.products if number not in own)
    return Made(watch, result, tuple(alerts), missing)


def _alert(
    watch: Watch,
    result: SearchResult,
    item: _Item,
    past: list[Observation],
    *,
    found: Sequence[PriceEvent],
    say: Labels,
) -> Alert | None:
    """Return what happened to a product as one alert; None for nothing."""
    if not found:
        return None
    seen, remarks = past[-1], [item.note] if item.note else []
    history = price_history(past, say.zone) if len(past) > 1 else None
    if history is not None:
        if history.raised_then_cut is not None:
            remarks.append(history_wording.raised_then_cut(history.raised_then_cut, say))
        remarks.append(history_wording.past_in_words(history, say))
    return Alert(
        watch=watch.name, kind=found[0].kind, product_id=seen.product_id, title=seen.title,
        url=wording.product_link(result, item.listing) or "", at=seen.at, price=seen.available_price,
        against=found[0].against, remarks=tuple(remarks), source=result.marked_source, also=tuple(found[1:]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Item:
    """A book that a watch looks at, by its cheapest offer; or a product that it names."""

    listing: Listing
    offers: tuple[str, ...]
    """The product numbers of all offers, that of `listing` first."""
    note: str = ""
    """What a buyer must know of the book besides its price."""


def _items(watch: Watch, result: SearchResult, own: Mapping[str, Observation], say: Labels) -> list[_Item]:
    """Return what a watch looks at, of what was observed: the products it names, else the books of the report.

    Used copies are left out, for a target price means a new one, unless the watch has a `condition` of its own; so is
    the lowest price of several options.
    """
    if watch.terms.products:
        listings = _listings(result)
        named = dict.fromkeys(watch.terms.products)
        return [_Item(listings[number], (number,)) for number in named if number in own]
    used = "condition" in watch.search
    return [
        _Item(
            book.listing,
            tuple(dict.fromkeys([book.listing.product_id, *(offer.product_id for offer in book.offers)])),
            wording.note(book, say),
        )
        for book in result.books
        if book.listing.product_id in own and not book.from_price and (used or not is_used(book.listing))
    ]


def _listings(result: SearchResult) -> dict[str, Listing]:
    """Return the listings by product, as they stand on the first page that has them."""
    found: dict[str, Listing] = {}
    for page in (*result.pages, *result.price_pages):
        if page.verdict is Verdict.OK:
            for listing in page.listings:
                found.setdefault(listing.product_id, listing)
    return found
