"""The charset of a terminal, and what stands in it for a character that it lacks.

A terminal gets its own charset, whether that has Chinese or not. A pipe or a file gets UTF-8, so that cron, a container
and a desk make the same bytes, unless PYTHONIOENCODING names another charset that has Chinese.
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
"""What may stand for a character, the best first."""


def readable_in(encoding: str) -> str:
    """Return the name of the error handler that writes something to read for a character that a charset lacks."""
    name = f"bookprice.readable.{encoding}"
    # One for each: many codecs do not say in their errors which charset they are.
    codecs.register_error(name, partial(_readable, encoding))
    return name


def stream_encoding(stream: TextIO, *, terminal: bool) -> str:
    """Return the charset that a stream should carry."""
    is_named = bool(os.environ.get("PYTHONIOENCODING", "").partition(":")[0])
    if not terminal:
        # In a file of ASCII the books would be lost.
        return stream.encoding if is_named and has_chinese(stream.encoding) else "utf-8"
    if is_named:
        return stream.encoding
    return _charset_of_locale() or stream.encoding


def decoded_argument(argument: str) -> str:
    """Return an argument of the process as it was typed, in the charset of a locale that is not installed, too."""
    charset = None if argument.isprintable() else _charset_of_locale()
    if charset is not None:
        with suppress(UnicodeError):  # not typed in that charset after all
            return os.fsencode(argument).decode(charset)
    return argument


def is_double_width(encoding: str) -> bool:
    """Tell whether a terminal with this charset may draw …, ★ or frames two columns wide, as Chinese ones do."""
    return not codecs.lookup(encoding).name.startswith("utf") and has_chinese(encoding)


def _charset_of_locale() -> str | None:
    """Return the charset that the environment names where Python could not load its locale and took UTF-8 instead.

    Such a terminal is Chinese all the same: locales are often not installed. A charset without Chinese is not taken: it
    is more often a setting that nobody looked at than a terminal without UTF-8.
    """
    wanted = os.environ.get("PYTHONUTF8") or "utf8" in sys._xoptions  # noqa: SLF001 – documented, though not public
    if not sys.flags.utf8_mode or wanted:
        return None
    coerced = {"C.UTF-8", "C.utf8", "UTF-8"}  # what Python itself sets LC_CTYPE to then (PEP 538)
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name and name not in coerced), "")
    charset = locale.partition(".")[2].partition("@")[0]
    return charset if charset and has_chinese(charset) else None


def has_chinese(encoding: str) -> bool:
    """Tell whether a charset contains Chinese characters, of at least one script."""
    for char in "书書":
        with suppress(UnicodeError, LookupError):
            char.encode(encoding)
            return True
    return False


def _readable(encoding: str, error: UnicodeError) -> tuple[str, int]:
    """Return the replacement for characters that a charset lacks, and the position to continue at."""
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
    if parts != char:  # ， is a comma, é is an e, ½ is 1/2
        yield "".join(part for part in parts if not unicodedata.combining(part)).replace("\u2044", "/")
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        yield "？"
    if not unicodedata.combining(char):
        yield "?"
    yield ""


def _in_other_script(char: str) -> Iterator[str]:
    """Yield a Chinese character in the other script: Big5 has 書 for 书, GB2312 has 书 for 書."""
    if not "\u3400" <= char <= "\u9fff":
        return
    with suppress(ImportError):  # the help is shown without it
        from crawler.query import simplified, traditional

        yield traditional(char)
        yield simplified(char)
