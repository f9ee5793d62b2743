"""The progress bar of a search: pages, books, cheapest so far. Only this module uses rich on stderr."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from crawler.labels import Labels

__all__ = ["ProgressBar"]


class ProgressBar:
    """A bar over `total` pages on stderr, from its creation to `stop`; it leaves nothing behind."""

    def __init__(self, total: int, words: Labels) -> None:
        self._words = words
        # Do not redirect stdout and stderr: the bar must not touch the report.
        self._progress = Progress(
            TextColumn(words("bar_pages")),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=Console(file=sys.stderr, highlight=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=total)
        self._progress.start()

    def update(self, *, done: int, total: int, failed: int, books: int, cheapest: Decimal | None) -> None:
        """Show the progress of the search; `cheapest` is in yuan."""
        say = self._words
        parts = [say("bar_books", n=books)]
        if cheapest is not None:
            parts.append(say("bar_cheapest", price=f"¥{cheapest:.2f}"))
        if failed:
            parts.append(say("bar_failed", n=failed))
        self._progress.update(self._task, completed=done, total=total, description=escape(" · ".join(parts)))

    def print(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Remove the bar."""
        self._progress.stop()
