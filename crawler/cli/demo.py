"""`bookprice demo`: serve the embedded demo shop until a signal arrives."""

from __future__ import annotations

import argparse
import datetime as dt
import errno
import math
import re
from typing import Any

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.cli.history_options import (
    add_common_options,
    history_path,
    loaded_settings,
    program_of,
)
from crawler.cli.interrupts import Interrupts
from crawler.errors import UsageError

__all__ = ["add_parser", "run"]

MAX_LATENCY = 3600.0
"""Seconds."""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="serve the demo shop (made-up books at a local address) until Ctrl-C",
        description="Serve the demo shop, which answers searches as Dangdang does, with made-up books. Its address is "
        "printed on stdout; give it to --base-url. Each product that a search found has a page at /PRODUCT_ID.html. "
        "Ctrl-C or SIGTERM stops it with exit code 0. With --history, serve nothing and record a year of its prices, "
        "which history --demo shows.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="port to listen on; 0 picks a free one (default: 0)",
    )
    parser.add_argument(
        "--latency",
        type=_latency,
        default=0.0,
        metavar="SECONDS",
        help="delay of every response (default: 0)",
    )
    parser.add_argument(
        "--day",
        type=_day,
        metavar="DATE",
        help="use the prices of this day, YYYY-MM-DD; they change from day to day (default: fixed prices)",
    )
    parser.add_argument(
        "--history",
        action="store_true",
        help="record a year of daily searches of this shop, separate from all other prices, and exit; repeating it "
        "adds nothing",
    )
    add_common_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal arrives, or record a year; return the exit code."""
    if args.history:
        return _record(args)
    for flag, value in (("--history-file", args.history_file), ("--config", args.config)):
        if value is not None:
            raise UsageError(f"{flag} requires --history; serving the shop records nothing")
    import asyncio

    with Interrupts() as interrupts:
        try:
            asyncio.run(_serve(args.port, args.latency, args.day, interrupts))
        except OSError as error:
            console.error(_reason(error, args.port))
            return ExitCode.USAGE
        except SystemExit:  # a signal before the shop was open, or after it closed: the intended end
            if interrupts.exit_code is None:
                raise
    return ExitCode.WHOLE


def _record(args: argparse.Namespace) -> int:
    """Record the demo's year, report it, and return the exit code."""
    import shlex

    from crawler.demo.year import DAYS, LAST_DAY, QUERY, year
    from crawler.history.store import History

    for flag in ("port", "latency", "day"):
        if getattr(args, flag):
            raise UsageError(f"--history serves nothing; omit --{flag}")
    path = history_path(loaded_settings(args))
    runs = [*year()]  # generated before the file is locked
    with History(path) as history:
        new = history.record_all(runs)
    first = LAST_DAY - dt.timedelta(days=DAYS - 1)
    say = console.words()
    done = say("demo_year_new", n=new) if new else say("demo_year_known")
    look = ["history", QUERY, "--demo"]
    for flag in ("history_file", "config"):
        if (value := getattr(args, flag)) is not None:
            look += [f"--{flag.replace('_', '-')}", value]
    words = say(
        "demo_year", query=QUERY, first=first, last=LAST_DAY, path=path, done=done,
        command=f"{program_of(args)} {shlex.join(look)}",
    )  # fmt: skip
    console.write_stdout(f"{console.one_line(words)}\n")
    return ExitCode.WHOLE


async def _serve(port: int, latency: float, day: dt.date | None, interrupts: Interrupts) -> None:
    import asyncio

    from crawler.demo.server import DemoShop

    told = asyncio.Event()
    today = None if day is None else lambda: day
    async with DemoShop(port=port, latency=latency, today=today) as shop:
        with interrupts.stopping(lambda _reason: told.set(), at_once=lambda: None):
            console.write_stdout(f"{shop.base_url}\n")
            await told.wait()


def _reason(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another with --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} needs administrator rights; choose 1024 or higher with --port"
    return f"the demo shop cannot listen on port {port}: {error.strerror or error}"


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"not a port from 0 to 65535: {text!r}")
    return int(text)


def _latency(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_LATENCY:
        raise argparse.ArgumentTypeError(f"not a number of seconds from 0 to {MAX_LATENCY:g}: {text!r}")
    return seconds


def _day(text: str) -> dt.date:
    try:
        # `fromisoformat` alone would also accept 20260131 and 2026-W05-6.
        day = dt.date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        raise argparse.ArgumentTypeError(f"not a date such as 2026-01-31: {text!r}")
    return day
