"""Deliver pending alerts to their channels; keep those that fail for the next round."""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.refusals import INTERRUPTED, FinalRefusal, Refusal
from crawler.alerts.remarks import LaterPrice
from crawler.alerts.wording import MOST_ALERTS, messages_of
from crawler.labels import labels_for
from crawler.local_time import local_zone
from crawler.source import Source
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.alerts.wording import Message
    from crawler.prices.observation import Observation
    from crawler.watching.pending import Pending

__all__ = ["Sent", "send"]

_AT_ONCE = 100
"""The number of products whose histories are read at a time."""

LATE = dt.timedelta(hours=1)
"""An older alert states its time, and the price since then."""

FAILURES = 3
"""Consecutive failed messages after which a channel that has taken nothing in this round is given up."""

REFUSED_AT_A_RUN = MOST_ALERTS
"""Consecutive refused messages after which a channel that has taken others is given up."""

SPLIT_SECONDS = 60.0
"""How long a round splits the messages that a channel refuses, to find the alerts that it takes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of a delivery to one channel."""

    channel: str
    """The name for users; it contains no secret."""
    delivered: int = 0
    """The number of delivered alerts."""
    kept: int = 0
    """The number of alerts kept for the next round."""
    why: str = ""
    """The reason of the last failure; it contains no secret."""
    resting: int = 0
    """The number of kept alerts that were refused often enough to rest for a day."""
    unreadable: tuple[str, ...] = ()
    """One line for each alert that can never be delivered, with the reason."""


def send(
    history: Path,
    source: str,
    channels: Sequence[Channel],
    *,
    lang: str,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Sent, ...]:
    """Deliver the pending alerts of a source to each channel, and record each accepted message at once.

    Alerts owed to channels that are no longer configured go to those that are, unless they have them already. If the
    process is killed between delivery and record, the message is delivered again: a duplicate beats a missed alert. A
    refused message is split, so that a single alert that the channel rejects does not hold back the others.

    The function blocks for at most about half a minute for each message that fails. It ends within a second after
    `stopped` returns True, and aborts the current delivery: that message stays pending, and may arrive twice. Raises
    HistoryError if the history cannot be used.
    """
    sent = []
    with WatchStore(history) as memory:
        memory.hand_over([channel.key for channel in channels], source=source)
        for channel in channels:
            unreadable = tuple(map(str, memory.unreadable(channel.key, source=source)))
            pending = memory.pending(channel.key, source=source)
            if pending:
                dated = _dated(pending, memory, source)
                outcome = _Delivery(channel, memory, source, lang, stopped).deliver(dated)
                sent.append(replace(outcome, unreadable=unreadable))
            elif unreadable:
                sent.append(Sent(channel.name, unreadable=unreadable))
    return tuple(sent)


class _Delivery:
    """The delivery of pending alerts to one channel, in one round."""

    def __init__(
        self, channel: Channel, memory: WatchStore, source: str, lang: str, stopped: Callable[[], bool]
    ) -> None:
        self._channel = channel
        self._memory = memory
        self._source = source
        self._lang = lang
        self._currency = Source.named(source).shop.currency
        self._stopped = stopped
        self._delivered = 0
        self._failures = self._unreached = 0
        """The consecutive failures, and those among them that got no response."""
        self._why = ""
        self._refused: dict[tuple[int, ...], Refusal] = {}
        """Alerts that were refused in a message of their own, by their numbers."""

    def deliver(self, pending: Sequence[Pending]) -> Sent:
        """Deliver as many alerts as the channel accepts, and record its refusals."""
        ends = time.monotonic() + SPLIT_SECONDS
        queue = deque(group for _, group in self._messages(pending))
        while queue:
            if self._stopped():
                self._why = self._why or INTERRUPTED
                break
            most = REFUSED_AT_A_RUN if self._delivered else FAILURES
            if self._failures >= most or self._unreached >= FAILURES:
                break
            group = queue.popleft()
            problem = self._try(group)
            if isinstance(problem, Refusal) and len(group) > 1 and time.monotonic() < ends:
                queue.extendleft(reversed(list(self._parts(group))))
        return Sent(
            self._channel.name,
            self._delivered,
            len(pending) - self._delivered,
            self._why,
            resting=self._note_refusals(len(pending)),
        )

    def _messages(self, pending: Sequence[Pending]) -> list[tuple[Message, tuple[Pending, ...]]]:
        """Return the messages for some alerts, each in the language of its watch and with its alerts.

        Alerts with and without earlier refusals go into separate messages: an alert that a service always rejects must
        not hold back the others.
        """
        alike: dict[tuple[int, str], list[Pending]] = {}
        for each in pending:
            alike.setdefault((each.attempts, each.query), []).append(each)
        messages = []
        for (_, query), some in alike.items():
            told_by = {id(each.alert): each for each in some}
            say = labels_for(self._lang, query, local_zone(), currency=self._currency)
            messages += [
                (message, tuple(told_by[id(alert)] for alert in message.alerts))
                for message in messages_of([each.alert for each in some], say, lang=self._lang, query=query)
            ]
        return messages

    def _try(self, group: Sequence[Pending]) -> str | None:
        """Deliver alerts in one message; return None, or the reason for the failure."""
        ((message, _),) = self._messages(group)
        numbers = tuple(number for each in group for number in each.numbers)
        self._memory.attempt(self._channel.key, numbers)
        problem = self._channel.deliver(message, self._stopped)
        if problem is None:
            self._memory.delivered(self._channel.key, numbers)
            self._delivered += len(group)
            self._failures = self._unreached = 0
            return None
        self._why = problem.reason if isinstance(problem, Refusal) else problem
        self._failures += 1
        if not isinstance(problem, Refusal):
            self._unreached += 1
        elif len(group) == 1:
            self._refused[numbers] = problem
        return problem

    def _parts(self, group: tuple[Pending, ...]) -> Iterator[tuple[Pending, ...]]:
        """Yield the parts of a refused message, to be tried again separately.

        These are halves if the channel has accepted something. Otherwise the first two alerts come first, each alone:
        if the channel refuses both, it is given up after no more failures than a channel that is down.
        """
        if self._delivered:
            half = (len(group) + 1) // 2
            yield group[:half]
            yield group[half:]
            return
        yield group[:1]
        yield group[1:2]
        if len(group) > 2:
            yield group[2:]

    def _note_refusals(self, pending: int) -> int:
        """Count refusals of single alerts that concern the alert, not the channel; return how many alerts rest now.

        A channel with a wrong token refuses every message, and that must not make alerts rest. A channel works if it
        accepted another message in this round, or if a refusal of this alert was counted before. If the alert is the
        only pending one, the reason of the refusal decides.
        """
        before = self._memory.refused_before(self._channel.key, source=self._source)
        counted = {
            numbers: why.reason
            for numbers, why in self._refused.items()
            if self._delivered
            or not before.isdisjoint(numbers)
            or (isinstance(why, FinalRefusal) and pending == 1)
        }
        return self._memory.refused(self._channel.key, counted, dt.datetime.now(dt.UTC)) if counted else 0


def _dated(pending: Sequence[Pending], memory: WatchStore, source: str) -> list[Pending]:
    """Return the alerts; add the product's last known price to late ones."""
    before = dt.datetime.now(dt.UTC) - LATE
    late = sorted({each.alert.product_id for each in pending if each.alert.at < before})
    last = {
        number: past[-1]
        for start in range(0, len(late), _AT_ONCE)
        for number, past in memory.series(source, late[start : start + _AT_ONCE]).items()
    }
    return [
        each if each.alert.at >= before else _with_later_price(each, last.get(each.alert.product_id))
        for each in pending
    ]


def _with_later_price(pending: Pending, last: Observation | None) -> Pending:
    later = LaterPrice()
    if last is not None and last.at > pending.alert.at:
        later = LaterPrice(last.at, last.available_price)
    return replace(pending, alert=replace(pending.alert, later=later))
