"""Show the progress of a bulk crawl on stderr: one live line on a terminal, otherwise a plain line every 30 seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawler.bulk.wording import progress_line, size, verdict_name
from crawler.cli import console

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from crawler.bulk.process_group import ProcessEvent
    from crawler.bulk.progress import Snapshot

__all__ = ["PLAIN_SECONDS", "BulkDisplay"]

PLAIN_SECONDS = 30.0
"""The time between two plain lines."""


class BulkDisplay:
    """A context manager; the live line disappears at its end."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._live: RichProgress | None = None
        self._said_at = time.monotonic()
        self._warned = False
        self._words = console.words()

    def __enter__(self) -> Self:
        if not self._quiet and console.takes_control_codes(sys.stderr):
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._live = Progress(
                BarColumn(bar_width=16),
                TextColumn("{task.description}"),
                console=Console(file=sys.stderr, highlight=False, markup=False),
                transient=True,
                redirect_stdout=False,  # the report goes there
                redirect_stderr=False,
            )
            self._live.add_task("", total=None)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def restore_terminal(self) -> None:
        """Show the cursor that the live line hid; safe in a signal handler."""
        if self._live is not None:
            console.show_cursor()

    def show(self, snapshot: Snapshot) -> None:
        """Show the progress, if it is time."""
        if snapshot.disk_short is not None and not self._warned:
            self._warned = True
            left = (snapshot.disk_foreseen or 0) - snapshot.disk_used
            self.say(self._words("bulk_disk_short", foreseen=size(left), free=size(snapshot.disk_free)))
        if self._quiet:
            return
        if self._live is not None:
            from rich.markup import escape

            total = snapshot.total if snapshot.total_known else None
            (task,) = self._live.task_ids
            words = escape(progress_line(snapshot, self._words))
            self._live.update(task, completed=snapshot.done, total=total, description=words)
        elif time.monotonic() - self._said_at >= PLAIN_SECONDS:
            self._said_at = time.monotonic()
            self.say(progress_line(snapshot, self._words))

    def handle(self, event: ProcessEvent) -> None:
        """Report what happened to a process: what concerns the user always, the rest with --verbose."""
        say = self._words
        if event.what == "few":
            self.say(say("bulk_process_few", n=event.number))
            return
        if event.what == "blamed":
            words = say("bulk_process_blamed", number=event.number, verdict=verdict_name(event.detail, say))
            if not self._quiet:
                self.say(words)
            return
        if event.what == "refused":
            self.say(say.text(event.detail))
            return
        if not self._verbose:
            return
        process = say("bulk_process", slot=event.slot, pid=event.pid)
        words = (
            event.detail
            if event.what == "log"
            else say(f"bulk_process_{event.what}", why=say.text(event.detail))
        )
        self.say(say("said_of", what=process, words=words))

    def say(self, text: str) -> None:
        """Write a line; above the live line, if there is one."""
        if self._live is None:
            console.line(text)
        else:
            self._live.console.print(console.one_line(text), markup=False, soft_wrap=True)
