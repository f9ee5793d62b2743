"""Read a wish list: titles and ISBNs, one a line, or the CSV export of a book site. Pure.

Known exports, by their column names: Goodreads; 豆瓣 by the user script of bambooom and by 豆伴 (douban has no export
of its own); NeoDB. Any other CSV file needs a column for titles or for ISBNs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.books.identity import title_key
from crawler.clean import clean, crop
from crawler.errors import UsageError
from crawler.phrases import Phrase
from crawler.query import MAX_QUERY_LENGTH, Query, simplified
from parsers.product.identifiers import read_isbn
from parsers.text import nfkc

__all__ = ["MOST_WISHES", "Wish", "WishReading", "person_key", "read_wishes"]

MOST_WISHES = 200
"""The maximum number of wishes; each takes up to three requests to the shop."""

_SHOWN = 80
"""The maximum number of characters to show of a line that is no wish."""

_LONGEST = 1_000
"""The maximum number of characters to read of a line or a cell."""

_TITLES = frozenset({"title", "name", "book", "book title", "书名", "書名", "标题", "標題", "名称", "名稱"})
_AUTHORS = frozenset({"author", "authors", "作者", "著者", "作者名"})
_ISBNS = ("isbn13", "isbn-13", "isbn", "isbn10", "isbn-10", "isbn/uid", "其它id", "其他id", "info")
"""Columns that may have an ISBN, the best first; those of 豆伴 and NeoDB have it among other things."""
_SUMMARIES = frozenset({"简介", "簡介"})
"""豆伴's «刘慈欣 / 2008 / 重庆出版社»."""
_SHELVES = frozenset({"exclusive shelf", "shelf", "status"})
_WISHED = frozenset({"to-read", "wish", "wishlist", "want to read", "mark", "想读", "想讀"})

_DELIMITERS = ",\t;"

_SERIES = re.compile(r"\s*\([^()]*#\s*\d[^()]*\)\s*$")
"""The series that Goodreads adds to a title: «(Dune, #1)»."""

_ARMOUR = re.compile(r'^="?(.*?)"?$')
"""Goodreads writes an ISBN as a formula, so that a spreadsheet keeps its zeros: ="9780441013593"."""

_BULLET = re.compile(r"^(?:[-*•·▪◦‣☐☑✓✔+>]\s+|\[[ xX]?\]\s*|\d{1,3}(?:[.．](?:\s+|$)|[)）、]\s*))+")
_URL = re.compile(r"https?://\S+")
_NUMBER = re.compile(
    r"(?:ISBN(?:-1[03])?[:：\s]*)?(?<![0-9A-Za-z])"
    r"(?:97[89][0-9\-‐ ]{10,14}|[0-9][0-9\-‐ ]{8,12}[0-9Xx])(?![0-9A-Za-z])"
)
_QUOTED = re.compile(r"^《([^》]+)》(.*)$")
_PARTED = re.compile(r"\t+|\s+[/|]\s+|\s*[｜／]\s*")
_ROLE = re.compile(
    r"^(?:作者|著者|author)\s*[:：]\s*|\s*[（(]?(?:编?著|主编|编|译|绘|原著)[)）]?$", re.IGNORECASE
)
_NATION = re.compile(r"^\s*[\[(（【〔][^\])）】〕]{1,8}[\])）】〕]\s*")
_VARIANTS = str.maketrans("锺瀞堃昇", "钟静坤升")
"""Characters of names that shops write in two ways, and that OpenCC keeps: 钱锺书, 钱钟书."""
_LETTERS = re.compile(r"[^\w]|_")


@dataclass(frozen=True, slots=True)
class Wish:
    """A book that somebody wants: a title, an ISBN, or both."""

    title: str = ""
    author: str = ""
    """'' if unknown."""
    isbn: str | None = None
    """ISBN-13."""

    @property
    def words(self) -> str:
        """Its title, else its ISBN."""
        return self.title or self.isbn or ""


@dataclass(frozen=True, slots=True)
class WishReading:
    """The wishes in a text, and what became of the rest of it."""

    wishes: tuple[Wish, ...]
    """Each book once, in the order of the text."""
    duplicates: int = 0
    """The number of lines that repeat a wish."""
    other_shelves: int = 0
    """The number of rows of an export that are on other shelves than the one for wishes."""
    unusable: tuple[str, ...] = ()
    """The lines that name no book, shortened."""
    beyond: int = 0
    """The number of wishes above the limit, which are left out."""


def read_wishes(text: str, *, most: int = MOST_WISHES) -> WishReading:
    """Return the wishes in a text. Raises UsageError for CSV that cannot be read and for a text without a wish."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    header = _header(text)
    others = 0
    if header is None:
        found: Iterable[tuple[str, Wish | None]] = [
            (line, _from_line(line)) for line in text.split("\n") if line.strip()
        ]
    else:
        rows = _rows(text, header)
        on_shelf = [(shown, wish) for shown, wish, wished in rows if wished]
        # An export without any wish is a list that somebody chose otherwise.
        found = on_shelf or [(shown, wish) for shown, wish, _ in rows]
        others = len(rows) - len(on_shelf) if on_shelf else 0
    wishes, duplicates, unusable = _Distinct(), 0, []
    for shown, wish in found:
        if wish is None:
            unusable.append(crop(clean(shown).strip(), _SHOWN))
        elif not wishes.add(wish):
            duplicates += 1
    if not wishes.found:
        raise UsageError(Phrase("no_wishes"))
    kept = tuple(wishes.found[:most])
    return WishReading(kept, duplicates, others, tuple(unusable), len(wishes.found) - len(kept))


@dataclass(slots=True)
class _Distinct:
    """Wishes without those that repeat another one."""

    found: list[Wish] = field(default_factory=list)
    _isbns: set[str] = field(default_factory=set)
    _authors: dict[tuple[str, bool], set[str | None]] = field(default_factory=dict)
    """The authors of each title, of wishes with an ISBN and of those without one; None for an unknown author."""

    def add(self, wish: Wish) -> bool:
        """Add a wish; return False if it is there already. The time does not depend on how many are there."""
        title = title_key(simplified(wish.title)) if wish.title else ""
        author = person_key(wish.author) if wish.author else None
        # Two ISBNs are two books, whatever their titles.
        others = [(title, False)] if wish.isbn else [(title, False), (title, True)]
        if wish.isbn in self._isbns or (title and any(self._has(each, author) for each in others)):
            return False
        self.found.append(wish)
        if wish.isbn:
            self._isbns.add(wish.isbn)
        if title:
            self._authors.setdefault((title, wish.isbn is not None), set()).add(author)
        return True

    def _has(self, group: tuple[str, bool], author: str | None) -> bool:
        """Return True if a wish of the group may be by this author; an unknown author may be any."""
        authors = self._authors.get(group)
        return authors is not None and (author is None or author in authors or None in authors)


def person_key(name: str) -> str:
    """Return a person's name in a comparable form: Simplified, lower case, no nationality, letters alone."""
    return _LETTERS.sub(
        "", nfkc(simplified(_ROLE.sub("", _NATION.sub("", name)))).casefold().translate(_VARIANTS)
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """The columns of a CSV file by their meaning; -1 for a missing one."""

    delimiter: str
    title: int
    author: int
    summary: int
    shelf: int
    isbns: tuple[int, ...]


def _header(text: str) -> _Header | None:
    """Return the columns of a CSV file; None for a plain list."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    for delimiter in _DELIMITERS:
        try:
            names = [name.strip().casefold() for name in next(csv.reader([first], delimiter=delimiter), [])]
        except csv.Error:
            continue

        def place(wanted: Iterable[str], names: Sequence[str] = names) -> int:
            return next((at for at, name in enumerate(names) if name in wanted), -1)

        isbns = tuple(names.index(name) for name in _ISBNS if name in names)
        if (title := place(_TITLES)) >= 0 or any(name in _ISBNS[:6] for name in names):
            return _Header(delimiter, title, place(_AUTHORS), place(_SUMMARIES), place(_SHELVES), isbns)
    return None


def _rows(text: str, header: _Header) -> list[tuple[str, Wish | None, bool]]:
    """Return the rows of a CSV file: as text, as a wish, and whether it is on the shelf for wishes."""
    reader = csv.reader(io.StringIO(text), delimiter=header.delimiter, strict=True)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        # Without `strict`, a quotation mark that is not closed swallows all the rows below it.
        raise UsageError(Phrase("wishes_no_csv", line=reader.line_num, why=str(error))) from error
    return [(header.delimiter.join(row), _from_row(row, header), _is_wished(row, header)) for row in rows[1:]]


def _cell(row: Sequence[str], place: int) -> str:
    return " ".join(clean(row[place][:_LONGEST]).split()) if 0 <= place < len(row) else ""


def _is_wished(row: Sequence[str], header: _Header) -> bool:
    return header.shelf < 0 or _cell(row, header.shelf).casefold() in _WISHED


def _from_row(row: Sequence[str], header: _Header) -> Wish | None:
    author = _cell(row, header.author) or _cell(row, header.summary).partition(" / ")[0]
    isbn = next(filter(None, (_isbn_in(_cell(row, place)) for place in header.isbns)), None)
    return _wish(_SERIES.sub("", _cell(row, header.title)), author, isbn)


def _isbn_in(cell: str) -> str | None:
    match = _ARMOUR.match(cell)
    return read_isbn(match[1] if match else cell)


def _from_line(line: str) -> Wish | None:
    """Return the wish in a line: an ISBN, a title, «《title》author», «title / author», or with an ISBN beside them."""
    parts = _PARTED.split(_URL.sub(" ", _BULLET.sub("", _visible(line).strip())).strip())
    isbn, words = None, []
    for part in parts:
        number = _NUMBER.search(part)
        if isbn is None and number is not None and (isbn := read_isbn(number[0])) is not None:
            part = part.replace(number[0], " ")  # noqa: PLW2901 – what is left of it may be the title
        words.append(part.strip(" ,，;；、"))
    words = list(filter(None, words))
    quoted = _QUOTED.match(words[0]) if words else None
    if quoted is not None:
        words = [quoted[1], *filter(None, [quoted[2].strip(" ,，/|—-")]), *words[1:]]
    return _wish(words[0] if words else "", words[1] if len(words) > 1 else "", isbn)


def _visible(line: str) -> str:
    """Return a line without invisible characters and with single spaces; a tab, which parts it, stays."""
    return "\t".join(" ".join(clean(part).split()) for part in line[:_LONGEST].split("\t"))


def _wish(title: str, author: str, isbn: str | None) -> Wish | None:
    title = " ".join(title.split())
    quoted = _QUOTED.match(title)
    title = quoted[1] if quoted is not None and not quoted[2].strip() else title
    first = re.split(r"\s*[,，;；、/]\s*", _ROLE.sub("", author.strip()), maxsplit=1)[0]
    if any(char.isalnum() for char in title):
        try:
            Query(title[:MAX_QUERY_LENGTH])
        except UsageError:
            title = ""
    else:
        title = ""
    if not title and isbn is None:
        return None
    return Wish(title[:MAX_QUERY_LENGTH].strip(), _ROLE.sub("", first).strip()[:MAX_QUERY_LENGTH], isbn)
