"""Dangdang (当当网): its addresses and pages. Its name, hosts and limits are in `shop.py`.

`search_url` builds addresses and imports nothing large, but `parse_search_page` imports selectolax, so both are
imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parsers.dangdang.search_page import parse_search_page
    from parsers.dangdang.urls import search_url

__all__ = ["parse_search_page", "search_url"]

_HOMES = {"parse_search_page": "search_page", "search_url": "urls"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
