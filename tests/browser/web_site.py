"""The web application in a thread with a loop of its own: Playwright's driver occupies the loop of the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crawler.demo.faults import Fault
from crawler.demo.search_request import read_search
from crawler.demo.server import DemoShop
from crawler.results import SearchResult
from crawler.webapp.searches import WebSearch
from crawler.webapp.state import STATE
from tests.webapp.conftest import Site, open_site

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T")


class GatedShop(DemoShop):
    """A demo shop that holds back the pages from the third on of some queries until a test lets them through."""

    def __init__(self, faults: Iterable[Fault], held: Collection[str]) -> None:
        super().__init__(faults=faults)
        self._held = held
        self.gate = asyncio.Event()

    async def _front(self, request: web.Request) -> web.StreamResponse:
        search = read_search(request.rel_url.raw_query_string)
        if search is not None and search.query in self._held and search.page > 2:
            await self.gate.wait()
        return await super()._front(request)


class ThreadedSite:
    """A demo shop, the application in front of it, and a relay whose connections a test can break."""

    def __init__(
        self, folder: Path, faults: Iterable[Fault] = (), *, held: Collection[str] = (), **changes: Any
    ) -> None:
        """`held` are queries whose pages from the third on wait for `release`."""
        self._held = held
        self._folder = folder
        self._faults = tuple(faults)
        self._changes = changes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="site", daemon=True)
        self._relayed: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._stack = AsyncExitStack()
        self.call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the site's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def keep(self, result: SearchResult) -> str:
        """Make a result one of the finished searches, and return its id."""

        def keep() -> str:
            search = WebSearch(result.query, {"rank": result.rank}, started_at=result.started_at)
            search.result = result
            search.requested = len(result.pages)
            search.done = {page.page: page.verdict.failed for page in result.pages}
            search.ended.set()
            self.site.server.app[STATE].searches._searches[search.id] = search
            return search.id

        return self.call(_called(keep))

    def release(self) -> None:
        """Let the pages through that are held back now; later ones are held back again."""

        def release() -> None:
            self.shop.gate.set()
            self.shop.gate = asyncio.Event()

        self.call(_called(release))

    def break_connections(self) -> None:
        """Break every connection through the relay, as a network does."""

        def abort() -> None:
            for writer in self._relayed:
                writer.transport.abort()

        self.call(_called(abort))

    async def _open(self) -> None:
        enter = self._stack.enter_async_context
        self.shop = await enter(GatedShop(self._faults, self._held))
        self.site: Site = await enter(open_site(self._folder, base_url=self.shop.base_url, **self._changes))
        self.url = self.site.url
        relay = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self._stack.callback(relay.close)
        self.relay_url = f"http://127.0.0.1:{relay.sockets[0].getsockname()[1]}"

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self.site.address)
        self._relayed |= {writer, back}
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._relayed -= {writer, back}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _called(function: Callable[[], T]) -> T:
    return function()
