"""Run tasks in simulated time: the clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

HOST = "shop.example"


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer as soon as it is idle."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("every task waits for something that never comes")
        if not ready and timeout is not None and timeout > 0:
            self.loop.now += timeout
        return ready


def simulate(main: Callable[[Callable[[], float]], Coroutine[None, None, T]]) -> T:
    """Run `main(clock)` to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main(runner.get_loop().time))
