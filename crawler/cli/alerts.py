"""`bookprice alerts`: where alerts go, what is still to be delivered there, and a test message for each place."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.alerts.channels import Channel
    from crawler.configuration import Loaded
    from crawler.watching.overview import Outstanding
    from crawler.watching.pending import Resting

__all__ = ["add_parser", "resting_in_words", "run"]

TITLE_LIMIT = 40
"""Characters of a title in a line."""

MOST_LISTED = 10
"""Pending alerts of a place that are named; the others are counted."""

DESCRIPTION = """\
List the places that the table [alerts] of the configuration names, without their tokens, and the alerts that each of
them has still to get or has refused. Nothing is sent and nothing is changed, unless --test asks for a message.

  {program}                      where alerts go, and what is still to be delivered
  {program} --test               send one test message to each place
"""

EPILOG = """\
The message of --test says that it is a test, and goes to every place once; what is still to be delivered stays so. A
feed keeps it as one more entry.

exit codes:
  0    it was listed; with --test, every place has taken the message
  1    a place did not take the message, or the history cannot be read
  2    wrong usage or configuration; with --test also where [alerts] names no place
  70   a defect of the program
  130  interrupted (Ctrl-C); 143 terminated: the places that follow get no message
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    from crawler.cli.watch import add_place_options

    parser = subparsers.add_parser(
        "alerts",
        help="list where alerts go and what is still to be delivered, or send a test message",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.description = DESCRIPTION.format(program=parser.prog)
    parser.set_defaults(run=run)
    parser.add_argument("--test", action="store_true", help="send one test message to each place")
    add_place_options(parser, does="list the alerts of")


def run(args: argparse.Namespace) -> int:
    """List the places, or try them; return the exit code."""
    from crawler.cli.watch import alert_channels, loaded_watches, overlooked
    from crawler.errors import UsageError

    loaded = loaded_watches(args)
    ignored = f"{loaded.unused_words}{overlooked(loaded)}" if loaded.unused else ""
    if ignored and any(name.startswith("[alerts]") for name in loaded.unused):
        raise UsageError(ignored)
    if ignored:
        console.error(ignored)
    channels = alert_channels(loaded, check_file=False)
    if args.test:
        return _test(loaded, channels)
    for line in _lines(args, loaded, channels):
        indent = line[: len(line) - len(line.lstrip())]
        console.write_stdout(f"{indent}{console.one_line(line)}\n")
    return ExitCode.WHOLE


def _test(loaded: Loaded, channels: Sequence[Channel]) -> int:
    """Send a test message to each place, and say what became of it."""
    from crawler.alerts.wording import trial_message
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.watch import overlooked
    from crawler.errors import UsageError
    from crawler.labels import labels_for
    from crawler.local_time import local_zone

    if not channels:
        where = (
            f"{loaded.file} names no place" if loaded.file else "there is no configuration, and so no place"
        )
        raise UsageError(
            f"{where}{overlooked(loaded)} for alerts; add a table [alerts] with urls, file, feed or command, see"
            " docs/alerts.md"
        )
    message = trial_message(labels_for(loaded.settings.report.lang, loaded.watched_queries, local_zone()))
    code = ExitCode.WHOLE
    with Interrupts():  # a signal ends this process, and with it the one that delivers
        for channel in channels:
            why = channel.deliver(message)
            if why is None:
                console.write_stdout(f"{console.one_line(f'sent to {channel.name}')}\n")
            else:
                code = ExitCode.NOT_WRITTEN
                console.error(f"not sent to {channel.name}: {why}")
    return code


def _lines(args: argparse.Namespace, loaded: Loaded, channels: Sequence[Channel]) -> Iterator[str]:
    """Yield what is to be said of the places, a line each, and of each alert that one of them has refused."""
    from contextlib import nullcontext

    from crawler.cli.stdout_channel import StdoutChannel
    from crawler.history.looking_back import history_file
    from crawler.watching.making import source_for
    from crawler.watching.overview import open_memory, outstanding

    reader = open_memory(history_file(loaded.settings.history.path))
    source, now = source_for(loaded.settings, demo=args.demo), dt.datetime.now(dt.UTC)
    with nullcontext() if reader is None else reader:
        found, elsewhere = outstanding(reader, channels or (StdoutChannel(),), source, now)
    for each in found:
        yield from _of_channel(each, is_default=not channels)
    if elsewhere:
        yield (
            f"places that are not set up any more: {_alerts(elsewhere)} pending; the next watch delivers them to those"
            " that are"
        )


def _of_channel(each: Outstanding, *, is_default: bool) -> Iterator[str]:
    parts = []
    if each.pending or not each.resting:
        parts.append(f"{_alerts(len(each.pending))} pending" if each.pending else "nothing pending")
    if each.resting:
        parts.append(f"{_alerts(len(each.resting))} refused")
    where = " (no table [alerts] names a place)" if is_default else ""
    yield f"{each.channel.name}{where}: {', '.join(parts)}"
    for pending in each.pending[:MOST_LISTED]:
        yield f"  pending: watch {pending.alert.watch}: {_title(pending.alert.title)}"
    if len(each.pending) > MOST_LISTED:
        yield f"  and {len(each.pending) - MOST_LISTED:,} more"
    for resting in each.resting:
        yield f"  refused: {resting_in_words(resting, each.channel.name)}"
    for unreadable in each.unreadable:
        yield f"  {unreadable}"


def resting_in_words(alert: Resting, channel: str) -> str:
    """Return which alert a channel refuses, since when, why, and when it is tried again."""
    from crawler.local_time import local_zone, minute_in

    zone = local_zone()
    return (
        f"watch {alert.watch}: {_title(alert.title)} is refused by {channel} since {minute_in(zone, alert.since)} "
        f"({alert.why}); it is tried again after {minute_in(zone, alert.until)}"
    )


def _title(title: str) -> str:
    from crawler.clean import clean, crop

    return f"«{crop(clean(title), TITLE_LIMIT)}»"


def _alerts(number: int) -> str:
    return f"{number:,} alert" if number == 1 else f"{number:,} alerts"
