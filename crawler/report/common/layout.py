"""Lay out tables for terminals and text files: align and fold Chinese; colour only on demand."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "FILE_WIDTH",
    "MIN_WIDTH",
    "bare_table",
    "finished",
    "folded",
    "pairs",
    "print_table",
    "text_console",
]

FILE_WIDTH = 120
"""The number of columns of a table that goes to a file."""

MIN_WIDTH = 40
"""The minimum number of columns of a layout; a narrower terminal wraps the lines itself."""

_LABEL_WIDTH = 24
"""The maximum number of columns for the labels of facts and the page numbers of failures."""

_CHINESE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"

_PIECE = re.compile(
    rf"[“‘（【「『《]*(?:[\d,.]+ )?(?:[{_CHINESE}]|[^\s{_CHINESE}]+)[，。；：、！？）】」』》”’]*\s*"
)
"""Text that a line may break after: a Chinese character with its number and marks, or a word of another script."""

_TORN = re.compile(r" …(?=  |\x1b|$)", re.MULTILINE)
"""The place where rich cut a Chinese character in half: one column of blank, then the ellipsis."""

_LINK_ID = re.compile(r"(?<=\x1b]8;)id=[^;]*")
"""The number that rich gives a link; it would make two reports of one result differ."""


def text_console(output: io.StringIO, width: int | None, *, color: bool) -> Console:
    """Return a console that writes to `output`, `width` columns wide, or as wide as a file's table.

    It interprets no markup: a title with «[red]» in it shows «[red]».
    """
    from rich.console import Console

    return Console(
        file=output, width=max(width or FILE_WIDTH, MIN_WIDTH), height=100, force_terminal=color,
        no_color=not color, color_system="standard" if color else None, legacy_windows=False, markup=False,
        emoji=False, highlight=False, _environ={},  # COLUMNS, NO_COLOR and so on are the caller's business
    )  # fmt: skip


def finished(output: io.StringIO) -> str:
    """Return the text that was written, without blanks at the ends of lines, the same every time."""
    return "".join(f"{line.rstrip()}\n" for line in _LINK_ID.sub("", output.getvalue()).splitlines())


def print_table(console: Console, table: Table) -> None:
    """Print a table; move the ellipsis up where rich cut a Chinese character in half."""
    with console.capture() as capture:
        console.print(table)
    console.file.write(_TORN.sub("… ", capture.get()))


def folded(text: str, width: int) -> str:
    """Fold `text` into lines of at most `width` columns; rich would break Chinese only at spaces."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def pairs(facts: tuple[tuple[str, str], ...], width: int) -> Table:
    """Return a table of facts, each beside its label, in `width` columns."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(max_width=_LABEL_WIDTH, overflow="fold")
    grid.add_column(overflow="fold")
    rest = width - min(max(cell_len(label) for label, _ in facts), _LABEL_WIDTH) - 2
    for label, words in facts:
        grid.add_row(Text(folded(label, _LABEL_WIDTH), style="dim"), Text(folded(words, rest)))
    return grid


def bare_table(*, expand: bool = True) -> Table:
    """Return a table without borders; it takes all the room unless `expand` is false."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD, expand=expand, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False,
        header_style="bold",
    )  # fmt: skip
