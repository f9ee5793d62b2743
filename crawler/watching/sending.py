"""What is to be told, brought to where it goes; what cannot be brought there now is kept for the next time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.wording import messages_of
from crawler.labels import labels_for
from crawler.local_time import local_zone
from crawler.report.wording import minute, yuan
from crawler.watching.memory import Memory

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.alerts.wording import Message
    from crawler.history.observations import Observation
    from crawler.watching.memory import Pending

__all__ = ["Sent", "messages_with_numbers", "send"]

_AT_ONCE = 100
"""Products whose past is looked at together."""

LATE = dt.timedelta(hours=1)
"""An alert that is older is told with its time, and with what the price has been since."""

FAILURES = 3
"""Messages that fail one after the other until a channel is left alone; one that it will never take is no reason."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the alerts for one channel."""

    channel: str
    """As people call it; it holds no secret."""
    delivered: int = 0
    """Alerts."""
    kept: int = 0
    """Alerts that are kept for the next time."""
    why: str = ""
    """Why the last that failed did; it holds no secret."""


def send(
    history: Path,
    source: str,
    channels: Sequence[Channel],
    *,
    lang: str,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Sent, ...]:
    """Bring to each channel what of a source is pending for it, and note each message that was taken at once.

    What is owed to channels that are not set up any more goes to those that are, if they have not got it yet. A
    process that is killed between the two brings a message again: rather twice than not at all. It blocks, some
    half a minute at most for each message that fails; when `stopped` returns True, after the message under way. Raises
    HistoryError where the history cannot be used.
    """
    sent = []
    with Memory(history) as memory:
        memory.hand_over([channel.key for channel in channels], source=source)
        for channel in channels:
            pending = memory.pending(channel.key, source=source)
            if pending:
                dated = _dated(pending, memory, source, lang)
                sent.append(_send_to(channel, dated, memory, lang, stopped))
    return tuple(sent)


def _send_to(
    channel: Channel, pending: Sequence[Pending], memory: Memory, lang: str, stopped: Callable[[], bool]
) -> Sent:
    delivered = failures = 0
    why = ""
    for message, numbers in messages_with_numbers(pending, lang):
        if failures == FAILURES or stopped():
            why = why or "interrupted"
            break
        memory.attempt(channel.key, numbers)
        problem = channel.deliver(message)
        if problem is None:
            memory.delivered(channel.key, numbers)
            delivered += len(numbers)
            failures = 0
        else:
            why = problem
            failures += 1
    return Sent(channel.name, delivered, len(pending) - delivered, why)


def _dated(pending: Sequence[Pending], memory: Memory, source: str, lang: str) -> list[Pending]:
    """Return alerts with a remark on those that are late: when that was, and the price when it was seen last."""
    before = dt.datetime.now(dt.UTC) - LATE
    late = sorted({each.alert.product_id for each in pending if each.alert.at < before})
    last = {
        number: past[-1]
        for start in range(0, len(late), _AT_ONCE)
        for number, past in memory.series(source, late[start : start + _AT_ONCE]).items()
    }
    return [
        each if each.alert.at >= before else _with_date(each, last.get(each.alert.product_id), lang)
        for each in pending
    ]


def _with_date(pending: Pending, last: Observation | None, lang: str) -> Pending:
    say, alert = labels_for(lang, pending.query, local_zone()), pending.alert
    words = say("alert_late", at=minute(alert.at, say))
    if last is not None and last.at > alert.at:
        price = say("alert_gone") if last.to_be_had is None else yuan(last.to_be_had)
        words = say("alert_late_since", at=minute(alert.at, say), on=minute(last.at, say), price=price)
    return replace(pending, alert=replace(alert, remarks=(words, *alert.remarks)))


def messages_with_numbers(pending: Sequence[Pending], lang: str) -> list[tuple[Message, tuple[int, ...]]]:
    """Return the messages that tell alerts, each in its watch's language, with the numbers of what it tells.

    What was refused before is in no message with what was not: one alert that a service will never take must not keep
    the others back.
    """
    alike: dict[tuple[int, str], list[Pending]] = {}
    for each in pending:
        alike.setdefault((each.attempts, each.query), []).append(each)
    messages = []
    for (_, query), some in alike.items():
        number_of = {id(each.alert): each.number for each in some}
        messages += [
            (message, tuple(number_of[id(alert)] for alert in message.alerts))
            for message in messages_of([each.alert for each in some], labels_for(lang, query))
        ]
    return messages
