"""Prices over time as JSON, with stable names. See docs/history.md."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.history.view_models import Overview
from crawler.json_text import escape_controls
from crawler.report.history.wording import relative

if TYPE_CHECKING:
    from crawler.history.reading import SearchSummary
    from crawler.history.view_models import View
    from crawler.prices.price_history import RaisedThenCut
    from crawler.prices.price_periods import PricePeriod, ProductPast
    from crawler.report.history import HistoryStyle

__all__ = ["as_dict", "money", "render", "utc"]


def render(view: View, style: HistoryStyle) -> str:  # noqa: ARG001 – every format takes a style
    """Return the view as indented JSON with a final newline; Chinese stays readable."""
    import msgspec

    # Numbers keep the digits of the Decimals: 12.50 stays 12.50, while the json module would need a float.
    encoder = msgspec.json.Encoder(decimal_format="number")
    data = msgspec.json.format(encoder.encode(as_dict(view)), indent=2)
    return escape_controls(data).decode() + "\n"


def as_dict(view: View) -> dict[str, Any]:
    """Return the view as plain values: prices as Decimal with two digits, times as «2026-01-31T08:00:00Z»."""
    if isinstance(view, Overview):
        return {
            "file": str(view.path),
            "bytes": view.size.main,
            "log_bytes": view.size.log,
            "products": view.products,
            "observations": sum(search.observations for search in view.searches),
            "searches": [_search(search) for search in view.searches],
        }
    if view.search is None:
        product = view.products[0]
        return {
            "source": view.source,
            "product": _product(product) | {"spells": [_period(period) for period in product.periods]},
        }
    search = _search(view.search)
    return {
        "source": search.pop("source"),
        "query": view.query,
        "query_sent": search.pop("query"),
        "found": view.found,
        "counts": {"kept": view.kept, "dropped": dict(view.dropped), "unjudged": view.unjudged},
        **{key: search[key] for key in ("runs", "observations", "first_run", "last_run")},
        "products": [_product(product) for product in view.products],
        "dropped": [{"reason": product.dropped} | _product(product) for product in view.dropped_products],
    }


def money(amount: Decimal | None) -> Decimal | None:
    """Return an amount with two digits."""
    return None if amount is None else amount.quantize(Decimal("0.01"))


def utc(moment: dt.datetime) -> str:
    """Return a moment as «2026-01-31T08:00:00Z»."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _search(search: SearchSummary) -> dict[str, Any]:
    return {
        "source": search.source,
        "query": search.query,
        "runs": search.runs,
        "products": search.products,
        "observations": search.observations,
        "first_run": utc(search.first_run),
        "last_run": utc(search.last_run),
    }


def _product(product: ProductPast) -> dict[str, Any]:
    last, past = product.last, product.history
    return {
        "product_id": last.product_id,
        "title": last.title,
        "price": money(past.price),
        "list_price": money(last.list_price),
        "sold_out": last.sold_out,
        "seller": last.seller,
        "last_seen": utc(past.last_at),
        "in_last_run": product.in_last_run,
        "since": utc(past.since),
        "observations": product.observations,
        "days": past.days,
        "few": past.sparse,
        "lowest": money(past.lowest),
        "lowest_at": None if past.lowest_at is None else utc(past.lowest_at),
        "median_90_days": money(past.median),
        "relative": relative(product),
        "previous": money(past.previous),
        "previous_at": None if past.previous_at is None else utc(past.previous_at),
        "change": money(past.change),
        "lowest_in_days": past.lowest_in_days,
        "raised_then_cut": None if past.raised_then_cut is None else _raised(past.raised_then_cut),
    }


def _raised(raised: RaisedThenCut) -> dict[str, Any]:
    return {
        "kind": raised.kind.value,
        "before": money(raised.before),
        "raised_to": money(raised.raised_to),
        "raised_at": utc(raised.raised_at),
        "now": money(raised.now),
        "usual_price": money(raised.usual_price),
    }


def _period(period: PricePeriod) -> dict[str, Any]:
    return {
        "from": utc(period.since),
        "to": utc(period.until),
        "price": money(period.available_price),
        "list_price": money(period.list_price),
        "sold_out": period.sold_out,
        "observations": period.observations,
        "after_gap": period.after_gap,
    }
