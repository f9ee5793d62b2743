"""The result line of a target: a flat JSON object with the same keys, in the same order, in every line of a crawl.

The libraries that read such files guess a column's type from the first lines, so a text is never null: '' stands for an
absent one, and 0 for an absent status or offset. Prices are always written with a decimal point; only they can be null.
`problems` is one text, its codes with a space between: polars loses the values of a list column that begins empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from crawler.bulk.model import Parse, Target
from crawler.download.exchange import Exchange
from crawler.verdict import Verdict
from parsers.model import Listing, SearchPage
from parsers.product.model import ProductPage

__all__ = [
    "INPUT_PREFIX",
    "empty_content",
    "encode_line",
    "product_content",
    "result_line",
    "search_content",
    "shows_types",
]

INPUT_PREFIX = "input_"
"""Columns of the input have this prefix, so that none hides one of ours."""

_EMPTY_PRODUCT: Mapping[str, Any] = {
    "title": "", "price": None, "currency": "", "availability": "", "author": "", "brand": "", "isbn": "", "gtin": "",
    "image": "", "offers": 0, "product_url": "", "problems": "",
}  # fmt: skip

_EMPTY: Mapping[Parse, Mapping[str, Any]] = {
    Parse.PRODUCT: _EMPTY_PRODUCT,
    Parse.SEARCH: {"listings": [], "problems": ""},
    Parse.NONE: {},
}

_encoder = msgspec.json.Encoder(decimal_format="number")


def result_line(
    target: Target,
    verdict: Verdict,
    detail: str,
    exchange: Exchange | None,
    *,
    milliseconds: int,
    charset: str,
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the values of a line; the sink fills in `warc` and `warc_offset`.

    `content` is what the parser read. `exchange` is None if nothing was requested.
    """
    line: dict[str, Any] = {
        "number": target.number,
        "url": target.source_url,
        "final_url": target.url if exchange is None else exchange.final_url,
        "status": 0 if exchange is None else exchange.status or 0,
        "verdict": verdict,
        "detail": str(detail),  # a phrase as its English text
        "attempts": target.attempts if exchange is None else target.attempts + exchange.attempts,
        "bytes": 0 if exchange is None else len(exchange.body),
        "milliseconds": milliseconds,
        "content_type": "" if exchange is None else _sanitized(exchange.header("content-type") or ""),
        "charset": charset,
        "fetched_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "warc": "",
        "warc_offset": 0,
    }
    line |= content
    for name, value in target.columns.items():
        line[INPUT_PREFIX + name] = value
    return line


def empty_content(parse: Parse) -> Mapping[str, Any]:
    """Return the values of a page that was not parsed."""
    return _EMPTY[parse]


def product_content(page: ProductPage) -> dict[str, Any]:
    """Return the values of a product page."""
    problems = [problem.code.value for problem in page.problems]
    if not page.has_product:
        problems.insert(0, "no_product")
    return {
        "title": page.title,
        "price": None if page.price is None else float(page.price),
        "currency": page.currency or "",
        "availability": "" if page.availability is None else page.availability.value,
        "author": "; ".join(page.authors),
        "brand": page.brand,
        "isbn": page.isbn or "",
        "gtin": page.gtin or "",
        "image": page.image or "",
        "offers": len(page.offers) if page.offer_count is None else page.offer_count,
        "product_url": page.url or "",
        "problems": " ".join(dict.fromkeys(problems)),
    }


def search_content(page: SearchPage) -> dict[str, Any]:
    """Return the values of a search page."""
    return {"listings": [_listing(listing) for listing in page.listings], "problems": ""}


def _listing(listing: Listing) -> dict[str, Any]:
    return {
        "product_id": listing.product_id,
        "title": listing.title,
        "price": None if listing.price is None else float(listing.price),
        "list_price": None if listing.list_price is None else float(listing.list_price),
        "authors": "; ".join(listing.authors),
        "publisher": listing.publisher or "",
        "published": "" if listing.published is None else listing.published.isoformat(),
        "rating": listing.rating,
        "reviews": listing.reviews,
        "seller": listing.seller or "",
        "sold_out": listing.sold_out,
        "url": listing.url,
        "image": listing.image or "",
        "position": listing.position,
    }


def shows_types(line: Mapping[str, Any]) -> bool:
    """Return True if a line has a value in each column that others leave empty: a price, or listings."""
    return line.get("price", 0) is not None and line.get("listings") != []


def encode_line(line: Mapping[str, Any]) -> bytes:
    """Return a line as UTF-8 JSON with its line end; it has no other line end."""
    try:
        return _encoder.encode(line) + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, as in a header that is not UTF-8
        return _encoder.encode(_replaced(line)) + b"\n"


def _replaced(value: Any) -> Any:
    """Return a value with its lone surrogates replaced."""
    match value:
        case str():
            return _sanitized(value)
        case dict():
            return {_sanitized(name): _replaced(each) for name, each in value.items()}
        case list():
            return [_replaced(each) for each in value]
        case _:
            return value


def _sanitized(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
