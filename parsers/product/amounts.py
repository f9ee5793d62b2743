"""Convert a price as a shop writes it to a `Decimal`, or give the reason why that is impossible."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from parsers.product.currencies import NO_DECIMALS, SIGN, THREE_DECIMALS, currency_of, decimal_comma
from parsers.product.model import ProblemCode
from parsers.text import fold, half_width

__all__ = ["MAX_AMOUNT", "Amount", "Number", "read_amount"]

MAX_AMOUNT = Decimal(10) ** 10
"""More than any shop charges, in any currency."""
MAX_LENGTH = 200
"""Limit on the characters of a text to search for a price."""


class Number(str):
    """A number as JSON writes it: in every language, its point is the decimal point."""

    __slots__ = ()


class Amount(NamedTuple):
    """The price that a text states."""

    value: Decimal | None = None
    high: Decimal | None = None
    """Upper end of a range."""
    sign: str = ""
    """The currency sign or code beside the number; '' if there is none."""
    fault: ProblemCode | None = None
    """The reason why `value` is None or in doubt."""


_EXACT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,4})?")
_USUAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,2})?")
"""The usual form of a price in structured data, which can be read in only one way."""

_NUMBER = re.compile(r"(?:[0-9]|(?<![0-9.,])\.(?=[0-9]))(?:[0-9.,'’]| (?=[0-9]{3}(?![0-9])))*")
_EURO_BETWEEN = re.compile(r"(?<=[0-9])\s?€\s?(?=[0-9]{2}(?![0-9.,]))")
_NO_DECIMALS = re.compile(r"([0-9][0-9.,'’ ]*)[.,]\s?[-–—]{1,2}(?![0-9])")
"""A dash in place of the decimals, «1.198,-»: the separators before it can only group thousands."""
_SPACED = re.compile(r"(?<=[0-9])([.,])\s+(?=[0-9]{2}(?![0-9.,]))")
"""A space before two decimals, «118, 99»."""
_RANGE = re.compile(r"\s*(?:[-–—~〜至到]|\bto\b|\bbis\b|\bà\b|\buntil\b)\s*", re.IGNORECASE)
_NOT_MONEY_AFTER = re.compile(
    r"\s*(?:[%‰折万萬亿億千百]|(?:[km]|mio\.?|mill?i?on(?:s|en|es)?|bn|mrd)(?![^\W\d_]))", re.IGNORECASE
)
"""A percentage, a discount, or an abbreviated number («1.5k»)."""
_OTHER_AMOUNT_BEFORE = re.compile(
    r"""\b(?:sav(?:e|ing)s?|free|shipping|delivery|orders?|discount|coupon|deposit|sparen|spare|rabatt|versand(?:kosten)?|
    économisez|livraison|ahorr\w*|envío|risparmi\w*|frete)\b|立减|立減|节省|節省|运费|運費|邮费|郵費|满减|滿減|定金|订金|訂金|押金
    """,
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_AMOUNT_AFTER = re.compile(r"\b(?:off|discount|cashback|rabatt|korting)\b", re.IGNORECASE)
"""Words beside the amount of a discount, or of the postage: not the price."""
_WORDS = re.compile(
    r"""[\s:;.,()*+\-–—/|起价價约約込]|售价|售價|价格|價格|定价|定價|现价|現價|优惠|優惠|特价|特價|只要|含税|税込|税抜|
    \b(?:from|now|only|just|price|our|sale|each|ea|incl|excl|vat|tax|gst|ab|preis|inkl|zzgl|mwst|prix|ttc|ht|à|partir|
    de|precio|desde|iva|prezzo|da|preço|cena|vanaf|от|цена)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words and signs that may stand beside a number that has no currency."""
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,'’ ])[0-9]{3})(?:\1[0-9]{3})*|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
"""Thousands («1.234.567»), or lakhs («12,34,567»)."""


def read_amount(text: str, *, currency: str | None = None, language: str = "") -> Amount:
    """Read a price: `text` is a `Number`, or a shop's own spelling, in the digits of any script.

    A value is above 0, at most `MAX_AMOUNT`, and stands in the text. «free», «0.00», «-5», «1e400», «NaN», «5 %» and
    «2 for 5» have none, and `fault` gives the reason. Of a range, the lower end counts. More than four decimals come
    from binary fractions and are rounded to two.

    A single separator before three digits («1.234») can mean decimals or thousands. It means

    - decimals in a `Number`, after a zero («0.500») and in a currency with three decimals (`KWD`);
    - thousands if it is a comma, or if `currency` has no decimals (`JPY`);
    - otherwise what is usual in the page's `language` or, if the page declares none, for `currency`: in
      German or in euros «1.234» is 1234, in English or in dollars it is 1.234;
    - decimals if neither is known, because schema.org requires a decimal point.

    In doubt, `fault` is `AMBIGUOUS_PRICE`, and there is still a value.
    """
    if _USUAL.fullmatch(text):
        return _checked(Decimal(text))
    if len(text) > MAX_LENGTH:
        return Amount(fault=ProblemCode.UNREADABLE_PRICE)
    if isinstance(text, Number) or "e" in text or "E" in text:
        match = _EXACT.fullmatch(text.strip())
        if match is not None:
            return _checked(Decimal(match[0]))
        if isinstance(text, Number):
            return Amount(fault=ProblemCode.UNREADABLE_PRICE)
    written = _EURO_BETWEEN.sub("€.", _plain(text))
    if "€." in written:
        written = written.replace("€.", ".") + " €"
    written = _SPACED.sub(r"\1", _NO_DECIMALS.sub(_ungrouped, written))
    return _read_written(written, currency, language)


def _ungrouped(match: re.Match[str]) -> str:
    return re.sub(r"[^0-9]", "", match[1]) if _GROUPED.fullmatch(match[1]) else match[1]


def _plain(text: str) -> str:
    """Return `text` on one line, with ASCII digits and separators."""
    text = half_width(fold(text))
    if text.isascii():
        return text
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return plain.replace("٫", ".").replace("٬", "'").replace("،", ",").replace("−", "-")


def _read_written(text: str, currency: str | None, language: str) -> Amount:  # noqa: C901, PLR0911 – one branch for each way to write a price
    numbers = list(_NUMBER.finditer(text))
    if not 1 <= len(numbers) <= 2:
        return Amount(fault=ProblemCode.UNREADABLE_PRICE)
    first, last = numbers[0], numbers[-1]
    before, after = text[: first.start()], text[last.end() :]
    sign = _sign_beside(before, after)
    if len(numbers) == 2:
        between = text[first.end() : last.start()]
        sign = sign or _sign_beside(between, between)
        if not _RANGE.fullmatch(SIGN.sub("", between)):
            return Amount(sign=sign, fault=ProblemCode.UNREADABLE_PRICE)
    if _NOT_MONEY_AFTER.match(after) or SIGN.sub("", before).endswith((".", ",")):
        return Amount(sign=sign, fault=ProblemCode.UNREADABLE_PRICE)
    if not sign and _WORDS.sub("", before + after):
        return Amount(fault=ProblemCode.UNREADABLE_PRICE)
    if _OTHER_AMOUNT_BEFORE.search(before) or _OTHER_AMOUNT_AFTER.search(after):
        return Amount(sign=sign, fault=ProblemCode.UNREADABLE_PRICE)
    money = currency or (currency_of(sign, language) if sign else None)
    low, in_doubt = _value_of(first[0], money, language)
    if low is None:
        return Amount(sign=sign, fault=ProblemCode.UNREADABLE_PRICE)
    if _is_negative(before):
        return Amount(sign=sign, fault=ProblemCode.PRICE_OUT_OF_RANGE)
    amount = _checked(low)._replace(sign=sign)
    if amount.value is None:
        return amount
    if len(numbers) == 2:
        high = _checked(_value_of(last[0], money, language)[0] or Decimal(0)).value
        if high is None or high < amount.value:
            return Amount(sign=sign, fault=ProblemCode.UNREADABLE_PRICE)
        return amount._replace(high=high, fault=ProblemCode.PRICE_RANGE)
    return amount._replace(fault=ProblemCode.AMBIGUOUS_PRICE) if in_doubt else amount


def _sign_beside(before: str, after: str) -> str:
    """Return the currency sign or code next to a number, or the only one in the text around it; '' for none."""
    for match in SIGN.finditer(before):
        if not before[match.end() :].strip(" .-:"):
            return match[0]
    signs = SIGN.findall(after)
    if signs:
        return str(signs[0])
    signs = SIGN.findall(before)
    return str(signs[0]) if len(signs) == 1 else ""


def _is_negative(before: str) -> bool:
    """Return True if a minus belongs to the number: «-5», «- 5», «-$5», «Price: -5»; not «Price - $5»."""
    bare = SIGN.sub("", before)
    return bare.strip() in {"-", "–"} or (bare.endswith("-") and not bare[:-1].endswith(tuple("0123456789")))


def _value_of(number: str, currency: str | None, language: str) -> tuple[Decimal | None, bool]:  # noqa: C901 – one branch for each use of a separator
    """Return the value of digits with separators, and True if there is another way to read the separators."""
    number = number.rstrip(".,'’ ")
    for group in ("'", "’", " "):
        if group in number:
            whole, mark, decimals = _split_last(number)
            if not _GROUPED.fullmatch(whole) or whole.count(group) != sum(not c.isdigit() for c in whole):
                return None, False
            return _decimal(whole.replace(group, ""), decimals if mark else ""), False
    points, commas = number.count("."), number.count(",")
    if not points and not commas:
        return _decimal(number, ""), False
    if points and commas:
        whole, _, decimals = _split_last(number)
        if not _GROUPED.fullmatch(whole):
            return None, False
        return _decimal(whole, decimals), False
    if points > 1 or commas > 1:
        return (_decimal(number, ""), False) if _GROUPED.fullmatch(number) else (None, False)
    whole, mark, decimals = _split_last(number)
    if len(decimals) != 3 or whole in {"", "0"} or not _GROUPED.fullmatch(number) or whole.startswith("0"):
        return _decimal(whole, decimals), False
    comma = decimal_comma(currency, language)
    if currency in THREE_DECIMALS:
        thousands = (mark == ",") is not bool(comma)
        in_doubt = comma is None
    elif currency in NO_DECIMALS:
        thousands, in_doubt = True, False
    else:
        thousands = mark == "," or comma is True
        in_doubt = comma is not (mark == ".")  # no doubt if this separator groups thousands here
    return _decimal(*((number, "") if thousands else (whole, decimals))), in_doubt


def _split_last(number: str) -> tuple[str, str, str]:
    """Split a number at its last point or comma."""
    at = max(number.rfind("."), number.rfind(","))
    return (number, "", "") if at < 0 else (number[:at], number[at], number[at + 1 :])


def _decimal(whole: str, decimals: str) -> Decimal | None:
    digits = re.sub(r"[^0-9]", "", whole)
    if len(digits) > 15 or len(decimals) > 30:
        return None
    return Decimal(f"{digits or 0}.{decimals}" if decimals else digits or "0")


def _checked(value: Decimal) -> Amount:
    if not 0 < value <= MAX_AMOUNT:
        return Amount(fault=ProblemCode.PRICE_OUT_OF_RANGE)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        value = value.quantize(Decimal("0.01"))
    elif isinstance(exponent, int) and exponent > 0:
        value = value.quantize(Decimal(1))
    return Amount(value) if value else Amount(fault=ProblemCode.PRICE_OUT_OF_RANGE)
