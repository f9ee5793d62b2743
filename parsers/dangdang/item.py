"""Convert one item of Dangdang's result list, in either layout, to a `Listing`.

Walk the item's nodes once and index them by their marks (a class, a name); then read the fields from those few nodes.
One `css()` call per field would walk the item a dozen times.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from parsers.condition import says_used, seller_sells_used
from parsers.dangdang.author_block import AuthorBlock, AuthorTexts, read_author_block, span_texts
from parsers.dangdang.urls import PRODUCT_URL
from parsers.model import Flag, Listing, ListingDraft, freeze_listing
from parsers.names import is_unknown, parse_contributors
from parsers.text import MAX_TEXT, clip, fold, parse_count, parse_date, parse_price
from parsers.titles import read_title

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = [
    "MARKED_CLASSES",
    "MARKED_NAMES",
    "PRODUCT_LINK",
    "SELF_OPERATED",
    "Item",
    "absolute",
    "opens_product",
    "product_id_of",
    "star_width",
    "stars",
]

Attributes = dict[str, str | None]
Marked = tuple["LexborNode", Attributes]
"""A node with a mark, and its attributes, which are slow to fetch twice.

It is a plain tuple because a page has 1,300 such nodes, and a named tuple takes 0.2 µs more to create.
"""

MARKED_CLASSES = frozenset(
    """
    pic name detail search_hot_word search_now_price search_pre_price search_discount search_e_price e_price ebook_buy
    price_n price_r price_s search_star_black level search_comment_num search_book_author search_shangjia link
    new_lable new_lable1 new_lable2 skcolor_ljg search_btn_cart
    """.split()  # noqa: SIM905 (a table of class names is read more easily than thirty quoted strings)
)
MARKED_NAMES = frozenset(
    """
    itemlist-picture itemlist-title itemlist-review itemlist-shop-name itemlist-author P_cbs pdno ebook_buy_button title
    """.split()  # noqa: SIM905 (as above)
)
_TITLE_MARKS = frozenset({"pic", "itemlist-picture", "itemlist-title", "name"})
_PRICE_MARKS = frozenset({"search_now_price", "price_n", "search_e_price", "e_price"})

_ITEM_ID = re.compile(r"p?([0-9]{5,20})")
PRODUCT_LINK = re.compile(
    r"(?:product\.(?:m\.)?dangdang\.com/(?:product\.aspx\?product_id=)?|e\.dangdang\.com/products/)([0-9]{5,20})(?!\d)"
)
MAX_ADDRESS = 2_000
"""Maximum length of an address in characters; longer ones are not reliably supported by browsers and servers."""

_STAR_WIDTH = re.compile(r"width\s*:\s*(\d+(?:\.\d+)?)\s*%")
_PLACEHOLDER = re.compile(r"url_none|images/model|/blank\.|loading")
SELF_OPERATED = "当当自营"
_BUY_BUTTON = "Buy"
_NO_STOCK = re.compile(r"到货通知|缺货|售罄|无货|已下架")


def product_id_of(node: LexborNode) -> str | None:
    """Return the product id in a list item's own tag: `id="p29220317"`, `id="29220317"` or `sku`."""
    attributes = node.attributes
    for value in (attributes.get("id"), attributes.get("sku")):
        match = _ITEM_ID.fullmatch((value or "").strip())
        if match is not None:
            return match[1]
    return None


@lru_cache(maxsize=512)  # a page's two thousand nodes have some thirty combinations
def _marks_of(classes: str | None, name: str | None) -> tuple[str, ...]:
    """Return the marks in a node's classes and name."""
    marks = MARKED_CLASSES.intersection(classes.split()) if classes else frozenset[str]()
    return (*marks, name) if name in MARKED_NAMES else tuple(marks)


class Item:
    """An item's nodes, indexed by their marks."""

    def __init__(self, nodes: Iterable[LexborNode], product_id: str | None = None) -> None:
        """Walk `nodes`: the item's root or, if its `<li>` is missing, the sequence of nodes that belong to it."""
        self._marked = by_mark = dict[str, list[Marked]]()
        for root in nodes:
            for node in root.traverse(include_text=False):
                attributes = node.attributes
                if not attributes:
                    continue
                marks = _marks_of(attributes.get("class"), attributes.get("name"))
                if "src" in attributes:
                    marks = (*marks, "img")
                for mark in marks:
                    if mark in by_mark:
                        by_mark[mark].append((node, attributes))
                    else:
                        by_mark[mark] = [(node, attributes)]
        self.product_id = product_id or self._linked_id()
        self.clipped = False
        """True if a text was longer than `MAX_TEXT`; valid after a call of `listing`."""

    def _all(self, mark: str, other: str = "", third: str = "") -> list[Marked]:
        get = self._marked.get
        return [*get(mark, ()), *get(other, ()), *get(third, ())]

    def _first(self, mark: str, other: str = "") -> Marked | None:
        found = self._marked.get(mark) or self._marked.get(other)
        return found[0] if found else None

    def _text(self, mark: str, other: str = "") -> str:
        found = self._marked.get(mark) or self._marked.get(other)
        return self._fold(found[0][0].text()) if found else ""

    def _fold(self, text: str | None) -> str:
        """Fold and clip `text`; record if something was cut."""
        folded = fold(text)
        return folded if len(folded) <= MAX_TEXT else self._clip(folded)

    def _clip(self, folded: str) -> str:
        if len(folded) > MAX_TEXT:
            self.clipped = True
            return clip(folded)
        return folded

    def _linked_id(self) -> str | None:
        for _, attributes in self._all("pic", "itemlist-picture", "itemlist-title"):
            match = PRODUCT_LINK.search(attributes.get("href") or "")
            if match is not None:
                return match[1]
        return None

    @property
    def is_product(self) -> bool:
        """Return True if this looks like a product: it has an id, or a title and a price."""
        return self.product_id is not None or (
            not _TITLE_MARKS.isdisjoint(self._marked) and not _PRICE_MARKS.isdisjoint(self._marked)
        )

    @property
    def is_tile(self) -> bool:
        """Return True if the item is a tile of the grid layout."""
        return "price_n" in self._marked and "search_now_price" not in self._marked

    def listing(self, *, page: int, position: int, options: Collection[str] = ()) -> Listing | None:
        """Return the listing; None if the item names no product.

        `options` are the products with several options according to the page's own script.
        """
        if self.product_id is None:
            return None
        title, subtitle = self._titles()
        facts = read_title(title)
        price_text, ebook_text = self._price_texts()
        price, ebook_price = parse_price(price_text), parse_price(ebook_text)
        seller, self_operated = self._seller()
        ebook_only = seller is None and (
            _is_ebook_id(self.product_id)
            or (not price_text and (ebook_price is not None or self._sells_ebook()))
        )
        if ebook_only:
            ebook_price, price = ebook_price or price, None
        block = self._author_block()
        description = self._text("detail", "search_hot_word")
        flags, volumes = facts.flags, facts.volumes
        if says_used(f"{subtitle} {description}") or (seller is not None and seller_sells_used(seller)):
            flags |= {Flag.SECOND_HAND}
        if self.product_id in options or self._leads_to_options() or price_text.endswith("起"):
            flags, volumes = flags | {Flag.OPTIONS}, None
        list_price_text = self._text("search_pre_price", "price_r")
        draft = ListingDraft(
            product_id=self.product_id,
            title=title,
            subtitle=subtitle,
            description=description,
            url=PRODUCT_URL.format(self._linked_id() or self.product_id),
            image=self._image(),
            page=page,
            position=position,
            price=price,
            price_text=price_text,
            list_price=parse_price(list_price_text),
            list_price_text=list_price_text,
            discount_text=self._discount(),
            ebook_price=ebook_price,
            ebook_only=ebook_only,
            sold_out=facts.sold_out or self._no_stock(),
            volumes=volumes,
            contributors=parse_contributors(block.contributors),
            contributors_text=block.contributors,
            publisher=block.publisher,
            published=parse_date(block.published),
            published_text=block.published,
            rating=self._rating(),
            reviews=parse_count(self._text("search_comment_num", "itemlist-review")),
            seller=seller,
            self_operated=self_operated,
            flags=flags,
            highlighted=self._highlighted(),
        )
        return freeze_listing(draft)

    def _titles(self) -> tuple[str, str]:
        """Return the title, and the text after it in the name line."""
        title, attribute, shown = self._title_texts()
        # A quotation mark in the attribute ends it early; the text is complete.
        full = shown if len(shown) > len(attribute) and shown.startswith(attribute) else attribute or shown
        title = title or full
        return title, _after(title, full)

    def _title_texts(self) -> tuple[str, str, str]:
        """Return the title of the picture or its image, and the attribute and the text of the title's link."""
        link, line = self._first("itemlist-title"), self._first("name", "title")
        if link is None and line is not None:
            anchor = line[0].css_first("a")
            link = line if anchor is None else (anchor, anchor.attributes)
        attribute = shown = ""
        if link is not None:
            attribute, shown = self._fold(link[1].get("title")), self._fold(link[0].text())
        picture, image = self._first("pic", "itemlist-picture"), self._first("img")
        title = self._fold(picture[1].get("title")) if picture is not None else ""
        return title or (self._fold(image[1].get("alt")) if image is not None else ""), attribute, shown

    def _price_texts(self) -> tuple[str, str]:
        """Return the texts of the price and of the e-book's price; '' if absent."""
        paper = ebook = ""
        boxed = "e_price" in self._marked or "ebook_buy" in self._marked
        for amount, _ in self._all("search_now_price", "price_n"):
            # The price of an e-book sold alone has the class of the paper price, but in a box of its own.
            if boxed and _within(amount, _EBOOK_BOX):
                ebook = ebook or self._fold(amount.text())
            else:
                paper = paper or self._fold(amount.text())
        offer = self._first("search_e_price")
        if offer is not None:
            amount = next((child for child in offer[0].iter() if child.tag == "i"), offer[0])
            ebook = self._fold(amount.text()) or ebook
        return paper, ebook or ("" if paper else self._text("e_price"))

    def _discount(self) -> str:
        for node, _ in self._all("search_discount", "price_s"):
            if node.tag != "a":
                text = self._fold(node.text()).strip("()（） ")
                if text:
                    return text
        return ""

    def _seller(self) -> tuple[str | None, bool | None]:
        """Return the marketplace seller, and True if Dangdang itself sells the product.

        Products without a shop link count as the shop's own if the product id has eight digits: of the 1,000 products
        in the mobile data of 2018, the 331 with such ids all had shop 0, and every marketplace product had ten digits.
        """
        for node, _ in self._all("itemlist-shop-name", "search_shangjia", "link"):
            name = self._fold(_shop_name(node))
            if SELF_OPERATED in name:
                return None, True
            if name:
                return name, False
        if "search_shangjia" not in self._marked and len(self.product_id or "") == 8:
            return None, True
        for label, _ in self._all("new_lable", "new_lable1", "new_lable2"):
            if SELF_OPERATED in self._fold(label.text()):
                return None, True
        return None, None

    def _sells_ebook(self) -> bool:
        return "ebook_buy_button" in self._marked

    def _no_stock(self) -> bool:
        """Return True if a notice replaces the cart button; 详细信息 (details) there proves nothing."""
        buttons = self._all("search_btn_cart")
        return "pdno" in self._marked or any(_NO_STOCK.search(button.text()) for button, _ in buttons)

    def _leads_to_options(self) -> bool:
        """Return True if the Buy button opens the product's page, where an option must be chosen first."""
        for _, attributes in self._marked.get("search_btn_cart", ()):
            if attributes.get("name") == _BUY_BUTTON:
                return opens_product(attributes.get("href") or "")
        return False

    def _rating(self) -> float | None:
        """Return the stars; a bar of 0 %, even with hundreds of reviews, means unrated."""
        for box, _ in self._all("search_star_black", "level"):
            for node in box.traverse(include_text=False):
                percent = star_width(node.attributes.get("style"))
                if percent is not None:
                    return stars(percent)
        return None

    def _image(self) -> str | None:
        for _, attributes in self._all("img"):
            for name in ("data-original", "src"):
                address = absolute(attributes.get(name) or "")
                if address is not None:
                    return address
        return None

    def _author_block(self) -> AuthorBlock:
        texts = self._author_texts()
        if texts is None:
            return AuthorBlock()
        read = read_author_block(texts)
        publisher = read.publisher
        if publisher is not None:
            publisher = None if is_unknown(publisher) else self._clip(publisher)
        return AuthorBlock(self._clip(read.contributors), self._clip(read.published), publisher)

    def _author_texts(self) -> AuthorTexts | None:
        block = self._first("search_book_author")
        if block is None:
            return None
        # Every author's link usually carries the title of the whole block.
        authors = {attributes.get("title") for _, attributes in self._all("itemlist-author")}
        house = self._first("P_cbs")
        return AuthorTexts(
            span_texts(block[0]),
            sorted(map(self._fold, authors)),
            self._fold(house[0].text()) if house is not None else "",
            self._fold(house[1].get("title")) if house is not None else "",
        )

    def _highlighted(self) -> bool:
        return any(_within(word, _TITLE_BOX) for word, _ in self._all("skcolor_ljg"))


@lru_cache(maxsize=128)  # stars come in halves
def star_width(style: str | None) -> float | None:
    """Return the width of a star bar in per cent; None if the style states none."""
    width = _STAR_WIDTH.search(style or "")
    return None if width is None else float(width[1])


def stars(percent: float) -> float | None:
    """Return the stars of a bar; one of 0 % means unrated."""
    return round(percent / 20, 2) if 0 < percent <= 100 else None


def absolute(address: str) -> str | None:
    """Return a cover's address with https; None for a placeholder's, and for one that no browser would ask for."""
    address = address.strip()
    if not address or _PLACEHOLDER.search(address):
        return None
    address = f"https:{address}" if address.startswith("//") else address
    address = f"https{address[4:]}" if address.startswith("http://") else address
    if "@" in address and "@" in address[8:].partition("/")[0]:  # a user name: browsers load no such image
        return None
    return address if address.startswith("https://") and len(address) <= MAX_ADDRESS else None


def opens_product(link: str) -> bool:
    """Return True if a button's link leads to a product's page instead of filling the cart."""
    return not link.startswith("javascript:") and PRODUCT_LINK.search(link) is not None


def _shop_name(node: LexborNode) -> str:
    """Return the shop's name from a shop link, or from the line that contains one."""
    link = node if node.tag == "a" else node.css_first("a")
    return "" if link is None else fold(link.attributes.get("title")) or fold(link.text())


def _is_ebook_id(product_id: str) -> bool:
    """Return True for an id in the e-book range: ten digits from 19, never a printed book's (data of 2018–2025)."""
    return len(product_id) == 10 and product_id.startswith("19")


_EBOOK_BOX = frozenset({"e_price", "ebook_buy"})
_TITLE_BOX = frozenset({"name", "title", "itemlist-title"})


def _within(node: LexborNode, marks: frozenset[str]) -> bool:
    """Return True if one of the three enclosing nodes has one of the classes or names."""
    around = node.parent
    for _ in range(3):
        if around is None:
            return False
        attributes = around.attributes
        if attributes.get("name") in marks or not marks.isdisjoint((attributes.get("class") or "").split()):
            return True
        around = around.parent
    return False


def _after(title: str, full: str) -> str:
    """Return the part of `full` after `title`, ignoring white space; all of it if it does not begin with the title."""
    if not title or title == full:
        return ""
    if full.startswith(title):
        return full[len(title) :].strip()
    letters, at = title.replace(" ", ""), 0
    for index, char in enumerate(full):
        if at == len(letters):
            return full[index:].strip()
        if char == " ":
            continue
        if char != letters[at]:
            return full
        at += 1
    return ""
