"""The table for a terminal or a text file: Chinese aligned, colour only on demand.

Everything is laid out as rich `Text`, never as rich markup: a title with «[red]» in it shows «[red]».
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawler.books.offers import price_of
from crawler.report.clean import clean
from crawler.report.head import head_of, tail_of
from crawler.report.wording import (
    FRONTIER, UNKNOWN, list_price, month, note, off, price, product_link, quality, rating, volume_price, yuan,
)  # fmt: skip

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from crawler.labels import Labels
    from crawler.report import Style
    from crawler.report.head import Head
    from crawler.results import Book, SearchResult
    from parsers.model import Listing

__all__ = ["FILE_WIDTH", "render"]

FILE_WIDTH = 120
"""Columns of a table that is no terminal's."""

MIN_WIDTH = 40
"""Columns below which nothing can be laid out; a narrower terminal wraps the lines itself."""

_ALARM_STYLE = "bold red"

_LINK_ID = re.compile(r"(?<=\x1b]8;)id=[^;]*")
"""What rich numbers a link with; the number would differ from one report of a result to the next."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the list."""

    name: str
    """Name of its label; '' for a column without a heading."""
    cell: Callable[[Book], str]
    from_width: int = 0
    """Least width of a table that has room for it."""
    max_width: int | None = None
    """Cells; None for a column whose content must not be cut."""
    justify: Literal["left", "right"] = "left"
    style: str = ""
    rank: str | None = None
    """The ranking that it belongs to; None for all."""


_COLUMNS = (
    _Column("rank", lambda book: str(book.rank), justify="right", style="dim"),
    _Column("", lambda book: FRONTIER if book.frontier else "", style="bold yellow"),
    _Column("price", price, justify="right", style="bold green"),
    _Column("volume_price", volume_price, justify="right", style="bold green", rank="per-volume"),
    _Column("list_price", list_price, from_width=120, justify="right"),
    _Column("off", off, from_width=60, justify="right"),
    _Column("title", lambda book: clean(book.listing.title)),
    _Column("author", lambda book: clean(", ".join(book.authors)), from_width=80, max_width=12),
    _Column("publisher", lambda book: clean(book.publisher or ""), from_width=110, max_width=14),
    _Column("date", month, from_width=120),
    _Column("rating", rating, from_width=70, justify="right"),
    _Column("quality", quality, from_width=90, justify="right"),
    _Column("product", lambda book: clean(book.listing.product_id), from_width=140, max_width=12),
)
"""Price and rating are figures and never cut; the title takes what room is left."""


def render(result: SearchResult, style: Style) -> str:
    """Return head and list as lines of at most `style.width` terminal columns; only an answer may be longer.

    Escape codes are in the text only with `style.color`: colours, and on answers and titles the links to the products'
    pages (OSC 8); without them the address of an answer ends its line.
    """
    from rich.console import Console

    output, color = io.StringIO(), style.color
    console = Console(
        file=output, width=max(style.width or FILE_WIDTH, MIN_WIDTH), height=100, force_terminal=color,
        no_color=not color, color_system="standard" if color else None, legacy_windows=False, markup=False,
        emoji=False, highlight=False, _environ={},  # COLUMNS, NO_COLOR and the like were the caller's to read
    )  # fmt: skip
    say = style.labels(result)
    _print_head(console, head_of(result, say), say, linked=color)
    if result.books:
        console.print()
        console.print(_list(result, style.top, console.width, say))
        if tail := tail_of(result, style.top, say):
            console.print(tail)
    if style.show_dropped and result.dropped:
        console.print()
        console.print(_dropped(result, say))
    return "".join(f"{line.rstrip()}\n" for line in _LINK_ID.sub("", output.getvalue()).splitlines())


def _print_head(console: Console, head: Head, say: Labels, *, linked: bool) -> None:
    from rich.style import Style as RichStyle
    from rich.text import Text

    # Whole on one line each, for `head -1`; a terminal wraps it between any two characters, as Chinese is wrapped.
    for answer in filter(None, (*head.answers, head.second)):
        line = Text(answer.text, style=RichStyle(bold=True, link=answer.link if linked else None))
        if answer.link and not linked:
            line.append(f" {answer.link}")
        console.print(line, soft_wrap=True)
    for alarm in head.alarms:
        console.print()
        console.print(Text(say("alarm", name=alarm.name, text=alarm.text), style=_ALARM_STYLE))
        if alarm.details:
            console.print(_pairs(alarm.details))
    console.print()
    console.print(_pairs(head.facts))


def _pairs(pairs: tuple[tuple[str, str], ...]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(max_width=24)
    grid.add_column(overflow="fold")
    for label, words in pairs:
        grid.add_row(Text(label, style="dim"), Text(words))
    return grid


def _bare_table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False, header_style="bold")


def _list(result: SearchResult, top: int | None, width: int, say: Labels) -> Table:
    from rich.text import Text

    columns = [
        column
        for column in _COLUMNS
        if width >= column.from_width and column.rank in {None, result.rank}
    ]
    table = _bare_table()
    for column in columns:
        table.add_column(
            say(column.name) if column.name else "", justify=column.justify, style=column.style, no_wrap=True,
            overflow="ellipsis", max_width=column.max_width, ratio=1 if column.name == "title" else None,
        )  # fmt: skip
    for book in result.books[:top]:
        cells = {column.name: Text(column.cell(book)) for column in columns}
        cells["title"] = _title(result, book.listing)
        if special := note(book, say):
            cells["title"].append(f"\n  {special}", style="dim")
        table.add_row(*cells.values())
    return table


def _dropped(result: SearchResult, say: Labels) -> Table:
    from rich.text import Text

    table = _bare_table()
    table.title, table.title_justify = say("dropped"), "left"
    for name in ("reason", "price", "title", "place"):
        table.add_column(
            say(name), no_wrap=True, overflow="ellipsis", justify="right" if name == "price" else "left",
            ratio=1 if name == "title" else None,
        )  # fmt: skip
    for reason, listing in result.dropped:
        amount = price_of(listing)
        place = say("place_words", page=listing.page, position=listing.position)
        table.add_row(
            Text(say.reason(reason)), Text(UNKNOWN if amount is None else yuan(amount)), _title(result, listing),
            Text(place),
        )  # fmt: skip
    return table


def _title(result: SearchResult, listing: Listing) -> Text:
    from rich.style import Style as RichStyle
    from rich.text import Text

    title = Text(clean(listing.title))
    if link := product_link(result, listing):
        title.stylize(RichStyle(link=link))
    return title
