"""`bookprice history`: show price history on stdout and in files, and maintain the history file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console, history_upkeep
from crawler.cli.exit_codes import ExitCode
from crawler.cli.history_options import (
    add_show_parser,
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

__all__ = ["PARTS", "add_parser", "named", "run"]

PARTS = ("show", *history_upkeep.PARTS)
"""The subcommands of `history`; «show» is the default."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its subcommands to the command line."""
    parser = subparsers.add_parser(
        "history",
        help="show recorded prices: of all searches, of one, or of one product",
        description="Show recorded prices, and maintain the file that holds them.",
        allow_abbrev=False,
    )
    parts = parser.add_subparsers(dest="part", required=True, help="what to do (default: show)")
    add_show_parser(parts, parser.prog).set_defaults(run=run)
    history_upkeep.add_parsers(parts)
    for part in parts.choices.values():
        part.set_defaults(parser=part)


def named(arguments: Sequence[str]) -> list[str]:
    """Insert the implied subcommand into a command line that begins with `history`."""
    command, *rest = arguments
    return [command, *rest] if rest and rest[0] in PARTS else [command, "show", *rest]


def run(args: argparse.Namespace) -> int:
    """Show the requested part of the history and return the exit code."""
    from crawler.history.reading import open_history
    from crawler.local_time import local_zone
    from crawler.report.history import HistoryStyle

    settings = loaded_settings(args)
    files = _checked_files(args.output)
    path = history_path(settings)
    word = _word(args)
    history = open_history(path)
    view: View | None
    if history is None:
        say = console.words()
        nothing = say("history_none", path=path)
        if chosen_source(args, settings).is_demo:
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
    from crawler.query import Query

    if args.query is not None and args.surely_query is not None:
        raise UsageError(f"--query gives the query; omit {args.query!r}")
    if args.query is not None and (product := product_in(args.query)):  # possibly in the address of its page
        return product
    word = args.query if args.surely_query is None else args.surely_query
    return None if word is None else str(Query(word))


def _seen(
    history: HistoryReader, word: str | None, args: argparse.Namespace, settings: Settings
) -> tuple[View | None, str]:
    """Return the view and a line to print with it; or None and the reason."""
    from crawler.history.view_models import overview, product_view, search_view
    from crawler.local_time import local_zone
    from crawler.query import simplified
    from crawler.report.history import HistoryStyle

    chosen = chosen_source(args, settings)
    source, is_demo = chosen.name, chosen.is_demo
    if word is None:
        if not (args.demo or args.source or args.base_url):
            return overview(history), ""
        of_source = overview(history).of_source(source)
        if of_source.searches or not is_demo:
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
    if is_demo and all(each.source != source for each in searches):
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
    """Return files with their formats. Raises UsageError."""
    from crawler.cli.named_files import named_files
    from crawler.report.history import format_of

    return named_files(names, format_of)


def _write(view: View, files: Sequence[tuple[Path, str]], form: str, style: Any) -> None:
    from dataclasses import replace

    from crawler.atomic_write import atomic_write
    from crawler.report.history import FORMATS as REPORTS
    from crawler.report.history import encode, render

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
    console.write_report(text, utf8=REPORTS[form].utf8)
