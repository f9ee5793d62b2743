"""The table for a terminal or a text file: aligned Chinese, colour only on demand.

Everything is laid out as rich `Text`, never as rich markup: a title with «[red]» in it shows «[red]».
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawler.clean import clean
from crawler.report.common.layout import (
    FILE_WIDTH,
    bare_table,
    finished,
    folded,
    pairs,
    print_table,
    text_console,
)
from crawler.report.common.wording import against_median
from crawler.report.search.head import head_of, tail_of
from crawler.report.search.history_wording import remark
from crawler.report.search.wording import (
    FRONTIER,
    credited,
    discount,
    list_price,
    month,
    note,
    offer_price,
    price,
    product_link,
    quality,
    rating,
    value,
    volume_price,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.report.search import Style
    from crawler.report.search.head import Head
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["FILE_WIDTH", "render"]

_ALARM_STYLE = "bold red"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the list."""

    name: str
    """The name of its label; '' for a column without a heading."""
    cell: Callable[[Book, Labels], str]
    from_width: int = 0
    """The minimum width of a table that has room for it, plus the width of each optional column."""
    max_width: int | None = None
    """The maximum width in cells; None for a column whose content must not be cut."""
    justify: Literal["left", "right"] = "left"
    style: str = ""
    rank: str | None = None
    """The ranking whose sort key it shows: present in that ranking, in place of another column of its name, else
    absent."""


_COLUMNS = (
    _Column("rank", lambda book, _: str(book.rank), justify="right", style="dim"),
    _Column("", lambda book, _: FRONTIER if book.frontier else "", style="bold yellow"),
    _Column("price", price, justify="right", style="bold green"),
    _Column(
        "volume_price", volume_price, justify="right", style="bold green", rank="per-volume",
    ),
    _Column("list_price", list_price, from_width=140, justify="right"),
    _Column("off", discount, from_width=60, justify="right"),
    _Column("past_against", lambda book, _: against_median(book.history), justify="right"),
    _Column("title", lambda book, _: clean(book.listing.title)),
    _Column("author", lambda book, say: clean(say("comma").join(book.authors)), from_width=80, max_width=12),
    _Column("publisher", lambda book, _: clean(book.publisher or ""), from_width=110, max_width=18),
    _Column("date", lambda book, _: month(book), from_width=120),
    _Column("rating", lambda book, _: rating(book), from_width=70, justify="right"),
    _Column("quality", lambda book, _: quality(book), from_width=90, justify="right"),
    _Column(
        "quality", lambda book, _: quality(book, "best"), justify="right", style="bold green", rank="best"
    ),
    _Column("value_score", lambda book, _: value(book), justify="right", style="bold green", rank="value"),
    _Column("product", lambda book, _: clean(book.listing.product_id), from_width=160, max_width=12),
)  # fmt: skip
"""Price and rating are numbers and never cut; the title takes the remaining room."""


_EXTRA_WIDTH = 10
"""Terminal columns for each optional column."""


def render(result: SearchResult, style: Style) -> str:
    """Return head and list as lines of at most `style.width` terminal columns; only an answer may be longer.

    Only with `style.color` does the text contain escape codes: colours, and on answers and titles the links to the
    products' pages (OSC 8). Without them, an answer's line ends with the address.
    """
    output = io.StringIO()
    console = text_console(output, style.width, color=style.color)
    say = style.labels(result)
    _print_head(console, head_of(result, say), say, linked=style.color)
    if result.books:
        console.print()
        print_table(console, _list(result, style.top, console.width, say))
        if tail := tail_of(result, style.top, say):
            console.print(tail)
    if style.show_dropped and result.dropped:
        console.print()
        print_table(console, _dropped(result, console.width, say))
    return finished(output)


def _print_head(console: Console, head: Head, say: Labels, *, linked: bool) -> None:
    from rich.style import Style as RichStyle
    from rich.text import Text

    # Complete on one line each, for `head -1`; a terminal wraps it between any two characters, as Chinese is wrapped.
    for answer in (*head.answers, *head.cheaper):
        line = Text(answer.text, style=RichStyle(bold=True, link=answer.link if linked else None))
        if answer.link and not linked:
            line.append(f" {answer.link}")
        console.print(line, soft_wrap=True)
    for alarm in head.alarms:
        console.print()
        words = folded(say("alarm", name=alarm.name, text=alarm.text), console.width)
        console.print(Text(words, style=_ALARM_STYLE))
        if alarm.details:
            console.print(pairs(alarm.details, console.width))
    console.print()
    console.print(pairs(head.facts, console.width))


def _list(result: SearchResult, top: int | None, width: int, say: Labels) -> Table:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    books = result.books[:top]
    columns = _columns(result.rank, width, has_past=any(book.history is not None for book in books))
    people = _people if width >= _ROOM_FOR_PEOPLE else lambda *_: ""
    table = bare_table()
    for column in columns:
        table.add_column(
            say(column.name) if column.name else "", justify=column.justify, style=column.style, no_wrap=True,
            overflow="ellipsis", max_width=column.max_width, ratio=1 if column.name == "title" else None,
        )  # fmt: skip
    for book in books:
        cells: dict[str, RenderableType] = {column.name: Text(column.cell(book, say)) for column in columns}
        title = _title(result, book.listing)
        # The lines below the title are folded, not cut, because they end with a price.
        below = [
            Padding(Text(words, style="dim", no_wrap=False, overflow="fold"), (0, 0, 0, 2))
            for words in (" · ".join(filter(None, (note(book, say), remark(book, say)))), people(book, say))
            if words
        ]
        cells["title"] = Group(title, *below) if below else title
        table.add_row(*cells.values())
    return table


_ROOM_FOR_PEOPLE = 100
"""The minimum width of a table that lists contributors besides the authors."""


def _people(book: Book, say: Labels) -> str:
    return clean(credited(book, say))


def _columns(rank: str, width: int, *, has_past: bool) -> list[_Column]:
    """Return the columns of a list of `width`, always with the one that shows the sort key."""
    ordering = [column for column in _COLUMNS if column.rank == rank]
    names = {column.name for column in ordering}
    wanted = [
        column
        for column in _COLUMNS
        if column in ordering
        or (not column.rank and column.name not in names and (has_past or column.name != "past_against"))
    ]
    extra = [column for column in wanted if column in ordering or column.name == "past_against"]
    room = width - _EXTRA_WIDTH * len(extra)
    return [column for column in wanted if column in extra or room >= column.from_width]


def _dropped(result: SearchResult, width: int, say: Labels) -> Table:
    from rich.text import Text

    table = bare_table()
    table.title, table.title_justify = say("dropped"), "left"
    names = ("reason", "price", "title", "place") if width >= 60 else ("reason", "price", "title")
    for name in names:
        table.add_column(
            say(name), no_wrap=True, overflow="ellipsis", justify="right" if name == "price" else "left",
            max_width=width // 3 if name == "reason" else None, ratio=1 if name == "title" else None,
        )  # fmt: skip
    for reason, listing in result.dropped:
        cells = {
            "reason": Text(say.reason(reason)),
            "price": Text(offer_price(listing, say)),
            "title": _title(result, listing),
            "place": Text(say("place_words", page=listing.page, position=listing.position)),
        }
        table.add_row(*(cells[name] for name in names))
    return table


def _title(result: SearchResult, listing: Listing) -> Text:
    from rich.style import Style as RichStyle
    from rich.text import Text

    title = Text(clean(listing.title))
    if link := product_link(result, listing):
        title.stylize(RichStyle(link=link))
    return title
