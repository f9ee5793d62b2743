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
from multiprocessing import parent_process, spawn
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any

__all__ = ["PROCESS_TYPES", "ready", "set_up"]

PARENT_CHECK_SECONDS = 1.0
"""How often a worker looks whether its parent is still its parent."""

_HELD_SIGNALS = {signal.SIGINT, signal.SIGTERM}
_hiding = threading.Lock()


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Let the processes that this thread starts know nothing of the program's `__main__`.

    A spawned child imports its parent's `__main__` again. A script without a main guard would run a second time
    there, and a heavy one would cost each worker its imports; parsing needs nothing of it. What a child is told
    is decided in `multiprocessing.spawn`; taking `__main__` itself away for that moment would break pickling in
    other threads.
    """
    with _hiding:
        told, starter = spawn.get_preparation_data, threading.get_ident()

        def without_main(name: str) -> dict[str, Any]:
            data = told(name)
            if threading.get_ident() == starter:
                data.pop("init_main_from_name", None)
                data.pop("init_main_from_path", None)
            return data

        spawn.get_preparation_data = without_main
        try:
            yield
        finally:
            spawn.get_preparation_data = told


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back from this thread, and from the processes it starts until `set_up` lets them in.

    A Ctrl-C reaches the whole process group: a child that is not set up yet would print a traceback.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _SpawnedParser(SpawnProcess):
    def start(self) -> None:
        with _signals_held(), _hidden_main():
            super().start()


PROCESS_TYPES: dict[str, type] = {"spawn": _SpawnedParser}
"""Process classes by start method; they live here because a child looks its own class up by name."""

if sys.platform != "win32":
    from multiprocessing.context import ForkProcess, ForkServerProcess

    class _ForkedParser(ForkProcess):
        def start(self) -> None:
            with _signals_held():
                super().start()

    class _ForkServedParser(ForkServerProcess):
        def start(self) -> None:
            # Signals are not held here: the fork server may start now, and would pass the mask on to everybody's
            # processes.
            with _hidden_main():
                super().start()

    PROCESS_TYPES |= {"fork": _ForkedParser, "forkserver": _ForkServedParser}


def set_up(modules: tuple[str, ...]) -> None:
    """Make a fresh worker ready: default signals, a watch over the parent, the parser's modules loaded."""
    # A forked worker has its parent's wake-up pipe: a signal to the worker would look like one to the parent.
    signal.set_wakeup_fd(-1)
    # Ctrl-C goes to the whole process group; what becomes of the workers is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_SIGNALS)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    for module in modules:
        with suppress(ImportError):  # a head start only: what is really missing shows with the first page
            importlib.import_module(module)
    _keep_freed_memory()


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3), from glibc's malloc.h."""


def _keep_freed_memory() -> None:
    """Have glibc keep the memory of a page for the next one, up to 64 MiB.

    A page's tree and texts take 3 MB. To give them back to the system and fetch them anew is a fifth of a page's time.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):  # another C library: it keeps its own habits
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
            mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)


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
