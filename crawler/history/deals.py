"""Which of the products that a search found are cheap by their own past.

A search of 6,000 products that ran a hundred times has 600,000 observations. To make values of all of them and let
`price_history` work takes four seconds; here SQLite goes through them and hands over two short texts a product, from
which the one figure follows that the order needs, in a third of a second. The whole past is then read of the products
that are shown alone.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from statistics import median

from crawler.history.prices import MEDIAN_DAYS
from crawler.history.reading import HistoryReader

__all__ = ["Ranked", "best_first"]

_DAY = 86_400 * 1_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product in its place."""

    product_id: str
    in_last_run: bool
    """Whether the last run of the search, or a later one of another, has seen it."""


def best_first(history: HistoryReader, source: str, query: str) -> tuple[Ranked, ...]:
    """Return the products that a search has ever found, ordered by their last price against their own median.

    The median is that of `PriceHistory`: of the days with a price among the last 90 days, each with its last price,
    but that a day is the one on which the run began. Equals are ordered by price, then by product number. Products
    that cannot be bought (sold out when they were last seen, or without a price) come last.
    """
    with history.snapshot() as connection:
        runs = dict[int, int](
            connection.execute(
                "SELECT run.id, run.started_at FROM source JOIN search ON search.source = source.id"
                " JOIN run ON run.search = search.id WHERE source.name = ?",
                (source,),
            )
        )
        own = connection.execute(
            "SELECT max(run.started_at) FROM source JOIN search ON search.source = source.id"
            " JOIN run ON run.search = search.id WHERE source.name = ? AND search.query = ?",
            (source, query),
        ).fetchone()
        rows = _pasts(connection, source, query).fetchall()
    ranked = [(_figures(runs, numbers, prices), product_id) for product_id, numbers, prices in rows]
    ranked.sort(key=lambda each: (each[0][:2], each[1]))
    return tuple(Ranked(product_id, last >= own[0]) for (_, _, last), product_id in ranked)


def _pasts(connection: sqlite3.Connection, source: str, query: str) -> sqlite3.Cursor:
    """Return a row a product: its number, its runs, and its prices in their order, '' where it was not to be had."""
    return connection.execute(
        # The cross join keeps SQLite on the way that is one piece of the file a product.
        "SELECT product.product_id, group_concat(observation.run),"
        " group_concat(CASE WHEN sold_out OR price IS NULL THEN '' ELSE price END)"
        " FROM source JOIN search ON search.source = source.id JOIN found ON found.search = search.id"
        " JOIN product ON product.id = found.product CROSS JOIN observation ON observation.product = product.id"
        " WHERE source.name = ? AND search.query = ? GROUP BY product.id",
        (source, query),
    )


def _figures(runs: dict[int, int], numbers: str, prices: str) -> tuple[float, int, int]:
    """Return price against median, the price in hundredths of a yuan, and when it was last seen, in microseconds.

    Infinity where there is no price now.
    """
    past = sorted(zip(map(runs.__getitem__, map(int, numbers.split(","))), prices.split(","), strict=True))
    last, now = past[-1]
    if not now:
        return float("inf"), 0, last
    since = last - MEDIAN_DAYS * _DAY
    daily = {at // _DAY: int(price) for at, price in past if price and at > since}
    usual = median(daily.values())
    return (int(now) / usual if usual else 1.0), int(now), last
