"""Read items in the shop's usual markup without a tree.

`parsers.dangdang.item_pattern` defines that markup; the tree is used for every other item. A test compares the two
on whole and on mutated pages.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

from parsers.dangdang.author_block import AuthorTexts, trimmed
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
from parsers.text import MAX_TEXT, fold

__all__ = ["DoubtError", "PlainItem"]

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
        self._group = match.groupdict()
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
        return _linked_product(self._group["href"])

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
        return _amount(self._group["discount"]).strip("()（） ")

    def _seller(self) -> tuple[str | None, bool | None]:
        if self._group["seller"] is not None:
            name = self._fold(fold(self._value("seller")))
            if not name:
                raise DoubtError
            return (None, True) if SELF_OPERATED in name else (name, False)
        if len(self.product_id or "") == 8:
            return None, True
        labels = (self._group.get("label"), self._group["bare_label"])  # tiles have no line of labels
        return None, any(SELF_OPERATED in _label_words(label) for label in labels if label) or None

    def _sells_ebook(self) -> bool:
        return self._group["ebook_button"] is not None

    def _no_stock(self) -> bool:
        return self._group["notice"] is not None

    def _leads_to_options(self) -> bool:
        return opens_product(self._value("buy"))

    def _rating(self) -> float | None:
        percent = star_width(self._value("width"))
        return None if percent is None else stars(percent)

    def _image(self) -> str | None:
        return absolute(self._value("cover")) or absolute(self._value("src"))

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
