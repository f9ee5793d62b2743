"""Load Apprise and all of its services when imported."""

from __future__ import annotations

from apprise.manager_plugins import NotificationManager

NotificationManager().load_modules()  # type: ignore[no-untyped-call]
