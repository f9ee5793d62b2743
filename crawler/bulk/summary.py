"""The summary of a bulk crawl: every line of the input and every target accounted for, in `summary.json`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from crawler.atomic_write import atomic_write, shown
from crawler.bulk.input import STDIN
from crawler.bulk.intake import REJECTED
from crawler.bulk.manifest import Manifest
from crawler.bulk.model import BulkOptions
from crawler.bulk.result_lines import ResultFigures, result_figures
from crawler.bulk.status import State, Status
from crawler.errors import OutputError
from crawler.json_text import escape_controls
from crawler.verdict import Verdict
from crawler.version import __version__

__all__ = ["PASSES", "Summary", "is_summarized", "summarize", "write_json"]

PASSES = frozenset(verdict.value for verdict in Verdict if not verdict.failed)
"""The verdicts that do not count as failed."""

STOPPED_SECONDS = 0.4
"""The longest time for reading results after a stop, which must end within three seconds."""

REMOTE_SECONDS = 10.0
"""The longest time for reading results at a URL."""

MOST_HOSTS = 50
"""The number of slowest hosts to name."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of a crawl at the end of a run."""

    state: State
    stopped: str
    """Why the run ended before the crawl was finished; a phrase. '' if it is finished."""
    manifest: Manifest
    options: BulkOptions
    processes: int
    ended_at: dt.datetime
    seconds: float
    """The time that all runs of the crawl took."""
    verdicts: Mapping[str, int]
    pending: int
    """Targets without a result."""
    figures: ResultFigures
    files: Mapping[str, int]
    """Sizes by name."""
    disk_used: int

    @property
    def done(self) -> int:
        """The number of targets with a result."""
        return sum(self.verdicts.values())

    @property
    def failed(self) -> int:
        """The number of targets whose verdict is a failure."""
        return sum(n for verdict, n in self.verdicts.items() if verdict not in PASSES)

    @property
    def started_at(self) -> dt.datetime:
        """The beginning of the first run."""
        return dt.datetime.fromisoformat(self.manifest.started_at)


def summarize(
    status: Status, options: BulkOptions, *, processes: int, stopped: str, seconds: float
) -> Summary:
    """Read the results and return the summary. Raises OutputError if a result file cannot be read."""
    out = options.out
    state = State.FINISHED if status.manifest.intake_complete and not status.pending else State.STOPPED
    files = dict(status.files)
    rejected = out / REJECTED
    if rejected.exists():
        files[REJECTED] = rejected.stat().st_size
    return Summary(
        state=state,
        stopped="" if state is State.FINISHED else stopped,
        manifest=status.manifest,
        options=options,
        processes=processes,
        ended_at=dt.datetime.now(dt.UTC),
        seconds=seconds,
        verdicts=status.verdicts,
        pending=status.pending,
        figures=_figures(status, out, seconds=None if state is State.FINISHED else STOPPED_SECONDS),
        files=files,
        disk_used=status.disk_used,
    )


def _figures(status: Status, out: Path, *, seconds: float | None) -> ResultFigures:
    """Read the results; those at a URL only for a short time, and not after a stop."""
    url = status.manifest.output
    if not url:
        return result_figures(out, PASSES, seconds=seconds)
    if seconds is not None:
        return ResultFigures(complete=False)
    try:
        return result_figures(out, PASSES, seconds=REMOTE_SECONDS, url=url, names=status.files)
    except OutputError:  # the results themselves were saved before
        return ResultFigures(complete=False)


def is_summarized(out: Path) -> bool:
    """Return True if `summary.json` is that of a finished crawl; a kill may have come before it was written."""
    try:
        return bool(msgspec.json.decode((out / "summary.json").read_bytes())["state"] == State.FINISHED)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError):
        return False


def write_json(summary: Summary) -> None:
    """Write `summary.json`. Raises OutputError."""
    data = msgspec.json.format(msgspec.json.encode(_plain(summary)), indent=2)
    with atomic_write(summary.options.out / "summary.json") as file:
        file.write(escape_controls(data) + b"\n")


def _plain(summary: Summary) -> dict[str, Any]:
    manifest, options, figures = summary.manifest, summary.options, summary.figures
    return {
        "program": __version__,
        "demo": manifest.demo,
        "state": summary.state,
        "stopped": str(summary.stopped) or None,
        "started_at": manifest.started_at,
        "ended_at": summary.ended_at.isoformat(timespec="seconds"),
        "seconds": round(summary.seconds, 1),
        "input": {
            "name": None if manifest.input == STDIN else shown(manifest.input),
            "file_bytes": manifest.input_bytes,
            "complete": manifest.intake_complete,
            **manifest.intake,
        },
        "output": manifest.output or None,
        "options": {
            "parse": options.parse, "store": options.store, "limit": manifest.limit, "shards": options.shards,
            "processes": summary.processes, "concurrency": options.concurrency, "per_host": options.per_host,
            "delay": options.delay, "obey_robots": options.obey_robots, "allow_private": options.allow_private,
        },
        "targets": {
            "total": summary.done + summary.pending, "done": summary.done, "failed": summary.failed,
            "pending": summary.pending,
        },
        "verdicts": {verdict.value: summary.verdicts.get(verdict.value, 0) for verdict in Verdict},
        "bytes": figures.bytes,
        "pages_per_second": round(summary.done / summary.seconds, 2) if summary.seconds else None,
        "results": {"lines": figures.lines, "complete": figures.complete, "unreadable": figures.unreadable},
        "slowest_hosts": [
            {
                "host": host, "pages": each.pages, "failed": each.failed,
                "mean_milliseconds": round(each.mean, 1), "longest_milliseconds": round(each.slowest, 1),
            }
            for host, each in figures.slowest_hosts(MOST_HOSTS)
        ],
        "throughput": {
            "interval_seconds": figures.width,
            "pages_per_second": [
                {"from": start.isoformat(timespec="seconds"), "rate": round(rate, 3)}
                for start, rate in figures.throughput()
            ],
        },
        "disk_bytes": summary.disk_used,
        "files": [{"name": name, "bytes": count} for name, count in summary.files.items()],
    }  # fmt: skip
