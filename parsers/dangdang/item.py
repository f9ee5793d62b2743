"""One item of Dangdang's result list, in either layout, becomes a `Listing`.

The item's nodes are walked once and put down under the marks they carry (a class, a name); the fields are then
read from those few nodes. One `css()` per field would walk the item a dozen times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from parsers.dangdang.author_block import AuthorBlock, read_author_block
from parsers.model import Listing
from parsers.names import parse_contributors
from parsers.text import fold, parse_count, parse_date, parse_price
from parsers.titles import read_title

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["Item", "product_id_of"]

PRODUCT_URL = "https://product.dangdang.com/{}.html"


class Marked(NamedTuple):
    """A node that carries a mark, with its attributes, which are costly to ask for twice."""

    node: LexborNode
    attributes: dict[str, str | None]

    def text(self) -> str:
        """Return the folded text of the node and all in it."""
        return fold(self.node.text())

    def get(self, name: str) -> str:
        """Return an attribute, '' where it is missing or empty."""
        return self.attributes.get(name) or ""


_MARKED_CLASSES = frozenset(
    """
    pic name detail search_hot_word search_now_price search_pre_price search_discount search_e_price e_price ebook_buy
    price_n price_r price_s search_star_black level search_comment_num search_book_author search_shangjia link
    new_lable new_lable1 new_lable2 skcolor_ljg search_btn_cart
    """.split()  # noqa: SIM905 (a table of class names is read more easily than thirty quoted strings)
)
_MARKED_NAMES = frozenset(
    """
    itemlist-picture itemlist-title itemlist-review itemlist-shop-name itemlist-author P_cbs pdno ebook_buy_button title
    """.split()  # noqa: SIM905 (as above)
)

_ITEM_ID = re.compile(r"p?(\d{5,})")
_PRODUCT_LINK = re.compile(
    r"(?:product\.(?:m\.)?dangdang\.com/(?:product\.aspx\?product_id=)?|e\.dangdang\.com/products/)(\d{5,})"
)
_STAR_WIDTH = re.compile(r"width\s*:\s*(\d+(?:\.\d+)?)\s*%")
_PLACEHOLDERS = ("url_none", "images/model", "/blank.", "loading")
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
        self._marked: dict[str, list[Marked]] = {}
        add = self._marked.setdefault
        for root in nodes:
            for node in root.traverse(include_text=False):
                attributes = node.attributes
                name, classes = attributes.get("name"), attributes.get("class")
                if name in _MARKED_NAMES:
                    add(name, []).append(Marked(node, attributes))
                if classes in _MARKED_CLASSES:  # by far the most common case: one class, or none
                    add(classes, []).append(Marked(node, attributes))
                elif classes and " " in classes:
                    for mark in _MARKED_CLASSES.intersection(classes.split()):
                        add(mark, []).append(Marked(node, attributes))
                if "src" in attributes:
                    add("img", []).append(Marked(node, attributes))
        self.product_id = product_id or self._linked_id()

    def _all(self, *marks: str) -> list[Marked]:
        if len(marks) == 1:
            return self._marked.get(marks[0], [])
        return [marked for mark in marks if mark in self._marked for marked in self._marked[mark]]

    def _first(self, *marks: str) -> Marked | None:
        for mark in marks:
            if mark in self._marked:
                return self._marked[mark][0]
        return None

    def _text(self, *marks: str) -> str:
        marked = self._first(*marks)
        return "" if marked is None else marked.text()

    def _linked_id(self) -> str | None:
        for link in self._all("pic", "itemlist-picture", "itemlist-title"):
            match = _PRODUCT_LINK.search(link.get("href"))
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
    def is_tile(self) -> bool:
        """Whether the item is laid out as a tile of the grid."""
        return "price_n" in self._marked and "search_now_price" not in self._marked

    def listing(self, *, page: int, position: int) -> Listing | None:
        """Return what the item says; None when it names no product."""
        if self.product_id is None:
            return None
        title, subtitle = self._titles()
        facts = read_title(title)
        price_text, ebook_text = self._price_texts()
        price, ebook_price = parse_price(price_text), parse_price(ebook_text)
        seller, self_operated = self._seller()
        ebook_only = seller is None and (
            _is_ebook_id(self.product_id)
            or (not price_text and (ebook_price is not None or "ebook_buy_button" in self._marked))
        )
        if ebook_only:
            ebook_price, price = ebook_price or price, None
        block = self._author_block()
        list_price_text = self._text("search_pre_price", "price_r")
        return Listing(
            product_id=self.product_id,
            title=title,
            subtitle=subtitle,
            description=self._text("detail", "search_hot_word"),
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
            volumes=facts.volumes,
            contributors=parse_contributors(block.contributors),
            contributors_text=block.contributors,
            publisher=block.publisher,
            published=parse_date(block.published),
            published_text=block.published,
            rating=self._rating(),
            reviews=parse_count(self._text("search_comment_num", "itemlist-review")),
            seller=seller,
            self_operated=self_operated,
            flags=facts.flags,
            highlighted=self._highlighted(),
        )

    def _titles(self) -> tuple[str, str]:
        """Return the title and what follows it in the name line."""
        link, line = self._first("itemlist-title"), self._first("name", "title")
        if link is None and line is not None:
            anchor = line.node.css_first("a")
            link = line if anchor is None else Marked(anchor, anchor.attributes)
        said = shown = ""
        if link is not None:
            said, shown = fold(link.get("title")), link.text()
        # A quotation mark within the attribute ends it early; the text goes on then.
        full = shown if len(shown) > len(said) and shown.startswith(said) else said or shown
        picture, image = self._first("pic", "itemlist-picture"), self._first("img")
        title = fold(picture.get("title")) if picture is not None else ""
        title = title or (fold(image.get("alt")) if image is not None else "") or full
        return title, _after(title, full)

    def _price_texts(self) -> tuple[str, str]:
        """Return the words of the price and of the e-book's price; '' for what is not there."""
        paper = ebook = ""
        boxed = "e_price" in self._marked or "ebook_buy" in self._marked
        for amount in self._all("search_now_price", "price_n"):
            # An e-book on its own has its price in the paper price's class, within a box of its own.
            if boxed and _within(amount.node, "e_price", "ebook_buy"):
                ebook = ebook or amount.text()
            else:
                paper = paper or amount.text()
        offer = self._first("search_e_price")
        if offer is not None:
            amount_node = next((child for child in offer.node.iter() if child.tag == "i"), offer.node)
            ebook = fold(amount_node.text()) or ebook
        return paper, ebook or ("" if paper else self._text("e_price"))

    def _discount(self) -> str:
        for marked in self._all("search_discount", "price_s"):
            if marked.node.tag != "a":
                text = marked.text().strip("()（） ")
                if text:
                    return text
        return ""

    def _seller(self) -> tuple[str | None, bool | None]:
        """Return the marketplace shop, and whether Dangdang itself sells.

        Goods without a shop link count as the shop's own when the product id has eight digits: of the 1,000 products in
        the mobile data of 2018, the 331 with such ids all had shop 0, and every marketplace product had ten digits.
        """
        for marked in self._all("itemlist-shop-name", "search_shangjia", "link"):
            name = _shop_name(marked)
            if _SELF_OPERATED in name:
                return None, True
            if name:
                return name, False
        if any(
            _SELF_OPERATED in label.text() for label in self._all("new_lable", "new_lable1", "new_lable2")
        ):
            return None, True
        if "search_shangjia" not in self._marked and len(self.product_id or "") == 8:
            return None, True
        return None, None

    def _no_stock(self) -> bool:
        """Whether a notice stands in place of the cart button; 详细信息 (details) there proves nothing."""
        return "pdno" in self._marked or any(
            _NO_STOCK.search(b.node.text()) for b in self._all("search_btn_cart")
        )

    def _rating(self) -> float | None:
        """Return the stars; a bar of 0 % stands beside hundreds of reviews and means unrated."""
        for box in self._all("search_star_black", "level"):
            for node in box.node.traverse(include_text=False):
                width = _STAR_WIDTH.search(node.attributes.get("style") or "")
                if width is not None:
                    percent = float(width[1])
                    return round(percent / 20, 2) if 0 < percent <= 100 else None
        return None

    def _image(self) -> str | None:
        for image in self._all("img"):
            for name in ("data-original", "src"):
                address = image.get(name).strip()
                if address and not any(part in address for part in _PLACEHOLDERS):
                    absolute = f"https:{address}" if address.startswith("//") else address
                    absolute = f"https{absolute[4:]}" if absolute.startswith("http://") else absolute
                    if absolute.startswith("https://"):
                        return absolute
        return None

    def _author_block(self) -> AuthorBlock:
        block = self._first("search_book_author")
        if block is None:
            return AuthorBlock()
        # Every author's link usually carries the title of the whole block.
        authors = {link.get("title") for link in self._all("itemlist-author")}
        houses = {link.get("title") for link in self._all("P_cbs")[:1]}
        return read_author_block(
            block.node,
            author_titles=sorted(map(fold, authors)),
            publisher=self._text("P_cbs"),
            publisher_titles=sorted(map(fold, houses)),
        )

    def _highlighted(self) -> bool:
        return any(
            _within(marked.node, "name", "title", "itemlist-title") for marked in self._all("skcolor_ljg")
        )


def _shop_name(marked: Marked) -> str:
    """Return the shop's name in a shop link, or in the line that holds one."""
    node = marked.node if marked.node.tag == "a" else marked.node.css_first("a")
    return "" if node is None else fold(node.attributes.get("title")) or fold(node.text())


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
        carried = [*(attributes.get("class") or "").split(), attributes.get("name")]
        if any(mark in carried for mark in marks):
            return True
        around = around.parent
    return False


def _after(title: str, full: str) -> str:
    """Return what `full` says after `title`, white space aside; all of it where it does not begin with the title."""
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
