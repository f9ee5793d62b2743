"""Alarms: warnings that no reader of a report may miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from crawler.clean import clean
from crawler.labels import Labels
from crawler.source import Source, SourceKind

__all__ = ["Alarm", "source_alarms"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A warning that no reader may miss."""

    name: str
    """One word in capitals: DEMO, REPLICA, PARTIAL or FAILED, or its translation in the report's language."""
    text: str
    details: tuple[tuple[str, str], ...] = ()
    """Groups of failed pages, each with its outcome."""


def source_alarms(source: Source, say: Labels) -> tuple[Alarm, ...]:
    """Warn that the prices come from a demo or a replica; return no alarm for the live shop."""
    match source.kind:
        case SourceKind.LIVE:
            return ()
        case SourceKind.DEMO:
            return (Alarm(say("DEMO"), say("demo_text")),)
        case SourceKind.REPLICA:
            return (Alarm(say("REPLICA"), say("replica_text", address=clean(source.base_url))),)
        case other:
            assert_never(other)
