"""Alerts in words: a title and a plain text for all that one watch has to tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.alerts.alert import (
    MOST_REMARKS,
    NUMBER_LIMIT,
    REMARK_LIMIT,
    SOURCE_LIMIT,
    URL_LIMIT,
    Alert,
    AlertKind,
)
from crawler.labels import ENGLISH, Labels
from crawler.report.clean import clean, crop

__all__ = ["MOST_ALERTS", "Message", "messages_of", "text_of", "title_of"]

MOST_ALERTS = 20
"""Alerts in one message: what a phone still shows, and most services still take."""

WATCH_LIMIT, BOOK_LIMIT, TITLE_LIMIT = 40, 30, 120
"""Characters of each; a message's title stays below the 200 that services allow."""

SEPARATOR = " · "

COMPARED = {AlertKind.TARGET_PRICE, AlertKind.PRICE_DROP, AlertKind.NEW_LOWEST}
"""Kinds that compare one price with another."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is delivered at once."""

    title: str
    """One line."""
    text: str
    """Lines of plain text, without a last line end."""
    alerts: tuple[Alert, ...]
    """What it tells."""


def messages_of(alerts: Iterable[Alert], say: Labels = ENGLISH) -> tuple[Message, ...]:
    """Return messages that tell `alerts`, each of them once: a watch's together, watches in the order they come.

    What is of another source, such as the demo shop, is never in one message with what is not.
    """
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.watch, alert.source), []).append(alert)
    messages = []
    for group in groups.values():
        parts = [tuple(group[start : start + MOST_ALERTS]) for start in range(0, len(group), MOST_ALERTS)]
        for number, part in enumerate(parts, 1):
            title = title_of(part, say)
            if len(parts) > 1:
                title += say("bracketed", words=f"{number}/{len(parts)}")
            messages.append(Message(title, text_of(part, say), part))
    return tuple(messages)


def title_of(alerts: Sequence[Alert], say: Labels = ENGLISH) -> str:
    """Return a title for alerts of one watch: «三体: 2 alerts — target reached: ¥19.90 (target ¥20.00) · 三体全集».

    Of several the most telling is named. Raises ValueError for none.
    """
    telling = min(alerts, key=lambda alert: list(AlertKind).index(alert.kind))
    watch, book = crop(clean(telling.watch), WATCH_LIMIT), crop(clean(telling.title), BOOK_LIMIT)
    words = SEPARATOR.join(part for part in [_happened(telling, say), book] if part)
    if len(alerts) == 1:
        title = say("alert_title", watch=watch, words=words)
    else:
        title = say("alerts_title", watch=watch, n=len(alerts), words=words)
    return _marked(telling, title, say)


def text_of(alerts: Sequence[Alert], say: Labels = ENGLISH) -> str:
    """Return the text for alerts of one watch: one or two lines an alert, an empty one between them.

    A line before them says it when they are not of the live shop.
    """
    sources = dict.fromkeys(alert.source for alert in alerts if alert.source)
    return "\n\n".join(
        [*(_warning(source, say) for source in sources), *(_lines(alert, say) for alert in alerts)]
    )


def _lines(alert: Alert, say: Labels) -> str:
    """Return what happened to which product, and in a second line its page and the remarks, if there are any."""
    title = crop(clean(alert.title), TITLE_LIMIT) or crop(clean(alert.product_id), NUMBER_LIMIT)
    first = _marked(alert, SEPARATOR.join([_happened(alert, say), title]), say)
    url = (
        alert.url
        if len(alert.url) <= URL_LIMIT and alert.url == clean(alert.url) and " " not in alert.url
        else ""
    )
    remarks = [crop(clean(remark), REMARK_LIMIT) for remark in alert.remarks[:MOST_REMARKS]]
    second = SEPARATOR.join(part for part in [url, *remarks] if part)
    return f"{first}\n{second}" if second else first


def _happened(alert: Alert, say: Labels) -> str:
    """Return what happened with its numbers: «cheaper: ¥19.90 (was ¥30.00, 34% less)»."""
    price = say("alert_no_price") if alert.price is None else _yuan(alert.price)
    words = say(f"alert_{alert.kind.value}", price=price)
    if alert.against is None or alert.kind not in COMPARED:
        return words
    against = say(f"against_{alert.kind.value}", price=_yuan(alert.against))
    percent = _percent_below(alert.price, alert.against)
    if percent:
        against = say("against_percent", words=against, percent=percent)
    return words + say("bracketed", words=against)


def _percent_below(price: Decimal | None, against: Decimal) -> int:
    """Return how many percent the price is below the other; 0 where it is not, 100 for what costs nothing alone."""
    if price is None or not 0 <= price < against:
        return 0
    percent = round(100 * (1 - price / against))
    return min(percent, 99) if price > 0 else percent


def _marked(alert: Alert, words: str, say: Labels) -> str:
    if not alert.source:
        return words
    mark = "DEMO" if alert.source == "demo" else "REPLICA"
    return say("mark", marks=say(mark)) + words


def _warning(source: str, say: Labels) -> str:
    if source == "demo":
        return say("alarm", name=say("DEMO"), text=say("demo_text"))
    address = crop(clean(source), SOURCE_LIMIT)
    return say("alarm", name=say("REPLICA"), text=say("replica_text", address=address))


def _yuan(amount: Decimal) -> str:
    return f"¥{amount:,.2f}"
