"""The code inside a parse process: its start, and its end when the parent ends.

Child processes import this module, so it stays small: no asyncio, no aiohttp, no other part of the crawler.
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
"""The interval at which a worker checks that its parent is still its parent."""

_HELD_SIGNALS = {signal.SIGINT, signal.SIGTERM}
_hiding = threading.Lock()


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Hide the program's `__main__` from the processes that this thread starts.

    A spawned child imports its parent's `__main__` again. A script without a main guard would then run a second time,
    and a heavy one would cost each worker its imports; parsing needs none of it. `multiprocessing.spawn` decides what a
    child receives; removing `__main__` itself for that time would break pickling in other threads.
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
    """Block SIGINT and SIGTERM in this thread, and in the processes it starts until `set_up` unblocks them.

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
"""Process classes by start method; they are in this module because a child looks up its own class by name."""

if sys.platform != "win32":
    from multiprocessing.context import ForkProcess, ForkServerProcess

    class _ForkedParser(ForkProcess):
        def start(self) -> None:
            with _signals_held():
                super().start()

    class _ForkServedParser(ForkServerProcess):
        def start(self) -> None:
            # Do not block signals here: the fork server may start now, and would pass the mask on to the processes of
            # everyone.
            with _hidden_main():
                super().start()

    PROCESS_TYPES |= {"fork": _ForkedParser, "forkserver": _ForkServedParser}


def set_up(modules: tuple[str, ...]) -> None:
    """Prepare a new worker: set default signal handlers, watch the parent, load the parser's modules."""
    # A forked worker shares its parent's wake-up pipe: the parent would take a signal to the worker for its own.
    signal.set_wakeup_fd(-1)
    # Ctrl-C reaches the whole process group, but the parent decides when the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_SIGNALS)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    for module in modules:
        with suppress(ImportError):  # only a head start: the first page reports what is missing
            importlib.import_module(module)
    _keep_freed_memory()


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3), from glibc's malloc.h."""


def _keep_freed_memory() -> None:
    """Let glibc keep the memory of one page for the next, up to 64 MiB.

    A page's tree and texts take 3 MB. Returning that to the system and allocating it anew takes a fifth of a page's
    time.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):  # another C library, which manages memory its own way
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)
            mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)


def ready() -> int:
    """Return the worker's process id: a first task, whose purpose is to start the worker."""
    return os.getpid()


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, for whatever reason.

    The executor would notice only at the end of its call queue, and that pipe stays open while any sibling lives.
    Siblings can also hold the parent's sentinel open, so check the parent's id as well.
    """
    parent = parent_process()
    parent_id = os.getppid()
    sentinels = [] if parent is None else [parent.sentinel]
    with suppress(OSError):
        while os.getppid() == parent_id and not wait(sentinels, timeout=PARENT_CHECK_SECONDS):
            pass
    os._exit(1)
