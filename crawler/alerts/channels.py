"""The channels for messages: Apprise URLs, a file, a feed, a command."""

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
    """A destination for messages."""

    @property
    def name(self) -> str:
        """The name for users: «urls[1] (ntfy)», «file alerts.jsonl», «command notify-send». It contains no secret."""

    @property
    def key(self) -> str:
        """The permanent identifier, independent of the order of channels: 16 hexadecimal digits of the configured text.

        It stays the same when a token in the environment changes.
        """

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Deliver a message; return None on success, else a short reason without secrets. Raises nothing.

        The reason is a `Refusal` if the channel was reached. The call blocks for a limited time: half a minute for a
        URL, a minute for a command, and less than a second after `stopped` returns True. Any thread may call it.
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
    """Return the configured channels, in this order, checked as far as possible without a delivery.

    `environ` is the environment: for the `${NAME}` of URLs, and for the processes that deliver. Raises SettingsError
    for a URL or command that cannot be right, UsageError for URLs without Apprise, and, unless `check_file` is False,
    OutputError for the file and the feed.
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
