"""Further sentences of an alert, worded from facts in the current language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.report.common.wording import minute
from crawler.report.search.history_wording import past_in_words, raised_then_cut
from crawler.report.search.wording import note_in_words

if TYPE_CHECKING:
    from crawler.books.note import BookNote
    from crawler.labels import Labels
    from crawler.prices.price_history import PriceHistory

__all__ = ["LaterPrice", "remarks_in_words"]


@dataclass(frozen=True, slots=True)
class LaterPrice:
    """The last observation of a product whose alert is delivered late."""

    at: dt.datetime | None = None
    """The time of that observation; None if there is none after the alert."""
    price: Decimal | None = None
    """Its price then, in yuan; None if it could not be bought."""


def remarks_in_words(
    alerted_at: dt.datetime,
    say: Labels,
    *,
    later: LaterPrice | None,
    note: BookNote | None,
    history: PriceHistory | None,
) -> Iterator[str]:
    """Yield the sentences that follow from an alert's facts, the most important first."""
    if later is not None:
        yield _late(alerted_at, later, say)
    if note is not None and (words := note_in_words(note, say)):
        yield words
    if history is not None:
        if history.raised_then_cut is not None:
            yield raised_then_cut(history.raised_then_cut, say)
        yield past_in_words(history, say)


def _late(alerted_at: dt.datetime, later: LaterPrice, say: Labels) -> str:
    if later.at is None:
        return say("alert_late", at=minute(alerted_at, say))
    price = say("alert_gone") if later.price is None else say.money(later.price)
    return say("alert_late_since", at=minute(alerted_at, say), on=minute(later.at, say), price=price)
