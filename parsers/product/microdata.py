"""Convert microdata and RDFa to nodes of the same form as those of JSON-LD.

https://html.spec.whatwg.org/multipage/microdata.html, with three exceptions that real pages need: `content` counts on
any element, the text of an `<a>` is the value of a property that is a name, and `itemprop` outside any item counts if
nothing else does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from parsers.product.scan import JOINT

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["MICRODATA", "RDFA", "Items", "Syntax", "read_items"]


class Syntax(NamedTuple):
    """The attributes of one syntax for items."""

    scope: str
    type: str
    property: str
    identity: str
    references: str


MICRODATA = Syntax("itemscope", "itemtype", "itemprop", "itemid", "itemref")
RDFA = Syntax("typeof", "typeof", "property", "resource", "")

MAX_PROPERTIES = 3_000
MAX_REFERRING = 10
"""Limit on the items that refer to the same element."""
MAX_TEXT = 4_000_000
"""Limit on the characters of text in all properties; a property repeats the text of the properties inside it."""


@dataclass(slots=True)
class Items:
    """The items of a page."""

    roots: list[dict[str, Any]] = field(default_factory=list)
    """Items that are not a property of another."""
    nested: list[dict[str, Any]] = field(default_factory=list)
    """Items that are a property of another."""
    loose: dict[str, Any] = field(default_factory=dict)
    """Properties outside any item."""
    left_out: int = 0
    """Properties beyond `MAX_PROPERTIES` or `MAX_TEXT`."""


_WANTED = frozenset(
    """
    name title alternatename headline offers offer offerdetails price lowprice highprice offercount pricecurrency
    pricespecification pricetype minprice maxprice availability itemcondition condition seller offeredby author creator
    brand manufacturer
    publisher isbn gtin gtin8 gtin12 gtin13 gtin14 productid sku mpn ean image thumbnailurl contenturl inlanguage
    datepublished releasedate url hasvariant workexample isvariantof exampleofwork itemoffered mainentity identifier
    value propertyid businessfunction referencequantity eligiblequantity minvalue validformembertier
    valueaddedtaxincluded additionalproperty model currency
    """.split()  # noqa: SIM905 (a table of words is read more easily than sixty quoted strings)
)
"""The properties to read; descriptions and reviews would cost much and give nothing."""
_ADDRESSES = frozenset(
    {
        "url",
        "image",
        "thumbnailurl",
        "contenturl",
        "availability",
        "itemcondition",
        "condition",
        "businessfunction",
    }
)
_SOURCE_TAGS = frozenset({"img", "audio", "video", "embed", "iframe", "source", "track"})
_SPLIT_NUMBER = re.compile(rf"(?<=[0-9])\s*{JOINT}[\s{JOINT}]*(?=[0-9])")


def read_items(tree: LexborHTMLParser, syntax: Syntax) -> Items:
    """Return the items of a page in the given syntax."""
    items = Items()
    nodes = tree.css(f"[{syntax.property}]")
    scopes = tree.css(f"[{syntax.scope}]")
    made: dict[int, dict[str, Any]] = {node.mem_id: _item(node, syntax) for node in scopes[:MAX_PROPERTIES]}
    owners = _Owners(tree, scopes, made, syntax)
    is_property, text_left = set(), MAX_TEXT
    for count, node in enumerate(nodes):
        attributes = node.attributes
        names = _names(attributes.get(syntax.property) or "")
        wanted = [name for name in names if name in _WANTED]
        value: Any = made.get(node.mem_id)
        if value is None and not wanted:
            continue
        if count >= MAX_PROPERTIES or text_left <= 0:
            items.left_out += 1
            continue
        owned_by = [owner for owner in owners.of(node) if owner is not value]
        if value is None:
            value = _value(node, attributes, wanted[0])
            text_left -= len(value)
        elif owned_by:
            is_property.add(node.mem_id)
        for owner in owned_by or [items.loose]:
            for name in wanted:
                owner.setdefault(name, []).append(value)
    items.left_out += owners.left_out + max(0, len(scopes) - MAX_PROPERTIES)
    for node in scopes[:MAX_PROPERTIES]:
        (items.nested if node.mem_id in is_property else items.roots).append(made[node.mem_id])
    return items


def _names(text: str) -> list[str]:
    """Return the names of properties: «schema:name», «http://schema.org/name» and «Name» become «name»."""
    return [
        re.split(r"[/:#]", name)[-1].lower()
        for name in text.split()[:20]
        if not name.startswith(("og:", "product:"))
    ]


def _item(node: LexborNode, syntax: Syntax) -> dict[str, Any]:
    attributes = node.attributes
    item: dict[str, Any] = {"@type": (attributes.get(syntax.type) or "").split()[:20]}
    identity = attributes.get(syntax.identity)
    if identity:
        item["@id"] = identity
    return item


class _Owners:
    """The items that own a property: the nearest enclosing one, and those that refer to an enclosing element."""

    def __init__(
        self,
        tree: LexborHTMLParser,
        scopes: list[LexborNode],
        made: dict[int, dict[str, Any]],
        syntax: Syntax,
    ) -> None:
        self.left_out = 0
        self._made = made
        self._known: dict[int, tuple[dict[str, Any], ...]] = {}
        self._referring: dict[str, list[dict[str, Any]]] = {}
        if syntax.references and tree.css_first(f"[{syntax.references}]") is not None:
            for node in scopes:
                item = made.get(node.mem_id)
                for identity in (node.attributes.get(syntax.references) or "").split()[:50]:
                    referring = self._referring.setdefault(identity, [])
                    if item is not None and len(referring) < MAX_REFERRING:
                        referring.append(item)
                    else:
                        self.left_out += 1

    def of(self, node: LexborNode) -> tuple[dict[str, Any], ...]:
        """Return the owners of a property's element; each element of the page is visited once."""
        passed: list[LexborNode] = []
        owners: tuple[dict[str, Any], ...] = ()
        parent: LexborNode | None = node
        while parent is not None:
            if parent is not node or parent.mem_id not in self._made:
                known = self._known.get(parent.mem_id)
                if known is not None:
                    owners = known
                    break
            if parent is not node and parent.mem_id in self._made:
                owners = (self._made[parent.mem_id],)
                break
            passed.append(parent)
            parent = parent.parent
        for element in reversed(passed):
            if self._referring:
                own = element.attributes.get("id")
                more = [
                    item for item in self._referring.get(own or "", ()) if not any(item is o for o in owners)
                ]
                owners = (*owners, *more)
            if element is not node or element.mem_id not in self._made:
                self._known[element.mem_id] = owners
        return owners


def _value(node: LexborNode, attributes: dict[str, str | None], name: str) -> str:
    """Return the value of a property: an attribute of its element, or its text."""
    tag = node.tag or ""
    content = attributes.get("content")
    if content or tag == "meta":
        return content or ""
    stated: str | None = None
    if tag in _SOURCE_TAGS:
        stated = next((attributes[key] for key in ("data-src", "src") if attributes.get(key)), None)
        return stated or ""
    if tag == "link" or (tag in {"a", "area"} and name in _ADDRESSES):
        return attributes.get("href") or ""
    if tag in {"data", "meter", "input", "button"}:
        stated = attributes.get("value")
    elif tag == "time":
        stated = attributes.get("datetime")
    elif tag == "object":
        stated = attributes.get("data")
    if stated:
        return stated
    text = node.text(separator=JOINT)
    # «<b>12</b><b>99</b>» looks like 12.99, but its text is 1299, so reject such a number.
    return _SPLIT_NUMBER.sub(" | ", text) if "price" in name else text
