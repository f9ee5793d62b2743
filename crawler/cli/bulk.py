"""`bookprice bulk URLS --out DIR`: crawl a long list of URLs, resumable, in several processes; `bulk status DIR`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.bulk_options import MOST_PROCESSES, PARTS, add_parsers
from crawler.cli.exit_codes import ExitCode
from crawler.errors import OutputError, UsageError
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.bulk.coordinator import Outcome
    from crawler.bulk.manifest import Manifest
    from crawler.bulk.model import BulkOptions
    from crawler.cli.bulk_display import BulkDisplay
    from crawler.cli.interrupts import Interrupts
    from crawler.settings import Settings

__all__ = ["PARTS", "add_parser", "named", "run", "run_status"]


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its subcommands to the command line."""
    parsers = add_parsers(subparsers)
    parsers["crawl"].set_defaults(run=run)
    parsers["status"].set_defaults(run=run_status)


def named(arguments: Sequence[str]) -> list[str]:
    """Insert the implied subcommand into a command line that begins with `bulk`."""
    command, *rest = arguments
    return [command, *rest] if rest and rest[0] in PARTS else [command, "crawl", *rest]


def _settings(args: argparse.Namespace) -> Settings:
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest, None) for dest, flag in setting_flags("bulk").items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    console.speak(loaded.settings.report.lang)
    for note in loaded.notes:
        console.error(note)
    return loaded.settings


def run_status(args: argparse.Namespace) -> int:
    """Show the status of a crawl on stdout and return the exit code. Raises UsageError if there is none."""
    from crawler.atomic_write import shown
    from crawler.bulk.manifest import read_manifest
    from crawler.bulk.status import read_status
    from crawler.cli.bulk_report import status_text

    _settings(args)
    out = Path(args.out)
    manifest = read_manifest(out)
    if manifest is None:
        raise UsageError(f"there is no crawl in {shown(out)}; name the folder given as --out")
    console.write_stdout(status_text(out, read_status(out, manifest), console.words()))
    return ExitCode.WHOLE


def run(args: argparse.Namespace) -> int:
    """Crawl as `args` say; return the exit code. Raises UsageError or OutputError."""
    from crawler.bulk.manifest import CrawlRunningError, crawl_lock, read_manifest

    settings = _settings(args)
    out = Path(args.out)
    _manifest(args, read_manifest(out))  # before anything is created
    try:
        with crawl_lock(out):
            return _crawl(args, settings, _manifest(args, read_manifest(out)))
    except CrawlRunningError as error:
        console.error(error)
        return ExitCode.LOCKED


def _manifest(args: argparse.Namespace, found: Manifest | None) -> Manifest:
    """Return the manifest of the crawl to run: a new one, or the one that is found in the folder. Raises UsageError."""
    from crawler.bulk.input import STDIN, describe_input
    from crawler.bulk.manifest import check_resumed, new_manifest
    from crawler.bulk.model import Parse, Store
    from crawler.parsing.page_parser import usable_cpus

    out = Path(args.out)
    chosen = {"parse": args.parse, "store": args.store, "limit": args.limit}
    given = {name: value for name, value in chosen.items() if value is not None}
    if found is None:
        if args.urls is None:
            raise UsageError(f"URLS is missing; see {args.parser.prog} --help")
        if args.retry_failed:
            raise UsageError(f"there is no crawl in {out} yet, so nothing has failed; omit --retry-failed")
        name, size = describe_input(args.urls)
        return new_manifest(
            name,
            size,
            shards=args.processes or min(usable_cpus(), _useful_processes(size)),
            parse=Parse(given.get("parse", Parse.PRODUCT)),
            store=Store(given.get("store", Store.WARC)),
            limit=args.limit,
        )
    if not (args.resume or args.retry_failed):
        raise UsageError(_taken(args, found))
    source = None
    if found.intake_complete:
        if args.urls not in {None, STDIN}:
            is_there = Path(args.urls).exists()  # it may be gone, because it is not needed any more
            source = (
                describe_input(args.urls) if is_there else (os.path.realpath(args.urls), found.input_bytes)
            )
    elif args.urls is not None:
        source = describe_input(args.urls)
    elif found.input == STDIN:
        command = args.command_line.with_flag(STDIN)
        raise UsageError(f"the list came from stdin and was not read to its end; pipe it again: {command}")
    else:
        source = describe_input(found.input)
    check_resumed(out, found, given, source)
    return found


BYTES_OF_A_PROCESS = 4_000
"""The size of a list that is worth another process: some 50 URLs. The start of one takes as long as many pages."""


def _useful_processes(size: int | None) -> int:
    """Return the number of processes that a list of `size` bytes has work for; None is a list of unknown size."""
    return MOST_PROCESSES if size is None else max(1, min(size // BYTES_OF_A_PROCESS, MOST_PROCESSES))


def _taken(args: argparse.Namespace, found: Manifest) -> str:
    """Return the message for a folder that holds a crawl already, if the command does not continue it."""
    from crawler.bulk.manifest import is_locked
    from crawler.bulk.status import State, read_status

    out = Path(args.out)
    if not is_locked(out) and read_status(out, found).state is State.FINISHED:
        return f"{out} holds a finished crawl; choose another folder for --out"
    command = args.command_line.with_flag("--resume")
    return f"{out} holds a crawl that is not finished; choose another folder for --out, or continue it: {command}"


def _options(args: argparse.Namespace, settings: Settings, manifest: Manifest, processes: int) -> BulkOptions:
    from crawler.bulk.model import BulkOptions

    return BulkOptions(
        out=Path(args.out).absolute(),
        shards=manifest.shards,
        concurrency=_affordable(args.requests, -(-manifest.shards // processes)),
        per_host=args.per_host,
        delay=settings.delay,
        parse=manifest.parse,
        store=manifest.store,
        allow_private=args.allow_private,
        obey_robots=settings.obey_robots,
        parse_seconds=settings.parse_timeout,
        user_agent=settings.user_agent,
        proxy=settings.proxy,
    )


FILES_OF_A_PROCESS, FILES_OF_A_SHARD = 64, 10
"""Open files of a process besides its connections: its program and event loop; stores, logs and outputs of a shard."""


def _affordable(requests: int, shards: int) -> int:
    """Return the number of requests at a time that the limit of open files allows; say so if it is less than wanted.

    Each request has a connection, and as many again wait for later requests. Raises OutputError if the limit allows
    hardly any.
    """
    from crawler.bulk.descriptors import allow_descriptors

    others = FILES_OF_A_PROCESS + FILES_OF_A_SHARD * shards
    needed = others + 2 * requests
    files = allow_descriptors(needed)
    possible = requests if files >= needed else min(requests, (files - others) // 2)
    if possible < 1:
        raise OutputError(Phrase("too_few_files", n=files, needed=others + 2))
    if possible < requests:
        words = console.words()(
            "bulk_fewer_requests", files=files, n=possible, wanted=requests, needed=needed
        )
        console.error(words)
    return possible


def _crawl(args: argparse.Namespace, settings: Settings, manifest: Manifest) -> int:
    """Run the crawl of a manifest, with its folder locked; return the exit code."""
    from crawler.bulk.shard_process import wait_for_earlier_processes
    from crawler.bulk.status import State, read_status
    from crawler.cli.bulk_display import BulkDisplay
    from crawler.cli.bulk_report import tell_end
    from crawler.cli.interrupts import Interrupts

    say = console.words()
    wanted = args.processes or manifest.shards
    processes = min(wanted, manifest.shards)
    if wanted > processes:
        console.line(say("bulk_capped", shards=manifest.shards, processes=wanted))
    options = _options(args, settings, manifest, processes)
    with Interrupts() as interrupts:
        wait_for_earlier_processes(options.out, manifest.shards)
        manifest.write(options.out)
        if args.retry_failed:
            from crawler.bulk.retry import requeue_failed

            n = requeue_failed(options.out, manifest.shards)
            if not args.quiet:
                console.line(say("bulk_requeued", n=n) if n else say("bulk_nothing_failed"))
        status = read_status(options.out, manifest)
        if status.state is State.RUNNING and manifest.intake_complete and not status.pending:
            if not args.quiet and not args.retry_failed:
                console.line(say("bulk_already_finished"))
            seconds = _earlier_seconds(options.out)
            return tell_end(args, options, manifest, processes=processes, outcome=None, seconds=seconds)
        with BulkDisplay(quiet=args.quiet, verbose=args.verbose) as display:
            outcome, manifest, seconds = _run(
                args, options, manifest, processes=processes, interrupts=interrupts, display=display
            )
        code = tell_end(args, options, manifest, processes=processes, outcome=outcome, seconds=seconds)
        return interrupts.exit_code or code


def _earlier_seconds(out: Path) -> float:
    """Return the time that earlier runs of a crawl took."""
    from crawler.bulk.status import read_record

    record = read_record(out)
    return record.progress.earlier_seconds + record.progress.seconds if record else 0.0


def _run(
    args: argparse.Namespace,
    options: BulkOptions,
    manifest: Manifest,
    *,
    processes: int,
    interrupts: Interrupts,
    display: BulkDisplay,
) -> tuple[Outcome, Manifest, float]:
    """Run the processes; return how that ended, the manifest then, and the time that all runs of the crawl took."""
    import datetime as dt
    from collections.abc import Mapping

    from crawler.bulk.coordinator import Coordinator
    from crawler.bulk.intake import Intake, input_notes
    from crawler.bulk.progress import Snapshot
    from crawler.bulk.status import State, write_record

    started_at = dt.datetime.now(dt.UTC)
    earlier = _earlier_seconds(options.out)
    current = [manifest]

    def take_counts(counts: Mapping[str, int]) -> None:
        current[0] = manifest.with_intake(counts)
        current[0].write(options.out)
        for note in input_notes(counts):
            display.say(note)

    def show(snapshot: Snapshot) -> None:
        display.show(snapshot)
        write_record(options.out, State.RUNNING, snapshot, run_started_at=started_at)

    intake = None
    if not manifest.intake_complete:
        source = args.urls if args.urls is not None else manifest.input
        intake = Intake(source, options.out, manifest.shards, limit=manifest.limit)
    coordinator = Coordinator(
        options,
        processes=processes,
        intake=intake,
        on_intake=take_counts,
        on_progress=show,
        on_event=display.handle,
        max_seconds=args.stop_after,
        earlier_seconds=earlier,
    )

    def end_at_once() -> None:
        coordinator.kill()
        display.restore_terminal()

    with interrupts.calling(coordinator.stop, at_once=end_at_once):
        outcome = coordinator.run()
    state = State.FINISHED if outcome.finished else State.STOPPED
    why = outcome.stopped or (str(outcome.error) if outcome.error else "")
    write_record(options.out, state, outcome.snapshot, run_started_at=started_at, stopped=why)
    return outcome, current[0], earlier + outcome.snapshot.seconds
