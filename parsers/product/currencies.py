"""Currencies: ISO 4217 codes, the signs that shops write, and the use of decimal commas and points."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["CODES", "SIGN", "THREE_DECIMALS", "currencies_of", "currency_of", "decimal_comma"]

CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
    CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS
    VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW
    """.split()  # noqa: SIM905 (a table of codes is read more easily than 150 quoted strings)
)

THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
NO_DECIMALS = frozenset(
    "BIF CLP DJF GNF IDR ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905 (as above)
)
"""Currencies written without decimals; the rupiah by custom only."""

_WRITTEN = """
    USD US$ U$S U$ $ 美元 usd
    CAD C$ CA$ CDN$ $
    AUD A$ AU$ $ aud
    NZD NZ$ $ nzd
    HKD HK$ $ 元 港元 港幣 港币 hkd 圓
    TWD NT$ NTD NT $ 元 新台幣 新臺幣 台幣 twd 圓
    SGD S$ SG$ $
    MOP MOP$
    MXN MX$ $ mxn
    ARS AR$ $
    CLP CL$ $
    COP COL$ $
    UYU $
    BRL R$ brl
    EUR € EURO EUROS 欧元 歐元 eur
    GBP £ gbp ￡ ₤
    CNY ¥ CN¥ 元 圆 人民币 人民幣 RMB cny yuan
    JPY ¥ JP¥ 円 日元 jpy yen
    KRW ₩ 원 krw
    INR ₹ Rs. Rs ₨
    PKR Rs. Rs ₨
    LKR Rs. Rs ₨
    NPR Rs. Rs ₨
    RUB ₽ руб. руб р. rub Р рублей рубля рубль
    UAH ₴ грн. грн uah
    TRY ₺ TL
    ILS ₪ ש"ח ש״ח ש'ח
    THB ฿ บาท thb
    VND ₫ đ vnd
    PHP ₱
    IDR Rp. Rp
    MYR RM
    PLN zł zl pln złotych złote
    CZK Kč czk
    HUF Ft huf
    RON lei
    BGN лв. лв
    DKK kr. kr dkk
    SEK kr. kr sek
    NOK kr. kr nok
    ISK kr. kr
    CHF Fr. SFr. chf SFr
    NGN ₦
    CRC ₡
    KZT ₸
    GEL ₾ ლ ლარი lari
    PYG ₲
    PEN S/
    ZAR R
    BDT ৳
    MNT ₮
    LAK ₭
    GHS ₵ GH₵
    AZN ₼
    KHR ៛
    AMD ֏
    AFN ؋
    KES KSh KShs
    XAF FCFA
    XOF FCFA
    EGP جنيه ج.م
    DZD دج د.ج
    MAD درهم د.م
    OMR ر.ع
    BHD د.ب
    IQD ع.د د.ع
    JOD د.أ د.ا
    LYD ل.د د.ل
    LBP ل.ل
    SYP ل.س
    YER ر.ي
    TND د.ت
    MKD ден
    RSD дин Dinara
    AED د.إ درهم
    SAR ر.س ريال ﷼
    QAR ريال ر.ق
    IRR ﷼ ریال
    KWD د.ك
"""


def _currencies_by_sign() -> dict[str, tuple[str, ...]]:
    signs: dict[str, tuple[str, ...]] = {"تومان": ()}  # ten rials, not a currency with a code
    for code, *written in map(str.split, _WRITTEN.strip().splitlines()):
        for sign in written:
            signs[sign] = (*signs.get(sign, ()), code)
    return signs


_SIGNS = _currencies_by_sign()
_BY_FOLDED = {sign.casefold(): codes for sign, codes in _SIGNS.items()}


_ARMENIAN = "\u0530"
"""The first letter after the Latin, Greek and Cyrillic ones."""


def _pattern(words: Iterable[str]) -> str:
    """Return a pattern of signs and codes, the longest first; one of European letters ends where the word ends."""
    parts = []
    for word in sorted(words, key=len, reverse=True):
        # Chinese and Thai set no space between words: «售价35元起».
        front = r"(?<![^\W\d_])" if word[0] < _ARMENIAN and word[0].isalpha() else ""
        back = r"(?![^\W\d_])" if word[-1] < _ARMENIAN and word[-1].isalpha() else ""
        parts.append(f"{front}{re.escape(word)}{back}")
    return "|".join(parts)


SIGN = re.compile(rf"(?i:{_pattern(_SIGNS)})|{_pattern(CODES)}")
"""A currency sign, or a code in capitals only: «all», «top» and «try» are also words."""

_BY_LANGUAGE = dict(
    entry.split("=")
    for entry in """
    en-us=USD es-us=USD en-ca=CAD fr-ca=CAD en-au=AUD en-nz=NZD en-sg=SGD en-hk=HKD en-in=INR hi=INR ur=PKR
    zh=CNY zh-tw=TWD zh-hant=TWD zh-hk=HKD zh-hant-hk=HKD zh-mo=MOP ja=JPY sv=SEK nb=NOK nn=NOK no=NOK da=DKK is=ISK
    es-mx=MXN es-ar=ARS es-cl=CLP es-co=COP pt-br=BRL fa=IRR ar-sa=SAR ar-qa=QAR
    """.split()  # noqa: SIM905 (as above)
)
_COMMA_LANGUAGES = frozenset(
    """
    af az be bg bs ca cs da de el es et eu fi fr gl hr hu hy id is it ka kk ky lt lv mk nb nl nn no pl pt ro ru sk sl sq
    sr sv tr uk uz vi
    """.split()  # noqa: SIM905 (as above)
)
_POINT_REGIONS = frozenset(
    {"de-ch", "it-ch", "de-li", "es-mx", "es-us", "es-pr", "es-gt", "es-pe", "es-pa", "es-do"}
)
_COMMA_CURRENCIES = frozenset(
    """
    ALL ARS AZN BAM BGN BRL BYN CLP COP CZK DKK EUR GEL HRK HUF IDR ISK KZT MKD NOK PLN PYG RON RSD RUB SEK TRY UAH UYU
    UZS VND XAF XOF
    """.split()  # noqa: SIM905 (as above)
)


def currencies_of(sign: str) -> tuple[str, ...]:
    """Return the ISO codes of the currencies that a sign or code may mean; () for an unknown one."""
    word = sign.strip()
    if word.upper() in CODES:
        return ("CNY",) if word.upper() == "CNH" else (word.upper(),)
    return _BY_FOLDED.get(word.casefold(), ())


def currency_of(sign: str, language: str = "") -> str | None:
    """Return the currency that a sign or code means on a page in `language`; None if several are possible."""
    possible = currencies_of(sign)
    if len(possible) == 1:
        return possible[0]
    custom = _by_language(language)
    return custom if custom in possible else None


def _by_language(language: str) -> str | None:
    """Return the currency of the most specific entry for a language tag: «zh-Hant-TW», «zh-Hant», «zh»."""
    parts = language.lower().replace("_", "-").split("-")
    if parts[0] == "zh" and parts[-1] in {"tw", "hk", "mo"}:
        parts = ["zh", parts[-1]]
    for length in range(len(parts), 0, -1):
        code = _BY_LANGUAGE.get("-".join(parts[:length]))
        if code is not None:
            return code
    return None


def decimal_comma(currency: str | None, language: str = "") -> bool | None:
    """Return True for a decimal comma, by language or else by currency; None if neither is known."""
    tag = language.lower().replace("_", "-")
    if tag:
        return tag not in _POINT_REGIONS and tag.partition("-")[0] in _COMMA_LANGUAGES
    if currency is None:
        return None
    return currency in _COMMA_CURRENCIES
