"""Ranking leaves the event loop to others, and a finished search leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from decimal import Decimal, localcontext
from typing import Any

import pytest

from crawler import (
    Crawler,
    SearchFinished,
    SearchResult,
    Settings,
)
from crawler.books.pipeline import BookList, build_books
from crawler.demo.server import DemoShop
from crawler.search.background import Background
from tests.engine.test_search import QUERY, search


async def test_a_search_that_nobody_holds_is_freed_at_once(shop: DemoShop) -> None:
    """Its listings do not wait for the garbage collector, which would stop the loop to find them."""
    result: weakref.ref[SearchResult] | None = None
    async with Crawler(Settings(pages=2, base_url=shop.base_url)) as crawler:
        gc.collect()
        gc.disable()
        try:
            async for event in crawler.search(QUERY):
                if isinstance(event, SearchFinished):
                    result = weakref.ref(event.result)
            del event
            assert result is not None
            assert result() is None
        finally:
            gc.enable()


class CountingThreads:
    """Notes the thread of each call of `build_books`."""

    def __init__(self) -> None:
        self.threads: list[bool] = []

    def __call__(self, *arguments: Any, **options: Any) -> BookList:
        self.threads.append(threading.current_thread() is threading.main_thread())
        return build_books(*arguments, **options)


@pytest.mark.parametrize(("pages", "in_loop"), [(2, True), (10, False)])
async def test_many_books_are_ranked_outside_the_loop(
    shop: DemoShop, monkeypatch: pytest.MonkeyPatch, pages: int, in_loop: bool
) -> None:
    """A thread takes over where ranking takes long; a few books are ranked faster than a thread gets them."""
    counting = CountingThreads()
    monkeypatch.setattr("crawler.books.pipeline.build_books", counting)
    result = await search(shop, pages=pages)
    assert result.counts.books
    assert counting.threads == [in_loop]


async def test_computations_run_one_at_a_time_and_one_each_turn() -> None:
    """Ten short ones due at once leave the loop free in between, and two long ones never run side by side."""
    background, turns, running, most = Background(), [0], [0], [0]

    def short() -> int:
        return turns[0]

    def long() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.01)  # gives the others the chance to run
        running[0] -= 1

    async def count() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())

    async def start() -> int:
        await background.turn()
        return turns[0]

    try:
        seen = await asyncio.gather(*(background.run(short, listings=10) for _ in range(10)))
        started = await asyncio.gather(*(start() for _ in range(10)))
    finally:
        counter.cancel()
    assert len(set(seen)) == len(set(started)) == 10
    await asyncio.gather(*(background.run(long, listings=10_000) for _ in range(3)))
    assert most == [1]
    background.close()


async def test_a_computation_that_raises_costs_itself_alone() -> None:
    """Whether in the loop or in the thread, the error reaches its caller, and the next one has its turn."""
    background = Background()
    for listings in (10, 10_000):
        with pytest.raises(ZeroDivisionError):
            await background.run(lambda: 1 // 0, listings=listings)
        assert await background.run(lambda: 1, listings=listings) == 1
    background.close()


async def test_ranking_has_the_decimal_context_of_its_caller() -> None:
    """The precision of amounts does not depend on where they are computed."""
    background = Background()
    with localcontext(prec=3):
        values = [
            await background.run(lambda: Decimal(1) / 3, listings=listings) for listings in (10, 10_000)
        ]
    background.close()
    assert values == [Decimal("0.333")] * 2
