"""What the system lets a process have: files, memory, threads. Where it does not suffice, that is said in one line."""

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
"""Files that a search, its parse processes and the embedded shop have open at once: at least, and with the highest
numbers of workers and of pages on their way. With fewer, libraries fail where nothing can be made of it: in the middle
of an import, or of a loop that is being closed."""

FEWEST_BYTES = ENOUGH_BYTES = 768 << 20
"""Addresses that a search takes, of which threads reserve far more than they use; with fewer the same happens."""

FILES = Phrase("files_ran_out")
MEMORY = Phrase("memory_ran_out")
THREADS = Phrase("threads_ran_out")

_MOST_LINES = 10
"""Lines of libraries that are said."""

_said: set[str] = set()


def too_little() -> str | None:
    """Raise the limits that this process may raise; return a message where the system still allows too little."""
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
    """Raise a limit to `enough`, as far as the system allows, and return it; None for no limit."""
    import resource

    allowed, most = resource.getrlimit(limit)
    if allowed == resource.RLIM_INFINITY or allowed >= enough:
        return None
    allowed = enough if most == resource.RLIM_INFINITY else min(most, enough)
    resource.setrlimit(limit, (allowed, most))
    return allowed


def quiet_libraries() -> None:
    """Let what libraries log be a line, and once: asyncio and aiohttp print a traceback for each connection."""
    root = logging.getLogger()
    if not any(isinstance(handler, _OneLine) for handler in root.handlers):
        root.addHandler(_OneLine(logging.WARNING))
        threading.excepthook = _thread_failed
        sys.unraisablehook = _not_raised


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """Say why a thread of a library ended, as Python does in a traceback."""
    error = failure.exc_value
    if error is not None and len(_said) < _MOST_LINES:
        say_once(shortage(error) or Phrase("thread_ended", error=f"{type(error).__name__}: {error}"))


def _not_raised(failure: sys.UnraisableHookArgs) -> None:
    """Let Python say what could not be raised, unless it follows from a shortage that was said: loops half made."""
    if _said.isdisjoint({FILES, MEMORY, THREADS}):
        sys.__unraisablehook__(failure)


class _OneLine(logging.Handler):
    """Says the first line of a message, or what ran out where something did; in a parse process nothing."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        if os.getpid() != self._process:
            return
        error = record.exc_info[1] if record.exc_info else None
        words = (error and shortage(error)) or record.getMessage().partition("\n")[0]
        if len(_said) < _MOST_LINES:
            say_once(words)


def say_once(words: str) -> None:
    """Write a line to stderr unless it was written before."""
    if words not in _said:
        _said.add(words)
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
    """Yield an error, those in a group of errors, and those that it came from."""
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
