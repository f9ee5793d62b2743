"""The facts of an alert in the feed, beside its words, to reword an older entry when the language changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crawler.alerts.alert import (
    MOST_REMARKS,
    NUMBER_LIMIT,
    REMARK_LIMIT,
    SOURCE_LIMIT,
    TITLE_LIMIT,
    WATCH_LIMIT,
    Alert,
    AlertKind,
)
from crawler.alerts.wording import followable
from crawler.clean import clean, crop

__all__ = ["FeedFacts", "packed", "unpacked"]


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """An alert in the feed, and the query that determines its language."""

    alert: Alert
    query: str


def packed(alert: Alert, query: str) -> str:
    """Encode the facts of an alert as JSON of visible characters; '' for a test, which has none."""
    import msgspec

    if alert.kind is AlertKind.TEST:
        return ""
    note = alert.note
    if note is not None and note.seller is not None:
        note = replace(note, seller=_short(note.seller, TITLE_LIMIT))
    bounded = replace(
        alert,
        watch=_short(alert.watch, WATCH_LIMIT),
        product_id=_short(alert.product_id, NUMBER_LIMIT),
        title=_short(alert.title, TITLE_LIMIT),
        url=followable(alert.url),
        source=_short(alert.source, SOURCE_LIMIT),
        remarks=tuple(_short(remark, REMARK_LIMIT) for remark in alert.remarks[:MOST_REMARKS]),
        note=note,
    )
    encoder = msgspec.json.Encoder(order="deterministic")  # sets have no order of their own
    return encoder.encode(FeedFacts(bounded, _short(query, TITLE_LIMIT))).decode()


def unpacked(facts: str) -> FeedFacts | None:
    """Decode the facts of an entry; None if an earlier version wrote none, or if they are damaged."""
    import msgspec

    try:
        return msgspec.json.decode(facts, type=FeedFacts) if facts else None
    except (msgspec.MsgspecError, UnicodeError, ArithmeticError):
        return None


def _short(text: str, limit: int) -> str:
    return crop(clean(text), limit)
