"""Turn a command line of `bookprice bulk` into a crawl: where its files are, its manifest, and its options."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.cli.bulk_options import MOST_PROCESSES
from crawler.errors import OutputError, UsageError
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.bulk.cluster import Cluster
    from crawler.bulk.manifest import Manifest
    from crawler.bulk.model import BulkOptions
    from crawler.settings import Settings

__all__ = [
    "bulk_options",
    "check_places",
    "crawl_folder",
    "crawl_manifest",
    "describe_demo",
    "has_work",
]


def check_places(args: argparse.Namespace) -> None:
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
    open_destination(args.out)


def crawl_folder(args: argparse.Namespace) -> Path:
    """Return the local folder of a crawl."""
    return Path(args.out if args.state is None else args.state)


def output_url(args: argparse.Namespace) -> str:
    """Return the URL for results and pages; '' if they go to the folder of the crawl."""
    return "" if args.state is None else str(args.out).rstrip("/")


def crawl_manifest(args: argparse.Namespace, found: Manifest | None, cluster: Cluster | None) -> Manifest:
    """Return the manifest of the crawl to run: a new one, or the one that is found in the folder. Raises UsageError."""
    from crawler.bulk.manifest import check_resumed

    if args.demo and args.urls is not None:
        raise UsageError(f"--demo has its own list of URLs; omit {args.urls}")
    if found is None:
        return _new_manifest(args, cluster)
    out = crawl_folder(args)
    if output_url(args) != found.output:
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

    out = crawl_folder(args)
    if args.urls is None and not args.demo:
        raise UsageError(f"URLS is missing; see {args.parser.prog} --help")
    if args.retry_failed:
        raise UsageError(f"there is no crawl in {out} yet, so nothing has failed; omit --retry-failed")
    name, size = describe_demo(out) if args.demo else describe_input(args.urls)
    useful = usable_cpus() if cluster is None else cluster.threads
    return new_manifest(
        name,
        size,
        shards=args.processes or min(useful, _useful_processes(size, args.limit)),
        parse=Parse.PRODUCT if args.parse is None else Parse(args.parse),
        store=Store.WARC if args.store is None else Store(args.store),
        limit=args.limit,
        demo=args.demo,
        output=output_url(args),
    )


def _resumed_input(args: argparse.Namespace, found: Manifest) -> tuple[str, int | None] | None:
    """Return name and size of the input of a resumed crawl; None if it is not needed any more. Raises UsageError."""
    from crawler.bulk.input import STDIN, describe_input

    if found.demo and args.urls is None:
        # A folder that has moved takes its list along.
        return (found.input, describe_demo(crawl_folder(args))[1] or 0) if has_work(args, found) else None
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


def describe_demo(out: Path) -> tuple[str, int | None]:
    """Return path and size of the demo's list in the folder of its crawl; None if it is not written yet."""
    from crawler.bulk.input import describe_input
    from crawler.cli.bulk_demo import demo_list

    path = demo_list(out)
    return describe_input(str(path)) if path.exists() else (os.path.realpath(path), None)


def _taken(args: argparse.Namespace, found: Manifest) -> str:
    """Return the message for a folder that holds a crawl already, if the command does not continue it."""
    from crawler.bulk.manifest import is_locked
    from crawler.bulk.status import State, read_status

    out = crawl_folder(args)
    if not is_locked(out) and read_status(out, found).state is State.FINISHED:
        return f"{out} holds a finished crawl; choose another folder for --out"
    command = args.command_line.with_flag("--resume")
    return f"{out} holds a crawl that is not finished; choose another folder for --out, or continue it: {command}"


def has_work(args: argparse.Namespace, found: Manifest) -> bool:
    """Return False if nothing of a crawl is left to crawl."""
    from crawler.bulk.status import read_status

    if args.retry_failed or not found.intake_complete:
        return True
    return read_status(crawl_folder(args), found).pending > 0


def bulk_options(
    args: argparse.Namespace, settings: Settings, manifest: Manifest, processes: int
) -> BulkOptions:
    """Return the options of a run. Raises OutputError if the limit of open files allows hardly any request."""
    from crawler.bulk.model import BulkOptions

    return BulkOptions(
        out=crawl_folder(args).absolute(),
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
