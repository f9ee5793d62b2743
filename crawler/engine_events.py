"""Events of the engine, which every search that runs on it receives."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EngineEvent", "PaceChanged", "RobotsNoted", "WorkerEvent"]


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """An event of a parse process, or of the pool of them."""

    what: str
    """«started», «lost», «killed», «stopped»."""
    pid: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class PaceChanged:
    """The limit of a host changed, for parallel requests or requests per second; every search of the engine gets it."""

    host: str
    """Name and port."""
    at_once: int
    """The maximum number of parallel requests from now on."""
    why: str
    gap: float | None = None
    """Seconds between the starts of two requests from now on, 0 for none; None if the number of parallel requests
    changed instead."""


@dataclass(frozen=True, slots=True)
class RobotsNoted:
    """A host's robots.txt is obeyed, but not exactly as it stands: an old copy, a delay that was reduced."""

    host: str
    """Name and port."""
    note: str


EngineEvent = WorkerEvent | PaceChanged | RobotsNoted
"""Any event of the engine."""
