"""Wrap the text of `--help` to the terminal's width, keeping each list entry and example on a line of its own."""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Iterator

__all__ = ["HelpFormatter"]

_LISTED = re.compile(r"( +)(\S.*?)(?:( {2,})(\S.*))?")
"""An indented line: a term and, after two or more spaces, its meaning."""

_STEP = 4
"""Indentation of a meaning that does not fit beside its term."""


class HelpFormatter(argparse.HelpFormatter):
    """Wrap each paragraph of a description; an indented line is a list entry, wrapped below its own text."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _filled(text, width - len(indent)))


def _filled(text: str, width: int) -> Iterator[str]:
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line and not line.startswith(" "):
            paragraph.append(line)
            continue
        yield from _wrapped(" ".join(paragraph), width)
        paragraph.clear()
        yield from _entry(line, width) if line else [""]


def _entry(line: str, width: int) -> Iterator[str]:
    match = _LISTED.fullmatch(line.rstrip())
    if match is None or match[4] is None or _columns(line) <= width:
        # Without a meaning, it is a command to copy, which must stay on one line.
        yield line.rstrip()
        return
    indent, term, gap, meaning = match.groups()
    start = _columns(indent + term + gap)
    if start <= width // 2:
        first, *rest = _wrapped(meaning, width - start)
        yield f"{indent}{term}{gap}{first}"
        yield from (" " * start + more for more in rest)
        return
    yield indent + term
    start = len(indent) + _STEP
    yield from (" " * start + more for more in _wrapped(meaning, width - start))


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and _columns(line) + 1 + _columns(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    if line:
        yield line


def _columns(text: str) -> int:
    """Return the width of a text on a terminal, in columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
