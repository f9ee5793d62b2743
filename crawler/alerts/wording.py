"""Put alerts into words: a title and a plain text for all the alerts of one watch."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crawler.alerts.alert import NUMBER_LIMIT, SOURCE_LIMIT, URL_LIMIT, Alert, AlertKind, PriceEvent
from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels

__all__ = [
    "MOST_ALERTS",
    "Message",
    "followable",
    "happened_in_words",
    "headline",
    "messages_of",
    "text_of",
    "title_of",
    "trial_message",
]

MOST_ALERTS = 20
"""The maximum number of alerts in one message, each about another product: a phone still shows it, and most services
accept it."""

WATCH_LIMIT, BOOK_LIMIT, TITLE_LIMIT = 40, 30, 120
"""The maximum characters of each; a message's title stays below the 200 that services allow."""

SEPARATOR = " · "

CENT = Decimal("0.01")
"""The precision of displayed prices."""

COMPARED = {AlertKind.TARGET_PRICE, AlertKind.PRICE_DROP, AlertKind.NEW_LOWEST}
"""Kinds that compare two prices."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is delivered as a whole."""

    title: str
    """One line."""
    text: str
    """Lines of plain text, without a final newline."""
    alerts: tuple[Alert, ...]
    """The alerts in it."""
    say: Labels = field(default=ENGLISH, repr=False)
    """The labels in its language."""
    lang: str | None = None
    """The setting that chose the language: a language, or auto; None if only `say` is known."""
    query: str = ""
    """The query of the watch, as typed: «auto» follows it."""


def messages_of(
    alerts: Iterable[Alert], say: Labels = ENGLISH, *, lang: str | None = None, query: str = ""
) -> tuple[Message, ...]:
    """Return messages that contain each of `alerts` once, grouped by watch in the order of their first alerts.

    No message names a product twice. Alerts of different sources, such as the shop and the demo, are never in one
    message. `lang` and `query` are those of the messages.
    """
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.watch, alert.source), []).append(alert)
    messages = []
    for group in groups.values():
        parts = _parts(group)
        for number, part in enumerate(parts, 1):
            title = title_of(part, say)
            if len(parts) > 1:
                title += say("bracketed", words=f"{number}/{len(parts)}")
            messages.append(Message(title, text_of(part, say), part, say, lang, query))
    return tuple(messages)


def _parts(alerts: Iterable[Alert]) -> list[tuple[Alert, ...]]:
    """Split the alerts of a watch into those of each message.

    An earlier alert about the same product, which could not be delivered in time, goes into an earlier message.
    """
    rounds: list[list[Alert]] = []
    times: Counter[str] = Counter()
    for alert in alerts:
        if times[alert.product_id] == len(rounds):
            rounds.append([])
        rounds[times[alert.product_id]].append(alert)
        times[alert.product_id] += 1
    return [
        tuple(some[start : start + MOST_ALERTS])
        for some in rounds
        for start in range(0, len(some), MOST_ALERTS)
    ]


def trial_message(say: Labels = ENGLISH) -> Message:
    """Return a message that tests the delivery of alerts, and says so."""
    alert = Alert(
        watch="bookprice", kind=AlertKind.TEST, product_id="", title=say("test_title"), url="",
        at=dt.datetime.now(dt.UTC), price=None, against=None, remarks=(say("test_remark"),),
    )  # fmt: skip
    (message,) = messages_of([alert], say)
    return message


def title_of(alerts: Sequence[Alert], say: Labels = ENGLISH) -> str:
    """Return a title for alerts of one watch: «三体: 2 products — target reached: ¥19.90 (target ¥20.00) · 三体全集».

    With several products, it names the one with the most important alert. Raises ValueError if there are no alerts.
    """
    telling = min(alerts, key=lambda alert: list(AlertKind).index(alert.kind))
    watch, book = crop(clean(telling.watch), WATCH_LIMIT), crop(clean(telling.title), BOOK_LIMIT)
    happened = happened_in_words(telling, say, compare=not telling.also)
    words = SEPARATOR.join(part for part in [happened, book] if part)
    if len(alerts) == 1:
        title = say("alert_title", watch=watch, words=words)
    else:
        title = say("alerts_title", watch=watch, n=len(alerts), words=words)
    return _marked(telling, title, say)


def text_of(alerts: Sequence[Alert], say: Labels = ENGLISH) -> str:
    """Return the text for alerts of one watch: one or two lines for each alert, with an empty line between alerts.

    If they are not from the live shop, a line before them says so.
    """
    sources = dict.fromkeys(alert.source for alert in alerts if alert.source)
    return "\n\n".join(
        [*(_warning(source, say) for source in sources), *(_lines(alert, say) for alert in alerts)]
    )


def _lines(alert: Alert, say: Labels) -> str:
    """Return one line with events and product, and another with its page and the remarks, if there are any."""
    first, url = headline(alert, say), followable(alert.url)
    second = SEPARATOR.join(part for part in [url, *alert.remarks_in_words(say)] if part)
    return f"{first}\n{second}" if second else first


def headline(alert: Alert, say: Labels = ENGLISH) -> str:
    """Return the line with the events and the product, marked if it is not from the live shop."""
    title = crop(clean(alert.title), TITLE_LIMIT) or crop(clean(alert.product_id), NUMBER_LIMIT)
    return _marked(alert, SEPARATOR.join([happened_in_words(alert, say), title]), say)


def followable(url: str) -> str:
    """Return a product's page in a form safe for messages; '' for a URL that is too long or invalid."""
    return url if len(url) <= URL_LIMIT and url == clean(url) and " " not in url else ""


def happened_in_words(alert: Alert, say: Labels = ENGLISH, *, compare: bool = True) -> str:
    """Describe the events with the price and the prices that they compare it with.

    «cheaper, lowest price seen: ¥19.90 (was ¥30.00, 34% less; lowest before ¥24.00, 17% less)»; without `compare`,
    nothing in brackets.
    """
    kinds = say("comma").join(say(f"alert_{event.kind.value}") for event in alert.events)
    if alert.kind is AlertKind.TEST:
        return kinds
    price = say("alert_no_price") if alert.price is None else say.money(alert.price.quantize(CENT))
    words = say("alert_words", words=kinds, price=price)
    compared = [
        _compared(event, event.against, alert.price, say)
        for event in alert.events
        if event.against is not None and event.kind in COMPARED
    ]
    return words + say("bracketed", words=say("and").join(compared)) if compare and compared else words


def _compared(event: PriceEvent, against: Decimal, price: Decimal | None, say: Labels) -> str:
    words = say(f"against_{event.kind.value}", price=say.money(against.quantize(CENT)))
    percent = _percent_below(price, against)
    return say("against_percent", words=words, percent=percent) if percent else words


def _percent_below(price: Decimal | None, against: Decimal) -> int:
    """Return the discount between two displayed prices, in per cent.

    0 if the price is not below; 100 only for a free product.
    """
    if price is None:
        return 0
    price, against = price.quantize(CENT), against.quantize(CENT)
    if not 0 <= price < against:
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
