"""Detect the charset of a page of any shop, by the names in https://encoding.spec.whatwg.org/."""

from __future__ import annotations

import re

from parsers.text import codec_of, declared_in_meta, decode, detect_charset

__all__ = ["detect_web_charset", "web_codec"]

_CODECS = {
    "cp1252": "ascii usascii iso88591 latin1 l1 cp819 windows1252 cp1252 ansi",
    "cp1250": "windows1250 cp1250", "cp1251": "windows1251 cp1251", "cp1253": "windows1253 cp1253",
    "cp1254": "windows1254 cp1254 iso88599 latin5", "cp1255": "windows1255 cp1255", "cp1256": "windows1256 cp1256",
    "cp1257": "windows1257 cp1257", "cp1258": "windows1258 cp1258", "iso8859-2": "iso88592 latin2",
    "iso8859-5": "iso88595", "iso8859-6": "iso88596", "iso8859-7": "iso88597", "iso8859-8": "iso88598 iso88598i",
    "iso8859-15": "iso885915 latin9", "iso8859-4": "iso88594", "iso8859-13": "iso885913", "koi8-r": "koi8r koi8",
    "koi8-u": "koi8u", "cp874": "windows874 tis620 iso885911", "macroman": "macintosh",
    "cp932": "shiftjis sjis xsjis windows31j mskanji cswindows31j", "euc_jp": "eucjp xeucjp", "iso2022_jp": "iso2022jp",
    "cp949": "euckr ksc56011987 ksc5601 windows949 cp949 uhc", "cp866": "cp866 ibm866",
}  # fmt: skip
_BY_LABEL = {label: codec for codec, labels in _CODECS.items() for label in labels.split()}
_BY_LANGUAGE = dict(
    entry.split("=")
    for entry in """
    ja=cp932 ko=cp949 ru=cp1251 uk=cp1251 bg=cp1251 be=cp1251 sr=cp1251 pl=iso8859-2 cs=cp1250 sk=cp1250 hu=iso8859-2
    hr=cp1250 sl=iso8859-2 tr=cp1254 el=iso8859-7 he=cp1255 ar=cp1256 fa=cp1256 th=cp874 vi=cp1258 lt=cp1257 lv=cp1257
    et=cp1257 zh=gb18030 zh-tw=big5hkscs zh-hk=big5hkscs zh-hant=big5hkscs
    """.split()  # noqa: SIM905 (a table of words is read more easily than quoted strings)
)
"""The charset that browsers assume for a page in a language without a declared charset; for all others, cp1252."""
_LANGUAGE = re.compile(
    rb"""<html\b[^>]{0,500}?\slang\s*=\s*["']?([A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?)""", re.IGNORECASE
)
_WITHIN = 4_096


def web_codec(label: str | None) -> str | None:
    """Return the Python codec for a charset's label; None for an unknown or absent label."""
    codec = codec_of(label)
    return codec or _BY_LABEL.get(re.sub(r"[^a-z0-9]", "", (label or "").lower()))


def detect_web_charset(body: bytes, declared: str | None = None) -> str:
    """Return the codec for decoding a page of any shop.

    Proceed like `detect_charset`, with every charset of the web: BOM, then strictly valid UTF-8, then `declared`, then
    the meta tag. ISO-8859-1 in the header, which servers add to every page, yields to another charset in the meta tag.
    A page without a declared charset gets the one that browsers assume for its language; without a language either, it
    gets gb18030, unless Windows-1252 leaves fewer undecodable sequences.
    """
    meta = declared_in_meta(body)
    if web_codec(declared) == "cp1252" and web_codec(meta) is not None:
        declared = None
    if web_codec(declared) is None and web_codec(meta) is None:
        return detect_charset(body, _undeclared(body), codec_named=web_codec)
    return detect_charset(body, declared, codec_named=web_codec)


def _undeclared(body: bytes) -> str:
    match = _LANGUAGE.search(body, 0, _WITHIN)
    if match is not None:
        tag = match[1].decode("ascii").lower()
        return _BY_LANGUAGE.get(tag) or _BY_LANGUAGE.get(tag.partition("-")[0]) or "cp1252"
    if body.isascii():
        return "gb18030"
    chinese, western = (decode(body, codec).undecodable for codec in ("gb18030", "cp1252"))
    return "cp1252" if western < chinese else "gb18030"
