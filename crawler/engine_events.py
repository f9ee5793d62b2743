"""What happens to the engine: every search that runs on it is told."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EngineEvent", "PaceChanged", "RobotsNoted", "WorkerEvent"]


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """Something happened to a parse process, or to the pool of them."""

    what: str
    """«started», «lost», «killed», «stopped»."""
    pid: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class PaceChanged:
    """A host gets fewer requests at once or a second, or more again; every search of the engine hears of it."""

    host: str
    """Name and port."""
    at_once: int
    """The most from now on."""
    why: str
    gap: float | None = None
    """Seconds between the starts of two requests from now on, 0 for none; None when it is the number at once that
    changed."""


@dataclass(frozen=True, slots=True)
class RobotsNoted:
    """A host's robots.txt is obeyed, and not quite as it stands there now: an old copy, a delay that was cut."""

    host: str
    """Name and port."""
    note: str


EngineEvent = WorkerEvent | PaceChanged | RobotsNoted
"""Any of them."""
