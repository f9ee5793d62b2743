"""Read OpenGraph and other `<meta>` elements, `<title>` and `<link rel="canonical">`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parsers.product.candidate import Candidate, read_identifiers
from parsers.product.model import Offer, ProblemCode
from parsers.product.nodes import Properties, Reader
from parsers.product.offers import read_price, read_states
from parsers.product.vocabulary import absolute, clean

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["Metadata", "base_of", "labels_of", "language_of", "metadata_of", "opengraph_of", "rest_of"]

Metadata = dict[str, list[str]]
"""Contents of the `<meta>` elements by their name or property in lower case."""

MAX_METAS = 1_000


def metadata_of(tree: LexborHTMLParser) -> Metadata:
    """Return the contents of a page's `<meta>` elements."""
    found: Metadata = {}
    for node in tree.css("meta[content]")[:MAX_METAS]:
        attributes = node.attributes
        content = attributes.get("content")
        for key in ("property", "name"):
            for name in (attributes.get(key) or "").lower().split()[:3]:
                if content:
                    found.setdefault(name, []).append(content)
    return found


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """Return the base address of a page's relative addresses."""
    node = tree.css_first("base[href]")
    return (absolute(node.attributes.get("href") or "", url) if node is not None else None) or url


def language_of(tree: LexborHTMLParser, metadata: Metadata) -> str:
    """Return the language tag that a page declares: `<html lang>`, otherwise `og:locale`; '' for none."""
    root = tree.root
    attributes = root.attributes if root is not None else {}
    language = (
        attributes.get("lang")
        or attributes.get("xml:lang")
        or _first(metadata, "og:locale", "content-language")
    )
    tag = language.strip().replace("_", "-")
    return tag if len(tag) <= 20 and tag.replace("-", "").isalnum() and tag.isascii() else ""


def _first(metadata: Metadata, *names: str) -> str:
    return next((text for name in names for text in map(clean, metadata.get(name, ())) if text), "")


def opengraph_of(reader: Reader, metadata: Metadata) -> Candidate:
    """Read OpenGraph, and the product and book properties that shops add to it."""
    one = Candidate(reader.source)
    one.title = _first(metadata, "og:title")
    one.authors = tuple(
        dict.fromkeys(t for t in map(clean, metadata.get("book:author", ())[:20]) if t and "://" not in t)
    )
    one.brand = _first(metadata, "product:brand", "og:brand")
    one.publisher = _first(metadata, "book:publisher")
    one.sku = _first(metadata, "product:retailer_item_id", "product:sku", "og:sku")
    images = [metadata.get(f"og:image{suffix}", []) for suffix in (":secure_url", "", ":url")]
    one.image = next(
        (a for found in images for a in (absolute(clean(t), reader.base) for t in found) if a), None
    )
    one.language = _first(metadata, "book:language", "product:language")
    one.published_text = _first(metadata, "book:release_date", "product:release_date")
    one.url = absolute(_first(metadata, "og:url"), reader.base)
    identifiers = [
        (kind, clean(text))
        for kind, names in (
            ("isbn", ("book:isbn", "books:isbn", "product:isbn", "og:isbn")),
            ("gtin", ("product:gtin", "product:ean", "product:upc", "og:gtin", "og:ean", "og:upc")),
            ("sku", ("product:retailer_item_id", "product:mfr_part_no")),
        )
        for name in names
        for text in metadata.get(name, ())[:10]
    ]
    one.isbn, one.gtin = read_identifiers(reader, [(kind, text) for kind, text in identifiers if text])
    offer = _opengraph_offer(reader, metadata)
    one.offers = [] if offer is None else [offer]
    return one


def _opengraph_offer(reader: Reader, metadata: Metadata) -> Offer | None:
    """Return the offer that the properties describe; with a sale price, the other price is the list price."""

    def price_of(*names: str) -> tuple[str, str]:
        """Return the first price, since a page may state one per currency, and its currency."""
        for name in names:
            if amounts := metadata.get(f"{name}:amount") or metadata.get(name):
                if len(set(amounts)) > 1:
                    reader.problem(ProblemCode.SEVERAL_PRICES, ", ".join(amounts[:6]))
                return amounts[0], _first(metadata, f"{name}:currency")
        return "", ""

    declared = _first(
        metadata,
        "product:price:currency",
        "og:price:currency",
        "product:currency",
        "og:currency",
        "price:currency",
    )
    usual, usual_currency = price_of("product:price", "og:price", "price")
    sale, sale_currency = price_of("product:sale_price", "og:sale_price")
    before, before_currency = price_of("product:original_price", "og:original_price", "og:price:standard")
    price, currency = read_price(reader, [sale] if sale else [], sale_currency or usual_currency or declared)
    if price.value is None:
        price, currency = read_price(reader, [usual] if usual else [], usual_currency or declared)
        usual = ""
    list_price, list_currency = read_price(
        reader, [text for text in (before or usual,) if text], before_currency or usual_currency or declared
    )
    reduced = (
        price.value is not None
        and list_price.value is not None
        and list_price.value > price.value
        and list_currency == currency
    )
    states: dict[str, list[Any]] = {
        "availability": [
            t for n in ("product:availability", "og:availability") for t in metadata.get(n, ())[:1]
        ],
        "condition": [t for n in ("product:condition", "og:condition") for t in metadata.get(n, ())[:1]],
    }
    availability, condition = read_states(reader, Properties(states))
    offer = Offer(
        price=price.value,
        high_price=price.high,
        list_price=list_price.value if reduced else None,
        currency=currency if price.value is not None else None,
        availability=availability,
        condition=condition,
        seller=_first(metadata, "product:retailer_title"),
    )
    return offer if offer != Offer() else None


_PRICE_LABELS = frozenset(
    {
        "price",
        "preis",
        "prix",
        "precio",
        "prezzo",
        "preço",
        "cena",
        "цена",
        "价格",
        "價格",
        "售价",
        "售價",
        "価格",
    }
)
_AVAILABILITY_LABELS = frozenset({"availability", "verfügbarkeit", "disponibilité", "库存", "庫存", "在庫"})
_AUTHOR_LABELS = frozenset({"author", "authors", "written by", "autor", "auteur", "作者", "著者"})
_PUBLISHER_LABELS = frozenset({"publisher", "verlag", "éditeur", "出版社"})
_BRAND_LABELS = frozenset({"brand", "marke", "marque", "品牌"})


def labels_of(reader: Reader, metadata: Metadata) -> Candidate:  # noqa: C901 – one branch for each label
    """Read the pairs twitter:label1 and twitter:data1 («Price», «$12»), and the `name="author"` of a book."""
    one = Candidate(reader.source, title=_first(metadata, "twitter:title"))
    one.image = absolute(_first(metadata, "twitter:image", "twitter:image:src"), reader.base)
    prices: list[str] = []
    states: list[str] = []
    for number in range(1, 5):
        label = _first(metadata, f"twitter:label{number}").rstrip(":：").casefold()
        data = _first(metadata, f"twitter:data{number}")
        if not label or not data:
            continue
        if label in _PRICE_LABELS:
            prices.append(data)
        elif label in _AVAILABILITY_LABELS:
            states.append(data)
        elif label in _AUTHOR_LABELS:
            one.authors = (data,)
        elif label in _PUBLISHER_LABELS:
            one.publisher = data
        elif label in _BRAND_LABELS:
            one.brand = data
        elif label == "isbn":
            one.isbn, _ = read_identifiers(reader, [("isbn", data)])
    if not one.authors and _first(metadata, "og:type").lower() in {"book", "books.book"}:
        author = _first(metadata, "author")
        one.authors = (author,) if author and "://" not in author else ()
    amount, currency = read_price(reader, prices, "")
    availability, _ = read_states(reader, Properties(availability=[*states]))
    if amount.value is not None or availability is not None:
        one.offers = [
            Offer(
                price=amount.value,
                high_price=amount.high,
                currency=currency if amount.value is not None else None,
                availability=availability,
            )
        ]
    return one


def rest_of(reader: Reader, tree: LexborHTMLParser) -> Candidate:
    """Read the title and the canonical address, which any page may have."""
    title = tree.css_first("title")
    one = Candidate(reader.source, title="" if title is None else clean(title.text()))
    for node in tree.css("link[rel][href]")[:200]:
        attributes = node.attributes
        if "canonical" in (attributes.get("rel") or "").lower().split():
            one.url = absolute(clean(attributes.get("href") or ""), reader.base)
            break
    return one
