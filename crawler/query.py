"""Check a query, and convert it to the wording that the shop gets."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, Protocol, Self

from crawler.errors import UsageError

__all__ = [
    "MAX_QUERY_LENGTH",
    "Query",
    "has_one_script",
    "in_script",
    "mainland_wording",
    "script_of",
    "simplified",
    "traditional",
]

MAX_QUERY_LENGTH = 100
"""Maximum length in characters; our own limit, far above any title that a person types."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


class Query(str):
    """The words of a search, checked when they are typed: one that exists need not be checked again.

    Raises UsageError if it is empty, too long, or contains control characters or lone surrogates. Elsewhere it is an
    ordinary `str` with its white space folded; `str(query)` is a plain one, for encoders.
    """

    __slots__ = ()

    def __new__(cls, typed: str) -> Self:
        """Fold white space and check the text; a query is returned as it is."""
        return typed if isinstance(typed, cls) else super().__new__(cls, _checked(typed))


def _checked(typed: str) -> str:
    folded = " ".join(typed.split())
    if not folded:
        raise UsageError("the query is empty; give the words to search for")
    if len(folded) > MAX_QUERY_LENGTH:
        raise UsageError(f"the query has {len(folded)} characters; the limit is {MAX_QUERY_LENGTH}")
    if not folded.isprintable():
        bad = next(c for c in folded if not c.isprintable())
        raise UsageError(
            f"the query contains U+{ord(bad):04X}, which is not a readable character; type it again"
        )
    return folded


def simplified(text: str) -> str:
    """Convert `text` to Simplified Chinese, the script of the catalogue (OpenCC's `t2s`, character by character).

    Taiwan's words stay: 人工智慧 does not become 人工智能.
    """
    return _converter("t2s").convert(text)


def traditional(text: str) -> str:
    """Convert `text` to Traditional Chinese (OpenCC's `s2t`)."""
    return _converter("s2t").convert(text)


def in_script(text: str, script: Literal["zh-Hans", "zh-Hant"] | None) -> str:
    """Return `text` in a script of Chinese; as it is for None."""
    if script is None:
        return text
    return simplified(text) if script == "zh-Hans" else traditional(text)


_ALSO_MAINLAND = re.compile("(著|程序|文件|核心|行程|影片|物件|支援|(?<!人工)智慧)")
"""Words that `tw2sp` would change, but that also exist on the mainland with a meaning of their own."""

_TAIWAN_ALONE = re.compile(
    "人工智慧|(?<![流工公方编过])程式|演算法|滑鼠|硬碟|光碟|(?<![定单部方])位元(?![件素])|字串|巨集|部落格"
)
"""Taiwan's words whose characters are the same in both scripts."""


def mainland_wording(query: str) -> str | None:
    """Return `query` in the mainland's words, in Simplified Chinese; None if it contains no words of Taiwan.

    OpenCC's `tw2sp` makes the change: 人工智慧 gives 人工智能, 程式設計 gives 编程. Keep words that the mainland also
    uses (程序, 著). A query in Simplified characters has no words of Taiwan, and one that looks the same in both
    scripts only those of a short list: the mainland also says 智慧城市.
    """
    if simplified(query) == query and not _TAIWAN_ALONE.search(query):
        return None
    if traditional(query) != query and simplified(query) == query:
        return None
    # Keep every second part: the words that both regions use.
    parts = _ALSO_MAINLAND.split(query)
    in_words, in_script = (
        "".join(
            simplified(part) if at % 2 else _converter(way).convert(part) for at, part in enumerate(parts)
        )
        for way in ("tw2sp", "tw2s")
    )
    return in_words if in_words != in_script else None


def script_of(query: str) -> str | None:
    """Return the script of `query`: «zh-Hant», «zh-Hans», or None without a Chinese character.

    Words that look the same in both scripts count as Traditional if they are Taiwan's (人工智慧), otherwise as
    Simplified, the shop's own script.
    """
    if not any("\u3400" <= char <= "\u9fff" or char >= "\U00020000" for char in query):
        return None
    traditional = simplified(query) != query or mainland_wording(query) is not None
    return "zh-Hant" if traditional else "zh-Hans"


def has_one_script(query: str) -> bool:
    """Return True if the characters of `query` occur in only one of the two scripts."""
    return simplified(query) != query or _converter("s2t").convert(query) != query


@cache
def _converter(way: str) -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC(way)
    return converter
