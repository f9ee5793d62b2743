"""The prices that one run saw, as values."""

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
    """A run and its search."""

    key: str
    """Permanent name of the run: recording or importing it again changes nothing."""
    source: str
    """The source of the prices, see `Source.name`."""
    query: str
    """As sent to the shop."""
    started_at: dt.datetime
    """Aware, UTC."""
    pages_ok: int
    pages_failed: int


def observed(result: SearchResult, key: str) -> tuple[RunRecord, tuple[Observation, ...]]:
    """Return a finished search as a run named `key`, with one observation per product, in page order.

    If a product is on several pages, use the listing that the report uses, see `unique_listings`. Failed pages yield
    nothing: a missing product may have any price, and may still be on sale.
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
    """Return, by product number, why the report leaves products out, ignoring price and availability.

    The report does not classify products that are sold out or have no price; this function does, or they would pass
    for books until they are on sale again. Filters do not count: they concern the run, not the product.
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
    """Round a time as the file does, so that an observation equals itself after a round trip."""
    return start if at is None else start + (at - start) // _MILLISECOND * _MILLISECOND
