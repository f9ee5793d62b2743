"""Find searches and products of a history by words, in either script of Chinese."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crawler.history.reading import HistoryReader, SearchSummary
from crawler.history.store import LONGEST_TEXT, chunked
from crawler.history.units import (
    as_count,
    as_flag,
    as_milliseconds,
    as_text,
    from_microseconds,
    hundredths_as_yuan,
)
from crawler.query import simplified, traditional

__all__ = ["MOST_WORDS", "FoundProduct", "find_products", "find_searches", "queries_that_found"]

MOST_WORDS = 8
"""The number of words of a text that count; the others are ignored."""

_LONGEST_WORD = 100

_ESCAPE = str.maketrans({"\\": "\\\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product of the history, as it was seen last."""

    product_id: str
    title: str
    observations: int
    last_at: dt.datetime
    price: Decimal | None
    """The price when it was seen last, in yuan; None without one."""
    sold_out: bool

    @property
    def available_price(self) -> Decimal | None:
        """The price at which it was for sale; None without a price, or if it was sold out."""
        return None if self.sold_out else self.price


def find_searches(history: HistoryReader, source: str, text: str) -> tuple[SearchSummary, ...]:
    """Return the searches of a source whose query contains every word of `text`, the latest run first.

    Without words, all of them.
    """
    words = [tuple(form.casefold() for form in forms) for forms in _words(text)]
    return tuple(
        each
        for each in history.searches()
        if each.source == source
        and all(any(form in each.query.casefold() for form in forms) for forms in words)
    )


def find_products(
    history: HistoryReader, source: str, text: str, *, most: int
) -> tuple[tuple[FoundProduct, ...], int]:
    """Return the products of a source whose title contains every word of `text`, and how many there are.

    At most `most` of them are returned: first the product with this number, then the shortest titles. Without words,
    none.
    """
    words = _words(text)
    if not words:
        return (), 0
    where = " AND ".join(f"({' OR '.join(['title LIKE ? ESCAPE ?'] * len(forms))})" for forms in words)
    values = [value for forms in words for form in forms for value in (f"%{form.translate(_ESCAPE)}%", "\\")]
    number = text.strip()
    with history.snapshot() as connection:
        found = connection.execute(
            "SELECT product.id, product_id = ? AS named, count(*) OVER ()"  # noqa: S608 – constants and question marks
            " FROM source JOIN product ON product.source = source.id"
            f" WHERE source.name = ? AND (({where}) OR product_id = ?)"
            " ORDER BY named DESC, length(title), title, product.id LIMIT ?",
            (number, source, *values, number, most),
        ).fetchall()
        rows = [
            row
            for some, marks in chunked([number for number, *_ in found])
            for row in _last(connection, some, marks)
        ]
    by_number = {row[0]: _product(row[1:]) for row in rows}
    total = as_count(found[0][2]) if found else 0
    return tuple(by_number[number] for number, *_ in found if number in by_number), total


def queries_that_found(history: HistoryReader, source: str, product_id: str) -> tuple[str, ...]:
    """Return the queries that have found a product, those of the latest runs first."""
    with history.snapshot() as connection:
        rows = connection.execute(
            "SELECT search.query FROM source JOIN product ON product.source = source.id"
            " JOIN found ON found.product = product.id JOIN search ON search.id = found.search"
            " WHERE source.name = ? AND product.product_id = ?"
            " ORDER BY (SELECT max(started_at) FROM run WHERE run.search = search.id) DESC LIMIT ?",
            (source, product_id, MOST_WORDS),
        ).fetchall()
    return tuple(as_text(query) for (query,) in rows)


def _words(text: str) -> list[tuple[str, ...]]:
    """Return the words of a text, each in its different forms."""
    words = [word[:_LONGEST_WORD] for word in text.split()[:MOST_WORDS]]
    return [tuple(dict.fromkeys((word, simplified(word), traditional(word)))) for word in words]


def _last(connection: sqlite3.Connection, numbers: Sequence[int], marks: str) -> Iterator[tuple[Any, ...]]:
    """Yield the last observation of each product, and how many there are.

    With one `max`, SQLite takes the other columns from the row of the maximum (https://www.sqlite.org/lang_select.html,
    2.5). The last run is not always the one with the highest number: older runs may be imported later.
    """
    return connection.execute(
        "SELECT product.id, product_id, title, count(*), max(run.started_at + 1000 * observation.after),"  # noqa: S608 – question marks alone
        " run.started_at, observation.after, price, sold_out"
        " FROM product CROSS JOIN observation ON observation.product = product.id"
        f" JOIN run ON run.id = observation.run WHERE product.id IN ({marks}) GROUP BY product.id",
        tuple(numbers),
    )


def _product(row: tuple[Any, ...]) -> FoundProduct:
    product_id, title, observations, _, started, after, price, sold_out = row
    return FoundProduct(
        product_id=as_text(product_id),
        title=as_text(title)[:LONGEST_TEXT],
        observations=as_count(observations),
        last_at=from_microseconds(started) + as_milliseconds(after),
        price=hundredths_as_yuan(price),
        sold_out=as_flag(sold_out),
    )
