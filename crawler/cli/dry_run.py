"""`bookprice watch --dry-run`: run a round of watches on a copy of the history; print messages instead of sending them.

It changes nothing, so it needs no lock, and a real round may run at the same time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.alerts.wording import Message
    from crawler.settings import Settings
    from crawler.watching.watch import Watch

__all__ = ["dry_run"]


@dataclass(slots=True)
class _Rehearsal:
    """Replaces a channel: accepts every message and delivers none."""

    name: str
    key: str
    messages: list[Message] = field(default_factory=list)

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:  # noqa: ARG002
        self.messages.append(message)
        return None


def dry_run(
    settings: Settings,
    watches: Sequence[Watch],
    channels: Sequence[Channel],
    history: Path,
    args: argparse.Namespace,
) -> int:
    """Run the due watches, print their messages with the channels, and return the exit code.

    Raises UsageError if the history cannot be read or copied.
    """
    from tempfile import TemporaryDirectory

    from crawler.cli.interrupts import Interrupts
    from crawler.cli.stdout_channel import StdoutChannel
    from crawler.cli.watch_round import WatchRound

    places = [_Rehearsal(channel.name, channel.key) for channel in channels or (StdoutChannel(),)]
    with (
        Interrupts() as interrupts,
        TemporaryDirectory(prefix="bookprice-dry-run-", ignore_cleanup_errors=True) as folder,
    ):
        copy = Path(folder) / "history.sqlite3"
        _copy(history, copy)
        watch_round = WatchRound(settings, watches, places, copy, args, interrupts=interrupts, dry_run=True)
        code = watch_round.make()
        _print(places)
        if not args.quiet:
            console.write_stdout(f"{console.words()('dry_run')}\n")
    return interrupts.exit_code or code


def _copy(history: Path, copy: Path) -> None:
    """Copy the current state of a history, if there is one, even while others write."""
    import sqlite3

    from crawler.errors import HistoryError, UsageError
    from crawler.history.reading import open_history

    try:
        reader = open_history(history)
    except HistoryError as error:
        raise UsageError(str(error)) from error
    if reader is None:
        return
    with reader:
        try:
            with closing(sqlite3.connect(copy)) as target:
                reader.copy_to(target)
        except sqlite3.Error as error:
            raise UsageError(
                f"the history {history} cannot be copied for the dry run: {error}; set TMPDIR to a folder with room"
            ) from error


def _print(places: Sequence[_Rehearsal]) -> None:
    """Print each message once, under the names of all places that would get it."""
    names: dict[tuple[str, str], list[str]] = {}
    for place in places:
        for message in place.messages:
            names.setdefault((message.title, message.text), []).append(place.name)
    for (title, text), some in names.items():
        head = console.words()("would_send", places=console.words()("comma").join(some))
        console.write_stdout(f"{console.one_line(head)}\n{title}\n{text}\n\n")
