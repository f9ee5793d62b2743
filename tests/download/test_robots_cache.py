"""robots.txt kept for a day, in memory and on disk, and a failure for a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.download.exchange import Exchange, Problem
from crawler.download.robots import Robots, Rules
from tests.download.robots_host import (
    AGENT,
    SOME_RULES,
    UNAVAILABLE,
    Answer,
    Clock,
    answering,
    files,
    redirecting,
    reset,
    served,
    serving,
    text,
)


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
