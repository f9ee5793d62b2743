"""The searched words: they appear in titles, and the shop highlights them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Topic", "topic_of"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A query as the shop understands it."""

    query: str
    """With white space folded."""
    name: str
    """The words joined to one name, as used in most titles."""
    words: tuple[str, ...]
    marked: re.Pattern[str]
    """Matches each searched word, regardless of case."""

    def is_in(self, text: str) -> bool:
        """Return True if `text` contains a searched word."""
        return self.marked.search(text) is not None


@lru_cache(maxsize=64)
def topic_of(query: str) -> Topic:
    """Return the topic of `query`. Raises ValueError for one without a word."""
    words = tuple(dict.fromkeys(query.split()))
    if not words:
        raise ValueError("the query has no word")
    # Longest first: if one word contains another, the whole longer one is highlighted.
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    name = re.sub(r"(?<![ -~]) | (?![ -~])", "", " ".join(words))  # a space only between two Latin words
    return Topic(" ".join(words), name, words, re.compile(pattern, re.IGNORECASE))
