"""What the user typed, and what the shop is asked."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from crawler.errors import UsageError

__all__ = ["MAX_QUERY_LENGTH", "checked_query", "mainland_wording", "script_of", "simplified"]

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


def simplified(text: str) -> str:
    """Return `text` in Simplified Chinese, the script of the catalogue (OpenCC's `t2s`, character by character).

    Taiwan's words stay words of Taiwan: 人工智慧 does not become 人工智能.
    """
    return _converter("t2s").convert(text)


def mainland_wording(query: str) -> str | None:
    """Return `query` in the mainland's words, in Simplified Chinese, where it holds words of Taiwan; else None.

    By OpenCC's `tw2sp`: 人工智慧 gives 人工智能, 程式設計 gives 编程. 著 is left alone: as a part of 著名 or 著作 it is
    no word of Taiwan, and `tw2sp` would harm it.
    """
    in_words, in_script = (
        "著".join(_converter(way).convert(part) for part in query.split("著")) for way in ("tw2sp", "tw2s")
    )
    return in_words if in_words != in_script else None


def script_of(query: str) -> str | None:
    """Return what `query` is written in: «zh-Hant», «zh-Hans», or None without a Chinese character.

    Words that look the same in both scripts are Traditional when they are words of Taiwan (人工智慧), else Simplified,
    the shop's own.
    """
    if not any("\u3400" <= char <= "\u9fff" or char >= "\U00020000" for char in query):
        return None
    traditional = simplified(query) != query or mainland_wording(query) is not None
    return "zh-Hant" if traditional else "zh-Hans"


@cache
def _converter(way: str) -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC(way)
    return converter
