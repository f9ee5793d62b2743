"""Report files: names that sort by time, checks before the crawl, and the removal of old reports."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from crawler.atomic_write import (
    check_inside,
    check_target,
    numbered,
    probe,
    shown,
    temporary_path,
    translate_os_errors,
)
from crawler.clean import clean
from crawler.errors import OutputError
from crawler.phrases import Phrase
from crawler.report.search import format_of

__all__ = [
    "check_writable",
    "make_folder",
    "mark_query",
    "prune",
    "remove_if_empty",
    "report_path",
]

NAME_BYTES = 80
"""The maximum number of UTF-8 bytes of the query in a file's name; most file systems allow 255 for the whole name."""

_UNSAFE = re.compile(r"""[\x00-\x20<>:"/\\|?*'`$&;!~#%{}()\[\]]+""")
"""Characters that Windows forbids in a name, and those that need quoting in a shell."""


def report_path(
    directory: str | os.PathLike[str], query: str, started_at: dt.datetime, *suffixes: str
) -> Path:
    """Return a path in `directory` for a report: «2026-01-31T080000Z_渗透测试.md».

    With several suffixes, the path has the first, and its name is free with each of them.

    Names sort by time (UTC, to the second). If a name is taken, a number follows: «…_渗透测试_2.md». The function
    creates nothing: `atomic_write.write_whole(…, replace=False)` resolves a race between two runs in the same second.
    """
    name = f"{started_at.astimezone(dt.UTC):%Y-%m-%dT%H%M%SZ}_{_safe(query)}{suffixes[0]}"
    return next(
        path
        for path in numbered(Path(directory) / name)
        if not any(os.path.lexists(path.with_suffix(suffix)) for suffix in suffixes)
    )


def mark_query(query: str, source: str = "") -> str:
    """Return a comment, for HTML and for Markdown, by which `prune` recognizes the reports of a query.

    `source` is '' for the live shop, else the source that was searched in its place: «demo», or a replica's address.
    """
    plain = json.dumps([query, source]).replace("-", "\\u002d").replace(">", "\\u003e")  # «-->» would end it
    return f"<!-- bookprice-crawler, query {plain} -->"


def prune(
    directory: str | os.PathLike[str], query: str, keep: int, *, source: str = "", spare: Sequence[Path] = ()
) -> tuple[Path, ...]:
    """Remove all but the `keep` newest reports of `query` at `source` from `directory`; return the files removed.

    `spare` are files to keep whatever their date, such as those just written: a clock may have been set back.

    A report is a group of files whose names differ only in the suffix. Only files that have a name from `report_path`
    and carry the mark of exactly this query are removed, because another query may look the same in a file's name.

    Raises OutputError for a file that cannot be removed.
    """
    named = re.compile(
        rf"(?P<name>(?P<time>\d{{4}}-\d\d-\d\dT\d{{6}}Z)_{re.escape(_safe(query))}(?:_(?P<number>\d+))?)\.(?:md|html)"
    )
    mark = mark_query(query, source).encode()
    reports: dict[tuple[str, int], list[Path]] = {}
    try:
        for path in sorted(Path(directory).iterdir()):
            match = named.fullmatch(path.name)
            if match and _is_marked(path, mark):
                reports.setdefault((match["time"], int(match["number"] or 1)), []).append(path)
    except OSError as error:
        raise OutputError(
            Phrase("old_reports_not_found", folder=shown(directory), why=str(error.strerror))
        ) from error
    old = [path for key in sorted(reports)[: max(0, len(reports) - keep)] for path in reports[key]]
    spared = {path.name for path in spare}
    old = [path for path in old if path.name not in spared]
    for path in old:
        try:
            path.unlink(missing_ok=True)  # another run may remove it at the same time
        except OSError as error:
            raise OutputError(
                Phrase("old_report_stays", path=shown(path), why=str(error.strerror))
            ) from error
    return tuple(old)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a report can be written to `path`, by creating and removing a file beside it.

    Raises UsageError for a suffix without a format, OutputError for any other obstacle.
    """
    format_of(path)
    check_target(path, no_file="it is a device or a pipe; for a pipe use --format")


def make_folder(
    folder: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None
) -> tuple[Path, ...]:
    """Create `folder` and its missing parents, and check that reports can be written there.

    With `root`, no link may lead it out of that folder.

    Only an attempt gives the answer: permission bits say nothing about read-only and virtual file systems. Returns the
    folders that were created, outermost first, for `remove_if_empty`.

    Raises OutputError on failure; then no created folder remains.
    """
    made: list[Path] = []
    if root is not None:
        check_inside(folder, root)
    with translate_os_errors(folder):
        wanted = Path(folder).absolute()
        missing = [path for path in (wanted, *wanted.parents) if not os.path.lexists(path)]
        try:
            for path in reversed(missing):
                path.mkdir(exist_ok=True)
                made.append(path)
            probe(temporary_path(wanted / "report"))
        except OSError:
            remove_if_empty(made)
            raise
    return tuple(made)


def remove_if_empty(folders: Sequence[Path]) -> None:
    """Remove the empty ones among `folders`, the last one first; keep the others."""
    for folder in reversed(folders):
        with suppress(OSError):  # it is not empty, or is gone
            folder.rmdir()


def _is_marked(path: Path, mark: bytes) -> bool:
    """Return True if a regular file contains the mark; False if it is unreadable, because it is unknown whose it is."""
    try:
        return path.is_file() and not path.is_symlink() and mark in path.read_bytes()
    except OSError:
        return False


def _safe(query: str) -> str:
    """Return `query` as a part of a file name that is valid on every system, at most `NAME_BYTES` long."""
    words = _UNSAFE.sub("-", clean(query))
    return words.encode()[:NAME_BYTES].decode(errors="ignore").strip("-. ") or "search"
