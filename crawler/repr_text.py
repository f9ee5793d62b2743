"""Format texts for a `repr`: one line, limited length."""

from __future__ import annotations

__all__ = ["count_of", "plain", "quoted"]

MAX_LENGTH = 60
"""Maximum length in characters."""


def quoted(text: str) -> str:
    """Return a text in quotes, shortened if it is too long."""
    return repr(text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…")


def plain(text: str) -> str:
    """Return a text without quotes, shortened if it is too long."""
    return quoted(text)[1:-1]


def count_of(number: int, noun: str) -> str:
    """Format a count with its noun: «1 book», «2 books»."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
