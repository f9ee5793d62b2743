"""The table for a terminal or a text file: Chinese aligned, colour only on demand.

Everything is laid out as rich `Text`, never as rich markup: a title with «[red]» in it shows «[red]».
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawler.report.clean import clean
from crawler.report.head import head_of, tail_of
from crawler.report.wording import list_price, month, note, off, product_link, rating, yuan

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from crawler.report.head import Head
    from crawler.results import Book, SearchResult

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
    cell: Callable[[Book], str]
    from_width: int = 0
    """Least width of a table that has room for it."""
    max_width: int | None = None
    """Cells; None for a column whose content must not be cut."""
    justify: Literal["left", "right"] = "left"
    style: str = ""


_COLUMNS = (
    _Column("#", lambda book: str(book.rank), justify="right", style="dim"),
    _Column("Price", lambda book: yuan(book.price), justify="right", style="bold green"),
    _Column("List", list_price, from_width=120, justify="right"),
    _Column("Off", off, from_width=60, justify="right"),
    _Column("Title", lambda book: clean(book.listing.title)),
    _Column("Author", lambda book: clean(", ".join(book.listing.authors)), from_width=70, max_width=12),
    _Column("Publisher", lambda book: clean(book.listing.publisher or ""), from_width=100, max_width=14),
    _Column("Date", month, from_width=120),
    _Column("Rating", rating, from_width=70, justify="right"),
    _Column("Product", lambda book: clean(book.listing.product_id), from_width=140, max_width=12),
)
"""Price and rating are figures and never cut; the title takes what room is left."""


def render(
    result: SearchResult, *, top: int | None = None, width: int = FILE_WIDTH, color: bool = False
) -> str:
    """Return head and list as lines of at most `width` terminal columns; only an answer may be longer.

    `top` is how many books are listed, None for all. Escape codes are in the text only with `color`: colours, and
    on each title the link to the product's page (OSC 8).
    """
    from rich.console import Console

    output = io.StringIO()
    console = Console(
        file=output, width=max(width, MIN_WIDTH), height=100, force_terminal=color, no_color=not color,
        color_system="standard" if color else None, legacy_windows=False, markup=False, emoji=False,
        highlight=False, _environ={},  # COLUMNS, NO_COLOR and the like were the caller's to read
    )  # fmt: skip
    _print_head(console, head_of(result))
    if result.books:
        console.print()
        console.print(_list(result, top, console.width))
        if tail := tail_of(result, top):
            console.print(tail)
    return "".join(f"{line.rstrip()}\n" for line in _LINK_ID.sub("", output.getvalue()).splitlines())


def _print_head(console: Console, head: Head) -> None:
    from rich.text import Text

    # Whole on one line, for `head -1`; a terminal wraps it between any two characters, as Chinese is wrapped.
    for answer in filter(None, (head.answer, head.second)):
        console.print(Text(answer.text, style="bold"), soft_wrap=True)
        if answer.link:
            console.print(Text(answer.link, style="dim"), soft_wrap=True)
    for alarm in head.alarms:
        console.print()
        console.print(Text(f"{alarm.name}: {alarm.text}", style=_ALARM_STYLE))
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


def _list(result: SearchResult, top: int | None, width: int) -> Table:
    from rich import box
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    columns = [column for column in _COLUMNS if width >= column.from_width]
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        is_title = column.name == "Title"
        table.add_column(
            column.name, justify=column.justify, style=column.style, no_wrap=True, overflow="ellipsis",
            max_width=column.max_width, ratio=1 if is_title else None,
        )  # fmt: skip
    for book in result.books[:top]:
        cells = {column.name: Text(column.cell(book)) for column in columns}
        if link := product_link(result, book):
            cells["Title"].stylize(Style(link=link))
        if special := note(book):
            cells["Title"].append(f"\n  {special}", style="dim")
        table.add_row(*cells.values())
    return table
