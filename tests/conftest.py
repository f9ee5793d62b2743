"""What the tests of every part share: the demo shop, served over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from crawler.demo.server import DemoShop


@pytest.fixture
async def shop() -> AsyncIterator[DemoShop]:
    """Serve a demo shop without faults in the test's own loop."""
    async with DemoShop() as shop:
        yield shop
