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
_SPACE = re.compile(r"\s")
_DECORATION = re.compile(r"^\s*(?:【[^】]*】|\[[^\]]*\])\s*")

_SHORT = 8
"""The maximum number of letters of an addition that names a kind of book; a longer one advertises the book."""

_OTHER_WORK = re.compile(
    r"漫画|连环画|绘本|解析|解读|(?<!名著)导读|赏析|习题|答案|试卷|练习|真题|题库|笔记|教辅|教师|改编(?![成自为])|缩写|节选|精选|简写|字帖|"
    "手账|日历|明信片|书签|海报|青少|少年|儿童|少儿|学生版|有声|光盘|周边|讲义|评传|同人|指南|"
    r"workbook|companion|guide|summary|study",
    re.IGNORECASE,
)
"""Words, in a short addition, of a book about, for or after another one that has the same main title."""

_ADAPTED = re.compile(r"(?:漫画|绘本|缩写|缩编|改编|节选|简写|青少年?|少年|少儿|儿童|学生)[版本]|连环画")
"""Words of another text of the work, however long the addition is."""

_VOLUME = re.compile(
    r"^[\s（(【\[·・]*(?:"
    r"第?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3}|[ⅠⅡⅢⅣⅤⅥ]|I{1,3}|IV|VI?)(?:[部册卷集辑季]|(?![\w年]))|"
    r"[上中下](?:[册卷部]|(?!\w))(?![、上中下])|之[一二三四五六七八九十])"
)
"""A single volume of a work: «2», «第二部», «上册»; not «上下册» nor «七年级»."""

_SALE = re.compile(
    r"推荐|阅读|必读|书目|版|出版社|名著|读物|作品|经典|译|套装|[册卷]|代表作|丛书|系列|文库|热评|畅销|珍藏|全集|全本|原著|赠|获奖|正版|现货|包邮"
)
"""Words after a space that advertise the book, or describe its edition: anything else may be the title of a volume."""


def match_of(wish: Wish, listing: Listing, *, by_isbn: bool = False) -> Match | None:
    """Rate the match of a wish and a listing; None if the listing is another book.

    `by_isbn` is True if the shop was asked for the ISBN of the wish, and showed few books.
    """
    author = _same_author(wish.author, listing)
    title = _title_agrees(wish, listing, author=bool(author)) if wish.title else None
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


def _title_agrees(wish: Wish, listing: Listing, *, author: bool) -> _Agreement:
    """Compare the titles; `author` is True if the authors agree."""
    own = {key for main, _, _ in _cuts(wish.title) if (key := title_key(main))}
    for main, rest, by_space in _cuts(listing.title):
        if title_key(main) not in own:
            continue
        if _is_other(rest) and not _OTHER_WORK.search(simplified(wish.title)):
            return _WITHIN
        if by_space and not (author and (_SALE.search(rest) or person_key(wish.author) in person_key(rest))):
            continue
        return _EXACT
    whole = title_key(simplified(wish.title))
    within = _weight(whole) >= _LEAST_WITHIN and whole in title_key(
        simplified(f"{listing.title} {listing.subtitle}")
    )
    return _WITHIN if within else _NO


@lru_cache(maxsize=4096)
def _cuts(title: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the ways to part a title from what follows it, each with whether only a space parts them.

    The whole title comes first, then the part before a subtitle or bracket, then that before a space.
    """
    text = simplified(_DECORATION.sub("", title) or title)
    cuts = [(text, "", False)]
    for pattern, by_space in ((_SUBTITLE, False), (_SPACE, True)):
        if (match := pattern.search(text)) is not None and match.start() > 0:
            cuts.append((text[: match.start()], text[match.start() :], by_space))
    return tuple(cuts)


def _is_other(rest: str) -> bool:
    """Return True if the rest of a title makes it another work, or a single volume."""
    if _VOLUME.match(rest) or _ADAPTED.search(rest):
        return True
    segment = re.split(r"[\s（(）)【】\[\]:：,，。!！—]+", rest.strip(" :：（(【[—-/"), maxsplit=1)[0]
    return len(segment) <= _SHORT and _OTHER_WORK.search(segment) is not None


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
