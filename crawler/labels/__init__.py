"""The texts of reports, alerts and commands in three languages: English, Simplified and Traditional Chinese.

Names of files, columns of data (CSV, JSON), `--help` and messages about wrong usage are English throughout. Details of
failed pages, notes and reasons are phrases (`crawler.phrases`), which `Labels.text` translates.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Final

from crawler.labels.alerts import WORDS as WORDS_OF_ALERTS
from crawler.labels.books import WORDS as WORDS_OF_BOOKS
from crawler.labels.bulk import WORDS as WORDS_OF_BULK_CRAWLS
from crawler.labels.commands import WORDS as WORDS_OF_COMMANDS
from crawler.labels.history import WORDS as WORDS_OF_HISTORY
from crawler.labels.html_report import WORDS as WORDS_OF_HTML_REPORTS
from crawler.labels.rank import WORDS as WORDS_OF_RANKINGS
from crawler.labels.search import WORDS as WORDS_OF_SEARCHES
from crawler.labels.verdicts import WORDS as WORDS_OF_VERDICTS
from crawler.languages import LANGUAGES, language_for
from crawler.money import money, sign_of
from crawler.phrases import worded

if TYPE_CHECKING:
    from decimal import Decimal

    from parsers import Shop

__all__ = ["ENGLISH", "LANGUAGES", "Labels", "labels_for"]

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    **WORDS_OF_ALERTS,
    **WORDS_OF_BOOKS,
    **WORDS_OF_BULK_CRAWLS,
    **WORDS_OF_COMMANDS,
    **WORDS_OF_HISTORY,
    **WORDS_OF_HTML_REPORTS,
    **WORDS_OF_RANKINGS,
    **WORDS_OF_SEARCHES,
    **WORDS_OF_VERDICTS,
}


_REASONS = {
    "accessory": "accessory_dropped",
    "publisher": "publisher_differs",
    "author": "author_differs",
}
"""Labels of drop reasons whose names differ from the reason's."""


class Labels:
    """The texts of one language: `say("ok", n=3)` is «3 ok»."""

    def __init__(self, language: str, zone: dt.tzinfo = dt.UTC, currency: str = "CNY") -> None:
        """Use the texts of `language`, one of `LANGUAGES`; raise ValueError for any other.

        `zone` is the reader's time zone, used for days and times. `currency` is that of amounts.
        """
        self.language = language
        self.zone = zone
        self.currency = currency
        self._column = LANGUAGES.index(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """Format the text of a name with `values`; raise KeyError for an unknown name."""
        words = _WORDS[name][self._column]
        return words.format(**values) if values else words

    def text(self, text: str) -> str:
        """Translate a phrase to this language; return any other text (a server's, a library's) unchanged."""
        return worded(text, self._column)

    def reason(self, name: str) -> str:
        """Return the text of a drop reason, given its name in `crawler.books.DROP_REASONS`."""
        return self(_REASONS.get(name, name))

    def money(self, amount: Decimal) -> str:
        """Format an amount with its currency: «¥1,299.00»."""
        return money(amount, self.currency)

    @property
    def currency_sign(self) -> str:
        """The currency sign before an amount."""
        return sign_of(self.currency)

    def shop(self, shop: Shop) -> str:
        """Return the name of a shop; its `title` if this language has no other."""
        return shop.titles.get(self.language, shop.title)


ENGLISH = Labels("en")


def labels_for(language: str, query: str, zone: dt.tzinfo = dt.UTC, *, currency: str = "CNY") -> Labels:
    """Return the texts of `language`; «auto» follows the query, or the locale if the query does not tell.

    `zone` is the reader's time zone, `currency` that of amounts.
    """
    return Labels(language_for(query, os.environ) if language == "auto" else language, zone, currency)
