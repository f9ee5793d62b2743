"""Rank the offers of a bulk crawl by price, across shops: offers with the same ISBN or GTIN are one book.

Each currency has its own ranking; exchange rates, if given, bring several into one. The offers go to a temporary file,
so memory does not depend on their number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import islice
from pathlib import Path

from crawler.atomic_write import shown
from crawler.bulk.manifest import is_demo
from crawler.bulk.rank_input import FoundOffer, RankCounts, read_offers
from crawler.bulk.rates import Rates
from crawler.errors import OutputError
from crawler.phrases import Phrase

__all__ = ["MAX_OFFERS", "CurrencyRanking", "OfferRanking", "RankedBook", "RankedOffer", "rank_offers"]

MAX_OFFERS = 100
"""How many offers of a book to report, the cheapest; the others are counted."""

_BATCH = 1_000

_ROUNDED = Context(prec=12)
"""A converted price needs no more digits; a quotient of two rates has 28."""

_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -32768")
"""Nobody needs the file after a crash; its pages take 32 MiB of memory."""

_TABLE = """
CREATE TABLE offer (ranking, book, compared REAL, price, currency, url, page, shop, title, author, isbn, gtin, state)
"""
_INSERT = "INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BOOKS = """
CREATE INDEX offer_by_book ON offer (ranking, book, compared, url);
CREATE TABLE book AS
    SELECT ranking, book, MIN(compared) AS lowest, COUNT(DISTINCT url) AS offers FROM offer GROUP BY ranking, book;
CREATE INDEX book_by_price ON book (ranking, lowest, book);
"""
_SIZES = """
SELECT ranking, books, offers, shops
FROM (SELECT ranking, COUNT(*) AS books, SUM(offers) AS offers FROM book GROUP BY ranking)
JOIN (SELECT ranking, COUNT(DISTINCT shop) AS shops FROM offer NOT INDEXED GROUP BY ranking) USING (ranking)
"""  # the index would lead to the shops in random order


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """An offer of a book."""

    price: Decimal
    currency: str
    compared: Decimal
    """The price in the currency of the ranking."""
    shop: str
    url: str
    title: str
    author: str
    availability: str


@dataclass(frozen=True, slots=True)
class RankedBook:
    """A book with its offers in the ranking's currency."""

    rank: int
    isbn: str
    """ISBN-13; '' if no offer states one."""
    gtin: str
    offers: tuple[RankedOffer, ...]
    """At most `MAX_OFFERS`, the cheapest first."""
    offer_count: int

    @property
    def cheapest(self) -> RankedOffer:
        """The offer with the lowest price."""
        return self.offers[0]

    @property
    def author(self) -> str:
        """The author, from the cheapest offer that names one."""
        return next((offer.author for offer in self.offers if offer.author), "")


@dataclass(frozen=True, slots=True)
class CurrencyRanking:
    """The size of the ranking in one currency."""

    currency: str
    books: int
    offers: int
    shops: int


@dataclass(frozen=True, slots=True)
class OfferRanking:
    """The rankings of a crawl; readable until the end of `rank_offers`."""

    place: Path | str
    """The folder or the URL of the results."""
    demo: bool
    """True if the crawl is one of the demo shop."""
    counts: RankCounts
    rates: Rates | None
    rankings: tuple[CurrencyRanking, ...]
    """The largest first, or that of the comparison."""
    repeated: int
    """Results that repeat an offer: the same book at the same address."""
    _database: sqlite3.Connection

    def books(self, currency: str, top: int | None = None) -> Iterator[RankedBook]:
        """Yield the books of a ranking, the cheapest first; None for all."""
        rows = self._database.execute(
            "SELECT book, offers FROM book WHERE ranking = ? ORDER BY lowest, book LIMIT ?",
            (currency, -1 if top is None else top),
        )
        for rank, (book, offers) in enumerate(rows, 1):
            yield self._book(rank, currency, book, offers)

    def _book(self, rank: int, currency: str, book: str, offer_count: int) -> RankedBook:
        rows = self._database.execute(
            "SELECT url, price, currency, page, shop, title, author, state, isbn, gtin FROM offer"
            " WHERE ranking = ? AND book = ? ORDER BY compared, url",
            (currency, book),
        )
        offers: dict[str, RankedOffer] = {}
        isbn = gtin = ""
        for url, price, own_currency, page, shop, title, author, state, offer_isbn, offer_gtin in rows:
            isbn, gtin = isbn or offer_isbn, gtin or offer_gtin
            if url in offers:
                continue
            amount = Decimal(price)
            compared = amount if own_currency == currency else self._compared(amount, own_currency)
            offers[url] = RankedOffer(amount, own_currency, compared, shop, page, title, author, state)
            if len(offers) == MAX_OFFERS:
                break
        return RankedBook(rank, isbn, gtin, tuple(offers.values()), offer_count)

    def _compared(self, amount: Decimal, currency: str) -> Decimal:
        factor = None if self.rates is None else self.rates.factor(currency)
        if factor is None:
            raise AssertionError(f"an offer in {currency} is in a ranking without a rate for it")
        return _ROUNDED.multiply(amount, factor)


@contextmanager
def rank_offers(
    place: Path | str, *, rates: Rates | None = None, currency: str | None = None
) -> Iterator[OfferRanking]:
    """Read the results of a crawl in a folder or, if `place` is a text, at a URL; rank their offers.

    With `rates`, offers are compared in the currency of the rates; those without a rate have rankings of their own.
    Otherwise each currency has its own ranking, or only `currency`.

    Raises UsageError if the place has no results, and OutputError if they cannot be read or the temporary file cannot
    be written.
    """
    counts = RankCounts()
    with closing(sqlite3.connect("", isolation_level=None)) as database:  # '' is a temporary file
        with _translated(place):
            for pragma in _PRAGMAS:
                database.execute(f"PRAGMA {pragma}")
            database.execute(_TABLE)
            rows = _rows(read_offers(place, counts), counts, rates, currency)
            database.execute("BEGIN")
            while batch := list(islice(rows, _BATCH)):
                database.executemany(_INSERT, batch)
            database.execute("COMMIT")
            database.executescript(_BOOKS)
            rankings = [CurrencyRanking(*row) for row in database.execute(_SIZES)]
        first = None if rates is None else rates.currency
        rankings.sort(key=lambda each: (each.currency != first, -each.offers, each.currency))
        repeated = counts.ranked - sum(each.offers for each in rankings)
        demo = isinstance(place, Path) and is_demo(place)
        yield OfferRanking(place, demo, counts, rates, tuple(rankings), repeated, database)


def _rows(
    offers: Iterator[FoundOffer], counts: RankCounts, rates: Rates | None, only: str | None
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the table of offers, each in its ranking."""
    for offer in offers:
        if rates is None and only is not None and offer.currency != only:
            counts.other_currency[offer.currency] += 1
            continue
        ranking, compared = offer.currency, offer.price
        if rates is not None:
            factor = rates.factor(offer.currency)
            if factor is None:
                counts.without_rate[offer.currency] += 1
            else:
                ranking, compared = rates.currency, offer.price * factor
        counts.ranked += 1
        yield (
            ranking, offer.book, float(compared), str(offer.price), offer.currency, offer.product_url, offer.url,
            offer.shop, offer.title, offer.author, offer.isbn, offer.gtin, offer.availability,
        )  # fmt: skip


@contextmanager
def _translated(place: Path | str) -> Iterator[None]:
    """Turn an error of SQLite, or of a file of results, into one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(Phrase("rank_file_unusable", why=str(error))) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(Phrase("rank_unreadable", place=shown(place), why=why)) from error
