"""What one run saw of the shop's prices, as values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.books import FILTERS, LASTING_REASONS
from crawler.books.selection import unique_listings
from crawler.books.topic import topic_of
from crawler.prices.observation import NOT_DROPPED, Observation
from crawler.verdict import Verdict
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = ["RunRecord", "observed"]

_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, and the search that it made."""

    key: str
    """Names the run for good: a run that is recorded or imported a second time changes nothing."""
    source: str
    """Whose prices they are, see `Source.name`."""
    query: str
    """As the shop was asked."""
    started_at: dt.datetime
    """Aware, UTC."""
    pages_ok: int
    pages_failed: int


def observed(result: SearchResult, key: str) -> tuple[RunRecord, tuple[Observation, ...]]:
    """Return a finished search as a run named `key`, with one observation a product, in page order.

    Of a product that stands on several pages the report's own listing counts, see `unique_listings`. Pages that failed
    give nothing: that a product is not there says neither that it costs anything nor that it is no longer sold.
    """
    lists = ((False, result.pages), (True, result.price_pages))
    pages = [((price_order, page.page), page) for price_order, some in lists for page in some]
    fetched_at = {key: page.fetched_at for key, page in pages if page.fetched_at is not None}
    read = [listing for _, page in pages if page.verdict is Verdict.OK for listing in page.listings]
    unique, _ = unique_listings(read, fetched_at)
    dropped = _lasting_reasons(result)
    observations = tuple(
        Observation(
            product_id=listing.product_id,
            title=listing.title,
            at=_in_milliseconds(fetched_at.get(listing.page_key), result.started_at),
            price=listing.price,
            list_price=listing.list_price,
            rating=listing.rating,
            reviews=listing.reviews,
            seller=listing.seller,
            sold_out=listing.sold_out,
            dropped=dropped.get(listing.product_id, NOT_DROPPED),
        )
        for listing in unique
    )
    run = RunRecord(
        key=key,
        source=result.source.name,
        query=result.query_sent,
        started_at=result.started_at,
        pages_ok=sum(page.verdict is Verdict.OK for page in result.pages),
        pages_failed=len(result.failed),
    )
    return run, observations


def _lasting_reasons(result: SearchResult) -> dict[str, str]:
    """Return by product number why the report leaves products out whatever they cost and whether they are sold out.

    Of what is sold out or has no price, the report asks nothing more; here it is asked, or it would pass for a book
    until it is on sale again. A filter says what this run was to find, and nothing of the product.
    """
    keep, topic, reasons = result.options.get("keep", ()), None, {}
    for reason, listing in result.dropped:
        if reason in LASTING_REASONS:
            reasons[listing.product_id] = reason
        elif reason not in FILTERS:
            topic = topic or topic_of(result.query, result.query_sent)
            if Flag.ACCESSORY in listing.flags and "accessory" not in keep and not result.all_goods:
                reasons[listing.product_id] = "accessory"
            elif "off_topic" not in keep and not topic.covers(listing):
                reasons[listing.product_id] = "off_topic"
    return reasons


def _in_milliseconds(at: dt.datetime | None, start: dt.datetime) -> dt.datetime:
    """Return a moment as the file keeps it, so that an observation is equal to itself read back."""
    return start if at is None else start + (at - start) // _MILLISECOND * _MILLISECOND
