"""The process that runs Apprise, without the time that its start takes: imported once, then forked per delivery."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from apprise.manager_plugins import NotificationManager

from crawler.alerts.url_channel import _SCRIPT
from tests.cli.command_forkserver import CommandForkserver


def load_apprise() -> None:
    NotificationManager().load_modules()  # type: ignore[no-untyped-call]


class PreloadedApprise(CommandForkserver):
    """A process that has loaded Apprise and all of its services; each delivery runs in a fork of it."""

    def __init__(self) -> None:
        super().__init__(
            "crawler.alerts.apprise_process:main",
            ("requests",),
            "tests.alerts.preloaded_apprise:load_apprise",
        )

    def run_script(
        self, argv: Sequence[str], *, given: bytes, environ: Mapping[str, str], seconds: float, **_: object
    ) -> tuple[int, bytes]:
        """Stand for `crawler.alerts.processes.run`."""
        assert list(argv) == [sys.executable, "-I", str(_SCRIPT)]
        return self.run_in_thread(given, env=environ, cwd=Path.cwd(), seconds=seconds)
