"""Wrong usage: one clear line, exit code 2, and no request."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.server import DemoShop

Run = Callable[..., Awaitable[Any]]


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


WRONG: list[tuple[list[str | bytes], str]] = [
    ([], "QUERY is missing"),
    ([""], "the query is empty"),
    (["  \u3000 "], "the query is empty"),
    (["書" * 101], "101 characters"),
    (["a\x1bb"], "U+001B"),
    ([b"\xff\xfe"], "not a readable character"),
    (["--demo"], "QUERY"),
    (["書", "--pages", "0"], "--pages must be a whole number from 1 to 100, or all, not '0'"),
    (["書", "--pages", "101"], "--pages must be"),
    (["書", "--pages", "-5"], "--pages must be"),
    (["書", "--pages", "many"], "--pages must be"),
    (["書", "--pages"], "--pages"),
    (["書", "--page", "3"], "unknown option --page; the nearest is --pages; see"),
    (["書", "--max_price=3"], "unknown option --max_price=3; the nearest is --max-price; see"),
    (["書", "--nonsense"], "unknown option --nonsense; see"),
    (["高等", "數學"], "unexpected word '數學'; put a query of several words in quotes; see"),
    (["search", "demo", "x"], "unexpected word 'x'; put a query of several words in quotes; see"),
    (["serach", "x"], "the command nearest to 'serach' is search; see"),
    (["demo", "foo"], "unexpected word 'foo': demo takes only options; to search for it: \"demo foo\"; see"),
    (["書", "--pages", "1e1"], "--pages must be a whole number from 1 to 100, or all, not '1e1'"),
    (["書", "--sellers", "others"], "--sellers must be self or all"),
    (["書", "--category", "toys"], "--category must be books or all"),
    (["書", "--sort", "random"], "--sort must be one of default, sales"),
    (["書", "--min-price", "cheap"], "--min-price must be an amount of yuan"),
    (["書", "--min-price", "9", "--max-price", "3"], "--min-price must be at most --max-price"),
    (["書", "--top", "0"], "--top must be"),
    (["書", "--concurrency", "1000"], "--concurrency must be"),
    (["書", "--workers", "1.5"], "--workers must be"),
    (["書", "--max-seconds", "nan"], "--max-seconds must be"),
    (["書", "--proxy", "socks5://u:secret@h"], "--proxy must be an http:// or https:// URL"),
    (["書", "--base-url", "dangdang"], "--base-url must be an http:// or https:// URL"),
    (
        ["書", "--base-url", "http://u:secret@h"],
        "--base-url must be an http:// or https:// URL without user name",
    ),
    (["書", "--demo", "--base-url", "http://127.0.0.1:1"], "--demo has its own address"),
    (["書", "--format", "xml"], "--format"),
    (["書", "--quiet", "--verbose"], "--verbose"),
    (["書", "--config", "nowhere.toml"], "--config: there is no file"),
    (["書", "-o", "report"], "report: no suffix, so no format; use one of .txt, .md"),
    (["書", "-o", "report.pdf"], ".pdf"),
    (["書", "-o", ""], "-o"),
    (["書", "-o", "a.csv", "-o", "./a.csv"], "twice"),
    (["書", "-o", "nowhere/a.csv"], "nowhere"),
    (["書", "-o", "folder.csv"], "folder.csv"),
    (["demo", "--nonsense"], "unknown option --nonsense"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG)
async def test_wrong_usage_gets_one_line(
    run: Run, folder: Path, arguments: list[str | bytes], expected: str
) -> None:
    """Wrong usage is one line on stderr that names the thing, with exit code 2, and leaves nothing behind."""
    (folder / "folder.csv").mkdir()
    ended = await run(*arguments)
    assert ended.code == 2
    assert ended.only_line.startswith("bookprice: ")
    assert expected in ended.only_line
    assert "secret" not in ended.err
    assert ended.out == b""
    assert names(folder) == ["folder.csv"]


async def test_a_wrong_configuration_gets_one_line(run: Run, folder: Path) -> None:
    """An unknown key is named with its file and its nearest, a wrong variable with its name."""
    (folder / "config.toml").write_text("[crawler]\npagse = 3\n")
    ended = await run("書", "--demo")
    assert ended.code == 2
    assert "config.toml: [crawler] unknown setting pagse; the nearest is pages" in ended.only_line
    (folder / "config.toml").unlink()
    ended = await run("書", "--demo", env={"CRAWLER_PAGES": "x"})
    assert ended.code == 2
    assert "CRAWLER_PAGES must be a whole number from 1 to 100, or all, not 'x'" in ended.only_line


async def test_a_report_file_in_a_wrong_place_is_found_before_the_crawl(
    run: Run, folder: Path, shop: DemoShop
) -> None:
    """An unwritable file is reported before the first request."""
    ended = await run("書", "--base-url", shop.base_url, "-o", "/proc/a.csv")
    assert ended.code == 2
    assert "/proc/a.csv cannot be written" in ended.only_line
    assert shop.requests == []


@pytest.mark.parametrize("reports", ["file", "file/below", "made/file.md/below", "/proc/reports"])
async def test_an_unwritable_reports_folder_is_found_before_the_crawl(
    run: Run, folder: Path, shop: DemoShop, reports: str
) -> None:
    """A folder that cannot be created or written is reported before the first request, and nothing of it is left."""
    (folder / "file").touch()
    (folder / "made").mkdir()
    (folder / "made" / "file.md").touch()
    ended = await run("書", "--base-url", shop.base_url, env={"CRAWLER_REPORT_DIR": reports})
    assert ended.code == 2
    assert f"the report folder {reports} cannot be written: " in ended.only_line
    assert "dir in [report]" in ended.only_line
    assert shop.requests == []
    assert names(folder) == ["file", "made"]


async def test_a_reports_folder_without_a_report_is_not_left(run: Run, folder: Path) -> None:
    """Folders created for a report are removed if there was none to write; existing and non-empty ones stay."""
    (folder / "kept").mkdir()
    nowhere = ("書", "--base-url", "http://127.0.0.1:9")
    for reports in ("new/reports", "kept", "kept/new"):
        assert (await run(*nowhere, env={"CRAWLER_ATTEMPTS": "1", "CRAWLER_REPORT_DIR": reports})).code == 4
    assert names(folder) == ["kept"]
    assert names(folder / "kept") == []
    assert (await run("書", "--demo", env={"CRAWLER_REPORT_DIR": "new/reports"})).code == 0
    assert len(names(folder / "new" / "reports")) == 2


def test_a_working_folder_that_is_gone_is_one_line(environ: dict[str, str], folder: Path) -> None:
    """A search in a deleted folder is wrong usage, not a bug."""
    program = (
        "import os, sys; from crawler.__main__ import main; "
        "os.rmdir(os.getcwd()); sys.exit(main(['書', '--demo']))"
    )
    try:
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env=environ, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        folder.mkdir(exist_ok=True)
    if "OSError" in ended.stderr:
        pytest.skip("this system does not let go of a working folder")
    assert ended.returncode == 2
    assert ended.stderr == "bookprice: the working folder no longer exists; change to another\n"
