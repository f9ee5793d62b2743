"""Words of a shop made fit for a person's screen: one line, every character visible, in the order it is read.

A title is what a stranger typed. It may hold terminal escapes, line ends, or marks that turn the direction of
reading and so hide what stands after them.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "crop"]

_REPLACEMENT = "\ufffd"

_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor (ECMA-48 5.4)
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC and its like: titles, links
    r"|\x1b[ -/]*[0-~]"  # everything shorter
)

_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They choose between two shapes of a character, and terminals disagree on the width of the second."""

_RESERVED_IGNORABLE = re.compile("[\u2060-\u206f\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""Invisible by Unicode's word, some of them not assigned yet (Default_Ignorable_Code_Point)."""


def clean(text: str) -> str:
    """Return `text` on one line, without what is not to be seen.

    Escape sequences, control, format and direction characters and variation selectors go; every run of white
    space becomes one space; private-use characters, halves of a pair and noncharacters become U+FFFD.
    """
    if text.isprintable() and not _VARIATION_SELECTORS.search(text):  # nearly always
        return " ".join(text.split())
    for pattern in (_ESCAPE_SEQUENCES, _VARIATION_SELECTORS, _RESERVED_IGNORABLE):
        text = pattern.sub("", text)
    return " ".join("".join(map(_visible, text)).split())


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in {"Cc", "Cf"}:
        return ""
    if category in {"Cs", "Co"}:
        return _REPLACEMENT
    # Of what is unassigned, noncharacters stay so for good; the rest is only newer than this Python.
    is_noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF
    return _REPLACEMENT if is_noncharacter else char


def crop(text: str, limit: int) -> str:
    """Return `text`, cut to `limit` characters with … as the last when it is longer."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
