"""The reports of a search: streams, files, formats, languages, colours and times."""

from __future__ import annotations

import asyncio
import codecs
import csv
import datetime as dt
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from crawler.__main__ import main
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.cli.conftest import Run, Start, names

ESCAPE = b"\x1b"


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
