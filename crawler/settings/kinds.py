"""Types of values that several settings share, and their limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

__all__ = [
    "Amount",
    "FilePath",
    "FolderPath",
    "Limit",
    "Seconds",
    "Words",
    "choice",
    "has_few_digits",
    "is_path",
    "switch",
    "whole",
]

MAX_YUAN = 1_000_000
"""The highest price bound. No book costs that much; the limit keeps «1e999999» out of a URL."""

_MOST_DIGITS = 30
"""The maximum number of digits of a number, zeros included."""

DAY = 86_400
"""In seconds; the upper bound of all time limits, so that none is endless."""


def whole(low: int, high: int) -> Meta:
    """Return the limits of a whole number."""
    return Meta(ge=low, le=high, description=f"a whole number from {low} to {high}")


def choice(*names: str) -> Meta:
    """Return the description of a choice of several names."""
    return Meta(description=f"one of {', '.join(names)}" if len(names) > 2 else " or ".join(names))


switch = Meta(description="true or false")


def is_path(text: str) -> bool:
    """Return True if a text can be a path."""
    return text != "" and "\0" not in text


def has_few_digits(value: Decimal) -> bool:
    """Return True if a number is short in every notation: «0e999999» is equal to zero, but has a million digits."""
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and len(digits) <= _MOST_DIGITS and abs(exponent) <= _MOST_DIGITS


def _is_amount(value: Decimal) -> bool:
    if not has_few_digits(value) or value.is_signed() or value > MAX_YUAN:
        return False
    exponent = value.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _is_words(text: str) -> bool:
    return text.isprintable() and any(map(str.isalnum, text))


Amount = Annotated[
    Decimal | None,
    Meta(description=f"an amount of yuan from 0 to {MAX_YUAN}, with at most two decimals"),
    _is_amount,
]

Words = Annotated[
    str | None, Meta(description="part of a name, with at least one letter or digit"), _is_words
]

Limit = Annotated[float, Meta(gt=0, le=DAY, description=f"a number of seconds above 0 and at most {DAY}")]
"""A time limit."""

Seconds = Annotated[float, Meta(ge=0, le=DAY, description=f"a number of seconds from 0 to {DAY}")]
"""A wait, which may be 0."""

FilePath = Annotated[str | None, Meta(description="the path of a file"), is_path]

FolderPath = Annotated[str | None, Meta(description="the path of a folder"), is_path]
