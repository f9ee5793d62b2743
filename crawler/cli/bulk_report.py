"""The end of a bulk crawl on stdout and stderr, and its status: a table of a short list, a few lines for a long one."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.atomic_write import shown
from crawler.bulk.input import STDIN
from crawler.bulk.intake import REJECTED
from crawler.bulk.manifest import Manifest
from crawler.bulk.model import BulkOptions, Parse
from crawler.bulk.result_lines import ResultLine, read_results
from crawler.bulk.status import State, Status, read_status
from crawler.bulk.summary import PASSES, is_summarized, summarize, write_json
from crawler.bulk.summary_page import input_lines, write_page
from crawler.bulk.wording import duration, rate, size, verdict_counts, verdict_name
from crawler.clean import clean, crop
from crawler.cli import console
from crawler.cli.command_line import for_shell
from crawler.cli.exit_codes import ExitCode
from crawler.errors import OutputError, UsageError
from crawler.labels import Labels
from crawler.report.common.alarms import source_alarms
from crawler.report.common.layout import bare_table, finished, folded, pairs, print_table, text_console
from crawler.report.common.wording import UNKNOWN, minute
from crawler.source import Source
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.bulk.coordinator import Outcome

__all__ = ["MOST_ROWS", "status_text", "tell_end"]

MOST_ROWS = 50
"""The maximum number of URLs of a list that ends in a table."""

DEMO_ROWS = 10
"""The number of URLs of the demo's list, which is longer, to show in a table all the same."""

TITLE_LIMIT = 200

DEMO = Source.at(None, demo=True)


def tell_end(
    args: argparse.Namespace,
    options: BulkOptions,
    manifest: Manifest,
    *,
    processes: int,
    outcome: Outcome | None,
    seconds: float,
) -> ExitCode:
    """Write the summary, report the end of a run, and return the exit code. `outcome` is None if nothing was to do."""
    say = console.words()
    status = read_status(options.out, manifest)
    stopped = (outcome.stopped or str(outcome.error or "")) if outcome else ""
    failure: Exception | None = outcome.error if outcome else None
    if outcome is not None or not is_summarized(options.out):
        try:
            summary = summarize(status, options, processes=processes, stopped=stopped, seconds=seconds)
            write_json(summary)
            write_page(summary, say)
        except OutputError as error:
            failure = failure or error
    _write_stdout(args, options, status, seconds, say)
    if (args.verbose or console.is_terminal(sys.stderr)) and not args.quiet and failure is None:
        folder = Path(args.state or args.out)
        results = (
            f"{clean(manifest.output)}/results-*.jsonl"
            if manifest.output
            else shown(folder / "results-*.jsonl")
        )
        console.line(say("bulk_files", results=results, summary=shown(folder / "summary.html")))
    code = _tell_problems(args, status, outcome, failure, say)
    if manifest.demo and options.parse is not Parse.NONE and code is ExitCode.WHOLE and not args.quiet:
        console.line(say("bulk_rank", command=for_shell(["rank", args.out])))
    return code


def _write_stdout(
    args: argparse.Namespace, options: BulkOptions, status: Status, seconds: float, say: Labels
) -> None:
    width, color = console.columns(), console.wants_color(sys.stdout)
    language = console.language(say.language, sys.stdout)
    if language != say.language:
        say = Labels(language, say.zone)
    known = status.done + status.pending
    is_short = 0 < known <= MOST_ROWS and status.manifest.intake_complete
    url = status.manifest.output
    parts = []
    if status.manifest.demo:
        parts.append(_demo_text(say, width, color=color))
    if is_short and url:
        # After a stop, nothing waits for the network.
        lines = None if status.pending else _results_at(url, status, known)
        is_short = lines is not None
    elif is_short or (status.manifest.demo and status.done):
        lines = read_results(options.out, max(known, 1))[: MOST_ROWS if is_short else DEMO_ROWS]
    else:
        lines = None
    if lines is not None:
        table = results_table(lines, options.parse, say, width=width, color=color)
        if left := 0 if is_short else status.done - len(lines):
            results = shown(Path(args.out) / "results-*.jsonl")
            table += say("bulk_more_rows", n=left, results=results) + "\n"
        parts.append(table)
    if not is_short:
        parts.append(end_text(status, seconds, say, width=width, color=color))
    console.write_report("\n".join(parts), utf8=False)


def _results_at(url: str, status: Status, most: int) -> list[ResultLine] | None:
    """Return the results at a URL; None if they cannot be read, which is reported: the crawl itself is not at fault."""
    try:
        return read_results(Path(), most, url=url, names=status.files)
    except OutputError as error:
        console.error(error)
        return None


def _demo_text(say: Labels, width: int | None, *, color: bool) -> str:
    """Return the warning that the books are made up."""
    from rich.text import Text

    output = io.StringIO()
    screen = text_console(output, width, color=color)
    for alarm in source_alarms(DEMO, say):
        words = folded(say("alarm", name=alarm.name, text=alarm.text), screen.width)
        screen.print(Text(words, style="bold red"))
    return finished(output)


def _tell_problems(
    args: argparse.Namespace, status: Status, outcome: Outcome | None, failure: Exception | None, say: Labels
) -> ExitCode:
    """Report on stderr what is missing, with the command that helps; return the exit code."""
    intake = status.manifest.intake
    passed = _passed(status)
    failed, rejected = status.done - passed, intake.get("rejected", 0)
    is_whole = status.manifest.intake_complete and not status.pending
    if rejected:
        console.error(say("bulk_rejected", n=rejected, path=shown(Path(args.state or args.out) / REJECTED)))
    if failure is not None:
        code = _tell_failure(args, failure, outcome.traceback if outcome else "")
    else:
        loss = failed or rejected or intake.get("damaged", 0) or not is_whole
        code = ExitCode.NO_PAGE if not passed else ExitCode.PARTIAL if loss else ExitCode.WHOLE
        if why := _why_incomplete(status, outcome, failed, say):
            console.error(why)
    if (refused := status.verdicts.get(Verdict.ADDRESS_REFUSED.value, 0)) and not args.allow_private:
        console.error(say("bulk_refused", n=refused))
    if not is_whole and not isinstance(failure, UsageError):
        console.error(say("bulk_resume", command=args.command_line.with_flag("--resume")))
    elif failed and is_whole and not args.quiet:
        console.error(say("bulk_retry", command=args.command_line.with_flag("--retry-failed")))
    return code


def _why_incomplete(status: Status, outcome: Outcome | None, failed: int, say: Labels) -> str:
    """Return one line on URLs that were not crawled, or failed; '' if there are none."""
    if outcome is not None and outcome.stopped:
        why = say.text(outcome.stopped)
        return say("bulk_left", why=why, n=status.pending) if status.pending else why
    if status.manifest.intake_complete and not status.done:
        return say("bulk_nothing")
    return say("bulk_failed_urls", n=failed, all=status.done) if failed else ""


def _tell_failure(args: argparse.Namespace, failure: Exception, traceback: str) -> ExitCode:
    from crawler.cli.resources import say_once, shortage
    from crawler.errors import CrawlerError

    if isinstance(failure, CrawlerError):
        console.error(failure)
        return ExitCode.USAGE if isinstance(failure, UsageError) else ExitCode.NOT_WRITTEN
    if (words := shortage(failure)) is not None:
        say_once(words)
        return ExitCode.NOT_WRITTEN
    if args.verbose and traceback:
        console.block(traceback)
    hint = "please report it" if args.verbose else "--verbose shows where; please report it"
    console.error(f"internal error: {type(failure).__name__}: {failure} ({hint})")
    return ExitCode.INTERNAL


def _passed(status: Status) -> int:
    return sum(n for verdict, n in status.verdicts.items() if verdict in PASSES)


def end_text(status: Status, seconds: float, say: Labels, *, width: int | None, color: bool) -> str:
    """Return the summary of a long list."""
    facts = [
        (say("bulk_progress"), _progress(status, say)),
        *_verdict_fact(status, say),
        (say("bulk_lines"), input_lines(status.manifest.intake, say)),
    ]
    if seconds:
        speed = say("bulk_pages_per_second", n=rate(status.done / seconds))
        facts.append((say("bulk_time"), f"{duration(seconds, say)}{say('bracketed', words=speed)}"))
    facts.append((say("bulk_disk_label"), size(status.disk_used)))
    return _facts_text(facts, width, color=color)


def status_text(out: Path, status: Status, say: Labels) -> str:
    """Return the status of a crawl as lines for stdout."""
    facts = [*_status_facts(out, status, say)]
    width, color = console.columns(), console.wants_color(sys.stdout)
    head = f"{_demo_text(say, width, color=color)}\n" if status.manifest.demo else ""
    return head + _facts_text(facts, width, color=color)


def _status_facts(out: Path, status: Status, say: Labels) -> Iterator[tuple[str, str]]:
    record, manifest = status.record, status.manifest
    yield say("bulk_state"), _state_words(status, say)
    yield say("bulk_folder"), shown(out)
    yield say("bulk_input"), say("bulk_stdin") if manifest.input == STDIN else shown(manifest.input)
    yield say("bulk_progress"), _progress(status, say)
    yield from _verdict_fact(status, say)
    yield say("bulk_started"), minute(dt.datetime.fromisoformat(manifest.started_at), say)
    if record is None:
        yield say("bulk_disk_label"), size(status.disk_used)
        return
    seconds = record.progress.seconds + record.progress.earlier_seconds
    if status.state is State.RUNNING:
        yield say("bulk_speed"), say("bulk_rate", n=rate(record.progress.rate))
        if record.progress.eta is not None:
            yield (
                say("bulk_time"),
                (
                    f"{duration(seconds, say)}{say('comma')}{say('bulk_eta', time=duration(record.progress.eta, say))}"
                ),
            )
        else:
            yield say("bulk_time"), duration(seconds, say)
        yield say("bulk_processes"), f"{record.progress.processes:,}"
    else:
        yield say("bulk_time"), duration(seconds, say)
        yield say("bulk_updated"), minute(dt.datetime.fromisoformat(record.updated_at), say)
    foreseen = record.progress.disk_foreseen
    if foreseen is not None and status.pending:
        yield (
            say("bulk_disk_label"),
            say("bulk_disk_foreseen", used=size(status.disk_used), foreseen=size(foreseen)),
        )
    else:
        yield say("bulk_disk_label"), size(status.disk_used)


def _state_words(status: Status, say: Labels) -> str:
    if status.state is not State.STOPPED:
        return say(f"bulk_{status.state.value}")
    if status.was_killed:
        return say("bulk_killed")
    if status.record is not None and status.record.stopped:
        return say("bulk_stopped_why", why=clean(status.record.stopped))
    return say("bulk_stopped")


def _progress(status: Status, say: Labels) -> str:
    known = status.manifest.intake_complete
    total = say("bulk_total" if known else "bulk_total_so_far", n=status.done + status.pending)
    return say("bulk_done", done=f"{status.done:,}", total=total)


def _verdict_fact(status: Status, say: Labels) -> Iterator[tuple[str, str]]:
    if status.verdicts:
        yield say("bulk_verdicts"), verdict_counts(status.verdicts, say)


def _facts_text(facts: Sequence[tuple[str, str]], width: int | None, *, color: bool) -> str:
    output = io.StringIO()
    screen = text_console(output, width, color=color)
    screen.print(pairs(tuple(facts), screen.width))
    return finished(output)


def results_table(
    lines: Sequence[ResultLine], parse: Parse, say: Labels, *, width: int | None, color: bool
) -> str:
    """Return the table of a short list, in the order of its input."""
    from rich.text import Text

    output = io.StringIO()
    screen = text_console(output, width, color=color)
    table = bare_table()
    columns = _COLUMNS[parse]
    for name in columns:
        is_number = name in {"price", "status", "bytes", "listings"}
        table.add_column(
            say("bulk_verdict_label" if name == "verdict" else f"bulk_{name}"),
            justify="right" if is_number else "left",
            ratio=1 if name in {"page", "url"} else None,
            no_wrap=is_number,
            overflow="fold",
        )
    for line in lines:
        table.add_row(*(Text(_cell(name, line, say), style=_style(name, line)) for name in columns))
    print_table(screen, table)
    return finished(output)


_COLUMNS: dict[Parse, tuple[str, ...]] = {
    Parse.PRODUCT: ("page", "price", "currency", "availability", "shop", "verdict"),
    Parse.SEARCH: ("url", "listings", "verdict"),
    Parse.NONE: ("url", "status", "bytes", "type", "verdict"),
}


def _cell(name: str, line: ResultLine, say: Labels) -> str:
    return _CELLS[name](line, say)


_CELLS: Mapping[str, Callable[[ResultLine, Labels], str]] = {
    "page": lambda line, _: crop(clean(line.title or line.url), TITLE_LIMIT),
    "url": lambda line, _: crop(clean(line.url), TITLE_LIMIT),
    "price": lambda line, _: UNKNOWN if line.price is None else f"{line.price:,.2f}",
    "currency": lambda line, _: crop(clean(line.currency or ""), 8) or UNKNOWN,
    "availability": lambda line, say: say(f"bulk_{line.availability}") if line.availability else UNKNOWN,
    "shop": lambda line, _: crop(clean(line.host), 60),
    "verdict": lambda line, say: verdict_name(line.verdict, say),
    "listings": lambda line, _: f"{len(line.listings or ()):,}",
    "status": lambda line, _: str(line.status or UNKNOWN),
    "bytes": lambda line, _: f"{line.bytes or 0:,}",
    "type": lambda line, _: crop(clean(line.content_type or ""), 40) or UNKNOWN,
}


def _style(name: str, line: ResultLine) -> str:
    if name == "verdict" and line.verdict not in PASSES:
        return "bold red"
    return "bold green" if name == "price" else ""
