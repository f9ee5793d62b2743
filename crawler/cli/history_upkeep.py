"""`bookprice history prune`, `export` and `import`: maintain the file, even while crawls record into it."""

from __future__ import annotations

import argparse
import codecs
import re
import sys
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.cli.history_options import (
    add_common_options,
    add_source_options,
    called,
    chosen_source,
    history_path,
    loaded_settings,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

__all__ = ["EXPORT_FORMATS", "PARTS", "add_parsers"]

PARTS = ("prune", "export", "import")

EXPORT_FORMATS = ("csv", "jsonl")
"""The choices of `--format` for exports: `crawler.history.exporting.FORMATS`; a test compares the two."""

_DAYS = {"d": 1, "w": 7, "y": 365}
_MOST_DAYS = 100 * 365


def add_parsers(parts: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands to `history`."""
    prune = parts.add_parser(
        "prune",
        help="remove old observations",
        description="Remove the observations of runs older than AGE, of all searches and sources, and report how many "
        "were removed. The last observation of each product and that of its lowest price are always kept, as is the "
        "last run of each search. Disk space is then freed; if other programs are using the file, a message says so "
        "and the next prune frees it.",
        allow_abbrev=False,
    )
    prune.add_argument(
        "--older-than",
        required=True,
        type=_age,
        metavar="AGE",
        help="days, weeks or years (of 365 days), such as 400d, 8w or 2y",
    )
    prune.set_defaults(run=run_prune)
    export = parts.add_parser(
        "export",
        help="write everything, or one search, as CSV or JSON lines",
        usage="%(prog)s [QUERY] [options]",
        description="Write the history, or the runs of one search, without loss, in a form that import reads. Each "
        "line is one product as one run saw it. Large histories need little memory.",
        allow_abbrev=False,
    )
    export.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        help="a query as it was searched; without one, export everything from every source",
    )
    add_source_options(export)
    export.add_argument(
        "-o", "--output", metavar="FILE", help="write to FILE (.csv or .jsonl) instead of stdout"
    )
    export.add_argument(
        "--format",
        metavar="FORMAT",
        choices=EXPORT_FORMATS,
        help="csv or jsonl (default: by the suffix of FILE, else csv)",
    )
    export.set_defaults(run=run_export)
    import_ = parts.add_parser(
        "import",
        help="read an export into the history",
        description="Read what export wrote into the history. For a run that is already recorded only pruned "
        "observations are restored, so nothing is counted twice. Each run is imported completely or not at all: a "
        "line that is missing or cannot be read stops the import with a message that names it, and the runs before "
        "it stay.",
        allow_abbrev=False,
    )
    import_.add_argument("file", metavar="FILE", help="an export in CSV or JSON lines; - reads stdin")
    import_.set_defaults(run=run_import)
    for parser in (prune, export, import_):
        add_common_options(parser)


def run_prune(args: argparse.Namespace) -> int:
    """Prune, report what was removed, and return the exit code."""
    import datetime as dt

    from crawler.history.maintenance import HistoryKeeper

    path = history_path(loaded_settings(args))
    say = console.words()
    if not path.exists():
        console.write_stdout(f"{say('history_none_to_prune', path=console.one_line(path))}\n")
        return ExitCode.WHOLE
    with HistoryKeeper(path) as history:
        pruned = history.prune(dt.datetime.now(dt.UTC) - args.older_than)
        words = say("pruned", observations=pruned.observations, runs=pruned.runs)
        if not history.reclaimable():
            console.write_stdout(f"{words}\n")
            return ExitCode.WHOLE
        before = path.stat().st_size
        why_not = history.reclaim()
    after = path.stat().st_size
    if why_not is None:
        words = say("pruned_space", words=words, n=max(before - after, 0))
    else:
        words = say("pruned_no_space", words=words, why=say.text(why_not))
    console.write_stdout(f"{words}\n")
    return ExitCode.WHOLE


def run_export(args: argparse.Namespace) -> int:
    """Export and return the exit code."""
    from crawler.errors import UsageError
    from crawler.history.exporting import export
    from crawler.history.reading import open_history
    from crawler.query import Query, simplified

    settings = loaded_settings(args)
    form = _export_format(args)
    query = None if args.query is None else simplified(Query(args.query))
    if query is None and (args.demo or args.source or args.base_url):
        raise UsageError("a source requires a QUERY; without one everything is exported")
    source = chosen_source(args, settings).name
    path = history_path(settings)
    history = open_history(path)
    if history is None:
        raise UsageError(f"there is no history at {path}; name another with --history-file")
    with history:
        if query is not None and history.search(source, query) is None:
            others = [called(each.source) for each in history.searches() if each.query == query]
            say = console.words()
            nothing = say("history_nothing_of", word=args.query, source=called(source))
            if others:
                raise UsageError(say("history_but_at", words=nothing, sources=say("comma").join(others)))
            raise UsageError(say("history_lists", words=nothing))
        # Close this before the history, whatever happens: a full disk, a reader that goes away.
        with closing(export(history, form, source=source, query=query)) as pieces:
            _write(pieces, args.output, form)
    return ExitCode.WHOLE


def run_import(args: argparse.Namespace) -> int:
    """Import, report what was added, and return the exit code."""
    from crawler.errors import UsageError
    from crawler.history.importing import HistoryImporter, Imported

    path = history_path(loaded_settings(args))
    try:
        # Open this before the history: a missing file must not create one.
        file = sys.stdin.buffer if args.file == "-" else open(args.file, "rb")  # noqa: SIM115, PTH123 – closed below; «» and NUL are refused alike
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{args.file} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    done = Imported()
    try:
        with file, HistoryImporter(path) as history:
            history.take_in(file, "stdin" if args.file == "-" else args.file, done)
    except OSError as error:
        raise UsageError(f"{args.file} cannot be read: {error.strerror or error}") from error
    finally:
        if done.runs or done.known:
            say = console.words()
            words = say("imported", runs=done.runs, observations=done.observations)
            if done.known:
                words = say("imported_known", words=words, n=done.known)
            console.write_stdout(f"{words}\n")
    return ExitCode.WHOLE


def _export_format(args: argparse.Namespace) -> str:
    from pathlib import Path

    from crawler.atomic_write import check_target
    from crawler.errors import OutputError, UsageError

    if args.output is None:
        return args.format or "csv"
    if not args.output:
        raise UsageError("-o requires the name of a file")
    suffix = Path(args.output).suffix.lower().removeprefix(".")
    if args.format is None and suffix not in EXPORT_FORMATS:
        unknown = f"unknown format .{suffix}" if suffix else "no suffix, so no format"
        raise UsageError(f"{args.output}: {unknown}; use .csv or .jsonl, or give --format")
    try:
        check_target(args.output, no_file="it is a device or a pipe; for a pipe omit -o")
    except OutputError as error:
        raise UsageError(str(error)) from error
    return str(args.format or suffix)


def _write(pieces: Iterable[bytes], output: str | None, form: str) -> None:
    from crawler.atomic_write import atomic_write

    if output is None:
        on_screen = console.is_terminal(sys.stdout)
        for piece in pieces:
            # A file or pipe gets every character unescaped; otherwise an import would not restore the data.
            if not console.write_stdout(console.visible(piece.decode()) if on_screen else piece):
                return  # the reader, such as `| head`, has gone away
        return
    with atomic_write(output) as file:
        # Without a byte-order mark, Excel uses the system's charset; readers of a pipe would take the mark for text.
        mark = codecs.BOM_UTF8 if form == "csv" else b""
        for piece in chain([mark], pieces):
            file.write(piece)


def _age(text: str) -> dt.timedelta:
    import datetime as dt

    match = re.fullmatch(r"([0-9]{1,6})([dwy])", text)
    days = int(match[1]) * _DAYS[match[2]] if match else 0
    if not 1 <= days <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"not an age from 1d to 100y, such as 400d, 8w or 2y: {text!r}")
    return dt.timedelta(days=days)
