"""The watches of the configuration file: shown, edited, run on request, and on their schedule while the page is served.

What runs here is what `bookprice watch` runs, under the same lock, by the same rule for what is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.configuration import load
from crawler.configuration.watch_file import (
    UnknownWatchError,
    add_watch,
    change_watch,
    delete_watch,
    watches_in,
)
from crawler.errors import CrawlerError, UsageError
from crawler.labels import labels_for
from crawler.phrases import Phrase, reason_of
from crawler.watching.configured_channels import configured_channels
from crawler.watching.lock import alone
from crawler.watching.overview import WatchOverview, open_watch_store, overview
from crawler.watching.plan import PlannedWatch, plan_round
from crawler.watching.run_watch import make, searched
from crawler.watching.watch import AlertSettings, Watch
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.watching.delivery import Sent
    from crawler.watching.run_watch import Made
    from crawler.webapp.context import WebContext

__all__ = ["MOST_WATCHES", "LastRun", "TestDelivery", "WatchBusyError", "WatchService"]

_LOG = logging.getLogger(__name__)

MOST_WATCHES = 500
"""Watches from which on the page adds none; the file may have more."""

_LONGEST_WAIT = 60.0
"""Seconds between two looks at what is due, because somebody may edit the file meanwhile."""

_CLOSING_SECONDS = 3.0
"""Seconds for a search that was stopped to end and to be recorded."""

T = TypeVar("T")


class WatchBusyError(UsageError):
    """A round of watches is running already."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The outcome of the last run of a watch here."""

    at: dt.datetime
    alerts: int = 0
    books: int = 0
    pages: int = 0
    """The number of pages that were read."""
    problem: str = ""
    """The reason why not every page was read, or nothing was recorded; '' if there is none."""


@dataclass(frozen=True, slots=True)
class TestDelivery:
    """The outcome of a test message to one channel."""

    channel: str
    """The name for users; it contains no secret."""
    why: str | None
    """The reason why it was not accepted; None if it was."""


@dataclass(slots=True)
class WatchService:
    """The watches of an application. Its methods raise CrawlerError."""

    context: WebContext
    scheduled: bool = False
    """True if due watches run by themselves."""
    running: set[str] = field(default_factory=set)
    """The names of the watches that run, or wait for their turn."""
    last_runs: dict[str, LastRun] = field(default_factory=dict)
    undelivered: str = ""
    """The reason why an alert of the last round was not delivered; '' if there is none."""
    problem: str = ""
    """The reason why the schedule could not run watches; '' if it could."""
    _stopping: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _schedule: asyncio.Task[None] | None = None

    @property
    def file(self) -> Path:
        """The file with the watches. Raises UsageError if there is none to edit."""
        if self.context.watch_config is None:
            raise UsageError(Phrase("watches_nowhere"))
        return self.context.watch_config

    @property
    def source(self) -> str:
        """The name of the source of the prices."""
        return self.context.source.name

    async def watches(self) -> tuple[Watch, ...]:
        """Return the watches of the file as it is now."""
        if self.context.watch_config is None:
            return ()
        return await asyncio.to_thread(watches_in, self.file, self.context.settings)

    async def watch(self, name: str) -> Watch:
        """Return a watch by its name. Raises UnknownWatchError."""
        for watch in await self.watches():
            if watch.name == name:
                return watch
        raise UnknownWatchError(Phrase("watch_unknown", name=name))

    async def overviews(self, watches: Sequence[Watch]) -> list[WatchOverview]:
        """Return the known facts of watches: last success, next run, last alert, problems."""
        return await asyncio.to_thread(self._overviews, watches)

    def _overviews(self, watches: Sequence[Watch]) -> list[WatchOverview]:
        reader, now = open_watch_store(self.context.history), self.context.now()
        with contextlib.nullcontext() if reader is None else reader:
            return [
                overview(reader, watch, self.source, searched(watch, self.context.settings), now)
                for watch in watches
            ]

    async def add(self, values: Mapping[str, Any]) -> Watch:
        """Add a watch to the file. Raises UsageError if there are as many as may be."""
        if len(await self.watches()) >= MOST_WATCHES:
            raise UsageError(Phrase("watches_too_many", n=MOST_WATCHES))
        return await self._edit(add_watch, self.file, values, self.context.settings)

    async def change(self, name: str, changes: Mapping[str, Any], version: str | None) -> Watch:
        """Change keys of a watch in the file."""
        edited = await self._edit(
            change_watch, self.file, name, changes, self.context.settings, version=version
        )
        if edited.name != name and name in self.last_runs:
            self.last_runs[edited.name] = self.last_runs.pop(name)
        return edited

    async def delete(self, name: str, version: str | None) -> None:
        """Remove a watch from the file; its history and its alerts stay."""
        await self._edit(delete_watch, self.file, name, self.context.settings, version=version)
        self.last_runs.pop(name, None)

    async def _edit(self, edit: Callable[..., T], *args: Any, **options: Any) -> T:
        # Finish an edit that has begun: after a cancelled one, nobody would know the content of the file.
        edited = await asyncio.shield(asyncio.to_thread(edit, *args, **options))
        self._wake.set()
        return edited

    async def channels(self) -> tuple[Channel, ...]:
        """Return the channels of the table [alerts] of the file as it is now."""
        return await asyncio.to_thread(self._channels)

    def _channels(self) -> tuple[Channel, ...]:
        path = self.context.watch_config
        alerts = AlertSettings()
        if path is not None and path.exists():
            alerts = load({}, config=str(path), environ=os.environ).alerts
        return configured_channels(alerts, os.environ, check_file=False)

    async def send_test(self, lang: str, query: str) -> list[TestDelivery]:
        """Send a test message to each channel; a name of a query decides the language for «auto»."""
        from crawler.alerts.wording import trial_message

        message = trial_message(labels_for(lang, query, self.context.zone))
        channels = await self.channels()
        if not channels:
            raise UsageError(Phrase("no_alert_place"))
        return [
            TestDelivery(
                channel.name, await asyncio.to_thread(channel.deliver, message, lambda: self._stopping)
            )
            for channel in channels
        ]

    async def run_now(self, name: str) -> None:
        """Start a run of one watch, due or not, paused or not; it goes on after this call.

        Raises UnknownWatchError, and WatchBusyError if it runs already.
        """
        await self.watch(name)
        self._check_recording()
        if name in self.running:
            raise WatchBusyError(Phrase("watch_runs_already", name=name))
        self.running.add(name)
        self._start(self._run_one(name))

    async def _run_one(self, name: str) -> None:
        try:
            await self._round(name)
        except CrawlerError as error:
            self.last_runs[name] = LastRun(self.context.now(), problem=reason_of(error))
        finally:
            self.running.discard(name)

    async def run_due(self) -> None:
        """Run the watches that are due, and deliver what is undelivered; do nothing while another round runs."""
        with contextlib.suppress(WatchBusyError):
            await self._round()

    def _check_recording(self) -> None:
        if self.context.settings.history.record == "never":
            raise UsageError(Phrase("watches_unrecorded"))

    async def _round(self, name: str | None = None) -> None:
        """Run watches one after the other, then deliver alerts: with `name` that one, else those that are due.

        Raises WatchBusyError if another process runs watches.
        """
        self._check_recording()
        async with self._turn:
            # This creates the file and its folder, which the lock needs.
            await asyncio.to_thread(lambda: WatchStore(self.context.history).close())
            with alone(self.context.history, wait=False) as free:
                if not free:
                    raise WatchBusyError(Phrase("watches_busy"))
                # Only now: while it waited for its turn, somebody may have changed, paused or deleted watches.
                watches = await self.watches() if name is None else [await self.watch(name)]
                channels = await self.channels()
                planned = await asyncio.to_thread(self._plan, watches, () if name is None else {name})
                for each in planned:
                    if each.runs and not self._stopping:
                        await self._make(each, channels)
                sent = await asyncio.to_thread(self._send, channels)
                self.undelivered = next((each.why for each in sent if each.kept), "")

    def _plan(self, watches: Sequence[Watch], named: Collection[str]) -> list[PlannedWatch]:
        with WatchStore(self.context.history) as store:
            return plan_round(
                store, watches, self.source, self.context.settings, self.context.now(),
                due_or_not=bool(named), named=named,
            )  # fmt: skip

    def _send(self, channels: Sequence[Channel]) -> tuple[Sent, ...]:
        from crawler.watching.delivery import send

        if not channels:  # the page and the feed show the alerts; there is no terminal to print them on
            return ()
        return send(
            self.context.history, self.source, channels,
            lang=self.context.settings.report.lang, stopped=lambda: self._stopping,
        )  # fmt: skip

    async def _make(self, planned: PlannedWatch, channels: Sequence[Channel]) -> None:
        name = planned.watch.name
        was_waiting = name in self.running
        self.running.add(name)
        try:
            made = await make(
                planned.watch, planned.state, self.context.crawler, self.context.history,
                channels=[channel.key for channel in channels], stopped=lambda: self._stopping,
            )  # fmt: skip
        except CrawlerError as error:
            self.last_runs[name] = LastRun(self.context.now(), problem=reason_of(error))
        except Exception:  # noqa: BLE001 – the log has the traceback
            # A defect that shows in one watch must not stop the others.
            _LOG.exception("watch %s failed", name)
            self.last_runs[name] = LastRun(self.context.now(), problem=Phrase("watch_defect"))
        else:
            self.last_runs[name] = _outcome(made)
        finally:
            if not was_waiting:  # else it is at its end when its alerts are delivered
                self.running.discard(name)

    def schedule(self, *, on: bool) -> None:
        """Start or stop running due watches by themselves; a round that runs is finished."""
        self.scheduled = on
        if on and self._schedule is None:
            self._schedule = self._start(self._keep_schedule())
        self._wake.set()

    async def _keep_schedule(self) -> None:
        try:
            while self.scheduled and not self._stopping:
                self._wake.clear()
                try:
                    await self.run_due()
                    self.problem = ""
                except CrawlerError as error:
                    if (problem := reason_of(error)) != self.problem:  # once, not every minute
                        _LOG.warning("watches: %s", problem)
                        self.problem = problem
                except Exception:  # noqa: BLE001 – the schedule must go on; the log has the traceback
                    _LOG.exception("watches: the round failed")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LONGEST_WAIT)
        finally:
            self._schedule = None

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End what runs: a search ends with the pages that it has, and its watch stays due."""
        self._stopping = True
        self._wake.set()
        if not self._tasks:
            return
        self.context.crawler.stop(Phrase("engine_closed"))
        _, late = await asyncio.wait(self._tasks, timeout=_CLOSING_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _outcome(made: Made) -> LastRun:
    result = made.result
    pages = sum(not page.verdict.failed for page in result.pages)
    problem = "" if result.complete else (result.failed[0].detail or Phrase("watch_no_page"))
    return LastRun(result.finished_at, len(made.alerts), result.counts.books, pages, problem)
