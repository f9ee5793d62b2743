"""One item of Dangdang's result list, in either layout, becomes a `Listing`.

The item's nodes are walked once and put down under the marks they carry (a class, a name); the fields are then
read from those few nodes. One `css()` per field would walk the item a dozen times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborNode

from parsers.dangdang.author_block import read_author_block
from parsers.model import Listing
from parsers.names import parse_contributors
from parsers.text import fold, parse_count, parse_date, parse_price
from parsers.titles import parse_volumes, says_sold_out, title_flags

__all__ = ["Item", "product_id_of"]

PRODUCT_URL = "https://product.dangdang.com/{}.html"

_MARKED_CLASSES = frozenset(
    """
    pic name detail search_hot_word search_now_price search_pre_price search_discount search_e_price e_price ebook_buy
    price_n price_r price_s search_star_black level search_comment_num search_book_author search_shangjia link
    new_lable new_lable1 new_lable2 skcolor_ljg search_btn_cart
    """.split()  # noqa: SIM905 (a table of class names is read more easily than thirty quoted strings)
)
_MARKED_NAMES = frozenset(
    "itemlist-picture itemlist-title itemlist-review itemlist-shop-name pdno ebook_buy_button title".split()  # noqa: SIM905
)

_ITEM_ID = re.compile(r"p?(\d{5,})")
_PRODUCT_LINK = re.compile(r"(?:product\.(?:m\.)?dangdang\.com/(?:product\.aspx\?product_id=)?|e\.dangdang\.com/products/)(\d{5,})")
_STAR_WIDTH = re.compile(r"width\s*:\s*(\d+(?:\.\d+)?)\s*%")
_PLACEHOLDER = re.compile(r"url_none|/blank\.|loading|images/model", re.IGNORECASE)
_SELF_OPERATED = "当当自营"
_NO_STOCK = re.compile(r"到货通知|缺货|售罄|无货|已下架")


def product_id_of(node: LexborNode) -> str | None:
    """Return the product id that a list item's own tag carries: `id="p29220317"`, `id="29220317"` or `sku`."""
    attributes = node.attributes
    for value in (attributes.get("id"), attributes.get("sku")):
        match = _ITEM_ID.fullmatch((value or "").strip())
        if match is not None:
            return match[1]
    return None


class Item:
    """An item's nodes, by the marks they carry."""

    def __init__(self, nodes: Iterable[LexborNode], product_id: str | None = None) -> None:
        """Walk `nodes`, the item's root or, where its `<li>` is missing, the stretch of nodes that belong to it."""
        self._marked: dict[str, list[LexborNode]] = {}
        for root in nodes:
            for node in root.traverse(include_text=False):
                self._mark(node)
        self.product_id = product_id or self._linked_id()

    def _mark(self, node: LexborNode) -> None:
        attributes = node.attributes
        classes = attributes.get("class")
        if classes:
            for mark in classes.split():
                if mark in _MARKED_CLASSES:
                    self._marked.setdefault(mark, []).append(node)
        name = attributes.get("name")
        if name in _MARKED_NAMES:
            self._marked.setdefault(name, []).append(node)
        if node.tag == "img":
            self._marked.setdefault("img", []).append(node)

    def _all(self, *marks: str) -> list[LexborNode]:
        return [node for mark in marks for node in self._marked.get(mark, ())]

    def _first(self, *marks: str) -> LexborNode | None:
        for mark in marks:
            nodes = self._marked.get(mark)
            if nodes:
                return nodes[0]
        return None

    def _text(self, *marks: str) -> str:
        node = self._first(*marks)
        return "" if node is None else fold(node.text())

    def _linked_id(self) -> str | None:
        for node in self._all("pic", "itemlist-picture", "itemlist-title"):
            match = _PRODUCT_LINK.search(node.attributes.get("href") or "")
            if match is not None:
                return match[1]
        return None

    @property
    def is_product(self) -> bool:
        """Whether this looks like a product at all: an id, or a title beside a price."""
        return self.product_id is not None or (
            self._first("pic", "itemlist-picture", "itemlist-title", "name") is not None
            and self._first("search_now_price", "price_n", "search_e_price", "e_price") is not None
        )

    @property
    def is_grid(self) -> bool:
        """Whether the item is a tile of the grid layout."""
        return "price_n" in self._marked and "search_now_price" not in self._marked

    def listing(self, *, page: int, position: int) -> Listing | None:
        """Return what the item says; None when it names no product."""
        if self.product_id is None:
            return None
        title, subtitle = self._titles()
        volumes, is_set = parse_volumes(title)
        price_text, ebook_text = self._price_texts()
        price, ebook_price = parse_price(price_text), parse_price(ebook_text)
        seller, self_operated = self._seller()
        ebook_only = seller is None and (
            _is_ebook_id(self.product_id)
            or (not price_text and (ebook_price is not None or "ebook_buy_button" in self._marked))
        )
        if ebook_only:
            ebook_price, price = ebook_price or price, None
        block = read_author_block(self._first("search_book_author"))
        list_price_text = self._text("search_pre_price", "price_r")
        return Listing(
            product_id=self.product_id,
            title=title,
            subtitle=subtitle,
            description=self._text("detail", "search_hot_word"),
            url=self._url(),
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
            sold_out=self._sold_out(title),
            volumes=volumes,
            contributors=parse_contributors(block.contributors),
            contributors_text=block.contributors,
            publisher=block.publisher,
            published=parse_date(block.published),
            published_text=block.published,
            rating=self._rating(),
            reviews=self._reviews(),
            seller=seller,
            self_operated=self_operated,
            flags=title_flags(title, is_set=is_set),
            highlighted=self._highlighted(),
        )

    def _titles(self) -> tuple[str, str]:
        """Return the title and what follows it in the name line."""
        picture, image = self._first("pic", "itemlist-picture"), self._first("img")
        link = self._first("itemlist-title")
        if link is None:
            link = next((a for p in self._all("name", "title") for a in [p.css_first("a")] if a is not None), None)
        said = "" if link is None else fold(link.attributes.get("title"))
        shown = fold(link.text()) if link is not None else self._text("name", "title")
        # A quotation mark within the attribute ends it early; the text goes on then.
        full = shown if len(shown) > len(said) and shown.startswith(said) else said or shown
        title = "" if picture is None else fold(picture.attributes.get("title"))
        title = title or ("" if image is None else fold(image.attributes.get("alt"))) or full
        return title, _after(title, full)

    def _price_texts(self) -> tuple[str, str]:
        """Return the words of the price and of the e-book's price; '' for what is not there."""
        paper, ebook = "", ""
        for node in self._all("search_now_price", "price_n"):
            text = fold(node.text())
            # An e-book on its own has its price in the paper price's class, within a box of its own.
            if _within(node, "e_price", "ebook_buy"):
                ebook = ebook or text
            else:
                paper = paper or text
        offer = self._first("search_e_price")
        if offer is not None:
            amount = offer.css_first("i")
            ebook = fold((offer if amount is None else amount).text()) or ebook
        if not paper and not ebook:
            ebook = self._text("e_price")
        return paper, ebook

    def _discount(self) -> str:
        for node in self._all("search_discount", "price_s"):
            text = fold(node.text()).strip("()（） ")
            if node.tag != "a" and text:
                return text
        return ""

    def _seller(self) -> tuple[str | None, bool | None]:
        """Return the marketplace shop, and whether Dangdang itself sells.

        Goods without a shop link count as the shop's own when the product id has eight digits: of the 1,000 products in
        the mobile data of 2018, the 331 with such ids all had shop 0, and every marketplace product had ten digits.
        """
        for node in self._all("itemlist-shop-name", "search_shangjia", "link"):
            link = node if node.tag == "a" else node.css_first("a")
            name = "" if link is None else fold(link.attributes.get("title")) or fold(link.text())
            if _SELF_OPERATED in name:
                return None, True
            if name:
                return name, False
        if any(_SELF_OPERATED in fold(node.text()) for node in self._all("new_lable", "new_lable1", "new_lable2")):
            return None, True
        if "search_shangjia" not in self._marked and len(self.product_id or "") == 8:
            return None, True
        return None, None

    def _sold_out(self, title: str) -> bool:
        """Whether the goods are gone; 详细信息 in place of the cart button proves nothing."""
        buttons = self._all("search_btn_cart")
        return says_sold_out(title) or "pdno" in self._marked or any(_NO_STOCK.search(b.text()) for b in buttons)

    def _rating(self) -> float | None:
        """Return the stars; a bar of 0 % stands beside hundreds of reviews and means unrated."""
        for box in self._all("search_star_black", "level"):
            for node in box.traverse(include_text=False):
                width = _STAR_WIDTH.search(node.attributes.get("style") or "")
                if width is not None:
                    percent = float(width[1])
                    return round(percent / 20, 2) if 0 < percent <= 100 else None
        return None

    def _reviews(self) -> int | None:
        return parse_count(self._text("search_comment_num", "itemlist-review"))

    def _url(self) -> str:
        for node in self._all("pic", "itemlist-picture", "itemlist-title"):
            match = _PRODUCT_LINK.search(node.attributes.get("href") or "")
            if match is not None:
                return PRODUCT_URL.format(match[1])
        return PRODUCT_URL.format(self.product_id)

    def _image(self) -> str | None:
        for node in self._all("img"):
            attributes = node.attributes
            for name in ("data-original", "src"):
                address = (attributes.get(name) or "").strip()
                if address and not _PLACEHOLDER.search(address):
                    absolute = re.sub(r"^(?:https?:)?//", "https://", address)
                    if absolute.startswith("https://"):
                        return absolute
        return None

    def _highlighted(self) -> bool:
        return any(_within(node, "name", "title", "itemlist-title") for node in self._all("skcolor_ljg"))


def _is_ebook_id(product_id: str) -> bool:
    """Whether an id is of the e-book range: ten digits from 19, which no printed book has had (data of 2018–2025)."""
    return len(product_id) == 10 and product_id.startswith("19")


def _within(node: LexborNode, *marks: str) -> bool:
    """Whether one of the three nodes around `node` carries one of the classes or names."""
    around = node.parent
    for _ in range(3):
        if around is None:
            return False
        attributes = around.attributes
        if (attributes.get("name") or "") in marks or not set(marks).isdisjoint((attributes.get("class") or "").split()):
            return True
        around = around.parent
    return False


def _after(title: str, full: str) -> str:
    """Return what `full` says after `title`, white space aside; all of it where it does not begin with the title."""
    if not title or title == full:
        return ""
    letters, at = [c for c in title if c != " "], 0
    for index, char in enumerate(full):
        if at == len(letters):
            return full[index:].strip()
        if char == " ":
            continue
        if char != letters[at]:
            return full
        at += 1
    return ""


