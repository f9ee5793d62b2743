"""The options of `bookprice history`, including those that its subcommands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.help_text import HelpFormatter
from crawler.cli.shared_options import add_config, add_lang, add_verbose

if TYPE_CHECKING:
    from crawler.settings import Settings
    from crawler.source import Source

__all__ = [
    "FORMATS",
    "add_common_options",
    "add_show_parser",
    "add_source_options",
    "called",
    "chosen_source",
    "history_path",
    "loaded_settings",
    "program_of",
]


FORMATS = ("table", "csv", "json", "html")
"""The choices of `--format`: `crawler.report.history.FORMATS`; a test compares the two."""

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


def add_show_parser(parts: argparse._SubParsersAction[Any], program: str) -> argparse.ArgumentParser:
    """Add the subcommand `show`, the default of `program`, and return its parser."""
    parser: argparse.ArgumentParser = parts.add_parser(
        "show",
        help="show recorded prices",
        description=DESCRIPTION.format(program=program),
        epilog=EPILOG.format(program=program),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        prog=program,
        usage="%(prog)s [QUERY | PRODUCT_ID]\n       [options]",
    )
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
    add_lang(parser, "table, HTML and messages", follows="the query, then the locale")
    add_common_options(parser)
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every subcommand has."""
    parser.add_argument(
        "--history-file", metavar="FILE", help="history file (default: key path in table [history])"
    )
    add_config(parser)
    add_verbose(parser)


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select a price source; without any, it is the live shop, or `base_url` if that is set."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--demo", action="store_true", help="use prices of the demo shop instead of the live shop"
    )
    source.add_argument(
        "--base-url",
        metavar="URL",
        help="use prices of the replica at this address (default: as configured, else the live shop)",
    )
    source.add_argument(
        "--source", metavar="NAME", help="use prices of this source, named as in CSV and JSON"
    )


def loaded_settings(args: argparse.Namespace) -> Settings:
    """Return the settings, overridden by the flags; print warnings to stderr. Raises SettingsError."""
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest, None) for dest, flag in setting_flags(args.command).items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    query = getattr(args, "surely_query", None) or getattr(args, "query", None) or ""
    console.speak(loaded.settings.report.lang, query)
    for note in loaded.notes:
        console.error(note)
    return loaded.settings


def history_path(settings: Settings) -> Path:
    """Return the history file."""
    from crawler.history.recording import history_file

    return history_file(settings.history.path)


def chosen_source(args: argparse.Namespace, settings: Settings) -> Source:
    """Return the selected source."""
    from crawler.source import Source

    if args.source is not None:
        return Source.named(args.source)
    return Source.at(settings.base_url, demo=args.demo)


def program_of(args: argparse.Namespace) -> str:
    """Return the program's name as the user runs it: «bookprice», or «python -m crawler»."""
    return str(args.parser.prog).partition(f" {args.command}")[0]


def called(source: str) -> str:
    """Return a source with the option that selects it: «the demo shop (--demo)»."""
    from crawler.cli.source_words import with_option

    return with_option(source, console.words(), replica="source_other")
