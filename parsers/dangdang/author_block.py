"""Read the line with author, date and publisher under a listing's stars: `p.search_book_author`.

    <p class="search_book_author"><span>(英)<a name="itemlist-author" title="(英)A 著；B 出品">A</a> 著；…</span>
    <span> /2021-03-31</span><span> /<a name="P_cbs">C出版社</a></span></p>

Each of the three spans may be empty or absent, and the slashes vary, so tell the spans apart by their content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from parsers.text import fold, parse_date

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["AuthorBlock", "AuthorTexts", "fullest", "is_date", "read_author_block", "span_texts", "trimmed"]

_DATE_ALONE = re.compile(r"(?:出版(?:时间|日期)\s*[:：]\s*)?[\d\s/年月日:.–—-]+")
"""A text that is only a date; a name may contain a year («1984研究会»)."""


class AuthorBlock(NamedTuple):
    """The three texts of the line; '' or None if absent."""

    contributors: str = ""
    published: str = ""
    publisher: str | None = None


class AuthorTexts(NamedTuple):
    """The texts of an author block.

    The shop cuts the block after some sixty characters; the titles are complete.
    """

    spans: list[str]
    author_titles: list[str]
    """Titles of the links marked as an author's."""
    publisher: str
    """Text of the first link marked as the publisher's."""
    publisher_title: str


def span_texts(block: LexborNode) -> list[str]:
    """Return the texts of a block's spans or, without spans, the parts between its slashes."""
    texts = [trimmed(span.text()) for span in block.iter() if span.tag == "span"]
    return texts or [part.strip("/ ") for part in fold(block.text()).split(" /")]


def trimmed(text: str) -> str:
    """Return the text of a span without the slash before it."""
    return fold(text).strip("/ ")


def read_author_block(block: AuthorTexts) -> AuthorBlock:
    """Identify the texts of an author block by their content."""
    texts, author_titles, publisher, publisher_title = block
    others = [text for text in texts if text and text != publisher.strip("/ ")]
    published = next((text for text in others if is_date(text)), "")
    if published:
        others.remove(published)
    # The first text is the author, unless the author's span exists but is empty.
    contributors = others.pop(0) if others and (author_titles or publisher or texts[0] == others[0]) else ""
    house = fullest(publisher, publisher_title) or (others[-1] if others else "")
    return AuthorBlock(fullest(contributors, *author_titles), published, house or None)


def is_date(text: str) -> bool:
    """Return True if a text consists only of a date."""
    return _DATE_ALONE.fullmatch(text) is not None and parse_date(text) is not None


def fullest(text: str, *titles: str) -> str:
    """Return the longest text, with a preference for `text`; an apostrophe cuts a title in single quotes short."""
    for title in titles:
        if title != text and len(title) - title.count(" ") > len(text) - text.count(" "):
            text = title
    return text
