"""The shops by name, and the kinds of pages that can be parsed.

Importing this costs next to nothing: parsers and value types are imported by the process that parses.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from parsers.dangdang.shop import SHOP as DANGDANG
from parsers.shop import Shop

if TYPE_CHECKING:
    from parsers.model import SearchPage
    from parsers.product.model import ProductPage

__all__ = [
    "DEFAULT_SHOP",
    "KINDS",
    "PRODUCT",
    "SEARCH",
    "SHOPS",
    "Kind",
    "parse_search_page_to_wire",
    "parse_to_wire",
    "parser_modules",
    "register_shop",
]

Wire = tuple[Any, ...]
"""Plain values, which pickle several times faster than objects."""

V_co = TypeVar("V_co", covariant=True)

SHOPS: dict[str, Shop] = {DANGDANG.name: DANGDANG}
"""The shops by name."""

DEFAULT_SHOP = DANGDANG
"""The default shop."""


def register_shop(shop: Shop) -> None:
    """Add a shop to `SHOPS`.

    Parse processes need no registration: a job names the package with its parser.

    Raises ValueError when another shop has its name or its address, ModuleNotFoundError when its package has no
    module `urls`.
    """
    for other in SHOPS.values():
        if other != shop and (other.name == shop.name or other.base_url == shop.base_url):
            raise ValueError(f"the shop {other.name!r} at {other.base_url} is registered already")
    importlib.import_module(f"{shop.module}.urls")
    SHOPS[shop.name] = shop


@dataclass(frozen=True, slots=True)
class Kind(Generic[V_co]):
    """A kind of page: where its parser is, and how the parsed value travels between processes.

    The parser is called as `function(body, charset=…, …)`, with the further arguments that it takes. It raises nothing
    for a broken page, and returns a value whose `to_wire()` makes the tuple that `from_wire` takes.
    """

    name: str
    module: str
    """Name of the module within a package: a shop's, or `parsers` for pages of any site."""
    function: str
    from_wire: Callable[[Wire], V_co]
    takes: tuple[str, ...] = ("page",)
    """The further arguments of the parser: `page`, the requested number; `url`, the address of the page."""


def _search_page(wire: Wire) -> SearchPage:
    from parsers.model import SearchPage

    return SearchPage.from_wire(wire)


def _product_page(wire: Wire) -> ProductPage:
    from parsers.product.model import ProductPage

    return ProductPage.from_wire(wire)


SEARCH = Kind("search", "search_page", "parse_search_page", _search_page)
"""A shop's search page."""

PRODUCT = Kind("product", "product.page", "parse_product_page", _product_page, takes=("url",))
"""A product page of any site, in the package `parsers`."""

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (SEARCH, PRODUCT)}
"""The kinds of pages by name."""


def parser_modules() -> tuple[str, ...]:
    """Return the modules that a parse process can import before its first page: the search parsers of all shops."""
    return tuple(f"{shop.module}.{SEARCH.module}" for shop in SHOPS.values())


def parse_to_wire(  # noqa: PLR0917 – an executor passes them by position
    package: str, kind: str, body: bytes, charset: str | None, page: int, url: str = ""
) -> Wire:
    """Parse a page and return its wire form; parse processes run this function.

    `package` contains the parser, `kind` is a key of `KINDS`, `charset` comes from the HTTP header, `page` is the
    requested number, `url` the address of the page.

    Raises KeyError for an unknown kind, and ImportError for a package without a parser of that kind; a broken page
    raises nothing.
    """
    spec = KINDS[kind]
    module = importlib.import_module(f"{package}.{spec.module}")
    arguments = {"page": page, "url": url}
    further = {name: arguments[name] for name in spec.takes}
    wire: Wire = getattr(module, spec.function)(body, charset=charset, **further).to_wire()
    return wire


def parse_search_page_to_wire(shop: str, body: bytes, charset: str | None, page: int) -> Wire:
    """Parse a search page of `shop` and return `SearchPage.to_wire()`.

    `charset` comes from the HTTP header, `page` is the requested number.

    Raises KeyError for an unknown shop; a broken page raises nothing.
    """
    return parse_to_wire(SHOPS[shop].module, SEARCH.name, body, charset, page)
