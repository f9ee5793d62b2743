"""The result of parsing: a search page and its listings.

`SearchPage` and `Listing` are frozen values; none of their methods needs a network, a file or a clock. They travel
between processes as plain tuples (`to_wire`, `from_wire`): pickling a page of 60 listings takes 16 µs in that form,
246 µs as slotted dataclasses (2 cores, Python 3.11).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields, make_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

__all__ = [
    "MAX_VOLUMES",
    "Contributor",
    "Flag",
    "Layout",
    "Listing",
    "ListingDraft",
    "PageKind",
    "SearchPage",
    "SignCode",
    "freeze_listing",
]

Wire = tuple[Any, ...]

MAX_VOLUMES = 400
"""More than any set on sale has; a larger number is not a number of volumes."""


class Flag(StrEnum):
    """Properties of a listing; the values are those of the JSON report."""

    SET = "set"
    """Several volumes of one work sold together (全3册, 上下册)."""
    BUNDLE = "bundle"
    """Several works sold together (A+B)."""
    SECOND_HAND = "second_hand"
    """Sold as used or damaged (二手, 旧书, 瑕疵)."""
    ACCESSORY = "accessory"
    """Not a book: a bookmark, a cover, stationery, a mug, an audio or video disc."""
    OPTIONS = "options"
    """One number for several options at different prices: the price is that of the cheapest."""


class Layout(StrEnum):
    """The layout of the result list."""

    LIST = "list"
    """One product per row, with author, publisher and date."""
    GRID = "grid"
    """Tiles of mixed goods, without author and publisher."""


class PageKind(StrEnum):
    """The kind of a page, judged by its content; `crawler.verdict` defines what that means for a run."""

    RESULTS = "results"
    """A search page: it has listings, or the metadata of a search (total, pager, search box with a key)."""
    NO_RESULTS = "no_results"
    """The shop's message that nothing was found, without a list."""
    BLOCKED = "blocked"
    """The page of a firewall, a slider or a login."""
    EMPTY = "empty"
    """No content: no bytes, or only scripts."""
    OTHER = "other"
    """A well-formed page that is not a search page: the home page, a 404 page."""


class SignCode(StrEnum):
    """The evidence for a page's kind; `SearchPage.sign` is its English text."""

    RESULT_LIST = "result_list"
    MARKER = "marker"
    """Markup or a sentence of the shop, quoted."""
    TITLE = "title"
    NO_TITLE = "no_title"
    TOTAL_ONLY = "total_only"
    """The page states a number of products but has no list."""
    PAGER_ONLY = "pager_only"
    FRAME_ONLY = "frame_only"
    EMPTY_BODY = "empty_body"
    SCRIPTS_ONLY = "scripts_only"
    NO_TEXT = "no_text"
    LOGIN_PAGE = "login_page"
    TO_LOGIN = "to_login"
    LOGIN_FORM = "login_form"
    WORDS = "words"
    """Words of a page that blocks its reader."""
    CHALLENGE = "challenge"
    JS_CHALLENGE = "js_challenge"
    FIREWALL = "firewall"
    CAPTCHA = "captcha"
    RELOAD_SCRIPT = "reload_script"


@dataclass(frozen=True, slots=True)
class Contributor:
    """One person or organization named in the author block."""

    name: str
    """Without nationality, role and original name in brackets: «斯图尔特·罗素»."""
    role: str | None = None
    """As the shop writes it, without 等: 著, 译, 编, 主编, 绘 …; 出品 is a producer, no author. None if not stated."""
    nationality: str | None = None
    """The text of the leading brackets: «美» for «[美]», «(美)» and «【美】»."""
    original_name: str | None = None
    """The name in its own script, if the block has both: «Stuart Russell» in «斯图尔特·罗素（Stuart Russell）»."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One item of a result list.

    Prices are in the shop's currency, as shown: before coupons, promotions and postage. A value that is
    missing from the page, or unreadable there, is None; the `*_text` field beside it keeps the page's text.
    """

    product_id: str
    """The shop's product number: «29220317»."""
    title: str
    """The title without the subtitle, with white space folded."""
    subtitle: str
    """Subtitle and marketing text that the shop appends to the title; '' if there is none."""
    description: str
    """The paragraph under the title; '' if there is none."""
    url: str
    """Absolute https address of the product page."""
    image: str | None
    """Absolute https address of the cover."""
    page: int
    """Number of the result page, from 1."""
    position: int
    """Position on that page, from 1."""
    price: Decimal | None
    price_text: str
    list_price: Decimal | None
    list_price_text: str
    discount_text: str
    """As the shop writes it, «5折»; '' if there is none."""
    ebook_price: Decimal | None
    """Price of the e-book that is offered with the book, or alone."""
    ebook_only: bool
    """True if only an e-book is for sale; `price` is None then."""
    sold_out: bool
    volumes: int | None
    """Number of volumes sold together: 1 for a single book, None for a set or bundle that does not state it."""
    contributors: tuple[Contributor, ...]
    contributors_text: str
    publisher: str | None
    published: dt.date | None
    """The shop's date; a missing day or month is the first, as the shop itself does it."""
    published_text: str
    rating: float | None
    """Stars out of 5 (a star bar of 90 % is 4.5). None if there is none, or for 0 %, which means unrated."""
    reviews: int | None
    """Number of reviews; None if the page shows none."""
    seller: str | None
    """Name of the marketplace seller; None for the shop's own goods, or if not stated."""
    self_operated: bool | None
    """True if the shop itself sells it; None if the page does not tell."""
    flags: frozenset[Flag]
    highlighted: bool
    """True if the shop highlighted words of the query in the title."""
    price_order: bool = False
    """True if `page` and `position` refer to the shop's list in price order; parsers do not know that, and it is not
    sent between processes."""

    @property
    def page_key(self) -> tuple[bool, int]:
        """Its page: which of a search's two lists, and the number."""
        return self.price_order, self.page

    @property
    def page_list(self) -> str:
        """The list of `page` and `position`: «search», or «price_order»."""
        return "price_order" if self.price_order else "search"

    @property
    def place(self) -> tuple[bool, int, int]:
        """Its place; sorted, the search's own list comes before the one in price order."""
        return self.price_order, self.page, self.position

    @property
    def authors(self) -> tuple[str, ...]:
        """Names of the authors: all contributors except translators, illustrators, producers and the like.

        If there are only such roles, all except producers: a translator is better than no name.
        """
        return tuple([c.name for c in self.writers])

    @property
    def writers(self) -> tuple[Contributor, ...]:
        """The contributors named by `authors`."""
        wrote = tuple([c for c in self.contributors if c.role is None or c.role in AUTHOR_ROLES])
        return wrote or tuple([c for c in self.contributors if c.role != "出品"])

    @property
    def from_price(self) -> bool:
        """True if `price` is the lowest of several options, not the price of the item in the title."""
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
        """Restore a listing from the result of `to_wire`."""
        (
            product_id, title, subtitle, description, url, image, page,
            position, price, price_text, list_price, list_price_text,
            discount_text, ebook_price, ebook_only, sold_out, volumes,
            contributors, contributors_text,
            publisher, published, published_text,
            rating, reviews, seller, self_operated, flags,
            highlighted,
        ) = wire  # fmt: skip
        return freeze_listing(ListingDraft(
            product_id, title, subtitle, description, url, image, page,
            position, _decimal(price), price_text, _decimal(list_price), list_price_text,
            discount_text, _decimal(ebook_price), ebook_only, sold_out, volumes,
            _contributors(contributors), contributors_text,
            publisher, None if published is None else _date(published), published_text,
            rating, reviews, seller, self_operated, _flags(flags),
            highlighted,
        ))  # fmt: skip


ListingDraft = cast(
    "type[Listing]",
    make_dataclass(
        "ListingDraft",
        [(f.name, f.type, field(default=f.default)) for f in fields(Listing)],
        slots=True,
        eq=False,
        repr=False,
    ),
)
"""A mutable `Listing`, for code that creates many: setting 29 fields of a frozen object takes 3 µs instead of 0.4.

Pass it to `freeze_listing` as soon as it is complete.
"""


def freeze_listing(draft: Listing) -> Listing:
    """Turn a `ListingDraft` into a `Listing`; both have the same slots, so only its class changes."""
    draft.__class__ = Listing
    return draft


AUTHOR_ROLES = frozenset(
    """
    著 编 编著 主编 原著 著绘 撰 作 文 文图 写 撰文 著文 口述 续 撰著 撰写 采写 编述
    合著 合编 编写 编绘 编选 编撰 编纂 选编 组编 原编 原编者
    """.split()  # noqa: SIM905 (a table of words is read more easily than two dozen quoted strings)
)
"""Roles of those who wrote the text."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a shop's response to a search."""

    kind: PageKind
    listings: tuple[Listing, ...]
    total: int | None
    """Number of products that the shop states for the search; None if it states none."""
    page: int | None
    """The page number that the shop shows."""
    pages: int | None
    """The number of pages that the shop shows."""
    layout: Layout | None
    """None if there is no list."""
    query_echo: str | None
    """The query as the shop repeats it; a misread key shows here."""
    notice: str
    """The shop's message that it searched for something else, or found nothing; '' if there is none."""
    items: int
    """List items found in the markup, readable or not."""
    sign: str
    """The evidence for `kind`, in a few words: «title 搜索无结果页»."""
    charset: str
    """The charset used to decode the body."""
    undecodable: int
    """Number of byte sequences that were replaced in the list, or in the whole page if it has no list."""
    title_echo: bool = False
    """True if `query_echo` comes only from the page's title, which may contain more than the query."""
    ended: bool = True
    """True if the end was seen: of the list, the paging bar, or `</html>`. False for a page that was cut."""
    unparsed: int = 0
    """Number of characters of markup beyond the parsing limit."""
    surplus: int = 0
    """Number of list items beyond the limit; `items` does not count them."""
    clipped: int = 0
    """Number of listings with a shortened text."""
    sign_code: SignCode | None = None
    """The kind of `sign`, for reports in other languages; None if only its text is known."""
    sign_value: str = ""
    """The title, words or number that `sign` quotes."""
    plain_items: int = field(default=0, compare=False)
    """Number of items read without a tree; the way of reading does not count in comparisons."""
    tree_items: int = field(default=0, compare=False)
    """Number of items read from a tree."""

    def to_wire(self) -> Wire:
        """Return the page as a tuple of plain values, with its listings as nested tuples."""
        return (
            self.kind.value, tuple(listing.to_wire() for listing in self.listings), self.total, self.page,
            self.pages, None if self.layout is None else self.layout.value, self.query_echo, self.notice,
            self.items, self.sign, self.charset, self.undecodable, self.title_echo, self.ended, self.unparsed,
            self.surplus, self.clipped, None if self.sign_code is None else self.sign_code.value, self.sign_value,
            self.plain_items, self.tree_items,
        )  # fmt: skip

    @classmethod
    def from_wire(cls, wire: Wire) -> SearchPage:
        """Restore a page from the result of `to_wire`."""
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


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


# Listings share the values that they have in common: prices, days, authors. This saves time and memory, and the garbage
# collector, which stops the event loop, has fewer objects to look at.


@lru_cache(maxsize=4096)
def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@lru_cache(maxsize=4096)
def _date(ordinal: int) -> dt.date:
    return dt.date.fromordinal(ordinal)


@lru_cache(maxsize=4096)
def _contributors(
    wires: tuple[tuple[str, str | None, str | None, str | None], ...],
) -> tuple[Contributor, ...]:
    return tuple([Contributor(*wire) for wire in wires])


@lru_cache(maxsize=64)
def _flags(values: tuple[str, ...]) -> frozenset[Flag]:
    return frozenset(map(Flag, values))
