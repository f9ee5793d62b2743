"""Texts within a `repr`: on one line, of bounded length."""

from __future__ import annotations

__all__ = ["count_of", "plain", "quoted"]

MAX_LENGTH = 60
"""Characters of a text."""


def quoted(text: str) -> str:
    """Return a text quoted, cut where it is too long."""
    return repr(text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…")


def plain(text: str) -> str:
    """Return the same without the quotes."""
    return quoted(text)[1:-1]


def count_of(number: int, noun: str) -> str:
    """Return «1 book», «2 books»."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
