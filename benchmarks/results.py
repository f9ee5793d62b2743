"""Format the results as Markdown: targets and figures first, then the details of every section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.arithmetic import Spread

__all__ = ["Row", "Section", "figure", "markdown", "spread_cells", "table"]

LEGEND = (
    "`÷` divides figures of the same round; shown are the median of all rounds, the least and the greatest."
)


@dataclass(frozen=True)
class Row:
    """A figure with a target."""

    work: str
    against: str
    measured: Spread
    bound: float
    at_least: bool
    unit: str = ""
    """Suffix of the figures, with its space."""
    void: str = ""
    """The reason why the figure does not count: a contender that missed something."""

    @property
    def met(self) -> bool:
        """True if the median is within the bound."""
        median = self.measured.median
        return not self.void and (median >= self.bound if self.at_least else median <= self.bound)

    def cells(self) -> tuple[str, ...]:
        """Return the cells for the table of targets."""
        sign = "≥" if self.at_least else "≤"
        return (
            self.work,
            self.against,
            f"{sign} {self.bound:g}{self.unit}",
            f"**{figure(self.measured.median)}**{self.unit}",
            f"{figure(self.measured.least)} … {figure(self.measured.greatest)}",
            "yes" if self.met else f"**no**: {self.void}" if self.void else "**no**",
        )


@dataclass
class Section:
    """A part of the results."""

    title: str
    text: str
    rows: list[Row] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """Tables and pictures, as Markdown."""


def figure(number: float) -> str:
    """Format a number with its significant digits only."""
    return (
        f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"
    )


def spread_cells(figures: Sequence[float]) -> tuple[str, str]:
    """Return two cells: the median, and the lowest and the highest figure."""
    spread = Spread.of(figures)
    return figure(spread.median), f"{figure(spread.least)} … {figure(spread.greatest)}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; columns after the first are aligned to the right if their heading ends in a blank."""
    lines = [
        f"| {' | '.join(cell.strip() for cell in header)} |",
        f"|{'|'.join('--:' if cell.endswith(' ') else '---' for cell in header)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines)


def markdown(machine: Sequence[tuple[str, str]], notes: str, sections: Sequence[Section]) -> str:
    """Return the whole document."""
    rows = [row for section in sections for row in section.rows]
    parts = [
        "# Benchmark results",
        "Written by `python -m benchmarks`; [benchmarks](README.md) says how it measures. Do not edit.",
        table(("", ""), machine),
        notes,
        "## Wanted and measured",
        f"{sum(row.met for row in rows)} of {len(rows)} targets are met. {LEGEND}",
        table(("Work", "Compared", "Wanted", "Measured ", "Spread ", "Met"), (row.cells() for row in rows)),
    ]
    for section in sections:
        parts += [f"## {section.title}", section.text, *section.parts]
    return "\n\n".join(parts) + "\n"
