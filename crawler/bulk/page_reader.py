"""Read the content of a page in this process, and record that in the pulse meanwhile.

A page that hangs or kills the parser takes the process along. Its parent sees in the pulse which page it was; the next
process does not parse that page again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.bulk.model import Parse, Target
from crawler.bulk.pulse import Pulse
from crawler.bulk.result import empty_content, product_content, search_content
from crawler.download.exchange import Exchange
from crawler.fetch_verdict import judge_fetch
from crawler.phrases import Phrase
from crawler.verdict import Verdict
from parsers.model import PageKind, SearchPage
from parsers.registry import SEARCH, SHOPS
from parsers.shop import Shop

__all__ = ["PageReader", "Reading"]

_MARKUP = ("html", "xml", "text/plain")
"""Parts of the media types that may hold a product's markup."""


class Reading(NamedTuple):
    """The content of a page: a verdict on it, and the values of its result line."""

    verdict: Verdict
    detail: str
    content: Mapping[str, Any]
    charset: str = ""
    """The charset in which the page was read; '' if it was not."""


class PageReader:
    """Read pages as `parse` says; `pulse` may be None."""

    def __init__(self, parse: Parse, pulse: Pulse | None) -> None:
        self.parse = parse
        self._pulse = pulse
        self.nothing = empty_content(parse)
        """The content of a page that is not parsed."""

    def read(self, shard: int, target: Target, exchange: Exchange) -> Reading:
        """Read the page of an exchange that has one. Raises nothing for any bytes."""
        if self.parse is Parse.NONE:
            return Reading(Verdict.OK, "", self.nothing)
        kind = exchange.header("content-type")
        if kind is not None and not any(part in kind.lower() for part in _MARKUP):
            return Reading(Verdict.OK, "", {**self.nothing, "problems": "not_html"})
        if self._pulse is not None:
            self._pulse.begin(shard, target.number)
        try:
            return self._product(exchange) if self.parse is Parse.PRODUCT else self._search(exchange)
        except Exception as error:  # noqa: BLE001 – whatever a parser raises, only this page fails
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            return Reading(Verdict.PARSE_CRASHED, words, self.nothing)
        finally:
            if self._pulse is not None:
                self._pulse.end()

    def _product(self, exchange: Exchange) -> Reading:
        from parsers.product.page import parse_product_page

        page = parse_product_page(exchange.body, charset=exchange.charset, url=exchange.final_url)
        return Reading(Verdict.OK, "", product_content(page), page.charset)

    def _search(self, exchange: Exchange) -> Reading:
        shop = _shop_of(exchange.final_url)
        if shop is None:
            host = urlsplit(exchange.final_url).netloc[:100]
            return Reading(Verdict.UNEXPECTED_PAGE, Phrase("no_shop_of_host", host=host), self.nothing)
        page = _parse_search(shop, exchange)
        verdict, detail = _judge_search(page, exchange)
        content = search_content(page) if verdict is Verdict.OK else self.nothing
        return Reading(verdict, detail, content, page.charset)


def _shop_of(url: str) -> Shop | None:
    """Return the registered shop that has the host of an address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    for shop in SHOPS.values():
        if shop.owns(host) or urlsplit(shop.base_url).netloc == parts.netloc:
            return shop
    return None


def _parse_search(shop: Shop, exchange: Exchange) -> SearchPage:
    import importlib

    module = importlib.import_module(f"{shop.module}.{SEARCH.module}")
    page: SearchPage = getattr(module, SEARCH.function)(exchange.body, charset=exchange.charset, page=1)
    return page


def _judge_search(page: SearchPage, exchange: Exchange) -> tuple[Verdict, str]:
    """Judge a search page by itself: which query and which page number were meant is not known here."""
    sign: str = (
        page.sign if page.sign_code is None else Phrase(f"sign_{page.sign_code}", value=page.sign_value)
    )
    if page.kind in {PageKind.BLOCKED, PageKind.EMPTY}:
        failure = judge_fetch(exchange, block_sign=sign)
        if failure is not None:
            return failure.verdict, failure.detail
    if not page.ended and not exchange.length_declared and page.kind is not PageKind.NO_RESULTS:
        return Verdict.TRUNCATED, Phrase("ends_early", size=f"{len(exchange.body) / 1000:,.0f} KB")
    if page.kind is PageKind.OTHER:
        return Verdict.UNEXPECTED_PAGE, Phrase("no_search_page", sign=sign)
    if page.unparsed:
        return Verdict.TOO_LARGE, Phrase("too_much_markup", n=page.unparsed)
    if page.kind is PageKind.NO_RESULTS or (page.total == 0 and page.items == 0):
        return Verdict.NO_RESULTS, page.notice or Phrase("no_products")
    if not page.listings:
        return Verdict.LAYOUT_CHANGED, Phrase("none_readable_of_unknown", items=page.items)
    return Verdict.OK, ""
