"""The charset of a terminal, and replacements for characters that it lacks.

A terminal gets its own charset, even if that lacks Chinese. A pipe or file gets UTF-8, so that cron, a container and a
desktop produce the same bytes, unless PYTHONIOENCODING names another charset with Chinese.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TextIO

__all__ = ["decoded_argument", "has_chinese", "is_double_width", "readable_in", "stream_encoding"]

_STAND_INS = {
    "¥": ("￥", "CNY "),
    "★": ("*",),
    "·": ("-",),
    "—": ("-",),
    "–": ("-",),
    "…": ("...",),
    "─": ("-",),
    "━": ("-",),
    "「": ("“", '"'),
    "」": ("”", '"'),
    "“": ('"',),
    "”": ('"',),
    "«": ("“", '"'),
    "»": ("”", '"'),
    "‘": ("'",),
    "’": ("'",),
    "《": ("<",),
    "》": (">",),
    "、": (",",),
    "。": (".",),
    "×": ("x",),
}  # fmt: skip
"""Replacements for each character, best first."""


def readable_in(encoding: str) -> str:
    """Register and name an error handler that replaces missing characters with readable ones."""
    name = f"bookprice.readable.{encoding}"
    # One per charset: the errors of many codecs do not name the charset.
    codecs.register_error(name, partial(_readable, encoding))
    return name


def stream_encoding(stream: TextIO, *, terminal: bool) -> str:
    """Return the charset to use for a stream."""
    is_named = bool(os.environ.get("PYTHONIOENCODING", "").partition(":")[0])
    if not terminal:
        # ASCII would lose the books.
        return stream.encoding if is_named and has_chinese(stream.encoding) else "utf-8"
    if is_named:
        return stream.encoding
    return _charset_of_locale() or stream.encoding


def decoded_argument(argument: str) -> str:
    """Return an argument of the process as typed, even if the charset's locale is not installed."""
    charset = None if argument.isprintable() else _charset_of_locale()
    if charset is not None:
        with suppress(UnicodeError):  # it was typed in another charset
            return os.fsencode(argument).decode(charset)
    return argument


def is_double_width(encoding: str) -> bool:
    """Return True if a terminal with this charset may draw …, ★ and frames two columns wide, as Chinese ones do."""
    return not codecs.lookup(encoding).name.startswith("utf") and has_chinese(encoding)


def _charset_of_locale() -> str | None:
    """Return the charset of the environment, if Python could not load its locale and used UTF-8 instead.

    Such a terminal is Chinese all the same: locales are often not installed. Ignore a charset without Chinese: it is
    more often a forgotten setting than a terminal without UTF-8.
    """
    wanted = os.environ.get("PYTHONUTF8") or "utf8" in sys._xoptions  # noqa: SLF001 – documented, though not public
    if not sys.flags.utf8_mode or wanted:
        return None
    coerced = {"C.UTF-8", "C.utf8", "UTF-8"}  # the values to which Python itself sets LC_CTYPE (PEP 538)
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name and name not in coerced), "")
    charset = locale.partition(".")[2].partition("@")[0]
    return charset if charset and has_chinese(charset) else None


def has_chinese(encoding: str) -> bool:
    """Return True if a charset contains Chinese characters of at least one script."""
    for char in "书書":
        with suppress(UnicodeError, LookupError):
            char.encode(encoding)
            return True
    return False


def _readable(encoding: str, error: UnicodeError) -> tuple[str, int]:
    """Return the replacement for characters that a charset lacks, and the position at which to continue."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_in_charset(char, encoding) for char in error.object[error.start : error.end]), error.end


def _in_charset(char: str, encoding: str) -> str:
    for stand_in in _stand_ins(char):
        with suppress(UnicodeError):
            stand_in.encode(encoding)
            return stand_in
    return ""


def _stand_ins(char: str) -> Iterator[str]:
    yield from _STAND_INS.get(char, ())
    yield from _in_other_script(char)
    parts = unicodedata.normalize("NFKD", char)
    if parts != char:  # ， becomes a comma, é an e, ½ becomes 1/2
        yield "".join(part for part in parts if not unicodedata.combining(part)).replace("\u2044", "/")
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        yield "？"
    if not unicodedata.combining(char):
        yield "?"
    yield ""


def _in_other_script(char: str) -> Iterator[str]:
    """Yield a Chinese character in the other script: Big5 has 書 but not 书, GB2312 has 书 but not 書."""
    if not "\u3400" <= char <= "\u9fff":
        return
    with suppress(ImportError):  # the help works without it
        from crawler.query import simplified, traditional

        yield traditional(char)
        yield simplified(char)
