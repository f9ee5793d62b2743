"""Record a finished search, and attach price history to each book."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.history.observations import observed
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.prices.price_history import PriceHistory, price_history

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from crawler.results import SearchResult

__all__ = ["history_file", "record_and_annotate", "run_key"]

_AT_ONCE = 100
"""Products whose past is loaded at a time: 80 MB if each was observed a thousand times."""


def history_file(path: str | None) -> Path:
    """Return the history file of a setting: `path`, or the default in the user's data folder for None.

    «~» is the user's home.
    """
    if path is not None:
        return Path(os.path.expanduser(path))  # noqa: PTH111 – Path's own raises if there is no home
    from platformdirs import user_data_path

    return user_data_path("bookprice-crawler", appauthor=False) / "history.sqlite3"


def run_key(source: str, query: str, started_at: dt.datetime) -> str:
    """Return a permanent name for a run; no two runs of one search start in the same microsecond.

    A replay has the times of the run that it repeats, and so its key: a run is never recorded twice.
    """
    text = f"{source}\n{query}\n{started_at.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def record_and_annotate(result: SearchResult, path: Path, zone: dt.tzinfo = UTC) -> SearchResult:
    """Record a search in the history file at `path`; return its result with price history attached to each book.

    The history of a book is that of the product number of its cheapest offer, up to this search: if an earlier run is
    replayed, later runs do not count. A book without an earlier observation has none. A search without a page is not
    recorded. `zone` is the reader's time zone: it decides where a day ends.

    Raises HistoryError if the file cannot be used. Blocks: some 80 ms for 6,000 products, and 4 s per million
    observations in their histories (`benchmarks/history.py`).
    """
    if not result.had_a_page:
        return result
    source = result.source.name
    run, observations = observed(result, run_key(source, result.query_sent, result.started_at))
    with History(path) as history:
        history.record(run, observations)
        own = {observation.product_id: observation for observation in observations}
        pasts = _pasts(history, source, own, [book.listing.product_id for book in result.books], zone)
    books = tuple(replace(book, history=pasts.get(book.listing.product_id)) for book in result.books)
    return replace(result, books=books, recorded=True)


def _pasts(
    history: History,
    source: str,
    own: Mapping[str, Observation],
    product_ids: Sequence[str],
    zone: dt.tzinfo,
) -> dict[str, PriceHistory | None]:
    """Return the price histories of products, loading a few at a time: all at once may be millions of observations."""
    found = {}
    wanted = [number for number in product_ids if number in own]
    for start in range(0, len(wanted), _AT_ONCE):
        series = history.series(source, wanted[start : start + _AT_ONCE])
        found.update({number: _past_of(own[number], past, zone) for number, past in series.items()})
    return found


def _past_of(own: Observation, past: tuple[Observation, ...], zone: dt.tzinfo) -> PriceHistory | None:
    earlier = [seen for seen in past if seen.at < own.at]
    return price_history([*earlier, own], zone) if earlier else None
