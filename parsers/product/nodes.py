"""Nodes of structured data: their types, their properties, and the choice of the page's products among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from parsers.product.amounts import Number
from parsers.product.model import Problem, ProblemCode, Source
from parsers.product.vocabulary import clean
from parsers.text import MAX_TEXT

__all__ = ["Graph", "Node", "Properties", "Reader", "is_product", "properties", "text_of", "types_of"]

Node = dict[str, Any]


class Properties(dict[str, list[Any]]):
    """The properties of a node as lists, by name in lower case without a prefix."""

    cut: int = 0
    """Number of offers and variants beyond `MAX_VALUES`."""


_OFFERS_AND_VARIANTS = frozenset({"offers", "offer", "offerdetails", "hasvariant", "workexample"})

MAX_READ = 2_000
"""Limit on the offers read from a page; with references by `@id`, a few nodes can expand to any number."""

PRODUCTS = frozenset(
    """
    product book audiobook productgroup productmodel individualproduct someproducts productcollection vehicle car
    """.split()  # noqa: SIM905 (a table of words is read more easily than quoted strings)
)
OFFERS = frozenset({"offer", "aggregateoffer", "offerforpurchase"})
_NO_GOODS = frozenset(
    """
    organization localbusiness store bookstore onlinestore corporation person website webpage itempage event place
    itemlist breadcrumblist listitem offercatalog service searchaction review aggregaterating imageobject brand
    """.split()  # noqa: SIM905 (as above)
)
"""Types that may have offers but are not what the page sells."""
_WRAPPERS = ("@graph", "mainentity", "mainentityofpage", "itemoffered", "itemreviewed")
"""Properties that lead from a page or an offer to its product."""
MAX_VALUES = 1_000
"""Limit on the values read from one property."""
MAX_NODES = 20_000
"""Limit on the nodes of JSON-LD to visit."""
MAX_PROBLEMS = 40


@dataclass(slots=True)
class Reader:
    """State shared while reading a page: its language, its address, and the problems so far."""

    language: str = ""
    base: str = ""
    source: Source = Source.JSON_LD
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    offers_left: int = MAX_READ

    def problem(self, code: ProblemCode, detail: str = "") -> None:
        """Record a problem once; count those beyond `MAX_PROBLEMS`."""
        detail = clean(detail[:MAX_TEXT])
        found = Problem(code, detail if len(detail) <= 80 else f"{detail[:79]}…", self.source)
        if found not in self.problems:
            if len(self.problems) < MAX_PROBLEMS:
                self.problems.append(found)
            else:
                self.more += 1

    def text(self, value: Any) -> str:
        """Return the text of a value, and record a problem if it is cut."""
        text = text_of(value)
        if len(text) == MAX_TEXT and text.endswith("…"):
            self.problem(ProblemCode.TEXT_CUT, text[:40])
        return text


def types_of(node: Node) -> set[str]:
    """Return a node's types in lower case, without the address before them."""
    return {
        re.split(r"[/:#]", name)[-1].lower()
        for name in _flat(node.get("@type"))[:20]
        if isinstance(name, str)
    }


def is_product(node: Node) -> bool:
    """Return True for goods: a node of a product type, or one with offers and a name unless its type rules it out."""
    types = types_of(node)
    if types & PRODUCTS:
        return True
    return bool(node.get("offers")) and bool(node.get("name")) and not types & (_NO_GOODS | OFFERS)


def properties(node: Node) -> Properties:
    """Return a node's properties as lists, by name in lower case without a prefix."""
    found = Properties()
    for key, value in node.items():
        name = key if key.startswith("@") else re.split(r"[/:#]", key)[-1].lower()
        values = [v for v in _flat(value) if v is not None and v != "" and v is not True and v is not False]
        if values:
            if name in _OFFERS_AND_VARIANTS:
                found.cut += max(0, len(values) - MAX_VALUES)
            found.setdefault(name, []).extend(values[:MAX_VALUES])
    return found


def _flat(value: Any) -> list[Any]:
    """Return a value as a list: flatten nested lists, and objects that number their values as PHP does."""
    if isinstance(value, list):
        flat: list[Any] = []
        for item in value:
            flat.extend(item if isinstance(item, list) else [item])
        return flat
    if isinstance(value, dict):
        if "@list" in value or "@set" in value:
            inner = value.get("@list") or value.get("@set")
            return inner if isinstance(inner, list) else [inner]
        if value and all(key.isdecimal() for key in value):
            return list(value.values())
    return [value]


def text_of(value: Any) -> str:
    """Return the text of a value; for an object, that of its value or name; '' for none."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        for key in ("@value", "name", "schema:name", "http://schema.org/name"):
            inner = value.get(key)
            if isinstance(inner, list):
                inner = inner[0] if inner else None
            if isinstance(inner, dict):
                inner = inner.get("@value")
            if isinstance(inner, str):
                return text_of(inner)
        return ""
    return clean(value[: 2 * MAX_TEXT]) if isinstance(value, str) else ""


class Graph:
    """The nodes of a page's JSON-LD, with its products and an index by `@id`."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.products: list[Node] = []
        self.offers: list[Node] = []
        """Offers that belong to no product."""
        self.complete = True
        self._by_id: dict[str, Node] = {}
        seen = set()
        for node in self._walk(values):
            if id(node) in seen:
                continue
            seen.add(id(node))
            identity = node.get("@id")
            if isinstance(identity, str) and len(node) > 1:
                self._by_id.setdefault(identity, node)
            if is_product(node):
                self.products.append(node)
            elif types_of(node) & OFFERS:
                self.offers.append(node)

    def resolve(self, value: Any) -> Any:
        """Return the node that a reference (`{"@id": …}`) names; any other value unchanged."""
        if isinstance(value, dict) and len(value) <= 2 and isinstance(value.get("@id"), str):
            return self._by_id.get(value["@id"], value)
        return value

    def _walk(self, values: Iterable[Any]) -> Iterator[Node]:
        """Yield the page's nodes, except those that only another node refers to (related goods, reviews)."""
        pending, seen = list(values)[::-1], 0
        while pending:
            value = pending.pop()
            seen += 1
            if seen > MAX_NODES:
                self.complete = False
                return
            if isinstance(value, list):
                pending.extend(value[::-1])
            elif isinstance(value, dict):
                yield value
                lowered = {re.split(r"[/:]", key)[-1].lower(): inner for key, inner in value.items()}
                pending.extend(
                    lowered[name] for name in _WRAPPERS[::-1] if isinstance(lowered.get(name), (dict, list))
                )
