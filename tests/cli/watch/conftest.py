"""The shop and the configuration for tests of `watch`, and the alerts in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.watching.scripted_shop import ScriptedShop, scripted_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        yield served


def configured(folder: Path, text: str = '[[watch]]\nquery = "三体"\n') -> tuple[str, ...]:
    (folder / "books.toml").write_text(text, encoding="utf-8")
    return "watch", "--config", "books.toml"


def told(text: str) -> list[str]:
    """Return the lines of a message that describe an alert."""
    return [line for line in text.splitlines() if "¥" in line and "种讲法" in line]
