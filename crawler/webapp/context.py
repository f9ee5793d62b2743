"""The parts of the program that the handlers use, and the keys under which an application keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from crawler.engine import Crawler, utc_now
from crawler.local_time import local_zone
from crawler.settings import Settings
from crawler.webapp.access import Access

if TYPE_CHECKING:
    from crawler.source import Source

__all__ = ["CONTEXT", "WebContext"]


@dataclass(frozen=True, slots=True)
class WebContext:
    """The settings, the open engine and the files that the web application works with."""

    settings: Settings
    crawler: Crawler
    """An open engine; it runs every search of the application."""
    source: Source
    """Where the prices come from: the live shop, the demo or a replica."""
    history: Path
    """The file of recorded prices; it need not exist."""
    record: bool
    """True if finished searches are recorded there."""
    access: Access = field(default_factory=Access)
    watch_config: Path | None = None
    """The configuration file whose watches the application shows and edits."""
    run_watches: bool = False
    """True if due watches run from the start; the page can change that."""
    now: Callable[[], dt.datetime] = utc_now
    """The clock; it returns aware times in UTC."""
    zone: dt.tzinfo = field(default_factory=local_zone)
    """The reader's time zone."""


CONTEXT = web.AppKey("context", WebContext)
