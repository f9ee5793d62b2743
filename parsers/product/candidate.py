"""Collect the product data of one source of a page, before the sources are merged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from parsers.product.identifiers import read_gtin, read_isbn
from parsers.product.model import Offer, ProblemCode, Source
from parsers.product.nodes import Graph, Node, Properties, Reader, is_product, properties, types_of
from parsers.product.offers import MAX_OFFERS, offer_of, offers_in
from parsers.product.vocabulary import absolute, clean

__all__ = ["Candidate", "candidate_of", "read_identifiers"]

MAX_VARIANTS = 200
"""Limit on the variants and editions to search for offers."""
MAX_AUTHORS = 20


@dataclass(slots=True)
class Candidate:
    """A product as one source describes it; '' and None mean that the source has no value."""

    source: Source
    title: str = ""
    authors: tuple[str, ...] = ()
    brand: str = ""
    publisher: str = ""
    isbn: str | None = None
    gtin: str | None = None
    sku: str = ""
    image: str | None = None
    language: str = ""
    published_text: str = ""
    url: str | None = None
    offers: list[Offer] = field(default_factory=list)
    offer_count: int | None = None

    def complete(self, other: Candidate) -> None:
        """Fill in missing values from another description of the same product."""
        for name in _FIELDS:
            if not getattr(self, name):
                setattr(self, name, getattr(other, name))


_FIELDS = (
    "title", "authors", "brand", "publisher", "isbn", "gtin", "sku", "image", "language", "published_text", "url",
    "offers", "offer_count",
)  # fmt: skip


def candidate_of(reader: Reader, graph: Graph, node: Node, depth: int = 0) -> Candidate:
    """Read a product's node with its offers, its variants, and the group or work that it belongs to."""
    found = properties(node)
    one = Candidate(reader.source)
    one.title = _first(reader, found, "name", "title", "headline")
    one.authors = _people(reader, graph, found)
    one.brand = _named(reader, graph, found, "brand") or _named(reader, graph, found, "manufacturer")
    one.publisher = _named(reader, graph, found, "publisher")
    one.sku = _first(reader, found, "sku")
    one.image = _image(reader, graph, found)
    one.language = _language(reader, found)
    one.published_text = _first(reader, found, "datepublished", "releasedate")
    addresses = (absolute(reader.text(value), reader.base) for value in found.get("url", ()))
    one.url = next((address for address in addresses if address), None)
    one.isbn, one.gtin = read_identifiers(reader, _identifiers(reader, found))
    one.offers, one.offer_count = offers_in(reader, graph, found)
    if not one.offers and found.keys() & {"price", "lowprice", "pricespecification", "availability"}:
        own = offer_of(reader, graph, node, found)
        one.offers = [] if own is None else [own]
    if not one.offers:
        one.offers = _for_reading(reader, graph, found)
    if depth == 0:
        _add_variants(reader, graph, found, one)
        for name in ("isvariantof", "exampleofwork"):
            for value in map(graph.resolve, found.get(name, ())):
                if isinstance(value, dict):
                    work = candidate_of(reader, graph, value, depth + 1)
                    work.url = work.isbn = work.gtin = None
                    work.sku, work.offers = "", []
                    one.complete(work)
    return one


def _add_variants(reader: Reader, graph: Graph, found: Properties, one: Candidate) -> None:
    """Add the offers of variants and editions, and the values that all of these share."""
    nodes = [
        value for name in ("hasvariant", "workexample") for value in map(graph.resolve, found.get(name, ()))
    ]
    nodes = [
        node
        for node in nodes
        if isinstance(node, dict) and (is_product(node) or "offers" in node or "isbn" in node)
    ]
    variants = [candidate_of(reader, graph, node, 1) for node in nodes[:MAX_VARIANTS]]
    if not variants:
        return
    offers = [_named_offer(offer, variant) for variant in variants for offer in variant.offers]
    missing = found.cut + max(0, len(nodes) - MAX_VARIANTS) + max(0, len(offers) - MAX_OFFERS)
    if missing:
        reader.problem(ProblemCode.OFFERS_CUT, f"{missing} left out")
    if not one.offers:
        one.offers = offers[:MAX_OFFERS]
    only = variants[0] if len(variants) == 1 else None
    if only is not None:
        one.complete(only)
    else:
        for name in ("authors", "brand", "publisher", "image", "language"):
            if not getattr(one, name):
                setattr(one, name, getattr(variants[0], name))


def _named_offer(offer: Offer, variant: Candidate) -> Offer:
    return replace(
        offer,
        name=offer.name or variant.title,
        isbn=offer.isbn or variant.isbn,
        url=offer.url or variant.url,
    )


def _for_reading(reader: Reader, graph: Graph, found: Properties) -> list[Offer]:
    """Return the offers that grant access to an edition: `potentialAction.expectsAcceptanceOf`."""
    offers: list[Offer] = []
    for action in found.get("potentialaction", ())[:20]:
        if isinstance(action, dict):
            accepted = properties(action).get("expectsacceptanceof", [])
            offers += offers_in(reader, graph, Properties(offers=accepted))[0]
    return offers[:MAX_OFFERS]


def _first(reader: Reader, found: Properties, *names: str) -> str:
    return next((text for name in names for text in map(reader.text, found.get(name, ())) if text), "")


def _named(reader: Reader, graph: Graph, found: Properties, name: str) -> str:
    return next((text for text in (reader.text(graph.resolve(v)) for v in found.get(name, ())) if text), "")


def _people(reader: Reader, graph: Graph, found: Properties) -> tuple[str, ...]:
    for name in ("author", "creator"):
        names = (reader.text(graph.resolve(value)) for value in found.get(name, ()))
        people = tuple(dict.fromkeys(text for text in names if text and "://" not in text))
        if len(people) > MAX_AUTHORS:
            reader.problem(ProblemCode.TEXT_CUT, f"{len(people) - MAX_AUTHORS} of {len(people)} authors")
        if people:
            return people[:MAX_AUTHORS]
    return ()


def _image(reader: Reader, graph: Graph, found: Properties) -> str | None:
    for name in ("image", "thumbnailurl"):
        for value in map(graph.resolve, found.get(name, ())):
            candidates: list[Any] = [value]
            if isinstance(value, dict):
                inner = properties(value)
                candidates = [*inner.get("url", ()), *inner.get("contenturl", ()), *inner.get("@id", ())]
            for candidate in candidates:
                if isinstance(candidate, str):
                    address = absolute(clean(candidate), reader.base)
                    if address is not None:
                        return address
    return None


def _language(reader: Reader, found: Properties) -> str:
    """Return the language; if it is an object, prefer its code (`alternateName`) to its name."""
    for value in found.get("inlanguage", ()):
        code = _first(reader, properties(value), "alternatename") if isinstance(value, dict) else ""
        text = code or reader.text(value)
        if text:
            return text
    return ""


def _identifiers(reader: Reader, found: Properties) -> list[tuple[str, str]]:
    """Return the values that may be an ISBN or a GTIN with their property names, the most reliable first."""
    stated = [
        (name, reader.text(value))
        for name in (
            "isbn",
            "gtin13",
            "gtin",
            "gtin14",
            "gtin12",
            "gtin8",
            "ean",
            "productid",
            "identifier",
            "sku",
            "mpn",
        )
        for value in found.get(name, ())
        if not isinstance(value, dict)
    ]
    for value in [*found.get("identifier", ()), *found.get("additionalproperty", ())][:100]:
        if isinstance(value, dict):
            inner = properties(value)
            kind = _first(reader, inner, "propertyid", "name").lower()
            kind = "isbn" if "isbn" in kind else "gtin" if "gtin" in kind or "ean" in kind.split() else ""
            number = _first(reader, inner, "value")
            if kind and number:
                stated.append((kind, number))
    if "book" in types_of({"@type": found.get("@type", [])}):
        stated += [
            ("@id", text)
            for text in found.get("@id", ())
            if isinstance(text, str) and "isbn:" in text.lower()
        ]
    return [(name, text) for name, text in stated if text]


def read_identifiers(reader: Reader, stated: list[tuple[str, str]]) -> tuple[str | None, str | None]:
    """Return a product's ISBN-13 and GTIN, and report properties that should hold one but do not.

    An article number (`sku`, `mpn`, `productID`) counts as an ISBN only if it is an ISBN-13 or is labelled as an ISBN:
    one in eleven numbers of ten digits would pass as an ISBN-10.
    """
    isbn = gtin = None
    for name, text in stated:
        sure = name == "isbn" or "isbn" in text.lower()
        isbn_here = read_isbn(text) if sure or len(text) >= 13 else None
        gtin_here = read_gtin(text) if name.startswith("gtin") or name == "ean" else None
        if isbn_here is None and gtin_here is None and (sure or name.startswith("gtin") or name == "ean"):
            reader.problem(ProblemCode.BAD_IDENTIFIER, f"{name} {text}")
        isbn, gtin = isbn or isbn_here, gtin or gtin_here
    return isbn, gtin
