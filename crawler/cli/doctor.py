"""`bookprice doctor`: check configuration, files, shop access and watches; print one line for each."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli import console
from crawler.cli.alerts import resting_in_words
from crawler.cli.exit_codes import ExitCode
from crawler.cli.help_text import HelpFormatter
from crawler.cli.watch_options import add_place_options, alert_channels, loaded_watches, overlooked
from crawler.errors import CrawlerError, UsageError

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.cli.interrupts import Interrupts
    from crawler.configuration import Loaded
    from crawler.results import PageResult
    from crawler.settings import Settings
    from crawler.watching.overview import Outstanding
    from crawler.watching.state import WatchState
    from crawler.watching.watch import Watch
    from crawler.watching.watch_store import WatchStore

__all__ = ["add_parser", "run"]

QUERY = "Python"
"""The query if there is no watch: every bookshop has books on it."""

DESCRIPTION = """\
Check, one line each, whether the configuration is valid, history and reports can be written, the shop can be reached
and one of its pages read, alerts are delivered, and every watch succeeds.
"""

EPILOG = """\
exit codes:
  0    no problem found
  1    a problem, named on its line; also a watch that has not succeeded for three of its intervals
  2    wrong usage
"""


class State(StrEnum):
    """The states of a finding."""

    WELL = "ok"
    NOTE = "note"
    """Information that is not a problem."""
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    state: State
    thing: str
    words: str


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="check configuration, files, shop access and watches",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    add_place_options(parser, does="check")
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-q", "--quiet", action="store_true", help="show only problems")
    told.add_argument("--verbose", action="store_true", help="show where an internal error happened")


def run(args: argparse.Namespace) -> int:
    """Run all checks, print the findings, and return the exit code."""
    from crawler.cli.interrupts import Interrupts

    wrong = False
    with Interrupts() as interrupts:
        for finding in _findings(args, interrupts):
            wrong |= finding.state is State.WRONG
            if finding.state is State.WRONG or not args.quiet:
                words = console.one_line(f"{finding.thing}: {finding.words}")
                console.write_stdout(f"{finding.state:<6} {words}\n")
        return interrupts.exit_code or (ExitCode.NOT_WRITTEN if wrong else ExitCode.WHOLE)


def _findings(args: argparse.Namespace, interrupts: Interrupts) -> Iterator[Finding]:
    try:
        loaded = loaded_watches(args, in_readers_language=False)
    except UsageError as error:
        yield Finding(State.WRONG, "configuration", f"{error}; nothing else was checked")
        return
    if loaded.file is None:
        from crawler.configuration import example_words

        yield Finding(State.WELL, "configuration", f"no file, using the defaults; {example_words()}")
    else:
        watches = f"{len(loaded.watches)} watch{'' if len(loaded.watches) == 1 else 'es'}"
        yield Finding(State.WELL, "configuration", f"{loaded.file}; {watches}")
    if loaded.overlooked is not None:
        yield Finding(State.NOTE, "configuration", overlooked(loaded).strip(" ()"))
    if loaded.unused:
        state = State.WRONG if loaded.ignores_watches else State.NOTE
        yield Finding(state, "configuration", loaded.unused_words)
    yield from _of_history(loaded)
    yield _of_folder("reports", Path(loaded.settings.report.dir), root=loaded.report_root)
    from crawler.cli.page_source import cache_folder

    yield _of_folder("cache", cache_folder(loaded.settings))
    yield from _of_shop(loaded, args, interrupts)
    try:
        channels = alert_channels(loaded, strict=True)
    except UsageError as error:
        yield Finding(State.WRONG, "alerts", str(error))
        channels = ()
    else:
        where = ", ".join(channel.name for channel in channels) or "stdout (no place is set in [alerts])"
        yield Finding(State.WELL, "alerts", f"sent to {where}")
    if loaded.watches:
        yield from _of_watches(loaded, args, channels)


def _of_history(loaded: Loaded) -> Iterator[Finding]:
    """Check that the history can be written, or created if it does not exist."""
    from crawler.history.recording import history_file
    from crawler.history.store import History

    path = history_file(loaded.settings.history.path)
    if loaded.settings.history.record == "never":
        state = State.WRONG if loaded.watches else State.NOTE
        yield Finding(state, "history", "nothing is recorded: record in [history] is never")
        return
    try:
        if not loaded.watches and not path.exists():
            finding = _of_folder("history", path.parent)
            words = f"none yet; {path} can be created" if finding.state is State.WELL else finding.words
            yield Finding(finding.state, "history", words)
            return
        with History(path) as history:
            history.check_writable()
            damage = history.damage()
    except (CrawlerError, OSError) as error:
        yield Finding(State.WRONG, "history", str(error))
        return
    if damage is None:
        yield Finding(State.WELL, "history", f"{path} can be written")
    else:
        yield Finding(State.WRONG, "history", f"{path} is damaged: {damage}; restore a copy, or move it away")


def _of_folder(thing: str, folder: Path, *, root: Path | None = None) -> Finding:
    from crawler.report.search.files import make_folder, remove_if_empty

    try:
        remove_if_empty(make_folder(folder, root=root))
    except CrawlerError as error:
        return Finding(State.WRONG, thing, str(error))
    return Finding(State.WELL, thing, f"{folder} can be written")


def _of_shop(loaded: Loaded, args: argparse.Namespace, interrupts: Interrupts) -> Iterator[Finding]:
    """Request one page to check that the shop responds and the page can be parsed."""
    import asyncio

    from crawler.cli.page_source import cache_folder

    settings = loaded.settings.replace(pages=1, price_check=0, workers=1)
    watch = loaded.watches[0] if loaded.watches else None
    query = QUERY if watch is None else watch.query
    options = {} if watch is None else {**watch.search, "pages": 1, "price_check": 0}
    page = asyncio.run(
        _one_page(
            settings, query, options, cache_folder(settings) / "robots", demo=args.demo, interrupts=interrupts
        )
    )
    from crawler.download.robots_rules import UNAVAILABLE
    from crawler.report.common.wording import sanitize
    from crawler.verdict import Verdict

    if page.verdict is Verdict.NETWORK_ERROR or page.detail.startswith(UNAVAILABLE):
        yield Finding(State.WRONG, "shop", f"{page.url} cannot be reached: {sanitize(page.detail)}")
        return
    why = f"{page.verdict}: {sanitize(page.detail)}"
    if page.verdict in {Verdict.ROBOTS_DENIED, Verdict.ADDRESS_REFUSED, Verdict.NOT_ASKED}:
        yield Finding(State.WRONG, "shop", f"{page.url} was not requested: {why}")
        return
    yield Finding(State.WELL, "shop", f"reachable: {page.url}")
    if page.verdict.failed:
        yield Finding(State.WRONG, "page", f"cannot be read: {why}")
    else:
        yield Finding(State.WELL, "page", f"{len(page.listings)} products read for {query}")


async def _one_page(
    settings: Settings,
    query: str,
    options: dict[str, Any],
    robots: Path,
    *,
    demo: bool,
    interrupts: Interrupts,
) -> PageResult:
    from crawler.engine import Crawler
    from crawler.events import SearchFinished

    async with Crawler(settings, demo=demo, robots_folder=robots) as crawler:
        with interrupts.stopping(crawler.stop, at_once=lambda: None):
            async for event in crawler.search(query, **options):
                if isinstance(event, SearchFinished):
                    result = event.result
    return result.pages[0]


def _of_watches(loaded: Loaded, args: argparse.Namespace, channels: tuple[Channel, ...]) -> Iterator[Finding]:
    """Report the last success of each watch, and undelivered alerts.

    Only read the state of the watches: one may be running.
    """
    from crawler.cli.stdout_channel import StdoutChannel
    from crawler.history.recording import history_file
    from crawler.source import Source
    from crawler.watching.lock import is_running
    from crawler.watching.overview import outstanding
    from crawler.watching.watch_store import WatchStore

    now = dt.datetime.now(dt.UTC)
    if loaded.settings.history.record == "never":
        return
    settings = loaded.settings
    path, source = history_file(settings.history.path), Source.at(settings.base_url, demo=args.demo).name
    try:
        with WatchStore(path) as memory:
            for watch in loaded.watches:
                yield from _watch_findings(watch, loaded.settings, memory, source, now)
            found, elsewhere = outstanding(memory, channels or (StdoutChannel(),), source, now)
        running = is_running(path)
    except CrawlerError as error:
        yield Finding(State.WRONG, "watches", str(error))
        return
    if running:
        yield Finding(State.NOTE, "watches", "a watch is running; its deliveries are not checked")
    else:
        yield from _of_deliveries(found, elsewhere)


def _of_deliveries(found: Sequence[Outstanding], elsewhere: int) -> Iterator[Finding]:
    """Report alerts that are unreadable, rejected or not delivered; `elsewhere` is how many have no place now."""
    for words in dict.fromkeys(str(broken) for each in found for broken in each.unreadable):
        yield Finding(
            State.WRONG,
            "alerts",
            f"{words}; restore a copy of the history, or ignore it: other alerts are not affected",
        )
    for each in found:
        for resting in each.resting:
            yield Finding(State.WRONG, "alerts", resting_in_words(resting, each.channel.name))
    for each in found:
        if each.pending:
            words = f"{len(each.pending):,} not delivered to {each.channel.name}; the next watch tries again"
            yield Finding(State.WRONG, "alerts", words)
    if elsewhere:
        gone = "places no longer configured"
        words = f"{elsewhere:,} not delivered to {gone}; the next watch sends them to the current places"
        yield Finding(State.NOTE, "alerts", words)


def _watch_findings(
    watch: Watch, settings: Settings, memory: WatchStore, source: str, now: dt.datetime
) -> Iterator[Finding]:
    """Report when a watch last succeeded, and what it never found."""
    from crawler.watching.run_watch import searched

    search = searched(watch, settings)
    state = memory.known(watch, source, search, now)
    yield _of_watch(watch, state, now)
    if state.search != search:
        words = "its search has changed since the last run, so it will start over"
        yield Finding(State.NOTE, f"watch {watch.name}", words)
    elif state.whole:
        for number in sorted(memory.unseen(state, source, watch.terms.products)):
            yield Finding(State.NOTE, f"watch {watch.name}", f"product {number} was never found")


def _of_watch(watch: Watch, state: WatchState, now: dt.datetime) -> Finding:
    from crawler.labels import ENGLISH
    from crawler.local_time import local_zone, minute_in
    from crawler.watching.wording import interval_in_words

    zone = local_zone()
    last = "none yet" if state.last_success is None else minute_in(zone, state.last_success)
    words = f"{interval_in_words(watch.terms.every, ENGLISH)}, last success: {last}"
    if state.failed_since is not None:
        words += f", failed on {minute_in(zone, state.failed_since)}"
    if watch.terms.paused:
        return Finding(State.WELL, f"watch {watch.name}", f"{words}, paused")
    if state.overdue(watch.every, now):
        words += ", more than three intervals ago; check its schedule, and run watch --all to see why"
        return Finding(State.WRONG, f"watch {watch.name}", words)
    return Finding(State.WELL, f"watch {watch.name}", words)
