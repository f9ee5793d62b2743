"""robots.txt from a real server: the responses that count as rules, as no rules, and as no permission."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.download.exchange import Exchange, Problem
from crawler.download.robots import MAX_BYTES, Robots
from crawler.download.robots_store import Kept, Store
from tests.download.robots_host import (
    AGENT,
    SOME_RULES,
    UNAVAILABLE,
    Answer,
    Clock,
    answering,
    files,
    hanging,
    never,
    redirecting,
    reset,
    served,
    serving,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path


async def test_rules_are_asked_for_once_and_obeyed() -> None:
    """One request to the host serves every page; for a denied page, the reason is the decisive line."""
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await robots.rules(f"{host.url}/a?b=c")
        assert await robots.rules(f"{host.url}/private/") is rules
        await robots.close()
        assert rules.allows(f"{host.url}/a?b=c")
        assert not rules.allows(f"{host.url}/private/x")
        assert rules.reason(f"{host.url}/a?b=c") == ""
        assert rules.reason(f"{host.url}/private/x") == "robots.txt disallows it: Disallow: /private/"
        assert (rules.crawl_delay, rules.problem, rules.note) == (2.0, None, "")
        assert host.log == ["/robots.txt"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 410, 451])
async def test_where_there_is_none_everything_is_allowed(status: int) -> None:
    """A 4xx, whatever its body says, denies nothing (RFC 9309 §2.3.1.3)."""
    async with serving(text(b"User-agent: *\nDisallow: /\n", status)) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await robots.rules(host.url)
        assert rules.allows(f"{host.url}/a")
        assert rules.problem is None


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (429, None),
        (429, Problem.TOO_LARGE),
        (429, Problem.TRUNCATED),
        (407, None),
        (407, Problem.PROXY),
        (200, Problem.PROXY),
        (404, Problem.PROXY),
        (404, Problem.PROTOCOL),
        (404, Problem.TIMEOUT),
    ],
)
async def test_what_says_nothing_of_the_file_is_no_permission(status: int, problem: Problem | None) -> None:
    """Neither a refusal of every request nor a proxy's response counts as the shop's robots.txt."""
    end = Exchange("", "", status, "Refused", body=b"User-agent: *\nAllow: /\n", problem=problem)
    rules = await Robots(answering(end), user_agent=AGENT).rules("http://a/")
    assert not rules.allows("http://a/x")
    assert rules.problem == replace(end, body=b"")


@pytest.mark.parametrize("status", [407, 429])
async def test_a_refusal_is_asked_again_and_an_older_copy_serves_meanwhile(
    tmp_path: Path, status: int
) -> None:
    """After all attempts it is a failure like 5xx, and never stored; a copy stored by an earlier version is ignored."""
    clock = Clock()
    Store(tmp_path).write("http://a", Kept(clock.now, status, b""), clock.now)
    fetch = answering(Exchange("", "", status, "No"), served(SOME_RULES), Exchange("", "", status, "No"))
    robots = Robots(fetch, user_agent=AGENT, folder=tmp_path, now=clock)
    assert not (await robots.rules("http://a/")).allows("http://a/x")
    clock.pass_(minutes=1)
    assert (await robots.rules("http://a/")).allows("http://a/x")
    clock.pass_(days=1)
    rules = await robots.rules("http://a/")
    assert (rules.allows("http://a/x"), rules.allows("http://a/private/")) == (True, False)
    assert (
        rules.note == f"robots.txt could not be fetched: {status} No; using the copy of 2026-03-01 12:01 UTC"
    )
    await robots.close()


async def test_429_is_asked_again() -> None:
    """Every attempt is made before it counts."""
    async with serving(text(b"", 429)) as (host, fetch):
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert host.log == ["/robots.txt"] * 2
        assert rules.reason(f"{host.url}/a").endswith("429 Too Many Requests (after 2 attempts)")


async def test_a_redirect_that_is_not_followed_is_said() -> None:
    """It counts as a missing file, as RFC 9309 §2.3.1.2 says for more than five redirects."""
    moved = Exchange("", "", 302, redirect="http://elsewhere/" + "a" * 300)
    rules = await Robots(answering(moved), user_agent=AGENT).rules("http://a/")
    assert rules.allows("http://a/x")
    assert rules.note.startswith("robots.txt redirects to http://elsewhere/aaa")
    assert rules.note.endswith("a…, which is not followed; treated as having no robots.txt")
    assert len(rules.note) < 300
    moved = Exchange("", "", 302, redirect="http://user:secret@elsewhere/robots.txt")
    rules = await Robots(answering(moved), user_agent=AGENT).rules("http://a/")
    assert rules.note.startswith("robots.txt redirects to http://***@elsewhere/robots.txt, ")


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES - 1])
async def test_a_large_file_of_which_less_than_the_first_500_kib_came_is_no_permission(size: int) -> None:
    """A caller that does not keep the start of the body does not get «everything is allowed»."""
    cut = Exchange("", "", 200, body=b"#" * size, problem=Problem.TOO_LARGE, detail="too large")
    rules = await Robots(answering(cut), user_agent=AGENT).rules("http://a/")
    assert rules.reason("http://a/x") == "robots.txt could not be fetched: too large"


async def test_five_redirects_lead_to_the_rules() -> None:
    """They are followed, as RFC 9309 §2.3.1.2 requires; a sixth means that there is no robots.txt."""
    async with serving(redirecting(5)) as (host, fetch):
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert not rules.allows(f"{host.url}/private/")
        host.answer = redirecting(6)
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert rules.allows(f"{host.url}/private/")
        assert rules.problem is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (text(b"", 500), "500 Internal Server Error (after 2 attempts)"),
        (text(b"", 503), "503 Service Unavailable (after 2 attempts)"),
        (hanging, "(after 2 attempts)"),
        (reset, "(after 2 attempts)"),
    ],
)
async def test_where_it_cannot_be_had_nothing_is_allowed(answer: Answer, words: str) -> None:
    """5xx and timeouts deny everything except robots.txt itself, and every page says why (RFC 9309 §2.3.1.4)."""
    async with serving(answer) as (host, fetch):
        rules = await Robots(fetch, user_agent=AGENT).rules(host.url)
        assert host.log == ["/robots.txt"] * 2
        assert rules.problem is not None
        assert not rules.allows(f"{host.url}/a")
        assert rules.allows(f"{host.url}/robots.txt")
        assert rules.reason(f"{host.url}/a").startswith("robots.txt could not be fetched: ")
        assert rules.reason(f"{host.url}/a").endswith(words)


async def test_a_refused_address_can_be_told_from_other_troubles() -> None:
    """The caller sees the problem itself, and its text without attempts if none was made."""
    refused = Exchange("", "", problem=Problem.ADDRESS, detail="10.0.0.1 is a private address")
    rules = await Robots(answering(refused), user_agent=AGENT).rules("http://intranet/")
    assert rules.problem is refused
    assert (
        rules.reason("http://intranet/") == "robots.txt could not be fetched: 10.0.0.1 is a private address"
    )


async def test_why_there_was_no_further_attempt_is_said() -> None:
    """A server that asked for too long a rest is quoted."""
    gave_up = replace(UNAVAILABLE, attempts=1, gave_up="asked to wait 3600 s")
    rules = await Robots(answering(gave_up), user_agent=AGENT).rules("http://a/")
    assert rules.reason("http://a/") == (
        "robots.txt could not be fetched: 503 Service Unavailable (after 1 attempt; asked to wait 3600 s)"
    )


@pytest.mark.parametrize("problem", [Problem.TRUNCATED, Problem.TIMEOUT])
async def test_half_an_answer_is_none(problem: Problem) -> None:
    """Incomplete rules do not count as complete, even with status 200."""
    half = Exchange("", "", 200, body=SOME_RULES, problem=problem, detail="broke off")
    rules = await Robots(answering(half), user_agent=AGENT).rules("http://a/")
    assert rules.reason("http://a/x") == "robots.txt could not be fetched: broke off"


@pytest.mark.parametrize("cut_by_client", [True, False])
async def test_of_a_file_too_large_its_beginning_counts(tmp_path: Path, cut_by_client: bool) -> None:
    """The first 500 KiB are obeyed, except for the line that was cut; the copy on disk says the same."""
    body = b"User-agent: *\nDisallow: /private/\n"
    body += b"# ...........\n" * (MAX_BYTES // 14 + 1)
    body = body[: MAX_BYTES - 12] + b"\nDisallow: /too-long\n"
    assert body[:MAX_BYTES].endswith(b"Disallow: /")
    cut = Exchange("", "", 200, body=body[:MAX_BYTES], problem=Problem.TOO_LARGE)
    for fetch in (answering(cut if cut_by_client else served(body)), never):
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
        rules = await robots.rules("http://a/")
        await robots.close()
        assert rules.allows("http://a/public")
        assert rules.allows("http://a/too-long")
        assert not rules.allows("http://a/private/")


async def test_origins_are_told_apart_and_their_spellings_are_not(tmp_path: Path) -> None:
    """Scheme, host and port make an origin; case, a default port and a password do not matter."""
    asked: list[str] = []

    async def fetch(url: str) -> Exchange:
        asked.append(url)
        return served(b"")

    robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
    for url in (
        "http://Shop.example/a", "HTTP://shop.example:80/b", "http://me:secret@shop.example/c",
        "https://shop.example/", "https://shop.example:443", "http://shop.example:8080/", "http://[::1]:81/",
    ):  # fmt: skip
        await robots.rules(url)
    await robots.close()
    assert asked == [
        "http://shop.example/robots.txt",
        "https://shop.example/robots.txt",
        "http://shop.example:8080/robots.txt",
        "http://[::1]:81/robots.txt",
    ]
    assert len(files(tmp_path)) == 4


@pytest.mark.parametrize(
    "url", ["", "nothing", "http://", "ftp://a/", "http://[", "http://a:b/", "http://a:99999/"]
)
async def test_what_is_no_address_is_not_asked_for(url: str) -> None:
    """The request itself will report the problem."""
    robots = Robots(never, user_agent=AGENT)
    assert (await robots.rules(url)).problem is None
