"""Recognize listings that match the search's topic: shops fill their result pages with other goods."""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.query import mainland_wording, simplified
from parsers.model import Listing
from parsers.text import nfkc

__all__ = ["Topic", "topic_of"]

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_WORD = re.compile(r"[^\W_](?:[^\W_]|[+#.'&-](?=[^\W_]))*[+#]*")
_NUMBER = re.compile(r"[\d\s.x-]{8,}")
"""An ISBN or a product number: the shop finds the book by it but does not show it on the page."""


class Topic:
    """The query as pieces; a listing is on topic if it contains one of them.

    The pieces are every two adjacent Chinese characters of the query, in Simplified Chinese and half width; a single
    character if it has no neighbour; and each word in other letters.
    """

    def __init__(self, *queries: str, simplified: Callable[[str], str] = lambda text: text) -> None:
        """Take the pieces of all `queries`, which are wordings of one query; `simplified` converts to Simplified."""
        self._simplified = simplified
        pieces, words = set[str](), set[str]()
        for query in queries:
            text = _plain(query)
            if _NUMBER.fullmatch(text):
                continue
            for run in _HAN.findall(text):
                pieces.update({run[at : at + 2] for at in range(len(run) - 1)} or {run})
            words.update(word for part in _HAN.split(text) for word in _WORD.findall(part))
        # A single letter must not match inside a word: C is in «C 语言», not in «Cisco».
        alone = {word for word in words if len(word) == 1}
        pieces |= words - alone
        patterns = [re.escape(piece) for piece in sorted(pieces)]
        patterns += [rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9+#])" for word in sorted(alone)]
        self._pieces = re.compile("|".join(patterns)) if patterns else None

    def covers(self, listing: Listing) -> bool:
        """Return True if a listing is on topic: the shop highlighted words of it, or its text contains a piece.

        The text is title, subtitle, authors, publisher and description, in either script. A query without pieces (an
        ISBN, or only punctuation) has no topic: then every listing is on topic.
        """
        if listing.highlighted or self._pieces is None:
            return True
        words = (
            listing.title, listing.subtitle, listing.contributors_text, listing.publisher or "", listing.description,
        )  # fmt: skip
        if any(self._pieces.search(text.casefold()) for text in words):
            return True
        text = _plain("\n".join(words))
        return (
            self._pieces.search(text) is not None or self._pieces.search(self._simplified(text)) is not None
        )


def topic_of(query: str, query_sent: str) -> Topic:
    """Return the topic of a search, including the mainland's wording of a query in Taiwan's words."""
    return Topic(*filter(None, (query_sent, mainland_wording(query))), simplified=simplified)


def _plain(text: str) -> str:
    return nfkc(text).casefold()
