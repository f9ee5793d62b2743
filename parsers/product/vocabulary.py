"""Convert the words of structured data to values: texts, addresses, availability and condition."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

from parsers.product.model import Availability, Condition
from parsers.text import clip, fold

__all__ = ["absolute", "clean", "read_availability", "read_condition"]

_PLACEHOLDERS = frozenset(
    {"undefined", "null", "none", "nan", "n/a", "[object object]", "-", "unknown author"}
)


def clean(text: str) -> str:
    """Return a text of structured data on one line, with HTML references resolved and unencodable characters replaced.

    A template's word for an absent value («undefined», «null») gives ''.
    """
    if "&" in text:
        text = html.unescape(text)
    text = fold(text)
    if not text.isprintable():
        text = fold(
            "".join(c if c.isprintable() else "\ufffd" if "\ud800" <= c <= "\udfff" else " " for c in text)
        )
    return "" if text.lower() in _PLACEHOLDERS else clip(text)


MAX_URL = 4_096
"""Limit on the characters of an address; browsers and servers seldom accept more."""


def absolute(address: str, base: str) -> str | None:
    """Return an absolute http address without user name and password.

    None if it is too long, has another scheme, or is relative without a base.
    """
    address = address.strip()
    if not address or len(address) > MAX_URL:
        return None
    if address.startswith("//"):
        address = f"{'http' if base.startswith('http:') else 'https'}:{address}"
    try:
        joined = urljoin(base, address)
        parts = urlsplit(joined)
    except ValueError:
        return None
    if "@" in parts.netloc:
        joined = joined.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
    whole = parts.scheme in {"http", "https"} and parts.netloc and joined.isprintable()
    return joined.replace(" ", "%20") if whole and len(joined) <= MAX_URL else None


_AVAILABILITY = {
    Availability.IN_STOCK: "instock available availablenow yes true 1 auflager lieferbar disponible enstock "
    "disponibile 有货 有貨 现货 現貨 在庫あり 在庫有り 库存充足 onstock",
    Availability.LIMITED: "limitedavailability limitedstock lowstock lastitems 库存紧张",
    Availability.ONLINE_ONLY: "onlineonly",
    Availability.IN_STORE_ONLY: "instoreonly",
    Availability.PREORDER: "preorder presale availableforpreorder 预售 預購 预订 comingsoon",
    Availability.BACKORDER: "backorder onbackorder availablefororder",
    Availability.MADE_TO_ORDER: "madetoorder",
    Availability.RESERVED: "reserved",
    Availability.OUT_OF_STOCK: "outofstock oos notavailable unavailable notinstock no false 0 pending "
    "nichtlieferbar nichtauflager agotado epuise épuisé esaurito 缺货 缺貨 无货 無貨 暂时缺货 在庫なし 補貨中",
    Availability.SOLD_OUT: "soldout sold ausverkauft 已售完 售完 已售罄 完售",
    Availability.DISCONTINUED: "discontinued 绝版 絕版 已下架 停售",
}
_CONDITION = {
    Condition.NEW: "newcondition new neu nuevo neuf nuovo brandnew 全新 新品",
    Condition.USED: "usedcondition used gebraucht usado occasion secondhand preowned likenew usedlikenew usedgood "
    "usedverygood usedacceptable 二手 中古",
    Condition.REFURBISHED: "refurbishedcondition refurbished renewed",
    Condition.DAMAGED: "damagedcondition damaged",
}
_AVAILABLE = {word: value for value, words in _AVAILABILITY.items() for word in words.split()}
_CONDITIONS = {word: value for value, words in _CONDITION.items() for word in words.split()}
_SEPARATORS = re.compile(r"[\s\-_.!]+")


def _word(text: str) -> str:
    """Return the last part of an address, or a text, in the form of the tables above."""
    return _SEPARATORS.sub("", re.split(r"[/#:]", text.strip().rstrip("/#"))[-1]).casefold()


def read_availability(text: str) -> Availability | None:
    """Return the availability that an address or a word means: «https://schema.org/InStock», «in stock», «oos»."""
    return _AVAILABLE.get(_word(text[:200]))


def read_condition(text: str) -> Condition | None:
    """Return the condition that an address or a word means: «http://schema.org/UsedCondition», «refurbished»."""
    return _CONDITIONS.get(_word(text[:200]))
