"""Dangdang's search page: bytes in, `SearchPage` out.

The list is cut out of the text before it is parsed: nine tenths of a page's markup stand around it, and what is
wanted of those (total, pager, the query as the shop repeats it) is read by pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers.dangdang.furniture import read_furniture
from parsers.dangdang.item import Item, product_id_of
from parsers.dangdang.signs import Sign, judge_without_list, notice_of, title_of
from parsers.model import Layout, Listing, PageKind, SearchPage
from parsers.text import decode

__all__ = ["parse_search_page"]

MAX_MARKUP = 4 * 1024 * 1024
"""Characters given to the HTML parser; a real page has 0.4 million, its list half of them."""

_LIST_STARTS = ("search_nature_rg", "component_59")
_OPENS_LIST = re.compile(r"""<(?:div|ul)\b[^<>]*\bid\s*=\s*["']?(?:search_nature_rg|component_59)["']?[^<>]*>""", re.IGNORECASE)
_LIST_END = re.compile(r"""<div\b[^<>]*\bclass\s*=\s*["']?(?:con )?pag(?:ing|inating)\b|<ul\b[^<>]*\bname\s*=\s*["']?Fy\b""", re.IGNORECASE)
_ASIDE = re.compile(r"cpc|reco|guess|history|hot_sale|promo|\bad[s_]|_ads?\b", re.IGNORECASE)


def parse_search_page(body: bytes, *, charset: str | None = None, page: int = 1) -> SearchPage:
    """Read a search page of Dangdang.

    `body` is the page as it came, decompressed; `charset` the one its HTTP header names; `page` the number that was
    asked for, which every listing carries. Whatever the bytes are, a `SearchPage` comes back: its `kind` says
    whether it is a result list, an honest «nothing found», a block page, or something else.
    """
    decoded = decode(body, charset)
    text = decoded.text
    before, markup, after = _cut(text)
    items, layout = _items(markup)
    if not items and markup is not text:
        before, markup, after = "", text, ""
        items, layout = _items(text, named_only=True)
    elif not items:
        before = text
    around = before + "\n" + after if before or after else text
    title = title_of(text)
    furniture = read_furniture(around, title=title, has_list=bool(items))
    notice = notice_of(around)
    if items:
        sign = Sign(PageKind.RESULTS, f"result list of {len(items)} items")
    else:
        sign = judge_without_list(text, title=title, notice=notice, furniture=furniture.described())
    listings = tuple(_listings(items, page))
    return SearchPage(
        kind=sign.kind,
        listings=listings,
        total=furniture.total,
        page=furniture.page,
        pages=furniture.pages,
        layout=layout,
        query_echo=furniture.query_echo,
        notice=notice,
        items=len(items),
        sign=sign.words,
        charset=decoded.charset,
        undecodable=decoded.undecodable,
    )


def _cut(text: str) -> tuple[str, str, str]:
    """Return the text before the list, the list's markup, and the text after it; all as markup if no list is seen."""
    starts = [at for at in map(text.find, _LIST_STARTS) if at >= 0]
    opening = _OPENS_LIST.search(text, text.rfind("<", 0, min(starts))) if starts else None
    if opening is None:
        return "", text, ""
    end = _LIST_END.search(text, opening.end())
    stop = end.start() if end is not None else len(text)
    return text[: opening.start()], text[opening.start() : stop], text[stop:]


def _items(markup: str, *, named_only: bool = False) -> tuple[list[Item], Layout | None]:
    tree = LexborHTMLParser(markup[:MAX_MARKUP])
    container = _container(tree)
    if container is None:
        return [], None
    items = [item for item in _split(container) if item.is_product]
    if not items:
        return [], None
    classes = (container.attributes.get("class") or "").split()
    grid = "cloth_shoplist" in classes or all(item.is_grid for item in items)
    return items, Layout.GRID if grid else Layout.LIST


def _container(tree: LexborHTMLParser) -> LexborNode | None:
    """Return the node whose children are the result list's items.

    The named list first; then any `ul.bigimg`; last, where no list is left around them (part of a page), the parent
    of the most items. Lists of advertisements and recommendations are none.
    """
    for selector in ("#search_nature_rg ul", "ul#component_59", "#component_59", "ul.bigimg", "#search_nature_rg"):
        lists = [node for node in tree.css(selector) if _holds_items(node) and not _is_aside(node)]
        if lists:
            return lists[0]
    parents: dict[int, tuple[int, LexborNode]] = {}
    for node in tree.css('li[id^="p"]'):
        parent = node.parent
        if parent is not None and product_id_of(node) and not _is_aside(parent):
            count = parents.get(parent.mem_id, (0, parent))[0]
            parents[parent.mem_id] = (count + 1, parent)
    return max(parents.values(), key=lambda entry: entry[0])[1] if parents else None


def _holds_items(node: LexborNode) -> bool:
    return any(child.tag == "li" or _starts_item(child) for child in node.iter())


def _is_aside(node: LexborNode | None) -> bool:
    while node is not None:
        attributes = node.attributes
        if _ASIDE.search(f"{attributes.get('id') or ''} {attributes.get('class') or ''}"):
            return True
        node = node.parent
    return False


def _split(container: LexborNode) -> Iterator[Item]:
    """Yield the items among a list's children.

    An item whose opening tag is missing leaves its nodes loose in the list; the picture's link is the first of them.
    """
    loose: list[LexborNode] = []
    for child in container.iter():
        if child.tag == "li":
            if loose:
                yield Item(loose)
                loose = []
            yield Item([child], product_id_of(child))
        elif _starts_item(child):
            if loose:
                yield Item(loose)
            loose = [child]
        elif loose:
            loose.append(child)
    if loose:
        yield Item(loose)


def _starts_item(node: LexborNode) -> bool:
    if node.tag != "a":
        return False
    attributes = node.attributes
    return attributes.get("name") == "itemlist-picture" or "pic" in (attributes.get("class") or "").split()


def _listings(items: list[Item], page: int) -> Iterator[Listing]:
    for position, item in enumerate(items, start=1):
        listing = item.listing(page=page, position=position)
        if listing is not None:
            yield listing
