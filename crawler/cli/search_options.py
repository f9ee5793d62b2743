"""The options of `bookprice QUERY`."""

from __future__ import annotations

import argparse
from typing import Any

from crawler.cli.exit_codes import MEANINGS
from crawler.cli.help_text import HelpFormatter
from crawler.cli.shared_options import (
    add_config,
    add_delay,
    add_ignore_robots,
    add_lang,
    add_proxy,
    add_quiet_or_verbose,
    add_user_agent,
)
from crawler.version import __version__

__all__ = ["FORMATS", "add_parser"]

FORMATS = ("table", "md", "csv", "json", "html", "xlsx")
"""The values of `--format`: the names in `crawler.report.FORMATS`. A test compares them."""

USER_AGENT = f"bookprice-crawler/{__version__}"
"""The default of `user_agent`. A test compares them."""

DESCRIPTION = """\
Search Dangdang, read its result pages, and find the cheapest and the best books.

  {program} 滲透測試 --pages 20
  {program} 滲透測試 --demo
"""

EPILOG = """\
Output: without -o and --format, a table on stdout, and a Markdown and an HTML report in reports/ (key dir in table
[report]). With -o, the table on stdout and only these files. With --format, that format on stdout and only the files
named by -o.

Settings: flags override environment variables (CRAWLER_PAGES, CRAWLER_REPORT_TOP …), which override a file: the one
named by --config or CRAWLER_CONFIG, else ./config.toml if it has a [crawler] table, else config.toml in the user's
configuration folder. The value none removes a price bound, time limit, proxy or base URL that is set there.

Encoding: a terminal gets its own charset; pipes get UTF-8, or the charset named by PYTHONIOENCODING if it has Chinese;
files are UTF-8.

commands (the first word on the line; each has its own --help):
  bulk                  crawl a long list of URLs, resumable, in several processes
  watch                 run due watches and deliver their alerts
  history               show the prices that earlier searches recorded
  rank                  rank the books of a bulk crawl by price, across shops
  alerts                list where alerts go and which are pending, or send a test message
  doctor                check configuration, files, shop access and watches
  demo                  serve the embedded demo shop
  serve                 serve a web page for searching and for looking at prices
  search                search the shop, the default; to search for a command's name: search demo
  help                  show this help; help watch shows the help of watch

exit codes:
"""


def add_parser(
    subparsers: argparse._SubParsersAction[Any],  # argparse has no public name for this type
) -> argparse.ArgumentParser:
    """Add the command `search` with its options, and return its parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "search",
        help="search the shop (the default command)",
        epilog=EPILOG + "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items()),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        usage="%(prog)s QUERY [options]\n       %(prog)s --replay FILE [options]",
    )
    parser.description = DESCRIPTION.format(program=parser.prog.removesuffix(" search"))
    parser.add_argument(
        "query", metavar="QUERY", nargs="?", help="words to search for, in Simplified or Traditional Chinese"
    )
    _add_search_options(parser.add_argument_group("what to search"))
    _add_output_options(parser.add_argument_group("output"))
    _add_work_options(parser.add_argument_group("requests and processing"))
    _add_record_options(parser.add_argument_group("recording"))
    return parser


def _add_search_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-n",
        "--pages",
        metavar="N|all",
        help="result pages to read, 1 to 100, or all; better books may be on later pages (default: 3)",
    )
    group.add_argument(
        "--price-check",
        metavar="N",
        help="also read up to N pages of the shop's list in price order, to prove which book is cheapest; 0 turns it "
        "off (default: 3)",
    )
    group.add_argument(
        "--sellers",
        metavar="self|all",
        help="self: only the shop's own goods; all: marketplace sellers too (default: self)",
    )
    group.add_argument(
        "--category", metavar="books|all", help="books, or all kinds of goods (default: books)"
    )
    group.add_argument(
        "--sort",
        metavar="ORDER",
        help="the shop's order, which decides what is on the pages read: default, sales, rating, newest, price "
        "(default: default)",
    )
    group.add_argument("--min-price", metavar="P", help="lowest price in yuan (default: none)")
    group.add_argument("--max-price", metavar="P", help="highest price in yuan (default: none)")
    group.add_argument(
        "--condition",
        metavar="any|new|used",
        help="only new or only used copies; with any, the answers name new ones (default: any)",
    )
    group.add_argument(
        "--max-volume-price",
        metavar="P",
        help="highest price per volume in yuan; this filter and the next four work on the pages read, and the report "
        "counts what each drops (default: none)",
    )
    group.add_argument("--publisher", metavar="NAME", help="part of the publisher's name (default: none)")
    group.add_argument(
        "--author", metavar="NAME", help="part of an author's or translator's name (default: none)"
    )
    group.add_argument("--since", metavar="YEAR", help="earliest year of publication (default: none)")
    group.add_argument("--min-reviews", metavar="N", help="fewest reviews (default: none)")
    group.add_argument(
        "--keep",
        metavar="REASON,…",
        help="keep and flag products otherwise dropped for these reasons: ebook, sold_out, no_price, accessory, "
        "off_topic (default: none)",
    )
    group.add_argument(
        "--demo", action="store_true", help="search the embedded demo shop: made-up books, no network"
    )


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="write the report to FILE; its suffix gives the format: .md, .html, .xlsx, .csv, .json, .txt; may be "
        "repeated",
    )
    group.add_argument(
        "--format", metavar="FORMAT", choices=FORMATS, help=f"format of stdout: {', '.join(FORMATS)}"
    )
    group.add_argument(
        "--top",
        metavar="N",
        help="books in the table and in Markdown (default: 50); the other formats hold all books unless --top is given",
    )
    group.add_argument(
        "--rank",
        metavar="ORDER",
        help="order of the books: cheapest; best (stars and reviews); value (quality for the price); per-volume "
        "(default: cheapest)",
    )
    group.add_argument(
        "--show-dropped",
        action="store_true",
        help="list dropped products and why; HTML, XLSX and JSON always do",
    )
    add_lang(group, "reports and messages", follows="the query, then the locale")
    group.add_argument(
        "--keep-reports",
        metavar="N",
        help="keep only the newest N reports of this query in reports/; 0 keeps all; a partial report removes none "
        "(default: 0)",
    )
    add_quiet_or_verbose(group, verbose="show every request and parse process on stderr")


def _add_work_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--concurrency",
        metavar="N",
        help="requests at a time, 1 to 64; reduced while the shop answers 429 or 503, or not at all (default: 10)",
    )
    add_delay(group)
    group.add_argument(
        "--max-wait",
        metavar="S",
        help="longest wait in seconds that the shop may ask for (Retry-After); beyond it the page fails; a Crawl-delay"
        " may be ten times as long (default: 30.0)",
    )
    add_ignore_robots(group, more="; the report says so")
    add_user_agent(group, USER_AGENT)
    group.add_argument(
        "--workers", metavar="N", help="parse processes; 0 means one fewer than the usable CPUs (default: 0)"
    )
    group.add_argument(
        "--max-seconds", metavar="S", help="stop after S seconds and report what was read (default: none)"
    )
    add_proxy(group)
    group.add_argument(
        "--base-url",
        metavar="URL",
        help="send the shop's requests to this address: a replica (default: none)",
    )
    add_config(group)


def _add_record_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--resume",
        action="store_true",
        help="reuse pages that an earlier run of this search fetched within the last hour (key resume_max_age), and "
        "request only the others",
    )
    group.add_argument(
        "--archive",
        metavar="FILE",
        help="save every request and response in FILE, a web archive (WARC 1.1): .warc.gz or .warc",
    )
    group.add_argument(
        "--replay", metavar="FILE", help="make the report again from an archive, without a network"
    )
    history = group.add_mutually_exclusive_group()
    history.add_argument(
        "--no-history",
        dest="record_history",
        action="store_const",
        const="never",
        help="do not record prices or show their history; by default searches of the live shop do both (key record in "
        "table [history])",
    )
    history.add_argument(
        "--history",
        dest="record_history",
        action="store_const",
        const="always",
        help="also record a demo, replica or replay; the prices of each are kept separately",
    )
    group.add_argument(
        "--history-file",
        metavar="FILE",
        help="history file to record in (default: key path in table [history])",
    )
