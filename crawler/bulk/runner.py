"""Crawl the targets of some shards in one event loop.

asyncio.run(run_shards([0, 4], options, control, report), loop_factory=loop_factory())   # as Python 3.12 has it
run_in_new_loop([0, 4], options, control, report)                                        # the same, in every Python
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from crawler.bulk.control import Control
from crawler.bulk.model import BulkOptions, ShardProgress

__all__ = ["loop_factory", "run_in_new_loop", "run_shards"]


def run_in_new_loop(
    shards: Sequence[int],
    options: BulkOptions,
    control: Control,
    report: Callable[[ShardProgress], None],
) -> None:
    """Run `run_shards` in an event loop of its own, that of uvloop if it is installed; the body of a shard process."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run_shards(shards, options, control, report))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop if the extra `speed` is installed; None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def run_shards(
    shards: Sequence[int],
    options: BulkOptions,
    control: Control,
    report: Callable[[ShardProgress], None],
) -> None:
    """Crawl the targets of `shards`, whose stores exist in `options.out`, until `control` ends it.

    Begin by cutting the output files of each shard to their committed lengths. Call `report` for each shard about twice
    a second, and at the end, from the loop's thread. A shard is `idle` when its store has no pending target and nothing
    is in flight; other shards may still hand targets over to it.

    Raises OutputError, in one line, if results cannot be saved, as on a full disk: what was committed before is safe,
    and the rest is still pending.
    """
    raise NotImplementedError
