"""Batches: parts of a shard's targets that a worker of a cluster crawls, and the values that travel with them.

A batch has a name that is unique within its crawl, and its files carry that name. So a batch that was lost with its
worker is crawled again into the same files, and appears once.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crawler.bulk.model import BulkOptions, Finished, Target
from crawler.verdict import Verdict
from crawler.version import __version__

__all__ = [
    "BATCH_FILE",
    "THIS_PROGRAM",
    "Batch",
    "BatchOutcome",
    "Saved",
    "batch_name",
    "program_words",
    "staging_name",
]

BATCH_FILE = re.compile(r"(?:pages|results(?:-unpriced)?)-\d+-r\d+b\d+-\d+\.(?:warc\.gz|jsonl)")
"""The names of the files of all batches."""


def program_words(version: str, python: str) -> str:
    """Return a version of this program with the minor version of Python that runs it."""
    return f"{version} on Python {python}"


THIS_PROGRAM = program_words(__version__, ".".join(platform.python_version_tuple()[:2]))
"""The version that all processes of a crawl must have, of this program and of Python."""


def batch_name(shard: int, run: int, number: int) -> str:
    """Return the name of a batch: of the shard, of the run of the crawl, and of its number within that run."""
    return f"{shard:03}-r{run}b{number:05}"


def staging_name(crawl: str) -> str:
    """Return the name of the folder in which the unfinished batches of a run are, within the folder of the crawl."""
    return f".batches-{crawl}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Targets to crawl, with everything that a worker must know."""

    crawl: str
    """A random text, different for every run of a crawl."""
    shard: int
    name: str
    targets: Sequence[Target]
    blame: Mapping[int, Verdict]
    """The targets that must not be parsed, with the verdicts on their pages."""
    options: BulkOptions
    output: str
    """The folder or URL for the files."""
    seconds: float
    """After this time no further target is requested; those without a result stay pending."""
    tail_seconds: float | None
    """The last tenth of the targets has so long; None for `seconds` alone."""
    program: str = THIS_PROGRAM


@dataclass(frozen=True, slots=True)
class Saved:
    """The part of a batch that its process has saved since its last report."""

    finished: Sequence[Finished]
    handed_over: Sequence[Target]
    lengths: Mapping[str, int]


@dataclass(slots=True)
class BatchOutcome:
    """The saved part of a batch; targets that are in neither list are still pending."""

    name: str
    finished: list[Finished] = field(default_factory=list)
    handed_over: list[Target] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    """The sizes of its files by name."""
    blamed: dict[int, Verdict] = field(default_factory=dict)
    """Targets that killed or hung the parser."""
    worker: str = ""
    """The address of the worker."""

    def add(self, saved: Saved) -> None:
        """Add what was saved."""
        self.finished += saved.finished
        self.handed_over += saved.handed_over
        self.files.update(saved.lengths)
