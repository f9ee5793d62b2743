"""The time limit of a block: what `asyncio.timeout` promises."""

from __future__ import annotations

import asyncio
import time

import pytest

from crawler.download.time_limit import time_limit


@pytest.mark.parametrize("seconds", [0.001, 0.0, -1.0])
async def test_a_block_over_its_time_ends_with_timeout_error(seconds: float) -> None:
    """The task itself is not left cancelled, so that it can go on."""
    with pytest.raises(TimeoutError) as caught, time_limit(seconds):
        await asyncio.Event().wait()
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_limit_has_no_effect_after_its_block() -> None:
    """Its timer is gone, however short its time was."""
    with time_limit(0.0):
        pass
    with pytest.raises(KeyError), time_limit(0.0):
        raise KeyError
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_cancellation_from_elsewhere_goes_on() -> None:
    """It ends the task, not only the block."""

    async def work() -> None:
        with time_limit(60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_cancellation_counts_even_if_the_time_is_up_as_well() -> None:
    """Both come in the same turn of the loop, which is busy until both timers are due."""
    loop = asyncio.get_running_loop()

    async def work() -> None:
        loop.call_later(0.001, task.cancel)
        with time_limit(0.001):
            loop.call_soon(time.sleep, 0.005)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_limits_may_be_nested() -> None:
    """The outer one ends the outer block."""

    async def inner() -> None:
        with pytest.raises(asyncio.CancelledError), time_limit(60.0):
            await asyncio.Event().wait()
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError), time_limit(0.0):
        await inner()
