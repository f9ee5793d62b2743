"""`bookprice history`: show price history on stdout and in files, and maintain the history file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console, history_upkeep
from crawler.cli.exit_codes import ExitCode
from crawler.cli.help_text import HelpFormatter
from crawler.cli.history_options import (
    add_common_options,
    add_source_options,
    called,
    chosen_source,
    history_path,
    loaded_settings,
    program_of,
)

if TYPE_CHECKING:
    from crawler.history.reading import HistoryReader
    from crawler.history.view_models import View
    from crawler.settings import Settings

__all__ = ["FORMATS", "PARTS", "add_parser", "named", "run"]

FORMATS = ("table", "csv", "json", "html")
"""The choices of `--format`: `crawler.report.history_report.FORMATS`; a test compares the two."""

PARTS = ("show", *history_upkeep.PARTS)
"""The subcommands of `history`; «show» is the default."""

DESCRIPTION = """\
Show the prices that earlier searches recorded, without any request to the shop.

  {program}                    list the recorded searches
  {program} 滲透測試            the products of a search, best deals first
  {program} 29220317           the prices of one product, by the shop's product number
"""

EPILOG = """\
A number that is a known product's is taken as the product, anything else as a query; --query always means a query.

Products are ordered by their last price against their own median of the last 90 days. Products that the search's last
run did not see, and those seen on few days, come after the others; products sold out or without a price come last.
Products that the search's report dropped as e-books, accessories or off topic are left out and counted.

subcommands (the first word after history; each has its own --help):
  prune                 remove old observations
  export                write everything, or one search, as CSV or JSON lines
  import                read an export into the history

To look up a query with such a name: {program} --query prune, or {program} -- prune

exit codes:
  0    success; also when there is no history, which one line says
  1    the history or a report cannot be read or written
  2    wrong usage or configuration; an import that cannot be read
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its subcommands to the command line."""
    parser = subparsers.add_parser(
        "history",
        help="show recorded prices: of all searches, of one, or of one product",
        description="Show recorded prices, and maintain the file that holds them.",
        allow_abbrev=False,
    )
    parts = parser.add_subparsers(dest="part", required=True, help="what to do (default: show)")
    _add_show(parts, parser.prog)
    history_upkeep.add_parsers(parts)
    for part in parts.choices.values():
        part.set_defaults(parser=part)


def named(arguments: Sequence[str]) -> list[str]:
    """Insert the implied subcommand into a command line that begins with `history`."""
    command, *rest = arguments
    return [command, *rest] if rest and rest[0] in PARTS else [command, "show", *rest]


def _add_show(parts: argparse._SubParsersAction[Any], program: str) -> None:
    parser = parts.add_parser(
        "show",
        help="show recorded prices",
        description=DESCRIPTION.format(program=program),
        epilog=EPILOG.format(program=program),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        prog=program,
        usage="%(prog)s [QUERY | PRODUCT_ID]\n       [options]",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "query",
        metavar="QUERY | PRODUCT_ID",
        nargs="?",
        help="a query as it was searched, in Simplified or Traditional Chinese, or a product number or the address of "
        "a product page; without one, list what is recorded",
    )
    parser.add_argument(
        "--query",
        dest="surely_query",
        metavar="QUERY",
        help="a query, even if it looks like a product number or a subcommand",
    )
    add_source_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="write the report to FILE; its suffix gives the format: .txt, .csv, .json, .html; may be repeated",
    )
    parser.add_argument(
        "--format", metavar="FORMAT", choices=FORMATS, help=f"format of stdout: {', '.join(FORMATS)}"
    )
    parser.add_argument(
        "--top",
        metavar="N",
        help="products in the table (default: 50); unless --top is given, HTML holds 200, CSV and JSON all",
    )
    parser.add_argument(
        "--keep",
        metavar="REASON,…",
        help="include products dropped for these reasons: ebook, accessory, off_topic (default: as configured, else "
        "none); products sold out or without a price are always included, last",
    )
    parser.add_argument(
        "--show-dropped",
        action="store_true",
        help="list dropped products and why; HTML and JSON always do",
    )
    parser.add_argument(
        "--lang",
        metavar="LANG",
        help="language of table, HTML and messages: en, zh-Hans, zh-Hant, or a name such as zh-TW or zh_CN; auto "
        "follows the query, then the locale (LC_ALL, LC_MESSAGES, LANG) (default: auto)",
    )
    add_common_options(parser)


def run(args: argparse.Namespace) -> int:
    """Show the requested part of the history and return the exit code."""
    from crawler.history.reading import open_history
    from crawler.local_time import local_zone
    from crawler.report.history_report import HistoryStyle

    settings = loaded_settings(args)
    files = _checked_files(args.output)
    path = history_path(settings)
    word = _word(args)
    history = open_history(path)
    view: View | None
    if history is None:
        say = console.words()
        nothing = say("history_none", path=path)
        if chosen_source(args, settings) == "demo":
            nothing = say("history_none_demo", path=path, remedy=_demo_remedy(args))
        view = None
        if word is None and args.format not in {None, "table"}:
            from crawler.history.reading import FileSize
            from crawler.history.view_models import Overview

            view = Overview(path, FileSize(0, 0), 0, ())
    else:
        with history:
            view, nothing = _seen(history, word, args, settings)
    if view is None:
        _say_nothing(nothing, args)
        return ExitCode.WHOLE
    if nothing:
        console.line(nothing)
    style = HistoryStyle(
        settings.report.top,
        args.top is not None,
        settings.report.lang,
        show_dropped=args.show_dropped,
        zone=local_zone(),
    )
    _write(view, files, args.format or "table", style)
    return ExitCode.WHOLE


def _word(args: argparse.Namespace) -> str | None:
    """Return the query or product number, with white space folded; None if there is none."""
    from crawler.cli.searched_words import product_in
    from crawler.errors import UsageError
    from crawler.query import checked_query

    if args.query is not None and args.surely_query is not None:
        raise UsageError(f"--query gives the query; omit {args.query!r}")
    if args.query is not None and (product := product_in(args.query)):  # possibly in the address of its page
        return product
    word = args.query if args.surely_query is None else args.surely_query
    return None if word is None else checked_query(word)


def _seen(
    history: HistoryReader, word: str | None, args: argparse.Namespace, settings: Settings
) -> tuple[View | None, str]:
    """Return the view and a line to print with it; or None and the reason."""
    from crawler.history.view_models import overview, product_view, search_view
    from crawler.local_time import local_zone
    from crawler.query import simplified
    from crawler.report.history_report import HistoryStyle

    source = chosen_source(args, settings)
    if word is None:
        if not (args.demo or args.source or args.base_url):
            return overview(history), ""
        of_source = overview(history).of_source(source)
        if of_source.searches or source != "demo":
            return of_source, ""
        nothing = console.words()("history_no_demo", path=history.path, remedy=_demo_remedy(args))
        return (None if args.format in {None, "table"} else of_source), nothing
    known: tuple[str, ...] = ()
    if args.surely_query is None and word.isascii() and word.isdecimal():
        known = history.sources_of_product(word)
        if source in known:
            return product_view(history, source, word, local_zone()), ""
    query = simplified(word)
    style = HistoryStyle(settings.report.top, args.top is not None, show_dropped=args.show_dropped)
    forms = {args.format or "table", *(form for _, form in _checked_files(args.output))}
    limits = [style.limit(form) for form in forms]
    top = None if None in limits else max(limit for limit in limits if limit is not None)
    view = search_view(
        history,
        source,
        word,
        query,
        top=top,
        zone=local_zone(),
        keep=settings.keep,
        show_dropped=any(map(style.lists_dropped, forms)),
    )
    if view is not None:
        return view, ""
    searches = history.searches()
    others = [*known, *(each.source for each in searches if each.query == query)]
    say = console.words()
    nothing = say("history_nothing_of", word=word, source=called(source))
    if source == "demo" and all(each.source != source for each in searches):
        return None, say("history_remedy", words=nothing, remedy=_demo_remedy(args))
    if others:
        sources = say("comma").join(map(called, dict.fromkeys(others)))
        return None, say("history_but_at", words=nothing, sources=sources)
    return None, say("history_lists", words=nothing)


def _demo_remedy(args: argparse.Namespace) -> str:
    """Return the command that records a history of the demo shop."""
    from crawler.demo.year import QUERY

    return console.words()("history_demo_remedy", command=f"{program_of(args)} demo --history", query=QUERY)


def _say_nothing(words: str, args: argparse.Namespace) -> None:
    """Report on stdout that there is nothing; on stderr if stdout is for data or files were requested."""
    if args.format in {None, "table"}:
        console.write_stdout(f"{console.one_line(words)}\n")
    if args.format not in {None, "table"} or args.output:
        console.line(console.words()("no_file_written", words=words) if args.output else words)


def _checked_files(names: Sequence[str]) -> list[tuple[Path, str]]:
    """Return files with their formats. Raises UsageError for an unknown format, a duplicate, or an unwritable file."""
    from crawler.atomic_write import check_target
    from crawler.errors import OutputError, UsageError
    from crawler.report.history_report import format_of

    files: dict[str, tuple[Path, str]] = {}
    for name in names:
        if not name:
            raise UsageError("-o requires the name of a file")
        form, real = format_of(name), os.path.realpath(name)
        if real in files:
            raise UsageError(f"-o {name}: this file is named twice")
        try:
            check_target(name, no_file="it is a device or a pipe; for a pipe use --format")
        except OutputError as error:
            raise UsageError(str(error)) from error
        files[real] = (Path(name), form)
    return list(files.values())


def _write(view: View, files: Sequence[tuple[Path, str]], form: str, style: Any) -> None:
    from dataclasses import replace

    from crawler.atomic_write import atomic_write
    from crawler.report import FORMATS as ALL_FORMATS
    from crawler.report.history_report import encode, render

    for path, file_form in files:
        with atomic_write(path) as file:
            file.write(encode(render(view, file_form, style), file_form))
    style = replace(
        style,
        width=console.columns(),
        color=console.wants_color(sys.stdout),
        lang=console.language(style.lang, sys.stdout),
    )
    text = render(view, form, style)
    console.write_report(text, utf8=ALL_FORMATS[form].utf8)
