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

__all__ = ["AuthorBlock", "read_author_block"]

_DATE_ALONE = re.compile(r"(?:出版(?:时间|日期)\s*[:：]\s*)?[\d\s/年月日:.-]+")
"""A text that consists only of a date: a name may contain a year («1984研究会»)."""


class AuthorBlock(NamedTuple):
    """The three texts of the line; '' or None if absent."""

    contributors: str = ""
    published: str = ""
    publisher: str | None = None


def read_author_block(
    block: LexborNode, *, author_titles: list[str], publisher: str, publisher_title: str
) -> AuthorBlock:
    """Return the texts of an author block.

    `author_titles` are the titles of its author links; `publisher` and `publisher_title` are the text and title of its
    first publisher link. The shop cuts the block after some sixty characters; the titles are complete.
    """
    texts = [fold(span.text()).strip("/ ") for span in block.iter() if span.tag == "span"]
    if not texts:
        texts = [part.strip("/ ") for part in fold(block.text()).split(" /")]
    others = [text for text in texts if text and text != publisher.strip("/ ")]
    published = next((t for t in others if _DATE_ALONE.fullmatch(t) and parse_date(t) is not None), "")
    if published:
        others.remove(published)
    # The first text is the author, unless the author's span exists but is empty.
    contributors = others.pop(0) if others and (author_titles or publisher or texts[0] == others[0]) else ""
    house = _fullest(publisher, [publisher_title]) or (others[-1] if others else "")
    return AuthorBlock(_fullest(contributors, author_titles), published, house or None)


def _fullest(text: str, titles: list[str]) -> str:
    """Return the longest text, preferring `text`; an apostrophe cuts a title in single quotes short."""
    for title in titles:
        if title != text and len(title.replace(" ", "")) > len(text.replace(" ", "")):
            text = title
    return text
