"""A year of searches at the demo shop, in the form in which a history records them; prices change every day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crawler.books.book import Counts
from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.books.topic import topic_of
from crawler.demo.catalogue import PAGE_SIZE, catalogue
from crawler.demo.price_moves import on_day
from crawler.history.observations import RunRecord, observed
from crawler.history.recording import run_key
from crawler.prices.observation import Observation
from crawler.query import simplified
from crawler.results import PageResult, SearchResult
from crawler.verdict import Verdict
from parsers.model import Listing

__all__ = ["DAYS", "LAST_DAY", "QUERY", "year"]

QUERY: Final = "滲透測試"
"""The query, as typed."""

LAST_DAY: Final = dt.date(2025, 12, 31)
"""Always the same year, so that the data is the same wherever and whenever it is generated."""

DAYS: Final = 365

_PAGES = 3
"""The default number of pages of a search, without its price check."""

_NOON = dt.time(12, tzinfo=dt.UTC)
"""The start of each search: this hour is on the same day almost everywhere."""


def year(
    last_day: dt.date = LAST_DAY, *, cheapest: int = 0
) -> Iterator[tuple[RunRecord, tuple[Observation, ...]]]:
    """Yield the run of each day up to `last_day`, in the form for `History.record_all`.

    Each has the shop's first pages at that day's prices, and as many of its `cheapest` products, as a search finds them
    that reads the list in price order, too. The runs of a year are always the same, so recording them twice adds
    nothing.
    """
    sent = simplified(QUERY)
    goods = catalogue(sent)
    priced = sorted((listing for listing in goods if listing.price is not None), key=_price_of)
    first = goods[: _PAGES * PAGE_SIZE]
    known = {listing.product_id for listing in first}
    timeless = [*first, *(listing for listing in priced[:cheapest] if listing.product_id not in known)]
    criteria = SelectionCriteria(topic_of(QUERY, sent))
    for back in reversed(range(DAYS)):
        day = last_day - dt.timedelta(days=back)
        listings = [on_day(listing, day) for listing in timeless]
        # The history keeps only the last run's reasons for dropping products.
        dropped = () if back else build_books([(None, listings)], criteria).dropped
        result = _result(sent, listings, dropped, dt.datetime.combine(day, _NOON))
        yield observed(result, run_key(result.source.name, sent, result.started_at))


def _price_of(listing: Listing) -> Decimal:
    return listing.price or Decimal(0)


def _result(
    sent: str, listings: list[Listing], dropped: tuple[tuple[str, Listing], ...], at: dt.datetime
) -> SearchResult:
    """Return the result of a search; fields that a history does not record stay empty."""
    pages: dict[int, list[Listing]] = {}
    for listing in listings:
        pages.setdefault(listing.page, []).append(listing)
    return SearchResult(
        query=QUERY,
        query_sent=sent,
        shop="dangdang",
        base_url="",
        demo=True,
        rank="cheapest",
        started_at=at,
        finished_at=at,
        pages=tuple(
            PageResult(number, "", Verdict.OK, "", tuple(some), fetched_at=at)
            for number, some in pages.items()
        ),
        available=None,
        counts=Counts(len(listings), len(listings), 0, 0, {}),
        books=(),
        dropped=dropped,
    )
