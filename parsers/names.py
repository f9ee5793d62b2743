"""Parse the author block of a Chinese bookshop, «[美]斯图尔特·罗素 著，张博雅 译», into names with roles.

The shop's staff and sellers type these blocks by hand. The most important promise: return everything, lose no name. If
the text does not show whether two words are one name («马克 吐温») or two («王晓雷 陈巍卿»), the form of the words
decides; see `parsers.name_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from parsers.model import Contributor
from parsers.name_words import (
    BODIES,
    DYNASTIES,
    FRONT_LABELS,
    JOINTS,
    LABELS,
    NATIONS,
    PRODUCERS,
    ROLES,
    SAME_ROLE,
    SINGLE_IN_FRONT,
    begins_another,
    is_latin,
    looks_chinese,
    looks_foreign,
    one_name,
    two_names,
)
from parsers.plain_names import GLUED_LETTERS, PlainName, read_plain_names
from parsers.text import fold

__all__ = ["is_unknown", "parse_contributors"]

MAX_LENGTH = 2_000
"""Maximum length of a block in characters; the shop cuts its own at a tenth of that."""

_ROLE_PATTERN = "|".join(sorted(ROLES, key=len, reverse=True))
_TOKEN = re.compile(
    rf"""
      (?:^|(?<=[\s、，,;；|/:：]))(?P<label>文/图|图/文|著/绘|{_ROLE_PATTERN})\s*[:：]
    | (?P<open>[(\[（［【〔〖｛])(?P<inside>[^()\[\]（）［］【】〔〕〖〗｛｝]*)(?P<close>[)\]）］】〕〗｝]|$)
    | (?P<sep>//|[、，,;；|｜&＆/／:：])
    | (?P<space>\s+)
    | (?P<word>(?:《[^》]*》|<[^>]*>|[^\s、，,;；|｜&＆/／:：()\[\]（）［］【】〔〕〖〗｛｝])+)
    """,
    re.VERBOSE,
)
_HALF_BRACKETED = re.compile(r"(?:^|(?<=[,，;；、]))\s*([\u4e00-\u9fff]{1,5})[)\]）］】〕]")
_BARE_NATION = re.compile(rf"^({'|'.join(sorted(NATIONS, key=len, reverse=True))})[\s,，](?=\S)")
_GLUED = re.compile(
    r"^(.*?[^\s·・.])(等?(?:著译|译著|撰著|监修|主译|校点|辑校|校释|集释|撰写|绘制|编审|审定|总策划|执行主编|副主编|总主编|主编|编著|编译|编写|编绘|编选|编撰|编纂|编文|编校|原著|著绘|著作|著文|合著|合编|合译|"
    r"改编|改写|缩写|选编|选注|选译|译注|译者|注译|译校|校译|校注|校订|点校|点评|评注|插图|插画|绘图|摄影|摄制|撰文|翻译|审校|整理|"
    r"口述|导读|组编|出品|发行|策划|监制|制作|出版|(?<!名)著|译|编|绘))$"
)
_MIDDLE = re.compile(r"^(.{2,}?(?:编著|主编|(?<!名)著))([\u4e00-\u9fff·・]{2,}(?:译|绘|编))$")
_ENDING = re.compile(r"[。…]+$|\.{2,}$")
_LAST_DOT = re.compile(r"(?<=[\u4e00-\u9fff])\.$")
_SPACED_LABEL = re.compile(
    r"(?<![\u4e00-\u9fff])(?:([作译编绘著校])\s+(者)(?=\s*[:：])|(主)\s+(编)(?=[\s:：]))"
)
_DOTTED_ROLE = re.compile(r"(?<![\u4e00-\u9fff])([文图著绘编])[·・]([文图著绘编])(?![\u4e00-\u9fff])")
"""«文·图»: one role."""
_ROLE_AFTER_DOT = re.compile(r"(.+)[·・](文图|图文|[文图著绘编译])")
_SINGLE_GLUED = re.compile(r"(.{2,})([注审校撰])")
_QUESTIONED = re.compile(r"(?<=[A-Za-z])[?？](?=[A-Z][a-z]+ [A-Z])")
"""A separator between two Latin names that the shop's charset lacks: «Warren Sande?Carter Sande»."""
_ROLE_SIGNS = re.compile(r"[/／·・、&+和\s]")
_DEGREE = re.compile(r"(?:Ph\.?\s?D|M\.?D|Jr|Sr|Esq|II|III|M\.?B\.?A)\.?", re.IGNORECASE)
"""Text after the comma of one name: «Albert Lukaszewski, PhD»."""
_DOT = re.compile(r"[.．]$")
_UNKNOWN = re.compile(
    r"(?:作者|译者|编者|著者|绘者|姓名)?(?:信息)?(?:不详|不祥|不明|未详|未知|暂无|暂缺|无|佚名|匿名|未署名|未注明)(?:作者|译者|编者|著者)?(?:信息|资料)?|"
    r"佚名[著编译]?|(?:n/?a|null|none|unknown|anonymous)|[-—–_/.*?？]+",
    re.IGNORECASE,
)
"""Placeholders for a name."""

_NO_HOUSE = re.compile(
    r"(?:出版社|出版者)?(?:信息)?(?:不详|不祥|不明|未详|未知|暂无|暂缺|无|其他|其它|佚名|未注明)(?:出版社|出版者)?(?:信息)?|(?:n/?a|null|none|unknown)",
    re.IGNORECASE,
)
"""Placeholders for a publisher."""

_ORIGINAL = re.compile(r"(.+?)\s*[(（\[［【]([^()（）\[\]［］【】]+)(?:[)）\]］】]|$)")
_FRONT = re.compile(rf"({'|'.join(FRONT_LABELS)})([\u4e00-\u9fff]{{2,4}})")
_GENERAL_ROLES = frozenset({"著", "编"})
"""The roles of 作者 and 编者; a second label («作者：主编：张三») is more specific."""


@dataclass(slots=True)
class _Word:
    text: str
    bracket: str = ""
    """The original name or an alias after it, with brackets: the name ends here."""

    def __str__(self) -> str:
        return self.text + self.bracket


@dataclass(slots=True)
class _Name:
    text: str
    nationality: str | None
    group: int
    """Number of the stretch between two separators that contains it."""
    role: str | None = None


@lru_cache(maxsize=2048)  # the books of a search share authors, often across pages
def parse_contributors(text: str) -> tuple[Contributor, ...]:
    """Return everyone named in an author block, in order, and nobody twice in one role.

    A role after several names applies to all of them back to the previous role («王晓雷 陈巍卿 译»); 出品 (produced by)
    and similar roles apply only to the name before them. A role in front applies to all names after it. A foreign name
    and its original in brackets are separated («彼得·诺维格（Peter Norvig）»), in either order. An empty block, «不详»
    (unknown) and «佚名» (anonymous) give nobody.
    """
    text = fold(text)[:MAX_LENGTH]
    names = [] if _is_nobody(text) else read_plain_names(text)
    if names is None:
        names = _read_names(text)
    return tuple(
        [
            Contributor(*name) if _BRACKETS.isdisjoint(name[0]) else _contributor(*name)
            for name in dict.fromkeys(names)
            if not _is_nobody(name[0])
        ]
    )


def _is_nobody(text: str) -> bool:
    return text[:1] in _UNKNOWN_OPENINGS and _UNKNOWN.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def is_unknown(publisher: str | None) -> bool:
    """Return True if a publisher field contains a placeholder: «不详», «无», «其他»."""
    return publisher is None or _NO_HOUSE.fullmatch(publisher.strip("()（）[]【】。 ")) is not None


def _contributor(text: str, role: str | None, nationality: str | None) -> Contributor:
    """Separate a name from its original in brackets; keep an alias («大冰（焉何人）»)."""
    both = _ORIGINAL.fullmatch(text)
    if both is not None:
        name, inside = both[1], both[2].strip()
        if is_latin(inside) and not is_latin(name):
            return Contributor(name, role, nationality, inside)
        if is_latin(name) and inside and not is_latin(inside) and _HAN_NAME.fullmatch(inside):
            return Contributor(inside, role, nationality, name)
    return Contributor(text, role, nationality)


_BRACKETS = frozenset("(（[［【")
_UNKNOWN_OPENINGS = frozenset("作译编著绘姓信不未暂无佚匿nNuUaA-—–_/.*?？")
"""First characters of `_UNKNOWN`: hardly any name begins with one, and the pattern takes 1 µs."""
_HAN_NAME = re.compile(
    r"(?=.*[\u3400-\u9fff].*[\u3400-\u9fff])(?:[A-Z]{1,2}[\s.·・]+|(?:[A-Z][.．]\s?)+)?[\u3400-\u9fff]++(?:\s?[·・•‧.\-?？\s][\s.]?[\u3400-\u9fffA-Z.]++)*+"
)
"""A name in Chinese characters, such as a transcription; an office or an address has other punctuation."""


def _read_names(text: str) -> list[PlainName]:
    """Return the names of any block with folded white space."""
    return [(name.text, name.role, name.nationality) for name in _Reader().read(text)]


class _Reader:
    """One pass over the tokens of a block; a name stays open until a role or the end closes it."""

    def __init__(self) -> None:
        self.names: list[_Name] = []
        self.open = 0  # names from this index on have no role yet
        self.words: list[_Word] = []  # since the last separator
        self.nationality: str | None = None  # given before the words
        self.group = 0
        self.label: str | None = None  # role given before the names
        self.roles = 0
        self.settled: list[_Name] = []  # names that got the last role, while nothing has followed it
        self.in_front = False  # roles precede their names, without a colon
        self.joinable = False  # the last separator may replace a space within a Latin name

    def read(self, text: str) -> list[_Name]:
        text = re.sub(r"\s*([·・•‧])\s*", r"\1", _LAST_DOT.sub("", _ENDING.sub("", text)))
        text = _HALF_BRACKETED.sub(lambda m: f"({m[1]})" if m[1] in NATIONS else m[0], text)
        text = _SPACED_LABEL.sub(r"\1者", _BARE_NATION.sub(r"(\1)", text))
        text = _DOTTED_ROLE.sub(r"\1\2", text)
        text = _QUESTIONED.sub("、", text)
        tokens = list(_TOKEN.finditer(text))
        for index, token in enumerate(tokens):
            previous = tokens[index - 1] if index else None
            before = previous.lastgroup if previous is not None else None
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            if token["label"]:
                self._label(token["label"].replace("/", ""), colon=True)
            elif token["open"]:
                self._bracket(token, spaced=before == "space", after=after)
            elif token["sep"]:
                self._separator(token[0], spaced=after is not None and after.lastgroup == "space")
            elif token["word"]:
                slashes = [near is not None and near[0] in {"/", "／"} for near in (previous, after)]
                self._word(
                    token[0],
                    slashed=slashes == [False, True],
                    names_follow=self._names_follow(tokens, index),
                    last=after is None,
                )
        self._close_words()
        return self.names

    def _label(self, role: str, *, colon: bool = False) -> None:
        """Process a role that precedes its names: «译者：姜乙», «绘者 撒旦君»."""
        if (
            self.words and colon and role not in LABELS and self.label is None
        ):  # «谢茹 著: 高凯 绘»: a colon in place of a comma
            self._role(role)
            self._separator(":", spaced=False)
            return
        self._close_words()
        self.group += 1
        role = SAME_ROLE.get(role, role)
        if self.label is not None and self.open == len(self.names):  # «作者：主编：张三»
            role = _one_role(self.label, role)
        self.label, self.open, self.settled = role, len(self.names), []
        self.roles += 1

    def _separator(self, mark: str, *, spaced: bool) -> None:
        self._close_words()
        self.group += 1
        self.joinable = mark == "," and not spaced

    @staticmethod
    def _names_follow(tokens: list[re.Match[str]], index: int) -> bool:
        """Return True if a space and a name follow a token: a role there precedes its names."""
        if (
            tokens[index][0] not in ROLES
            or index + 2 >= len(tokens)
            or tokens[index + 1].lastgroup != "space"
        ):
            return False
        behind = [token[0] for token in tokens[index + 2 :] if token.lastgroup in {"word", "close"}]
        behind = [word for word in behind if word not in ROLES | {"等"}]
        if len(tokens[index][0]) > 1:
            return bool(behind)
        roles = {token[0] for token in tokens if token["word"]}
        allowed = SINGLE_IN_FRONT if roles.isdisjoint({"图", "绘"}) else SINGLE_IN_FRONT | {"文", "图"}
        return bool(behind) and len(behind[0]) > 1 and tokens[index][0] in allowed

    def _word(self, text: str, *, slashed: bool, names_follow: bool, last: bool) -> None:
        glued = _FRONT.fullmatch(text) if not self.words and (self.in_front or not self.names) else None
        if glued is not None and looks_chinese(glued[2]) and glued[2] not in ROLES:
            self.in_front = True
            self._label(glued[1])
            text = glued[2]
        if names_follow and (self.in_front or self._label_alone() or not (self.words or self.names)):
            self.in_front = self.in_front or not self._label_alone()
            self._label(text)
            return
        if text in JOINTS and self.words and not last:  # «张三 和 李四»
            self._separator(text, spaced=True)
            return
        for part in _parted(text):
            bare = _ENDING.sub("", part)
            role = _DOT.sub("", bare).removeprefix("等") or bare
            waiting = self.words or any(name.role is None for name in self.names[self.open :])
            in_front = slashed and (self.label is not None or not waiting)  # «文/张三 图/李四»
            if (role in ROLES and in_front) or (role in LABELS and not self.words):
                self._label(role)
            elif role in ROLES and (waiting or self.settled):
                self._role(role)
            elif bare == "等" and (self.words or self.names):
                continue
            elif bare:
                self.words.append(_Word(bare[:-1] if len(bare) > 2 and bare.endswith("等") else bare))
                self.settled = []

    def _label_alone(self) -> bool:
        """Return True if only a label was read since the last role."""
        return self.label is not None and not self.words and self.open == len(self.names)

    def _bracket(self, token: re.Match[str], *, spaced: bool, after: re.Match[str] | None) -> None:
        inside = fold(token["inside"])
        role = _ROLE_SIGNS.sub("", inside).removeprefix("等")
        goes_on = after is not None and after.lastgroup == "word" and after[0] not in ROLES | {"等"}
        if not inside:
            return
        if role in ROLES and (self.words or len(self.names) > self.open):  # «段虹(绘)»: applies to one name
            self._close_words()
            self.names[-1].role = SAME_ROLE.get(role, role)
        elif inside in {"?", "？"}:
            self._close_words()
        elif (len(inside) <= 5 and not is_latin(inside) and not self.words) or (
            inside in NATIONS and (spaced or goes_on)
        ):
            self._close_words()
            self.nationality = inside
        elif inside in NATIONS and self.words:  # «泰戈尔（印度）»
            self._close_words()
            self.names[-1].nationality = self.names[-1].nationality or inside
        elif self.words and is_latin(self.words[-1].text) and is_latin(inside):  # «Yuxi (Hayden) Liu»
            self.words[-1].text += f" {token[0]}" if spaced else token[0]
        elif self.words:
            self.words[-1].bracket += f"{token['open']}{inside}{token['close']}"
        else:
            self.words.append(_Word("", token[0]))
            self.settled = []

    def _close_words(self, *, last_apart: bool = False) -> None:
        """Make names from the words since the last separator."""
        if not self.words:
            return
        foreign = self.nationality is not None and self.nationality not in DYNASTIES
        apart = len(self.words)
        if last_apart and not self.words[-1].text.endswith(tuple(BODIES)):
            apart -= 1
            while apart and is_latin(self.words[apart].text) and is_latin(self.words[apart - 1].text):
                apart -= 1  # «Penguin Books 出品»
        names = _grouped(self.words[:apart], foreign=foreign)
        if apart < len(self.words):
            names.append(" ".join(map(str, self.words[apart:])))
        if self.names and len(self.names) > self.open and _DEGREE.fullmatch(names[0]):
            self.names[-1].text += f", {names.pop(0)}"
        elif self.joinable and self._continues(names[0]):
            self.names[-1].text += f" {names.pop(0)}"
        for name in names:
            for part in two_names(name) or (name,):
                self.names.append(_Name(part, self.nationality, self.group, self.label))
                self.nationality = None
        self.words, self.nationality, self.joinable = [], None, False

    def _continues(self, name: str) -> bool:
        """Return True if the comma before `name` replaces a space: «Jan,Erik,Solem»."""
        name = name.partition("(")[0].partition("（")[0]  # «Dan,Sanderson(丹·桑德森)»
        if self.nationality is not None or len(self.names) <= self.open or not is_latin(name) or " " in name:
            return False
        before = self.names[-1]
        return is_latin(before.text) and (before.group < self.group - 1 or " " not in before.text)

    def _role(self, word: str) -> None:
        """Assign a role to the preceding names that have none."""
        role = SAME_ROLE.get(word, word)
        self._close_words(last_apart=role in PRODUCERS)
        waiting = [
            n for n in self.names[self.open :] if n.role is None or (self.label and n.group == self.group)
        ]
        if not waiting:  # «著 绘», «编/著»: one role written as two words
            for name in self.settled if role not in PRODUCERS else ():
                if name.role and name.role != role and len(name.role) == len(role) == 1:
                    name.role = SAME_ROLE.get(name.role + role, name.role + role)
                elif name.role != role:  # «张三 编著、绘»: two roles
                    self.names.append(replace(name, role=role))
            self.open = len(self.names)
            return
        if role in PRODUCERS:
            group = [name for name in waiting if name.group == waiting[-1].group]
            takers = group if self.roles else group[-1:]
        elif "译" in role and not self.roles and not _surely_foreign(waiting[-1]):
            # «[法]加缪 刘方译»: an author without a role before a translator.
            takers = [name for name in waiting if not _surely_foreign(name)]
        else:  # «主编 张三 李四 译»: the last role applies to the last name
            takers = waiting[-1:] if self.in_front and self.label else waiting
        for name in takers:
            name.role = role
        self.settled, self.open, self.label = takers, len(self.names), None
        self.roles += 1


def _one_role(first: str, second: str) -> str:
    """Combine two labels in a row: «作者：主编：» is 主编, «文：图：» is 文图."""
    if first + second in ROLES:
        return first + second
    return first if second in _GENERAL_ROLES else second


def _surely_foreign(name: _Name) -> bool:
    return name.nationality is not None or (looks_foreign(name.text) and not looks_chinese(name.text))


def _parted(text: str) -> Iterator[str]:
    """Yield name and role of a word that joins them: «冯友兰著», «加缪著刘方译»."""
    if not text.endswith(GLUED_LETTERS):  # most words do not end with a role, and the patterns are slow
        yield text
        return
    apart = _ROLE_AFTER_DOT.fullmatch(text) or _SINGLE_GLUED.fullmatch(text)
    if apart is not None and looks_chinese(apart[1]) and text not in ROLES:
        yield from apart.groups()
        return
    middle = _MIDDLE.match(text)
    if middle is not None:
        yield from _parted(middle[1])
        yield from _parted(middle[2])
        return
    glued = _GLUED.match(_ENDING.sub("", text)) if text not in ROLES else None
    if glued is not None and len(glued[1]) >= 2:
        yield glued[1]
        yield glued[2]
    else:
        yield text


def _grouped(words: list[_Word], *, foreign: bool) -> list[str]:
    """Return words as names, joining words that belong to one name."""
    names: list[list[_Word]] = []
    for word in words:
        if names and (word.text in BODIES or _belongs(names[-1], word, foreign=foreign)):
            names[-1].append(word)
        else:
            names.append([word])
    return [" ".join(map(str, name)) for name in names]


def _belongs(name: list[_Word], word: _Word, *, foreign: bool) -> bool:
    if name[-1].bracket:
        return False
    words = [part.text for part in name]
    return not begins_another(words, word.text) and one_name(words, word.text, foreign=foreign)
