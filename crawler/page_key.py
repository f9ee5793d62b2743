"""Which page of a search is meant: a page of the list that was asked for, or one of the same list in price order."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PageKey"]


class PageKey(NamedTuple):
    """A page of one of a search's two lists; sorted, those of the search's own list come first."""

    price_order: bool
    """A page of the shop's list in price order, read beside the other to prove which book is cheapest."""
    number: int
    """From 1."""
