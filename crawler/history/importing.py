"""Import an export: each run completely or not at all, and never twice."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta

from crawler.errors import UsageError
from crawler.history.exporting import COLUMNS, unshielded
from crawler.history.observations import RunRecord
from crawler.history.store import History, chunked
from crawler.history.units import as_count, as_row, as_text, to_microseconds
from crawler.prices.observation import Observation

__all__ = ["HistoryImporter", "Imported"]

MOST_BYTES = 2**20
"""Limit on a line in bytes; none of ours is longer."""

MOST_PRODUCTS = 100_000
"""Limit on the products of a run; a search has at most 6,000."""

_Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_MOST_YUAN = Decimal(10**12)
_FIRST = dt.datetime(1995, 1, 1, tzinfo=dt.UTC)


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line, with the columns of `crawler.history.exporting`."""

    run: _Text
    source: _Text
    query: str
    started_at: Annotated[dt.datetime, Meta(tz=True)]
    pages_ok: _Count
    pages_failed: _Count
    observations: _Count
    product_id: _Text | None
    title: str | None
    at: Annotated[dt.datetime, Meta(tz=True)] | None
    price: Decimal | None
    list_price: Decimal | None
    rating: Annotated[float, Meta(ge=0, le=100)] | None
    reviews: _Count | None
    seller: str | None
    sold_out: bool | None
    dropped: Literal["no", "ebook", "accessory", "off_topic"] | None = None
    """None in an export of an earlier version."""

    def record(self) -> RunRecord:
        """Return the run."""
        return RunRecord(
            self.run,
            self.source,
            self.query,
            _in_bounds(self.started_at, "started_at"),
            self.pages_ok,
            self.pages_failed,
        )

    def observation(self) -> Observation | None:
        """Return the observation; None for a run without any. Raises ValueError if a value is missing."""
        seen = (self.product_id, self.title, self.at, self.sold_out)
        if all(value is None for value in seen):
            return None
        if self.product_id is None or self.title is None or self.at is None or self.sold_out is None:
            raise ValueError("product_id, title, at and sold_out must all be present or all be absent")
        return Observation(
            self.product_id, self.title, _in_bounds(self.at, "at"), _amount(self.price, "price"),
            _amount(self.list_price, "list_price"), self.rating, self.reviews, self.seller, self.sold_out,
            self.dropped,
        )  # fmt: skip


@dataclass(slots=True)
class Imported:
    """The outcome of an import."""

    runs: int = 0
    """The number of new runs."""
    observations: int = 0
    known: int = 0
    """The number of runs that existed already; their pruned observations were restored."""


class HistoryImporter(History):
    """A history file that imports exports; it and its methods raise HistoryError as `History` does."""

    def take_in(self, file: BinaryIO, name: str, done: Imported | None = None) -> Imported:
        """Record every new run of an export, each in its own transaction.

        For a run that exists already, restore the observations that were pruned.

        `name` is the file's name in messages; `done` counts the runs as they are recorded. Raises UsageError, naming
        file and line, for a line that is unreadable or missing: the runs before it are recorded, its own run is not.
        """
        done = done or Imported()
        for run, observations in _runs(file, name):
            if self._has(run.key):
                done.known += 1
                done.observations += self._put_back(run, observations)
                continue
            self.record(run, self._with_newer_titles(run, observations))
            done.runs += 1
            done.observations += len(observations)
        return done

    def _has(self, key: str) -> bool:
        with self._translating_errors():
            return self._connection.execute("SELECT 1 FROM run WHERE key = ?", (key,)).fetchone() is not None

    def _put_back(self, run: RunRecord, observations: list[Observation]) -> int:
        """Restore the missing observations of a run; return how many there were."""
        with self._translating_errors(), self._transaction() as connection:
            number, started, count, search, source = as_row(
                connection.execute(
                    "SELECT run.id, started_at, observations, search, source FROM run"
                    " JOIN search ON search.id = run.search WHERE key = ?",
                    (run.key,),
                ).fetchone()
            )
            if as_count(count) >= len(observations) or started != to_microseconds(run.started_at):
                return 0
            there = {
                product_id
                for (product_id,) in connection.execute(
                    "SELECT product_id FROM observation JOIN product ON product.id = observation.product"
                    " WHERE run = ?",
                    (number,),
                )
            }
            missing = [seen for seen in observations if seen.product_id not in there]
            newer = self._with_newer_titles(run, missing)
            self._add(connection, run, number, newer, source=source, search=search)
            connection.execute(
                "UPDATE run SET observations = observations + ? WHERE id = ?", (len(missing), number)
            )
        return len(missing)

    def _with_newer_titles(self, run: RunRecord, observations: list[Observation]) -> list[Observation]:
        """Replace the titles of products that a later run has seen with their stored ones, so these are kept."""
        started = to_microseconds(run.started_at)
        titles: dict[str, str] = {}
        with self._translating_errors():
            later = self._connection.execute("SELECT 1 FROM run WHERE started_at > ? LIMIT 1", (started,))
            if later.fetchone() is None:
                return observations
            for some, marks in chunked([seen.product_id for seen in observations]):
                found = self._connection.execute(
                    "SELECT product_id, title FROM product JOIN source ON source.id = product.source"  # noqa: S608 – question marks alone are put in
                    " WHERE source.name = ? AND EXISTS (SELECT 1 FROM observation JOIN run ON run.id = observation.run"
                    " WHERE observation.product = product.id AND run.started_at > ?)"
                    f" AND product_id IN ({marks})",
                    (run.source, started, *some),
                )
                titles |= {product_id: as_text(title) for product_id, title in found}
        return [replace(seen, title=titles.get(seen.product_id, seen.title)) for seen in observations]


class _Gathered:
    """A run, and its lines so far."""

    def __init__(self, run: RunRecord, number: int, count: int) -> None:
        self.run = run
        self.number = number
        """The number of its first line."""
        self.count = count
        """The number of observations that its lines state."""
        self.lines = 0
        self.seen: dict[str, Observation] = {}

    def whole(self) -> tuple[RunRecord, list[Observation]]:
        """Return the run. Raises ValueError if lines are missing."""
        if len(self.seen) != self.count:
            raise ValueError(
                f"run {self.run.key!r} has {self.count:,} observations, but {len(self.seen):,} were found"
            )
        return self.run, list(self.seen.values())

    def add(self, run: RunRecord, observation: Observation | None, count: int) -> None:
        """Add a line. Raises ValueError if it contradicts the lines before."""
        if (run, count) != (self.run, self.count):
            raise ValueError(f"it contradicts the line before about run {run.key!r}")
        if self.lines and (observation is None or not self.seen):
            raise ValueError(f"run {run.key!r} has lines with and without a product")
        self.lines += 1
        if observation is None:
            return
        if observation.product_id in self.seen:
            raise ValueError(f"run {run.key!r} lists product {observation.product_id!r} twice")
        if len(self.seen) >= MOST_PRODUCTS:
            raise ValueError(f"run {run.key!r} has more than {MOST_PRODUCTS:,} products")
        self.seen[observation.product_id] = observation


def _runs(file: BinaryIO, name: str) -> Iterator[tuple[RunRecord, list[Observation]]]:
    """Yield each run of an export after its last line. Raises UsageError for a bad line."""
    now: _Gathered | None = None
    earlier: set[str] = set()
    for number, line in _lines(file, name):
        try:
            run, observation = line.record(), line.observation()
        except ValueError as error:
            raise _bad(name, number, str(error)) from error
        if now is None or run.key != now.run.key:
            if now is not None:
                yield _whole(now, name)
            if run.key in earlier:
                raise _bad(
                    name,
                    number,
                    f"the lines of run {run.key!r} are not together; sort the lines by run",
                )
            earlier.add(run.key)
            now = _Gathered(run, number, line.observations)
        try:
            now.add(run, observation, line.observations)
        except ValueError as error:
            raise _bad(name, number, str(error)) from error
    if now is not None:
        yield _whole(now, name)


def _whole(gathered: _Gathered, name: str) -> tuple[RunRecord, list[Observation]]:
    try:
        return gathered.whole()
    except ValueError as error:
        raise _bad(name, gathered.number, str(error)) from error


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, _Line]]:
    """Yield the lines of an export in either format, with their numbers."""
    texts = _texts(file, name)
    first = next(texts, None)
    if first is None:
        raise UsageError(f"{name} is empty; an export has at least one line")
    if first.startswith("{"):
        yield from _from_json(first, texts, name)
    else:
        yield from _from_csv(first, texts, name)


def _texts(file: BinaryIO, name: str) -> Iterator[str]:
    number = 0
    while data := file.readline(MOST_BYTES + 1):
        number += 1
        if len(data) > MOST_BYTES:
            raise _bad(name, number, f"it is longer than {MOST_BYTES:,} bytes")
        try:
            yield data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _bad(
                name, number, f"byte {error.start + 1} is not valid UTF-8; save it as UTF-8"
            ) from error


def _from_json(first: str, texts: Iterator[str], name: str) -> Iterator[tuple[int, _Line]]:
    decoder = msgspec.json.Decoder(_Line)
    for number, text in enumerate(itertools.chain([first], texts), 1):
        if text.strip():
            yield number, _decoded(decoder, text, name, number)


def _decoded(decoder: msgspec.json.Decoder[_Line], text: str, name: str, number: int) -> _Line:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _bad(name, number, str(error)) from error


def _from_csv(first: str, texts: Iterator[str], name: str) -> Iterator[tuple[int, _Line]]:
    header = next(csv.reader([first]), [])
    if sorted({*header, "dropped"}) != sorted(COLUMNS) or len(set(header)) != len(header):
        raise _bad(name, 1, f"an export begins with {{ or with the columns {','.join(COLUMNS)}")
    csv.field_size_limit(max(MOST_BYTES, csv.field_size_limit()))
    reader = csv.reader(texts, strict=True)
    start = 1
    while True:
        number = start + 1  # a title may contain line ends, so count from the end of the previous row
        try:
            cells = next(reader, None)
            if cells is None:
                return
            start = reader.line_num + 1
            if not cells:
                continue
            line = _from_cells(header, cells)
        except (csv.Error, msgspec.ValidationError, ValueError) as error:
            raise _bad(name, number, str(error)) from error
        yield number, line


def _from_cells(header: list[str], cells: list[str]) -> _Line:
    if len(cells) != len(header):
        raise ValueError(f"it has {len(cells)} cells instead of {len(header)}")
    return msgspec.convert(dict(zip(header, map(unshielded, cells), strict=True)), _Line, strict=False)


def _in_bounds(moment: dt.datetime, column: str) -> dt.datetime:
    """Return a time in UTC. Raises ValueError if nobody can have seen a price on the web then."""
    try:
        found = moment.astimezone(dt.UTC)
    except OverflowError:
        found = None
    if found is None or not _FIRST <= found <= dt.datetime.now(dt.UTC) + dt.timedelta(days=1):
        raise ValueError(f"{column} must be a time from {_FIRST:%Y} to today, not {moment.isoformat()}")
    return found


def _amount(amount: Decimal | None, column: str) -> Decimal | None:
    if amount is None:
        return None
    if not amount.is_finite() or not 0 <= amount < _MOST_YUAN or amount != round(amount, 2):
        raise ValueError(f"{column} must be an amount in yuan with two decimals, not {str(amount)[:40]}")
    return amount


def _bad(name: str, number: int, why: str) -> UsageError:
    before = "; the runs before it were imported" if number > 2 else ""
    return UsageError(f"{name}, line {number}: {why}{before}")
