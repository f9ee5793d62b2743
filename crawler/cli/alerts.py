"""`bookprice alerts`: list the alert channels and their pending alerts, or send each a test message."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.cli.help_text import HelpFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.alerts.channels import Channel
    from crawler.configuration import Loaded
    from crawler.watching.overview import Outstanding
    from crawler.watching.pending import Resting

__all__ = ["add_parser", "resting_in_words", "run"]

TITLE_LIMIT = 40
"""Maximum length of a title in a line, in characters."""

MOST_LISTED = 10
"""How many pending alerts of a place to name; the rest are counted."""

DESCRIPTION = """\
List the places in the configuration's table [alerts], without their tokens, and the alerts that each has pending or
has refused. Without --test nothing is sent or changed.

  {program}                      list places and pending alerts
  {program} --test               send one test message to each place
"""

EPILOG = """\
The test message says that it is a test and goes to each place once; pending alerts stay pending. A feed keeps it as
another entry.

exit codes:
  0    success; with --test, every place accepted the message
  1    a place did not accept the message, or the history cannot be read
  2    wrong usage or configuration; with --test also if [alerts] names no place
  70   internal error, a bug in this program
  130  interrupted (Ctrl-C); 143 if terminated: the remaining places get no message
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    from crawler.cli.watch_options import add_place_options

    parser = subparsers.add_parser(
        "alerts",
        help="list where alerts go and which are pending, or send a test message",
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.description = DESCRIPTION.format(program=parser.prog)
    parser.set_defaults(run=run)
    parser.add_argument("--test", action="store_true", help="send one test message to each place")
    add_place_options(parser, does="list the alerts of")


def run(args: argparse.Namespace) -> int:
    """List the places, or send test messages; return the exit code."""
    from crawler.cli.watch_options import alert_channels, loaded_watches, overlooked
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
    """Send a test message to each place, and report the results."""
    from crawler.alerts.wording import trial_message
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.watch_options import overlooked
    from crawler.errors import UsageError
    from crawler.labels import labels_for
    from crawler.local_time import local_zone

    if not channels:
        where = (
            f"{loaded.file} names no place"
            if loaded.file
            else "no configuration was found, so there is no place"
        )
        raise UsageError(
            f"{where}{overlooked(loaded)} for alerts; add a table [alerts] with urls, file, feed or command, see"
            " docs/alerts.md"
        )
    message = trial_message(labels_for(loaded.settings.report.lang, loaded.watched_queries, local_zone()))
    code, say = ExitCode.WHOLE, console.words()
    with Interrupts():  # a signal ends this process, and with it the delivery process
        for channel in channels:
            why = channel.deliver(message)
            if why is None:
                console.write_stdout(f"{console.one_line(say('alerts_sent', channel=channel.name))}\n")
            else:
                code = ExitCode.NOT_WRITTEN
                console.error(say("alerts_not_sent", channel=channel.name, why=say.text(why)))
    return code


def _lines(args: argparse.Namespace, loaded: Loaded, channels: Sequence[Channel]) -> Iterator[str]:
    """Yield one line per channel, and one per alert that a channel has refused."""
    from contextlib import nullcontext

    from crawler.cli.stdout_channel import StdoutChannel
    from crawler.history.recording import history_file
    from crawler.source import Source
    from crawler.watching.overview import open_watch_store, outstanding

    reader = open_watch_store(history_file(loaded.settings.history.path))
    source = Source.at(loaded.settings.base_url, demo=args.demo).name
    now = dt.datetime.now(dt.UTC)
    with nullcontext() if reader is None else reader:
        found, elsewhere = outstanding(reader, channels or (StdoutChannel(),), source, now)
    for each in found:
        yield from _of_channel(each, is_default=not channels)
    if elsewhere:
        yield console.words()("alerts_elsewhere", alerts=_alerts(elsewhere))


def _of_channel(each: Outstanding, *, is_default: bool) -> Iterator[str]:
    say, parts = console.words(), []
    if each.pending:
        parts.append(say("pending_alerts", alerts=_alerts(len(each.pending))))
    elif not each.resting:
        parts.append(say("pending_none"))
    if each.resting:
        parts.append(say("refused_alerts", alerts=_alerts(len(each.resting))))
    place = say("default_place", channel=each.channel.name) if is_default else each.channel.name
    yield say("said_of", what=place, words=say("comma").join(parts))
    for pending in each.pending[:MOST_LISTED]:
        alert = pending.alert
        yield f"  {say('pending_alert', watch=alert.watch, title=_title(alert.title))}"
    if len(each.pending) > MOST_LISTED:
        yield f"  {say('more_alerts', n=len(each.pending) - MOST_LISTED)}"
    for resting in each.resting:
        yield f"  {say('refused_alert', words=resting_in_words(resting, each.channel.name))}"
    for unreadable in each.unreadable:
        yield f"  {unreadable}"


def resting_in_words(alert: Resting, channel: str) -> str:
    """Describe an alert that a channel refuses: since when, why, and when it is tried again."""
    from crawler.local_time import local_zone, minute_in

    zone, say = local_zone(), console.words()
    since, until = minute_in(zone, alert.since), minute_in(zone, alert.until)
    return say(
        "resting_alert", watch=alert.watch, title=_title(alert.title), channel=channel, since=since,
        why=say.text(alert.why), until=until,
    )  # fmt: skip


def _title(title: str) -> str:
    from crawler.clean import clean, crop

    return crop(clean(title), TITLE_LIMIT)


def _alerts(number: int) -> str:
    say = console.words()
    return say("one_alert") if number == 1 else say("n_alerts", n=number)
