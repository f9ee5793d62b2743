"""The options of `bookprice bulk` and of its subcommand `status`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from crawler.cli.exit_codes import ExitCode
from crawler.cli.help_text import HelpFormatter
from crawler.cli.shared_options import (
    add_config,
    add_delay,
    add_ignore_robots,
    add_lang,
    add_proxy,
    add_quiet_or_verbose,
    add_user_agent,
    add_verbose,
)

__all__ = ["MOST_PROCESSES", "PARTS", "add_parsers"]

PARTS = ("crawl", "status")
"""The subcommands of `bulk`; «crawl» is the default."""

MOST_PROCESSES = 256
MOST_REQUESTS = 10_000
MOST_LINES = 10**12

DESCRIPTION = """\
Crawl a long list of URLs in several processes, save every page, and read products from the pages. A crawl that was
stopped or killed continues with --resume.

  {program} urls.txt --out crawl
  {program} urls.csv.gz --out crawl --resume
  {program} status crawl
  {program} --demo --out crawl
"""

EPILOG = """\
Input: one URL on a line; blank lines and lines that begin with # are skipped. Or a CSV with a column url, whose other
columns travel to the results. Either may be gzip. A duplicate is crawled once; what is no URL goes to rejected.tsv.

Output in DIR: pages-*.warc.gz (every request and response), results-*.jsonl (one line for each URL), summary.json and
summary.html. A list of up to 50 URLs also ends in a table on stdout. The command rank DIR ranks the products by price.

subcommands (the first word after bulk; each has its own --help):
  status DIR            show the progress of a crawl: running, stopped or finished

To crawl a file with such a name: {program} ./status --out DIR

exit codes:
"""

MEANINGS = {
    ExitCode.WHOLE: "every URL was crawled, and none failed",
    ExitCode.NOT_WRITTEN: "the results could not be written (for example, a full disk), or files, memory or processes "
    "are lacking; --resume continues",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.PARTIAL: "some URLs failed or were rejected, or are not crawled yet",
    ExitCode.NO_PAGE: "no URL could be crawled",
    ExitCode.LOCKED: "another process crawls into DIR",
    ExitCode.INTERNAL: "internal error, a bug in this program",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C); everything fetched is saved, and --resume continues",
    ExitCode.TERMINATED: "terminated (SIGTERM); the same",
}
"""The meanings of the exit codes for this command."""


def add_parsers(subparsers: argparse._SubParsersAction[Any]) -> dict[str, argparse.ArgumentParser]:
    """Add the command and its subcommands to the command line; return the parsers of the subcommands."""
    parser = subparsers.add_parser(
        "bulk",
        help="crawl a long list of URLs, resumable, in several processes",
        description="Crawl a long list of URLs, or show the progress of such a crawl.",
        allow_abbrev=False,
    )
    parts = parser.add_subparsers(dest="part", required=True, help="what to do (default: crawl)")
    parsers = {"crawl": _add_crawl(parts, parser.prog), "status": _add_status(parts)}
    for name, part in parsers.items():
        part.set_defaults(parser=part, part=name)
    return parsers


def _add_crawl(parts: argparse._SubParsersAction[Any], program: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parts.add_parser(
        "crawl",
        help="crawl a list of URLs",
        description=DESCRIPTION.format(program=program),
        epilog=EPILOG.format(program=program)
        + "\n".join(f"  {code:<4} {words}" for code, words in MEANINGS.items()),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        prog=program,
        usage="%(prog)s URLS|--demo --out DIR [options]",
    )
    parser.add_argument(
        "urls",
        metavar="URLS",
        nargs="?",
        help="the list: .txt, .csv or either with .gz, or - for stdin; a resumed crawl knows its list",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        required=True,
        help="the folder for results, pages and state; with --cluster, also a URL for results and pages",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="crawl product pages of five embedded demo shops: made-up books, no network; the list of URLs is written "
        "to DIR",
    )
    _add_content_options(parser.add_argument_group("what to crawl and keep (fixed when a crawl begins)"))
    _add_run_options(parser.add_argument_group("runs"))
    _add_request_options(parser.add_argument_group("requests"))
    _add_output_options(parser.add_argument_group("output"))
    return parser


def _add_content_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--parse",
        metavar="product|search|none",
        choices=("product", "search", "none"),
        help="read pages as product pages of any shop (JSON-LD, microdata, OpenGraph), as Dangdang's search pages, or "
        "not at all (default: product)",
    )
    group.add_argument(
        "--store",
        metavar="warc|none",
        choices=("warc", "none"),
        help="save every request and response in web archives (WARC 1.1), or none (default: warc)",
    )
    group.add_argument(
        "--limit",
        metavar="N",
        type=_whole(1, MOST_LINES),
        help="crawl only the first N URLs of the list (default: all)",
    )


def _add_run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--resume",
        action="store_true",
        help="continue the crawl in DIR, each URL exactly once; begin it if there is none",
    )
    group.add_argument(
        "--retry-failed",
        action="store_true",
        help="continue the crawl in DIR, and crawl the URLs that failed again",
    )
    group.add_argument(
        "--processes",
        metavar="N",
        type=_whole(1, MOST_PROCESSES),
        help="processes, each with an event loop and a part of the hosts; at most as many as when the crawl began "
        "(default: the usable CPUs, fewer for a short list)",
    )
    group.add_argument(
        "--cluster",
        metavar="tcp://HOST:PORT",
        type=_scheduler,
        help="crawl on the workers of a running Dask scheduler; --processes is then the number of batches at a time "
        "(default: the workers' threads)",
    )
    group.add_argument(
        "--state",
        metavar="DIR",
        help="with --cluster: the local folder for the state and the summary, if --out is a URL such as s3://bucket/crawl",
    )
    group.add_argument(
        "--max-seconds",
        dest="stop_after",
        metavar="S",
        type=_seconds,
        help="stop after S seconds; --resume continues (default: none)",
    )


def _add_request_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--concurrency",
        dest="requests",
        metavar="N",
        type=_whole(1, MOST_REQUESTS),
        default=256,
        help="requests at a time of one process, to all hosts (default: 256)",
    )
    group.add_argument(
        "--per-host",
        metavar="N",
        type=_whole(1, MOST_REQUESTS),
        default=8,
        help="requests at a time to one host; reduced while it answers 429 or 503, or not at all (default: 8)",
    )
    add_delay(group, where=" to one host")
    add_ignore_robots(group)
    group.add_argument(
        "--allow-private",
        action="store_true",
        help="also request hosts on this machine and in private networks",
    )
    add_user_agent(group, "bookprice-crawler and its version", more="; robots.txt is read for its first word")
    add_proxy(group)


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    _add_common_options(group)
    add_quiet_or_verbose(group, verbose="show what happens to processes on stderr")


def _add_common_options(group: argparse._ActionsContainer) -> None:
    add_lang(group, "tables, the HTML summary and messages")
    add_config(group)


def _add_status(parts: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parts.add_parser(
        "status",
        help="show the progress of a crawl",
        description="Show whether a crawl is running, stopped or finished, and how far it is; at any time, and also "
        "after it was killed.",
        allow_abbrev=False,
    )
    parser.add_argument("out", metavar="DIR", help="the folder of the crawl, its --out")
    _add_common_options(parser)
    add_verbose(parser)
    return parser


def _whole(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > 15 or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"not a whole number from {low} to {high}: {text!r}")
        return int(text)

    return convert


def _scheduler(text: str) -> str:
    if not re.fullmatch(
        r"(?:tcp|tls|ws|wss)://[^/\s:]+:\d{1,5}|(?:tcp|tls|ws|wss)://\[[0-9a-f:]+\]:\d{1,5}", text
    ):
        raise argparse.ArgumentTypeError(
            f"not the address of a scheduler, such as tcp://10.0.0.1:8786: {text!r}"
        )
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text!r}")
    return seconds
