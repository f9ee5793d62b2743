"""Histories of products as values, for the reports that show prices over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crawler.history.reading import SearchSummary
from crawler.history.view_models import SearchPast
from crawler.prices.observation import Observation
from crawler.prices.price_periods import ProductPast, product_past

SHOP = "https://search.dangdang.com"
START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)

Price = str | Decimal | None


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number)


def seen(number: float, price: Price, list_price: Price = None, **over: Any) -> Observation:
    """Return the observation of a day, counted from 0; `over` sets fields of the observation."""
    values = {"product_id": "29220317", "title": "三体"} | over
    return Observation(
        at=day(number),
        price=None if price is None else Decimal(price),
        list_price=None if list_price is None else Decimal(list_price),
        **values,
    )


def daily(*stretches: tuple[int, Price], start: int = 0, **over: Any) -> list[Observation]:
    """Return one observation for each day: each pair is a number of days and their price; «-» means sold out."""
    prices = [price for number, price in stretches for _ in range(number)]
    return [
        seen(start + at, "9" if price == "-" else price, **{"sold_out": price == "-"} | over)
        for at, price in enumerate(prices)
    ]


def a_product(past: Sequence[Observation]) -> SearchPast:
    """Return the view of one product."""
    return SearchPast(SHOP, None, None, 1, (product_past(past),))


def a_search(*pasts: Sequence[Observation], found: int | None = None, **over: Any) -> SearchPast:
    """Return the view of a search that found these products, out of `found` in all."""
    products: tuple[ProductPast, ...] = tuple(map(product_past, pasts))
    moments = [seen.at for past in pasts for seen in past] or [START]
    number = sum(map(len, pasts))
    found = len(products) if found is None else found
    values: dict[str, Any] = {"source": SHOP, "query": "三体"} | over
    search = SearchSummary(
        values["source"], values["query"], len(set(moments)), found, number, min(moments), max(moments)
    )
    return SearchPast(values["source"], values["query"], search, found, products)


RAISED = daily((60, "50"), (9, "60"), (1, "50"))
"""The price is raised on day 60 and cut on day 69."""
