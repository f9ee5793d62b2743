"""The web application on a real socket, with an engine that parses in a thread and searches the demo shop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crawler.engine import Crawler
from crawler.settings import Settings
from crawler.source import Source
from crawler.webapp.access import Access
from crawler.webapp.context import WebContext
from crawler.webapp.server import Server, serving


@dataclass(frozen=True, slots=True)
class Site:
    """A running application, and a client of it."""

    server: Server
    context: WebContext
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """The address of the application."""
        return self.server.url

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    async def api(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request with the CSRF token; return the status and the JSON of the response."""
        token = {"X-CSRF-Token": self.context.access.csrf_token}
        async with self.session.request(
            method, path, json=body, headers={**token, **(headers or {})}
        ) as response:
            return response.status, await response.json(content_type=None) if response.status != 204 else None

    async def get(self, path: str, **options: Any) -> tuple[int, str]:
        """Return the status and the text of a page."""
        async with self.session.get(path, **options) as response:
            return response.status, await response.text()


@asynccontextmanager
async def open_site(
    folder: Path, *, base_url: str | None = None, price_check: int = 0, **changes: Any
) -> AsyncIterator[Site]:
    """Serve the application; `base_url` is a shop of the test, otherwise the embedded demo shop."""
    settings = Settings(base_url=base_url, price_check=price_check, delay=0)
    with ThreadPoolExecutor(1) as executor:
        async with Crawler(settings, executor=executor, demo=base_url is None) as crawler:
            context = WebContext(
                settings=settings,
                crawler=crawler,
                source=Source.at(base_url, demo=base_url is None),
                **{"history": folder / "history.sqlite3", "record": False, "access": Access(), **changes},
            )
            async with (
                serving(context) as server,
                aiohttp.ClientSession(server.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
            ):
                yield Site(server, context, session)


SiteOpener = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Serve the application with the embedded demo shop."""
    async with open_site(tmp_path) as site:
        yield site
