"""Read a list of URLs: one URL per line, or a CSV with a column `url`, whose other columns travel to the results."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from crawler.atomic_write import shown
from crawler.bulk.input_blocks import STDIN, describe_input
from crawler.bulk.input_lines import EXCERPT, LONGEST_LINE, Line, LineReader
from crawler.bulk.model import Target
from crawler.bulk.url import RefusedUrl, normalize_url, without_user_info
from crawler.clean import clean
from crawler.errors import UsageError

__all__ = ["STDIN", "InputCounts", "InputReader", "Rejection", "describe_input"]

URL_COLUMN = "url"
"""The column of a CSV with the URLs; case makes no difference."""

_DELIMITERS = ",;\t|"

_MOST_COLUMNS = 1_000
"""Limit on the columns of a CSV: each is a key in every result."""

_CSV_NAME = re.compile(r"\.(?:csv|tsv|tab)(?:\.gz)?$", re.IGNORECASE)

_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
"""The first line by which Excel is told the delimiter."""


class Rejection(NamedTuple):
    """A line that is no target."""

    number: int
    """The line in the input; of a CSV, the first line of the row."""
    reason: str
    text: str
    """The beginning of the line, without user names and passwords."""


@dataclass(slots=True)
class InputCounts:
    """The lines read so far. Each line is of one kind, or a target or duplicate, which the stores tell apart."""

    lines: int = 0
    blank: int = 0
    comments: int = 0
    header: int = 0
    """The line with the names of columns, and one that names the delimiter."""
    continued: int = 0
    """Lines of a CSV that continue a quoted field."""
    rejected: int = 0


class InputReader:
    """An iterable over the targets and rejections of an input, for one use.

    An input is a CSV if its name ends in .csv or .tsv (.gz), or if its first line names the column `url`. Blank lines
    and those that begin with `#` are skipped.

    Ends early when `stopped` returns True. Calls `waiting` when a pipe has no data yet, and again while it has none;
    the complete lines before have been returned by then. Raises UsageError if the input cannot be read, or if the names
    of its columns are of no use.
    """

    def __init__(
        self,
        source: str,
        *,
        stopped: Callable[[], bool] = lambda: False,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._reader = LineReader(source, stopped, waiting)
        self._counts = InputCounts()
        self._waiting: deque[Line] = deque()
        """Lines that were read in search of the end of a quoted field, and are rows of their own."""
        self._lines: Iterator[Line] = iter(())
        self._delimiter = ","

    @property
    def counts(self) -> InputCounts:
        """The lines read so far."""
        self._counts.lines = self._reader.lines - len(self._waiting)
        return self._counts

    @property
    def gb18030_lines(self) -> int:
        """The number of lines that were decoded as GB18030."""
        return self._reader.gb18030_lines

    @property
    def damage(self) -> str:
        """Why the input could not be read to its end; '' if it could."""
        return self._reader.damage

    def __iter__(self) -> Iterator[Target | Rejection]:
        self._lines = iter(self._reader)
        for line in self._meaningful():
            if (columns := self._columns(line)) is not None:
                self._counts.header += 1
                yield from self._rows(columns)
            else:
                self._lines = chain([line], self._lines)
                yield from self._urls()
            return

    def _meaningful(self) -> Iterator[Line]:
        """Yield the lines that are neither blank nor comments."""
        counts = self._counts
        while (line := self._waiting.popleft() if self._waiting else next(self._lines, None)) is not None:
            stripped = line.text.strip()
            if line.problem:
                yield line
            elif not stripped:
                counts.blank += 1
            elif stripped[0] == "#":
                counts.comments += 1
            else:
                yield line

    def _reject(self, line: Line, reason: str) -> Rejection:
        self._counts.rejected += 1
        return Rejection(line.number, reason, without_user_info(line.text)[:EXCERPT])

    # Plain lists

    def _urls(self) -> Iterator[Target | Rejection]:
        for line in self._meaningful():
            if line.problem:
                yield self._reject(line, line.problem)
                continue
            url = normalize_url(line.text.lstrip("\ufeff"))  # the mark of a file that was appended
            if isinstance(url, RefusedUrl):
                yield self._reject(line, url.reason)
            else:
                yield Target(line.number, url.url, url.host, url.url)

    # CSV

    def _columns(self, line: Line) -> list[str] | None:
        """Return the names of the columns if a line is the first of a CSV, and set the delimiter; None if it is not."""
        if line.problem:
            if _CSV_NAME.search(self._source):
                raise UsageError(f"{shown(self._source)}: the line with the names of columns: {line.problem}")
            return None
        if (separator := _SEPARATOR_LINE.fullmatch(line.text.strip())) is not None:
            self._counts.header += 1
            self._delimiter = separator[1]
            line = next(self._meaningful(), Line(line.number + 1, ""))
            choice: Sequence[str] = self._delimiter
        else:
            choice = _DELIMITERS
        for delimiter in choice:
            names = [name.strip() for name in next(csv.reader([line.text], delimiter=delimiter))]
            urls = sum(name.lower() == URL_COLUMN for name in names)
            if urls > 1:
                raise UsageError(
                    f"{shown(self._source)} has {urls} columns named {URL_COLUMN}; rename all but one"
                )
            if len(names) > _MOST_COLUMNS:
                raise UsageError(
                    f"{shown(self._source)} has more than {_MOST_COLUMNS:,} columns; remove some"
                )
            if urls:
                self._delimiter = delimiter
                return names
        if separator is not None or _CSV_NAME.search(self._source):
            raise UsageError(
                f"{shown(self._source)} has no column named {URL_COLUMN}; its first line must name the columns, and"
                f" reads {shown(line.text[:80])!r}"
            )
        return None

    def _rows(self, header: Sequence[str]) -> Iterator[Target | Rejection]:
        place = next(n for n, name in enumerate(header) if name.lower() == URL_COLUMN)
        names = _unique_names(header)
        width = len(names)
        for line, fields in self._records():
            if isinstance(fields, str):
                yield self._reject(line, fields)
                continue
            while len(fields) > width and not fields[-1].strip():
                fields.pop()
            if len(fields) > width:  # a comma within the URL, which must not be cut off
                yield self._reject(
                    line, f"it has {len(fields)} fields for {width} columns; quote those with delimiters"
                )
                continue
            if not any(map(str.strip, fields)):
                self._counts.blank += 1
                continue
            fields.extend([""] * (width - len(fields)))
            url = normalize_url(fields[place])
            if isinstance(url, RefusedUrl):
                empty = not fields[place].strip()
                yield self._reject(line, "its url is empty" if empty else url.reason)
                continue
            columns: Mapping[str, str] = {
                name: field for n, (name, field) in enumerate(zip(names, fields, strict=True)) if n != place
            }
            yield Target(line.number, url.url, url.host, url.url, columns)

    def _records(self) -> Iterator[tuple[Line, list[str] | str]]:
        """Yield the first line of each row with its fields, or with the reason why it is none."""
        for line in self._meaningful():
            if line.problem:
                yield line, line.problem
            elif '"' not in line.text:
                yield line, line.text.split(self._delimiter)
            else:
                yield line, self._quoted(line)

    def _quoted(self, first: Line) -> list[str] | str:
        """Read a row with quotes to its end, on this line or a later one.

        If it has no end, only its first line is lost: the others are read again, as rows.
        """
        taken = [first]

        def lines() -> Iterator[str]:
            yield first.text + "\n"
            size = len(first.text)
            while (line := self._waiting.popleft() if self._waiting else next(self._lines, None)) is not None:
                taken.append(line)
                size += len(line.text) + 1
                if line.problem or size > LONGEST_LINE:
                    return
                yield line.text + "\n"

        try:
            # Strict: otherwise a quote that is not closed would end at the next one, with a URL in between.
            fields = next(csv.reader(lines(), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            self._waiting.extendleft(reversed(taken[1:]))
            if str(error) == "unexpected end of data":
                return f"a quote is not closed within {LONGEST_LINE:,} characters"
            return f"its quotes are not those of a CSV ({error})"
        self._counts.continued += len(taken) - 1
        return fields


def _unique_names(header: Sequence[str]) -> list[str]:
    """Return names for the columns, each of them once and not empty."""
    names: list[str] = []
    taken: set[str] = set()
    for number, name in enumerate(header, 1):
        plain = clean(name) or f"column_{number}"
        unique, n = plain, 1
        while unique in taken:
            n += 1
            unique = f"{plain}_{n}"
        taken.add(unique)
        names.append(unique)
    return names
