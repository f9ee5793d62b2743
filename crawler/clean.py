"""Words of a shop made fit for a person's screen: one line, every character visible, in the order it is read.

A title is what a stranger typed. It may hold terminal escapes, line ends, or marks that turn the direction of
reading and so hide what stands after them.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST", "clean", "crop"]

LONGEST = 20_000
"""Characters that are looked at. Pages, configuration and history hold no text as long; a stranger's file may."""

_REPLACEMENT = "\ufffd"

_CSI = r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
"""Colours and cursor movements (ECMA-48 5.4)."""

_CSI_SEQUENCES = re.compile(_CSI)

_ESCAPE_SEQUENCES = re.compile(
    _CSI
    # OSC and its like: window titles, links. One that never ends matches as well, or each further opening within it
    # would search the rest of the text for an end again: a minute for 300,000 of them.
    + r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])(?P<body>[^\x07\x1b\x9c]*+)(?P<end>\x07|\x1b\\|\x9c)?+"
    r"|\x1b[ -/]*+[0-~]"  # everything shorter
)
"""Each character is looked at a fixed number of times, whatever the text holds."""

_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They choose between two shapes of a character, and terminals disagree on the width of the second."""

_RESERVED_IGNORABLE = re.compile("[\u2060-\u206f\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""Invisible by Unicode's word, some of them not assigned yet (Default_Ignorable_Code_Point)."""


def clean(text: str) -> str:
    """Return `text` on one line, without what is not to be seen.

    Escape sequences, control, format and direction characters and variation selectors go; every run of white
    space becomes one space; private-use characters, halves of a pair and noncharacters become U+FFFD. A text of more
    than `LONGEST` characters is cut there. Takes time in proportion to the length, whatever the text holds.
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
    """Return the text behind an opening that no end follows, which is to be seen; '' for a whole sequence."""
    return "" if sequence["end"] or not sequence["body"] else _CSI_SEQUENCES.sub("", sequence["body"])


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
