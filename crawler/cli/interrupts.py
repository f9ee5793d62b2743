"""Handle SIGINT and SIGTERM in commands: the first ends the search cleanly, a second SIGINT ends it immediately."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, Self

from crawler.cli.exit_codes import ExitCode
from crawler.phrases import Phrase

__all__ = ["Interrupts"]

REASONS = {signal.SIGINT: Phrase("interrupted"), signal.SIGTERM: Phrase("terminated")}
"""The signals that end a search, with the reason for the report."""

SAME_KEYSTROKE_SECONDS = 0.3
"""A second SIGINT within this time repeats the first: `timeout` signals a process and then its whole group."""


AGAIN_SECONDS = 0.05
"""How long after its SystemExit was ignored a signal is raised again: Python has left the code that ignores it then."""


class Interrupts:
    """A context manager that handles SIGINT and SIGTERM in the main thread.

    While a search is attached, the first signal stops it; a second SIGINT ends the process immediately. With nothing
    attached, a signal raises SystemExit with its exit code.

    Use `signal.signal` instead of the loop's handlers: it exists on Windows, and works while the loop is busy.
    """

    def __init__(self) -> None:
        self.exit_code: ExitCode | None = None
        """The exit code for the first signal; None if there was none."""
        self._at_once: Callable[[], object] | None = None
        self._stop: Callable[[str], object] | None = None
        self._first = 0.0
        self._before: dict[signal.Signals, Any] = {}
        self._hook_before = sys.unraisablehook

    def __enter__(self) -> Self:
        # Handle SIGINT even if it is ignored, as after a script's `&`: whoever sends it here means it.
        self._before = {number: signal.signal(number, self._on_signal) for number in REASONS}
        self._hook_before = sys.unraisablehook
        sys.unraisablehook = self._on_ignored
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._hook_before
        if self.exit_code is not None and kind is not None and issubclass(kind, ImportError):
            # A signal arrived during an import: some library has replaced our SystemExit with an error of its own.
            raise SystemExit(self.exit_code)

    @contextmanager
    def stopping(self, stop: Callable[[str], None], *, at_once: Callable[[], object]) -> Iterator[None]:
        """Make a signal call `stop(reason)` in the running loop while the block runs.

        A second SIGINT calls `at_once` from the signal handler, then ends the process.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        with self.calling(lambda reason: loop.call_soon_threadsafe(stop, reason), at_once=at_once):
            yield

    @contextmanager
    def calling(self, stop: Callable[[str], object], *, at_once: Callable[[], object]) -> Iterator[None]:
        """Make a signal call `stop(reason)` from its handler while the block runs; otherwise as `stopping`."""
        self._at_once = at_once
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def _on_ignored(self, ignored: sys.UnraisableHookArgs) -> None:
        """Raise a signal again if Python ignored its SystemExit, as it does in destructors and import locks."""
        if not isinstance(ignored.exc_value, SystemExit) or self.exit_code is None:
            self._hook_before(ignored)
            return
        number = self.exit_code - 128
        self.exit_code = None
        # Addressed to the main thread, a signal also interrupts a wait in a system call; Windows has none of that.
        thread = threading.main_thread().ident or 0
        again = (
            partial(signal.pthread_kill, thread) if hasattr(signal, "pthread_kill") else signal.raise_signal
        )
        timer = threading.Timer(AGAIN_SECONDS, again, [number])
        timer.daemon = True
        timer.start()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.exit_code is None:
            self._first = now
        elif now - self._first < SAME_KEYSTROKE_SECONDS:
            return
        elif number == signal.SIGINT and self._at_once is not None:
            self._at_once()
            os._exit(self.exit_code)
        if self.exit_code is None:
            self.exit_code = ExitCode(128 + number)
        if self._stop is None:
            raise SystemExit(self.exit_code)
        self._stop(REASONS[signal.Signals(number)])
