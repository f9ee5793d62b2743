"""The facts about Dangdang that the crawler needs before it has seen a page."""

from __future__ import annotations

from parsers.shop import Shop

__all__ = ["SHOP"]

SHOP = Shop(
    name="dangdang",
    title="Dangdang 当当网",
    titles={"zh-Hans": "当当网", "zh-Hant": "當當網"},
    base_url="https://search.dangdang.com",
    hosts=("dangdang.com",),
    page_size=60,
    max_pages=100,
    module="parsers.dangdang",
    currency="CNY",
    query_script="zh-Hans",
    sorts=frozenset({"default", "sales", "rating", "newest", "price"}),
    price_filter=True,
)
