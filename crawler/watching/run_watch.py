"""Run one watch: search, record the prices, detect events and raise alerts."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.alert import Alert, PriceEvent
from crawler.books.note import BookNote, note_of
from crawler.books.offers import is_used
from crawler.events import SearchFinished
from crawler.history.observations import observed
from crawler.history.recording import run_key
from crawler.local_time import local_zone
from crawler.prices.observation import Observation
from crawler.prices.price_history import price_history
from crawler.query import simplified
from crawler.report.search.wording import product_link
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
"""The number of books whose histories are read at a time: 80 MB if each was observed a thousand times."""


@dataclass(frozen=True, slots=True)
class Made:
    """The outcome of a watch."""

    watch: Watch
    result: SearchResult
    alerts: tuple[Alert, ...] = ()
    """The recorded alerts, in the order of the report."""
    missing: tuple[str, ...] = ()
    """Products that the watch names but no page contained."""


def searched(watch: Watch, settings: Settings) -> str:
    """Return a fingerprint of a watch's search: its own settings on top of the others; see `WatchStore.begin`."""
    chosen = settings.replace(**watch.search)
    values = {
        name: getattr(chosen, name) for name, option in options_of(SearchSettings).items() if option.scope
    }
    if values["condition"] == "any":  # keep the fingerprints of versions without this setting
        del values["condition"]
    return fingerprint([simplified(watch.terms.query), sorted(watch.terms.products), values])


async def make(
    watch: Watch,
    state: WatchState,
    crawler: Crawler,
    history: Path,
    *,
    channels: Collection[str],
    on_event: Callable[[Event], Awaitable[None]] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Made:
    """Search once for a watch, record the observations, and return the outcome.

    Only pages that were read count: a product on a failed page is neither present nor gone. Alerts are recorded as
    facts, with the run, for each of `channels` (their keys). `on_event` receives the events of the search. If `stopped`
    returns True, somebody ended the search: a partial run then counts as not tried, and the watch stays due. Raises
    HistoryError if the history cannot be used; the next run then detects the same events again.
    """
    async with aclosing(crawler.search(watch.query, **watch.search)) as events:
        async for event in events:
            if on_event is not None:
                await on_event(event)
            if isinstance(event, SearchFinished):
                result = event.result
    tried = result.complete or not stopped()
    if not result.had_a_page:
        if tried:
            await asyncio.to_thread(_note_try, history, state, result.started_at)
        return Made(watch, result)
    return await asyncio.to_thread(
        _settle, watch, state, result, history, channels=channels, zone=local_zone(), tried=tried
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
    zone: dt.tzinfo,
    tried: bool,
) -> Made:
    """Detect events, by the days of `zone`, and record their alerts with the run."""
    source = result.source.name
    run, observations = observed(
        result, run_key(source, f"{result.query_sent}\n{watch.name}", result.started_at)
    )
    own = {observation.product_id: observation for observation in observations}
    items = _items(watch, result, own)
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
                    # Ignore alerts dated in the future; a duplicate beats a missed alert.
                    [each for number in item.offers for each in told.get(number, ()) if each.at <= seen.at],
                    since=state.since,
                    is_new=unseen.issuperset(item.offers) and not item.listing.price_order,
                    others=others,
                    zone=zone,
                )
                if (alert := _alert(watch, result, item, past, found=found, zone=zone)) is not None:
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
    zone: dt.tzinfo,
) -> Alert | None:
    """Return one alert for all events of a product; None without an event."""
    if not found:
        return None
    seen = past[-1]
    return Alert(
        watch=watch.name, kind=found[0].kind, product_id=seen.product_id, title=seen.title,
        url=product_link(result, item.listing) or "", at=seen.at, price=seen.available_price,
        against=found[0].against, source=result.marked_source, also=tuple(found[1:]), note=item.note,
        history=price_history(past, zone) if len(past) > 1 else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Item:
    """A book under watch, represented by its cheapest offer; or a product that the watch names."""

    listing: Listing
    offers: tuple[str, ...]
    """The product numbers of all offers, that of `listing` first."""
    note: BookNote | None = None
    """Facts about the book besides its price; None for a product that the watch names."""


def _items(watch: Watch, result: SearchResult, own: Mapping[str, Observation]) -> list[_Item]:
    """Return the observed products that the watch names; without names, the books of the report.

    The function omits used copies, because a target price means a new one, unless the watch sets `condition`; it also
    omits books with only the lowest price of several options.
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
            note_of(book),
        )
        for book in result.books
        if book.listing.product_id in own and not book.from_price and (used or not is_used(book.listing))
    ]


def _listings(result: SearchResult) -> dict[str, Listing]:
    """Return the listings by product, as on the first page that contains them."""
    found: dict[str, Listing] = {}
    for page in (*result.pages, *result.price_pages):
        if page.verdict is Verdict.OK:
            for listing in page.listings:
                found.setdefault(listing.product_id, listing)
    return found
