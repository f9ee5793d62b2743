"""Read the metadata around Dangdang's result list: the total, the pager, the query as the shop repeats it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from parsers.dangdang.shop import SHOP
from parsers.text import fold

__all__ = ["PageMetadata", "read_page_metadata", "snippets"]


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """The page's statements about the whole search; None for anything not stated."""

    total: int | None
    page: int | None
    pages: int | None
    query_echo: str | None
    title_echo: bool = False
    """True if `query_echo` comes only from the title."""

    @property
    def complete(self) -> bool:
        """Return True if nothing is missing."""
        return None not in (self.total, self.page, self.pages, self.query_echo)


_GAP = r"(?:\s|&nbsp;|<[^<>]*>)*"
_TOTAL = re.compile(rf"(?:共|找到|搜到){_GAP}([\d,]{{1,15}}){_GAP}(?:件|个|种)(?:相关)?{_GAP}(?:商品|图书)")
# Look ahead to check the content of a tag: reading on to its end from each place where the content occurs would take
# quadratic time on a hostile page.
_OR = r"""<span(?=[^<>]*\bclass\s*=\s*["']?or)[^<>]*>"""
_PAGER = re.compile(rf"{_OR}\s*(\d{{1,6}})\s*</span>\s*<span[^<>]*>\s*/\s*(\d{{1,6}})\b")
_PAGING_BAR = re.compile(
    r"""<(?:div(?=[^<>]*\bclass\s*=\s*["']?paging\b)|ul(?=[^<>]*\bname\s*=\s*["']?Fy\b))[^<>]*>"""
)
_PAGE_LINK = re.compile(r"(?:page_index=|/pg)(\d{1,6})\b")
_CURRENT = re.compile(r"""<a(?=[^<>]*\bclass\s*=\s*["'][^"'<>]*\bcurrent\b)[^<>]*>\s*(\d{1,6})\s*<""")
_PAGE_BOX = re.compile(r"""<input(?=[^<>]*\bid\s*=\s*["']?t__cp\b)[^<>]*\bvalue\s*=\s*["']?(\d{1,6})\b""")

_QUOTED = r"""[“"「‘']\s*(?:<[^<>]*>\s*)*([^”"」’'<>]{1,100}?)\s*(?:</[^<>]*>\s*)*[”"」’']"""
_NOT_FOUND_ECHO = re.compile(rf"(?:没有?|未)(?:找|搜索|搜)到(?:与|和)?\s*(?:<[^<>]*>\s*)*{_QUOTED}")
_BREADCRUMB = re.compile(
    r"""<span(?=[^<>]*\bclass\s*=\s*["'][^"'<>]*\bsearch_word\b)[^<>]*>(.{1,300}?)</span>""", re.DOTALL
)
_KEY_INPUT = re.compile(
    r"""<input(?=[^<>]*\bid\s*=\s*["']?key_S\b)[^<>]*\bvalue\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
_KEY_SCRIPT = re.compile(r"""div\.innerHTML\s*=\s*(?:'([^'\n]{1,200})'|"([^"\n]{1,200})")\s*\.replace""")
_ECHOES = (
    ("到", _NOT_FOUND_ECHO), ("search_word", _BREADCRUMB), ("key_S", _KEY_INPUT), ("innerHTML", _KEY_SCRIPT)
)  # fmt: skip
"""Patterns of the query, the best first, each with a word that it needs: to look for a word first takes less time."""
_TITLE_ECHO = re.compile(r"^(.{1,100}?)\s*(?:【[^】]*】)?\s*[-—_–]+\s*当当")


HEAD, BREADCRUMB, PAGER, TAIL = 4_000, 1_500, 600, 12_000
"""Sections in bytes: on real pages they contain the title; the query up to the total; the top pager; the paging bar."""


def snippets(body: bytes, where: slice, codec: str) -> bytes:
    """Return the sections around the list at `where` that contain the metadata of most pages."""
    total = body.find("件商品".encode(codec.removesuffix("-sig")), 0, where.start)
    pager = body.rfind(b"/span><span>/", 0, where.start)
    parts = [
        body[:HEAD],
        body[max(0, total - BREADCRUMB) : total + 100] if total >= 0 else b"",
        body[max(0, pager - PAGER) : pager + 100] if pager >= 0 else b"",
        body[where.stop : where.stop + TAIL],
    ]
    return b"\n".join(parts)


def read_page_metadata(text: str, *, title: str) -> PageMetadata:
    """Read the metadata from a page's text, or from snippets of it."""
    total_match = _TOTAL.search(text)
    digits = total_match[1].replace(",", "") if total_match else ""
    total = int(digits) if digits else None
    pager, bar = _PAGER.search(text), _paging_bar(text)
    page = pages = 0
    if pager is not None:
        page, pages = int(pager[1]), int(pager[2])
    if bar:
        current = _CURRENT.search(bar) or _PAGE_BOX.search(bar)
        page = page or int(current[1] if current else 0)
        # The highest link in the bar is the last page; on the last page, the current page is, without a link.
        pages = pages or max([*map(int, _PAGE_LINK.findall(bar)), page])
    if not pages and total:
        # A list on a single page has no pager. The shop serves at most a hundred pages of sixty, whatever its total.
        pages = min(-(-total // SHOP.page_size), SHOP.max_pages)
    echo = _echo(text)
    named = None if echo else _TITLE_ECHO.match(title)
    return PageMetadata(
        total, page or None, pages or None, named[1] if named else echo, title_echo=named is not None
    )


def _paging_bar(text: str) -> str:
    """Return the content of the paging bar; '' if it is absent or has no end."""
    opening = _PAGING_BAR.search(text)
    end = -1 if opening is None else text.find("</ul>", opening.end())
    return "" if opening is None or end < 0 else text[opening.end() : end]


def _echo(text: str) -> str | None:
    for word, pattern in _ECHOES:
        match = pattern.search(text) if word in text else None
        if match is not None:
            words = next((group for group in match.groups() if group), "")
            echo = fold(html.unescape(re.sub(r"<[^<>]*>", "", words)))
            if echo:
                return echo
    return None
