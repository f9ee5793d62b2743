"""The line of author, date and publisher under a listing's stars: `p.search_book_author`.

    <p class="search_book_author"><span>(英)<a name="itemlist-author" title="(英)A 著；B 出品">A</a> 著；…</span>
    <span> /2021-03-31</span><span> /<a name="P_cbs">C出版社</a></span></p>

Each of the three spans can be empty or absent and the slashes come and go, so they are told apart by what they hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from parsers.text import fold, parse_date

__all__ = ["AuthorBlock", "read_author_block"]


@dataclass(frozen=True, slots=True)
class AuthorBlock:
    """The three texts of the line; '' or None for what is not there."""

    contributors: str = ""
    published: str = ""
    publisher: str | None = None


def read_author_block(node: LexborNode | None) -> AuthorBlock:
    """Return the texts of an author block."""
    if node is None:
        return AuthorBlock()
    publisher, full, rest = None, "", []
    for part in _parts(node):
        links = [a for a in part.css("a")] if part.tag != "a" else [part]
        houses = [a for a in links if a.attributes.get("name") == "P_cbs"]
        if houses:
            publisher = publisher or _longer(fold(houses[0].attributes.get("title")), fold(houses[0].text())) or None
            if len(houses) == len(links):
                continue
        for link in links:
            if link not in houses:
                full = _longer(full, fold(link.attributes.get("title")))
        text = fold(part.text()).strip("/ ")
        if text:
            rest.append((text, bool(links)))
    published = next((text for text, linked in rest if not linked and _is_date(text)), "")
    if published:
        rest.remove((published, False))
    shown = next((text for text, linked in rest if linked), None)
    if shown is None:
        shown = rest[0][0] if rest and (published == "" or len(rest) > 0) else ""
    others = [text for text, _ in rest if text != shown]
    if publisher is None and others:
        publisher = others[-1]
    return AuthorBlock(_longer(shown, full), published, publisher)


def _parts(node: LexborNode) -> list[LexborNode]:
    spans = [child for child in node.iter() if child.tag == "span"]
    return spans or [node]


def _is_date(text: str) -> bool:
    return len(text) <= 12 and parse_date(text) is not None


def _longer(first: str, second: str) -> str:
    """Return the fuller of two texts, the first when they hold as many letters.

    The block is cut off after some sixty letters while the links' titles are whole; a title with an apostrophe in single
    quotes is the shorter one.
    """
    return second if len(second.replace(" ", "")) > len(first.replace(" ", "")) else first
