"""Check and raise the system's limits on files, memory and threads; report a shortage in one line."""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
from collections.abc import Iterator

from crawler.cli import console
from crawler.phrases import Phrase

__all__ = ["quiet_libraries", "say_once", "shortage", "too_little"]

FEWEST_FILES, ENOUGH_FILES = 40, 256
"""Open files that a search needs, with its parse processes and the embedded shop: the minimum, and the number for the
highest numbers of workers and parallel requests. With fewer, libraries fail where the error cannot be handled: during
an import, or while a loop closes."""

FEWEST_BYTES = ENOUGH_BYTES = 768 << 20
"""Address space that a search needs; threads reserve far more than they use. With less, the same happens."""

FILES = Phrase("files_ran_out")
MEMORY = Phrase("memory_ran_out")
THREADS = Phrase("threads_ran_out")

_MOST_LINES = 10
"""Maximum number of lines from libraries to show."""

_reported: set[str] = set()


def too_little() -> str | None:
    """Raise this process's limits as far as it may; return a message if the system still allows too little."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    files = _allowed(resource.RLIMIT_NOFILE, ENOUGH_FILES)
    if files is not None and files < FEWEST_FILES:
        return Phrase("too_few_files", n=files, needed=FEWEST_FILES)
    addresses = _allowed(resource.RLIMIT_AS, ENOUGH_BYTES)
    if addresses is not None and addresses < FEWEST_BYTES:
        needed, limit = FEWEST_BYTES >> 20, 2 * FEWEST_BYTES >> 10
        return Phrase("too_little_memory", n=addresses >> 20, needed=needed, limit=limit)
    return None


def _allowed(limit: int, enough: int) -> int | None:
    """Raise a limit to `enough`, as far as the system allows, and return the new limit; None for no limit."""
    import resource

    allowed, most = resource.getrlimit(limit)
    if allowed == resource.RLIM_INFINITY or allowed >= enough:
        return None
    allowed = enough if most == resource.RLIM_INFINITY else min(most, enough)
    resource.setrlimit(limit, (allowed, most))
    return allowed


def quiet_libraries() -> None:
    """Print log messages of libraries as one line, once: asyncio and aiohttp log a traceback for each connection."""
    root = logging.getLogger()
    if not any(isinstance(handler, _OneLine) for handler in root.handlers):
        root.addHandler(_OneLine(logging.WARNING))
        threading.excepthook = _thread_failed
        sys.unraisablehook = _not_raised


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """Report why a library's thread ended, in place of Python's traceback."""
    error = failure.exc_value
    if error is not None and len(_reported) < _MOST_LINES:
        say_once(shortage(error) or Phrase("thread_ended", error=f"{type(error).__name__}: {error}"))


def _not_raised(failure: sys.UnraisableHookArgs) -> None:
    """Let Python report an unraisable error, unless it follows from a shortage already reported: a half-built loop."""
    if not _shortage_reported():
        sys.__unraisablehook__(failure)


def _shortage_reported() -> bool:
    return not _reported.isdisjoint({FILES, MEMORY, THREADS})


class _OneLine(logging.Handler):
    """Prints the first line of a message, or the shortage if there is one; prints nothing in a parse process."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        if os.getpid() != self._process:
            return
        error = record.exc_info[1] if record.exc_info else None
        if error and _shortage_reported():
            return  # it follows from the shortage: a server that accepts again after it was closed
        words = (error and shortage(error)) or record.getMessage().partition("\n")[0]
        if len(_reported) < _MOST_LINES:
            say_once(words)


def say_once(words: str) -> None:
    """Write a line to stderr, but only the first time."""
    if words not in _reported:
        _reported.add(words)
        console.error(words)


def shortage(error: BaseException) -> str | None:
    """Return a message with the exhausted resource and the remedy, from an error or its cause; None for others."""
    for link in _links(error):
        if isinstance(link, MemoryError) or (isinstance(link, OSError) and link.errno == errno.ENOMEM):
            return MEMORY
        if isinstance(link, OSError) and link.errno in {errno.EMFILE, errno.ENFILE}:
            return FILES
        if (isinstance(link, RuntimeError) and "can't start new thread" in str(link)) or (
            isinstance(link, BlockingIOError) and sys.platform != "win32"  # of fork(2)
        ):
            return THREADS
    return None


def _links(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, the members of an error group, and their causes."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        left += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            left += link.exceptions
