"""Which listings are the same book: the same title, author and publisher, whatever the sellers write around the title.

Precision comes first. What might be two books stays two: to miss a twin costs a line in the report, to merge a set with
a single volume, or one edition with another, names a price at which the book cannot be had.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache

from crawler.books.offers import Offers, in_order
from parsers.model import Flag, Listing
from parsers.text import NUMERAL, parse_numeral

__all__ = ["SHORT_TITLE", "same_books", "title_key"]

SHORT_TITLE = 10
"""Letters. A shorter title («高等数学», «渗透测试实战») may be many authors'; a longer one is hardly chosen twice."""


def same_books(
    listings: Iterable[Listing], kept_for: Callable[[Listing], Hashable] = lambda _: None
) -> list[Offers]:
    """Return the books among `listings`, each as its offers, cheapest first; the same for every order of `listings`.

    Two listings are of one book when their titles agree (see `title_key`), with volumes, set, bundle, condition and kind
    of goods, and

    - both name author and publisher, and these agree; or
    - one names only the author, or only the publisher, and that agrees with just one of the books so found; or
    - one names neither, the title is not short (`SHORT_TITLE`), and there is just one such book.

    A second-hand copy is never an offer of the new book, and an accessory is nobody's twin. `kept_for` parts listings:
    what could not be bought is no offer of what can.
    """
    alike: dict[Hashable, list[Listing]] = defaultdict(list)
    for listing in listings:
        alike[_kind(listing, kept_for(listing))].append(listing)
    return [offers for group in alike.values() for offers in _parted(group)]


def _kind(listing: Listing, apart: Hashable) -> Hashable:
    """Return what two listings must share, author and publisher aside."""
    if Flag.ACCESSORY in listing.flags:
        return listing.product_id
    return title_key(listing.title), listing.volumes, listing.flags, listing.ebook_only, apart


def _parted(group: Sequence[Listing]) -> list[Offers]:
    """Return the books among listings whose titles agree."""
    if len(group) == 1:  # nearly always
        return [tuple(group)]
    facts = [(listing, name_keys(listing), publisher_key(listing.publisher)) for listing in group]
    books: list[_Work] = []
    for listing, names, house in facts:
        if names and house:
            _join(books, _Work({house}, set(names), [listing]))
    for known in (_says_one, _says_none):
        # All are judged against the same books, or their order would matter.
        standing, fresh = list(books), []
        for listing, names, house in facts:
            if known(names, house):
                work = _Work({house} if house else set(), set(names), [listing])
                if known is _says_none and len(title_key(listing.title)) < SHORT_TITLE:
                    books.append(work)
                    continue
                fits = [book for book in standing if book.fits(work)]
                if len(fits) == 1:
                    fits[0].listings.append(listing)
                elif fits:
                    books.append(work)
                else:
                    fresh.append(work)
        joined: list[_Work] = []
        for work in fresh:
            _join(joined, work)
        books += joined
    return [in_order(book.listings) for book in books]


def _says_one(names: frozenset[str], house: str) -> bool:
    return bool(names) != bool(house)


def _says_none(names: frozenset[str], house: str) -> bool:
    return not names and not house


class _Work:
    """Listings that are one book, with the publisher and the names that they give."""

    def __init__(self, houses: set[str], names: set[str], listings: list[Listing]) -> None:
        self.houses = houses
        self.names = names
        self.listings = listings

    def fits(self, other: _Work) -> bool:
        """Return whether both may be one book: what both name agrees."""
        houses_agree = not (self.houses and other.houses) or not self.houses.isdisjoint(other.houses)
        names_agree = not (self.names and other.names) or not self.names.isdisjoint(other.names)
        return houses_agree and names_agree

    def is_stated_like(self, other: _Work) -> bool:
        """Return whether both name the same things, and these agree."""
        same_kind = bool(self.houses) == bool(other.houses) and bool(self.names) == bool(other.names)
        return same_kind and self.fits(other)


def _join(books: list[_Work], work: _Work) -> None:
    """Add a work to `books`, in one with all of them that are the same: co-authors may link what came apart."""
    same = [book for book in books if book.is_stated_like(work)]
    for book in same:
        books.remove(book)
        work.houses |= book.houses
        work.names |= book.names
        work.listings += book.listings
    books.append(work)


_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕")
_SELLERS_WORDS = (
    r"正版|现货|包邮|全新|官方|自营|直营|旗舰店|专营店|新华书店|当当|直发|速发|闪发|顺丰|发货|特价|促销|满减|热卖|热销|预售|新书|"
    r"正品|包票|可开发票|团购|收藏|推荐|必读|畅销|力荐|上市|作序|限量|赠|送|二手|旧书|成新"
)
_DECORATION = re.compile(_SELLERS_WORDS)
_IS_DECORATION = re.compile(rf"(?:{_SELLERS_WORDS}|图书|书籍|保证|直供|书店|版|[\s,、·|/!+&-]|[七八九789]+)+")
"""Sellers' words alone, with what stands between them."""
_TELLS_APART = re.compile(
    r"[上中下]\s*[册卷]|第.{1,4}[版册卷辑部季]|[一二三四五六七八九\d]\s*年级|学期|[全共套].{0,4}[册本卷]|版|\d|[A-Za-z]{2,}"
)
"""What a bracket may tell two books apart by: it stays then."""
_FRONT = re.compile(
    r"^(?:(?:当当网?|新华书店|官方|全新)?(?:正版|现货|包邮|自营|直营|二手|旧书)(?:正版|现货|包邮|二手|旧书|图书|书籍|书)*|新华书店|当当网?)[\s:·|,]+"
)
_BACK = re.compile(
    r"[\s,·|]+(?:(?:全新|新华书店|当当网?|官方|[七八九789]+)?(?:正版|现货|包邮|二手|旧书|自营|直发|速发|成新|发票)(?:图书|书籍|现货|包邮|旧书|书|正版)*)$"
)
_PRINTING = re.compile(rf"第?{NUMERAL}次印刷|{NUMERAL}印(?=$|\))|新老封面.{{0,6}}发[货]?")
_EDITION = re.compile(rf"(?:原书|原著|中文|英文)?第?({NUMERAL})版(?!本|[画权式])")
_VOLUMES = re.compile(
    rf"(?:套装\s*)?(?:全套?|共计?|套装共?全?|合计|整套)\s*[共全]?\s*{NUMERAL}\s*[册本卷辑函]|套装\s*{NUMERAL}\s*[册本卷]|"
    rf"上\s*[、,]?\s*(?:中\s*[、,]?\s*)?下\s*[两三二]?[册卷部集]|上[册卷]\s*[、,+]?\s*(?:中[册卷])?\s*[、,+]?\s*下[册卷]"
)
_NOT_LETTERS = re.compile(r"[^\w+#]|_")


@lru_cache(
    maxsize=16_384
)  # asked when a page arrives, while others are on their way, and again when the books are made
def title_key(title: str) -> str:
    """Return what of a title tells one book from another: lower case, half width, no space, no punctuation.

    Sellers' words go («【正版现货】», «新华书店正版 …», «(赠书签)»), printings too, and the words for a set that the
    listing's own `volumes` tells («全3册», «上下册»). Editions stay, numbers in one form («第二版», «2版»), and so do
    grades, single volumes and every other word. A title that is nothing but decoration is kept whole.
    """
    text = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    bare = _BRACKETS.sub(_bracket, text)
    while (shorter := _BACK.sub("", _FRONT.sub("", bare.strip()))) != bare:
        bare = shorter
    bare = _PRINTING.sub("", bare)
    bare = _VOLUMES.sub(" ", bare)
    bare = _EDITION.sub(_edition, bare)
    return _NOT_LETTERS.sub("", bare) or _NOT_LETTERS.sub("", text) or text


def _bracket(match: re.Match[str]) -> str:
    """Return what stays of a bracket: nothing of sellers' words, and of praise that cannot tell two books apart."""
    inside = match[0][1:-1].strip()
    if _IS_DECORATION.fullmatch(inside):
        return " "
    praise = _DECORATION.search(inside) or "!" in inside
    return " " if praise and not _TELLS_APART.search(inside) else f" {inside} "


def _edition(match: re.Match[str]) -> str:
    number = parse_numeral(match[1])
    return f" 第{number}版 " if number is not None else match[0]


_HOUSE = re.compile(
    r"(?:出版|发行|传媒|文化)?(?:股份|集团|有限|责任|总|分)*(?:公司|集团)|出版(?:社|集团|中心)?|\s|\(.*?\)"
)


@lru_cache(maxsize=4096)
def publisher_key(publisher: str | None) -> str:
    """Return a publisher's name without its legal form: «人民邮电» for «人民邮电出版社有限公司»; '' for None."""
    if not publisher:
        return ""
    text = unicodedata.normalize("NFKC", publisher).casefold()
    return _NOT_LETTERS.sub("", _HOUSE.sub("", text)) or _NOT_LETTERS.sub("", text)


def name_keys(listing: Listing) -> frozenset[str]:
    """Return the authors' names in forms that compare: the name alone, and the original in brackets behind it."""
    return frozenset(key for name in listing.authors for key in _name_forms(name))


@lru_cache(maxsize=4096)
def _name_forms(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name).casefold()
    own, bracket, original = text.partition("(")
    forms = (_NOT_LETTERS.sub("", form) for form in ((own, original) if bracket else (own,)))
    return tuple(form for form in forms if form)
