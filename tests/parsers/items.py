"""Parse made-up search pages, and read the example item after changes to its markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.dangdang import parse_search_page
from tests.parsers.markup import LIST_ITEM, search_page

if TYPE_CHECKING:
    from parsers.model import Listing, SearchPage


def parse(text: str, *, page: int = 1) -> SearchPage:
    return parse_search_page(text.encode("gb18030"), page=page)


def listing(*changes: tuple[str, str]) -> Listing:
    """Return the listing of the example item after some replacements, each of which must apply."""
    item = LIST_ITEM
    for old, new in changes:
        assert old in item
        item = item.replace(old, new)
    (found,) = parse(search_page(item)).listings
    return found
