"""Prices over time as CSV: one row for each search, product, or period of one product. See docs/history.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.clean import clean
from crawler.report.common.formulas import escape_formula
from crawler.report.history.json_report import as_dict

if TYPE_CHECKING:
    from crawler.history.view_models import View
    from crawler.report.history import HistoryStyle

__all__ = ["PERIOD_COLUMNS", "PRODUCT_COLUMNS", "SEARCH_COLUMNS", "render"]

SEARCH_COLUMNS = ("source", "query", "runs", "products", "observations", "first_run", "last_run")
"""The header of the list of searches in the file."""

PRODUCT_COLUMNS = (
    "product_id", "title", "price", "list_price", "sold_out", "seller", "last_seen", "in_last_run", "since",
    "observations", "days", "few", "lowest", "lowest_at", "median_90_days", "relative", "previous", "previous_at",
    "change", "lowest_in_days", "raised_kind", "raised_before", "raised_to", "raised_at", "raised_usual_price",
    "source", "query", "dropped",
)  # fmt: skip
"""The header of a search's products. Names are those of the JSON, with the fields of `raised_then_cut` in the same row.
`dropped` is the reason for which the search's report dropped a product; such rows follow the others, on demand."""

PERIOD_COLUMNS = (
    "product_id", "title", "from", "to", "price", "list_price", "sold_out", "observations", "after_gap", "source",
)  # fmt: skip
"""The header of one product's periods."""


def render(view: View, style: HistoryStyle) -> str:  # noqa: ARG001 – every format takes a style
    """Return header and rows with CRLF line ends; the text is cleaned and cannot become a formula."""
    values = as_dict(view)
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    columns: tuple[str, ...]
    if "searches" in values:
        columns, rows = SEARCH_COLUMNS, iter(values["searches"])
    elif "product" in values:
        columns, rows = PERIOD_COLUMNS, _periods(values)
    else:
        columns, rows = PRODUCT_COLUMNS, _products(values)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return output.getvalue()


def _products(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for product in (*values["products"], *values["dropped"]):
        raised = product["raised_then_cut"] or {}
        yield {
            **product,
            "raised_kind": raised.get("kind"),
            "raised_before": raised.get("before"),
            "raised_to": raised.get("raised_to"),
            "raised_at": raised.get("raised_at"),
            "raised_usual_price": raised.get("usual_price"),
            "source": values["source"],
            "query": values["query"],
            "dropped": product.get("reason"),
        }


def _periods(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    product = values["product"]
    for period in product["spells"]:
        yield {
            "product_id": product["product_id"],
            "title": product["title"],
            **period,
            "source": values["source"],
        }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else escape_formula(clean(str(value)))
