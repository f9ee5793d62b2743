"""What is to be told, brought to where it goes; what cannot be brought there now is kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.wording import messages_of
from crawler.labels import labels_for
from crawler.watching.memory import Memory

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.alerts.wording import Message
    from crawler.watching.memory import Pending

__all__ = ["Sent", "messages_with_numbers", "send"]

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

    A process that is killed between the two brings a message again: rather twice than not at all. It blocks, some
    half a minute at most for each message that fails; when `stopped` returns True, after the message under way. Raises
    HistoryError where the history cannot be used.
    """
    sent = []
    with Memory(history) as memory:
        for channel in channels:
            pending = memory.pending(channel.key, source=source)
            if pending:
                sent.append(_send_to(channel, pending, memory, lang, stopped))
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
        problem = channel.deliver(message)
        if problem is None:
            memory.delivered(channel.key, numbers)
            delivered += len(numbers)
            failures = 0
        else:
            why = problem
            failures += 1
    return Sent(channel.name, delivered, len(pending) - delivered, why)


def messages_with_numbers(pending: Sequence[Pending], lang: str) -> list[tuple[Message, tuple[int, ...]]]:
    """Return the messages that tell alerts, each in its watch's language, with the numbers of what it tells."""
    by_query: dict[str, list[Pending]] = {}
    for each in pending:
        by_query.setdefault(each.query, []).append(each)
    messages = []
    for query, some in by_query.items():
        number_of = {id(each.alert): each.number for each in some}
        messages += [
            (message, tuple(number_of[id(alert)] for alert in message.alerts))
            for message in messages_of([each.alert for each in some], labels_for(lang, query))
        ]
    return messages
