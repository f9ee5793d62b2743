"""Parse a search request as the shop does: the query string is GBK."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import unquote_to_bytes

from crawler.demo.page_chrome import ENCODING
from parsers.dangdang.urls import BOOKS_CATEGORY, SORT_TYPES

__all__ = ["SearchRequest", "read_search"]

_NOT_IN_GBK = re.compile("[\ue000-\uf8ff\ufffd]")
"""Characters that the shop omits when it repeats a misread key: 高等数学 in UTF-8 came back as 楂樼瓑鏁板."""

_SORTS = {kind: sort.value for sort, kind in SORT_TYPES.items()}


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search as the shop understood it; the options are those of `crawler.demo.catalogue`."""

    query: str
    """As read by the shop: mojibake if the key was not GBK."""
    understood: bool
    """False for such a key: the shop searches for the mojibake and finds nothing."""
    page: int = 1
    sellers: str = "all"
    category: str = "all"
    sort: str = "default"
    min_price: Decimal | None = None
    max_price: Decimal | None = None


def read_search(query_string: str) -> SearchRequest | None:
    """Parse the search from a raw query string; return None if it has no key. Never raises."""
    fields = dict(_fields(query_string))
    raw = fields.get("key", b"")
    understood = _is_gbk(raw)
    words = raw.decode(ENCODING, "replace")
    query = " ".join((words if understood else _NOT_IN_GBK.sub("", words) or words).split())
    if not query:
        return None
    return SearchRequest(
        query=query,
        understood=understood,
        page=max(1, int(_number(fields.get("page_index")) or 1)),
        sellers="self" if fields.get("ddsale") == b"1" else "all",
        category="books" if fields.get("category_path") == BOOKS_CATEGORY.encode() else "all",
        sort=_SORTS.get(fields.get("sort_type", b"").decode("ascii", "replace"), "default"),
        min_price=_number(fields.get("lowp")),
        max_price=_number(fields.get("highp")),
    )


def _is_gbk(raw: bytes) -> bool:
    """Return True if a key was meant as GBK, and not as UTF-8.

    A key that decodes only as gb18030 is GBK. Many short GBK words are also valid UTF-8 (the two bytes of 模 also mean
    Ģ), but then they read as Latin or Greek letters; a key is UTF-8 if that reading contains Chinese.
    """
    try:
        raw.decode(ENCODING)
    except UnicodeDecodeError:
        return False
    try:
        other = raw.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return all(
        character < "\u0800" for character in other
    )  # below this, a character takes two bytes in UTF-8 and is not Chinese


def _fields(query_string: str) -> Iterable[tuple[str, bytes]]:
    for part in query_string.split("&"):
        name, _, value = part.partition("=")
        yield name, unquote_to_bytes(value.replace("+", " "))


def _number(raw: bytes | None) -> Decimal | None:
    """Parse a number of the query string; return None if it is absent or no shop would accept it."""
    try:
        number = Decimal((raw or b"").decode("ascii"))
    except (InvalidOperation, UnicodeDecodeError):
        return None
    return number if number.is_finite() and abs(number) < 10**9 else None
