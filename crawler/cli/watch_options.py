"""The options of `bookprice watch`, and what commands about watches share: the configuration and where alerts go."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.help_text import HelpFormatter

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.configuration import Loaded

__all__ = ["add_parser", "add_place_options", "alert_channels", "loaded_watches", "overlooked"]

DESCRIPTION = """\
Run the searches of the configuration's [[watch]] tables that are due, record the prices, and send alerts: a price at
its target, a price drop, a new lowest price, a new book, a book back in stock. Alerts go to the places in table
[alerts], or to stdout without one. Each event is sent once; an undelivered alert is kept for the next run.

  {program}                       run the watches that are due
  {program} --only 三体 --all      run one watch, due or not
  {program} --list                list watches: alerts, last success, next run, problems
  {program} --dry-run --all       run the searches and print the alerts; record and send nothing
"""

EPILOG = """\
Only one watch runs at a time on a history. Failed pages cause no alerts. With --quiet, only problems and alerts for
stdout are printed, so cron mails only when there is something to read. A signal stops a delivery within a second,
including its command; the next run delivers that message again.

exit codes (if several apply, 70 comes first, then 1, 4 and 3):
  0    complete; also when nothing is due
  1    alerts are undelivered and kept; or the history could not be written; or open files, memory or threads ran out
  2    wrong usage or configuration
  3    some pages failed
  4    no page of a watch could be read
  5    another watch is running
  70   internal error, a bug in this program
  130  interrupted (Ctrl-C); 143 if terminated: what was read is recorded, the remaining watches run next time
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command `watch` with its options, and return its parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "watch",
        help="run due watches and deliver their alerts",
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.description = DESCRIPTION.format(program=parser.prog)
    parser.add_argument(
        "--all", action="store_true", help="run all watches, due or not; paused ones only if named"
    )
    parser.add_argument(
        "--only", metavar="NAME", action="append", default=[], help="only this watch; may be repeated"
    )
    does = parser.add_mutually_exclusive_group()
    does.add_argument(
        "--wait", action="store_true", help="if another watch is running, wait for it to finish"
    )
    does.add_argument(
        "--dry-run",
        action="store_true",
        help="run the searches that are due and print what would be sent and where; record, send and change nothing",
    )
    does.add_argument(
        "--list",
        action="store_true",
        help="list the watches: alerts, last success, next run, last alert and problem; make no requests",
    )
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        help="with --list: a table, or JSON with times in UTC (default: table)",
    )
    add_place_options(parser)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-q", "--quiet", action="store_true", help="show only problems, and alerts for stdout")
    told.add_argument("--verbose", action="store_true", help="show every request and parse process")
    return parser


def add_place_options(parser: argparse.ArgumentParser, *, does: str = "watch") -> None:
    """Add the options for the price source and the history; `does` is the verb in their help."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--demo", action="store_true", help=f"{does} the embedded demo shop")
    place.add_argument(
        "--base-url",
        metavar="URL",
        help="send the shop's requests to this address: a replica (default: none)",
    )
    parser.add_argument(
        "--history-file", metavar="FILE", help="history file (default: key path in table [history])"
    )
    parser.add_argument("--config", metavar="FILE", help="read the settings and watches from FILE")


def loaded_watches(args: argparse.Namespace, *, in_readers_language: bool = True) -> Loaded:
    """Return the configuration, overridden by the flags; print warnings to stderr. Raises SettingsError.

    The caller reports unused parts of the configuration. From here on, the command uses the language of the reports if
    it supports more than English; auto means the language of the watches' queries.
    """
    from dataclasses import replace

    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest) for dest, flag in setting_flags(args.command).items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    if in_readers_language:
        console.speak(loaded.settings.report.lang, loaded.watched_queries)
    for warning in loaded.warnings:
        console.error(warning)
    if args.demo and loaded.settings.base_url is not None:
        return replace(loaded, settings=loaded.settings.replace(base_url=None))
    return loaded


def alert_channels(loaded: Loaded, *, strict: bool = False, check_file: bool = True) -> tuple[Channel, ...]:
    """Return the alert channels.

    A file that cannot be written now is reported on stderr and gets its alerts later; with `strict`, it is an error;
    without `check_file`, it is not checked. Raises UsageError for an invalid channel.
    """
    from crawler.errors import OutputError, UsageError
    from crawler.phrases import reason_of
    from crawler.watching.configured_channels import configured_channels

    try:
        try:
            return configured_channels(loaded.alerts, os.environ, check_file=check_file)
        except OutputError as error:
            if strict:
                raise
            say = console.words()
            console.error(say("alerts_file_later", why=say.text(reason_of(error))))
            return configured_channels(loaded.alerts, os.environ, check_file=False)
    except (UsageError, OutputError) as error:
        raise UsageError(f"[alerts] {error}") from error


def overlooked(loaded: Loaded) -> str:
    """Return a note that another file is read instead of the user's own; '' if that is not so."""
    if loaded.overlooked is None:
        return ""
    return f" (your own {loaded.overlooked} is not read in this folder; name it with --config)"
