"""Read items in the shop's usual markup without a tree.

`parsers.dangdang.item_pattern` defines that markup; the tree is used for every other item. A test compares the two
on whole and on mutated pages.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import NamedTuple

from parsers.dangdang.author_block import AuthorBlock, AuthorTexts, fullest, is_date, trimmed
from parsers.dangdang.item import (
    PRODUCT_LINK,
    SELF_OPERATED,
    Item,
    absolute,
    opens_product,
    star_width,
    stars,
)
from parsers.dangdang.item_pattern import TAG
from parsers.dangdang.urls import PRODUCT_URL
from parsers.names import is_unknown
from parsers.text import MAX_TEXT, fold

__all__ = ["DoubtError", "PlainItem"]

_PRODUCT_LINK = PRODUCT_URL.removeprefix("https:")
"""The link of almost every picture; the pattern for all links takes four times as long."""
_USUAL_LENGTH = 300
"""Limit on the characters of date and publisher in an author block whose texts are remembered."""
_CERTAIN = re.compile(
    "[^&]*(?:&(?:(?:amp|lt|gt|quot|nbsp|yen|middot|hellip|mdash|ldquo|rdquo|#3[2-9]|#[4-9][0-9]|#1[67][0-9]);"
    "|(?![A-Za-z#]))[^&]*)*"
)
"""Text whose character references mean the same in text, in attributes, and to `html.unescape`."""


class DoubtError(Exception):
    """Raised if an item matches the pattern, but only a tree can settle one of its fields."""


class PlainItem(Item):
    """An item read from the groups of a match; methods raise DoubtError if the groups do not settle a field."""

    def __init__(self, match: re.Match[str]) -> None:
        """Take the match of one of the patterns of `item_pattern`."""
        self._group = match  # a dictionary of its groups takes longer than reading those that matter
        self.product_id = self._group["id"][1:-1].removeprefix("p")
        self.clipped = False

    @property
    def is_product(self) -> bool:
        """True, because the pattern requires an id."""
        return True

    @property
    def is_tile(self) -> bool:
        """True if the item is a tile of the grid layout."""
        return self._group["tile_price"] is not None and self._group["price"] is None

    def _value(self, group: str) -> str:
        """Return the value of an attribute; '' if it is absent."""
        quoted = self._group[group]
        return "" if quoted is None else _decoded(quoted[1:-1])

    def _text(self, mark: str, _other: str = "") -> str:
        if mark == "detail":
            detail = self._group["detail"]
            return "" if detail is None else self._fold(_decoded(detail))
        if mark == "search_pre_price":
            return _amount(self._group["list_price"])
        reviews = self._group["reviews"]
        return "" if reviews is None else self._fold(_decoded(reviews))

    def _linked_id(self) -> str | None:
        href: str = self._group["href"]
        if href[1:-1] == _PRODUCT_LINK.format(self.product_id):
            return self.product_id
        return _linked_product(href)

    def _title_texts(self) -> tuple[str, str, str]:
        shown = self._group["shown"]
        if shown is None or self._group["picture_title"] is None:
            raise DoubtError
        title = self._fold(self._value("picture_title")) or self._fold(self._value("alt"))
        said = self._fold(self._value("said"))
        return title, said, self._fold(_words(shown))

    def _price_texts(self) -> tuple[str, str]:
        paper, tile = self._group["price"], self._group["tile_price"]
        if paper is not None and tile is not None:
            raise DoubtError
        return _amount(paper or tile), _amount(self._group["ebook"])

    def _discount(self) -> str:
        return _discount(self._group["discount"])

    def _seller(self) -> tuple[str | None, bool | None]:
        if self._group["seller"] is not None:
            name = self._fold(fold(self._value("seller")))
            if not name:
                raise DoubtError
            return (None, True) if SELF_OPERATED in name else (name, False)
        if len(self.product_id or "") == 8:
            return None, True
        labels = (self._group["label"], self._group["bare_label"])
        return None, any(SELF_OPERATED in _label_words(label) for label in labels if label) or None

    def _sells_ebook(self) -> bool:
        return self._group["ebook_button"] is not None

    def _no_stock(self) -> bool:
        return self._group["notice"] is not None

    def _leads_to_options(self) -> bool:
        return opens_product(self._value("buy"))

    def _rating(self) -> float | None:
        return _stars(self._group["width"])

    def _image(self) -> str | None:
        return absolute(self._value("cover")) or absolute(self._value("src"))

    def _author_block(self) -> AuthorBlock:
        return self._usual_author_block() or super()._author_block()

    def _usual_author_block(self) -> AuthorBlock | None:
        """Read author, date and publisher, each from its own span; return None for any other block."""
        authors, date, house = self._group["authors"], self._group["date"], self._group["house"]
        if authors is None or date is None or house is None:
            return None
        house_title = self._group["house_title"]
        if len(date) + len(house) + len(house_title) > _USUAL_LENGTH:
            return None
        published, publisher = _published(date), _publisher(house, house_title)
        contributors = trimmed(_words(authors))
        if not (published and publisher and contributors) or is_date(contributors):
            return None
        if contributors == publisher.link_text:
            return None
        if self._group["whole"] is not None:
            contributors = fullest(contributors, self._fold(self._value("whole")))
        return AuthorBlock(self._clip(contributors), published, publisher.name)

    def _author_texts(self) -> AuthorTexts | None:
        authors = self._group["authors"]
        if authors is None:
            return None
        date, before, house = self._group["date"], self._group["before_house"], self._group["house"]
        spans = [trimmed(_words(authors))]
        if date is not None:
            spans.append(trimmed(_decoded(date)))
        if before is not None:
            shown = before if house is None else f"{before}{house}{self._group['after_house']}"
            spans.append(trimmed(_decoded(shown)))
        return AuthorTexts(
            spans,
            [] if self._group["whole"] is None else [self._fold(self._value("whole"))],
            "" if house is None else self._fold(_decoded(house)),
            self._fold(self._value("house_title")),
        )

    def _highlighted(self) -> bool:
        return "<" in self._group["shown"]


def _decoded(text: str) -> str:
    """Decode a text or the value of an attribute as a browser does."""
    if "&" not in text:
        return text
    if not _CERTAIN.fullmatch(text):
        raise DoubtError
    return html.unescape(text)


def _words(markup: str) -> str:
    """Return the visible part of a text that contains links or marks."""
    return _decoded(TAG.sub("", markup) if "<" in markup else markup)


@lru_cache(maxsize=4096)  # the size of the cache of `parse_price`
def _amount(text: str | None) -> str:
    """Fold a short text; cached, because prices and discounts repeat and contain references on every page."""
    return "" if text is None else fold(_decoded(text))


@lru_cache(maxsize=4096)  # as many as `parse_date` remembers
def _published(text: str) -> str:
    """Return the text of a span that holds a date; '' for any other."""
    date = trimmed(_decoded(text))
    return date if is_date(date) else ""


class _Publisher(NamedTuple):
    """A publisher's name, and the part of it that its link shows."""

    name: str
    link_text: str


@lru_cache(maxsize=1024)  # as many as `is_unknown` remembers
def _publisher(text: str, quoted_title: str) -> _Publisher | None:
    """Return the publisher from its link; None if it names none."""
    shown, title = fold(_decoded(text)), fold(_decoded(quoted_title[1:-1]))
    name = fullest(shown, title)
    if not shown or is_date(shown) or is_unknown(name):
        return None
    return _Publisher(name, shown.strip("/ "))


@lru_cache(maxsize=512)
def _discount(text: str | None) -> str:
    return _amount(text).strip("()（） ")


@lru_cache(maxsize=128)  # stars come in halves
def _stars(quoted_style: str | None) -> float | None:
    """Return the stars of a bar by its width."""
    percent = None if quoted_style is None else star_width(_decoded(quoted_style[1:-1]))
    return None if percent is None else stars(percent)


def _label_words(label: str) -> str:
    if len(label) > MAX_TEXT:
        raise DoubtError
    return fold(_words(label))


def _linked_product(href: str) -> str:
    """Return the product id in the address of the picture's link; `href` includes the quotes."""
    match = PRODUCT_LINK.search(href)
    if match is None or "&" in href[: match.end() + 1]:
        raise DoubtError
    return match[1]
