"""An alert as facts, and as JSON; the words are made when it is sent or shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crawler.alerts.remarks import LaterPrice, remarks_in_words
from crawler.books.note import BookNote
from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.prices.price_history import PriceHistory

__all__ = ["Alert", "AlertKind", "PriceEvent", "encoded"]

WATCH_LIMIT, TITLE_LIMIT, REMARK_LIMIT, SOURCE_LIMIT = 100, 300, 200, 100
NUMBER_LIMIT = 40
"""Characters of a product's number; those of the shop have up to 11."""
URL_LIMIT = 500
MOST_REMARKS = 4
"""Characters of each text in JSON, and remarks of an alert: with these, what a command gets in one environment variable
stays below the 128 KiB that Linux allows (`MAX_ARG_STRLEN`, execve(2)), whatever a shop or a history file says."""


class AlertKind(StrEnum):
    """Kinds of event; the most telling first."""

    TARGET_PRICE = "target_price"
    PRICE_DROP = "price_drop"
    NEW_LOWEST = "new_lowest"
    NEW_BOOK = "new_book"
    BACK_IN_STOCK = "back_in_stock"
    TEST = "test"
    """Nothing: somebody tries whether alerts arrive."""


@dataclass(frozen=True, slots=True)
class PriceEvent:
    """Something that happened to a product; amounts in yuan."""

    kind: AlertKind
    against: Decimal | None = None
    """The price is compared with it: the target, the price it fell from, the lowest before; None for other kinds."""


@dataclass(frozen=True, slots=True)
class Alert:
    """All that happened to one product at one time; amounts in yuan."""

    watch: str
    """Name of the watch."""
    kind: AlertKind
    """The most telling of what happened."""
    product_id: str
    title: str
    """As the shop wrote it: untrusted text."""
    url: str
    """The product's page; '' where none may be followed."""
    at: dt.datetime
    """When the page was fetched; aware, UTC."""
    price: Decimal | None
    """None for a new book without one alone."""
    against: Decimal | None
    """The amount that `kind` compares it with."""
    remarks: tuple[str, ...] = ()
    """Sentences in words: those of a test, and those that a version before schema 6 recorded."""
    source: str = ""
    """Whose price it is: '' for the live shop, «demo», or a replica's address."""
    also: tuple[PriceEvent, ...] = ()
    """Other events of the same time, each kind once, the most telling first."""
    note: BookNote | None = None
    """Facts about the book besides its price; None for a product that the watch names."""
    history: PriceHistory | None = None
    """The price history up to `at`; None for a product that was seen for the first time."""
    later: LaterPrice | None = None
    """Set when the alert is delivered late."""

    @property
    def events(self) -> tuple[PriceEvent, ...]:
        """All that happened, the most telling first."""
        return (PriceEvent(self.kind, self.against), *self.also)

    def remarks_in_words(self, say: Labels = ENGLISH) -> tuple[str, ...]:
        """Put the facts besides the events into sentences: each one clean line within its limit."""
        words = remarks_in_words(self.at, say, later=self.later, note=self.note, history=self.history)
        return tuple(crop(clean(remark), REMARK_LIMIT) for remark in [*words, *self.remarks][:MOST_REMARKS])

    def as_json(self, say: Labels = ENGLISH) -> dict[str, Any]:
        """Return plain values by stable keys: prices as Decimal of two digits, times as «2026-01-31T08:00:00Z».

        Every text is one line of visible characters, cut to its limit; a URL that is longer than its own is left out.
        """
        url = clean(self.url)
        return {
            "watch": crop(clean(self.watch), WATCH_LIMIT),
            "kind": self.kind.value,
            "product_id": crop(clean(self.product_id), NUMBER_LIMIT),
            "title": crop(clean(self.title), TITLE_LIMIT),
            "url": url if len(url) <= URL_LIMIT else "",
            "at": self.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "price": _money(self.price),
            "against": _money(self.against),
            "events": [{"kind": event.kind.value, "against": _money(event.against)} for event in self.events],
            "remarks": list(self.remarks_in_words(say)),
            "source": crop(clean(self.source), SOURCE_LIMIT),
        }


def encoded(alerts: Iterable[Alert], say: Labels = ENGLISH) -> list[bytes]:
    """Return each alert's JSON as UTF-8 on one line: prices as numbers with their digits, Chinese as it is."""
    import msgspec

    encoder = msgspec.json.Encoder(decimal_format="number")  # 12.50 stays 12.50
    return [encoder.encode(alert.as_json(say)) for alert in alerts]


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"))
