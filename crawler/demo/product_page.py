"""Render product pages as shops write them: with JSON-LD, microdata, OpenGraph, or without any product data."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crawler.demo.draw import Draw
from crawler.demo.page_chrome import DEMO_NOTICE
from crawler.demo.storefronts import Product, Storefront
from crawler.money import money, sign_of

__all__ = ["ProductData", "data_of", "render_product_page"]


class ProductData(StrEnum):
    """The ways in which a page describes its product to machines."""

    JSON_LD = "json_ld"
    GRAPH = "graph"
    """JSON-LD whose nodes refer to each other in an `@graph`."""
    MICRODATA = "microdata"
    OPENGRAPH = "opengraph"
    NONE = "none"
    """Not at all: the price is only in the text."""


_SHARES = (
    *(ProductData.JSON_LD,) * 6, *(ProductData.GRAPH,) * 4, *(ProductData.MICRODATA,) * 5,
    *(ProductData.OPENGRAPH,) * 4, ProductData.NONE,
)  # fmt: skip
"""Each as often as among twenty pages."""


def data_of(storefront: Storefront, product_id: str) -> ProductData:
    """Return the way in which a page describes its product: it depends only on storefront and id."""
    return Draw("product data", storefront.name, product_id).pick(_SHARES)


def render_product_page(product: Product, storefront: Storefront, url: str) -> bytes:
    """Return the page of a product at `url`, in the storefront's charset."""
    listing = product.listing
    kind = data_of(storefront, listing.product_id)
    head, body = _WRITERS[kind](product, storefront, url)
    intro = html.escape(listing.description)
    title = html.escape(f"{listing.title} - {storefront.name}")
    page = f"""<!DOCTYPE html>
<html lang="{storefront.language}"><head>
<meta http-equiv="Content-Type" content="text/html; charset={storefront.declared_charset}">
<title>{title}</title>
<link rel="canonical" href="{html.escape(url)}">
{head}</head>
<body>{DEMO_NOTICE}
<div id="breadcrumb"><a href="/">{html.escape(storefront.name)}</a></div>
{body}
<div id="detail"><p>{html.escape(listing.subtitle)}</p><p>{intro}</p></div>
<div id="footer">{html.escape(storefront.name)}</div>
</body></html>
"""
    return page.encode(storefront.charset)


def _json_ld(product: Product, storefront: Storefront, url: str) -> tuple[str, str]:
    book = {"@context": "https://schema.org", **_book(product, url), "offers": _offer(product, storefront)}
    return _script(book), _visible(product, storefront)


def _graph(product: Product, storefront: Storefront, url: str) -> tuple[str, str]:
    shop = f"{url.rsplit('/', 1)[0]}/#shop"
    graph = [
        {"@type": "Organization", "@id": shop, "name": storefront.name},
        {"@type": "WebPage", "@id": url, "isPartOf": {"@id": shop}, "mainEntity": {"@id": f"{url}#product"}},
        {**_book(product, url), "@id": f"{url}#product", "offers": {"@id": f"{url}#offer"}},
        {**_offer(product, storefront), "@id": f"{url}#offer", "seller": {"@id": shop}},
    ]
    return _script({"@context": "https://schema.org", "@graph": graph}), _visible(product, storefront)


def _microdata(product: Product, storefront: Storefront, url: str) -> tuple[str, str]:
    listing = product.listing
    state = f"https://schema.org/{_availability(product)}"
    price = ""
    if product.price is not None:
        price = (
            f'<span class="price">{sign_of(storefront.currency)}'
            f'<span itemprop="price">{_local(product.price, storefront)}</span></span>'
            f'<meta itemprop="priceCurrency" content="{storefront.currency}">'
        )
    facts = "".join(
        f'<span itemprop="author">{html.escape(name)}</span>\n' for name in _authors(product)
    ) + "".join(
        f'<span itemprop="{name}">{html.escape(value)}</span>\n'
        for name, value in (("publisher", listing.publisher), ("isbn", _short_isbn(product.isbn)))
        if value
    )
    image = f'<img itemprop="image" src="{html.escape(listing.image)}" alt="">' if listing.image else ""
    return (
        "",
        f"""<div itemscope itemtype="https://schema.org/Product https://schema.org/Book">
<h1 itemprop="name">{html.escape(listing.title)}</h1>{image}<link itemprop="url" href="{html.escape(url)}">
{facts}<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
{price}<link itemprop="availability" href="{state}"></div></div>""",
    )


def _opengraph(product: Product, storefront: Storefront, url: str) -> tuple[str, str]:
    listing = product.listing
    values = [("og:type", "product"), ("og:title", listing.title), ("og:url", url)]
    if listing.image:
        values.append(("og:image", listing.image))
    if product.price is not None:
        values += [
            ("product:price:amount", str(product.price)),
            ("product:price:currency", storefront.currency),
        ]
    values.append(("product:availability", "in stock" if product.available else "out of stock"))
    if product.isbn:
        values.append(("book:isbn", product.isbn))
    values += [("book:author", name) for name in _authors(product)]
    metas = "".join(f'<meta property="{name}" content="{html.escape(value)}">\n' for name, value in values)
    return metas, _visible(product, storefront)


def _none(product: Product, storefront: Storefront, url: str) -> tuple[str, str]:
    del url
    return "", _visible(product, storefront)


_WRITERS: dict[ProductData, Callable[[Product, Storefront, str], tuple[str, str]]] = {
    ProductData.JSON_LD: _json_ld,
    ProductData.GRAPH: _graph,
    ProductData.MICRODATA: _microdata,
    ProductData.OPENGRAPH: _opengraph,
    ProductData.NONE: _none,
}


def _book(product: Product, url: str) -> dict[str, Any]:
    listing = product.listing
    facts: dict[str, Any] = {
        "@type": ["Product", "Book"] if product.isbn else "Product",
        "name": listing.title,
        "url": url,
        "sku": listing.product_id,
    }
    if listing.image:
        facts["image"] = [listing.image]
    if authors := _authors(product):
        facts["author"] = [{"@type": "Person", "name": name} for name in authors]
    if listing.publisher:
        facts["publisher"] = {"@type": "Organization", "name": listing.publisher}
    if product.isbn:
        facts["isbn"] = product.isbn
    return facts


def _offer(product: Product, storefront: Storefront) -> dict[str, Any]:
    offer: dict[str, Any] = {
        "@type": "Offer",
        "availability": f"https://schema.org/{_availability(product)}",
        "priceCurrency": storefront.currency,
    }
    if product.price is not None:
        offer["price"] = str(product.price)
    return offer


def _availability(product: Product) -> str:
    return "InStock" if product.available else "OutOfStock"


def _authors(product: Product) -> tuple[str, ...]:
    return product.listing.authors


def _short_isbn(isbn: str | None) -> str | None:
    """Return the ISBN-10, as older pages state it."""
    if isbn is None:
        return None
    body = isbn[3:12]
    total = sum((10 - place) * int(digit) for place, digit in enumerate(body))
    return f"{body}{'0123456789X'[-total % 11]}"


def _local(price: Decimal, storefront: Storefront) -> str:
    """Format an amount as the readers of the storefront write it: 1.234,56 in German."""
    amount = f"{price:,.2f}"
    return amount.translate(str.maketrans(",.", ".,")) if storefront.language == "de" else amount


def _visible(product: Product, storefront: Storefront) -> str:
    listing = product.listing
    price = "" if product.price is None else money(product.price, storefront.currency)
    return (
        f'<h1 class="title">{html.escape(listing.title)}</h1>'
        f'<p class="by">{html.escape(listing.contributors_text)} {html.escape(listing.publisher or "")}</p>'
        f'<p class="price">{price}</p>'
    )


def _script(data: dict[str, Any]) -> str:
    # An escaped < keeps a title from closing the script.
    text = json.dumps(data, ensure_ascii=False, indent=1).replace("<", "\\u003c")
    return f'<script type="application/ld+json">\n{text}\n</script>\n'
