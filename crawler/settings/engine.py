"""The settings of the engine: parse processes, and the files that runs keep for later runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from crawler.settings.kinds import FolderPath, Limit, whole
from crawler.settings.option import Option
from crawler.settings.table import Table

__all__ = ["EngineSettings"]


@dataclass(frozen=True, kw_only=True, repr=False)
class EngineSettings(Table):
    """The part of `[crawler]` that concerns neither one search nor the network."""

    section = "crawler"

    workers: Annotated[int, whole(0, 64), Option(commands=("search",), replay="accepted")] = 0
    """The number of parse processes; 0 means one fewer than the usable CPUs, at least 1."""
    parse_timeout: Annotated[Limit, Option()] = 10.0
    """The time limit in seconds for parsing a page."""
    cache_dir: Annotated[FolderPath, Option()] = None
    """The folder for robots.txt files and for the journals that `--resume` reads; None for the user's cache folder. The
    library keeps nothing."""
    resume_max_age: Annotated[Limit, Option()] = 3600.0
    """The maximum age in seconds of an earlier run's page that `--resume` reuses."""
