"""The alert channels that a configuration names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crawler.alerts.channels import Channel, channels_of

if TYPE_CHECKING:
    from crawler.watching.watch import AlertSettings

__all__ = ["configured_channels"]


def configured_channels(
    alerts: AlertSettings, environ: Mapping[str, str], *, check_file: bool
) -> tuple[Channel, ...]:
    """Return the channels of a table `[alerts]`; «~» in a path is the user's home. Raises as `channels_of` does."""
    file, feed = (
        None if path is None else os.path.expanduser(path)  # noqa: PTH111 – Path's own may raise
        for path in (alerts.file, alerts.feed)
    )
    return channels_of(alerts.urls, file, alerts.command, environ, feed=feed, check_file=check_file)
