"""Find the products of a search that are cheap compared with their own past.

A search of 6,000 products that ran twice a day for a year has 4 million observations. To load all of them and apply
`price_history` takes 15 seconds. Instead, SQLite reads only what determines the order, the last 90 days of each
product, and returns two short texts per product. The whole past is then read only for the products shown.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from bisect import bisect_right
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from crawler.history.reading import HistoryReader
from crawler.history.schema import DROPPED_SINCE
from crawler.history.store import chunked
from crawler.history.units import (
    DamagedValueError,
    as_dropped,
    as_text,
    from_microseconds,
    to_microseconds,
)
from crawler.local_time import date_in
from crawler.prices.price_history import MANY_DAYS, MEDIAN_DAYS

__all__ = ["Ranked", "best_first"]

_LOOK_BACK = (MEDIAN_DAYS + 1) * 86_400 * 1_000_000
"""Microseconds that cover the days of the median in any time zone, with clock changes."""

_NONE = -1
"""The price of a product that was unavailable."""

_MOST_HUNDREDTHS = 10**14


class _Figures(NamedTuple):
    relative: float
    """Price divided by median; 0 without a price."""
    price: int | None
    """Hundredths of a yuan."""
    days: int
    """The number of days with a price among the last 90."""
    last: int
    """When it was last seen, in microseconds."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product with its rank."""

    product_id: str
    in_last_run: bool
    """True if the last run of the search, or a later run of another search, has seen it."""
    dropped: str | None = None
    """Why the last run that found it left it out, as in `Observation.dropped`."""


def best_first(
    history: HistoryReader, source: str, query: str, zone: dt.tzinfo = dt.UTC
) -> tuple[Ranked, ...]:
    """Return all products that a search has found, ordered by their last price relative to their own median.

    The median is that of `PriceHistory`: over the days with a price among the last 90, each with its last price. Here
    a day is the one on which the run began, in `zone`. Ties are ordered by price, then by product number. Products that
    the last run did not see, and those with a price on fewer than 7 of those days, come after the others: neither is
    known to be a deal. Unavailable products (sold out when last seen, or without a price) come last.
    """
    with history.snapshot() as connection:
        runs = {
            number: to_microseconds(from_microseconds(started_at))
            for number, started_at in connection.execute(
                "SELECT run.id, run.started_at FROM source JOIN search ON search.source = source.id"
                " JOIN run ON run.search = search.id WHERE source.name = ?",
                (source,),
            )
        }
        days = {run: date_in(zone, from_microseconds(at)).toordinal() for run, at in runs.items()}
        own = connection.execute(
            "SELECT max(run.started_at) FROM source JOIN search ON search.source = source.id"
            " JOIN run ON run.search = search.id WHERE source.name = ? AND search.query = ?",
            (source, query),
        ).fetchone()
        dropped_of = _dropped(history, connection, source, query)
        with closing(_pasts(connection, source, query, runs)) as pasts:
            found = [
                (_figures(runs, days, numbers, prices), as_text(product_id), dropped_of.get(product_id))
                for product_id, numbers, prices in pasts
            ]

    if own[0] is None:
        return ()  # the search was deleted after it was looked up

    def place(each: tuple[_Figures, str, str | None]) -> tuple[bool, bool, float, int, str]:
        figures, product_id, _ = each
        unsure = figures.days < MANY_DAYS or figures.last < own[0]
        return figures.price is None, unsure, figures.relative, figures.price or 0, product_id

    return tuple(
        Ranked(product_id, figures.last >= own[0], dropped)
        for figures, product_id, dropped in sorted(found, key=place)
    )


def _dropped(
    history: HistoryReader, connection: sqlite3.Connection, source: str, query: str
) -> dict[str, str | None]:
    """Return the search's drop reasons, by product number; empty for a file of an earlier version."""
    if history.version < DROPPED_SINCE:
        return {}
    rows = connection.execute(
        "SELECT product.product_id, found.dropped FROM source JOIN search ON search.source = source.id"
        " JOIN found ON found.search = search.id JOIN product ON product.id = found.product"
        " WHERE source.name = ? AND search.query = ?",
        (source, query),
    )
    return {product_id: as_dropped(dropped) for product_id, dropped in rows}


def _pasts(
    connection: sqlite3.Connection, source: str, query: str, runs: Mapping[int, int]
) -> Generator[tuple[str, str, str]]:
    """Yield one row per product: its number, its runs, and its prices in the same order ('' if unavailable).

    Most runs long before its last one are left out.
    """
    last_runs = connection.execute(
        # The key of an observation begins with the product and then the run, so the last run is found at once.
        "SELECT product.id, (SELECT max(run) FROM observation WHERE observation.product = product.id) AS last"
        " FROM source JOIN search ON search.source = source.id JOIN found ON found.search = search.id"
        " JOIN product ON product.id = found.product WHERE source.name = ? AND search.query = ?",
        (source, query),
    ).fetchall()
    first_of = _first_runs(runs)
    together: dict[int, list[int]] = {}
    for product, last in last_runs:
        if last is not None:
            together.setdefault(first_of.get(last, 0), []).append(product)
    for first, products in together.items():
        for some, marks in chunked(products):
            yield from connection.execute(
                "SELECT product.product_id, group_concat(observation.run),"  # noqa: S608 – question marks alone are put in
                " group_concat(CASE WHEN sold_out OR price IS NULL THEN '' ELSE price END)"
                " FROM product CROSS JOIN observation ON observation.product = product.id"
                f" WHERE product.id IN ({marks}) AND observation.run >= ? GROUP BY product.id",
                (*some, first),
            )


def _first_runs(runs: Mapping[int, int]) -> dict[int, int]:
    """Return, by run, the lowest number such that all runs of the 90 days before it are included.

    Numbers grow with time unless older runs were imported later. In that case the numbers are useless: return nothing.
    """
    numbers = sorted(runs)
    times = [runs[number] for number in numbers]
    if any(later < earlier for earlier, later in pairwise(times)):
        return {}
    return {number: numbers[bisect_right(times, runs[number] - _LOOK_BACK)] for number in numbers}


def _figures(runs: Mapping[int, int], days: Mapping[int, int], numbers: str, prices: str) -> _Figures:
    try:
        seen = [int(number) for number in numbers.split(",")]
        paid = [int(price or _NONE) for price in prices.split(",")]
        past = sorted((runs[number], days[number], price) for number, price in zip(seen, paid, strict=True))
    except (KeyError, ValueError, AttributeError) as error:  # a run of no known search, a text, a blob
        raise DamagedValueError("a list of runs and their prices", prices) from error
    if min(paid) < _NONE or max(paid) > _MOST_HUNDREDTHS:
        raise DamagedValueError("an amount", prices)
    last, today, now = past[-1]
    daily = {day: price for _, day, price in past if price != _NONE and day > today - MEDIAN_DAYS}
    if now == _NONE:
        return _Figures(0.0, None, len(daily), last)
    usual = median(daily.values())
    return _Figures(now / usual if usual else 1.0, now, len(daily), last)
