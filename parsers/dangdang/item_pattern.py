"""The markup of a result list's items, as regular expressions.

The expressions accept only markup that every HTML parser reads in the same way: known tags, each closed in the order
of opening, no block inside a paragraph, no link inside a link, known classes and names, each attribute once.
`parsers.dangdang.plain_item` reads the fields from the groups.

The expressions for the list and the grid expect parts and attributes in the shop's order. The third, built from the
same description, accepts any order and additional attributes. It takes 12 µs per item instead of 4, which is a sixth of
the time for a page of 60 items.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import NamedTuple

from parsers.dangdang.item import MARKED_CLASSES, MARKED_NAMES

__all__ = ["TAG", "USUAL_LIST", "any_order", "usual_grid"]

TAG = re.compile(r"""<[^"'<>]*+(?:(?:"[^"]*+"|'[^']*+')[^"'<>]*+)*+>""")
"""A tag within a group."""

_SPACE = r"[ \t\n\r\f]"  # white space in HTML; Python's \s matches more
_VALUE = r"""(?:"[^"]*+"|'[^']*+')"""
_TEXT = "[^<]*+"
_AMOUNT = "[^<]{0,60}+"
_BUTTON_TEXT = "[^<&到缺售无已]*+"
"""Text of a button that cannot mean «out of stock», because each such word contains one of the excluded characters."""


def _quoted(word: str) -> str:
    """Return a pattern for the value `word`, with or without quotes."""
    return f"""(?:"{word} ?"|'{word} ?'|{word}(?=[ >]))"""


_HARMLESS = {
    name: _quoted(rf"(?!(?:{'|'.join(sorted(words))})\b(?!-))[-\w]+")
    for name, words in (("class", MARKED_CLASSES), ("name", MARKED_NAMES | {"Buy"}))
}
"""Patterns of classes and names that mark no field."""


class _Attribute(NamedTuple):
    """An attribute of a tag."""

    name: str
    value: str = _VALUE
    """Pattern of its value."""
    group: str = ""
    """Group for its value; '' if the value is not read."""
    needed: bool = False
    """True if a tag must have it to match."""
    optional: bool = False
    """True if it may be absent from attributes in the shop's order."""
    any_value: str = ""
    """Pattern of its value for attributes in any order, if that accepts more than the shop's usual value."""


def _mark(name: str, word: str, group: str = "", *, needed: bool = True) -> _Attribute:
    """Describe a class or a name by its word, with or without quotes."""
    return _Attribute(name, _quoted(word), group, needed, not needed)


def _harmless(name: str, usual: str, *, optional: bool = False) -> _Attribute:
    """Describe a class or a name that marks no field; `usual` is the shop's own value."""
    return _Attribute(name, _quoted(usual), optional=optional, any_value=_HARMLESS[name])


def _read(group: str, name: str, *, needed: bool = True) -> _Attribute:
    """Describe an attribute whose value is read; the group includes its quotes."""
    return _Attribute(name, _VALUE, group, needed, not needed)


class _Grammar:
    """The description of an item, for attributes in the shop's order or in any."""

    def __init__(self, *, any_order: bool) -> None:
        self._any_order = any_order
        self._numbers = count()

    def tag(self, name: str, *attributes: _Attribute, repeated: bool = False) -> str:
        """Return the pattern of an opening tag; `attributes` are in the shop's order.

        A `repeated` tag always keeps that order, because a group stays set once it has matched.
        """
        slash = "(?:/ ?)?+" if name == "img" else ""
        if not self._any_order:
            return f"<{name}{''.join(map(_in_order, attributes))} *+{slash}>"
        told = [attribute for attribute in attributes if attribute.group or attribute.value != _VALUE]
        known = "|".join({"class", "name", "src", *(attribute.name for attribute in told)})
        other = rf"(?!(?:{known})\b)[a-z][-a-z0-9_]*+(?:={_VALUE})?+"
        if repeated:
            others = f"(?:{_SPACE}++{other})*+"
            rest = "".join(f"{_in_order(attribute, usual=False)}{others}" for attribute in told)
            return f"<{name}{others}{rest}{_SPACE}*+{slash}>"
        choices, checks = [other], ""
        for attribute in told:
            group = attribute.group or f"mark{next(self._numbers)}"
            value = attribute.any_value or attribute.value
            choices.append(f"{_never_twice(group)}{attribute.name}=(?P<{group}>{value})")
            checks += f"(?({group})|(?!))" if attribute.needed else ""
        return f"<{name}(?:{_SPACE}++(?:{'|'.join(choices)}))*+{_SPACE}*+{slash}>{checks}"

    def element(
        self, name: str, *attributes: _Attribute, content: str = _TEXT, repeated: bool = False
    ) -> str:
        """Return the pattern of a whole element."""
        return f"{self.tag(name, *attributes, repeated=repeated)}{content}</{name}>"

    def row(self, *parts: tuple[str, str]) -> str:
        """Return the pattern of optional parts; a part with a group's name may occur only once."""
        if not self._any_order:
            return "".join(f"{_SPACE}*+(?:{part})?+" for _, part in parts) + f"{_SPACE}*+"
        choices = [f"{_never_twice(group)}{part}" if group else part for group, part in parts]
        return f"(?:{'|'.join([f'{_SPACE}++', *choices])})*+"

    def _seen(self, group: str) -> str:
        """Return an empty group that marks a part as seen; '' for the shop's order, where no part can occur twice."""
        return f"(?P<{group}>)" if self._any_order else ""

    def item(self, *, grid: bool = False) -> str:
        """Return the pattern of an item, with the parts of a list item or a tile in the shop's order."""
        start = self.tag(
            "li", _Attribute("ddt-pit"), _harmless("class", "line[0-9]+"),
            _Attribute("id", """(?:"p?[0-9]{5,20}"|'p?[0-9]{5,20}')""", "id", needed=True),
            _Attribute("sku", optional=True),
        )  # fmt: skip
        detail = self.element(
            "p", _mark("class", "(?:detail|search_hot_word)"), content=f"(?P<detail>{_TEXT})"
        )
        label = self.element("div", _harmless("class", "lable_label"), content=self._label("label"))
        name, price, stars = ("shown", self._name()), ("price_line", self._price()), ("stars", self._stars())
        seller, empty = (
            ("seller", self._seller()),
            ("", self.element("div", _harmless("class", "empty_div"), repeated=True)),
        )
        parts = (
            ("picture_title", self._picture()),
            *((price, name) if grid else (name,)),
            ("detail", detail),
            *((stars, ("label", label), seller) if grid else (price, ("label", label), seller, stars)),
            empty,
            ("bare_label", self._label("bare_label")),
            ("", self.element("span", _harmless("class", "tag_box"), repeated=True)),
            ("authors", self._author_block()),
            ("button_box", self._buttons()),
        )
        return f"{start}{self.row(*parts)}</li>{_SPACE}*+"

    def _picture(self) -> str:
        image = self.tag(
            "img", _read("cover", "data-original", needed=False), _read("src", "src"), _read("alt", "alt")
        )
        label = self.element("p", _harmless("class", "cool_label"))
        return self.element(
            "a",
            _read("picture_title", "title"), _Attribute("ddclick"), _mark("class", "pic"),
            _mark("name", "itemlist-picture"), _Attribute("dd_name"), _read("href", "href"), _Attribute("target"),
            content=f"{_SPACE}*+{image}{_SPACE}*+(?:{label}{_SPACE}*+)?+",
        )  # fmt: skip

    def _name(self) -> str:
        marked = self.element("font", _mark("class", "skcolor_ljg"), repeated=True)
        link = self.element(
            "a",
            _read("said", "title"), _Attribute("href"), _Attribute("ddclick"), _mark("name", "itemlist-title"),
            _Attribute("dd_name"), _Attribute("target"),
            content=f"(?P<shown>(?:[^<]++|{marked})*+)",
        )  # fmt: skip
        return self.element(
            "p",
            _mark("class", "name"),
            _mark("name", "title", needed=False),
            content=f"{_SPACE}*+{link}{_SPACE}*+",
        )

    def _price(self) -> str:
        def amount(group: str, word: str) -> tuple[str, str]:
            return group, self.element("span", _mark("class", word), content=f"(?P<{group}>{_AMOUNT})")

        words = self.element(
            "a", _mark("class", "search_discount", needed=False), _Attribute("style"), repeated=True
        )
        ebook = self.element(
            "a",
            _Attribute("href"), _Attribute("ddclick"), _mark("class", "search_e_price"), _Attribute("dd_name"),
            _Attribute("target"), _Attribute("id", optional=True),
            content=f"{self.element('span', repeated=True)}<i>(?P<ebook>{_AMOUNT})</i>",
        )  # fmt: skip
        parts = self.row(
            amount("tile_price", "price_n"),
            amount("price", "search_now_price"),
            ("", words),
            amount("list_price", "(?:search_pre_price|price_r)"),
            amount("discount", "(?:search_discount|price_s)"),
            ("ebook", ebook),
        )
        return self.element("p", _harmless("class", "price"), content=self._seen("price_line") + parts)

    def _label(self, group: str) -> str:
        words = self.element("span", _mark("class", "new_lable[12]"), repeated=True)
        return self.element(
            "span",
            _mark("class", "new_lable"),
            _Attribute("y"),
            content=f"(?P<{group}>(?:{_SPACE}++|{words})*+)",
        )

    def _seller(self) -> str:
        link = self.element(
            "a",
            _Attribute("href"), _mark("name", "itemlist-shop-name"), _Attribute("dd_name"), _Attribute("target"),
            _read("seller", "title"),
        )  # fmt: skip
        label = self.element("span", _harmless("class", "(?:star_shop|icon_shangjia)"), repeated=True)
        beside = f"(?:{_SPACE}++|{label})*+"
        return self.element(
            "p",
            _mark("class", "(?:search_shangjia|link)"),
            _Attribute("block"),
            content=f"{beside}{link}{beside}(?:{self._label('shop_label')})?+{beside}",
        )

    def _stars(self) -> str:
        bar = self.element(
            "span",
            _mark("class", "(?:search_star_black|level)"),
            _Attribute("style", "(?!)", optional=True),  # a style would be read as the bar's
            content=self.element("span", _read("width", "style"), content=""),
        )
        reviews = self.element(
            "a",
            _Attribute("href"), _Attribute("target"), _mark("name", "itemlist-review"), _Attribute("dd_name"),
            _mark("class", "search_comment_num", needed=False), _Attribute("ddclick"),
            content=f"(?P<reviews>{_AMOUNT})",
        )  # fmt: skip
        parts = self.row(("bar", self._seen("bar") + bar), ("reviews", reviews))
        return self.element(
            "p", _harmless("class", "(?:search_star_line|star)"), content=self._seen("stars") + parts
        )

    def _author_block(self) -> str:
        def link(title: _Attribute) -> str:
            return self.element(
                "a",
                _Attribute("href"),
                _mark("name", "itemlist-author"),
                _Attribute("dd_name"),
                title,
                repeated=True,
            )

        # Every link has the same title, that of the whole block.
        first, others = link(_read("whole", "title")), link(_Attribute("title", "(?P=whole)", needed=True))
        house = self.element(
            "a",
            _Attribute("href"), _mark("name", "P_cbs"), _Attribute("dd_name"), _read("house_title", "title"),
            content=f"(?P<house>{_TEXT})",
        )  # fmt: skip
        spans = (
            f"<span>(?P<authors>{_TEXT}(?:{first}{_TEXT}(?:{others}{_TEXT})*+)?+)</span>",
            f"(?:<span>(?P<date>{_TEXT})</span>)?+",
            f"(?:<span>(?P<before_house>{_TEXT})(?:{house}(?P<after_house>{_TEXT}))?+</span>)?+",
        )
        return self.element(
            "p", _mark("class", "search_book_author"), content=f"{_SPACE}*+".join(("", *spans, ""))
        )

    def _buttons(self) -> str:
        cart, target = _mark("class", "search_btn_cart"), _Attribute("target", optional=True)
        words = f"(?:{self.element('span', _harmless('class', 'icon'), content='', repeated=True)})?{_BUTTON_TEXT}"
        buy = self.element(
            "a",
            cart, _mark("name", "Buy"), target, _Attribute("dd_name"), _read("buy", "href"), _Attribute("ddclick"),
            content=words,
        )  # fmt: skip
        behind = (
            _Attribute("dd_name"), _Attribute("id", optional=True), _Attribute("href"), _Attribute("ddclick")
        )  # fmt: skip
        ebook = self.element(
            "a",
            _mark("class", "search_btn_cart"), target, _mark("name", "ebook_buy_button", "ebook_button"),
            *behind,
            content=words,
        )  # fmt: skip
        notice = self.element(
            "a",
            _mark("class", "search_btn_cart"), target, _mark("name", "pdno", "notice"), *behind,
        )  # fmt: skip
        other = self.element(
            "a",
            _mark("class", "search_btn_cart"), target, _harmless("name", "area_buy"), *behind,
            content=words, repeated=True,
        )  # fmt: skip
        collect = self.element(
            "a",
            _harmless("class", "search_btn_collect"), _harmless("name", "collect"), _Attribute("dd_name"),
            _Attribute("id"), _Attribute("href"),
            _Attribute("name", '"Sc"', optional=True),  # a second name, which browsers ignore
            _Attribute("ddclick"), repeated=True,
        )  # fmt: skip
        line = self.element(
            "p",
            _harmless("class", "bottom_p"),
            content=self.row(
                ("notice", notice), ("buy", buy), ("", other), ("ebook_button", ebook), ("", collect)
            ),
        )
        return self.element(
            "div",
            _harmless("class", "shop_button"),
            content=f"{self._seen('button_box')}{_SPACE}*+{line}{_SPACE}*+",
        )


def _in_order(attribute: _Attribute, *, usual: bool = True) -> str:
    name, value, group, _, optional, any_value = attribute
    value = value if usual else any_value or value
    pattern = f" ++{name}=(?P<{group}>{value})" if group else f" ++{name}={value}"
    return f"(?:{pattern})?+" if optional else pattern


def _never_twice(group: str) -> str:
    """Return a pattern that fails if a group has already matched."""
    return f"(?({group})(?!))"


def _compiled(source: str) -> re.Pattern[str]:
    """Compile a pattern; only by its number can a condition refer to a later group."""
    numbers = {name: number for number, name in enumerate(re.findall(r"\(\?P<(\w+)>", source), 1)}
    return re.compile(re.sub(r"\(\?\((\w+)\)", lambda match: f"(?({numbers[match[1]]})", source))


USUAL_LIST = _compiled(_Grammar(any_order=False).item())


@cache
def usual_grid() -> re.Pattern[str]:
    """Return the pattern of a tile in the shop's order; compiling it takes 5 ms."""
    return _compiled(_Grammar(any_order=False).item(grid=True))


@cache
def any_order() -> re.Pattern[str]:
    """Return the pattern of an item of either layout, with parts and attributes in any order; compiling takes 25 ms."""
    return _compiled(_Grammar(any_order=True).item())
