"""Names are looked up in threads of our own: dead ones delay no other request."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from crawler.download.client import Downloader
from crawler.download.exchange import FetchPolicy, Problem
from crawler.download.resolver import thread_resolver
from tests.bulk.sites import serving

DEAD = [f"dead-{n}.example" for n in range(20)]


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let lookups of dead names wait until this is set, and then find nothing."""
    ended = threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: Any, *args: Any, **options: Any) -> Any:
        if host in DEAD:
            assert ended.wait(30)
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    return ended


def loops() -> list[Any]:
    """Return the factories of event loops that can be installed."""
    factories = [pytest.param(asyncio.new_event_loop, id="asyncio")]
    try:
        import uvloop
    except ImportError:
        return factories
    return [*factories, pytest.param(uvloop.new_event_loop, id="uvloop")]


@pytest.mark.parametrize("factory", loops())
def test_dead_names_delay_no_connection(
    silence: threading.Event, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """A page comes from an IP address, and from a name that is alive, while 20 lookups hang."""

    async def fetch_all() -> None:
        policy = FetchPolicy(attempts=1, obey_robots=False, allow_private=True)
        async with serving(hosts=1) as sites, Downloader() as downloader:
            dead = [asyncio.create_task(downloader.fetch(f"http://{name}/", policy)) for name in DEAD]
            await asyncio.sleep(0)
            for host in ("127.0.0.1", "localhost"):
                page = await downloader.fetch(f"http://{host}:{sites.port}/", policy)
                assert page.status == 200
            assert not any(task.done() for task in dead)
            silence.set()
            assert {(await task).problem for task in dead} == {Problem.NAME}

    with asyncio.Runner(loop_factory=factory) as run:
        from concurrent.futures import ThreadPoolExecutor

        run.get_loop().set_default_executor(ThreadPoolExecutor(len(DEAD) + 2))
        run.run(fetch_all())


async def test_addresses_of_the_local_link_keep_their_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver asks for the name of such an address, in a thread, too."""
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 1))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    [address] = await thread_resolver().resolve("somewhere.example", 80, socket.AF_UNSPEC)
    assert address["host"].startswith("::1")
