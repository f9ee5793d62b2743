"""Parse JSON-LD scripts into nodes, and repair the usual mistakes of templates.

A number stays text (`Number`): 39.90 does not become a binary fraction, 1e400 not infinity, and 5,000 digits cost
nothing.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from parsers.product.amounts import Number

__all__ = ["read_json_ld"]

_decoder = json.JSONDecoder(
    strict=False,  # accept a raw line feed in a description
    parse_int=Number,
    parse_float=Number,
    parse_constant=Number,  # NaN and Infinity are not prices, but the rest still counts
)
_OPENING = re.compile(r"(?:\s|<!--|-->|//\s*(?=<!)|(?:/\*\s*)?<!\[CDATA\[(?:\s*\*/)?|\ufeff)+")
_CLOSING = re.compile(r"(?:\s|<!--|-->|//\s*(?=\]\]>|-->)|(?:/\*\s*)?\]\]>(?:\s*\*/)?|;|\ufeff)+\Z")
"""Text around JSON that hides it from very old browsers: an HTML comment, or CDATA in comments of the script."""
_CLOSING_WITHIN = 200
"""Characters at the end to search for `_CLOSING`, because a pattern for the end restarts at every character."""
_STRING_OR_COMMENT = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|/\*.*?(?:\*/|\Z)|//[^\n\r]*|<!--.*?(?:-->|\Z)', re.DOTALL
)
_STRING_OR_COMMAS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|,[\s,]*+', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(u|.))', re.DOTALL)
"""A JSON escape; the group holds the letter of an escape that JSON does not define: «\\'»."""
_BETWEEN_VALUES = re.compile(r"[\s;,]*")
MAX_VALUES = 100
"""Limit on the JSON values that follow each other in one script."""


def read_json_ld(script: str) -> list[Any] | None:
    """Return the values in a script; None if some of it is not JSON, even after the usual repairs.

    The repairs cover comments and CDATA around and within the JSON, trailing commas, control characters and wrong
    escapes in strings, HTML references in place of quotes, and several values in sequence.
    """
    script = script.strip()
    if not script:
        return []
    for attempt in _attempts(script):
        values = _values(attempt)
        if values is not None:
            return values
    return None


def _attempts(script: str) -> Iterator[str]:
    yield script
    bare = _strip(script)
    if not bare:
        yield "[]"
        return
    yield bare
    mended = _mend(bare)
    yield mended
    if "&" in bare and '"' not in bare:
        yield _mend(html.unescape(bare))


def _strip(script: str) -> str:
    """Return a script without its wrapping; `_mend` removes a comment before the first value."""
    if script[0] in "{[" and script[-1] in "}]":
        return script
    opening = _OPENING.match(script)
    script = script if opening is None else script[opening.end() :]
    return script[:-_CLOSING_WITHIN] + _CLOSING.sub("", script[-_CLOSING_WITHIN:])


def _mend(script: str) -> str:
    script = _STRING_OR_COMMENT.sub(
        lambda match: _mend_string(match[0]) if match[0][0] == '"' else " ", script
    )
    return _STRING_OR_COMMAS.sub(_without_trailing_comma, script).strip()


def _without_trailing_comma(match: re.Match[str]) -> str:
    return (
        "" if match[0][0] == "," and match.string[match.end() : match.end() + 1] in {"}", "]"} else match[0]
    )


def _mend_string(string: str) -> str:
    return _ESCAPE.sub(lambda match: match[1] or match[0], string) if "\\" in string else string


def _values(script: str) -> list[Any] | None:
    values: list[Any] = []
    position = 0
    try:
        while position < len(script) and len(values) < MAX_VALUES:
            value, position = _decoder.raw_decode(script, position)
            values.append(value)
            gap = _BETWEEN_VALUES.match(script, position)
            position = position if gap is None else gap.end()
    except (ValueError, RecursionError):
        return None
    return values
