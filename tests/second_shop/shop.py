"""An invented shop that shares nothing with Dangdang: other markup, page size, currency, numbers and encoding."""

from __future__ import annotations

from parsers.shop import Shop

SHOP = Shop(
    name="folio",
    title="Folio Books",
    titles={"zh-Hans": "对开书店"},
    base_url="https://find.folio.example",
    hosts=("folio.example",),
    page_size=5,
    max_pages=4,
    module="tests.second_shop",
    currency="EUR",
    query_script=None,
    sorts=frozenset({"default", "price"}),
    price_filter=False,
)
