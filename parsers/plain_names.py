"""Parse unambiguous author blocks in a tenth of the time (1.5 µs instead of 18).

Such a block is a sequence of single names in Chinese characters, each followed by a separator or a role: «李霁月»,
«王东，马少平», «[意] 皮埃罗·斯加鲁菲（Piero Scaruffi）», «[英]迈克尔·伍尔德里奇 著；读客文化 出品». Of 2,000 real
blocks, 1,156 have this form. The result always equals that of the full parser in `parsers.names`; a test compares them.
"""

from __future__ import annotations

import re

from parsers.name_words import (
    FRONT_LABELS,
    JOINTS,
    NATIONS,
    PRODUCERS,
    ROLES,
    SAME_ROLE,
    looks_chinese,
    two_names,
)

__all__ = ["GLUED_LETTERS", "PlainName", "read_plain_names"]

GLUED_LETTERS = tuple("编译写绘选撰纂文校著作改缩注订评画影制理述读行划品版修点释审定策图")
"""Last characters of the roles that may be attached to a name («冯友兰著»)."""

_MAYBE_GLUED = re.compile(r"..[著译编绘注审校撰]$|....")
"""With a name of two characters before it: all other roles have at least two characters."""

_NO_NAMES = ROLES | JOINTS

PlainName = tuple[str, str | None, str | None]
"""Name, role and nationality."""

_CLAUSE = re.compile(
    r"""
    (?:[(\[（【〔] (?P<nation>[\u4e00-\u9fff]{1,5}) [)\]）】〕]\ ?)?
    (?P<name>[\u4e00-\u9fff]+ (?:[·・][\u4e00-\u9fff]+)*)
    (?P<original>(?:[(（] [A-Za-z](?:[A-Za-zÀ-ɏ .?]*[A-Za-zÀ-ɏ.?])? [)）])?)
    (?:\ 等)?
    (?:\ (?P<role>[\u4e00-\u9fff]{1,4}))?
    (?P<end> $ | \ ?[、，,;；]\ ? | (?<=[\u4e00-\u9fff])\ (?=.))
    """,
    re.VERBOSE,
)


def read_plain_names(text: str) -> list[PlainName] | None:  # noqa: C901 – the hot path, in one loop
    """Return the names of a block with folded white space, in order; None if it needs the full parser."""
    names: list[PlainName] = []
    waiting = at = 0  # names from `waiting` on have no role yet
    roles = apart = False  # a role was found; only a space precedes the next name
    while at < len(text):
        clause = _CLAUSE.match(text, at)
        if clause is None:
            return None
        nation, name, original, role, end = clause.groups()
        if name in _NO_NAMES or nation in ROLES or "等" in name or (len(name) > 4 and two_names(name)):
            return None
        if name.endswith(GLUED_LETTERS) and _MAYBE_GLUED.search(name):
            return None
        if name.startswith(FRONT_LABELS):
            return None
        if not at and nation is None and name in NATIONS:  # «美国，约翰»: a country without brackets
            return None
        names.append((name + original, None, nation))
        at = clause.end()
        if (
            role is not None and role not in ROLES
        ):  # «方景 田守 译»: a second name, or a second word of the first
            role, end, at = None, " ", clause.start("role")
        if (apart or (end == " " and role is None)) and not (
            nation is None and looks_chinese(name + original)
        ):
            return None
        if role is not None:
            several = len(names) - waiting > 1
            if several and (("译" in role and not roles) or (apart and role in PRODUCERS)):
                return None
            role, roles = SAME_ROLE.get(role, role), True
            if role in PRODUCERS:
                waiting = len(names) - 1  # applies to one name only
            names[waiting:] = [(waiter, role, land) for waiter, _, land in names[waiting:]]
            waiting = len(names)
        apart = role is None and end == " "
    return names
