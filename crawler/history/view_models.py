"""The content of a history as values for a report: searches, one search's products, one product."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawler.books import LASTING_REASONS
from crawler.history.ranking_sql import Ranked, best_first
from crawler.history.reading import FileSize, HistoryReader, SearchSummary, file_size
from crawler.local_time import date_in
from crawler.prices.price_periods import ProductPast, product_past

__all__ = ["Overview", "SearchPast", "View", "overview", "product_view", "products_past", "search_view"]

_AT_ONCE = 500
"""Products whose whole past is in memory at a time."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The content of a history."""

    path: Path
    size: FileSize
    products: int
    """The number of different products of all sources."""
    searches: tuple[SearchSummary, ...]

    def of_source(self, source: str) -> Overview:
        """Return a copy with only the searches of one source."""
        return replace(self, searches=tuple(each for each in self.searches if each.source == source))


@dataclass(frozen=True, slots=True)
class SearchPast:
    """The products that a search has ever found, cheapest by their own past first; or one product alone."""

    source: str
    query: str | None
    """As typed; None if a product was requested by its number."""
    search: SearchSummary | None
    """None if and only if `query` is."""
    found: int
    """How many products the search has found, including those not shown."""
    products: tuple[ProductPast, ...]
    """The products that the report had, and those to keep; best deal first."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many of `found` the report dropped, by reason; see `crawler.books.LASTING_REASONS`."""
    dropped_products: tuple[ProductPast, ...] = ()
    """The dropped products, in the same order, if requested."""
    unjudged: int = 0
    """How many were recorded by an earlier version: it is unknown if the report dropped them, so they are kept."""

    @property
    def kept(self) -> int:
        """How many of `found` the report did not drop."""
        return self.found - sum(self.dropped.values())

    def cut(self, top: int | None) -> SearchPast:
        """Return a copy with at most `top` products, and at most `top` dropped ones; None keeps all."""
        if top is None:
            return self
        return replace(self, products=self.products[:top], dropped_products=self.dropped_products[:top])

    def days_unseen(self, product: ProductPast, zone: dt.tzinfo = dt.UTC) -> int | None:
        """Return the days between a product's last sighting and the search's last run; None if that run saw it."""
        if self.search is None or product.in_last_run:
            return None
        return max((date_in(zone, self.search.last_run) - date_in(zone, product.last.at)).days, 0)


View = Overview | SearchPast


def overview(history: HistoryReader) -> Overview:
    """Return the content of a history."""
    return Overview(history.path, file_size(history.path), history.products(), history.searches())


def search_view(
    history: HistoryReader,
    source: str,
    typed: str,
    query: str,
    *,
    top: int | None,
    zone: dt.tzinfo = dt.UTC,
    keep: Collection[str] = (),
    show_dropped: bool = False,
) -> SearchPast | None:
    """Return the past of the products of `query`, at most `top`; None for a search without a run.

    Products that the search's report dropped as off topic or not a book are counted and left out, except for the
    reasons in `keep`; with `show_dropped`, at most `top` of them are returned separately. Products dropped for being
    sold out or without a price are ranked last: tomorrow they may be on sale. `zone` is the reader's time zone: it
    decides where a day ends.
    """
    summary = history.search(source, query)
    if summary is None:
        return None
    ranked = best_first(history, source, query, zone)
    left_out = {*LASTING_REASONS}.difference(keep)
    kept = [each for each in ranked if each.dropped not in left_out]
    dropped = [each for each in ranked if each.dropped in left_out]
    counts = Counter(each.dropped for each in dropped)
    return SearchPast(
        source,
        typed,
        summary,
        len(ranked),
        _of_ranked(history, source, kept[:top], zone),
        {reason: counts[reason] for reason in LASTING_REASONS},
        _of_ranked(history, source, dropped[:top], zone) if show_dropped else (),
        sum(each.dropped is None for each in kept),
    )


def _of_ranked(
    history: HistoryReader, source: str, ranked: Sequence[Ranked], zone: dt.tzinfo
) -> tuple[ProductPast, ...]:
    by_number = {each.product_id: each for each in ranked}
    return tuple(
        replace(
            past,
            in_last_run=by_number[past.last.product_id].in_last_run,
            dropped=by_number[past.last.product_id].dropped,
        )
        for past in _pasts(history, source, list(by_number), zone)
    )


def product_view(
    history: HistoryReader, source: str, product_id: str, zone: dt.tzinfo = dt.UTC
) -> SearchPast | None:
    """Return the past of one product; None if it was never seen."""
    products = tuple(_pasts(history, source, [product_id], zone))
    return SearchPast(source, None, None, 1, products) if products else None


def products_past(
    history: HistoryReader, source: str, product_ids: Sequence[str], zone: dt.tzinfo = dt.UTC
) -> tuple[ProductPast, ...]:
    """Return the pasts of products, in the given order; those that were never seen are left out."""
    return tuple(_pasts(history, source, list(dict.fromkeys(product_ids)), zone))


def _pasts(
    history: HistoryReader, source: str, product_ids: Sequence[str], zone: dt.tzinfo
) -> Iterator[ProductPast]:
    for start in range(0, len(product_ids), _AT_ONCE):
        some = product_ids[start : start + _AT_ONCE]
        series = history.series(source, some)
        # Another program may have pruned between the two reads: skip products that are gone.
        yield from (
            product_past(series[product_id], zone=zone) for product_id in some if product_id in series
        )
