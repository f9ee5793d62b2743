"""Books out of listings, without any I/O.

`selection` takes each product once; `identity` makes one book of the listings of the same book, `offers` says what is
known of it; `topic` and `filters` tell what does not belong; `quality` and `ranking` put the rest in order.
`note` collects what a buyer must know besides the price. `pipeline` is the whole way.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DROP_REASONS", "FILTERS", "KEEPABLE", "LASTING_REASONS"]

KEEPABLE: Final = ("ebook", "sold_out", "no_price", "accessory", "off_topic")
"""Reasons for which a product is dropped unless `keep` names them, in the order in which they are asked."""

LASTING_REASONS: Final = ("ebook", "accessory", "off_topic")
"""Those that say what a product is. The others may be gone tomorrow: it is on sale again, its price can be read."""

FILTERS = ("condition", "max_volume_price", "publisher", "author", "since", "min_reviews")
"""Filters, by the name of their option, in the order in which they are asked."""

DROP_REASONS = (*KEEPABLE, *FILTERS)
"""Every reason for which a product is dropped; of several that apply, the first is given."""
