"""Write a product as JSON-LD, microdata, RDFa or OpenGraph, as shops do, for tests that read it back."""

from __future__ import annotations

import html
import json
from typing import Any

from parsers.product import Availability, Condition, Offer, ProductPage

__all__ = ["as_json_ld", "as_microdata", "as_opengraph", "as_rdfa"]

_AVAILABILITY = {
    Availability.IN_STOCK: "InStock",
    Availability.LIMITED: "LimitedAvailability",
    Availability.ONLINE_ONLY: "OnlineOnly",
    Availability.IN_STORE_ONLY: "InStoreOnly",
    Availability.PREORDER: "PreOrder",
    Availability.BACKORDER: "BackOrder",
    Availability.MADE_TO_ORDER: "MadeToOrder",
    Availability.RESERVED: "Reserved",
    Availability.OUT_OF_STOCK: "OutOfStock",
    Availability.SOLD_OUT: "SoldOut",
    Availability.DISCONTINUED: "Discontinued",
}


def _offer_properties(offer: Offer) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        ("@type", "Offer"),
        ("price", str(offer.price)),
        ("priceCurrency", offer.currency),
    ]
    if offer.availability is not None:
        found.append(("availability", f"https://schema.org/{_AVAILABILITY[offer.availability]}"))
    if offer.condition is not None:
        found.append(("itemCondition", f"https://schema.org/{offer.condition.title()}Condition"))
    if offer.seller:
        found.append(("seller", [("@type", "Organization"), ("name", offer.seller)]))
    if offer.list_price is not None:
        found.append(
            (
                "priceSpecification",
                [
                    ("@type", "UnitPriceSpecification"),
                    ("priceType", "https://schema.org/ListPrice"),
                    ("price", str(offer.list_price)),
                    ("priceCurrency", offer.currency),
                ],
            )
        )
    return found


def _properties(page: ProductPage) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [("@type", "Product"), ("name", page.title)]
    found += [("author", [("@type", "Person"), ("name", author)]) for author in page.authors]
    for name, value in (
        ("brand", page.brand), ("publisher", page.publisher), ("isbn", page.isbn), ("gtin13", page.gtin),
        ("sku", page.sku), ("image", page.image), ("inLanguage", page.language),
        ("datePublished", page.published_text), ("url", page.url),
    ):  # fmt: skip
        if value:
            found.append((name, value))
    return [*found, *(("offers", _offer_properties(offer)) for offer in page.offers)]


def _nested(properties: list[tuple[str, Any]]) -> dict[str, Any]:
    node: dict[str, Any] = {}
    for name, value in properties:
        item = _nested(value) if isinstance(value, list) else value
        if name in node:
            node[name] = [*(node[name] if isinstance(node[name], list) else [node[name]]), item]
        else:
            node[name] = item
    return node


def as_json_ld(page: ProductPage) -> str:
    """Return a page with the product in JSON-LD; `<` is escaped so that no text ends the script."""
    node = {"@context": "https://schema.org", **_nested(_properties(page))}
    script = json.dumps(node, ensure_ascii=False).replace("<", "\\u003c")
    return f'<!DOCTYPE html><html><script type="application/ld+json">{script}</script></html>'


def _elements(properties: list[tuple[str, Any]], scope: str, prop: str) -> str:
    parts = []
    for name, value in properties:
        if name == "@type":
            continue
        if isinstance(value, list):
            parts.append(
                f'<div {prop}="{name}" {scope.format(value[0][1])}>{_elements(value, scope, prop)}</div>'
            )
        elif "://" in value:
            parts.append(f'<link {prop}="{name}" href="{html.escape(value)}">')
        else:
            parts.append(f'<p>Label: <span {prop}="{name}">{html.escape(value)}</span>')
    return "\n".join(parts)


def as_microdata(page: ProductPage) -> str:
    """Return a page with the product in microdata."""
    scope = 'itemscope itemtype="https://schema.org/{}"'
    return f"<html><body><div {scope.format('Product')}>{_elements(_properties(page), scope, 'itemprop')}</div></html>"


def as_rdfa(page: ProductPage) -> str:
    """Return a page with the product in RDFa Lite."""
    scope = 'typeof="schema:{}"'
    return f"<html><body><div {scope.format('Product')}>{_elements(_properties(page), scope, 'property')}</div></html>"


def as_opengraph(page: ProductPage) -> str:
    """Return a page with the product in OpenGraph, which has room for one offer."""
    (offer,) = page.offers
    metas: list[tuple[str, str | None]] = [
        ("og:type", "product"), ("og:title", page.title), ("og:url", page.url), ("og:image", page.image),
        *(("book:author", author) for author in page.authors), ("product:brand", page.brand),
        ("book:publisher", page.publisher), ("book:isbn", page.isbn), ("product:ean", page.gtin),
        ("product:retailer_item_id", page.sku), ("book:language", page.language),
        ("book:release_date", page.published_text), ("product:price:amount", str(offer.price)),
        ("product:price:currency", offer.currency), ("product:retailer_title", offer.seller),
        ("product:original_price:amount", None if offer.list_price is None else str(offer.list_price)),
        ("product:availability", None if offer.availability is None else _AVAILABILITY[offer.availability]),
        ("product:condition", None if offer.condition is None else Condition(offer.condition).value),
    ]  # fmt: skip
    return "<html><head>" + "".join(
        f'<meta property="{name}" content="{html.escape(content)}">' for name, content in metas if content
    )
