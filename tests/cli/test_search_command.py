"""The search as a user runs it: streams, files, formats, exit codes."""

from __future__ import annotations

import asyncio
import codecs
import csv
import datetime as dt
import io
import json
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.__main__ import main
from crawler.cli import search
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop

Run = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

ESCAPE = b"\x1b"


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_twenty_demo_pages_as_json(run: Run, folder: Path) -> None:
    """The demo shop's twenty pages arrive complete, as the documented JSON only, and no file is written."""
    ended = await run("滲透測試", "--pages", "20", "--price-check", "0", "--demo", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(ended.out)
    assert (report["query"], report["query_sent"]) == ("滲透測試", "渗透测试")
    assert report["demo"] is True
    assert report["complete"] is True
    assert report["pages"]["ok"] == 20
    counts = report["counts"]
    assert counts["listings"] == 1200
    assert counts["kept"] == counts["unique"] - sum(counts["dropped"].values())
    assert counts["kept"] == sum(len(book["offers"]) for book in report["books"]) > counts["books"]
    assert counts["books"] == len(report["books"])
    assert all(counts["dropped"][reason] > 0 for reason in ("ebook", "sold_out", "off_topic"))
    prices = [book["price"] for book in report["books"]]
    assert prices == sorted(prices)
    assert names(folder) == []


async def test_without_output_options_a_table_and_two_files(run: Run, folder: Path) -> None:
    """Without -o and --format: a table on stdout, a Markdown and an HTML report under reports/, named by the query."""
    ended = await run("--demo", "滲透測試", "--price-check", "3")
    assert (ended.code, ended.err) == (0, "")
    assert "滲透測試" in ended.text
    assert "渗透测试" in ended.text
    assert "before coupons and postage; cheapest of all 2,131 listings" in " ".join(ended.text.split())
    assert ESCAPE not in ended.out
    html, markdown = sorted((folder / "reports").iterdir())
    assert (html.suffix, markdown.suffix) == (".html", ".md")
    assert html.stem == markdown.stem
    assert "滲透測試" in html.name
    for report in (html, markdown):
        assert "before coupons and postage" in report.read_text("utf-8")


async def test_output_files_take_their_format_from_the_suffix(run: Run, folder: Path) -> None:
    """-o writes only those files, besides the table; CSV and JSON contain every book; Excel can read the CSV."""
    ended = await run(
        "書", "--demo", "-o", "a.csv", "-o", "b.json", "-o", "c.md", "-o", "d.txt", "--pages", "2"
    )
    assert (ended.code, ended.err) == (0, "")
    assert "before coupons and postage" in ended.text
    assert names(folder) == ["a.csv", "b.json", "c.md", "d.txt"]
    books = json.loads((folder / "b.json").read_bytes())["books"]
    assert len(books) > 50
    data = (folder / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["product_id"] for row in rows] == [book["product_id"] for book in books]
    assert (folder / "d.txt").read_text("utf-8").count("\n") > 50


async def test_format_goes_to_stdout_beside_the_files_of_o(run: Run, folder: Path) -> None:
    """--format sends that format to stdout, as in a file, and -o keeps its files.

    Only a file has the byte-order mark that a spreadsheet needs: readers of a pipe take it for text.
    """
    ended = await run("書", "--demo", "--format", "csv", "-o", "a.csv", "--pages", "1")
    assert (ended.code, ended.err) == (0, "")
    written = list(csv.reader(io.StringIO((folder / "a.csv").read_text("utf-8-sig"))))
    assert list(csv.reader(io.StringIO(ended.text))) == written
    assert codecs.BOM_UTF8 + ended.out == (folder / "a.csv").read_bytes()
    assert names(folder) == ["a.csv"]


async def test_top_shortens_what_it_is_given_for(run: Run, folder: Path) -> None:
    """--top shortens every format; the configured top shortens what people read, and says how many more there are."""
    ended = await run("書", "--demo", "--top", "5", "--format", "json", "-o", "a.csv")
    assert len(json.loads(ended.out)["books"]) == 5
    assert len((folder / "a.csv").read_text("utf-8-sig").splitlines()) == 6
    ended = await run("書", "--demo", "-o", "b.json", "-o", "c.md", env={"CRAWLER_REPORT_TOP": "4"})
    whole = json.loads((folder / "b.json").read_bytes())["books"]
    assert len(whole) > 100
    assert f"{len(whole) - 4} more" in ended.text.replace(",", "")
    markdown = (folder / "c.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \|", markdown, re.MULTILINE) == ["1", "2", "3", "4"]


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


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}])
async def test_chinese_survives_a_locale_without_it(run: Run, folder: Path, locale: dict[str, str]) -> None:
    """Under LC_ALL=C the query, the report, the file's name and the errors keep their Chinese."""
    ended = await run("滲透測試", "--demo", "--pages", "1", env={"LANG": "", **locale})
    assert (ended.code, ended.err) == (0, "")
    assert "滲透測試" in ended.text
    assert "渗透测试" in ended.text
    assert "?" * 3 not in ended.text
    assert "滲透測試" in next((folder / "reports").iterdir()).name
    ended = await run("書", "--sort", "價格", env={"LANG": "", **locale})
    assert "'價格'" in ended.only_line


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


async def test_colour_only_where_it_is_wanted(run: Run) -> None:
    """A pipe gets no escape codes unless FORCE_COLOR asks for them, and never with NO_COLOR."""
    arguments = ("書", "--demo", "--pages", "1", "--format", "table")
    assert ESCAPE not in (await run(*arguments)).out
    assert ESCAPE in (await run(*arguments, env={"FORCE_COLOR": "1"})).out
    assert ESCAPE not in (await run(*arguments, env={"FORCE_COLOR": "1", "NO_COLOR": "1"})).out


async def test_a_reader_that_goes_away_is_no_error(start: Start) -> None:
    """`| head` causes no message on stderr and does not change the exit code."""
    process = await start("書", "--demo", "--format", "json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]  # asyncio has no public way to close a reading end
    assert await asyncio.wait_for(process.stderr.read(), 60) == b""
    assert await process.wait() == 0


def test_a_full_disk_behind_stdout_is_one_line(environ: dict[str, str], folder: Path) -> None:
    """A report that cannot be written is an error, with exit code 1."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    arguments = [sys.executable, "-m", "crawler", "書", "--demo", "--format", "json"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            arguments, env=environ, cwd=folder, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.decode() == "bookprice: stdout cannot be written: No space left on device\n"


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


async def test_only_the_newest_reports_of_a_query_are_kept(run: Run, folder: Path) -> None:
    """--keep-reports leaves the newest ones of this query, in both formats, and other queries' alone."""
    for query in ("书", "书法", "书", "书"):
        ended = await run(query, "--demo", "--pages", "1", "--keep-reports", "2")
        assert (ended.code, ended.err) == (0, "")
    reports = names(folder / "reports")
    assert sum("_书法." in name for name in reports) == 2
    assert len(reports) == 6
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL, pages={2})]) as shop:
        ended = await run("书", "--base-url", shop.base_url, "--pages", "2", "--keep-reports", "1")
    assert ended.code == 3
    assert len(names(folder / "reports")) == 8  # a partial report is not worth an earlier whole one
    ended = await run("书", "--demo", "--pages", "1", env={"CRAWLER_REPORT_KEEP": "1"})
    assert len(names(folder / "reports")) == 6  # the replica's is not the demo's to remove


async def test_the_books_stand_in_the_order_that_is_asked_for(run: Run) -> None:
    """--rank orders by price, quality, value or price per volume; the three answers are the same for each."""
    reports = {}
    for rank in ("cheapest", "best", "value", "per-volume"):
        ended = await run("渗透测试", "--demo", "--pages", "3", "--rank", rank, "--format", "json")
        assert (ended.code, ended.err) == (0, "")
        reports[rank] = json.loads(ended.out)
        assert reports[rank]["rank"] == rank
        assert reports[rank]["answers"] == reports["cheapest"]["answers"]
    books = {rank: report["books"] for rank, report in reports.items()}
    quality = [book["quality"] for book in books["best"]]
    assert quality == sorted(quality, reverse=True)
    value = [book["value"] for book in books["value"]]
    assert value == sorted(value, reverse=True)
    each = [book["price_per_volume"] for book in books["per-volume"] if book["price_per_volume"]]
    assert each == sorted(each)
    answers = reports["best"]["answers"]
    assert answers["best"] in [
        book["product_id"] for book in books["best"][:2]
    ]  # a bookmark may come before it
    assert {book["product_id"] for book in books["best"] if book["frontier"]} >= set(answers.values()) - {
        None
    }


async def test_what_is_dropped_can_be_kept_and_listed(run: Run) -> None:
    """--keep disables reasons, and each book kept so is marked; --show-dropped lists what remains dropped."""
    search = ("渗透测试", "--demo", "--pages", "20")
    plain = json.loads((await run(*search, "--format", "json")).out)
    kept = json.loads(
        (await run(*search, "--format", "json", "--keep", "ebook,sold_out,no_price,accessory,off_topic")).out
    )
    assert sum(kept["counts"]["dropped"].values()) == 0
    assert kept["dropped"] == []
    for reason, number in plain["counts"]["dropped"].items():
        flagged = [book for book in kept["books"] if reason in book["flags"]]
        assert len(flagged) == number, reason
        dropped = {drop["product_id"] for drop in plain["dropped"] if drop["reason"] == reason}
        assert {book["product_id"] for book in flagged} == dropped
    assert kept["answers"] != {}
    answers = [book for book in kept["books"] if book["product_id"] in kept["answers"].values()]
    assert not any({"sold_out", "no_price"} & set(book["flags"]) for book in answers)
    unpriced = [book for book in kept["books"] if book["price"] is None]
    assert len(unpriced) == plain["counts"]["dropped"]["no_price"]
    assert all("no_price" in book["flags"] for book in unpriced)
    assert unpriced == kept["books"][-len(unpriced) :]
    listed = (await run(*search, "--format", "table", "--show-dropped", "--top", "3")).text
    assert listed.count("\ne-book only ") == plain["counts"]["dropped"]["ebook"]
    assert "\nDropped\n" in listed


@pytest.mark.parametrize(
    ("name", "option", "passes"),
    [
        ("max_volume_price", "20", lambda book: book["price"] <= 20 * (book["volumes"] or 1)),
        ("publisher", "南渡人民", lambda book: "南渡人民" in (book["publisher"] or "")),
        ("publisher", "南渡人民出版社", lambda book: book["publisher"] == "南渡人民出版社"),
        ("since", "2020", lambda book: (book["published"] or "") >= "2020"),
        ("min_reviews", "1000", lambda book: (book["reviews"] or 0) >= 1000),
    ],
)
async def test_filters_are_counted_under_their_names(
    run: Run, name: str, option: str, passes: Callable[[dict[str, Any]], bool]
) -> None:
    """A filter leaves only the books that pass it, and counts the others."""
    search = ("渗透测试", "--demo", "--pages", "5", "--format", "json")
    plain = json.loads((await run(*search)).out)
    filtered = json.loads((await run(*search, f"--{name.replace('_', '-')}", option)).out)
    wanted = {book["product_id"] for book in plain["books"] if passes(book)}
    assert 0 < len(wanted) < len(plain["books"])
    assert {book["product_id"] for book in filtered["books"]} == wanted
    dropped = sum(len(book["offers"]) for book in plain["books"] if not passes(book))
    assert filtered["counts"]["dropped"] == {**plain["counts"]["dropped"], name: dropped}


async def test_names_can_be_typed_in_either_script(run: Run) -> None:
    """A publisher and an author in Traditional Chinese match the shop's Simplified names."""
    search = ("渗透测试", "--demo", "--pages", "5", "--format", "json")
    plain = json.loads((await run(*search, "--publisher", "长庚大学")).out)
    typed = json.loads((await run(*search, "--publisher", "長庚大學")).out)
    assert (
        [book["product_id"] for book in typed["books"]]
        == [book["product_id"] for book in plain["books"]]
        != []
    )
    author = next(book["authors"][0] for book in plain["books"] if book["authors"])
    named = json.loads((await run(*search, "--publisher", "長庚大學", "--author", author)).out)
    wrote = {book["product_id"] for book in plain["books"] if author in book["authors"]}
    assert wrote <= {book["product_id"] for book in named["books"]}  # translators count as well
    assert named["counts"]["dropped"]["author"] > 0


@pytest.mark.parametrize(
    ("query", "lang", "first"),
    [
        ("滲透測試", "auto", "【DEMO 示範】最便宜："),
        ("人工智慧", "auto", "【DEMO 示範】最便宜："),
        ("渗透测试", "auto", "【DEMO 演示】最便宜："),
        ("python", "auto", "DEMO — Cheapest: "),
        ("滲透測試", "zh-Hans", "【DEMO 演示】最便宜："),
        ("渗透测试", "zh-Hant", "【DEMO 示範】最便宜："),
        ("滲透測試", "en", "DEMO — Cheapest: "),
    ],
)
async def test_the_report_speaks_the_querys_language(run: Run, query: str, lang: str, first: str) -> None:
    """`auto` follows the script of the query; --lang overrides it."""
    ended = await run(query, "--demo", "--pages", "1", "--format", "table", "--lang", lang)
    assert ended.code == 0
    assert ended.text.startswith(first)
    # Above the report stands how the mainland calls what few of its books are called.
    hints = [line for line in ended.err.splitlines() if "python -m crawler 人工智能 --demo" in line]
    assert len(hints) == len(ended.err.splitlines()) == (query == "人工智慧")


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


async def test_a_spreadsheet_goes_to_a_file_or_a_pipe(run: Run, folder: Path) -> None:
    """XLSX is written by -o and by --format, the same bytes."""
    async with DemoShop() as shop:
        ended = await run(
            "书", "--base-url", shop.base_url, "--pages", "1", "--format", "xlsx", "-o", "a.xlsx"
        )
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(b"PK")
    assert ended.out == (folder / "a.xlsx").read_bytes()


def test_a_format_that_is_not_installed_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """Without the extra, XLSX is refused in one line before any request."""
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    for arguments in (["-o", "a.xlsx"], ["--format", "xlsx"]):
        assert main(["书", "--demo", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(r"pip install .*\[xlsx\]", line)
    assert names(folder) == []


async def test_the_same_pages_give_the_same_bytes(run: Run, folder: Path) -> None:
    """Two runs over the same pages differ only in their times, in every format."""
    suffixes = ("txt", "md", "csv", "json", "html", "xlsx")
    async with DemoShop() as shop:
        for name in ("a", "b"):
            files = [word for suffix in suffixes for word in ("-o", f"{name}.{suffix}")]
            ended = await run(
                "渗透测试", "--base-url", shop.base_url, "--pages", "3", "--show-dropped", *files
            )
            assert (ended.code, ended.err) == (0, "")
    for suffix in suffixes:
        first, second = (without_times((folder / f"{name}.{suffix}").read_bytes()) for name in ("a", "b"))
        assert first == second, suffix


def without_times(data: bytes) -> dict[str, str]:
    """Return the texts of a report, by position, without its times."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = {name: archive.read(name).decode() for name in archive.namelist()}
    else:
        texts = {"": data.decode()}
    times = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d( UTC, [\d.]+ s|Z)")
    assert any(map(times.search, texts.values())) or data.startswith(b"\xef\xbb\xbf")  # CSV has no time
    return {name: times.sub("", text) for name, text in texts.items()}


async def test_people_read_local_time_and_programs_utc(run: Run, folder: Path) -> None:
    """Every report for people names the zone; data are the same everywhere."""
    files = ("a.txt", "a.md", "a.html", "a.json", "a.csv")
    outputs = [option for name in files for option in ("-o", name)]
    ended = await run("渗透测试", "--demo", "--pages", "1", *outputs, env={"TZ": "Asia/Taipei"})
    assert ended.code == 0, ended.err
    started = json.loads((folder / "a.json").read_text(encoding="utf-8"))["started_at"]
    local = dt.datetime.fromisoformat(started) + dt.timedelta(hours=8)
    for name in files[:3]:
        text = (folder / name).read_text(encoding="utf-8").replace("\\", "")
        assert f"{local:%Y-%m-%d %H:%M:%S} UTC+8" in text, name
    assert started.endswith("Z")
