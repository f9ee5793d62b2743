"""Proxies: the credentials they get, the errors they cause, and that nothing ever shows the credentials."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.download.client import Downloader
from crawler.download.exchange import AttemptRecord, Exchange, FetchPolicy, HttpRecord, Problem
from crawler.errors import SettingsError
from crawler.proxy_url import ProxyUrl, ProxyUrlError
from crawler.settings import Settings
from tests.download.talking import Talk, page, talking

POLICY = FetchPolicy(obey_robots=False)
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no proxy in the environment."""
    for name in (*VARIABLES, "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


async def fetch(
    proxy: str | None, target: str, policy: FetchPolicy = POLICY
) -> tuple[Exchange, list[AttemptRecord], list[tuple[HttpRecord, bool]]]:
    attempts: list[AttemptRecord] = []
    hops: list[tuple[HttpRecord, bool]] = []
    async with Downloader(proxy=proxy) as downloader:
        exchange = await downloader.fetch(
            target, policy, on_attempt=attempts.append, on_hop=lambda *hop: hops.append(hop)
        )
    return exchange, attempts, hops


def credentials(head: bytes) -> bytes | None:
    """Return what a request's Proxy-Authorization holds."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"proxy-authorization":
            return base64.b64decode(value.removeprefix(b"Basic "), validate=True)
    return None


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("userinfo", "sent"),
    [
        ("user:secret@", b"user:secret"),
        ("用户:密码@", "用户:密码".encode()),
        ("%E7%94%A8:p%40ss%2F%23%3F@", "用:p@ss/#?".encode()),
        ("user:a:b@", b"user:a:b"),
        ("user@", b"user:"),
        (":token@", b":token"),
        ("us%E9r:x@", b"us\xe9r:x"),
        ("user:p@ss@", b"user:p@ss"),
        ("user:100%@", b"user:100%"),
        ("", None),
    ],
)
async def test_credentials_go_out_in_utf8(scheme: str, userinfo: str, sent: bytes | None) -> None:
    """RFC 7617: percent-encoding is undone, the rest is UTF-8; in CONNECT as in a plain request."""

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.send(page("", "502 Bad Gateway"))

    async with talking(conversation) as server:
        proxy = server.url.replace("http://", f"http://{userinfo}")
        _, _, hops = await fetch(
            proxy, f"{scheme}://shop.example/x", FetchPolicy(attempts=1, obey_robots=False)
        )
        (head,) = (head for talk in server.talks for head in talk.heads)
    assert head.startswith(b"CONNECT shop.example:443" if scheme == "https" else b"GET http://shop.example/x")
    assert credentials(head) == sent
    assert b"\r\nAuthorization:" not in head
    assert not any(b"uthorization" in hop.request_head for hop, _ in hops)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("userinfo", "detail"),
    [
        (
            "",
            (
                "the proxy requires authentication: 407 Proxy Authentication Required; "
                "add the user name and password to its URL"
            ),
        ),
        ("alice:secret@", "the proxy refused: 407 Proxy Authentication Required"),
    ],
)
async def test_a_proxys_407_is_the_proxys(scheme: str, userinfo: str, detail: str) -> None:
    """It is a permanent problem of the proxy; its words and body, which may repeat the credentials, are not kept."""

    async def conversation(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.send(page("no, alice:secret", "407 alice:secret", 'Proxy-Authenticate: Basic realm="alice"'))

    async with talking(conversation) as server:
        proxy = server.url.replace("http://", f"http://{userinfo}")
        exchange, attempts, hops = await fetch(proxy, f"{scheme}://shop.example/x")
    assert (exchange.problem, exchange.status, exchange.detail) == (Problem.PROXY, None, detail)
    assert len(attempts) == 1
    assert [(hop.response_head, hop.body, hop.problem) for hop, _ in hops] == [(b"", b"", Problem.PROXY)]
    assert "alice" not in repr((exchange, attempts, hops))


async def test_a_407_is_no_robots_txt() -> None:
    """The proxy's response in place of robots.txt allows nothing."""

    async def conversation(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.send(page("", "407 Proxy Authentication Required"))

    async with talking(conversation) as server:
        exchange, _, hops = await fetch(server.url, "http://shop.example/x", FetchPolicy())
        assert sum(len(talk.heads) for talk in server.talks) == 1
    assert exchange.problem is Problem.ROBOTS
    assert "the proxy requires authentication" in exchange.detail
    assert [of_robots for _, of_robots in hops] == [True]


async def test_a_407_of_a_shop_is_the_shops() -> None:
    """Without a proxy, only the shop can have sent it."""

    async def conversation(talk: Talk) -> None:
        await talk.request()
        talk.send(page("", "407 Proxy Authentication Required"))

    async with talking(conversation) as server:
        wanted = FetchPolicy(obey_robots=False, named_hosts=frozenset({"127.0.0.1"}))
        exchange, attempts, _ = await fetch(None, server.url, wanted)
    assert (exchange.status, exchange.problem) == (407, None)
    assert len(attempts) == 1


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize(
    "value", ["http://us/er:secret@h:1", "http://user:se[cret@h", "user:secret", "ftp://h"]
)
async def test_a_proxy_of_the_environment_that_cannot_be_read_is_one_line(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says where it may come from, without its value, and it is tried once."""
    monkeypatch.setenv(variable, value)
    scheme = "https" if "https" in variable.lower() else "http"
    exchange, attempts, hops = await fetch(None, f"{scheme}://shop.example/")
    assert exchange.problem is Problem.PROXY
    assert exchange.detail == (
        "the proxy (--proxy, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) must be an http:// or https:// URL with a host; write "
        "special characters in the user name and password as %XX"
    )
    assert (len(attempts), hops) == (1, [])


USER, PASSWORD = "Zqalice", "Zqsecret"
"""Words that no message has of itself."""

ODD = st.text(st.sampled_from("/#?[]@\\ :%&;'\"用é\t\x7f１½。0"), max_size=3)


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a user name and a password with any characters."""
    user, password = (draw(ODD) + word + draw(ODD) for word in (USER, PASSWORD))
    return user, password


SPELLINGS = (
    "http://{user}:{password}@127.0.0.1:9",
    "https://{user}:{password}@127.0.0.1:9",
    "http://{user}:{password}@proxy.example:9",
    "{user}:{password}@127.0.0.1:9",
    "http://{user}:{password}127.0.0.1:9",
    "http://{user}:{password}",
    "http://{user}{password}",
    "http://{user}.{password}:9",
    "http://127.0.0.1:9@{user}:{password}",
    "http://127.0.0.1:9@{user}:1234",
    "http://127.0.0.1:9:{user}:{password}",
    "http://127.0.0.1:9/{user}:{password}@",
    "http://{user}@{password}@127.0.0.1:9",
    "http:{user}:{password}@127.0.0.1:9",
    "http:/{user}:{password}@127.0.0.1:9",
    "http:\\\\{user}:{password}@127.0.0.1:9",
    "{user}://{password}@127.0.0.1:9",
    "{user}:{password}://127.0.0.1:9",
    "socks5://{user}:{password}@127.0.0.1:9",
    "http://[{user}:{password}]@127.0.0.1:9",
    "http://{user}:1234",
    " http://{user}:{password}@127.0.0.1:9 ",
)


def no_name(*_: Any, **__: Any) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def only_addresses() -> Iterator[None]:
    """Let no name resolve, so that a mistyped proxy is looked up nowhere."""
    with mock.patch("socket.getaddrinfo", no_name):
        yield


def told(error: BaseException) -> str:
    return f"{error} {error!r}"


@pytest.mark.usefixtures("only_addresses")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(secrets(), st.sampled_from(SPELLINGS), st.sampled_from(VARIABLES))
def test_no_part_of_a_proxys_credentials_is_ever_told(
    pair: tuple[str, str], spelling: str, variable: str
) -> None:
    """Whatever is mistyped in a proxy's URL, no message, value, hop or representation contains a part of it."""
    user, password = pair
    text = spelling.format(user=user, password=password)
    seen: list[Any] = []
    try:
        shown_settings = repr(Settings(proxy=text))
    except SettingsError as error:
        seen.append(told(error))
    else:
        # A password with an `@`, and none before the host: no one can tell that host from another.
        if not ("@" in user + password and "@" not in spelling.format(user="", password="")):
            seen.append(shown_settings)
    for proxy, environ in ((text, {}), (None, {variable: text})):
        with mock.patch.dict(os.environ, environ):
            seen += [
                asyncio.run(fetch(proxy, f"{scheme}://shop.example/", FetchPolicy(attempts=1)))
                for scheme in ("http", "https")
            ]
    with suppress(ProxyUrlError):
        seen.append(ProxyUrl.parse(text))
    shown = repr(seen).lower()
    assert USER.lower() not in shown
    assert PASSWORD.lower() not in shown
