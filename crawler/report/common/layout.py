"""How the tables for terminals and text files are laid out: Chinese aligned and folded, colour only on demand."""

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
"""Columns of a table that is no terminal's."""

MIN_WIDTH = 40
"""Columns below which nothing can be laid out; a narrower terminal wraps the lines itself."""

_LABEL_WIDTH = 24
"""Most columns of the labels before facts and of the page numbers before failures."""

_CHINESE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"

_PIECE = re.compile(
    rf"[“‘（【「『《]*(?:[\d,.]+ )?(?:[{_CHINESE}]|[^\s{_CHINESE}]+)[，。；：、！？）】」』》”’]*\s*"
)
"""What a line may be broken after: a Chinese character with its number and punctuation, or a word of another script."""

_TORN = re.compile(r" …(?=  |\x1b|$)", re.MULTILINE)
"""How rich cuts a text where a Chinese character is half in: half a column of nothing, then the ellipsis."""

_LINK_ID = re.compile(r"(?<=\x1b]8;)id=[^;]*")
"""What rich numbers a link with; the number would differ from one report of a result to the next."""


def text_console(output: io.StringIO, width: int | None, *, color: bool) -> Console:
    """Return a console that writes to `output`, `width` columns wide, those of a file without.

    Nothing is markup: a title with «[red]» in it shows «[red]».
    """
    from rich.console import Console

    return Console(
        file=output, width=max(width or FILE_WIDTH, MIN_WIDTH), height=100, force_terminal=color,
        no_color=not color, color_system="standard" if color else None, legacy_windows=False, markup=False,
        emoji=False, highlight=False, _environ={},  # COLUMNS, NO_COLOR and the like were the caller's to read
    )  # fmt: skip


def finished(output: io.StringIO) -> str:
    """Return what was written, without blanks at the ends of lines, the same every time."""
    return "".join(f"{line.rstrip()}\n" for line in _LINK_ID.sub("", output.getvalue()).splitlines())


def print_table(console: Console, table: Table) -> None:
    """Print a table; where a Chinese character was cut in half, the ellipsis stands close."""
    with console.capture() as capture:
        console.print(table)
    console.file.write(_TORN.sub("… ", capture.get()))


def folded(text: str, width: int) -> str:
    """Return `text` in lines of at most `width` columns; rich would break Chinese at spaces alone."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def pairs(facts: tuple[tuple[str, str], ...], width: int) -> Table:
    """Return facts, each beside its label, in `width` columns."""
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
    """Return a table without frames, as wide as there is room unless `expand` is false."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD, expand=expand, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False,
        header_style="bold",
    )  # fmt: skip
