"""The client behind a proxy: named by the user or by the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.download.client import Downloader
from crawler.download.exchange import HttpRecord, Problem, Request
from crawler.download.proxies import Proxies
from tests.download.scripted_server import answer, policy, serving

if TYPE_CHECKING:
    import pytest


async def test_requests_go_through_the_proxy_that_was_named() -> None:
    """With a proxy, the request goes to it, in absolute form."""
    async with serving(answer()) as server, Downloader(proxy=server.url) as downloader:
        exchange = await downloader.fetch("http://shop.invalid/?key=%C9%F8", policy(attempts=1))
    assert exchange.status == 200
    assert server.requests[0].startswith(b"GET http://shop.invalid/?key=%C9%F8 HTTP/1.1\r\n")


async def test_a_proxys_password_is_never_told() -> None:
    """If a proxy refuses, the message has the proxy's reason, but not the address that contains its password."""
    refusal = answer(b"", "407 Proxy Authentication Required")
    async with serving(refusal) as server:
        proxy = server.url.replace("http://", "http://user:secret@")
        async with Downloader(proxy=proxy) as downloader:
            exchange = await downloader.fetch("https://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "the proxy refused: 407 Proxy Authentication Required"


async def test_a_socks_proxy_is_refused_with_the_remedy() -> None:
    """A proxy of another kind is not spoken to as if it were an HTTP proxy."""
    async with Downloader(proxy="socks5://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == "socks5 proxies are not supported; give an http:// proxy with --proxy"


async def test_a_dead_proxy_is_named() -> None:
    """Without a proxy at its address, the message is in plain words."""
    async with Downloader(proxy="http://127.0.0.1:9") as downloader:
        exchange = await downloader.fetch("http://shop.invalid/", policy(attempts=1))
    assert exchange.problem is Problem.PROXY
    assert exchange.detail.startswith("no connection to the proxy 127.0.0.1:9: ")


def test_the_environment_names_a_proxy_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and NO_PROXY are obeyed, an explicit proxy takes precedence, and loopback is always direct."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example:8080")
    monkeypatch.setenv("no_proxy", "direct.example")

    def proxy_for(url: str, explicit: str | None) -> str | None:
        proxy = Proxies(explicit).proxy_for(Request(url))
        return None if proxy is None else proxy.url

    assert proxy_for("https://shop.example/", None) == "http://env.example:8080"
    assert proxy_for("https://shop.example/", "http://mine.example:1") == "http://mine.example:1"
    assert proxy_for("https://direct.example/", None) is None
    assert proxy_for("https://127.0.0.1:8000/", "http://mine.example:1") is None
    assert proxy_for("https://localhost:8000/", None) is None


async def test_a_proxys_password_is_in_no_archive() -> None:
    """The record of a request through a proxy contains neither its password nor its address."""
    hops: list[HttpRecord] = []
    async with serving(answer()) as server:
        proxy = server.url.replace("http://", "http://user:secret@")
        async with Downloader(proxy=proxy) as downloader:
            await downloader.fetch("http://shop.invalid/", policy(), on_hop=lambda hop, _: hops.append(hop))
    assert b"Proxy-Authorization: Basic" in server.requests[0]
    assert b"uthorization" not in hops[0].request_head
    assert hops[0].peer is None
