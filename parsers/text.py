"""Convert bytes and short strings of Chinese shop pages to text, prices, counts and dates.

Every function returns a value, or None if the text is unreadable; none raises on any input of its type.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

__all__ = [
    "MAX_TEXT",
    "NUMERAL",
    "Decoded",
    "clip",
    "codec_of",
    "declared_in_meta",
    "decode",
    "detect_charset",
    "fold",
    "half_width",
    "nfkc",
    "parse_count",
    "parse_date",
    "parse_numeral",
    "parse_price",
]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a body, and what was lost in decoding."""

    text: str
    undecodable: int
    """Number of byte sequences replaced by U+FFFD."""


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)
_META_WITHIN = 4096
"""Bytes to search for a declaration; HTML requires it within 1,024, but the shop's pages put links before it."""

_REPLACEMENT = "\ufffd"


def detect_charset(
    body: bytes, declared: str | None = None, *, codec_named: Callable[[str | None], str | None] | None = None
) -> str:
    """Return the codec for a page: BOM, then strictly valid UTF-8, then `declared`, then its meta tag.

    A page saved by a browser is often UTF-8 but still declares GB2312, so UTF-8 comes before any declaration; a body
    cut within a character is still UTF-8. Every GB name means gb18030, their superset, because the shop declares GB2312
    but uses characters beyond it; so does an unknown or missing name. If a declared charset does not fit, use gb18030
    if that leaves fewer sequences undecodable.

    `codec_named` returns the codec that a declared name means: `codec_of` unless another is given.
    """
    named = codec_named or codec_of
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return codec
    if not body.isascii() and _is_utf8(body):
        return "utf-8"
    codec = named(declared) or named(declared_in_meta(body)) or "gb18030"
    if codec != "gb18030" and decode(body, codec).undecodable > decode(body, "gb18030").undecodable:
        return "gb18030"
    return codec


def declared_in_meta(body: bytes) -> str | None:
    """Return the charset that a page's meta tag names; None for none."""
    meta = _META_CHARSET.search(body, 0, _META_WITHIN)
    return meta[1].decode("ascii") if meta else None


def _is_utf8(body: bytes) -> bool:
    try:
        # Pages in another charset fail here: an error keeps a copy of its bytes, so do not decode all of them.
        codecs.utf_8_decode(body[:_META_WITHIN], "strict", False)
    except UnicodeDecodeError:
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A truncated download may end within a character; the rest is still UTF-8.
        cut = error.reason == "unexpected end of data" and error.start >= len(body) - 3
        return cut and not body[: error.start].isascii()
    return True


def codec_of(charset: str | None) -> str | None:
    """Return the codec of a declared charset; None for one that a Chinese shop declares only by mistake."""
    name = re.sub(r"[^a-z0-9]", "", (charset or "").lower())
    if name.startswith("gb") or name in {"cp936", "ms936", "936", "xgbk", "euccn", "windows936"}:
        return "gb18030"
    return {"utf8": "utf-8", "big5": "big5hkscs", "big5hkscs": "big5hkscs"}.get(name)


def decode(body: bytes, codec: str) -> Decoded:
    """Decode `body`; replace and count the sequences that `codec` (from `detect_charset`) cannot decode."""
    try:
        return Decoded(body.decode(codec), 0)
    except UnicodeDecodeError:
        text = body.decode(codec, "replace")
    # The page may contain U+FFFD itself, if its charset has it: that was decoded, not replaced.
    mark = _REPLACEMENT.encode(codec.removesuffix("-sig"), "ignore")
    own = body.count(mark) if mark else 0
    return Decoded(text, max(1, text.count(_REPLACEMENT) - own))


MAX_TEXT = 3_000
"""Maximum length of a listing's text in characters: the longest on real pages have some 600."""


def clip(text: str) -> str:
    """Shorten `text` to `MAX_TEXT` characters, the last of them «…».

    This bounds the work outside the parse processes, which have a time limit.
    """
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


_NORMALIZED_AT_ONCE = 1_000
"""Characters. Combining marks on one character are sorted in quadratic time
(https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format): half a second for 20,000 of them."""


def nfkc(text: str) -> str:
    """Normalize `text` to NFKC; process a long one in pieces, in linear time."""
    if len(text) <= _NORMALIZED_AT_ONCE:
        return unicodedata.normalize("NFKC", text)
    starts = range(0, len(text), _NORMALIZED_AT_ONCE)
    return "".join(unicodedata.normalize("NFKC", text[at : at + _NORMALIZED_AT_ONCE]) for at in starts)


_INVISIBLE = {ord(c): None for c in "\u200b\u200c\u200d\u2060\ufeff\u00ad"}


def fold(text: str | None) -> str:
    """Fold every run of white space in `text`, including full-width spaces, to one space; strip both ends."""
    if not text:
        return ""
    text = text.strip()
    # Of white space and invisible characters only the space is printable. Most texts end here, at half the cost.
    if text.isprintable() and "  " not in text:
        return text
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return " ".join(text.translate(_INVISIBLE).split())


_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFFE5: ord("¥"), 0x3000: ord(" ")}


def half_width(text: str) -> str:
    """Convert full-width ASCII, yen sign and space in `text` to half width: «￥３９．００» becomes «¥39.00».

    Unlike NFKC, leave characters that only resemble digits: «1²» is not 12, «5½» is not 51⁄2.
    """
    return text if text.isascii() else text.translate(_HALF_WIDTH)


# No shop has longer numbers, and Python refuses to parse some of them.
_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,10})"
_ENDS = r"(?![\d²³¹⁰-⁹½¼¾])"
"""No further digit in any script, and no exponent or fraction: the number would be a different one."""
_AMOUNT = rf"{_WHOLE}(?:\.[0-9]{{1,2}})?{_ENDS}"
_PRICE = re.compile(
    rf"(?:[^\d¥:]*(?::|价))?\s*(?:CN¥|¥|RMB|CNY|人民币)?\s*({_AMOUNT})\s*(?:元)?\s*(?:/?\s*[本册套件])?\s*起?"
    rf"(?:\s*[-~—至]\s*¥?\s*{_AMOUNT}\s*元?)?(?:\s*\([\d.]+折\))?",
    re.IGNORECASE,
)
_USUAL_PRICE = re.compile(r"¥(\d{1,6}\.\d\d)", re.ASCII)
"""The form of almost all prices: 0.5 µs instead of 1.1, and a page has a hundred of them."""
MAX_PRICE = Decimal(1_000_000)
"""Yuan. No bookshop charges more: a larger number is an error in the page, not a price."""


@lru_cache(maxsize=4096)  # few different list prices exist: 39.80, 49.80, 59.00 …
def parse_price(text: str) -> Decimal | None:
    """Parse a price in yuan: «¥1,299.00», «￥39», «39.00元», «¥38.00起» (from), «电子书：¥8.99».

    For a range, return the lower end. Return None if there is no price, if the number means something else
    («千字5铃铛») or is absurd (over `MAX_PRICE`, or with more than two decimals), and for 0: nothing is free, so a page
    that shows ¥0.00 has no price.
    """
    if not text:
        return None
    match = _USUAL_PRICE.fullmatch(text) or _PRICE.fullmatch(half_width(fold(text)))
    if match is None:
        return None
    value = Decimal(match[1].replace(",", ""))
    return value if 0 < value <= MAX_PRICE else None


# No part of a number: neither «1.234.567» nor «1,23» nor «1 234» is a count.
_COUNT = re.compile(
    rf"(?<!\d)(?<!\d[., ])({_WHOLE}(?:\.[0-9]{{1,8}})?{_ENDS})(?![., ]\d)\s*([百千万亿wk](?![a-z]))?(?:\s*([1-9])千)?",
    re.IGNORECASE,
)
_USUAL_COUNT = re.compile(r"(\d{1,9})条评论", re.ASCII)
_POWERS = {None: 1, "百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000, "亿": 100_000_000}


def parse_count(text: str) -> int | None:
    """Parse the first count in `text`: «1632546条评论», «1,234», «1.2万+条评论» (12000), «1.2w»; None for none."""
    usual = _USUAL_COUNT.fullmatch(text)  # 0.3 µs instead of 1.0
    if usual is not None:
        return int(usual[1])
    match = _COUNT.search(half_width(text))
    if match is None:
        return None
    number, power, thousands = match.groups()
    return int(Decimal(number.replace(",", "")) * _POWERS[power and power.lower()]) + 1000 * int(
        thousands or 0
    )


_DATE = re.compile(
    r"(?<!\d)((?:19|20)[0-9]{2})(?:\s*[-–—/.年]\s*([0-9]{1,2})(?!\d)(?:\s*[-–—/.月]\s*([0-9]{1,2})(?!\d))?|年|(?![\d–—-]))"
)

_USUAL_DATE = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)", re.ASCII)


@lru_cache(maxsize=4096)  # publication days of ten years; a search repeats them
def parse_date(text: str) -> dt.date | None:
    """Parse a date: «2021-03-31», «2021/3/1», «2021年3月», «2021»; a missing day or month is the first.

    Return None if there is no date, or if the calendar does not have it.
    """
    match = _USUAL_DATE.fullmatch(text) or _DATE.search(half_width(text))
    if match is None:
        return None
    # The shop writes 00 for an unknown month or day.
    year, month, day = (int(part or 0) or 1 for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_DIGITS |= {c: n for n, c in enumerate("壹贰叁肆伍陆柒捌玖", 1)}
_UNITS = {"十": 10, "百": 100, "拾": 10, "佰": 100}
_TENS = {"廿": 20, "卅": 30}

NUMERAL = r"(?:\d+|[零〇一二两三四五六七八九十百廿卅壹贰叁肆柒捌玖拾佰]+)"
"""Pattern of a numeral for `parse_numeral`, with digits in half width; without 伍 and 陆 («大陆版»)."""


def parse_numeral(text: str) -> int | None:
    """Parse ASCII digits or a Chinese numeral below 1,000 (十二 is 12); return None for anything else."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 9 else None
    total, digit = 0, None
    for char in text:
        if char in _UNITS:
            total += _UNITS[char] * (1 if digit is None else digit)
            digit = None
        elif char in _TENS and digit is None:
            total += _TENS[char]
        elif char in _DIGITS:
            if digit:  # two digits in a row are a year or a nickname («一二»), not a count
                return None
            digit = _DIGITS[char]
        else:
            return None
    return total + (digit or 0) if text else None
