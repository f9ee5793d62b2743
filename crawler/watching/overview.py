"""The known facts of watches and their alerts, for display: nothing is run, requested or changed."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.history.reading import HistoryReader, open_existing
from crawler.history.recording import run_key
from crawler.history.schema import VERSION, migrate
from crawler.history.units import as_text
from crawler.query import simplified
from crawler.watching.pending import Pending, Resting, Unreadable, together
from crawler.watching.state import STATE_COLUMNS, WatchState, state_of
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.alerts.alert import Alert
    from crawler.alerts.channels import Channel
    from crawler.watching.watch import Watch

__all__ = ["Outstanding", "WatchOverview", "WatchStoreReader", "open_watch_store", "outstanding", "overview"]


class WatchStoreReader(HistoryReader, WatchStore):
    """A history file with the state of watches, opened read-only. Raises HistoryError as `HistoryReader` does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            with self._translating_errors():
                if 0 < self.version < VERSION:
                    self._use_copy()
        except BaseException:
            self._connection.close()
            raise

    def _use_copy(self) -> None:
        """Read a history with an older schema through a copy in memory, and migrate the copy."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            self.copy_to(copy)
            migrate(copy)
            copy.execute("PRAGMA query_only = ON")
        except BaseException:
            copy.close()
            raise
        self._connection.close()
        self._connection = copy

    def state(self, watch: Watch, source: str, search: str, now: dt.datetime) -> WatchState | None:
        """Return the state with which a watch would start; None if it never ran.

        If its search has changed, it has seen no products yet and is due.
        """
        with self._translating_errors():
            row = self._connection.execute(
                f"SELECT {STATE_COLUMNS} FROM watch JOIN source ON source.id = watch.source"  # noqa: S608 – a constant
                " WHERE source.name = ? AND watch.name = ?",
                (source, watch.name),
            ).fetchone()
            known = None if row is None else state_of(row).by_the_clock(now)
        if known is not None and known.search != search:
            return replace(known, last_tried=None, whole=False)
        return known

    def latest_alerts(self, source: str, *, most: int) -> tuple[Pending, ...]:
        """Return the newest alerts of a source, delivered or not, each with its query; unreadable ones are omitted."""
        with self._translating_errors():
            numbers = self._connection.execute(
                "SELECT alert.id FROM alert JOIN (SELECT DISTINCT alert.watch, alert.product, alert.at FROM alert"
                " JOIN watch ON watch.id = alert.watch JOIN source ON source.id = watch.source WHERE source.name = ?"
                " ORDER BY alert.at DESC, alert.product LIMIT ?) AS last USING (watch, product, at)"
                " ORDER BY alert.at DESC, alert.product, alert.id",
                (source, most),
            ).fetchall()
            found = [self._one(number, 0, source) for (number,) in numbers]
        return together(each for each in found if isinstance(each, Pending))

    def sources_of(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the sources at which a watch with one of these names has run."""
        with self._translating_errors():
            rows = self._connection.execute(
                "SELECT DISTINCT source.name, watch.name FROM watch JOIN source ON source.id = watch.source"
                " WHERE last_tried IS NOT NULL ORDER BY source.name"
            ).fetchall()
            return tuple(dict.fromkeys(as_text(source) for source, name in rows if as_text(name) in names))


def open_watch_store(path: Path) -> WatchStoreReader | None:
    """Open the history at `path` read-only, with the state of watches; return None if there is no history yet."""
    return open_existing(path, WatchStoreReader)


@dataclass(frozen=True, slots=True)
class WatchOverview:
    """The known facts of a watch at a moment; every datetime is aware, UTC."""

    watch: Watch
    last_success: dt.datetime | None = None
    """The last time at which every page was read."""
    next_run: dt.datetime | None = None
    """The time at which it is next due; None if it is due now or paused."""
    last_alert: Alert | None = None
    failed_at: dt.datetime | None = None
    """The time of the last run if not every page was read then."""
    failed_pages: int | None = None
    """The number of pages that failed in that run; None if no page was read."""
    undelivered: int = 0
    """The number of alerts that some channel has yet to deliver."""
    why_undelivered: str = ""
    """The reason why a channel last refused one of them; '' if none did."""


def overview(
    reader: WatchStoreReader | None, watch: Watch, source: str, search: str, now: dt.datetime
) -> WatchOverview:
    """Return the known facts of a watch; `reader` is None if there is no history yet."""
    state = None if reader is None else reader.state(watch, source, search, now)
    if reader is None or state is None:
        return WatchOverview(watch)
    due_at, failed_at, failed_pages = state.due_at(watch.every), state.failed_since, None
    if failed_at is not None:
        pages = reader.pages_of_run(
            run_key(source, f"{simplified(watch.terms.query)}\n{watch.name}", failed_at)
        )
        failed_pages = None if pages is None else pages[1]
    undelivered, why = reader.undelivered_of(state)
    return WatchOverview(
        watch,
        state.last_success,
        None if watch.terms.paused or state.is_due(watch.every, now) else due_at,
        reader.last_alert(state, source),
        failed_at,
        failed_pages,
        undelivered,
        why,
    )


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The alerts that a channel has yet to deliver."""

    channel: Channel
    pending: tuple[Pending, ...] = ()
    """Those that the next round tries to deliver."""
    resting: tuple[Resting, ...] = ()
    """Those that the channel has refused several times."""
    unreadable: tuple[Unreadable, ...] = ()
    """Those that cannot be delivered anywhere."""


def outstanding(
    memory: WatchStore | None, channels: Sequence[Channel], source: str, now: dt.datetime
) -> tuple[tuple[Outstanding, ...], int]:
    """Return the undelivered alerts of each channel, and the number of those owed to channels no longer configured."""
    if memory is None:
        return tuple(map(Outstanding, channels)), 0
    resting = memory.resting(source=source, now=now)
    found = tuple(
        Outstanding(
            channel,
            memory.pending(channel.key, source=source, now=now),
            tuple(each for each in resting if each.channel == channel.key),
            memory.unreadable(channel.key, source=source),
        )
        for channel in channels
    )
    known = {channel.key for channel in channels}
    owed = memory.undelivered(source=source)
    return found, sum(number for key, number in owed.items() if key not in known)
