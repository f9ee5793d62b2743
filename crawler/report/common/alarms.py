"""What no reader of a report may miss."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.clean import clean
from crawler.labels import Labels

__all__ = ["Alarm", "demo_alarm", "replica_alarm"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that no reader may miss."""

    name: str
    """One word in capitals, DEMO, REPLICA, PARTIAL or FAILED, and the same in the report's language."""
    text: str
    details: tuple[tuple[str, str], ...] = ()
    """Failed pages and how they failed."""


def demo_alarm(say: Labels) -> Alarm:
    """Say that the prices are those of the demo shop."""
    return Alarm(say("DEMO"), say("demo_text"))


def replica_alarm(address: str, say: Labels) -> Alarm:
    """Say that the prices are those of the server at `address`, not of the live shop."""
    return Alarm(say("REPLICA"), say("replica_text", address=clean(address)))
