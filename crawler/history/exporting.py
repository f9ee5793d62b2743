"""Export the whole history, run by run, as CSV or JSON lines, in constant memory.

A line holds an observation with its run; a run without observations has one line without a product. Runs are sorted by
time, the products of a run by their numbers: equal histories give equal bytes, however they came about.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import sqlite3
from collections.abc import Generator, Iterator
from decimal import Decimal

from crawler.history.reading import HistoryReader
from crawler.history.schema import DROPPED_SINCE
from crawler.history.units import (
    as_count,
    as_dropped,
    as_flag,
    as_milliseconds,
    as_rating,
    as_text,
    as_text_or_none,
    from_microseconds,
    hundredths_as_yuan,
)
from crawler.json_text import escape_controls

__all__ = ["COLUMNS", "FORMATS", "OBSERVATION_COLUMNS", "RUN_COLUMNS", "export", "shielded", "unshielded"]

FORMATS = ("csv", "jsonl")

RUN_COLUMNS = ("run", "source", "query", "started_at", "pages_ok", "pages_failed", "observations")
"""The columns about the run; `run` is its key, `observations` the number of its lines with a product."""

OBSERVATION_COLUMNS = (
    "product_id", "title", "at", "price", "list_price", "rating", "reviews", "seller", "sold_out", "dropped",
)  # fmt: skip
"""The columns about the product; all are empty for a run without observations. `title` is the last one seen, `dropped`
says why the last run of the search left the product out."""

COLUMNS = RUN_COLUMNS + OBSERVATION_COLUMNS

_TEXTS = ("run", "source", "query", "product_id", "title", "seller", "dropped")

_LINES_AT_ONCE = 2_000

_SHIELD = "'"

_SHIELDED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", _SHIELD)
"""Characters with which a spreadsheet formula begins, as in `crawler.report.common.formulas`, and the shield itself."""

_NOTHING_SEEN = dict.fromkeys(OBSERVATION_COLUMNS)

_RUNS = (
    "SELECT run.id, row_number() OVER (ORDER BY run.started_at, run.key) AS place, run.key, source.name AS source,"
    " search.query, run.started_at, run.pages_ok, run.pages_failed, run.observations, run.search"
    " FROM run JOIN search ON search.id = run.search JOIN source ON source.id = search.source"
    " WHERE :query IS NULL OR (source.name = :source AND search.query = :query)"
)
_SEEN = (
    f"WITH ordered AS ({_RUNS})"  # noqa: S608 – a constant
    " SELECT place, ordered.started_at, product.product_id, product.title, after, price, list_price, rating, reviews,"
    " seller.name, sold_out, {dropped} FROM observation JOIN ordered ON ordered.id = observation.run"
    " JOIN product ON product.id = observation.product LEFT JOIN seller ON seller.id = observation.seller"
    " LEFT JOIN found ON found.search = ordered.search AND found.product = observation.product"
    " ORDER BY place, product.product_id"
)

Line = dict[str, object]


def export(
    history: HistoryReader, form: str, *, source: str = "", query: str | None = None
) -> Generator[bytes]:
    """Yield the history in a format of `FORMATS`, piece by piece; with `query`, only that search at `source`.

    The export shows the history as of its first piece, even if others record meanwhile. Raises HistoryError.
    """
    with history.snapshot() as connection:
        dropped = "found.dropped" if history.version >= DROPPED_SINCE else "NULL"
        lines = _lines(connection, {"source": source, "query": query}, _SEEN.format(dropped=dropped))
        if form == "csv":
            yield (",".join(COLUMNS) + "\r\n").encode()
        while some := list(itertools.islice(lines, _LINES_AT_ONCE)):
            yield _as_csv(some) if form == "csv" else _as_json_lines(some)


def shielded(text: str | None) -> str:
    """Return text as a cell that `unshielded` restores and no spreadsheet runs as a formula.

    None is an empty cell. An apostrophe precedes the start of a formula and another apostrophe; alone, it stands for
    an empty text.
    """
    if text is None:
        return ""
    return _SHIELD + text if not text or text.startswith(_SHIELDED) else text


def unshielded(cell: str) -> str | None:
    """Return the text of a cell; None for an empty cell."""
    return cell.removeprefix(_SHIELD) if cell else None


def _lines(connection: sqlite3.Connection, wanted: dict[str, str | None], seen_query: str) -> Iterator[Line]:
    """Yield the lines as values."""
    runs = connection.execute(f"{_RUNS} ORDER BY place", wanted)
    seen = connection.execute(seen_query, wanted)  # SQLite sorts, with temporary data in a file
    by_run = itertools.groupby(seen, key=lambda row: row[0])
    next_seen = next(by_run, None)
    for _, place, key, source, query, started_at, *counts, _ in runs:
        values = (
            *map(as_text, (key, source, query)),
            _moment(from_microseconds(started_at)),
            *map(as_count, counts),
        )
        run: Line = dict(zip(RUN_COLUMNS, values, strict=True))
        if next_seen is None or next_seen[0] != place:
            yield run | _NOTHING_SEEN
            continue
        for row in next_seen[1]:
            yield run | _observation(row[1:])
        next_seen = next(by_run, None)


def _observation(
    row: tuple[
        int, str, str, int, int | None, int | None, int | None, int | None, str | None, int, str | None
    ],
) -> Line:
    started_at, product_id, title, after, price, list_price, rating, reviews, seller, sold_out, dropped = row
    return {
        "product_id": as_text(product_id),
        "title": as_text(title),
        "at": _moment(from_microseconds(started_at) + as_milliseconds(after)),
        "price": hundredths_as_yuan(price),
        "list_price": hundredths_as_yuan(list_price),
        "rating": None if rating is None else Decimal(as_rating(rating)).scaleb(-2),
        "reviews": None if reviews is None else as_count(reviews),
        "seller": as_text_or_none(seller),
        "sold_out": as_flag(sold_out),
        "dropped": as_dropped(dropped),
    }


def _moment(moment: dt.datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _as_json_lines(lines: list[Line]) -> bytes:
    import msgspec

    return escape_controls(msgspec.json.Encoder(decimal_format="number").encode_lines(lines))


def _as_csv(lines: list[Line]) -> bytes:
    output = io.StringIO()
    csv.writer(output, lineterminator="\r\n").writerows(
        [_cell(name, line[name]) for name in COLUMNS] for line in lines
    )
    return output.getvalue().encode()


def _cell(name: str, value: object) -> str:
    if name in _TEXTS:
        return shielded(None if value is None else str(value))
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
