"""Find the parts of a page that describe a product, in time linear in its length.

Lexbor takes quadratic time on some markup: nested elements, attributes of one tag, options of a list (50,000 of them
take 18 s). So give it only the tags that matter, and no more of them than it can parse quickly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from parsers.product.model import Problem, ProblemCode

__all__ = ["JOINT", "MAX_DEPTH", "MAX_JSON", "MAX_SCRIPTS", "MAX_TAGS", "Scan", "scan"]

MAX_TAGS = 10_000
"""Limit on the tags given to Lexbor. A large page has as many, but few of them matter."""
MAX_DEPTH = 200
"""Limit on the elements open at once."""
MAX_ATTRIBUTES = 100
"""Limit on the attributes of one tag."""
MAX_TITLE = 3_000
"""Limit on the characters of a title."""
MAX_JSON = 1_000_000
"""Limit on the characters of JSON-LD on a page; a product with hundreds of reviews has 300,000."""
MAX_SCRIPTS = 100
"""Limit on the JSON-LD scripts on a page."""


@dataclass(slots=True)
class Scan:
    """The parts of a page that may describe a product."""

    scripts: list[str] = field(default_factory=list)
    """The contents of its JSON-LD scripts."""
    markup: str = ""
    """Its `<meta>`, `<link>`, `<base>` and `<title>`; if `items` is True, also all markup that items consist of."""
    items: bool = False
    """True if the page may hold microdata or RDFa of a product."""
    problems: list[Problem] = field(default_factory=list)


_GOODS = (
    r"""\s*=\s*["']?[^"'<>]{0,200}?\b(?i:(?:Individual)?Product(?:Group|Model)?|(?:Audio)?book|Offer)\b"""
)
_ITEMS = re.compile(rf"""item(?:prop\s*=\s*["']?\s*(?i:price|offers|isbn|lowPrice)\b|type{_GOODS})""")
_RDFA_ITEMS = re.compile(rf"typeof{_GOODS}")


_OTHER_SPELLINGS = ("ITEMPROP", "itemProp", "ITEMSCOPE", "itemScope", "TYPEOF=", "typeOf=")


def _may_hold_items(text: str) -> bool:
    """Return True if a page may hold microdata or RDFa of a product; most pages have some of bread crumbs or the like.

    Patterns that begin with plain letters cost a tenth of the scan; those that ignore case cost several times the scan.
    So other spellings count as a yes.
    """
    return (
        ("itemprop" in text and _ITEMS.search(text) is not None)
        or ("typeof=" in text and _RDFA_ITEMS.search(text) is not None)
        or any(word in text for word in _OTHER_SPELLINGS)
    )


_MARKED = r"<([a-zA-Z][a-zA-Z0-9]*)(?=[\s/])(?=[^<>]*\s(?:itemprop|itemscope|property|typeof)\b)"
_MARKED_TAG, _MARKED_TAG_IN_ANY_CASE = re.compile(_MARKED), re.compile(_MARKED, re.IGNORECASE)
_REFERENCED = re.compile(
    r"""itemref\s*=\s*(?:"([^"]{0,500})"|'([^']{0,500})'|([^\s"'>]{1,100}))""", re.IGNORECASE
)
_WITH_ID = re.compile(
    r"""<([a-z][a-z0-9]*)(?=\s)(?=[^<>]*\sid\s*=\s*["']?([^\s"'<>]{1,100}))""", re.IGNORECASE
)

_TABLE = frozenset({"table", "caption", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th"})
# Elements that end each other if their parent is missing: if one matters, all do.
_FAMILIES = (frozenset({"li", "ul", "ol", "menu"}), frozenset({"dd", "dt", "dl"}), _TABLE)
_UNNESTED = frozenset({"p", "li", "dd", "dt", "thead", "tbody", "tfoot", "tr", "td", "th"})
"""Elements whose end tag is optional: the next element ends them."""
_VOID = frozenset(
    {"meta", "link", "base", "img", "input", "br", "hr", "source", "track", "embed", "area", "wbr", "col"}
)
_HEAD = frozenset({"html", "meta", "link", "base"})
_RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template"})
"""Elements whose content is not markup, or is never shown."""
_NEVER = frozenset({"select", "option", "optgroup", "svg", "math", "frameset"})
"""Elements that slow Lexbor down and never hold a product."""
_JSON_LD = re.compile(r"""\btype\s*=\s*["']?\s*application/ld\+json""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[^\s"'=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']*))?""")
_LONG_TAG = 400
"""A shorter tag, in characters, cannot have enough attributes to take long."""


@lru_cache(maxsize=256)
def _tag_pattern(names: frozenset[str], *, with_ends: bool) -> re.Pattern[str]:
    """Return the pattern of comments and of the tags `names`, with quoted values.

    Every part is possessive: even in a broken tag, no character is read twice.
    """
    every = "|".join(map(_in_any_case, sorted(names | _RAW, key=len, reverse=True)))
    initials = "".join(sorted({name[0] for name in names | _RAW}))
    return re.compile(
        rf"""<(?=[!{"/" if with_ends else ""}{initials}{initials.upper()}])"""
        rf"""(?:(!--)|({"/?" if with_ends else ""})({every})(?=[\s/>])((?:[^<>"']++|"[^"]*+"|'[^']*+'|["'])*+)>?)"""
    )


def _in_any_case(name: str) -> str:
    """Return a pattern of a name in lower case or capitals, twice as fast as a pattern that ignores case."""
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in name)


def scan(text: str) -> Scan:
    """Return the parts of a page that describe a product."""
    return _Scanner(text).scan()


class _Scanner:
    """A pass through a page, tag by tag.

    `_depth` counts the elements open within the outermost element that is marked as an item or a property. Outside such
    elements, the scanner drops all text, and all tags without a mark.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = Scan(items=_may_hold_items(text))
        # Other spellings are so rare that such a page may cost more.
        self._any_is_marked = self._found.items and any(word in text for word in _OTHER_SPELLINGS)
        self._names = _names(text, in_any_case=self._any_is_marked) if self._found.items else _HEAD
        self._always = _HEAD | (_TABLE if self._names >= _TABLE else frozenset())
        self._marks = ("item", "property", "typeof", *(("id",) if "itemref" in text else ()))
        self._parts: list[str] = []
        self._inside = ""
        """The name of the outermost marked element; '' outside of one."""
        self._depth = self._skipped = self._tags = self._tags_left_out = 0
        self._json_size = self._json_left_out = 0

    def scan(self) -> Scan:
        text, pattern = self._text, _tag_pattern(self._names, with_ends=self._found.items)
        position = copied = 0
        while (match := pattern.search(text, position)) is not None:
            if self._inside and match.start() > copied:
                self._parts.append(_between(text[copied : match.start()]))
            position = match.end()
            name = match[3]
            if name is None:
                end = text.find("-->", match.start() + 2)
                position = len(text) if end < 0 else end + 3
            elif name not in self._names and name.lower() in _RAW:
                if not match[2]:
                    position = self._raw(name.lower(), match[4], position)
            else:
                self._tag(match, name.lower(), closing=bool(match[2]))
            copied = position
        if self._inside and copied < len(text):
            self._parts.append(_between(text[copied:]))
        found = self._found
        found.markup = "".join(self._parts)
        if self._tags_left_out:
            found.problems.append(Problem(ProblemCode.MARKUP_CUT, f"{self._tags_left_out} tags"))
        if self._json_left_out:
            found.problems.append(Problem(ProblemCode.JSON_CUT, f"{self._json_left_out} scripts"))
        return found

    def _raw(self, name: str, attributes: str, start: int) -> int:
        """Process the content of an element without markup, and return the position of its end."""
        stop = _end_of_raw(self._text, name, start)
        if name == "title":
            self._tags += 1
            if self._tags <= MAX_TAGS:
                title = self._text[start : min(stop, start + MAX_TITLE)].replace("<", "&lt;")
                self._parts.append(f"<title>{title}</title>")
        elif name == "script" and _JSON_LD.search(attributes):
            size = stop - start
            if self._json_size + size > MAX_JSON or len(self._found.scripts) == MAX_SCRIPTS:
                self._json_left_out += 1
            else:
                self._json_size += size
                self._found.scripts.append(self._text[start:stop])
        return stop

    def _tag(self, match: re.Match[str], name: str, *, closing: bool) -> None:
        if self._inside:
            if not self._count(name, closing=closing):
                return
        elif not closing and name not in _HEAD and self._is_marked(match[4]):
            if name not in _VOID:
                self._inside, self._depth = name, int(name not in _UNNESTED)
        elif name not in self._always:
            return
        self._tags += 1
        tag = match[0]
        if self._tags > MAX_TAGS or (len(tag) > _LONG_TAG and _has_many_attributes(match[4])):
            self._tags_left_out += 1
        else:
            self._parts.append(tag if tag.endswith(">") else f"{tag}>")

    def _is_marked(self, attributes: str) -> bool:
        return self._any_is_marked or any(mark in attributes for mark in self._marks)

    def _count(self, name: str, *, closing: bool) -> bool:
        """Count a tag within a marked element; return True to keep it."""
        if name in _VOID or name == "html":
            return True
        if name in _UNNESTED:
            if closing and name == self._inside and not self._depth:
                self._inside = ""
            return True
        if not closing:
            if self._depth < MAX_DEPTH:
                self._depth += 1
                return True
            self._skipped += 1
            self._tags_left_out += 1
            return False
        if self._skipped:
            self._skipped -= 1
            return False
        if not self._depth:  # the end of an enclosing element also ends a marked `<p>` or `<li>`
            self._parts.append(f"</{self._inside}>")
            self._inside = ""
            return name in self._always
        self._depth -= 1
        if not self._depth and self._inside not in _UNNESTED:
            self._inside = ""
        return True


def _end_of_raw(text: str, name: str, start: int) -> int:
    """Return the position of the end tag of an element without markup, or the end of the text."""
    at = text.find("</", start)
    while at >= 0:
        after = at + 2 + len(name)
        if text[at + 2 : after].lower() == name and not text[after : after + 1].isalnum():
            return at
        at = text.find("</", at + 2)
    return len(text)


def _names(text: str, *, in_any_case: bool) -> frozenset[str]:
    """Return the names of the elements that items and properties consist of."""
    marked = _MARKED_TAG_IN_ANY_CASE if in_any_case else _MARKED_TAG
    names = {name.lower() for name in marked.findall(text)}
    ids: set[str] = set()
    if "itemref" in text:
        ids = {word for groups in _REFERENCED.findall(text) for word in "".join(groups).split()}
    if ids:
        names |= {name.lower() for name, identity in _WITH_ID.findall(text) if identity in ids}
    for family in _FAMILIES:
        if names & family:
            names |= family
    return frozenset((names - _NEVER - _RAW) | _HEAD)


JOINT = "\u2060"
"""Replaces a tag within a line: it is invisible to a reader, and not white space."""
_SUPERSCRIPT_CENTS = re.compile(r"(?<=[0-9])\s*<sup\b[^<>]*>\s*(?=[0-9]{2}\s*</sup)", re.IGNORECASE)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|big|code|del|em|font|i|ins|mark|s|small|span|strong|sub|sup|u|var|wbr)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(r"</?[a-zA-Z][^<>]*>?|<[!?/][^<>]*>?")


def _between(text: str) -> str:
    """Return the text between two relevant tags, without other tags."""
    if "<" not in text:
        return text
    if "sup" in text or "SUP" in text:
        text = _SUPERSCRIPT_CENTS.sub(".", text)
    return _ANY_TAG.sub(" ", _INLINE_TAG.sub(JOINT, text)).replace("<", "&lt;")


def _has_many_attributes(attributes: str) -> bool:
    return any(count == MAX_ATTRIBUTES for count, _ in enumerate(_ATTRIBUTE.finditer(attributes)))
