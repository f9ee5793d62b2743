"""The key of a page: its number, and whether it belongs to the search's own list or to the list in price order."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PageKey"]


class PageKey(NamedTuple):
    """A page of one of a search's two lists; pages of the search's own list sort first."""

    price_order: bool
    """True for a page of the shop's list in price order, which is read to prove which book is cheapest."""
    number: int
    """Counted from 1."""
