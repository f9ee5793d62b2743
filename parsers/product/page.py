"""Read the product page of any shop: bytes in, `ProductPage` out.

Sources in order of precedence: JSON-LD, microdata, RDFa, OpenGraph, other `<meta>` elements, and for title and address
alone `<title>` and the canonical link. Each field comes from the first source that has it. A price and its currency
come from one source, and never from a title or from text without markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from parsers.charsets import detect_web_charset
from parsers.product.candidate import Candidate, candidate_of
from parsers.product.json_ld import read_json_ld
from parsers.product.metadata import base_of, labels_of, language_of, metadata_of, opengraph_of, rest_of
from parsers.product.microdata import MICRODATA, RDFA, Syntax, read_items
from parsers.product.model import Condition, Offer, Problem, ProblemCode, ProductPage, Source
from parsers.product.nodes import Graph, Node, Reader, is_product, properties, text_of, types_of
from parsers.product.offers import MAX_OFFERS
from parsers.product.scan import Scan, scan
from parsers.product.vocabulary import absolute
from parsers.text import decode, parse_date

__all__ = ["MAX_PAGE", "parse_product_page"]

MAX_PAGE = 4 * 1024 * 1024
"""Limit on the bytes of a page; large product pages have a tenth of that."""


MAX_MERGED = 10
"""Limit on the nodes of one product to merge."""


def parse_product_page(body: bytes, *, charset: str | None = None, url: str = "") -> ProductPage:
    """Read a product page of any shop.

    `body` is the page as received, after decompression; `charset` is the one in its HTTP header; `url` is its address,
    the base of relative addresses. Any bytes give a `ProductPage`.
    """
    codec = detect_web_charset(body[:MAX_PAGE], charset)
    decoded = decode(body[:MAX_PAGE], codec)
    parts = scan(decoded.text)
    tree = LexborHTMLParser(parts.markup)
    metadata = metadata_of(tree)
    reader = Reader(language=language_of(tree, metadata), base=base_of(tree, url))
    rest = rest_of(_in(reader, Source.HTML), tree)
    address = rest.url or url
    found = [_json_ld(_in(reader, Source.JSON_LD), parts, address)]
    if parts.items:
        for source, syntax in ((Source.MICRODATA, MICRODATA), (Source.RDFA, RDFA)):
            found.append(_items(_in(reader, source), tree, syntax, address))
    found.append(opengraph_of(_in(reader, Source.OPENGRAPH), metadata))
    found.append(labels_of(_in(reader, Source.META), metadata))
    candidates = [one for one in found if one is not None]
    page = _merge(reader, [*_of_one_product(reader, candidates), rest], url)
    problems = [*parts.problems, *reader.problems]
    if len(body) > MAX_PAGE:
        problems.insert(0, Problem(ProblemCode.PAGE_CUT, f"{len(body) - MAX_PAGE} bytes"))
    if reader.more:
        problems.append(Problem(ProblemCode.MORE_PROBLEMS, str(reader.more)))
    return replace(
        page, problems=tuple(problems), charset=codec.removesuffix("-sig"), undecodable=decoded.undecodable
    )


def _in(reader: Reader, source: Source) -> Reader:
    """Set the source that the reader is reading from now on, and return the reader."""
    reader.source = source
    return reader


def _json_ld(reader: Reader, parts: Scan, address: str) -> Candidate | None:
    values: list[Any] = []
    for script in parts.scripts:
        read = read_json_ld(script)
        if read is None:
            reader.problem(ProblemCode.BROKEN_JSON, script.strip()[:40])
        else:
            values += read
    graph = Graph(values)
    if not graph.complete:
        reader.problem(ProblemCode.JSON_CUT, "too many nodes")
    return _main_product(reader, graph, address)


def _items(reader: Reader, tree: LexborHTMLParser, syntax: Syntax, address: str) -> Candidate | None:
    items = read_items(tree, syntax)
    if items.left_out:
        reader.problem(ProblemCode.MARKUP_CUT, f"{items.left_out} properties")
    graph = Graph(items.roots)
    if not graph.products:
        graph.products = [node for node in items.nested if is_product(node)]
    if not graph.products and items.loose.keys() & {"price", "isbn"}:
        graph.products = [{"@type": ["Product"], **items.loose}]
    return _main_product(reader, graph, address)


def _main_product(reader: Reader, graph: Graph, address: str) -> Candidate | None:
    """Return the product that the page is about.

    A product with the page's address comes first, then those with offers; among equals, the first. Other nodes with the
    same name or `@id` describe the same product, and so does a book without offers beside the only product that has
    offers.
    """
    nodes = graph.products
    if not nodes:
        return None
    group = next((node for node in nodes if "productgroup" in types_of(node)), None)
    if group is not None:
        nodes = _with_members(graph, nodes, group)
    ranks = [_rank(reader, node, address) for node in nodes]
    best = max(ranks)
    main = nodes[ranks.index(best)]
    candidate = candidate_of(reader, graph, main)
    name = text_of(main.get("name"))
    merged = rivals = 0
    for node, rank in zip(nodes, ranks, strict=True):
        if node is main:
            continue
        same = node.get("@id") == main["@id"] if main.get("@id") else False
        if merged < MAX_MERGED and (
            same or (name and text_of(node.get("name")) == name) or (len(nodes) == 2 and _is_bare_book(node))
        ):
            merged += 1
            candidate.complete(candidate_of(reader, graph, node))
        elif rank == best:
            rivals += 1
    if rivals:
        reader.problem(ProblemCode.SEVERAL_PRODUCTS, f"{rivals + 1} products")
    if not candidate.offers and not rivals and graph.offers:
        adopted = {"@type": "Product", "offers": graph.offers[: MAX_OFFERS + 1]}
        candidate.offers = candidate_of(reader, graph, adopted).offers
    return candidate


def _with_members(graph: Graph, nodes: list[Node], group: Node) -> list[Node]:
    """Return the products of a page, with those that belong to a group as its variants."""
    members: list[Node] = []
    others: list[Node] = []
    identity = text_of(group.get("productGroupID"))
    for node in nodes:
        if node is group:
            continue
        work = graph.resolve(node.get("isVariantOf"))
        belongs = work is group or (identity and text_of(node.get("inProductGroupWithID")) == identity)
        (members if belongs else others).append(node)
    variants = group.get("hasVariant", [])
    listed = [graph.resolve(v) for v in (variants if isinstance(variants, list) else [variants])]
    members = [node for node in members if not any(node is other for other in listed)]
    others = [node for node in others if not any(node is other for other in listed)]
    return [{**group, "hasVariant": [*listed, *members]}, *others]


def _rank(reader: Reader, node: Node, address: str) -> tuple[bool, bool]:
    found = properties(node)
    addresses = [*found.get("url", ()), *found.get("@id", ()), *found.get("mainentityofpage", ())]
    here = bool(address) and any(
        isinstance(text, str) and _comparable(absolute(text, reader.base) or "") == _comparable(address)
        for text in addresses[:5]
    )
    sells = bool(
        found.keys()
        & {"offers", "offer", "price", "lowprice", "pricespecification", "hasvariant", "workexample"}
    )
    return here, sells


def _comparable(address: str) -> str:
    try:
        parts = urlsplit(address[:4096].strip())
    except ValueError:
        return address
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def _is_bare_book(node: Node) -> bool:
    return "book" in types_of(node) and not properties(node).keys() & {"offers", "offer", "price"}


def _of_one_product(reader: Reader, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates, except those with the ISBN of another book than the first one's."""
    kept: list[Candidate] = []
    isbn: str | None = None
    for one in candidates:
        if isbn is not None and one.isbn is not None and one.isbn != isbn:
            _in(reader, one.source).problem(ProblemCode.SOURCES_DIFFER, f"isbn {isbn}, {one.isbn}")
            continue
        isbn = isbn or one.isbn
        kept.append(one)
    return kept


_PLAIN_FIELDS = (
    "authors", "brand", "publisher", "isbn", "gtin", "sku", "image", "language", "url", "offer_count",
)  # fmt: skip


def _merge(reader: Reader, candidates: list[Candidate], url: str) -> ProductPage:  # noqa: C901 – one line for each field
    """Merge the candidates into a page, each field from the first candidate that has it."""
    sources: dict[str, Source] = {}

    def pick(name: str, value_of: Callable[[Candidate], Any]) -> Any:
        for one in candidates:
            value = value_of(one)
            if value:
                sources[name] = one.source
                return value
        return None

    leads = {one.source: _lead(one.offers) for one in candidates}
    selling = next(
        (one for one in candidates if any(offer.price is not None for offer in one.offers)),
        next((one for one in candidates if one.offers), None),
    )
    lead = Offer() if selling is None else leads[selling.source]
    if selling is not None:
        lead = replace(lead, currency=_currency(reader, lead, leads.values()))
        _report_differences(reader, selling, lead, leads)

    def pick_state(name: str) -> Any:
        own = getattr(lead, name)
        if own:
            sources[name] = selling.source if selling is not None else Source.HTML
            return own

        def of_lead(one: Candidate) -> Any:
            return getattr(leads[one.source], name)

        return pick(name, of_lead)

    for name in ("price", "high_price", "list_price", "currency"):
        if selling is not None and getattr(lead, name) is not None:
            sources[name] = selling.source
    published_text = pick("published_text", attrgetter("published_text")) or ""
    published = parse_date(published_text) if published_text else None
    if published_text and published is None:
        _in(reader, sources["published_text"]).problem(ProblemCode.UNKNOWN_VALUE, f"date {published_text}")
    fields: dict[str, Any] = {name: pick(name, attrgetter(name)) for name in _PLAIN_FIELDS}
    return ProductPage(
        title=pick("title", attrgetter("title")) or "",
        price=lead.price,
        high_price=lead.high_price,
        list_price=lead.list_price,
        currency=lead.currency,
        availability=pick_state("availability"),
        condition=pick_state("condition"),
        seller=pick_state("seller") or "",
        authors=fields["authors"] or (),
        brand=fields["brand"] or "",
        publisher=fields["publisher"] or "",
        isbn=fields["isbn"],
        gtin=fields["gtin"],
        sku=fields["sku"] or "",
        image=fields["image"],
        language=fields["language"] or "",
        published=published,
        published_text=published_text,
        url=fields["url"] or url or None,
        offers=() if selling is None else tuple(selling.offers),
        offer_count=fields["offer_count"],
        sources=tuple((name, sources[name]) for name in ProductPage.__slots__ if name in sources),
    )


def _lead(offers: list[Offer]) -> Offer:
    """Return the leading offer, by the rule in `ProductPage`."""
    if not offers:
        return Offer()
    first = next((offer.currency for offer in offers if offer.price is not None), None)
    return min(
        offers,
        key=lambda offer: (
            offer.price is None,
            offer.availability is not None and not offer.availability.purchasable,
            offer.condition not in {None, Condition.NEW},
            offer.currency != first,
            offer.price or 0,
        ),
    )


def _currency(reader: Reader, lead: Offer, leads: Iterable[Offer]) -> str | None:
    """Return the currency of the leading offer; if it has none, that of another source with the same amount."""
    contradicted = any(problem.code is ProblemCode.OTHER_CURRENCY for problem in reader.problems)
    if lead.price is None or lead.currency is not None or contradicted:
        return lead.currency
    return next(
        (other.currency for other in leads if other.price == lead.price and other.currency is not None), None
    )


def _report_differences(reader: Reader, selling: Candidate, lead: Offer, leads: dict[Source, Offer]) -> None:
    """Record a problem if offers or sources have different prices."""
    _in(reader, selling.source)
    priced = [offer for offer in selling.offers if offer.price is not None]
    if len({(offer.price, offer.currency) for offer in priced}) > 1:
        prices = [f"{offer.price} {offer.currency or ''}".strip() for offer in priced]
        reader.problem(ProblemCode.OFFERS_DIFFER, f"{len(priced)} offers: {', '.join(prices[:4])}")
    for source, other in leads.items():
        if source is selling.source:
            continue
        _in(reader, source)
        if other.price is not None and (other.price, other.currency or lead.currency) != (
            lead.price,
            lead.currency,
        ):
            reader.problem(
                ProblemCode.SOURCES_DIFFER,
                f"price {lead.price} {lead.currency or ''}, {other.price} {other.currency or ''}",
            )
        states = lead.availability, other.availability
        if None not in states and len({state.purchasable for state in states if state is not None}) > 1:
            reader.problem(ProblemCode.SOURCES_DIFFER, f"availability {states[0]}, {states[1]}")
