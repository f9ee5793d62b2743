"""Alerts in words: a title and a plain text for all that one watch has to tell."""

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
"""Alerts in one message, each of another product: what a phone still shows, and most services still take."""

WATCH_LIMIT, BOOK_LIMIT, TITLE_LIMIT = 40, 30, 120
"""Characters of each; a message's title stays below the 200 that services allow."""

SEPARATOR = " · "

CENT = Decimal("0.01")
"""To which prices are shown."""

COMPARED = {AlertKind.TARGET_PRICE, AlertKind.PRICE_DROP, AlertKind.NEW_LOWEST}
"""Kinds that compare one price with another."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is delivered as a whole."""

    title: str
    """One line."""
    text: str
    """Lines of plain text, without a last line end."""
    alerts: tuple[Alert, ...]
    """The alerts in it."""
    say: Labels = field(default=ENGLISH, repr=False)
    """The words that it is written in."""
    lang: str | None = None
    """The setting that chose them: a language, or auto; None where nothing but `say` is known."""
    query: str = ""
    """Query of the watch, as typed: «auto» follows it."""


def messages_of(
    alerts: Iterable[Alert], say: Labels = ENGLISH, *, lang: str | None = None, query: str = ""
) -> tuple[Message, ...]:
    """Return messages that tell `alerts`, each of them once: a watch's together, watches in the order they come.

    No message names a product twice. What is of another source, such as the demo shop, is never in one message with
    what is not. `lang` and `query` are those of the messages.
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

    An earlier alert of a product, which could not be delivered in time, goes into an earlier message.
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
    """Return a message that tries whether alerts arrive, and says so."""
    alert = Alert(
        watch="bookprice", kind=AlertKind.TEST, product_id="", title=say("test_title"), url="",
        at=dt.datetime.now(dt.UTC), price=None, against=None, remarks=(say("test_remark"),),
    )  # fmt: skip
    (message,) = messages_of([alert], say)
    return message


def title_of(alerts: Sequence[Alert], say: Labels = ENGLISH) -> str:
    """Return a title for alerts of one watch: «三体: 2 products — target reached: ¥19.90 (target ¥20.00) · 三体全集».

    Of several products the one with the most telling alert is named. Raises ValueError for none.
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
    """Return the text for alerts of one watch: one or two lines an alert, an empty one between them.

    A line before them says it when they are not of the live shop.
    """
    sources = dict.fromkeys(alert.source for alert in alerts if alert.source)
    return "\n\n".join(
        [*(_warning(source, say) for source in sources), *(_lines(alert, say) for alert in alerts)]
    )


def _lines(alert: Alert, say: Labels) -> str:
    """Return one line with events and product, and a second one with its page and the remarks, if there are any."""
    first, url = headline(alert, say), followable(alert.url)
    second = SEPARATOR.join(part for part in [url, *alert.remarks_in_words(say)] if part)
    return f"{first}\n{second}" if second else first


def headline(alert: Alert, say: Labels = ENGLISH) -> str:
    """Return the line that says what happened to which product, marked where it is not of the live shop."""
    title = crop(clean(alert.title), TITLE_LIMIT) or crop(clean(alert.product_id), NUMBER_LIMIT)
    return _marked(alert, SEPARATOR.join([happened_in_words(alert, say), title]), say)


def followable(url: str) -> str:
    """Return a product's page as a message may show it; '' for a URL that is too long, or holds what a URL cannot."""
    return url if len(url) <= URL_LIMIT and url == clean(url) and " " not in url else ""


def happened_in_words(alert: Alert, say: Labels = ENGLISH, *, compare: bool = True) -> str:
    """Describe the events with the price and the prices they compare it with.

    «cheaper, lowest price seen: ¥19.90 (was ¥30.00, 34% less; lowest before ¥24.00, 17% less)»; without `compare`
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

    0 where it is not below; 100 only for what costs nothing.
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
