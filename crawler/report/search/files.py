"""Where reports go: names that sort by time, a check before the crawl, and which old ones to remove."""

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
"""UTF-8 bytes of the query in a file's name; most file systems take 255 for the whole name."""

_UNSAFE = re.compile(r"""[\x00-\x20<>:"/\\|?*'`$&;!~#%{}()\[\]]+""")
"""What Windows forbids in a name, and what a shell would have to be kept from reading."""


def report_path(
    directory: str | os.PathLike[str], query: str, started_at: dt.datetime, *suffixes: str
) -> Path:
    """Return a path in `directory` for a report: «2026-01-31T080000Z_渗透测试.md».

    Of several suffixes the path has the first, and its name is free with each of them.

    Names sort by time (UTC, to the second). When the name is taken, a number follows: «…_渗透测试_2.md». Nothing
    is made: `atomic_write.write_whole(…, replace=False)` settles a race between two runs of the same second.
    """
    name = f"{started_at.astimezone(dt.UTC):%Y-%m-%dT%H%M%SZ}_{_safe(query)}{suffixes[0]}"
    return next(
        path
        for path in numbered(Path(directory) / name)
        if not any(os.path.lexists(path.with_suffix(suffix)) for suffix in suffixes)
    )


def mark_query(query: str, source: str = "") -> str:
    """Return a comment, for HTML and for Markdown, by which `prune` knows whose report a file is.

    `source` is '' for the live shop, else what was asked in its place: «demo», a replica's address.
    """
    plain = json.dumps([query, source]).replace("-", "\\u002d").replace(">", "\\u003e")  # «-->» would end it
    return f"<!-- bookprice-crawler, query {plain} -->"


def prune(
    directory: str | os.PathLike[str], query: str, keep: int, *, source: str = "", spare: Sequence[Path] = ()
) -> tuple[Path, ...]:
    """Remove all but the `keep` newest reports of `query` at `source` from `directory`, and return the files removed.

    `spare` are files that stay whatever their date, as those just written: a clock may have been set back.

    A report is the files that share a name but for their suffix. Only files that `report_path` named and that carry
    the mark of this very query are touched: another query may be written alike in a file's name.

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
            path.unlink(missing_ok=True)  # another run may prune as well
        except OSError as error:
            raise OutputError(
                Phrase("old_report_stays", path=shown(path), why=str(error.strerror))
            ) from error
    return tuple(old)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a report can be written to `path`, by making and removing a file beside it.

    Raises UsageError for a suffix that means no format, OutputError for everything else that is in the way.
    """
    format_of(path)
    check_target(path, no_file="it is a device or a pipe; for a pipe use --format")


def make_folder(
    folder: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None
) -> tuple[Path, ...]:
    """Make `folder` with what is missing above it, and check that reports can be written there.

    With `root` no link may lead it out of that folder.

    Only trying tells: permission bits say nothing of read-only and virtual file systems. Returns the folders that were
    made, outermost first, for `remove_if_empty`.

    Raises OutputError when it cannot be; then nothing that was made is left.
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
    """Remove those of `folders` that are empty, the last one first; the others stay."""
    for folder in reversed(folders):
        with suppress(OSError):  # it holds something, or is gone
            folder.rmdir()


def _is_marked(path: Path, mark: bytes) -> bool:
    """Return whether a file, no link, bears the mark; not where it cannot be read: then nobody knows whose it is."""
    try:
        return path.is_file() and not path.is_symlink() and mark in path.read_bytes()
    except OSError:
        return False


def _safe(query: str) -> str:
    """Return `query` as a part of a file name that every system takes, `NAME_BYTES` long at most."""
    words = _UNSAFE.sub("-", clean(query))
    return words.encode()[:NAME_BYTES].decode(errors="ignore").strip("-. ") or "search"
