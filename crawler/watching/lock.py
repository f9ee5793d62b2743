"""Allow one round of watches at a time for each history, so that each event is detected once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.errors import HistoryError

__all__ = ["alone", "is_running"]

_POLL_SECONDS = 0.2


@contextmanager
def alone(history: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock on the history's watches for the block; yield False if another process holds it.

    With `wait`, wait for it. The system releases the lock when its process ends, for whatever reason. Raises
    HistoryError if the lock file, beside the history, cannot be created.
    """
    from filelock import FileLock, Timeout

    file = _file(history)
    if file.is_symlink():
        raise HistoryError(f"the lock file {file} is a link; move it away")
    lock = FileLock(file, timeout=-1 if wait else 0)
    try:
        lock.acquire(poll_interval=_POLL_SECONDS)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise HistoryError(f"{file} cannot be created: {error.strerror or error}") from error
    try:
        yield True
    finally:
        lock.release()


def is_running(history: Path) -> bool:
    """Return True if a round of watches is running; create no lock file if there never was one."""
    if not _file(history).exists():
        return False
    with alone(history, wait=False) as free:
        return not free


def _file(history: Path) -> Path:
    return history.with_name(f"{history.name}.watch-lock")
