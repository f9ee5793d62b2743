"""What the user typed, and what the shop is asked."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from crawler.errors import UsageError

__all__ = ["MAX_QUERY_LENGTH", "checked_query", "simplified"]

MAX_QUERY_LENGTH = 100
"""Characters; our own bound, far above any title that a person types."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


def checked_query(query: str) -> str:
    """Return `query` with its white space folded.

    Raises UsageError for one that is empty, too long, or no text: control characters, halves of a character.
    """
    folded = " ".join(query.split())
    if not folded:
        raise UsageError("the query is empty: say what to search for")
    if len(folded) > MAX_QUERY_LENGTH:
        raise UsageError(f"the query has {len(folded)} characters: {MAX_QUERY_LENGTH} at most are sent")
    if not folded.isprintable():
        bad = next(c for c in folded if not c.isprintable())
        raise UsageError(f"the query holds U+{ord(bad):04X}, which is no readable character: type it anew")
    return folded


def simplified(query: str) -> str:
    """Return `query` in Simplified Chinese, the script of the catalogue (OpenCC's `t2s`, character by character).

    Taiwan's words stay words of Taiwan: 人工智慧 does not become 人工智能.
    """
    return _t2s().convert(query)


@cache
def _t2s() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("t2s")
    return converter
