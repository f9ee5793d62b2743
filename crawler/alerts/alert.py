"""An alert as facts, and as JSON; the words follow when it is sent or shown."""

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
"""The maximum number of characters of a product's number; those of the shop have up to 11."""
URL_LIMIT = 500
MOST_REMARKS = 4
"""The maximum number of characters of each text in JSON, and of remarks in an alert. They keep one environment variable
of a command below the 128 KiB that Linux allows (`MAX_ARG_STRLEN`, execve(2)), whatever a shop or a history file
contains."""


class AlertKind(StrEnum):
    """Kinds of event; the most important first."""

    TARGET_PRICE = "target_price"
    PRICE_DROP = "price_drop"
    NEW_LOWEST = "new_lowest"
    NEW_BOOK = "new_book"
    BACK_IN_STOCK = "back_in_stock"
    TEST = "test"
    """No event: somebody tests the delivery of alerts."""


@dataclass(frozen=True, slots=True)
class PriceEvent:
    """An event of one product; amounts in yuan."""

    kind: AlertKind
    against: Decimal | None = None
    """The amount to compare the price with: the target, the price before a fall, the lowest before; None for other
    kinds."""


@dataclass(frozen=True, slots=True)
class Alert:
    """All the events of one product at one time; amounts in yuan."""

    watch: str
    """The name of the watch."""
    kind: AlertKind
    """The most important kind of event."""
    product_id: str
    title: str
    """As the shop wrote it: untrusted text."""
    url: str
    """The product's page; '' if there is no safe link."""
    at: dt.datetime
    """The time at which the page was fetched; aware, UTC."""
    price: Decimal | None
    """None only for a new book without a price."""
    against: Decimal | None
    """The amount that `kind` compares the price with."""
    remarks: tuple[str, ...] = ()
    """Sentences in words: those of a test, and those that versions before schema 6 recorded."""
    source: str = ""
    """The source of the price: '' for the live shop, «demo», or a replica's address."""
    also: tuple[PriceEvent, ...] = ()
    """Other events of the same time, one of each kind, the most important first."""
    note: BookNote | None = None
    """Facts about the book besides its price; None for a product that the watch names."""
    history: PriceHistory | None = None
    """The price history up to `at`; None for a product that was seen for the first time."""
    later: LaterPrice | None = None
    """Set when the alert is delivered late."""

    @property
    def events(self) -> tuple[PriceEvent, ...]:
        """All events, the most important first."""
        return (PriceEvent(self.kind, self.against), *self.also)

    def remarks_in_words(self, say: Labels = ENGLISH) -> tuple[str, ...]:
        """Put the facts besides the events into sentences: each one clean line within its limit."""
        words = remarks_in_words(self.at, say, later=self.later, note=self.note, history=self.history)
        return tuple(crop(clean(remark), REMARK_LIMIT) for remark in [*words, *self.remarks][:MOST_REMARKS])

    def as_json(self, say: Labels = ENGLISH) -> dict[str, Any]:
        """Return plain values by stable keys: prices as Decimal with two digits, times as «2026-01-31T08:00:00Z».

        Every text is one line of visible characters, cut to its limit; a URL over its limit is omitted.
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
    """Encode each alert as JSON in UTF-8 on one line: prices as numbers with their digits, Chinese unescaped."""
    import msgspec

    encoder = msgspec.json.Encoder(decimal_format="number")  # 12.50 stays 12.50
    return [encoder.encode(alert.as_json(say)) for alert in alerts]


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"))
