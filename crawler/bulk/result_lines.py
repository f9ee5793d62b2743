"""Read the result lines of a bulk crawl: the slowest hosts, the throughput over time, and the rows of a short table."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from crawler.bulk.destination import open_destination
from crawler.bulk.progress import output_files

__all__ = ["HostFigures", "ResultFigures", "ResultLine", "read_results", "result_figures"]

MOST_HOSTS = 100_000
"""How many hosts have figures of their own at a time. Beyond it, the faster half is forgotten: some 30 MB at most."""

MOST_BUCKETS = 600
"""The maximum number of intervals of the throughput; beyond it, they become twice as long."""


class ResultLine(msgspec.Struct, frozen=True):
    """The part of a result line that summaries and tables show."""

    number: int
    url: str
    verdict: str
    final_url: str | None = None
    status: int | None = None
    detail: str | None = None
    bytes: int | None = None
    milliseconds: float | None = None
    content_type: str | None = None
    fetched_at: str | None = None
    title: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    listings: list[msgspec.Raw] | None = None

    @property
    def host(self) -> str:
        """Name and port of the host of the input's URL."""
        return urlsplit(self.url).netloc


@dataclass(slots=True)
class HostFigures:
    """The sums of one host."""

    pages: int = 0
    milliseconds: float = 0.0
    slowest: float = 0.0
    failed: int = 0

    @property
    def mean(self) -> float:
        """The mean time of a page, in milliseconds."""
        return self.milliseconds / self.pages if self.pages else 0.0


@dataclass(slots=True)
class ResultFigures:
    """The figures of all result lines that were read."""

    lines: int = 0
    complete: bool = True
    """False if time ran out before all lines were read."""
    bytes: int = 0
    unreadable: int = 0
    """Lines that are no result; this program writes none."""
    hosts: dict[str, HostFigures] = field(default_factory=dict)
    forgotten: bool = False
    """True if there were too many hosts to keep figures of all."""
    width: int = 1
    """The length of an interval of the throughput in seconds, a power of two."""
    buckets: dict[int, int] = field(default_factory=dict)
    """Results by interval: its number since 1970."""

    def add(self, line: ResultLine, *, failed: bool) -> None:
        """Count a line."""
        self.lines += 1
        self.bytes += line.bytes or 0
        host = self.hosts.get(line.host)
        if host is None:
            if len(self.hosts) >= MOST_HOSTS:
                self._forget()
            host = self.hosts[line.host] = HostFigures()
        host.pages += 1
        host.failed += failed
        host.milliseconds += line.milliseconds or 0
        host.slowest = max(host.slowest, line.milliseconds or 0)
        if (at := _seconds(line.fetched_at)) is not None:
            bucket = at // self.width
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
            if len(self.buckets) > MOST_BUCKETS:
                self._widen()

    def slowest_hosts(self, most: int) -> list[tuple[str, HostFigures]]:
        """Return the hosts whose pages took longest, slowest first."""
        ordered = sorted(self.hosts.items(), key=lambda item: (-item[1].mean, item[0]))
        return ordered[:most]

    def throughput(self) -> list[tuple[dt.datetime, float]]:
        """Return the beginning of each interval, and its results per second; intervals without results are absent."""
        return [
            (dt.datetime.fromtimestamp(bucket * self.width, dt.UTC), n / self.width)
            for bucket, n in sorted(self.buckets.items())
        ]

    def _forget(self) -> None:
        self.hosts = dict(self.slowest_hosts(MOST_HOSTS // 2))
        self.forgotten = True

    def _widen(self) -> None:
        self.width *= 2
        wider: dict[int, int] = {}
        for bucket, n in self.buckets.items():
            wider[bucket // 2] = wider.get(bucket // 2, 0) + n
        self.buckets = wider


def _seconds(moment: str | None) -> int | None:
    try:
        return None if moment is None else int(dt.datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return None


_DECODER = msgspec.json.Decoder(ResultLine)


def _lines(out: Path, url: str, names: Iterable[str]) -> Iterator[bytes]:
    destination = open_destination(url or str(out))
    for name in names if url else output_files(out):
        if name.startswith("results-"):
            with destination.reading(name) as file:
                yield from file


def read_results(out: Path, most: int, *, url: str = "", names: Iterable[str] = ()) -> list[ResultLine]:
    """Return the results of a crawl in the order of its input; the first `most` that are found.

    With `url`, read the files named `names` there instead of those in the folder. Raises OutputError.
    """
    found: list[ResultLine] = []
    for line in _lines(out, url, names):
        if len(found) >= most:
            break
        try:
            found.append(_DECODER.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return sorted(found, key=lambda line: line.number)[:most]


def result_figures(
    out: Path,
    passes: frozenset[str],
    *,
    seconds: float | None = None,
    url: str = "",
    names: Iterable[str] = (),
) -> ResultFigures:
    """Return the figures of all result lines; verdicts outside `passes` count as failed.

    `seconds` is the longest time that this may take; None for as long as it needs. `url` and `names` are as for
    `read_results`. Raises OutputError if a file cannot be read.
    """
    figures = ResultFigures()
    deadline = None if seconds is None else time.monotonic() + seconds
    for line in _lines(out, url, names):
        if deadline is not None and time.monotonic() > deadline:
            figures.complete = False
            break
        try:
            result = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            figures.unreadable += 1
            continue
        figures.add(result, failed=result.verdict not in passes)
    return figures
