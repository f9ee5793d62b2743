"""Make a shop's text safe to display: one line, every character visible, in reading order.

Strangers type the titles. A title may contain terminal escapes, line ends, or marks that change the text direction and
so hide the text after them.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST", "clean", "crop", "redacted_url"]

LONGEST = 20_000
"""Limit in characters. No text in pages, configuration or history is that long, but a stranger's file may have one."""

_REPLACEMENT = "\ufffd"

_CSI = r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
"""Colours and cursor movements (ECMA-48 5.4)."""

_CSI_SEQUENCES = re.compile(_CSI)

_ESCAPE_SEQUENCES = re.compile(
    _CSI
    # OSC and similar: window titles, links. Also match an unterminated one; otherwise each further opening within it
    # would search the rest of the text for an end: a minute for 300,000 of them.
    + r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])(?P<body>[^\x07\x1b\x9c]*+)(?P<end>\x07|\x1b\\|\x9c)?+"
    r"|\x1b[ -/]*+[0-~]"  # all shorter sequences
)
"""Examines each character a fixed number of times, whatever the text contains."""

_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They select one of two shapes of a character, and terminals disagree on the width of the second."""

_RESERVED_IGNORABLE = re.compile("[\u2060-\u206f\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""Invisible according to Unicode (Default_Ignorable_Code_Point), some not assigned yet."""


def clean(text: str) -> str:
    """Return `text` on one line, without invisible characters.

    Remove escape sequences, control, format and direction characters and variation selectors. Fold every run of white
    space to one space. Replace private-use characters, lone surrogates and noncharacters with U+FFFD. Cut a text of
    more than `LONGEST` characters. The time is proportional to the length, whatever the text contains.
    """
    return _cleaned(crop(text, LONGEST))


def _cleaned(text: str) -> str:
    if text.isprintable() and not _VARIATION_SELECTORS.search(text):  # nearly always
        return " ".join(text.split())
    text = _ESCAPE_SEQUENCES.sub(_unended, text)
    for pattern in (_VARIATION_SELECTORS, _RESERVED_IGNORABLE):
        text = pattern.sub("", text)
    return " ".join("".join(map(_visible, text)).split())


def _unended(sequence: re.Match[str]) -> str:
    """Return the text after an unterminated opening, which stays visible; '' for a complete sequence."""
    return "" if sequence["end"] or not sequence["body"] else _CSI_SEQUENCES.sub("", sequence["body"])


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in {"Cc", "Cf"}:
        return ""
    if category in {"Cs", "Co"}:
        return _REPLACEMENT
    # Noncharacters are never assigned; other unassigned characters may just be newer than this Python.
    is_noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF
    return _REPLACEMENT if is_noncharacter else char


def crop(text: str, limit: int) -> str:
    """Return `text`; cut it to `limit` characters, the last of them …, if it is longer."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


_AUTHORITY = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,})([^/\\?#]*)")
_HOST = re.compile(r"(?:\[[^\[\]@]*\]|[^:@\[\]]*)(?::[0-9]*)?")
_USER_INFO = re.compile(
    r"(?<=//)[^/?#\s@]*@(?:[^/?#\s@]*@)*|(?<![^\s/?#&=@])[^\s/?#&=@:]++:[^\s/?#&=@]*+@(?:[^\s/?#&=@]*@)*"
)
"""User names and passwords beyond a URL's start: of another URL in its query, or where a slash is missing."""
_ESCAPED_USER_INFO = re.compile(r"(?<=%2F%2F)(?:(?!%2F|%3F|%23)[^\s&#/?])*%40", re.IGNORECASE)


def redacted_url(url: str) -> str:
    """Return a stranger's URL to display: each user name and password in it is «***»."""
    if "@" not in url and "%40" not in url:
        return url
    shown, start = "", _AUTHORITY.match(url)
    if start is not None:
        authority, rest = start[2], url[start.end() :]
        if "@" in authority:
            shown, url = f"{start[1]}***@", authority.rpartition("@")[2] + rest
        elif "@" in rest and not _HOST.fullmatch(authority):  # a slash in a password ends the authority early
            shown, url = f"{start[1]}***@", rest.rpartition("@")[2]
    return shown + _ESCAPED_USER_INFO.sub("***%40", _USER_INFO.sub("***@", url))
