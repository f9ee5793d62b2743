"""The values of a bulk crawl that its modules exchange: targets, options, progress, and the names of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from crawler.verdict import Verdict

__all__ = [
    "BulkOptions",
    "Finished",
    "Parse",
    "ShardProgress",
    "Store",
    "Target",
    "shard_of",
    "state_folder",
    "store_path",
]


class Parse(StrEnum):
    """How a bulk crawl reads the pages that it fetches."""

    PRODUCT = "product"
    """As product pages of any shop: JSON-LD, microdata, OpenGraph."""
    SEARCH = "search"
    """As search pages of the registered shop that has their host."""
    NONE = "none"


class Store(StrEnum):
    """Where a bulk crawl keeps the pages."""

    WARC = "warc"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL to crawl."""

    number: int
    """The line of its first appearance in the input, from 1. It identifies the target in the state and the results."""
    url: str
    """The URL to request: absolute, percent-encoded ASCII, without fragment."""
    host: str
    """Name and port (`Request.netloc`): limits apply per host, and a host belongs to one shard."""
    source_url: str
    """The URL of the input, percent-encoded; it differs from `url` after a redirect to a host of another shard."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The other columns of its line, if the input is a CSV."""
    redirects: int = 0
    """The redirects that led to `url`."""
    attempts: int = 0
    """The requests made before the target was handed over to this shard."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A target with a result on disk."""

    number: int
    host: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """The options of a bulk crawl, the same for every shard; plain values, which pickle."""

    out: Path
    shards: int
    """The number of shards, fixed when the crawl begins; a resumed crawl keeps it."""
    concurrency: int = 256
    """The maximum number of parallel requests of one process to all hosts."""
    per_host: int = 8
    """The maximum number of parallel requests to one host."""
    delay: float = 0.0
    """Seconds between the starts of two requests to one host, randomly up to 50 % more or less."""
    parse: Parse = Parse.PRODUCT
    store: Store = Store.WARC
    allow_private: bool = False
    """True to request hosts with a private address, too."""
    obey_robots: bool = True
    roll_bytes: int = 1_000_000_000
    """A WARC file that exceeds this size is closed, and the next one begun."""
    parse_seconds: float = 10.0
    """The longest time that the parser may take for a page; then the process is replaced, and the page has the verdict
    `parse_timeout`."""
    user_agent: str = ""
    """'' for that of `FetchSettings`."""
    proxy: str | None = None


@dataclass(slots=True)
class ShardProgress:
    """The report of one process about its shard: counts since the process began."""

    shard: int
    finished: int = 0
    fetched_bytes: int = 0
    """Bytes of bodies, decompressed."""
    verdicts: dict[Verdict, int] = field(default_factory=dict)
    in_flight: int = 0
    handed_over: int = 0
    """Targets given to another shard, after a redirect."""
    idle: bool = False
    """True if nothing is in flight and the store has no pending target."""


def shard_of(host: str, shards: int) -> int:
    """Return the shard of a host: SHA-256 of its name and port, the same in every process and on every machine."""
    return int.from_bytes(hashlib.sha256(host.encode()).digest()[:8]) % shards


def state_folder(out: Path) -> Path:
    """Return the folder of a crawl's state within its output folder."""
    return out / "state"


def store_path(out: Path, shard: int) -> Path:
    """Return the path of a shard's store."""
    return state_folder(out) / f"shard-{shard:03}.sqlite"
