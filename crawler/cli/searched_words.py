"""Check that a query consists of words. For an address or a product number, a line says what to do instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

from crawler.cli.command_line import for_shell
from crawler.errors import UsageError
from crawler.query import Query
from parsers.registry import DEFAULT_SHOP

__all__ = ["product_in", "searched_words"]

_SHOP = DEFAULT_SHOP

_END = r"[^\s\"'<>\u3000-\u303f\uff00-\uff60]*"
"""An address ends where Chinese punctuation begins, because apps copy addresses together with titles."""

_ADDRESS = re.compile(
    rf"https?://{_END}"
    # Without a scheme, only the shop's addresses: Vue.js/React and AC/DC are words.
    rf"|(?<![\w.-])(?://)?(?:[\w-]+\.)*(?:{'|'.join(map(re.escape, _SHOP.hosts))})(?::\d+)?/{_END}",
    re.IGNORECASE | re.ASCII,
)

_WANTED = "search for a title, an author or an ISBN"


def searched_words(typed: str, *, source: Sequence[str] = ()) -> Query:
    """Return a query with its white space folded.

    Raises UsageError for a query that `Query` refuses, and for an address or a product number, which a search
    would not find: the message contains the command to type, with the options `source` that select the price source.
    """
    if product := product_in(typed):
        prices = for_shell(["history", product, *source])
        raise UsageError(f"{product} is a product number; for its prices type {prices}; or {_WANTED}")
    if (address := _address_in(typed)) is not None:
        query = _SHOP.query_in(address) if _is_shops(address) else None
        if query is None:
            raise UsageError(f"an address cannot be searched for; {_WANTED}")
        words = [*source, "--", query] if query.startswith("-") else [query, *source]
        raise UsageError(f"this is the address of a search; type {for_shell(words)}")
    return Query(typed)


def product_in(typed: str) -> str | None:
    """Return the product number in an input, alone or in an address of the shop; None if there is none."""
    address = _address_in(typed)
    if address is not None:
        return _SHOP.product_in(address) if _is_shops(address) else None
    number = unicodedata.normalize("NFKC", typed).strip()  # full-width digits
    return _SHOP.product_in(number) if number.isdecimal() else None


def _address_in(typed: str) -> str | None:
    """Return the first address in a text, with // before its host; None if there is none."""
    match = _ADDRESS.search(typed)
    if match is None:
        return None
    return match[0] if re.match("(?:https?:)?//", match[0], re.IGNORECASE) else f"//{match[0]}"


def _is_shops(address: str) -> bool:
    try:
        host = urlsplit(address).hostname
    except ValueError:  # a bracket in the host
        return False
    return host is not None and _SHOP.owns(host)
