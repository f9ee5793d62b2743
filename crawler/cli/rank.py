"""`bookprice rank`: the cheapest books of a bulk crawl, across shops."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.cli.help_text import HelpFormatter
from crawler.cli.shared_options import add_config, add_lang, add_verbose

if TYPE_CHECKING:
    from crawler.bulk.rank import OfferRanking
    from crawler.bulk.rank_report import RankStyle
    from crawler.settings import Settings

__all__ = ["FORMATS", "add_parser", "run"]

FORMATS = ("table", "md", "csv", "json")
"""The choices of `--format`: `crawler.bulk.rank_report.FORMATS`; a test compares the two."""

_DATA = frozenset({"csv", "json"})
"""With these on stdout, the facts on what is ranked go to stderr."""

DESCRIPTION = """\
Rank the books of a bulk crawl by price, also while it runs or after it was stopped. Offers with the same ISBN or GTIN
are one book.

  {program} DIR                     one ranking for each currency
  {program} DIR --rates rates.csv   one ranking for all of them
"""

EPILOG = """\
A file of rates is CSV, with a currency and the value of one unit of it in each line, or a JSON object of rates by
currency. All rates are in the same currency, which is usually the one to compare in:

  EUR,7.85
  USD,7.12

Offers without a rate are never compared; they have a ranking of their own. Offers that are sold out, or have no price,
no currency or an unreadable price, are counted.

exit codes:
  0    success; also when no offer has a price
  1    a report or the temporary file cannot be written
  2    wrong usage: no results in the folder, or a file of rates that cannot be read
  3    some lines of the results are damaged; the report names the first
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "rank",
        help="rank the books of a bulk crawl by price, across shops",
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.description = DESCRIPTION.format(program=parser.prog)
    parser.set_defaults(run=run)
    parser.add_argument(
        "place",
        metavar="DIR",
        help="the folder of the crawl (its --out), or its URL, such as s3://bucket/crawl",
    )
    parser.add_argument(
        "--rates", metavar="FILE", help="compare currencies by the exchange rates in this CSV or JSON file"
    )
    parser.add_argument(
        "--currency",
        metavar="CODE",
        type=_currency,
        help="with --rates, the currency to compare in (default: the one with the rate 1, else CNY); without, the only "
        "one to rank",
    )
    parser.add_argument(
        "--top",
        metavar="N",
        help="books of each ranking in table and Markdown (default: 50); unless --top is given, CSV and JSON hold all",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="write the report to FILE; its suffix gives the format: .txt, .md, .csv, .json; may be repeated",
    )
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        choices=FORMATS,
        help=f"format of stdout: {', '.join(FORMATS)} (default: table)",
    )
    add_lang(parser, "table, Markdown and messages")
    add_config(parser)
    add_verbose(parser)


def run(args: argparse.Namespace) -> int:
    """Rank the offers, write the reports and return the exit code."""
    from crawler.bulk.destination import is_url
    from crawler.bulk.rank import rank_offers
    from crawler.bulk.rank_report import FORMATS as REPORTS
    from crawler.bulk.rank_report import RankStyle
    from crawler.bulk.rates import read_rates
    from crawler.cli.named_files import named_files
    from crawler.local_time import local_zone

    settings = _settings(args)
    files = named_files(args.output, REPORTS.format_of)
    rates = None if args.rates is None else read_rates(Path(args.rates), args.currency)
    report = settings.report
    style = RankStyle(report.top, args.top is not None, report.lang, zone=local_zone())
    place = args.place if is_url(args.place) else Path(args.place)
    with rank_offers(place, rates=rates, currency=args.currency) as ranking:
        _write(ranking, files, args.format or "table", style)
        return ExitCode.PARTIAL if ranking.counts.damaged else ExitCode.WHOLE


def _settings(args: argparse.Namespace) -> Settings:
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest, None) for dest, flag in setting_flags(args.command).items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    console.speak(loaded.settings.report.lang)
    for note in loaded.notes:
        console.error(note)
    return loaded.settings


def _write(ranking: OfferRanking, files: Sequence[tuple[Path, str]], form: str, style: RankStyle) -> None:
    from dataclasses import replace

    from crawler.atomic_write import atomic_write
    from crawler.bulk.rank_report import FORMATS as REPORTS
    from crawler.bulk.rank_report import render
    from crawler.bulk.rank_report.wording import facts

    for path, file_form in files:
        with atomic_write(path) as file:
            # The encoding's own mark, if any, opens the file and only the file.
            encoding = REPORTS[file_form].encoding
            for piece in render(ranking, file_form, style):
                file.write(piece.encode(encoding))
                encoding = "utf-8"
    style = replace(
        style,
        width=console.columns(),
        color=console.wants_color(sys.stdout),
        lang=console.language(style.lang, sys.stdout),
    )
    for piece in render(ranking, form, style):
        console.write_report(piece, utf8=REPORTS[form].utf8)
    if form in _DATA:
        say = console.words()
        for label, words in facts(ranking, say):
            console.line(say("said_of", what=label, words=words))


def _currency(text: str) -> str:
    from crawler.bulk.rates import is_currency

    code = text.strip().upper()
    if not is_currency(code):
        raise argparse.ArgumentTypeError(f"not a currency code such as EUR: {text!r:.40}")
    return code
