"""Prices over time for a terminal or a text file, laid out as rich `Text`, never as rich markup."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from crawler.clean import clean
from crawler.history.view_models import Overview
from crawler.report.common.layout import bare_table, finished, pairs, print_table, text_console
from crawler.report.common.wording import UNKNOWN
from crawler.report.history.wording import (
    against_median,
    change,
    day,
    head_of,
    lowest,
    median,
    overview_head,
    period_price,
    price_now,
    product_address,
    product_facts,
    remarks,
    source_name,
    title_of,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from crawler.history.view_models import SearchPast, View
    from crawler.labels import Labels
    from crawler.prices.price_periods import ProductPast
    from crawler.report.history import HistoryStyle

__all__ = ["render"]

MOST_PERIODS = 200
"""The maximum number of changes of one product's price to list, the newest."""

_PRODUCT_COLUMNS = (
    # label, minimum width of a table that shows it
    ("rank", 60), ("past_now", 0), ("past_against", 0), ("past_median", 90), ("past_lowest", 70), ("past_change", 80),
    ("past_since", 130), ("product", 100), ("title", 0),
)  # fmt: skip

_DROPPED_COLUMNS = (("reason", 0), ("past_now", 0), ("product", 100), ("title", 0))


def render(view: View, style: HistoryStyle) -> str:
    """Return the view as lines of at most `style.width` terminal columns.

    Only with `style.color` does the text contain escape codes: colours, and links to the products' pages (OSC 8).
    """
    output = io.StringIO()
    console = text_console(output, style.width, color=style.color)
    say = style.labels(view)
    if isinstance(view, Overview):
        _print_overview(console, view, say)
    elif view.search is None:
        _print_product(console, view, view.products[0], say)
    else:
        _print_search(console, view, say)
    return finished(output)


def _print_overview(console: Console, view: Overview, say: Labels) -> None:
    from rich.text import Text

    console.print(pairs(tuple(overview_head(view, say)), console.width))
    console.print()
    if not view.searches:
        console.print(Text(say("past_no_search")))
        return
    table = bare_table()
    _column(table, say("shop"), max_width=console.width // 3)
    _column(table, say("query"), ratio=1)
    for name in ("past_runs", "past_products", "past_observations"):
        _column(table, say(name), justify="right")
    for name in ("past_first_run", "past_last_run"):
        if console.width >= 100 or name == "past_last_run":
            _column(table, say(name))
    for search in view.searches:
        cells = [
            source_name(search.source, say), clean(search.query), f"{search.runs:,}", f"{search.products:,}",
            f"{search.observations:,}", day(search.first_run, say), day(search.last_run, say),
        ]  # fmt: skip
        if console.width < 100:
            del cells[5]
        table.add_row(*map(Text, cells))
    print_table(console, table)


def _print_search(console: Console, view: SearchPast, say: Labels) -> None:
    console.print(pairs(tuple(head_of(view, say)), console.width))
    if view.products:
        console.print()
        _print_products(console, view, say)
    if view.dropped_products:
        console.print()
        _print_dropped(console, view, say)


def _print_products(console: Console, view: SearchPast, say: Labels) -> None:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    columns = [name for name, width in _PRODUCT_COLUMNS if console.width >= width]
    table = bare_table()
    for name in columns:
        _column(
            table,
            say(name),
            justify="left" if name in {"title", "past_lowest", "past_since", "product"} else "right",
            style={"past_now": "bold green", "rank": "dim", "product": "dim"}.get(name, ""),
            ratio=1 if name == "title" else None,
        )
    for place, product in enumerate(view.products, 1):
        note = Text(" · ".join(remarks(view, product, say)), style="dim", no_wrap=False, overflow="fold")
        title = _title(view, product)
        cells: dict[str, RenderableType] = {
            "rank": Text(str(place)),
            "past_now": Text(price_now(product, say)),
            "past_against": Text(against_median(product)),
            "past_median": Text(median(product, say)),
            "past_lowest": Text(lowest(product, say)),
            "past_change": Text(change(product, say)),
            "past_since": Text(day(product.history.since, say)),
            "product": Text(clean(product.last.product_id)),
            "title": Group(title, Padding(note, (0, 0, 0, 2))) if note else title,
        }
        table.add_row(*(cells[name] for name in columns))
    print_table(console, table)
    if left := view.kept - len(view.products):
        console.print(Text(say("past_more", n=left, all=view.kept)))


def _print_dropped(console: Console, view: SearchPast, say: Labels) -> None:
    from rich.text import Text

    table = bare_table()
    table.title, table.title_justify = say("dropped"), "left"
    names = [name for name, width in _DROPPED_COLUMNS if console.width >= width]
    for name in names:
        _column(
            table,
            say(name),
            justify="right" if name == "past_now" else "left",
            max_width=console.width // 3 if name == "reason" else None,
            ratio=1 if name == "title" else None,
        )
    for product in view.dropped_products:
        cells = {
            "reason": Text(say.reason(product.dropped or "")),
            "past_now": Text(price_now(product, say)),
            "product": Text(clean(product.last.product_id)),
            "title": _title(view, product),
        }
        table.add_row(*(cells[name] for name in names))
    print_table(console, table)
    number = sum(view.dropped.values())
    if left := number - len(view.dropped_products):
        console.print(Text(say("past_more", n=left, all=number)))


def _print_product(console: Console, view: SearchPast, product: ProductPast, say: Labels) -> None:
    from rich.text import Text

    title = _title(view, product)
    title.stylize("bold")
    console.print(title, soft_wrap=True)
    facts = [
        (say("product"), clean(product.last.product_id)),
        *head_of(view, say),
        (say("past_now"), price_now(product, say)),
        *product_facts(product, say),
        *((say("note"), words) for words in remarks(view, product, say)),
    ]
    console.print(pairs(tuple(facts), console.width))
    console.print()
    table = bare_table(expand=False)
    for name in ("past_from", "past_until"):
        _column(table, say(name))
    for name in ("price", "list_price", "past_observations"):
        _column(table, say(name), justify="right")
    _column(table, "")
    for period in product.periods[-MOST_PERIODS:]:
        listed = UNKNOWN if period.list_price is None else say.money(period.list_price)
        cells = [
            day(period.since, say), day(period.until, say), period_price(period, say), listed,
            f"{period.observations:,}", say("past_gap") if period.after_gap else "",
        ]  # fmt: skip
        table.add_row(*map(Text, cells))
    print_table(console, table)
    if (left := len(product.periods) - MOST_PERIODS) > 0:
        console.print(Text(say("past_changes_more", n=left)))


def _column(
    table: Table,
    heading: str,
    *,
    justify: Literal["left", "right"] = "left",
    style: str = "",
    ratio: int | None = None,
    max_width: int | None = None,
) -> None:
    table.add_column(
        heading, justify=justify, style=style, no_wrap=True, overflow="ellipsis", ratio=ratio, max_width=max_width
    )  # fmt: skip


def _title(view: SearchPast, product: ProductPast) -> Text:
    from rich.style import Style
    from rich.text import Text

    title = Text(title_of(product))
    if link := product_address(view.source, product.last.product_id):
        title.stylize(Style(link=link))
    return title
