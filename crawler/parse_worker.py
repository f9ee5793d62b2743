"""The inside of a parse process: how it starts, and how it ends when its parent does.

Children import this module, so it stays small: no asyncio, no aiohttp, nothing of the crawler.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import ModuleType

__all__ = ["PROCESS_TYPES", "ready", "set_up"]

PARENT_CHECK_SECONDS = 1.0
"""How often a worker looks whether its parent is still its parent."""

_hiding = threading.Lock()


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Put an empty `__main__` in place of the user's while a process starts.

    A spawned child imports its parent's `__main__` again. A script without a main guard would run a second
    time there, and a heavy one would cost each worker its imports; parsing needs nothing of it.
    """
    with _hiding:
        real = sys.modules.get("__main__")
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            if real is None:
                del sys.modules["__main__"]
            else:
                sys.modules["__main__"] = real


class _SpawnedParser(SpawnProcess):
    """A spawned process that does not see its parent's `__main__`."""

    def start(self) -> None:
        with _hidden_main():
            super().start()


PROCESS_TYPES: dict[str, type] = {"spawn": _SpawnedParser}
"""Process classes by start method; they live here because a child looks its own class up by name."""

if sys.platform != "win32":
    from multiprocessing.context import ForkProcess, ForkServerProcess

    class _ForkServedParser(ForkServerProcess):
        """A process of the fork server that does not see its parent's `__main__`."""

        def start(self) -> None:
            with _hidden_main():
                super().start()

    PROCESS_TYPES |= {"fork": ForkProcess, "forkserver": _ForkServedParser}


def set_up(modules: tuple[str, ...]) -> None:
    """Make a fresh worker ready: default signals, a watch over the parent, the parser's modules loaded."""
    # A forked worker has its parent's wake-up pipe: a signal to the worker would look like one to the parent.
    signal.set_wakeup_fd(-1)
    # Ctrl-C goes to the whole process group; what becomes of the workers is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    for module in modules:
        with suppress(ImportError):  # a head start only: what is really missing shows with the first page
            importlib.import_module(module)


def ready() -> int:
    """Return the worker's process id: a first task that has the worker started."""
    return os.getpid()


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, however that ended.

    The executor would notice at the end of its call queue only, and that pipe stays open as long as any
    sibling lives. Siblings can hold the parent's sentinel open as well, hence the look at the parent's id.
    """
    parent = parent_process()
    parent_id = os.getppid()
    sentinels = [] if parent is None else [parent.sentinel]
    with suppress(OSError):
        while os.getppid() == parent_id and not wait(sentinels, timeout=PARENT_CHECK_SECONDS):
            pass
    os._exit(1)
