"""What a parser gives back: a search page and the listings on it.

`SearchPage` and `Listing` are frozen values without behaviour that needs a network, a file or a clock.
Between processes they travel as plain tuples (`to_wire`, `from_wire`): pickling a page of 60 listings takes
16 µs that way, 246 µs as slotted dataclasses (2 cores, Python 3.11).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

__all__ = ["MAX_VOLUMES", "Contributor", "Flag", "Layout", "Listing", "PageKind", "SearchPage", "SignCode"]

Wire = tuple[Any, ...]

MAX_VOLUMES = 400
"""More than any set on sale holds; a larger number is of something else."""


class Flag(StrEnum):
    """What a listing is besides a book; the values are those of the JSON report."""

    SET = "set"
    """Several volumes of one work sold together (全3册, 上下册)."""
    BUNDLE = "bundle"
    """Several works sold together (A+B)."""
    SECOND_HAND = "second_hand"
    """Sold as used (二手, 旧书)."""
    ACCESSORY = "accessory"
    """No book at all: a bookmark, a cover, stationery, an audio or video disc."""
    OPTIONS = "options"
    """One number for several things to choose from, at different prices: the price is that of the cheapest."""


class Layout(StrEnum):
    """How the shop arranged the result list."""

    LIST = "list"
    """One product a row, with author, publisher and date."""
    GRID = "grid"
    """Tiles of mixed goods: no author, no publisher."""


class PageKind(StrEnum):
    """What a body is, judged by its own signs; what that means for a run is `crawler.verdict`'s to say."""

    RESULTS = "results"
    """A search page: it has listings, or the metadata of a search (total, pager, search box with a key)."""
    NO_RESULTS = "no_results"
    """The shop's own words for «nothing found», and no list."""
    BLOCKED = "blocked"
    """A firewall's, a slider's or a login page."""
    EMPTY = "empty"
    """Nothing to read: no byte, or scripts alone."""
    OTHER = "other"
    """Well-formed, but no search page: the home page, a 404 page."""


class SignCode(StrEnum):
    """What a page was judged by; `SearchPage.sign` is the same in English."""

    RESULT_LIST = "result_list"
    MARKER = "marker"
    """Markup or a sentence of the shop's, as it stands there."""
    TITLE = "title"
    NO_TITLE = "no_title"
    TOTAL_ONLY = "total_only"
    """It states how many products there are, and has no list."""
    PAGER_ONLY = "pager_only"
    FRAME_ONLY = "frame_only"
    EMPTY_BODY = "empty_body"
    SCRIPTS_ONLY = "scripts_only"
    NO_TEXT = "no_text"
    LOGIN_PAGE = "login_page"
    TO_LOGIN = "to_login"
    LOGIN_FORM = "login_form"
    WORDS = "words"
    """Words of a page that stops its reader."""
    CHALLENGE = "challenge"
    JS_CHALLENGE = "js_challenge"
    FIREWALL = "firewall"
    CAPTCHA = "captcha"
    RELOAD_SCRIPT = "reload_script"


@dataclass(frozen=True, slots=True)
class Contributor:
    """One person or body named in the author block."""

    name: str
    """Without nationality, role and bracketed original: «斯图尔特·罗素»."""
    role: str | None = None
    """As the shop writes it, without 等: 著, 译, 编, 主编, 绘 …; 出品 is a producer, no author. None when unsaid."""
    nationality: str | None = None
    """What stands in the leading brackets: «美» in «[美]», «(美)» and «【美】»."""
    original_name: str | None = None
    """The name in its own script, where the block gives both: «Stuart Russell» of «斯图尔特·罗素（Stuart Russell）»."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One item of a result list.

    Prices are in yuan, as shown: before coupons, promotions and postage. A value that the page does not give,
    or gives in a way that cannot be read, is None; what the page said stays in the `*_text` field beside it.
    """

    product_id: str
    """Digits of `id="p29220317"`."""
    title: str
    """The title alone, white space folded."""
    subtitle: str
    """What the shop appends to the title: subtitle and marketing text; '' when there is none."""
    description: str
    """The paragraph under the title; '' when there is none."""
    url: str
    """Absolute https address of the product page."""
    image: str | None
    """Absolute https address of the cover."""
    page: int
    """Number of the result page, from 1."""
    position: int
    """Place on that page, from 1."""
    price: Decimal | None
    price_text: str
    list_price: Decimal | None
    list_price_text: str
    discount_text: str
    """As the shop writes it, «5折»; '' when it writes none."""
    ebook_price: Decimal | None
    """Price of the e-book offered beside the book, or alone."""
    ebook_only: bool
    """Only an e-book is sold here: `price` is None then."""
    sold_out: bool
    volumes: int | None
    """How many volumes are sold together: 1 for a single book, None for a set or bundle that does not say."""
    contributors: tuple[Contributor, ...]
    contributors_text: str
    publisher: str | None
    published: dt.date | None
    """The shop's date; where it gives no day or month, the first, as the shop itself does."""
    published_text: str
    rating: float | None
    """Stars out of 5 (a star bar of 90 % is 4.5). None when there is none, or 0 %, which means unrated."""
    reviews: int | None
    """Number of reviews; None when the page has none."""
    seller: str | None
    """The marketplace shop's name; None for the shop's own goods, or when unsaid."""
    self_operated: bool | None
    """Whether the shop itself sells it; None when nothing on the page proves it."""
    flags: frozenset[Flag]
    highlighted: bool
    """The shop marked words of the query in the title."""
    price_order: bool = False
    """`page` and `position` are those of the shop's list in price order; no parser knows that, and it is not sent
    between processes."""

    @property
    def page_key(self) -> tuple[bool, int]:
        """The page it stands on: which of a search's two lists, and the number."""
        return self.price_order, self.page

    @property
    def page_list(self) -> str:
        """Which list `page` and `position` are of: «search», or «price_order»."""
        return "price_order" if self.price_order else "search"

    @property
    def place(self) -> tuple[bool, int, int]:
        """Where it stands; sorted, the search's own list comes before the one in price order."""
        return self.price_order, self.page, self.position

    @property
    def authors(self) -> tuple[str, ...]:
        """Names of those who wrote it: every contributor but translators, illustrators, producers and the like.

        When all are of such roles, all but producers are given: a translator beats no name at all.
        """
        return tuple([c.name for c in self.writers])

    @property
    def writers(self) -> tuple[Contributor, ...]:
        """The contributors that `authors` names."""
        wrote = tuple(c for c in self.contributors if c.role is None or c.role in AUTHOR_ROLES)
        return wrote or tuple(c for c in self.contributors if c.role != "出品")

    @property
    def from_price(self) -> bool:
        """Whether `price` is the lowest of several options and not the price of what the title names."""
        return Flag.OPTIONS in self.flags

    def to_wire(self) -> Wire:
        """Return the listing as a flat tuple of plain values, in field order."""
        return (
            self.product_id, self.title, self.subtitle, self.description, self.url, self.image, self.page,
            self.position, _text(self.price), self.price_text, _text(self.list_price), self.list_price_text,
            self.discount_text, _text(self.ebook_price), self.ebook_only, self.sold_out, self.volumes,
            tuple((c.name, c.role, c.nationality, c.original_name) for c in self.contributors), self.contributors_text,
            self.publisher, None if self.published is None else self.published.toordinal(), self.published_text,
            self.rating, self.reviews, self.seller, self.self_operated, tuple(f.value for f in self.flags),
            self.highlighted,
        )  # fmt: skip

    @classmethod
    def from_wire(cls, wire: Wire) -> Listing:
        """Return the listing that `to_wire` made `wire` of."""
        (
            product_id, title, subtitle, description, url, image, page,
            position, price, price_text, list_price, list_price_text,
            discount_text, ebook_price, ebook_only, sold_out, volumes,
            contributors, contributors_text,
            publisher, published, published_text,
            rating, reviews, seller, self_operated, flags,
            highlighted,
        ) = wire  # fmt: skip
        return cls(
            product_id, title, subtitle, description, url, image, page,
            position, _decimal(price), price_text, _decimal(list_price), list_price_text,
            discount_text, _decimal(ebook_price), ebook_only, sold_out, volumes,
            tuple(Contributor(*c) for c in contributors), contributors_text,
            publisher, None if published is None else dt.date.fromordinal(published), published_text,
            rating, reviews, seller, self_operated, frozenset(map(Flag, flags)) if flags else _NO_FLAGS,
            highlighted,
        )  # fmt: skip


AUTHOR_ROLES = frozenset(
    """
    著 编 编著 主编 原著 著绘 撰 作 文 文图 写 撰文 著文 口述 续
    合著 合编 编写 编绘 编选 编撰 编纂 选编 组编 原编 原编者
    """.split()  # noqa: SIM905 (a table of words is read more easily than two dozen quoted strings)
)
"""Roles of those who made the text."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a shop's answer to a search."""

    kind: PageKind
    listings: tuple[Listing, ...]
    total: int | None
    """Number of products the shop states for the search; None when it states none."""
    page: int | None
    """Which page the shop says this is."""
    pages: int | None
    """How many pages the shop says there are."""
    layout: Layout | None
    """None when there is no list."""
    query_echo: str | None
    """The searched words as the shop repeats them; a mis-read key shows here."""
    notice: str
    """The shop's word that it searched for something else, or found nothing; '' when it says none."""
    items: int
    """List items found in the markup, readable or not."""
    sign: str
    """What `kind` was judged by, in a few words: «title 搜索无结果页»."""
    charset: str
    """The charset the body was decoded with."""
    undecodable: int
    """Byte sequences of the list, or of the whole page where there is none, that had to be replaced."""
    title_echo: bool = False
    """`query_echo` is from the page's title alone, which may say more than the query."""
    ended: bool = True
    """Its end was seen: that of its list, its paging bar, or `</html>`. False for a page that was cut."""
    unparsed: int = 0
    """Characters of markup beyond the number that is parsed."""
    surplus: int = 0
    """List items beyond the number that is read; `items` does not count them."""
    clipped: int = 0
    """Listings with a text that was longer than is kept."""
    sign_code: SignCode | None = None
    """The kind of `sign`, for reports in other languages; None where only its words are known."""
    sign_value: str = ""
    """The title, the words or the number that `sign` quotes."""
    plain_items: int = field(default=0, compare=False)
    """Items that were read without a tree; how a page was read is no part of what it says."""
    tree_items: int = field(default=0, compare=False)
    """Items that were read from a tree."""

    def to_wire(self) -> Wire:
        """Return the page as a tuple of plain values, its listings as tuples inside."""
        return (
            self.kind.value, tuple(listing.to_wire() for listing in self.listings), self.total, self.page,
            self.pages, None if self.layout is None else self.layout.value, self.query_echo, self.notice,
            self.items, self.sign, self.charset, self.undecodable, self.title_echo, self.ended, self.unparsed,
            self.surplus, self.clipped, None if self.sign_code is None else self.sign_code.value, self.sign_value,
            self.plain_items, self.tree_items,
        )  # fmt: skip

    @classmethod
    def from_wire(cls, wire: Wire) -> SearchPage:
        """Return the page that `to_wire` made `wire` of."""
        (
            kind, listings, total, page,
            pages, layout, query_echo, notice,
            items, sign, charset, undecodable, title_echo, ended, unparsed,
            surplus, clipped, sign_code, sign_value, plain_items, tree_items,
        ) = wire  # fmt: skip
        return cls(
            PageKind(kind), tuple(Listing.from_wire(listing) for listing in listings), total, page,
            pages, None if layout is None else Layout(layout), query_echo, notice,
            items, sign, charset, undecodable, title_echo, ended, unparsed,
            surplus, clipped, None if sign_code is None else SignCode(sign_code), sign_value,
            plain_items, tree_items,
        )  # fmt: skip


_NO_FLAGS: frozenset[Flag] = frozenset()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
