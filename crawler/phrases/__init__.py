"""Texts that carry a code and values, so that a report can state them in the reader's language.

A `Phrase` is its English text, as JSON, logs and exceptions show it: `Phrase("silent_for", seconds=15.0)` equals
«silent for 15 s». `crawler.labels` translates it. The modules that create phrases need not know the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Self

from crawler.phrases.of_bulk import BULK
from crawler.phrases.of_downloads import DOWNLOADS
from crawler.phrases.of_files import FILES
from crawler.phrases.of_pages import PAGES
from crawler.phrases.of_records import RECORDS
from crawler.phrases.of_watches import WATCHES

__all__ = ["PHRASES", "Packed", "Phrase", "joined", "packed", "reason_of", "unpacked", "worded"]

PHRASES: Final[dict[str, tuple[str, str, str]]] = {
    **PAGES,
    **DOWNLOADS,
    **FILES,
    **RECORDS,
    **BULK,
    **WATCHES,
}
"""Texts by code: English, Simplified and Traditional Chinese, in the order of `crawler.labels.LANGUAGES`."""

Value = str | int | float
"""A value in a phrase: a text may itself be a phrase."""

Packed = dict[str, list[object]]
"""Codes and values of phrases by their English text, as JSON values."""

_DEEPEST = 8
"""Maximum nesting of phrases read from a file; the program itself uses at most four levels."""


class Phrase(str):
    """An English text with its code and values.

    Elsewhere it is an ordinary `str`. Cutting it, or joining it to other text, gives a plain `str` that stays English.
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Value]

    def __new__(cls, code: str, /, **values: Value) -> Self:
        """Format the text of `code` with `values`; raise KeyError for an unknown code or a missing value."""
        phrase = super().__new__(cls, PHRASES[code][0].format(**values))
        phrase.code = code
        phrase.values = values
        return phrase

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Value]]:
        """Copy and pickle it by its code and values."""
        return (self.code,), dict(self.values)


def worded(text: str, column: int) -> str:
    """Return a phrase in the language of a column of `PHRASES`; return any other text unchanged."""
    if not isinstance(text, Phrase):
        return text
    values = {
        name: worded(value, column) if isinstance(value, Phrase) else value
        for name, value in text.values.items()
    }
    return PHRASES[text.code][column].format(**values)


def joined(texts: Iterable[str]) -> str:
    """Join texts to one, «first; second», without empty ones; '' for none."""
    row = ""
    for text in filter(None, texts):
        row = Phrase("joined", first=row, rest=text) if row else text
    return row


def reason_of(error: BaseException) -> str:
    """Return the message of an exception, as a phrase if it was raised with one."""
    message = error.args[0] if len(error.args) == 1 else None
    return message if isinstance(message, Phrase) else str(error)


def packed(texts: Iterable[str]) -> Packed:
    """Return the codes and values of the phrases among `texts`, for a file; `unpacked` reads them."""
    return {str(text): _pack(text) for text in texts if isinstance(text, Phrase)}


def unpacked(text: str, phrases: Packed) -> str:
    """Restore the phrase that `text` was when it was packed; return `text` if the file has no matching phrase.

    Anybody may have made the file, so a phrase counts only if its English text equals `text`.
    """
    phrase = _unpack(phrases.get(text), _DEEPEST)
    return phrase if phrase == text else text


def _pack(phrase: Phrase) -> list[object]:
    values = {
        name: _pack(value) if isinstance(value, Phrase) else value for name, value in phrase.values.items()
    }
    return [phrase.code, values]


def _unpack(value: object, depth: int) -> str:
    """Return the phrase in a JSON value; '' if there is none."""
    match value:
        case [str() as code, dict() as packed_values] if code in PHRASES and depth:
            values: dict[str, Value] = {}
            for name, each in packed_values.items():
                if not isinstance(each, (str, int, float, list)):
                    return ""
                values[name] = _unpack(each, depth - 1) if isinstance(each, list) else each
            try:
                return Phrase(code, **values)
            except (KeyError, ValueError, OverflowError):
                return ""
        case _:
            return ""
