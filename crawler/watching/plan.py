"""Plan a round: decide which watches run now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.watching.run_watch import searched

if TYPE_CHECKING:
    from crawler.settings import Settings
    from crawler.watching.state import WatchState
    from crawler.watching.watch import Watch
    from crawler.watching.watch_store import WatchStore

__all__ = ["PlannedWatch", "plan_round"]


@dataclass(frozen=True, slots=True)
class PlannedWatch:
    """A watch at the start of a round."""

    watch: Watch
    state: WatchState
    runs: bool
    """True if the watch runs in this round."""
    search_changed: bool
    """True if its search has changed since its last run, so that it has seen no products yet."""


def plan_round(
    store: WatchStore,
    watches: Iterable[Watch],
    source: str,
    settings: Settings,
    now: dt.datetime,
    *,
    due_or_not: bool = False,
    named: Collection[str] = (),
) -> list[PlannedWatch]:
    """Return the watches in their order, each with its state and whether it runs.

    A watch runs if it is due, or with `due_or_not`. A paused one runs only with `due_or_not` and if `named` contains
    its name. Raises HistoryError.
    """
    planned = []
    for watch in watches:
        search = searched(watch, settings)
        changed = store.known(watch, source, search, now).search != search
        state = store.begin(watch, source, search, now)
        runs = due_or_not or state.is_due(watch.every, now)
        if watch.terms.paused:
            runs = due_or_not and watch.name in named
        planned.append(PlannedWatch(watch, state, runs, changed))
    return planned
