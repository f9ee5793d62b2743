"""`bookprice QUERY`: search the shop, and write the ranked books to stdout and files."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from crawler.cli import console, search_options
from crawler.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.outputs import OutputPlan, Written
    from crawler.cli.page_source import Run
    from crawler.errors import HistoryError
    from crawler.parsing.page_parser import PageParser
    from crawler.results import SearchResult
    from crawler.settings import Settings

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    search_options.add_parser(subparsers).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the search that `args` describe; return the exit code. Raises UsageError or OutputError."""
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest) for dest, flag in setting_flags("search").items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    console.speak(loaded.settings.report.lang, args.query or "")
    for note in loaded.notes:
        console.error(note)
    settings = _for_demo(loaded.settings, args) if args.demo else loaded.settings
    wanted = _wanted(settings, args)
    console.speak(settings.report.lang, wanted.query)  # a replay has its own query

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
    """Return the search or replay to run, after every check that can be made beforehand."""
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
        # Start the pool while no thread runs and the network library is not loaded: forking is then cheap and safe.
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
    import asyncio
    from contextlib import aclosing, closing
    from dataclasses import replace

    from crawler.cli.outputs import Written
    from crawler.cli.progress import ProgressReporter
    from crawler.events import SearchFinished

    bar = console.takes_control_codes(sys.stderr) and not args.quiet

    def end_at_once() -> None:
        pool.kill()
        plan.cleanup()
        if bar:
            console.show_cursor()

    modules = (*wanted.modules, "crawler.cli.summary", *plan.modules)
    reporter = ProgressReporter(
        bar=bar, verbose=args.verbose, quiet=args.quiet, preload=modules, preload_delay=wanted.preload_delay
    )
    with closing(reporter):
        async with wanted.crawler(pool) as crawler:
            with interrupts.stopping(crawler.stop, at_once=end_at_once):
                async with aclosing(wanted.events(crawler)) as events:
                    async for event in events:
                        await reporter.handle(event)
                        if isinstance(event, SearchFinished):
                            result = event.result
                closing_pool = asyncio.create_task(pool.close())  # the report needs none of its processes
                result, unrecorded = await _recorded(result, wanted, args)
                # Write inside this block, where a signal only stops the search, so that the report is not lost at the
                # last moment. A search without a single page must not overwrite an earlier report.
                written = await plan.write_files(result) if result.had_a_page else Written()
                lost = await wanted.finish()
                written = replace(written, failure=written.failure or lost)
                await _tell_the_rest(result, written, wanted, plan, args)
                await closing_pool
    if unrecorded is not None:
        raise unrecorded
    from crawler.cli.summary import exit_code

    return exit_code(result)


async def _recorded(
    result: SearchResult, wanted: Run, args: argparse.Namespace
) -> tuple[SearchResult, HistoryError | None]:
    """Record the result, and return it with the price history of its books, or the error that prevented that.

    The report is written either way: an unusable history must not cost the user the search.
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


async def _tell_the_rest(
    result: SearchResult, written: Written, wanted: Run, plan: OutputPlan, args: argparse.Namespace
) -> None:
    """Print the report to stdout and the summary to stderr. Raises OutputError for a file that was not written."""
    from crawler.cli.summary import summary
    from crawler.verdict import Verdict

    if result.suggestion and not args.quiet:  # above the report, whose end stays on the screen
        command = args.command_line.with_query(result.suggestion)
        console.error(console.words()("suggestion_command", command=command))
    if result.had_a_page or args.format is not None:
        await plan.write_stdout(result)
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
    """Print the command that reads the remaining pages of the search."""
    command = args.command_line.with_flag("--resume")
    console.error(console.words()("resume_command", command=command))
