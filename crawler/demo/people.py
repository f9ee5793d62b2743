"""Invent authors for the demo shop's books, in the many formats of the shop's author blocks."""

from __future__ import annotations

from crawler.demo.draw import Draw
from crawler.demo.words import IMPRINTS
from parsers.model import Contributor

__all__ = ["Block", "author_block", "invented_names"]

_SURNAMES = "林周何沈顾陆程薛叶孟秦白江田方石段黎邵温尹戴苏姚唐卢范汪傅丁"
_GIVEN = "一文子思明远知行书言景云和安若舟清源晓东怀川以宁立秋守拙望舒可心亦凡嘉树鹤鸣砚青"
_RARE = ("沈㛃", "何𬭎", "段䶮", "林𰻞之")
"""Names with characters that GB2312 and GBK lack; gb18030 encodes them with four bytes."""

_FOREIGN_GIVEN = (
    ("埃利安", "Elian"), ("玛尔塔", "Marta"), ("托比恩", "Torbjorn"), ("露西娅", "Lucia"), ("本诺", "Benno"),
    ("黛西", "Daisy"), ("奥托", "Otto"), ("伊内斯", "Ines"), ("科林", "Colin"), ("雅各布", "Jakob"),
)  # fmt: skip
_FOREIGN_FAMILY = (
    ("沃特曼", "Wortman"), ("哈德利", "Hadley"), ("科勒", "Köhler"), ("贝朗热", "Béranger"), ("斯滕", "Sten"),
    ("莫兰迪", "Morandi"), ("奎克", "Quick"), ("阿尔维斯", "Alves"), ("杜布瓦", "Dubois"), ("芬奇利", "Finchley"),
)  # fmt: skip
_LANDS = ("美", "英", "德", "法", "日", "加", "意", "澳", "南非", "俄")
_BRACKETS = (("[", "]"), ("(", ")"), ("（", "）"), ("【", "】"), ("〔", "〕"))
_BODIES = ("少儿科普编写组", "名师导学编委会", "职业教育教研室", "北岸阅读编辑部")

Block = tuple[str, tuple[Contributor, ...]]
"""The text of an author block, and the people it names."""


def author_block(draw: Draw) -> Block:
    """Return the text of an author block and the people that it names; '' and nobody for an empty block."""
    kind = draw.below(1000)
    for share, make in _KINDS:
        if kind < share:
            return make(draw)
        kind -= share
    name = _chinese(draw)
    return name, (Contributor(name),)


def invented_names(draw: Draw, count: int) -> list[str]:
    """Return `count` different names."""
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[_chinese(draw)] = None
    return list(drawn)


def _chinese(draw: Draw) -> str:
    if draw.chance(8):
        return draw.pick(_RARE)
    return draw.pick(_SURNAMES) + "".join(draw.some(_GIVEN, draw.between(1, 2)))


def _foreign(draw: Draw, *, latin: bool = True) -> str:
    given, family = draw.pick(_FOREIGN_GIVEN), draw.pick(_FOREIGN_FAMILY)
    name = f"{given[0]}·{family[0]}"
    if not latin:
        return name
    original = f"{given[1]} {family[1]}"
    if draw.chance(100):  # how the shop writes a letter that it cannot store
        original = original.replace("ö", "?").replace("é", "?")
    return f"{name}（{original}）"


def _land(draw: Draw) -> tuple[str, str]:
    opening, closing = draw.pick(_BRACKETS)
    land = draw.pick(_LANDS)
    return land, f"{opening}{land}{closing}"


def _with_role(draw: Draw) -> Block:
    name, role = _chinese(draw), draw.pick(("著", "编著", "主编", "编"))
    return f"{name} {role}", (Contributor(name, role),)


def _several(draw: Draw) -> Block:
    names = invented_names(draw, draw.between(2, 3))
    return draw.pick(("、", "，", " ", ",")).join(names), tuple(map(Contributor, names))


def _several_with_role(draw: Draw) -> Block:
    names, role = invented_names(draw, 2), draw.pick(("著", "主编", "编著"))
    return f"{'、'.join(names)} {role}", tuple(Contributor(name, role) for name in names)


def _foreigner(text: str, role: str | None, land: str | None) -> Contributor:
    """Return a contributor whose original name follows in brackets."""
    name, _, original = text.rstrip("）").partition("（")
    return Contributor(name, role, land, original or None)


def _and_others(draw: Draw) -> Block:
    name = _chinese(draw)
    return f"{name} 等 编著", (Contributor(name, "编著"),)


def _translated(draw: Draw) -> Block:
    (land, mark), author, translator = _land(draw), _foreign(draw), _chinese(draw)
    text = f"{mark}{author} 著{draw.pick('，；')}{translator} 译"
    return text, (_foreigner(author, "著", land), Contributor(translator, "译"))


def _translated_by_two(draw: Draw) -> Block:
    (land, mark), author, translators = _land(draw), _foreign(draw, latin=False), invented_names(draw, 2)
    text = f"{mark} {author} 著 {' '.join(translators)} 译"
    return text, (_foreigner(author, "著", land), *(Contributor(name, "译") for name in translators))


def _untranslated(draw: Draw) -> Block:
    (land, mark), author = _land(draw), _foreign(draw, latin=draw.chance(500))
    return f"{mark}{author}", (_foreigner(author, None, land),)


def _produced(draw: Draw) -> Block:
    name, imprint = _chinese(draw), draw.pick(IMPRINTS)
    return f"{name} 著；{imprint} 出品", (Contributor(name, "著"), Contributor(imprint, "出品"))


def _illustrated(draw: Draw) -> Block:
    writer, artist = invented_names(draw, 2)
    return f"{writer} 著，{artist} 绘", (Contributor(writer, "著"), Contributor(artist, "绘"))


def _body(draw: Draw) -> Block:
    name = draw.pick(_BODIES)
    return f"{name} 编", (Contributor(name, "编"),)


def _crowd(draw: Draw) -> Block:
    """Return a block that is too long: the shop cuts it, but the links' titles are longer."""
    land, mark = _land(draw)
    first, more, translators = _foreign(draw), invented_names(draw, 4), invented_names(draw, 2)
    text = f"{mark}{first}，{'，'.join(more)} 著；{'，'.join(translators)} 译"
    writers = (_foreigner(first, "著", land), *(Contributor(name, "著") for name in more))
    return text, (*writers, *(Contributor(name, "译") for name in translators))


def _unknown(_: Draw) -> Block:
    return "不详", ()


def _nothing(_: Draw) -> Block:
    return "", ()


_KINDS = (
    (210, _with_role),
    (120, _several),
    (60, _several_with_role),
    (30, _and_others),
    (120, _translated),
    (30, _translated_by_two),
    (40, _untranslated),
    (30, _produced),
    (20, _illustrated),
    (20, _body),
    (30, _crowd),
    (10, _unknown),
    (30, _nothing),
)
"""Frequency in per mille of each form of the block; all others are a single plain name."""
