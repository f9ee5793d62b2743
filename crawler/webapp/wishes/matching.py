"""Judge whether a listing is the book that somebody wishes for, and how surely. Pure.

As in `books.identity`, precision comes first: a book that may be another one is shown as such, and never counts in the
total of the books that were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from crawler.books.book import Book
from crawler.books.identity import title_key
from crawler.query import simplified
from crawler.webapp.wishes.reading import Wish, person_key
from parsers.model import Listing

__all__ = ["MOST_BY_ISBN", "SURE", "Match", "best_matches", "match_of"]


class Match(StrEnum):
    """How sure a match is; the surest first."""

    ISBN = "isbn"
    """The shop found it by the ISBN, and title and author agree as far as they are known."""
    TITLE_AUTHOR = "title_author"
    """Title and author agree."""
    TITLE = "title"
    """The title agrees; the author of one of the two is unknown, or in another script."""
    SIMILAR = "similar"
    """The title contains the one wished for: another edition, a set, a companion, or another book."""


SURE = frozenset({Match.ISBN, Match.TITLE_AUTHOR, Match.TITLE})
"""The matches that count as found."""

MOST_BY_ISBN = 10
"""A search by ISBN with more books than this is none: the shop shows what it thinks is similar."""

_LEAST_WITHIN = 3
"""The minimum number of letters of a title to be found within another one; a Chinese character counts as two."""

_SUBTITLE = re.compile(r"[:：（(【\[—]|\s-\s|\s/\s")

_OTHER_WORK = re.compile(
    r"漫画|连环画|绘本|解析|解读|导读|赏析|习题|答案|试卷|练习|真题|题库|笔记|教辅|教师|拼音|注音|改编|缩写|节选|精选|简写|字帖|"
    "手账|日历|明信片|书签|海报|青少|少年|儿童|少儿|学生版|有声|光盘|周边|讲义|研究|评传|同人|"
    r"workbook|companion|guide to|summary|study",
    re.IGNORECASE,
)
"""Words of books about, for or after another one, which has the same main title."""


def match_of(wish: Wish, listing: Listing, *, by_isbn: bool = False) -> Match | None:
    """Rate the match of a wish and a listing; None if the listing is another book.

    `by_isbn` is True if the shop was asked for the ISBN of the wish, and showed few books.
    """
    author = _same_author(wish.author, listing)
    title = _title_agrees(wish.title, listing) if wish.title else None
    if author is False:  # a title is often chosen twice
        return Match.SIMILAR if by_isbn else None
    if by_isbn:
        return Match.SIMILAR if title is _NO else Match.ISBN
    if title is _EXACT:
        return Match.TITLE_AUTHOR if author else Match.TITLE
    return Match.SIMILAR if title is _WITHIN else None


def best_matches(
    wish: Wish, books: Sequence[Book], *, by_isbn: bool = False
) -> tuple[Match | None, list[Book]]:
    """Return the surest match among `books`, and the books that match so well; None and no book without one."""
    few = by_isbn and len(books) <= MOST_BY_ISBN
    found: dict[Match, list[Book]] = {}
    for book in books:
        named = by_isbn and wish.isbn is not None and wish.isbn in book.title
        match = match_of(wish, book.listing, by_isbn=few or named)
        if match is not None:
            found.setdefault(match, []).append(book)
    for match in Match:
        if match in found:
            return match, found[match]
    return None, []


class _Agreement(StrEnum):
    EXACT = "exact"
    WITHIN = "within"
    NO = "no"


_EXACT, _WITHIN, _NO = _Agreement


def _title_agrees(wished: str, listing: Listing) -> _Agreement:
    own = _keys(wished)
    if own & _keys(listing.title):
        added = listing.title if len(listing.title) > len(wished) else ""
        is_other = _OTHER_WORK.search(simplified(added)) and not _OTHER_WORK.search(simplified(wished))
        return _WITHIN if is_other else _EXACT
    whole = title_key(simplified(wished))
    within = _weight(whole) >= _LEAST_WITHIN and whole in title_key(
        simplified(f"{listing.title} {listing.subtitle}")
    )
    return _WITHIN if within else _NO


@lru_cache(maxsize=4096)
def _keys(title: str) -> frozenset[str]:
    """Return the comparable forms of a title: the whole, and without what follows its main part."""
    text = simplified(title)
    main = _SUBTITLE.split(text, maxsplit=1)[0]
    return frozenset(filter(None, (title_key(text), title_key(main) if main.strip() else "")))


def _weight(key: str) -> int:
    return sum(2 if char >= "\u2e80" else 1 for char in key)


def _same_author(wished: str, listing: Listing) -> bool | None:
    """Return True if the listing names the author, False if it names others, None if neither is known."""
    key = person_key(wished)
    if not key:
        return None
    text = person_key(listing.contributors_text)
    if key in text:
        return True
    names = list(_names(listing))
    if any(name in key for name in names if _weight(name) >= _LEAST_WITHIN):
        return True  # «乔治·奥威尔 George Orwell»
    # A name in letters says nothing about one in characters: Frank Herbert is 弗兰克·赫伯特.
    comparable = [name for name in names if name.isascii() == key.isascii()]
    return False if comparable else None


def _names(listing: Listing) -> Iterable[str]:
    for person in listing.contributors:
        for name in (person.name, person.original_name):
            if name and (key := person_key(name)):
                yield key
