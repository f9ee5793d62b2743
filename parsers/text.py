"""Bytes and short strings of Chinese shop pages become text, prices, counts and dates.

Every function takes what a page says and gives a value, or None where the words cannot be read; none raises on
any input of its type.
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
    """The text of a body, and what was lost on the way."""

    text: str
    undecodable: int
    """Byte sequences that had to be replaced by U+FFFD."""


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)
_META_WITHIN = 4096
"""Bytes searched for a declaration; HTML asks for it within 1,024, the shop's pages put links before it."""

_REPLACEMENT = "\ufffd"


def detect_charset(
    body: bytes, declared: str | None = None, *, codec_named: Callable[[str | None], str | None] | None = None
) -> str:
    """Return the codec to read a page with: BOM, then strictly valid UTF-8, then `declared`, then its meta tag.

    A page saved by a browser is often UTF-8 and still declares GB2312, hence UTF-8 before any declaration; a body
    cut off within a character is still UTF-8. Every GB name means gb18030, their superset, for the shop declares GB2312
    and uses letters beyond it; so does an unknown name, or none. A declared charset that does not fit gives way to
    gb18030 where that leaves fewer sequences undecodable.

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
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A truncated download may end inside a character; that says nothing against the rest.
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
    """Decode `body`, replacing and counting what `codec` (of `detect_charset`) cannot decode."""
    try:
        return Decoded(body.decode(codec), 0)
    except UnicodeDecodeError:
        text = body.decode(codec, "replace")
    # The page may hold U+FFFD of its own, where its charset has one: those were decoded, not replaced.
    mark = _REPLACEMENT.encode(codec.removesuffix("-sig"), "ignore")
    own = body.count(mark) if mark else 0
    return Decoded(text, max(1, text.count(_REPLACEMENT) - own))


MAX_TEXT = 3_000
"""Characters kept of a text of a listing: the longest on real pages have some 600."""


def clip(text: str) -> str:
    """Return `text`, or of a longer one its first `MAX_TEXT` characters, the last of them «…».

    What is worked on outside the timed parse processes is thereby bounded.
    """
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


_NORMALIZED_AT_ONCE = 1_000
"""Characters. Marks above and below one letter are put in order by a sort that takes quadratic time
(https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format): half a second for 20,000 of them."""


def nfkc(text: str) -> str:
    """Return `text` in half width and in one form for what looks alike; a long one piece by piece, in linear time."""
    if len(text) <= _NORMALIZED_AT_ONCE:
        return unicodedata.normalize("NFKC", text)
    starts = range(0, len(text), _NORMALIZED_AT_ONCE)
    return "".join(unicodedata.normalize("NFKC", text[at : at + _NORMALIZED_AT_ONCE]) for at in starts)


_INVISIBLE = {ord(c): None for c in "\u200b\u200c\u200d\u2060\ufeff\u00ad"}


def fold(text: str | None) -> str:
    """Return `text` with every run of white space (full-width ones too) as one space, and none at the ends."""
    if not text:
        return ""
    text = " ".join(text.split())
    if (
        text.isprintable()
    ):  # no zero-width character is; most texts need no second pass, which costs five times this
        return text
    return " ".join(text.translate(_INVISIBLE).split())


_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFFE5: ord("¥"), 0x3000: ord(" ")}


def half_width(text: str) -> str:
    """Return `text` with full-width ASCII, yen sign and space in half width: «￥３９．００» is «¥39.00».

    Unlike NFKC, leave alone what only resembles a digit: «1²» is no 12, «5½» no 51⁄2.
    """
    return text if text.isascii() else text.translate(_HALF_WIDTH)


# Longer numbers are none of a shop's, and Python refuses to read some of them.
_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,10})"
_ENDS = r"(?![\d²³¹⁰-⁹½¼¾])"
"""No further digit, in whatever script, and no exponent or fraction: the number would be another one."""
_AMOUNT = rf"{_WHOLE}(?:\.[0-9]{{1,2}})?{_ENDS}"
_PRICE = re.compile(
    rf"(?:[^\d¥:]*:)?\s*(?:¥|RMB)?\s*({_AMOUNT})\s*(?:元)?\s*起?(?:\s*[-~—至]\s*¥?\s*{_AMOUNT}\s*元?)?",
    re.IGNORECASE,
)
_USUAL_PRICE = re.compile(r"¥(\d{1,6}\.\d\d)", re.ASCII)
"""How all but a few prices are written: 0.5 µs instead of 1.1, and a page has a hundred of them."""
MAX_PRICE = Decimal(1_000_000)
"""Yuan. No book shop asks more: a greater number is a fault of the page, and no price."""


@lru_cache(maxsize=4096)  # list prices above all are few: 39.80, 49.80, 59.00 …
def parse_price(text: str) -> Decimal | None:
    """Return the price in yuan that `text` states: «¥1,299.00», «￥39», «39.00元», «¥38.00起» (from), «电子书：¥8.99».

    Of a range the lower end is given. None when there is no price, when the number is of something else
    («千字5铃铛») or absurd (over `MAX_PRICE`, or with more than two decimals), and for 0: nothing is sold for nothing,
    a page that shows ¥0.00 has no price.
    """
    if not text:
        return None
    match = _USUAL_PRICE.fullmatch(text) or _PRICE.fullmatch(half_width(fold(text)))
    if match is None:
        return None
    value = Decimal(match[1].replace(",", ""))
    return value if 0 < value <= MAX_PRICE else None


_COUNT = re.compile(rf"(?<!\d)({_WHOLE}(?:\.[0-9]{{1,4}})?{_ENDS})\s*([万亿]?)")
_USUAL_COUNT = re.compile(r"(\d{1,9})条评论", re.ASCII)
_POWERS = {"": 1, "万": 10_000, "亿": 100_000_000}


def parse_count(text: str) -> int | None:
    """Return the first count in `text`: «1632546条评论», «1,234», «1.2万+条评论» (12000); None without one."""
    usual = _USUAL_COUNT.fullmatch(text)  # 0.3 µs instead of 1.0
    if usual is not None:
        return int(usual[1])
    match = _COUNT.search(half_width(text))
    if match is None:
        return None
    return int(Decimal(match[1].replace(",", "")) * _POWERS[match[2]])


_DATE = re.compile(
    r"(?<!\d)((?:19|20)[0-9]{2})(?:\s*[-/.年]\s*([0-9]{1,2})(?!\d)(?:\s*[-/.月]\s*([0-9]{1,2})(?!\d))?|年|(?![\d-]))"
)

_USUAL_DATE = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)", re.ASCII)


@lru_cache(maxsize=4096)  # the publishing days of ten years; a search repeats them
def parse_date(text: str) -> dt.date | None:
    """Return the date in `text`: «2021-03-31», «2021/3/1», «2021年3月», «2021»; a missing day or month is the first.

    None when there is none, or none that the calendar has.
    """
    match = _USUAL_DATE.fullmatch(text) or _DATE.search(half_width(text))
    if match is None:
        return None
    # The shop writes 00 for a month or day that it does not know.
    year, month, day = (int(part or 0) or 1 for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3}
_UNITS = {"十": 10, "百": 100}

NUMERAL = r"(?:\d+|[零〇一二两三四五六七八九十百壹贰叁]+)"
"""Pattern of a numeral that `parse_numeral` reads, digits already half-width."""


def parse_numeral(text: str) -> int | None:
    """Return the number that ASCII digits or a Chinese numeral below 1,000 stand for (十二 is 12); None for others."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 9 else None
    total, digit = 0, None
    for char in text:
        if char in _UNITS:
            total += _UNITS[char] * (1 if digit is None else digit)
            digit = None
        elif char in _DIGITS:
            if digit:  # two digits in a row are a year or a nickname («一二»), not a count
                return None
            digit = _DIGITS[char]
        else:
            return None
    return total + (digit or 0) if text else None
