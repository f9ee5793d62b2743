"""`bookprice bulk URLS --out DIR`: crawl a long list of URLs, resumable, in several processes; `bulk status DIR`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.bulk_options import MOST_PROCESSES, PARTS, add_parsers
from crawler.cli.exit_codes import ExitCode
from crawler.errors import OutputError, UsageError
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.bulk.cluster import Cluster
    from crawler.bulk.coordinator import Group, Outcome
    from crawler.bulk.manifest import Manifest
    from crawler.bulk.model import BulkOptions
    from crawler.bulk.progress import Progress
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
    from crawler.bulk.destination import is_url
    from crawler.bulk.manifest import read_manifest
    from crawler.bulk.status import read_status
    from crawler.cli.bulk_report import status_text

    _settings(args)
    if is_url(args.out):
        raise UsageError(
            f"the state of a crawl is not at its URL {args.out}; name the folder given as --state"
        )
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
    _check_places(args)
    out = _folder(args)
    ignoring: tuple[str, ...] = ()
    if args.demo:
        from crawler.demo.product_urls import URL_LIST

        ignoring = (URL_LIST,)  # of a run that was killed before it wrote its manifest
    _manifest(args, read_manifest(out, ignoring=ignoring), None)  # before anything is created
    try:
        with (
            _cluster(args) as cluster,
            crawl_lock(out),
            _served(args, read_manifest(out, ignoring=ignoring)),
        ):
            manifest = _manifest(args, read_manifest(out, ignoring=ignoring), cluster)
            return _crawl(args, settings, manifest, cluster)
    except CrawlRunningError as error:
        console.error(error)
        return ExitCode.LOCKED


def _served(args: argparse.Namespace, found: Manifest | None) -> AbstractContextManager[None]:
    """Serve the demo's storefronts for the block, if the crawl is one of them and something is left to crawl."""
    if not (args.demo if found is None else found.demo and _has_work(args, found)):
        return nullcontext()
    from crawler.cli.bulk_demo import storefronts

    return storefronts(_folder(args))


def _has_work(args: argparse.Namespace, found: Manifest) -> bool:
    """Return False if nothing of a crawl is left to crawl."""
    from crawler.bulk.status import read_status

    if args.retry_failed or not found.intake_complete:
        return True
    return read_status(_folder(args), found).pending > 0


def _check_places(args: argparse.Namespace) -> None:
    """Check that the options agree on where the output and the state go. Raises UsageError."""
    from crawler.bulk.destination import is_url, open_destination

    if args.demo and args.cluster is not None:
        raise UsageError("the demo's shops are on this machine; omit --demo or --cluster")
    if not is_url(args.out):
        if args.state is not None:
            raise UsageError("--state is for a URL as --out; the state of this crawl is in its folder")
        return
    if args.cluster is None:
        raise UsageError(f"a URL as --out needs --cluster: {args.out}; without it, name a folder")
    if args.state is None:
        raise UsageError(f"add --state DIR: a local folder for the state of the crawl to {args.out}")
    if args.retry_failed:
        raise UsageError("--retry-failed needs a folder as --out: it rewrites the results")
    open_destination(args.out)


def _folder(args: argparse.Namespace) -> Path:
    """Return the local folder of a crawl."""
    return Path(args.out if args.state is None else args.state)


def _output(args: argparse.Namespace) -> str:
    """Return the URL for results and pages; '' if they go to the folder of the crawl."""
    return "" if args.state is None else str(args.out).rstrip("/")


@contextmanager
def _cluster(args: argparse.Namespace) -> Iterator[Cluster | None]:
    """Connect to the cluster of the command line; None without one. Raises ClusterError."""
    if args.cluster is None:
        yield None
        return
    from crawler.bulk.cluster import Cluster

    with Cluster.connect(args.cluster) as cluster:
        yield cluster


def _manifest(args: argparse.Namespace, found: Manifest | None, cluster: Cluster | None) -> Manifest:
    """Return the manifest of the crawl to run: a new one, or the one that is found in the folder. Raises UsageError."""
    from crawler.bulk.manifest import check_resumed

    if args.demo and args.urls is not None:
        raise UsageError(f"--demo has its own list of URLs; omit {args.urls}")
    if found is None:
        return _new_manifest(args, cluster)
    out = _folder(args)
    if _output(args) != found.output:
        began = found.output or "this folder itself"
        raise UsageError(f"the results of the crawl in {out} go to {began}; give the same --out and --state")
    if args.demo and not found.demo:
        raise UsageError(f"the crawl in {out} began without --demo; omit it, or choose another --out")
    if not (args.resume or args.retry_failed):
        raise UsageError(_taken(args, found))
    chosen = {"parse": args.parse, "store": args.store, "limit": args.limit}
    given = {name: value for name, value in chosen.items() if value is not None}
    check_resumed(out, found, given, _resumed_input(args, found))
    return found


def _new_manifest(args: argparse.Namespace, cluster: Cluster | None) -> Manifest:
    """Return the manifest of a crawl that begins. Raises UsageError."""
    from crawler.bulk.input import describe_input
    from crawler.bulk.manifest import new_manifest
    from crawler.bulk.model import Parse, Store
    from crawler.parsing.page_parser import usable_cpus

    out = _folder(args)
    if args.urls is None and not args.demo:
        raise UsageError(f"URLS is missing; see {args.parser.prog} --help")
    if args.retry_failed:
        raise UsageError(f"there is no crawl in {out} yet, so nothing has failed; omit --retry-failed")
    name, size = _describe_demo(out) if args.demo else describe_input(args.urls)
    useful = usable_cpus() if cluster is None else cluster.threads
    return new_manifest(
        name,
        size,
        shards=args.processes or min(useful, _useful_processes(size, args.limit)),
        parse=Parse.PRODUCT if args.parse is None else Parse(args.parse),
        store=Store.WARC if args.store is None else Store(args.store),
        limit=args.limit,
        demo=args.demo,
        output=_output(args),
    )


def _resumed_input(args: argparse.Namespace, found: Manifest) -> tuple[str, int | None] | None:
    """Return name and size of the input of a resumed crawl; None if it is not needed any more. Raises UsageError."""
    from crawler.bulk.input import STDIN, describe_input

    if found.demo and args.urls is None:
        # A folder that has moved takes its list along.
        return (found.input, _describe_demo(_folder(args))[1] or 0) if _has_work(args, found) else None
    if found.intake_complete:
        if args.urls in {None, STDIN}:
            return None
        is_there = Path(args.urls).exists()  # it may be gone, because it is not needed any more
        return describe_input(args.urls) if is_there else (os.path.realpath(args.urls), found.input_bytes)
    if args.urls is not None:
        return describe_input(args.urls)
    if found.input == STDIN:
        command = args.command_line.with_flag(STDIN)
        raise UsageError(f"the list came from stdin and was not read to its end; pipe it again: {command}")
    return describe_input(found.input)


BYTES_OF_A_PROCESS = 4_000
"""The size of a list that is worth another process: some 50 URLs. The start of one takes as long as many pages."""

URLS_OF_A_PROCESS = 50
"""The same as a number of URLs."""


def _useful_processes(size: int | None, limit: int | None) -> int:
    """Return the number of processes that the first `limit` URLs of a list of `size` bytes have work for.

    None is a list of unknown size, or no limit.
    """
    by_size = MOST_PROCESSES if size is None else size // BYTES_OF_A_PROCESS
    by_limit = MOST_PROCESSES if limit is None else limit // URLS_OF_A_PROCESS
    return max(1, min(by_size, by_limit, MOST_PROCESSES))


def _describe_demo(out: Path) -> tuple[str, int | None]:
    """Return path and size of the demo's list in the folder of its crawl; None if it is not written yet."""
    from crawler.bulk.input import describe_input
    from crawler.cli.bulk_demo import demo_list

    path = demo_list(out)
    return describe_input(str(path)) if path.exists() else (os.path.realpath(path), None)


def _taken(args: argparse.Namespace, found: Manifest) -> str:
    """Return the message for a folder that holds a crawl already, if the command does not continue it."""
    from crawler.bulk.manifest import is_locked
    from crawler.bulk.status import State, read_status

    out = _folder(args)
    if not is_locked(out) and read_status(out, found).state is State.FINISHED:
        return f"{out} holds a finished crawl; choose another folder for --out"
    command = args.command_line.with_flag("--resume")
    return f"{out} holds a crawl that is not finished; choose another folder for --out, or continue it: {command}"


def _options(args: argparse.Namespace, settings: Settings, manifest: Manifest, processes: int) -> BulkOptions:
    from crawler.bulk.model import BulkOptions

    return BulkOptions(
        out=_folder(args).absolute(),
        shards=manifest.shards,
        concurrency=_affordable(args.requests, -(-manifest.shards // processes)),
        per_host=args.per_host,
        delay=settings.delay,
        parse=manifest.parse,
        store=manifest.store,
        allow_private=args.allow_private or manifest.demo,  # its storefronts are on this machine
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


def _crawl(args: argparse.Namespace, settings: Settings, manifest: Manifest, cluster: Cluster | None) -> int:
    """Run the crawl of a manifest, with its folder locked; return the exit code."""
    from crawler.bulk.shard_process import wait_for_earlier_processes
    from crawler.bulk.status import State, read_status
    from crawler.cli.bulk_display import BulkDisplay
    from crawler.cli.bulk_report import tell_end
    from crawler.cli.interrupts import Interrupts

    say = console.words()
    wanted = args.processes or manifest.shards
    if cluster is not None:
        manifest = manifest.with_run()
    processes = min(wanted, manifest.shards)
    if wanted > processes:
        console.line(say("bulk_capped", shards=manifest.shards, processes=wanted))
    options = _options(args, settings, manifest, processes)
    with Interrupts() as interrupts:
        wait_for_earlier_processes(options.out, manifest.shards)
        manifest.write(options.out)
        if manifest.runs and not manifest.output:
            _remove_lost_batches(options.out, manifest)
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
                args,
                options,
                manifest,
                processes=processes,
                interrupts=interrupts,
                display=display,
                cluster=cluster,
            )
        code = tell_end(args, options, manifest, processes=processes, outcome=outcome, seconds=seconds)
        return interrupts.exit_code or code


def _remove_lost_batches(out: Path, manifest: Manifest) -> None:
    """Remove what runs on a cluster left in the folder of a crawl. Raises OutputError."""
    from crawler.bulk.destination import remove_lost
    from crawler.bulk.model import store_path
    from crawler.bulk.store import ShardStore

    known: dict[str, int] = {}
    for shard in range(manifest.shards):
        if (path := store_path(out, shard)).exists():
            with ShardStore.open(path, readonly=True) as store:
                known |= store.files()
    remove_lost(str(out), known)


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
    cluster: Cluster | None,
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
            display.say(console.words().text(note))

    def show(snapshot: Snapshot) -> None:
        display.show(snapshot)
        write_record(options.out, State.RUNNING, snapshot, run_started_at=started_at)

    intake = None
    if not manifest.intake_complete:
        source = args.urls if args.urls is not None else manifest.input
        if manifest.demo:
            source = _describe_demo(options.out)[0]  # the folder may have moved
        intake = Intake(source, options.out, manifest.shards, limit=manifest.limit)

    def new_group(progress: Progress) -> Group:
        from crawler.bulk.cluster import ClusterGroup

        assert cluster is not None  # noqa: S101 – for the types
        output = manifest.output or str(options.out)
        return ClusterGroup(options, cluster, output, manifest.runs, progress, on_event=display.handle)

    coordinator = Coordinator(
        options,
        processes=processes,
        intake=intake,
        on_intake=take_counts,
        on_progress=show,
        on_event=display.handle,
        max_seconds=args.stop_after,
        earlier_seconds=earlier,
        new_group=None if cluster is None else new_group,
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
