"""What is to be told, brought to where it goes; what cannot be brought there now is kept for the next time."""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.refusals import INTERRUPTED, FinalRefusal, Refusal
from crawler.alerts.wording import MOST_ALERTS, messages_of
from crawler.labels import labels_for
from crawler.local_time import local_zone
from crawler.report.common.wording import minute
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from crawler.alerts.channels import Channel
    from crawler.alerts.wording import Message
    from crawler.prices.observation import Observation
    from crawler.watching.pending import Pending

__all__ = ["Sent", "send"]

_AT_ONCE = 100
"""Products whose past is looked at together."""

LATE = dt.timedelta(hours=1)
"""An alert that is older is told with its time, and with what the price has been since."""

FAILURES = 3
"""Messages that fail one after the other until a channel is left alone that has not taken any in this round."""

REFUSED_AT_A_RUN = MOST_ALERTS
"""Messages refused one after the other until a channel is left alone that has taken others."""

SPLIT_SECONDS = 60.0
"""How long a round looks in a channel's refused messages for the alerts that it takes."""


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
    resting: int = 0
    """Alerts among those kept that were refused often enough to rest for a day."""
    unreadable: tuple[str, ...] = ()
    """What is wrong with alerts that can never be brought there, a line each."""


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
    process that is killed between the two brings a message again: rather twice than not at all. A message that a
    channel refuses is split, so that the one alert that it does not take keeps no other back. It blocks, some
    half a minute at most for each message that fails; it ends within a second when `stopped` returns True, which ends
    the delivery under way: that message stays pending, and may come twice. Raises HistoryError where the history
    cannot be used.
    """
    sent = []
    with WatchStore(history) as memory:
        memory.hand_over([channel.key for channel in channels], source=source)
        for channel in channels:
            unreadable = tuple(map(str, memory.unreadable(channel.key, source=source)))
            pending = memory.pending(channel.key, source=source)
            if pending:
                dated = _dated(pending, memory, source, lang)
                outcome = _Delivery(channel, memory, source, lang, stopped).deliver(dated)
                sent.append(replace(outcome, unreadable=unreadable))
            elif unreadable:
                sent.append(Sent(channel.name, unreadable=unreadable))
    return tuple(sent)


class _Delivery:
    """The delivery of what is pending for one channel, in one round."""

    def __init__(
        self, channel: Channel, memory: WatchStore, source: str, lang: str, stopped: Callable[[], bool]
    ) -> None:
        self._channel = channel
        self._memory = memory
        self._source = source
        self._lang = lang
        self._stopped = stopped
        self._delivered = 0
        self._failures = self._unreached = 0
        """Failures one after the other, and those among them that no answer came to."""
        self._why = ""
        self._refused: dict[tuple[int, ...], Refusal] = {}
        """Alerts that were refused alone, by their numbers."""

    def deliver(self, pending: Sequence[Pending]) -> Sent:
        """Bring all of it to the channel that this takes, and note what it refuses."""
        ends = time.monotonic() + SPLIT_SECONDS
        queue = deque(group for _, group in _messages(pending, self._lang))
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

    def _try(self, group: Sequence[Pending]) -> str | None:
        """Bring alerts to the channel in one message; return None, or why not."""
        ((message, _),) = _messages(group, self._lang)
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
        """Yield the parts that a refused message is tried again in.

        Halves, where the channel has taken something. Where it has not, two alerts alone come first: if it refuses
        these as well, it is left alone after no more failures than one that is down.
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
        """Count refusals of alerts alone that are about the alert and not the channel; return how many rest now.

        A wrong token is refused with every message: that must put none to rest. Whoever took another message in this
        round is in order; so it was where the alert was counted before; and of an alert that is all there is,
        the reason alone can tell.
        """
        before = self._memory.refused_before(self._channel.key, source=self._source)
        counted = {
            numbers: str(why)
            for numbers, why in self._refused.items()
            if self._delivered
            or not before.isdisjoint(numbers)
            or (isinstance(why, FinalRefusal) and pending == 1)
        }
        return self._memory.refused(self._channel.key, counted, dt.datetime.now(dt.UTC)) if counted else 0


def _dated(pending: Sequence[Pending], memory: WatchStore, source: str, lang: str) -> list[Pending]:
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
        price = say("alert_gone") if last.available_price is None else say.money(last.available_price)
        words = say("alert_late_since", at=minute(alert.at, say), on=minute(last.at, say), price=price)
    return replace(pending, alert=replace(alert, remarks=(words, *alert.remarks)))


def _messages(pending: Sequence[Pending], lang: str) -> list[tuple[Message, tuple[Pending, ...]]]:
    """Return the messages that tell alerts, each in its watch's language, with what it tells.

    What was refused before is in no message with what was not: one alert that a service will never take must not keep
    the others back.
    """
    alike: dict[tuple[int, str], list[Pending]] = {}
    for each in pending:
        alike.setdefault((each.attempts, each.query), []).append(each)
    messages = []
    for (_, query), some in alike.items():
        told_by = {id(each.alert): each for each in some}
        messages += [
            (message, tuple(told_by[id(alert)] for alert in message.alerts))
            for message in messages_of([each.alert for each in some], labels_for(lang, query))
        ]
    return messages
