"""An executor that starts nothing: for searches about verdicts and books, where a parse process proves nothing more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class InlineExecutor(Executor):
    """Run each call at once, in the thread that submits it."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(call(*arguments, **options))
        except Exception as error:  # noqa: BLE001 – the future has it, as a pool's would
            future.set_exception(error)
        return future


INLINE = InlineExecutor()
