"""Limit the time of a block: `asyncio.timeout`, in a third of its CPU time, which every request needs."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

__all__ = ["time_limit"]


class time_limit:  # noqa: N801 – used like a function
    """Cancel the enclosed block of a task after `seconds`, and raise TimeoutError then.

    A cancellation from elsewhere goes on, even if the time is up as well. Use an instance once.
    """

    __slots__ = ("_cancelled_before", "_is_over", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a task")
        self._task = task
        self._cancelled_before = task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, self._seconds), self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if (
            self._is_over
            and self._task.uncancel() <= self._cancelled_before
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()
