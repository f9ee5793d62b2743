"""robots.txt: fetched from a real server, kept for a day, with a clock that the tests control."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy, Problem
from crawler.download.robots import MAX_BYTES, Robots, Rules
from crawler.download.robots_store import Kept, Store

AGENT = "bookprice-crawler/0.1"
SOME_RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fetch = Callable[[str], Awaitable[Exchange]]


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


class Host:
    """A real server with one response for all addresses, and a log of requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.log: list[str] = []
        self.asked, self.given_up = asyncio.Event(), asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.log.append(request.path)
        self.asked.set()
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.given_up.set()
            raise


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Host, Fetch]]:
    """Serve, and yield a function that fetches like the client: two attempts, five redirects, the size limit."""
    host = Host(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    policy = FetchPolicy(
        attempts=2,
        max_bytes=MAX_BYTES,
        may_follow=lambda _url: True,
        named_hosts=frozenset({"127.0.0.1"}),
        obey_robots=False,
    )
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = "http://{}:{}".format(*runner.addresses[0])
        async with Downloader(read_timeout=0.3, connect_timeout=2.0) as downloader:
            yield host, lambda url: downloader.fetch(url, policy)
    finally:
        await runner.cleanup()


def text(body: bytes = SOME_RULES, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    return answer


async def hanging(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def redirecting(times: int) -> Answer:
    """Redirect through this many addresses to the rules."""

    async def answer(request: web.Request) -> web.StreamResponse:
        step = 0 if request.path == "/robots.txt" else int(request.path.removeprefix("/"))
        if step == times:
            return web.Response(body=SOME_RULES)
        return web.Response(status=301, headers={"Location": f"/{step + 1}"})

    return answer


async def never(url: str) -> Exchange:
    raise AssertionError(f"{url} was asked for")


def answering(*exchanges: Exchange) -> Fetch:
    """Respond without a server, for cases that would take a real one too long."""
    rest = list(exchanges)

    async def fetch(_url: str) -> Exchange:
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return fetch


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def served(body: bytes, status: int = 200) -> Exchange:
    return Exchange("", "", status, body=body)


UNAVAILABLE = Exchange("", "", 503, "Service Unavailable", attempts=3)


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


async def test_however_many_ask_the_host_is_asked_once() -> None:
    """A hundred callers at once share one request and its rules."""
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        rules = await asyncio.gather(*(robots.rules(f"{host.url}/{number}") for number in range(100)))
        assert len(set(map(id, rules))) == 1
        assert host.log == ["/robots.txt"]
        assert not robots._inquiries


class Gate:
    """A fetch that waits for a signal."""

    def __init__(self) -> None:
        self.open, self.reached = asyncio.Event(), asyncio.Event()
        self.asked = self.cancelled = 0

    async def fetch(self, _url: str) -> Exchange:
        self.asked += 1
        self.reached.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return served(SOME_RULES)


async def test_a_caller_that_is_cancelled_costs_the_others_nothing() -> None:
    """If the first of three is cancelled, the others get their rules from the same request."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    callers = [asyncio.create_task(robots.rules("http://a/")) for _ in range(3)]
    await gate.reached.wait()
    callers[0].cancel()
    await asyncio.wait(callers[:1])
    gate.open.set()
    assert await callers[1] is await callers[2]
    assert callers[0].cancelled()
    assert (gate.asked, gate.cancelled) == (1, 0)


async def test_when_all_callers_are_gone_the_request_is_given_up() -> None:
    """The server sees the connection close, no task is left, and the next caller starts a new request."""
    async with serving(hanging) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT)
        callers = [asyncio.create_task(robots.rules(host.url)) for _ in range(3)]
        await host.asked.wait()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await host.given_up.wait()
        await robots.close()
        assert not robots._inquiries
        assert not robots._tasks
        host.answer = text()
        assert (await Robots(fetch, user_agent=AGENT).rules(host.url)).crawl_delay == 2.0


async def test_a_new_caller_does_not_inherit_what_the_last_one_gave_up() -> None:
    """If a caller arrives just after the last one left, the host is requested again."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    first = asyncio.create_task(robots.rules("http://a/"))
    await gate.reached.wait()
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(robots.rules("http://a/"))
    gate.open.set()
    assert (await second).crawl_delay == 2.0
    assert (gate.asked, gate.cancelled) == (2, 1)


async def test_close_ends_what_is_under_way() -> None:
    """Waiting callers learn that it is closed, not that they were cancelled; no task is left."""
    gate = Gate()
    robots = Robots(gate.fetch, user_agent=AGENT)
    caller = asyncio.create_task(robots.rules("http://a/"))
    await gate.reached.wait()
    await robots.close()
    with pytest.raises(RuntimeError, match="close"):
        await caller
    with pytest.raises(RuntimeError, match="close"):
        await robots.rules("http://b/")
    assert gate.cancelled == 1
    assert not robots._tasks


async def test_what_fetch_raises_reaches_every_caller() -> None:
    """An error in the client is not the host's fault: it is raised, and not remembered."""

    async def broken(_url: str) -> Exchange:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    robots = Robots(broken, user_agent=AGENT)
    ends = await asyncio.gather(*(robots.rules("http://a/") for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [ZeroDivisionError] * 3
    assert not robots._inquiries


async def test_a_second_run_asks_nothing_for_a_day(tmp_path: Path) -> None:
    """With the same folder, the copy is used; a day later the host is requested again, and the copy renewed."""
    clock = Clock()
    async with serving(text()) as (host, fetch):

        async def run() -> Rules:
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path / "robots", now=clock)
            rules = await robots.rules(f"{host.url}/a")
            await robots.close()
            return rules

        await run()
        clock.pass_(hours=23, minutes=59)
        rules = await run()
        assert host.log == ["/robots.txt"]
        assert (rules.crawl_delay, rules.allows(f"{host.url}/private/")) == (2.0, False)
        clock.pass_(minutes=1)
        host.answer = text(b"User-agent: *\nDisallow: /other/\n")
        rules = await run()
        assert host.log == ["/robots.txt"] * 2
        assert rules.allows(f"{host.url}/private/")
        rules = await run()
        assert host.log == ["/robots.txt"] * 2
        assert not rules.allows(f"{host.url}/other/")


async def test_memory_holds_for_a_day_too() -> None:
    """A long-lived process requests the file again after a day, or if its clock was set back."""
    clock = Clock()
    async with serving(text()) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT, now=clock)
        for hours, asked in [(0, 1), (23.9, 1), (0.1, 2), (-1, 3)]:
            clock.pass_(hours=hours)
            await robots.rules(host.url)
            assert len(host.log) == asked


async def test_a_404_is_kept_as_well(tmp_path: Path) -> None:
    """A missing robots.txt is requested only once a day."""
    async with serving(text(b"User-agent: *\nDisallow: /", 404)) as (host, fetch):
        for _ in range(2):
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
            assert (await robots.rules(host.url)).allows(f"{host.url}/a")
            await robots.close()
        assert host.log == ["/robots.txt"]


@pytest.mark.parametrize("answer", [text(b"", 503), reset, redirecting(9)])
async def test_a_failure_is_not_kept(tmp_path: Path, answer: Answer) -> None:
    """The next run requests it again if it could not be fetched, or only redirects were received."""
    async with serving(answer) as (host, fetch):
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
        await robots.rules(host.url)
        await robots.close()
        assert files(tmp_path) == []


async def test_a_failure_is_remembered_for_a_minute() -> None:
    """The pages of one run do not all wait for a dead host; a later search tries again."""
    clock = Clock()
    fetch = answering(UNAVAILABLE, served(SOME_RULES))
    robots = Robots(fetch, user_agent=AGENT, now=clock)
    assert (await robots.rules("http://a/")).problem is UNAVAILABLE
    clock.pass_(seconds=59)
    assert (await robots.rules("http://a/")).problem is UNAVAILABLE
    clock.pass_(seconds=1)
    assert (await robots.rules("http://a/")).problem is None


async def test_of_two_failures_the_later_is_told() -> None:
    """Rules that deny because robots.txt could not be fetched are not a usable copy."""
    clock = Clock()
    reset_later = Exchange("", "", problem=Problem.RESET, detail="the connection was closed")
    robots = Robots(answering(UNAVAILABLE, reset_later), user_agent=AGENT, now=clock)
    await robots.rules("http://a/")
    clock.pass_(minutes=1)
    rules = await robots.rules("http://a/")
    assert (rules.problem, rules.note) == (reset_later, "")


@pytest.mark.parametrize("on_disk", [True, False])
async def test_an_old_copy_serves_while_no_newer_one_can_be_had(tmp_path: Path, on_disk: bool) -> None:
    """An expired copy is obeyed, from disk or memory, with a note; the host is requested again later."""
    clock = Clock()
    fetch = answering(served(SOME_RULES), UNAVAILABLE, UNAVAILABLE, served(b""))
    robots = Robots(fetch, user_agent=AGENT, folder=tmp_path if on_disk else None, now=clock)
    first = await robots.rules("http://a/")
    if on_disk:
        await robots.close()
        robots = Robots(fetch, user_agent=AGENT, folder=tmp_path, now=clock)
    for days in (2, 3):
        clock.pass_(days=days)
        rules = await robots.rules("http://a/")
        assert (rules.allows("http://a/"), rules.allows("http://a/private/")) == (True, False)
        assert rules.problem is None
        assert rules.note == (
            "robots.txt could not be fetched: 503 Service Unavailable (after 3 attempts);"
            " using the copy of 2026-03-01 12:00 UTC"
        )
        assert await robots.rules("http://a/") is rules
    assert first.note == ""
    clock.pass_(hours=1)
    assert (await robots.rules("http://a/")).allows("http://a/private/")


async def test_a_folder_that_cannot_be_written_costs_a_note(tmp_path: Path) -> None:
    """The rules work all the same, and a note says why there is no copy."""
    (tmp_path / "file").write_bytes(b"")
    robots = Robots(answering(served(SOME_RULES)), user_agent=AGENT, folder=tmp_path / "file" / "folder")
    rules = await robots.rules("http://a/")
    assert not rules.allows("http://a/private/")
    await robots.close()
    assert rules.note.startswith(f"robots.txt could not be saved in {tmp_path / 'file' / 'folder'}: ")
    robots = Robots(answering(served(SOME_RULES)), user_agent=AGENT, folder=Path("a\0b"))
    rules = await robots.rules("http://a/")
    await robots.close()
    assert "could not be saved" in rules.note


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


async def test_memory_is_bounded_by_what_rules_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest origins are remembered; fewer of them if their files are long."""
    monkeypatch.setattr("crawler.download.robots.MOST_BYTES", 3_000_000)
    for body, most in ((b"", 1_000), (b"# long\n" * 1_000, 40)):
        robots = Robots(answering(served(body)), user_agent=AGENT)
        for number in range(1_100):
            await robots.rules(f"http://{number}.example/")
        assert most * 0.8 <= len(robots._cached) <= most
        assert "http://1099.example" in robots._cached
        assert not robots._inquiries


async def test_thousands_of_origins_are_asked_once_each() -> None:
    """The memory suffices for the work: round after round, no origin is requested again."""
    asked: list[str] = []
    answer = answering(served(b"User-agent: *\nDisallow: /private/\n"))

    async def fetch(url: str) -> Exchange:
        asked.append(url)
        return await answer(url)

    robots = Robots(fetch, user_agent=AGENT)
    for _ in range(3):
        for number in range(2_000):
            await robots.rules(f"http://{number}.example/page")
    assert len(asked) == len(set(asked)) == 2_000


async def test_a_failure_is_remembered_without_its_page() -> None:
    """The error pages of a thousand hosts are not kept as long as the errors are."""
    robots = Robots(answering(served(b"x" * 100_000, status=500)), user_agent=AGENT)
    rules = await robots.rules("http://a.example/")
    assert rules.problem is not None
    assert rules.problem.status == 500
    assert not rules.problem.body


async def test_a_damaged_copy_is_asked_for_again(tmp_path: Path) -> None:
    """Damage costs one request; then the copy is complete again."""
    async with serving(text()) as (host, fetch):
        for damage in (False, True, False):
            if damage:
                (path,) = files(tmp_path)
                path.write_bytes(b"{")
            robots = Robots(fetch, user_agent=AGENT, folder=tmp_path)
            assert (await robots.rules(host.url)).crawl_delay == 2.0
            await robots.close()
        assert host.log == ["/robots.txt"] * 2
