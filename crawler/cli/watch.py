"""`bookprice watch`: run due watches and deliver their alerts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crawler.cli import console, watch_options
from crawler.cli.exit_codes import ExitCode
from crawler.cli.watch_options import alert_channels, loaded_watches, overlooked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.configuration import Loaded
    from crawler.watching.watch import Watch

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    watch_options.add_parser(subparsers).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the due watches and return the exit code."""
    from crawler.cli.interrupts import Interrupts
    from crawler.errors import HistoryError, UsageError
    from crawler.history.recording import history_file
    from crawler.watching.lock import alone
    from crawler.watching.watch_store import WatchStore

    loaded = loaded_watches(args)
    if loaded.ignores_watches:
        raise UsageError(f"{loaded.unused_words}{overlooked(loaded)}")
    for note in filter(None, [loaded.unused_words]):
        console.error(note)
    watches = _chosen(loaded, args.only)
    if args.list:
        return _list(args, loaded, watches)
    if args.format:
        raise UsageError("--format requires --list")
    if loaded.settings.history.record == "never":
        raise UsageError("watches need the history; set record in [history] to live or always")
    channels = alert_channels(loaded, check_file=not args.dry_run)
    history = history_file(loaded.settings.history.path)
    if args.dry_run:
        from crawler.cli.dry_run import dry_run

        return dry_run(loaded.settings, watches, channels, history, args)
    with Interrupts() as interrupts:
        try:
            WatchStore(history).close()
        except HistoryError as error:
            raise UsageError(str(error)) from error
        with alone(history, wait=args.wait) as free:
            if not free:
                console.error(console.words()("watch_busy", path=history))
                return ExitCode.LOCKED
            from crawler.cli.watch_round import WatchRound

            watch_round = WatchRound(loaded.settings, watches, channels, history, args, interrupts=interrupts)
            code = watch_round.make()
        return interrupts.exit_code or code


def _list(args: argparse.Namespace, loaded: Loaded, watches: Sequence[Watch]) -> int:
    """List the watches and return the exit code. Raises UsageError."""
    from crawler.cli.watch_list import list_watches
    from crawler.errors import HistoryError, UsageError

    if args.all:
        raise UsageError("--list runs no watch; omit --all")
    try:
        list_watches(args, loaded, watches)
    except HistoryError as error:
        raise UsageError(str(error)) from error
    return ExitCode.WHOLE


def _chosen(loaded: Loaded, names: Sequence[str]) -> tuple[Watch, ...]:
    """Return the selected watches. Raises UsageError."""
    from crawler.errors import UsageError
    from crawler.settings import nearest

    by_name = {watch.name: watch for watch in loaded.watches}
    if not by_name:
        where = (
            f"{loaded.file} has no [[watch]]"
            if loaded.file
            else "no configuration was found, so there is no watch"
        )
        raise UsageError(
            f"{where}{overlooked(loaded)}; add a [[watch]] table with a query, see docs/watching.md"
        )
    for name in names:
        if name not in by_name:
            raise UsageError(f"unknown watch {name!r}; the nearest is {nearest(name, by_name)!r}")
    return tuple(watch for name, watch in by_name.items() if not names or name in names)
