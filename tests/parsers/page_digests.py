"""Digests of the parser's output for 100 demo pages and for the real captures, to detect any change.

`python -m tests.parsers.page_digests` rewrites the file. Do that only after an intended change of the output.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from parsers.dangdang import parse_search_page
from parsers.model import SearchPage
from tests.parsers.markup import REAL, as_sent

__all__ = ["CAPTURES", "DEMO_PAGES", "DIGESTS", "demo_page", "digest_of", "sources"]

DIGESTS = Path(__file__).with_name("page_digests.json")

_QUERIES = (
    "人工智能", "渗透测试", "文具", "Python", "红楼梦", "机器学习", "经济学", "绘本", "台湾史", "C++", "R&D 管理",
    "三体", "数据库 原理", "儿童 文学", "摄影", "a<b", "考研 英语", "中医", "投资", "线性代数",
)  # fmt: skip
_SCOPES = (
    (1, "self", "books"), (2, "all", "books"), (3, "all", "all"), (1, "all", "all"), (4, "self", "all")
)  # fmt: skip
DEMO_PAGES = tuple((query, *scope) for query in _QUERIES for scope in _SCOPES)
"""Query, page, sellers and category: lists and grids, Dangdang's and the marketplace's goods, books and other goods."""

_SENT = "search_2025_ai_first24.html"
CAPTURES = (
    sorted(path.relative_to(REAL.parent).as_posix() for path in REAL.parent.rglob("*.html"))
    if REAL.exists()
    else []
)
"""Every page in the folder of captures."""


def demo_page(query: str, page: int, sellers: str, category: str) -> bytes:
    """Return a page of the demo shop, or its last page if it has fewer."""
    found = catalogue(query, sellers=sellers, category=category)
    page = min(page, found.pages)
    return render_search_page(
        found.page(page), query=query, page=page, pages=found.pages, total=found.total, layout=found.layout
    )


def sources() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every page: first the demo shop's, then the captures."""
    for query, page, sellers, category in DEMO_PAGES:
        yield f"demo {query} {page} {sellers} {category}", demo_page(query, page, sellers, category)
    for name in CAPTURES:
        body = (REAL.parent / name).read_bytes()
        yield name, body
        if name.endswith(_SENT):
            yield f"{name} as sent", as_sent(body)


def digest_of(body: bytes, *, parse: Callable[..., SearchPage] = parse_search_page) -> str:
    """Return the SHA-256 of the parser's whole output for a page."""
    return hashlib.sha256(canonical(parse(body, charset="GB2312", page=7)).encode()).hexdigest()


def canonical(page: SearchPage) -> str:
    """Return the content of a page as JSON text, field by field, except for how its items were read."""
    said = dataclasses.asdict(page)
    del said["plain_items"], said["tree_items"]
    return json.dumps(said, default=_plain, ensure_ascii=False, sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Decimal | dt.date):
        return str(value)
    raise TypeError(type(value))


if __name__ == "__main__":
    made = {
        name: {"body": hashlib.sha256(body).hexdigest()[:16], "page": digest_of(body)}
        for name, body in sources()
    }
    DIGESTS.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")
