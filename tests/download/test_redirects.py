"""The redirects that the client follows, and those that no policy allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.download.client import _may_redirect
from crawler.download.exchange import Request
from crawler.fetch_verdict import judge_fetch
from tests.download.scripted_server import answer, fetch, policy, serving


async def test_redirects_are_followed_as_the_policy_says() -> None:
    """Within the policy a redirect is followed; outside of it the exchange ends with its address."""
    moved = answer(b"", "302 Found", "Location: /there?key=%C9%F8")
    wanted = policy(may_follow=lambda url: url.startswith("http://127.0.0.1"))
    async with serving(moved, answer()) as server:
        exchange, _ = await fetch(server.url, wanted)
    assert (exchange.status, exchange.final_url) == (200, f"{server.url}there?key=%C9%F8")
    assert server.requests[1].startswith(b"GET /there?key=%C9%F8 ")

    away = answer(b"", "302 Found", "Location: https://login.example.com/")
    async with serving(away, answer()) as server:
        exchange, _ = await fetch(server.url, wanted)
    assert (exchange.status, exchange.redirect) == (302, "https://login.example.com/")
    assert len(server.requests) == 1


async def test_a_ring_of_redirects_ends() -> None:
    """A redirect to itself is followed five times and no more."""
    async with serving(answer(b"", "301 Moved Permanently", "Location: /")) as server:
        exchange, _ = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert (exchange.status, exchange.redirect) == (301, server.url)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "http://user:secret@127.0.0.1/", "javascript:alert(1)"],
)
async def test_some_redirects_no_policy_can_allow(location: str) -> None:
    """Other schemes than http(s), and credentials in an address, end the exchange there."""
    async with serving(answer(b"", "302 Found", f"Location: {location}"), answer()) as server:
        exchange, _ = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert exchange.status == 302
    assert len(server.requests) == 1


async def test_a_redirect_is_reported_without_its_password() -> None:
    """The exchange keeps the address; attempts, page details and notes on robots.txt do not show its password."""
    location = "http://user:secret@127.0.0.1/login"
    async with serving(answer(b"", "302 Found", f"Location: {location}"), answer()) as server:
        exchange, attempts = await fetch(server.url, policy(may_follow=lambda _url: True))
    assert exchange.redirect == location
    assert [attempt.outcome for attempt in attempts] == ["302 → http://***@127.0.0.1/login"]
    for redirect in (location, location.removesuffix("login")):
        failure = judge_fetch(replace(exchange, redirect=redirect))
        assert failure is not None
        assert "http://***@127.0.0.1/" in str(failure.detail)
        assert "secret" not in str(failure.detail)


def test_https_is_never_left_for_http() -> None:
    """A redirect from https goes to https or nowhere; from http it may go to either."""
    assert not _may_redirect("https://a.example/", "http://a.example/")
    assert _may_redirect("https://a.example/", "https://b.example/")
    assert _may_redirect("http://a.example/", "https://a.example/")
    assert not _may_redirect("http://a.example/", "http://[half/")


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("http://shop.example/a", "shop.example"),
        ("http://shop.example:80/a", "shop.example"),
        ("https://shop.example:443/a", "shop.example"),
        ("http://shop.example:443/a", "shop.example:443"),
        ("HTTP://Shop.Example:80", "shop.example"),
        ("http://shop.example:/", "shop.example"),
        ("http://shop.example:080/", "shop.example"),
        ("http://shop.example:8080#top", "shop.example:8080"),
        ("http://[::1]:80/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_a_host_has_one_limit_however_it_is_written(url: str, netloc: str) -> None:
    """Limits, back-off and the breaker count by `netloc`."""
    assert Request(url).netloc == netloc
