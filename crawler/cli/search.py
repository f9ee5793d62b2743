"""`bookprice QUERY`: a search of the shop, ranked, on stdout and in files."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.exit_codes import MEANINGS, ExitCode
from crawler.cli.help_text import HelpFormatter
from crawler.version import __version__

if TYPE_CHECKING:
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.outputs import OutputPlan, Written
    from crawler.cli.page_source import Run
    from crawler.errors import HistoryError
    from crawler.parsing.page_parser import PageParser
    from crawler.results import SearchResult
    from crawler.settings import Settings

__all__ = ["FORMATS", "add_parser", "run"]

FORMATS = ("table", "md", "csv", "json", "html", "xlsx")
"""What `--format` takes: the names of `crawler.report.FORMATS`, which a test compares."""

USER_AGENT = f"bookprice-crawler/{__version__}"
"""The default of `user_agent`, which a test compares."""

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
  watch                 run due watches and deliver their alerts
  history               show the prices that earlier searches recorded
  alerts                list where alerts go and which are pending, or send a test message
  doctor                check configuration, files, shop access and watches
  demo                  serve the embedded demo shop
  search                search the shop, the default; to search for a command's name: search demo
  help                  show this help; help watch shows the help of watch

exit codes:
"""


def add_parser(
    subparsers: argparse._SubParsersAction[Any],
) -> None:  # the one name argparse has for this type
    """Add the command `search`."""
    parser = subparsers.add_parser(
        "search",
        help="search the shop (the default command)",
        epilog=EPILOG + "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items()),
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        usage="%(prog)s QUERY [options]\n       %(prog)s --replay FILE [options]",
    )
    parser.description = DESCRIPTION.format(program=parser.prog.removesuffix(" search"))
    parser.set_defaults(run=run)
    parser.add_argument(
        "query", metavar="QUERY", nargs="?", help="words to search for, in Simplified or Traditional Chinese"
    )
    _add_search_options(parser.add_argument_group("what to search"))
    _add_output_options(parser.add_argument_group("output"))
    _add_work_options(parser.add_argument_group("requests and processing"))
    _add_record_options(parser.add_argument_group("recording"))


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
    group.add_argument(
        "--lang",
        metavar="LANG",
        help="language of reports and messages: en, zh-Hans, zh-Hant, or a name such as zh-TW or zh_CN; auto follows "
        "the query, then the locale (LC_ALL, LC_MESSAGES, LANG) (default: auto)",
    )
    group.add_argument(
        "--keep-reports",
        metavar="N",
        help="keep only the newest N reports of this query in reports/; 0 keeps all; a partial report removes none "
        "(default: 0)",
    )
    words = group.add_mutually_exclusive_group()
    words.add_argument("-q", "--quiet", action="store_true", help="show only problems on stderr")
    words.add_argument(
        "--verbose", action="store_true", help="show every request and parse process on stderr"
    )


def _add_work_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--concurrency",
        metavar="N",
        help="requests at a time, 1 to 64; reduced while the shop answers 429 or 503, or not at all (default: 10)",
    )
    group.add_argument(
        "--delay",
        metavar="S",
        help="seconds between two requests, randomly up to 50%% more or less (default: 0.0)",
    )
    group.add_argument(
        "--max-wait",
        metavar="S",
        help="longest wait in seconds that the shop may ask for (Retry-After); beyond it the page fails; a Crawl-delay"
        " may be ten times as long (default: 30.0)",
    )
    group.add_argument(
        "--ignore-robots",
        dest="obey_robots",
        action="store_const",
        const=False,
        help="ignore robots.txt; the report says so",
    )
    group.add_argument(
        "--user-agent", metavar="TEXT", help=f"User-Agent header of requests (default: {USER_AGENT})"
    )
    group.add_argument(
        "--workers", metavar="N", help="parse processes; 0 means one fewer than the usable CPUs (default: 0)"
    )
    group.add_argument(
        "--max-seconds", metavar="S", help="stop after S seconds and report what was read (default: none)"
    )
    group.add_argument(
        "--proxy", metavar="URL", help="HTTP proxy; overrides those of the environment (default: none)"
    )
    group.add_argument(
        "--base-url",
        metavar="URL",
        help="send the shop's requests to this address: a replica (default: none)",
    )
    group.add_argument("--config", metavar="FILE", help="read the settings from FILE")


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


def run(args: argparse.Namespace) -> int:
    """Search as `args` say and return the exit code; UsageError or OutputError when it cannot be done."""
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest) for dest, flag in setting_flags("search").items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    console.speak(loaded.settings.report.lang, args.query or "")
    for note in loaded.notes:
        console.error(note)
    settings = _for_demo(loaded.settings, args) if args.demo else loaded.settings
    wanted = _wanted(settings, args)
    console.speak(settings.report.lang, wanted.query)  # a replay has its own

    from crawler.cli.outputs import plan_outputs

    plan = plan_outputs(
        files=args.output, stdout_format=args.format, settings=settings.report, top_given=args.top is not None,
        show_dropped=args.show_dropped, report_root=loaded.report_root,
    )  # fmt: skip
    try:
        return _search(wanted, plan, args)
    finally:
        plan.cleanup()


def _for_demo(settings: Settings, args: argparse.Namespace) -> Settings:
    from crawler.errors import UsageError

    if args.base_url is not None:
        raise UsageError("--demo has its own address; omit --base-url")
    return settings.replace(base_url=None)


def _wanted(settings: Settings, args: argparse.Namespace) -> Run:
    """Return what is to be searched or replayed, everything checked that can be checked beforehand."""
    from crawler.cli.page_source import LiveRun, Replay
    from crawler.cli.searched_words import searched_words
    from crawler.errors import UsageError
    from crawler.settings import setting_flags

    if args.replay is None:
        if args.query is None:
            raise UsageError(f"QUERY is missing; see {args.parser.prog} --help")
        source = ["--demo"] if args.demo else ["--base-url", args.base_url] if args.base_url else []
        query = searched_words(args.query, source=source)
        return LiveRun(query, settings, demo=args.demo, resume=args.resume, archive=args.archive)
    if args.query is not None:
        raise UsageError(f"--replay takes the query from its file; omit {args.query!r}")
    given = [
        flag for dest, flag in sorted(setting_flags("search").items()) if getattr(args, dest) is not None
    ]
    refused = [
        *(flag.name for flag in given if flag.option.replay == "refused"),
        *(f"--{name}" for name in ("demo", "resume", "archive") if getattr(args, name)),
    ]
    if refused:
        raise UsageError(f"--replay makes no requests; omit {refused[0]}")
    chosen = {flag.key: getattr(settings, flag.key) for flag in given if flag.option.replay == "applied"}
    return Replay(args.replay, settings, chosen)


def _search(wanted: Run, plan: OutputPlan, args: argparse.Namespace) -> int:
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.resources import say_once, shortage
    from crawler.parsing.page_parser import page_parser, worker_count

    settings = wanted.settings
    with Interrupts() as interrupts:
        # Now, while no thread runs and the network library is not loaded: a fork is cheap and safe.
        workers = worker_count(settings.workers, wanted.pages)
        pool = page_parser(workers=workers, timeout=settings.parse_timeout, early=True)
        try:
            import asyncio

            code = asyncio.run(_crawl_and_write(wanted, plan, args, pool=pool, interrupts=interrupts))
        except Exception as error:
            if wanted.resumable and (words := shortage(error)) is not None:
                say_once(words)
                _tell_how_to_resume(args)
            raise
        finally:
            pool.kill()
        return interrupts.exit_code or code


async def _crawl_and_write(
    wanted: Run,
    plan: OutputPlan,
    args: argparse.Namespace,
    *,
    pool: PageParser,
    interrupts: Interrupts,
) -> ExitCode:
    """Search, write the report, and return the exit code of a search that no signal ended."""
    from contextlib import aclosing, closing
    from dataclasses import replace

    from crawler.cli.outputs import Written
    from crawler.cli.progress import ProgressReporter
    from crawler.cli.summary import exit_code
    from crawler.events import SearchFinished

    bar = console.takes_control_codes(sys.stderr) and not args.quiet

    def end_at_once() -> None:
        pool.kill()
        plan.cleanup()
        if bar:
            console.show_cursor()

    with closing(
        ProgressReporter(bar=bar, verbose=args.verbose, quiet=args.quiet, preload=plan.modules)
    ) as reporter:
        async with wanted.crawler(pool) as crawler:
            with interrupts.stopping(crawler.stop, at_once=end_at_once):
                async with aclosing(wanted.events(crawler)) as events:
                    async for event in events:
                        await reporter.handle(event)
                        if isinstance(event, SearchFinished):
                            result = event.result
                result, unrecorded = await _recorded(result, wanted, args)
                # Still here, where a signal only stops the search: the report is not to be lost at the last moment.
                # And nothing is written over an earlier report by a search that had not one page.
                written = await plan.write_files(result) if result.had_a_page else Written()
                lost = await wanted.finish()
                written = replace(written, failure=written.failure or lost)
                _tell_the_rest(result, written, wanted, plan, args)
    if unrecorded is not None:
        raise unrecorded
    return exit_code(result)


async def _recorded(
    result: SearchResult, wanted: Run, args: argparse.Namespace
) -> tuple[SearchResult, HistoryError | None]:
    """Record what was seen, and return the result with the past of its books; or why that cannot be.

    The report goes out either way: what was searched is not lost for want of a history.
    """
    import asyncio

    from crawler.errors import HistoryError

    if wanted.history is None or not result.had_a_page:
        return result, None

    from crawler.history.recording import record_and_annotate
    from crawler.local_time import local_zone
    from crawler.phrases import Phrase, reason_of

    try:
        recorded = await asyncio.to_thread(record_and_annotate, result, wanted.history, local_zone())
    except HistoryError as error:
        return result, HistoryError(Phrase("not_recorded", why=reason_of(error)))
    if args.verbose:
        console.line(console.words()("recorded_in", path=wanted.history))
    return recorded, None


def _tell_the_rest(
    result: SearchResult, written: Written, wanted: Run, plan: OutputPlan, args: argparse.Namespace
) -> None:
    """Put the report on stdout and the last word on stderr; OutputError for what could not be written."""
    from crawler.cli.summary import summary
    from crawler.verdict import Verdict

    if result.suggestion and not args.quiet:  # above the report, whose end is what stays on the screen
        command = args.command_line.with_query(result.suggestion)
        console.error(console.words()("suggestion_command", command=command))
    if result.had_a_page or args.format is not None:
        plan.write_stdout(result)
    if word := summary(result):
        console.error(word)
        left = (page.verdict is Verdict.NOT_ASKED for page in (*result.pages, *result.price_pages))
        if result.had_a_page and wanted.resumable and any(left):
            _tell_how_to_resume(args)
    if written.failure is not None:
        raise written.failure
    if (args.verbose or console.is_terminal(sys.stderr)) and not args.quiet:
        for report in written.reports:
            console.line(console.words()("report_at", path=report))


def _tell_how_to_resume(args: argparse.Namespace) -> None:
    """Name the command that reads the pages which a search left."""
    command = args.command_line.with_flag("--resume")
    console.error(console.words()("resume_command", command=command))
