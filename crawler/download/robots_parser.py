"""Parse a robots.txt for one product token, and match its rules against addresses (RFC 9309 §2.2).

Rules and addresses are compared as octets in one spelling (`normalize`); a file or address in GBK is not decoded.
Parsing takes time linear in the text, and a match takes a bounded time even with a hostile file of 500 KiB.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

__all__ = ["Group", "Rule", "RuleSet", "normalize", "parse", "product_token"]

MAX_LINE = 16_663
"""The maximum length of a line, as in Google's parser; the rest is ignored."""

MAX_WORK = 1_000_000_000
"""Limit on octets of wildcard patterns times octets of an address; beyond it, the address is denied.

It bounds a match to a quarter of a second. A file of 500 KiB that consists only of wildcards reaches it with an address
of 2,000 octets.
"""

MAX_DELAY = 1_000_000
"""Seconds; a longer gap in a Request-rate is reduced to this."""

_LINE = re.compile(
    r"""
    ^ [^!-~\n]*                                    # white space, byte order marks, stray octets
    (user(?:-|[^\S\n]+)?agent | allow | dis+al+[ao]w | diasllow | crawl(?:-|[^\S\n]+)delay | request(?:-|[^\S\n]+)rate)
    (?:
        [^\S\n]* [:：] ([^#\n]*)
      | [^\S\n]+ ([^\s#]+) [^\S\n]* (?:\#.*)? $    # without a colon, one word alone: the rest is prose
    )
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
"""A line with a known key or a common misspelling of one; all other lines have no effect (RFC 9309 §2.2.4)."""

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_TO_RESPELL = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!&'()*+,/:;=?@\[\]-]")
"""Every escape, and every octet that must be escaped in an address; also `$`, which is special in rules."""

_REQUEST_RATE = re.compile(r"([0-9]+)\s*/\s*([0-9]+)\s*([smhd]?)(?:\s|$)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

_INDEX_PAGE = re.compile(r"/index\.html?$")


class Rule(NamedTuple):
    """An Allow or Disallow line; the greatest of those that match an address decides."""

    length: int
    """Length of the pattern in octets."""
    allow: bool
    line: str


_TOO_MUCH_WORK = Rule(0, allow=False, line="too many wildcards to compare with an address of this length")


class _Wildcard(NamedTuple):
    rule: Rule
    parts: list[str]
    """The text before, between and after the asterisks."""
    anchored: bool
    """True if the last part must end the address."""


class RuleSet:
    """The rules of one group."""

    def __init__(self, lines: list[tuple[bool, str, str]]) -> None:
        """Take each rule as (True to allow, path pattern as in the file, whole line)."""
        self._prefixes: dict[str, Rule] = {}
        self._whole: dict[str, Rule] = {}
        self._wildcards: list[_Wildcard] = []
        for allow, path, line in lines:
            if path.startswith(("/", "*")):
                self._add(path, allow=allow, line=line)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
        self._wildcards.sort(key=lambda wildcard: wildcard.rule[:2], reverse=True)
        self._wildcard_size = sum(wildcard.rule.length for wildcard in self._wildcards)

    def __bool__(self) -> bool:
        return bool(self._prefixes or self._whole or self._wildcards)

    def decide(self, path: str) -> Rule | None:
        """Return the rule that decides on a normalized path with its query; None if none matches."""
        best = self._whole.get(path)
        for length in self._lengths:
            if length <= len(path) and (rule := self._prefixes.get(path[:length])):
                best = max(best or rule, rule)
                break
        if self._wildcard_size * len(path) > MAX_WORK:
            return _TOO_MUCH_WORK
        for wildcard in self._wildcards:
            if best is not None and wildcard.rule[:2] <= best[:2]:
                break
            if _matches(wildcard, path):
                return wildcard.rule
        return best

    def _add(self, path: str, *, allow: bool, line: str) -> None:
        anchored = path.endswith("$")
        for pattern in _spellings(normalize(path.removesuffix("$"))):
            self._add_pattern(pattern, Rule(len(pattern) + anchored, allow, line), anchored=anchored)
            if allow and (page := _INDEX_PAGE.search(pattern)):  # a folder is allowed if its index page is
                folder = pattern[: page.start() + 1]
                self._add_pattern(folder, Rule(len(folder) + 1, allow, line), anchored=True)

    def _add_pattern(self, pattern: str, rule: Rule, *, anchored: bool) -> None:
        if "*" in pattern:
            self._wildcards.append(_Wildcard(rule, re.split(r"\*+", pattern), anchored))
            return
        table = self._whole if anchored else self._prefixes
        table[pattern] = max(table.get(pattern, rule), rule, key=lambda known: known.allow)


class Group:
    """The lines of a robots.txt that apply to one product token."""

    def __init__(self) -> None:
        self.found = False
        self.lines: list[tuple[bool, str, str]] = []
        """Its rules, in the form that `RuleSet` takes."""
        self.crawl_delay: float | None = None
        """Seconds, from the last Crawl-delay."""
        self.request_gap: float | None = None
        """Seconds between requests, from the last Request-rate."""


def parse(text: str, token: str) -> Group:
    """Return the merged groups of `token`, given in lower case; if there are none, those of `*`.

    Octets of `text` that are not UTF-8 are encoded with `surrogateescape`.
    """
    named, everybody = Group(), Group()
    current: list[Group] = []
    in_rules = True
    text = text.replace("\0", "").replace("\r", "\n")
    for match in _LINE.finditer(text):
        column = 2 if match[2] is not None else 3
        value = match[column][: max(MAX_LINE - match.start(column) + match.start(), 0)].strip()
        initial = match[1][0].lower()
        if initial == "u":
            if in_rules:
                current, in_rules = [], False
            group = _named_group(value, token, named, everybody)
            if group is not None and group not in current:
                group.found = True
                current.append(group)
            continue
        in_rules = True
        for group in current:
            if initial == "c":
                group.crawl_delay = _seconds(value, group.crawl_delay)
            elif initial == "r":
                group.request_gap = _request_gap(value, group.request_gap)
            else:
                group.lines.append((initial == "a", value, match[0]))
    return named if named.found else everybody


def _named_group(name: str, token: str, named: Group, everybody: Group) -> Group | None:
    """Return the group that a User-agent line names; the name ends at its version or at an asterisk."""
    if name == "*" or (name[:1] == "*" and name[1].isspace()):
        return everybody
    return named if token and product_token(name.partition("*")[0]) == token else None


def product_token(user_agent: str) -> str:
    """Return the name of a user agent in a robots.txt: the part before the version, in lower case."""
    return re.split(r"[/\s]", user_agent.strip(), maxsplit=1)[0].lower()


def normalize(path: str) -> str:
    """Return a path or pattern in the spelling used to compare the two (RFC 9309 §2.2.2).

    Decode escapes of unreserved characters. Escape every other octet that an address cannot contain, in capitals.
    Keep escapes of reserved characters: «%26» is not «&».
    """
    if _TO_RESPELL.search(path) is None:
        return path
    octets = path.encode("utf-8", "surrogateescape").decode("latin-1")
    return _TO_RESPELL.sub(_respell, octets)


def _respell(match: re.Match[str]) -> str:
    if match[1] is None:
        return f"%{ord(match[0]):02X}"
    octet = chr(int(match[1], 16))
    return octet if octet in _UNRESERVED else match[0].upper()


def _spellings(pattern: str) -> set[str]:
    """Return a pattern with the colons and slashes of its query unchanged, all escaped, and all unescaped.

    They separate nothing in a query, and by RFC 9309 (§2.2.2) «?baz=https://foo.bar» matches
    «?baz=https%3A%2F%2Ffoo.bar».
    """
    path, mark, query = pattern.partition("?")
    if not query:
        return {pattern}
    escaped = query.replace(":", "%3A").replace("/", "%2F")
    unescaped = query.replace("%3A", ":").replace("%2F", "/")
    return {pattern, path + mark + escaped, path + mark + unescaped}


def _matches(wildcard: _Wildcard, path: str) -> bool:
    """Match a pattern with asterisks: search for each part once, after the previous one."""
    first, *others, last = wildcard.parts
    if not path.startswith(first):
        return False
    position = len(first)
    for part in others:
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    if wildcard.anchored:
        return len(path) - len(last) >= position and path.endswith(last)
    return path.find(last, position) >= 0


def _seconds(value: str, otherwise: float | None) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return otherwise
    return seconds if math.isfinite(seconds) and seconds >= 0 else otherwise


def _request_gap(value: str, otherwise: float | None) -> float | None:
    """Return the seconds between two requests of a rate such as «10/1m 0900-1700», ignoring the hours."""
    match = _REQUEST_RATE.match(value)
    if match is None:
        return otherwise
    try:
        requests, seconds = int(match[1]), int(match[2])
    except ValueError:  # more digits than Python converts
        return otherwise
    if requests <= 0 or seconds <= 0:
        return otherwise
    seconds *= _UNITS[match[3].lower()]
    return min(seconds, MAX_DELAY * requests) / requests
