"""The commands of a shard runner's owner, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crawler.bulk.pulse import Pulse

__all__ = ["Control"]


class Control:
    """The commands of a runner's owner. Every method may be called from any thread, and before the runner starts.

    A runner without work waits for more: from the intake, or handed over by other shards. Only its owner knows whether
    more can come, so only `drain` or `stop` ends it.
    """

    def __init__(self, pulse: Pulse | None = None) -> None:
        """`pulse` is where the runner records its heartbeat and the page that it parses; None records nothing."""
        self.pulse = pulse
        self._lock = threading.RLock()  # a signal handler may come in between
        self._draining = False
        self._stopping = False
        self._on_change: Callable[[], None] | None = None

    @property
    def draining(self) -> bool:
        """True once the runner should return as soon as it has nothing left to do."""
        return self._draining

    @property
    def stopping(self) -> bool:
        """True once the runner should return at once."""
        return self._stopping

    def drain(self) -> None:
        """Finish what the stores hold, then return: no target will be added any more."""
        self._draining = True
        self.wake()

    def stop(self) -> None:
        """Cancel the requests in flight, commit what is fetched, and return within two seconds."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look for new targets now, instead of within half a second."""
        with self._lock:
            if self._on_change is not None:
                self._on_change()

    def listen(self, on_change: Callable[[], None] | None) -> None:
        """Call `on_change` after every change, from the thread that made it; None ends that. For the runner."""
        with self._lock:
            self._on_change = on_change
