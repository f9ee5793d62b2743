"""Folio's search page: bytes in, `SearchPage` out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers.model import Contributor, Layout, Listing, PageKind, SearchPage, SignCode
from parsers.text import decode, detect_charset
from tests.second_shop.shop import SHOP
from tests.second_shop.urls import product_url

_PRICE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{2}) €")


def parse_search_page(body: bytes, *, charset: str | None = None, page: int = 1) -> SearchPage:
    codec = detect_charset(body, charset)
    text = decode(body, codec)
    tree = LexborHTMLParser(text.text)
    listings = tuple(_listings(tree, page))
    kind, code, value = _kind(tree, listings)
    start, total = _number(tree, "data.start"), _number(tree, "data.total")
    return SearchPage(
        kind=kind,
        listings=listings,
        total=total,
        page=None if start is None else start // SHOP.page_size + 1,
        pages=None if total is None else min(-(-total // SHOP.page_size), SHOP.max_pages),
        layout=Layout.LIST if listings else None,
        query_echo=_text(tree, "input[name=q]", attribute="value") or None,
        notice=_text(tree, "p.none"),
        items=len(tree.css("ol.hits > li")),
        sign=value,
        charset=codec,
        undecodable=text.undecodable,
        ended=b"</html>" in body,
        sign_code=code,
        sign_value=value,
    )


def _kind(tree: LexborHTMLParser, listings: tuple[Listing, ...]) -> tuple[PageKind, SignCode, str]:
    if listings:
        return PageKind.RESULTS, SignCode.RESULT_LIST, str(len(listings))
    if tree.css_first("form.robot") is not None:
        return PageKind.BLOCKED, SignCode.MARKER, "form.robot"
    if notice := _text(tree, "p.none"):
        return PageKind.NO_RESULTS, SignCode.MARKER, notice
    if tree.css_first("ol.hits") is not None:
        return PageKind.RESULTS, SignCode.FRAME_ONLY, ""
    return PageKind.OTHER, SignCode.TITLE, _text(tree, "title")


def _listings(tree: LexborHTMLParser, page: int) -> Iterator[Listing]:
    for position, item in enumerate(tree.css("ol.hits > li[data-sku]"), 1):
        number = item.attributes["data-sku"] or ""
        now, before, published = (_text(item, f".{name}") for name in ("now", "before", "out"))
        author = _text(item, ".by")
        rating, reviews = _text(item, ".stars"), _number(item, ".votes")
        yield Listing(
            product_id=number,
            title=_text(item, "h3"),
            subtitle="",
            description="",
            url=product_url(number) or "",
            image=None,
            page=page,
            position=position,
            price=_price(now),
            price_text=now,
            list_price=_price(before),
            list_price_text=before,
            discount_text="",
            ebook_price=None,
            ebook_only=False,
            sold_out=item.css_first(".gone") is not None,
            volumes=1,
            contributors=(Contributor(author),) if author else (),
            contributors_text=author,
            publisher=_text(item, ".house") or None,
            published=dt.date(int(published), 1, 1) if published else None,
            published_text=published,
            rating=float(rating) if rating else None,
            reviews=reviews,
            seller=None,
            self_operated=True,
            flags=frozenset(),
            highlighted=False,
        )


def _price(text: str) -> Decimal | None:
    match = _PRICE.fullmatch(text)
    return Decimal(match[1].replace(".", "").replace(",", ".")) if match else None


def _text(tree: LexborHTMLParser | LexborNode, selector: str, *, attribute: str | None = None) -> str:
    node = tree.css_first(selector)
    if node is None:
        return ""
    return " ".join((node.text() if attribute is None else node.attributes.get(attribute) or "").split())


def _number(tree: LexborHTMLParser | LexborNode, selector: str) -> int | None:
    text = _text(tree, selector)
    return int(text) if text.isdecimal() else None
