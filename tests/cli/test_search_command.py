"""The search as a user runs it: failures, exit codes, and messages on stderr."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from typing import TYPE_CHECKING

import pytest

from crawler.__main__ import main
from crawler.cli import search
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.cli.conftest import Run, Start, names

if TYPE_CHECKING:
    from pathlib import Path


async def test_some_failed_pages_are_told_and_exit_with_3(run: Run, folder: Path) -> None:
    """A failed page is one line on stderr even with --quiet; the report is written and marked partial; exit code 3."""
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL, pages={2})]) as shop:
        url = shop.base_url
        ended = await run("書", "--base-url", url, "--price-check", "0", "--quiet", "-o", "a.json")
    assert ended.code == 3
    assert ended.only_line.startswith("page 2: blocked: 405")
    assert ended.text.startswith("PARTIAL, REPLICA — ")
    assert f"results from {url}, not the live shop" in " ".join(ended.text.split())
    report = json.loads((folder / "a.json").read_bytes())
    assert report["complete"] is False
    assert report["demo"] is False
    assert report["base_url"] == url
    assert [page["page"] for page in report["pages"]["failed"]] == [2]


async def test_a_file_that_cannot_be_written_after_all_is_an_error(start: Start, folder: Path) -> None:
    """If a checked file cannot be written at the end, everything else is, and the exit code is 1."""
    (folder / "gone").mkdir()
    async with DemoShop(latency=1) as shop:
        process = await start("書", "--base-url", shop.base_url, "-o", "gone/a.csv", "-o", "b.csv")
        while len(shop.searches) < 3:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        (folder / "gone").rmdir()
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert err.decode().startswith("bookprice: gone/a.csv cannot be written: ")
    assert err.count(b"\n") == 1
    assert b"before coupons and postage" in out
    assert names(folder) == ["b.csv"]


async def test_no_page_at_all_exits_with_4_and_keeps_earlier_reports(run: Run, folder: Path) -> None:
    """When no page could be read, one line says why, earlier files stay, and --format still gets its report."""
    (folder / "a.csv").write_text("earlier")
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL)]) as shop:
        ended = await run("書", "--price-check", "0", "--base-url", shop.base_url, "-o", "a.csv")
        assert (ended.code, ended.out) == (4, b"")
        assert "no page could be read; no file was written: pages 1–3: blocked: 405" in ended.only_line
        assert "lower --concurrency" in ended.only_line
        ended = await run(
            "書", "--price-check", "0", "--base-url", shop.base_url, "-o", "a.csv", "--format", "json"
        )
        assert ended.code == 4
        assert json.loads(ended.out)["books"] == []
        ended = await run("書", "--price-check", "0", "--base-url", shop.base_url)
        assert (ended.code, ended.out) == (4, b"")
    assert (folder / "a.csv").read_text() == "earlier"
    assert names(folder) == ["a.csv"]


async def test_a_failed_page_of_the_price_check_is_told_and_costs_nothing_else(run: Run) -> None:
    """One line on stderr covers all of them, the exit code is 0, and the report says that the proof is missing."""
    async with DemoShop() as shop:
        options = ("--price-check", "3", "--format", "json")
        asked = await run("書", "--base-url", shop.base_url, "--pages", "1", *options)
        assert json.loads(asked.out)["price_check"]["proven"] is True
    denied = "User-agent: *\nDisallow: /*sort_xlowprice\n"
    async with DemoShop(robots=denied) as shop:
        ended = await run("書", "--base-url", shop.base_url, "--pages", "2", "-o", "a.txt", *options)
    assert ended.code == 0
    assert ended.only_line.startswith("3 of 3 price pages failed: not requested: robots.txt")
    report = json.loads(ended.out)
    assert (report["complete"], report["pages"]["ok"], report["pages"]["failed"]) == (True, 2, [])
    assert (report["price_check"]["ok"], report["price_check"]["proven"]) == (0, False)


async def test_a_shop_that_cannot_be_reached_is_one_line(run: Run) -> None:
    """If nothing answers, one line has the reason and mentions the demo; no demo data is shown."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, nobody answers
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ended = await run("書", "--base-url", url, env={"CRAWLER_ATTEMPTS": "2"})
    assert (ended.code, ended.out) == (4, b"")
    assert f"{url} cannot be reached: " in ended.only_line
    assert "--demo" in ended.only_line


async def test_an_honest_no_results_is_whole(run: Run) -> None:
    """A shop without such a book gives a valid answer, with exit code 0."""
    async with DemoShop(faults=[Fault(FaultKind.NO_RESULTS)]) as shop:
        ended = await run("書", "--base-url", shop.base_url, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(ended.out)
    assert (report["pages"]["available"], report["complete"], report["books"]) == (0, True, [])


async def test_a_deadline_ends_a_slow_search(run: Run) -> None:
    """--max-seconds ends a search with the pages read and names those left."""
    slow = Fault(FaultKind.LATENCY, pages={2, 3}, delay=60)
    async with DemoShop(faults=[slow]) as shop:
        ended = await run("書", "--base-url", shop.base_url, "--max-seconds", "2", "--format", "json")
    assert ended.code == 3
    assert ended.err.splitlines()[0] == "bookprice: the deadline of 2 s was reached: pages 2–3 not read"
    assert json.loads(ended.out)["pages"]["ok"] == 1


async def test_no_more_workers_than_pages(run: Run) -> None:
    """A parse process beyond the number of pages would be idle, and is not started."""
    ended = await run("書", "--demo", "--pages", "2", "--workers", "5", "--verbose")
    assert ended.code == 0
    started = [line for line in ended.err.splitlines() if re.match(r"parse process \d+: started", line)]
    assert len(started) == 2, ended.err


async def test_verbose_tells_of_attempts_and_workers(run: Run) -> None:
    """--verbose has a line for every attempt, every page and every parse process."""
    async with DemoShop(faults=[Fault(FaultKind.STATUS, status=503, pages={2}, times=1)]) as shop:
        ended = await run(
            "滲透測試", "--base-url", shop.base_url, "--price-check", "0", "--verbose", "--workers", "1"
        )
    assert ended.code == 0
    lines = ended.err.splitlines()
    assert lines[0] == "searching for 渗透测试 (typed 滲透測試): 3 pages"
    for start in (
        "page 1: attempt 1: 200",
        "page 2: attempt 1: 503",
        "page 2: attempt 2: 200",
        "page 3: ok: 60",
    ):
        assert sum(line.startswith(start) for line in lines) == 1, (start, ended.err)
    assert any("retrying in " in line for line in lines if line.startswith("page 2: attempt 1"))
    assert any(line.startswith("parse process ") and "started" in line for line in lines)
    assert sum(line.startswith("report: ") for line in lines) == 2
    assert "parsed 180 items by pattern, 0 from a tree" in lines


async def test_a_page_that_was_asked_again_is_no_problem(run: Run) -> None:
    """A failure that a retry fixes causes no line."""
    async with DemoShop(faults=[Fault(FaultKind.STATUS, status=503, pages={2}, times=1)]) as shop:
        ended = await run("書", "--base-url", shop.base_url)
    assert (ended.code, ended.err) == (0, "")


async def test_a_commands_name_can_be_searched_for(run: Run) -> None:
    """A query that equals a command's name works with the explicit command `search`."""
    ended = await run("search", "demo", "--demo", "--pages", "1", "--format", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["query"] == "demo"


async def test_a_query_that_looks_like_an_option_follows_two_dashes(run: Run) -> None:
    """After -- everything is the query."""
    for arguments in (
        ["--demo", "--format", "json", "--", "-C++"],
        ["--format=json", "--demo", "--", "--pages"],
    ):
        ended = await run(*arguments)
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["query"] == arguments[-1]


async def test_the_demo_takes_no_proxy_and_no_other_address(run: Run) -> None:
    """--demo goes to the embedded shop, whatever proxy and address are configured."""
    env = {
        "CRAWLER_PROXY": "http://127.0.0.1:1",
        "CRAWLER_BASE_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    ended = await run("書", "--demo", "--pages", "1", "--format", "json", env=env)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["demo"] is True


async def test_an_unknown_variable_is_mentioned_and_harmless(run: Run) -> None:
    """A CRAWLER_ variable that is no setting is one line, and the search runs."""
    ended = await run("書", "--demo", "--pages", "1", env={"CRAWLER_PAGSE": "1"})
    assert ended.code == 0
    assert "unknown variable CRAWLER_PAGSE" in ended.only_line


@pytest.mark.parametrize("verbose", [False, True])
def test_a_defect_is_one_line(
    verbose: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug in the program ends in one line and exit code 70; --verbose shows where it is."""

    def broken(_args: object) -> int:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(search, "run", broken)
    assert main(["書", *(["--verbose"] * verbose)]) == 70
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("bookprice: internal error: ZeroDivisionError: a b (")
    assert (len(lines) > 1) is verbose
    assert any("Traceback" in line for line in lines) is verbose


async def test_taiwans_words_get_a_suggestion_and_nothing_else_is_searched(run: Run) -> None:
    """A query in Taiwan's words that finds little gets the mainland's wording as a suggestion, and nothing else."""
    async with DemoShop() as shop:
        ended = await run("程式設計", "--base-url", shop.base_url, "--format", "json")
        asked = {request.query for request in shop.searches}
    report = json.loads(ended.out)
    assert (ended.code, report["query_sent"], report["suggestion"]) == (0, "程式设计", "编程")
    assert report["counts"]["kept"] < 60
    assert asked == {"程式设计"}
    plain = json.loads((await run("滲透測試", "--demo", "--pages", "1", "--format", "json")).out)
    assert plain["suggestion"] is None
    table = (await run("人工智慧", "--demo", "--format", "table")).text
    assert "the mainland's term is 人工智能, which was not searched" in table
