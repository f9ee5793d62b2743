"""`bookprice bulk URLS --out DIR`: crawl a long list of URLs, resumable, in several processes; `bulk status DIR`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.bulk_options import PARTS, add_parsers
from crawler.cli.bulk_setup import (
    bulk_options,
    check_places,
    crawl_folder,
    crawl_manifest,
    describe_demo,
    has_work,
)
from crawler.cli.exit_codes import ExitCode
from crawler.errors import UsageError

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
    check_places(args)
    out = crawl_folder(args)
    ignoring: tuple[str, ...] = ()
    if args.demo:
        from crawler.demo.product_urls import URL_LIST

        ignoring = (URL_LIST,)  # of a run that was killed before it wrote its manifest
    crawl_manifest(args, read_manifest(out, ignoring=ignoring), None)  # before anything is created
    try:
        with (
            _cluster(args) as cluster,
            crawl_lock(out),
            _served(args, read_manifest(out, ignoring=ignoring)),
        ):
            manifest = crawl_manifest(args, read_manifest(out, ignoring=ignoring), cluster)
            return _crawl(args, settings, manifest, cluster)
    except CrawlRunningError as error:
        console.error(error)
        return ExitCode.LOCKED


def _served(args: argparse.Namespace, found: Manifest | None) -> AbstractContextManager[None]:
    """Serve the demo's storefronts for the block, if the crawl is one of them and something is left to crawl."""
    if not (args.demo if found is None else found.demo and has_work(args, found)):
        return nullcontext()
    from crawler.cli.bulk_demo import storefronts

    return storefronts(crawl_folder(args))


@contextmanager
def _cluster(args: argparse.Namespace) -> Iterator[Cluster | None]:
    """Connect to the cluster of the command line; None without one. Raises ClusterError."""
    if args.cluster is None:
        yield None
        return
    from crawler.bulk.cluster import Cluster

    with Cluster.connect(args.cluster) as cluster:
        yield cluster


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
    options = bulk_options(args, settings, manifest, processes)
    with Interrupts() as interrupts:
        wait_for_earlier_processes(options.out, manifest.shards)
        manifest.write(options.out)
        if manifest.runs and not manifest.output:
            _remove_lost_batches(options.out, manifest)
        if args.retry_failed:
            from crawler.bulk.retry import requeue_failed

            n = requeue_failed(options.out, manifest.shards, manifest.output)
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
            source = describe_demo(options.out)[0]  # the folder may have moved
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
