"""Make many books at once, for reports that need more than one."""

from __future__ import annotations

from typing import Any

from parsers.model import Listing
from tests.factories import make_listing


def make_books(count: int, **over: Any) -> list[Listing]:
    """Return listings of `count` different books, numbered from 1 by product id and position."""
    return [
        make_listing(**{"product_id": str(n), "title": f"{chr(0x4E00 + n)}书", "position": n} | over)
        for n in range(1, count + 1)
    ]
