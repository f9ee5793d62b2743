"""Filter books by what all their offers say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from crawler.books import offers
from crawler.books.offers import Offers, is_used, price_of
from parsers.text import nfkc

__all__ = ["Filters"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that a book must meet; None means no condition. Missing information does not meet a condition."""

    condition: str = "any"
    """«new» or «used» for only such copies, «any» for both."""
    max_volume_price: Decimal | None = None
    """Highest price per volume, in yuan. A set that does not state its volumes must not exceed it in total."""
    publisher: str | None = None
    """Part of the publisher's name, in Simplified Chinese; case and width are ignored."""
    author: str | None = None
    """Part of the name, or original name, of any contributor (author, translator …), in Simplified Chinese."""
    since: int | None = None
    """Earliest year of publication."""
    min_reviews: int | None = None
    """Minimum number of reviews."""
    simplified: Callable[[str], str] = field(default=str, compare=False)
    """Converts text to Simplified Chinese: listings name people in either script."""

    def reason(self, book: Offers) -> str | None:
        """Return the name of the first filter that rejects the book; None if it passes all."""
        # Used copies are never grouped with new ones, so the first offer stands for all.
        if self.condition != "any" and is_used(book[0]) != (self.condition == "used"):
            return "condition"
        if self.max_volume_price is not None and not self._is_cheap_enough(book, self.max_volume_price):
            return "max_volume_price"
        if self.publisher is not None and not _names(
            [offer.publisher or "" for offer in book], self.publisher
        ):
            return "publisher"
        if self.author is not None and not self._names_author(book, self.author):
            return "author"
        if self.since is not None:
            day = offers.published(book)
            if day is None or day.year < self.since:
                return "since"
        if self.min_reviews is not None and (offers.most_reviewed(book).reviews or 0) < self.min_reviews:
            return "min_reviews"
        return None

    def _names_author(self, book: Offers, wanted: str) -> bool:
        texts = [offer.contributors_text for offer in book]
        return _names(texts, wanted) or _names([self.simplified(text) for text in texts], wanted)

    @staticmethod
    def _is_cheap_enough(book: Offers, limit: Decimal) -> bool:
        price, volumes = price_of(book[0]), book[0].volumes
        return price is not None and price <= limit * (volumes or 1)


def _names(texts: list[str], wanted: str) -> bool:
    return any(_plain(wanted) in _plain(text) for text in texts)


def _plain(text: str) -> str:
    """Return `text` in lower case and half width, without spaces and dots: «J.K.罗琳» matches «J·K·罗琳»."""
    folded = nfkc(text).casefold()
    return "".join(char for char in folded if char not in " ·・.•‧")
