"""Read ISBN and GTIN in the forms that shops write, and verify their check digits."""

from __future__ import annotations

import re

__all__ = ["read_gtin", "read_isbn"]

_NOT_DIGITS = re.compile(r"[\s\-‐‑–_.]")
_PREFIX = re.compile(r"^\s*(?:urn:)?(?:isbn|gtin|ean|upc)(?:[-_ ]?1[0-4]|8)?\s*[:：]?\s*", re.IGNORECASE)
_ISBN_10 = re.compile(r"[0-9]{9}[0-9X]")
_ISBN_13 = re.compile(r"97[89][0-9]{10}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_WITHIN = re.compile(r"(?<![0-9])97[89](?:[-‐ ]?[0-9]){10}(?![0-9])")
MAX_LENGTH = 100
"""Limit on the characters of a text to search for a number."""


def read_isbn(text: str) -> str | None:
    """Return the ISBN-13 in `text`: «978-7-115-54608-1», «ISBN 7115546088», «urn:isbn:…»; None if there is none.

    Convert an ISBN-10. Reject a number with a wrong check digit.
    """
    if len(text) > MAX_LENGTH:
        return None
    bare = _NOT_DIGITS.sub("", _PREFIX.sub("", text)).upper()
    if bare.isascii():
        if _ISBN_10.fullmatch(bare):
            return _from_isbn_10(bare)
        if len(bare) == 14 and bare.startswith("0"):  # written as a GTIN-14
            bare = bare[1:]
        if _ISBN_13.fullmatch(bare):
            return bare if _check_digit(bare[:-1]) == bare[-1] else None
    found = {_NOT_DIGITS.sub("", number) for number in _WITHIN.findall(text)}
    valid = [number for number in found if _check_digit(number[:-1]) == number[-1]]
    return valid[0] if len(valid) == 1 else None


def read_gtin(text: str) -> str | None:
    """Return the GTIN in `text`; None if there is none or its check digit is wrong.

    Numbers that differ only in leading zeros get one form: a UPC, and a GTIN-14 with a leading zero, become a GTIN-13.
    """
    if len(text) > MAX_LENGTH:
        return None
    bare = _NOT_DIGITS.sub("", _PREFIX.sub("", text))
    if (
        not bare.isascii()
        or not _GTIN.fullmatch(bare)
        or _check_digit(bare[:-1]) != bare[-1]
        or not bare.strip("0")
    ):
        return None
    if len(bare) == 12:
        return f"0{bare}"
    return bare[1:] if len(bare) == 14 and bare.startswith("0") else bare


def _from_isbn_10(isbn: str) -> str | None:
    total = sum((10 - at) * (10 if c == "X" else int(c)) for at, c in enumerate(isbn))
    if total % 11:
        return None
    body = f"978{isbn[:-1]}"
    return body + _check_digit(body)


def _check_digit(digits: str) -> str:
    """Return the check digit for a GTIN's other digits: weights 3 and 1, from the right."""
    total = sum(int(c) * (3 if at % 2 == 0 else 1) for at, c in enumerate(reversed(digits)))
    return str(-total % 10)
