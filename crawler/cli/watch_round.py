"""One round of `bookprice watch`: run the due watches one after the other on one engine, then deliver alerts."""

from __future__ import annotations

import argparse
import datetime as dt
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.cli.stdout_channel import STDOUT, StdoutChannel
from crawler.cli.summary import reasons_in_words
from crawler.errors import HistoryError, OutputError
from crawler.local_time import local_zone, minute_in
from crawler.phrases import reason_of
from crawler.source import Source
from crawler.verdict import Verdict
from crawler.watching.plan import plan_round
from crawler.watching.run_watch import make
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.cli.interrupts import Interrupts
    from crawler.cli.progress import ProgressReporter
    from crawler.engine import Crawler
    from crawler.parsing.page_parser import PageParser
    from crawler.settings import Settings
    from crawler.watching.delivery import Sent
    from crawler.watching.run_watch import Made
    from crawler.watching.state import WatchState
    from crawler.watching.watch import Watch

__all__ = ["WatchRound"]


class WatchRound:
    """A round: call `make` and get its exit code."""

    def __init__(
        self,
        settings: Settings,
        watches: Sequence[Watch],
        channels: Sequence[Channel],
        history: Path,
        args: argparse.Namespace,
        *,
        interrupts: Interrupts,
        dry_run: bool = False,
    ) -> None:
        """`args` are the command's; all, only, demo, quiet and verbose are used.

        In a dry run, `history` is a copy and `channels` deliver nothing: nothing else is written, not even a cache.
        """
        self._settings = settings
        self._watches = watches
        self._channels: Sequence[Channel] = channels or (StdoutChannel(),)
        self._history = history
        self._args = args
        self._interrupts = interrupts
        self._dry_run = dry_run
        self._source = Source.at(settings.base_url, demo=args.demo).name
        self._stopped = False
        self._codes: set[ExitCode] = set()

    def make(self) -> ExitCode:
        """Run the due watches and deliver their alerts; return the exit code of a round that no signal ended."""
        import asyncio

        from crawler.parsing.page_parser import page_parser, worker_count

        due = self._due()
        pool = None
        if due:
            # Before a thread runs and the network library is loaded, as for a search.
            pages = max(self._settings.replace(**watch.search).pages for watch, _ in due)
            workers = worker_count(self._settings.workers, pages)
            pool = page_parser(workers=workers, timeout=self._settings.parse_timeout, early=True)
        try:
            asyncio.run(self._make(due, pool))
        finally:
            if pool is not None:
                pool.kill()
        for code in (ExitCode.INTERNAL, ExitCode.NOT_WRITTEN, ExitCode.NO_PAGE, ExitCode.PARTIAL):
            if code in self._codes:
                return code
        return ExitCode.WHOLE

    def _due(self) -> list[tuple[Watch, WatchState]]:
        """Return the due watches with their states; report when the others are due."""
        now, zone, say = dt.datetime.now(dt.UTC), local_zone(), console.words()
        due = []
        with WatchStore(self._history) as memory:
            planned = plan_round(
                memory, self._watches, self._source, self._settings, now,
                due_or_not=self._args.all, named=self._args.only,
            )  # fmt: skip
            for each in planned:
                watch, state = each.watch, each.state
                if each.search_changed:
                    self._warn(watch.name, say("watch_anew"))
                if each.runs:
                    due.append((watch, state))
                elif watch.terms.paused:
                    self._say(say("said_of", what=watch.name, words=say("watch_paused")))
                else:
                    at = minute_in(zone, state.due_at(watch.every))
                    words = (
                        say("watch_failed_on", on=minute_in(zone, state.failed_since), at=at)
                        if state.failed_since
                        else say("watch_not_due", at=at)
                    )
                    self._say(say("said_of", what=watch.name, words=words))
        return due

    async def _make(self, due: Sequence[tuple[Watch, WatchState]], pool: PageParser | None) -> None:
        import asyncio

        from crawler.watching.delivery import send

        crawler: Crawler | None = None

        def stop(reason: str) -> None:
            self._stopped = True
            if crawler is not None:
                crawler.stop(reason)

        with self._interrupts.stopping(stop, at_once=pool.kill if pool is not None else lambda: None):
            if pool is not None:
                from crawler.cli.page_source import cache_folder
                from crawler.engine import Crawler

                robots = None if self._dry_run else cache_folder(self._settings) / "robots"
                async with Crawler(
                    self._settings, pool=pool, demo=self._args.demo, robots_folder=robots
                ) as crawler:
                    for watch, state in due:
                        if not self._stopped:
                            await self._make_one(watch, state, crawler)
                crawler = None
            sent = await asyncio.to_thread(
                send,
                self._history,
                self._source,
                self._channels,
                lang=self._settings.report.lang,
                stopped=lambda: self._stopped,
            )
        for each in sent:
            self._say_sent(each)

    def _say_sent(self, each: Sent) -> None:
        """Report the delivered and the pending alerts of a channel."""
        say = console.words()
        if each.delivered and each.channel != STDOUT and not self._dry_run:
            self._say(say("delivered", channel=each.channel, alerts=_alerts(each.delivered)))
        if each.kept and not self._dry_run:  # a dry run keeps nothing, and ends where a signal stopped it
            self._codes.add(ExitCode.NOT_WRITTEN)
            words = say(
                "undelivered", alerts=_alerts(each.kept), channel=each.channel, why=say.text(each.why)
            )
            if each.resting:
                name = "resting_one" if each.resting == 1 else "resting"
                words = say(name, words=words, alerts=_alerts(each.resting))
            console.error(words)
        for broken in each.unreadable:
            self._codes.add(ExitCode.NOT_WRITTEN)
            console.error(say("undeliverable", channel=each.channel, why=broken))

    async def _make_one(self, watch: Watch, state: WatchState, crawler: Crawler) -> None:
        """Run a watch and report the outcome; whatever goes wrong, the others still run."""
        from contextlib import closing, nullcontext

        reporter = self._teller()
        try:
            with nullcontext() if reporter is None else closing(reporter):
                made = await make(
                    watch, state, crawler, self._history,
                    channels=[channel.key for channel in self._channels],
                    on_event=None if reporter is None else reporter.handle, stopped=lambda: self._stopped,
                )  # fmt: skip
        except HistoryError as error:
            self._codes.add(ExitCode.NOT_WRITTEN)
            why = console.words().text(reason_of(error))
            self._warn(watch.name, console.words()("watch_not_recorded", why=why))
        except Exception as error:  # noqa: BLE001 – a defect that shows in one watch must not stop the others
            self._codes.add(ExitCode.INTERNAL)
            if self._args.verbose:
                console.block(traceback.format_exc())
            console.error(
                f"watch {watch.name}: internal error: {type(error).__name__}: {error} (please report it)"
            )
        else:
            self._say_made(made)

    def _teller(self) -> ProgressReporter | None:
        from crawler.cli.progress import ProgressReporter

        return ProgressReporter(bar=False, verbose=True) if self._args.verbose else None

    def _say_made(self, made: Made) -> None:
        result, name = made.result, made.watch.name
        say = console.words()
        problems = reasons_in_words(result.failed, say)
        if not result.had_a_page:
            self._codes.add(ExitCode.NO_PAGE)
            self._warn(name, say("watch_no_page", why=problems))
            return
        if result.failed:
            self._codes.add(ExitCode.PARTIAL)
            self._warn(name, say("watch_partial", why=problems))
        pages = [page for page in result.pages if page.verdict is not Verdict.PAST_END]
        read = sum(not page.verdict.failed for page in pages)
        told = _alerts(len(made.alerts)) if made.watch.tells else say("watch_no_alerts")
        books, count = result.counts.books, len(pages)
        found = say("one_book") if books == 1 else say("n_books", n=books)
        asked = say("a_page") if count == 1 else say("several_pages", n=count)
        self._say(say("watch_made", name=name, books=found, pages=asked, read=read, told=told))
        for number in made.missing:
            self._say(say("watch_missing", name=name, number=number))

    def _warn(self, name: str, words: str) -> None:
        """Report a problem of a watch."""
        console.error(console.words()("watch_named", name=name, words=words))

    def _say(self, words: str) -> None:
        if self._args.quiet:
            return
        try:
            console.write_stdout(f"{console.one_line(words)}\n")
        except OutputError as error:  # prices are still recorded, and alerts go to other channels
            self._codes.add(ExitCode.NOT_WRITTEN)
            console.error(error)


def _alerts(number: int) -> str:
    say = console.words()
    return say("one_alert") if number == 1 else say("n_alerts", n=number)
