"""Build books from listings, without any I/O.

`selection` keeps one listing per product; `identity` groups the listings of the same book, and `offers` collects what
they say about it; `topic` and `filters` find what does not belong; `quality` and `ranking` order the rest. `note`
collects what a buyer must know besides the price. `pipeline` runs all these steps.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DROP_REASONS", "FILTERS", "KEEPABLE", "LASTING_REASONS"]

KEEPABLE: Final = ("ebook", "sold_out", "no_price", "accessory", "off_topic")
"""Reasons for which a product is dropped unless `keep` names them, in the order in which they are checked."""

LASTING_REASONS: Final = ("ebook", "accessory", "off_topic")
"""Reasons that concern what a product is. The others may not apply tomorrow: it may be on sale again with a price."""

FILTERS = ("condition", "max_volume_price", "publisher", "author", "since", "min_reviews")
"""Filters by the name of their option, in the order in which they are applied."""

DROP_REASONS = (*KEEPABLE, *FILTERS)
"""Every reason for which a product is dropped; if several apply, the first counts."""
