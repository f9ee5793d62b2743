"""Find Dangdang's result list in the bytes of a page and in the parsed tree."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers.dangdang.item import Item, product_id_of
from parsers.dangdang.item_pattern import USUAL_LIST, any_order, usual_grid
from parsers.dangdang.plain_item import DoubtError, PlainItem
from parsers.model import Layout, Listing

__all__ = [
    "ResultList",
    "find_options",
    "find_result_list",
    "may_hold_items",
    "reaches_end",
    "read_result_list",
]

MAX_MARKUP = 4 * 1024 * 1024
"""Limit on the characters given to the HTML parser; a real page has 0.4 million, half of them in its list."""

MAX_ITEMS = 300
MAX_ELEMENTS = 2_000
"""Limit on the items to read and the list elements to check, since some may not be products; the shop has 60 items on a
page. A list of 40,000 would take 12 s and 120 MB."""


@dataclass(frozen=True, slots=True)
class ResultList:
    """The content of a list; without a list, it has no items and no layout."""

    items: int = 0
    """Number of products in the markup, readable or not."""
    listings: tuple[Listing, ...] = ()
    layout: Layout | None = None
    unparsed: int = 0
    """Number of characters beyond `MAX_MARKUP`."""
    surplus: int = 0
    """Number of list elements beyond `MAX_ITEMS` items."""
    clipped: int = 0
    """Number of listings with a shortened text."""
    plain: int = 0
    """Number of items read without a tree."""
    from_tree: int = 0


_OPENING = re.compile(
    rb"""<(?:div|ul)\b(?=[^<>]*\bid\s*=\s*["']?(?:search_nature_rg|component_59)\b)[^<>]*>""", re.IGNORECASE
)
_END = re.compile(
    rb"""<div\b[^<>]*\bclass\s*=\s*["']?(?:con )?pag(?:ing|inating)\b|<ul\b[^<>]*\bname\s*=\s*["']?Fy\b""",
    re.IGNORECASE,
)
_HTML_START = re.compile(rb"<!doctype\s+html|<html\b", re.IGNORECASE)
_START_WITHIN = 2_048
_HTML_END = re.compile(rb"</html\b", re.IGNORECASE)
_LIST_START = re.compile(rb"<ul\b", re.IGNORECASE)
_LIST_END = re.compile(rb"</ul\b", re.IGNORECASE)
_TRACE = re.compile(r"""\bbigimg\b|\bitemlist-|\bid\s*=\s*["']?p\d{5,}|\bsku\s*=""", re.IGNORECASE)
_ASIDE = re.compile(r"cpc|reco|guess|history|hot_sale|promo|\bad[s_]|_ads?\b", re.IGNORECASE)


_SPACE = r"[ \t\n\r\f]"
_VALUE = r"""(?:"[^"&]*+"|'[^'&]*+')"""


def _others(name: str) -> str:
    """Return the pattern of attributes but one."""
    return rf"(?:{_SPACE}++(?!{name}\b)[a-z][-a-z0-9_]*+={_VALUE})*+"


_FRAME = re.compile(
    rf"""<div{_others("id")}{_SPACE}++id=(?:"search_nature_rg"|'search_nature_rg'){_others("id")}{_SPACE}*+>{_SPACE}*+"""
    rf"""<ul{_others("class")}{_SPACE}++class=(?P<classes>{_VALUE}){_others("class")}{_SPACE}*+>{_SPACE}*+"""
)
"""The list's opening tags, in the shop's usual markup."""
_PROBE = '<li id="probe">x</li>'
_ROOT = re.compile("<(?:body|html)", re.IGNORECASE)
"""Tags whose attributes go to the elements around the list, wherever the tags stand."""

_OPTIONS = re.compile(rb"""\bspu_ids\s*=\s*(?:JSON\.parse\(\s*)?['"]?\s*\[([\d\s,'"]{1,20000})\]""")
_OPTION_ID = re.compile(rb"\d{5,20}")


def find_options(body: bytes, start: int = 0) -> frozenset[str]:
    """Return the product ids in the page's own list of products with several options: `spu_ids`, after the list.

    A script shows the price of these as «¥54.50起» (from), the price of the cheapest in stock.
    """
    at = body.find(b"spu_ids", start)
    match = _OPTIONS.search(body, max(0, at - 1)) if at >= 0 else None
    return frozenset(number.decode() for number in _OPTION_ID.findall(match[1])) if match else frozenset()


def find_result_list(body: bytes) -> slice | None:
    """Return the position of the list's markup, from its opening tag to the paging bar or the end; None if not found.

    In both gb18030 and UTF-8, an ASCII tag can be found by its bytes. A page whose list has an unusual name is parsed
    whole.
    """
    named = [at for at in (body.find(b"search_nature_rg"), body.find(b"component_59")) if at >= 0]
    opening = _OPENING.search(body, max(0, body.rfind(b"<", 0, min(named)))) if named else None
    if opening is None:
        return None
    end = _END.search(body, opening.end())
    return slice(opening.start(), end.start() if end is not None else len(body))


def reaches_end(body: bytes, where: slice | None) -> bool:
    """Return True if a page is complete: it has its paging bar, `</html>`, or the end of the list at `where`.

    A fragment, which has none of them, counts as complete unless it contains an unclosed list.
    """
    if (where is not None and where.stop < len(body)) or _HTML_END.search(body) is not None:
        return True
    if where is None:
        return _HTML_START.search(body, 0, _START_WITHIN) is None
    opened, closed = (len(tag.findall(body, where.start)) for tag in (_LIST_START, _LIST_END))
    return 0 < opened <= closed


def may_hold_items(text: str) -> bool:
    """Return True if a page has any trace of items, without the cost and the risk of parsing it."""
    return _TRACE.search(text) is not None


@dataclass(slots=True)
class _Reading:
    """The part of a list read so far."""

    page: int
    options: Collection[str]
    listings: list[Listing] = field(default_factory=list)
    elements: int = 0
    items: int = 0
    tiles: int = 0
    clipped: int = 0
    plain: int = 0

    def add(self, item: Item) -> None:
        """Read an item. Raises DoubtError, and changes nothing then."""
        if item.is_product:
            listing = item.listing(page=self.page, position=self.items + 1, options=self.options)
            self.items += 1
            self.tiles += item.is_tile
            self.clipped += item.clipped
            if listing is not None:
                self.listings.append(listing)
        self.elements += 1

    def took(self, match: re.Match[str]) -> bool:
        """Read a plain item; return False if its match leaves a field in doubt."""
        try:
            self.add(PlainItem(match))
        except DoubtError:
            return False
        self.plain += 1
        return True

    def result(self, classes: str | None, *, surplus: int = 0, unparsed: int = 0) -> ResultList:
        """Return the list; `classes` are those of its element."""
        if not self.items:
            return ResultList(unparsed=unparsed)
        grid = self.tiles == self.items or "cloth_shoplist" in (classes or "").split()
        layout = Layout.GRID if grid else Layout.LIST
        listings, from_tree = tuple(self.listings), self.items - self.plain
        return ResultList(
            self.items, listings, layout, unparsed, surplus, self.clipped, self.plain, from_tree
        )


def read_result_list(markup: str, *, page: int, options: Collection[str] = ()) -> ResultList:
    """Parse markup and return its result list; `page` is the number for its listings.

    `options` are the products with several options, see `find_options`. Items in the shop's usual markup are read
    without a tree.
    """
    return _read_plain_list(markup, _Reading(page, options)) or _read_tree(markup, _Reading(page, options))


def _read_tree(markup: str, reading: _Reading) -> ResultList:
    """Read any list from one tree.

    Each item is read right after it is walked: its nodes are still in the CPU cache then, and their memory serves the
    next item.
    """
    unparsed = max(0, len(markup) - MAX_MARKUP)
    container = _container(LexborHTMLParser(markup[:MAX_MARKUP]))
    if container is None:
        return ResultList(unparsed=unparsed)
    for item in _split(container):
        reading.add(item)
        if reading.items == MAX_ITEMS or reading.elements == MAX_ELEMENTS:
            break
    surplus = _elements(container) - reading.elements if reading.elements >= MAX_ITEMS else 0
    return reading.result(container.attributes.get("class"), surplus=surplus, unparsed=unparsed)


_ODD_ITEMS = 2
"""Items of a page that go to a tree before the pattern for any order is tried, which takes 25 ms to compile."""
_MISSES = 5
"""Limit on how many more items may fail to match than match: each failure may scan `MAX_PLAIN_MARKUP`."""
MAX_PLAIN_MARKUP = 1024 * 1024
"""Characters of a list that is read by pattern: five times as many as a real list has."""
_ATOMIC_GROUPS = sys.version_info >= (3, 11, 5)
"""Earlier versions mishandle groups in possessive repeats (https://github.com/python/cpython/issues/106052)."""


def _read_plain_list(markup: str, reading: _Reading) -> ResultList | None:
    """Read plain items by pattern and the markup between them from small trees; return None if that is not safe.

    A plain item leaves an HTML parser in the state in which it found it. Markup between two plain items must do the
    same: if it does not, the whole list has to be read from one tree.
    """
    frame = _FRAME.match(markup)
    if (
        not _ATOMIC_GROUPS
        or frame is None
        or _ASIDE.search(frame[0])
        or len(markup) > MAX_PLAIN_MARKUP
        or "\0" in markup
    ):
        return None
    start = at = frame.end()
    misses = 0
    usual = usual_grid() if "cloth_shoplist" in frame["classes"] else USUAL_LIST
    while (at := markup.find("<li", at)) >= 0:
        match = usual.match(markup, at)
        if match is None and misses >= _ODD_ITEMS:
            match = any_order().match(markup, at)
        if match is not None and start < at:
            if not _read_stretch(frame[0], markup[start:at], reading, probe=_PROBE):
                return None
            start = at
        if match is not None and reading.took(match):
            start = at = match.end()
        else:
            misses += 1
            at += 1
        if reading.elements >= MAX_ITEMS or misses >= _MISSES + reading.plain:
            return None
    # After the end tag of the list, nothing can be added to it.
    rest = markup[start:]
    if not reading.plain or _ROOT.search(rest):
        return None
    if not rest.startswith("</ul>") and not _read_stretch(frame[0], rest, reading):
        return None
    return None if reading.elements >= MAX_ITEMS else reading.result(frame["classes"][1:-1])


def _read_stretch(frame: str, stretch: str, reading: _Reading, *, probe: str = "") -> bool:
    """Read a stretch of markup from a tree of its own; return False if it affects what follows.

    `probe` is a list item added behind the stretch: if it ends up where it belongs, so does the next plain item.
    """
    container = LexborHTMLParser(f"{frame}{stretch}{probe}").css_first("#search_nature_rg > ul")
    if container is None or _ROOT.search(stretch):
        return False
    items = list(_split(container))
    if probe:
        last = container.last_child
        if last is None or last.html != probe:
            return False
        items.pop()
    for item in items:
        reading.add(item)
    return True


def _elements(container: LexborNode) -> int:
    """Return the number of items in a list, judged only by their first nodes."""
    return sum(child.tag == "li" or _starts_item(child) for child in container.iter())


def _container(tree: LexborHTMLParser) -> LexborNode | None:
    """Return the node whose children are the result list's items.

    Prefer the named list, then any `ul.bigimg`, and finally, in a part of a page without a list around the items, the
    parent of most of them. Lists of advertisements and recommendations do not count.
    """
    for selector in (
        "#search_nature_rg > ul",
        "ul#component_59",
        "#search_nature_rg",
        "#component_59",
        "ul.bigimg",
    ):
        for node in tree.css(selector):
            if _holds_items(node) and not _is_aside(node):
                return node
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

    The nodes of an item whose opening tag is missing lie directly in the list; the first is the picture's link.
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
