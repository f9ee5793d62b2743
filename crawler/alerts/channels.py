"""Where messages go: Apprise URLs, a file, a feed, a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from crawler.alerts.command_channel import command_channel
from crawler.alerts.feed_channel import feed_channel
from crawler.alerts.file_channel import file_channel
from crawler.alerts.url_channel import url_channels
from crawler.errors import SettingsError

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["Channel", "channels_of"]


class Channel(Protocol):
    """One place that messages are delivered to."""

    @property
    def name(self) -> str:
        """What people call it: «urls[1] (ntfy)», «file alerts.jsonl», «command notify-send». It holds no secret."""

    @property
    def key(self) -> str:
        """What it is known by for good, wherever it stands among others: 16 hexadecimal digits of what was written.

        A token that changes in the environment leaves it as it is.
        """

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Deliver; return None when it is, else a short reason, which cannot hold a secret. Raises nothing.

        The reason is a `Refusal` where the channel was reached. It blocks, in bounds: half a minute for a URL, a minute
        for a command, less than a second from the moment when `stopped` returns True. Any thread may call it.
        """


def channels_of(
    urls: Sequence[str],
    file: str | None,
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    feed: str | None = None,
    check_file: bool = True,
) -> tuple[Channel, ...]:
    """Return the channels that are set up, in this order, checked as far as can be without delivering.

    `environ` is the environment: for the `${NAME}` of URLs, and for the processes that deliver. Raises SettingsError
    for a URL or command that cannot be right, UsageError for URLs without Apprise, OutputError for the file and the
    feed unless `check_file` is False.
    """
    channels: list[Channel] = [*url_channels(urls, environ)]
    numbers: dict[str, int] = {}
    for number, channel in enumerate(channels, 1):
        first = numbers.setdefault(channel.key, number)
        if first != number:
            raise SettingsError(f"{channel.name} repeats urls[{first}]; remove one")
    if file is not None:
        channels.append(file_channel(file, check=check_file))
    if feed is not None:
        if file is not None and os.path.realpath(file) == os.path.realpath(feed):
            raise SettingsError("feed and file name the same file; choose another for one of them")
        channels.append(feed_channel(feed, check=check_file))
    if command:
        channels.append(command_channel(command, environ))
    return tuple(channels)
