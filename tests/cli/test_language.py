"""The command in the reader's language: reports, problems, messages of `history` and `watch`. Help stays English."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crawler.cli import console
from crawler.cli.app import build_parser, run_command
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.labels import ENGLISH
from tests.cli.conftest import Ended
from tests.report.search.test_partial_runs import foreign

Run = Callable[..., Awaitable[Ended]]

TAIWAN = {"CRAWLER_REPORT_LANG": "", "LANG": "zh_TW.UTF-8"}


@pytest.fixture
def taiwan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty home and working folder of a reader in Taiwan."""
    for variable, value in (TAIWAN | {"HOME": str(tmp_path)}).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_a_partial_search_speaks_the_locales_language(run: Run, folder: Path) -> None:
    """If a query is not Chinese, the locale decides the language of the report, its problems and its archive."""
    async with DemoShop(faults=[Fault(FaultKind.STATUS, status=404, pages={2})]) as shop:
        options = ("--base-url", shop.base_url, "--pages", "2", "--price-check", "0", "--archive", "run.warc")
        ended = await run("Python", *options, env=TAIWAN)
    assert ended.code == 3
    assert ended.only_line == "第 2 頁：HTTP 錯誤：404 Not Found"
    assert "第 2 頁  HTTP 錯誤：404 Not Found" in ended.text
    assert foreign(ended.text.partition("#")[0].replace("404 Not Found", ""), {"Python"}) == set()

    again = await run("--replay", "run.warc", "--format", "md", "--lang", "ZH_cn")
    assert (again.code, again.only_line) == (3, "第 2 页：HTTP 错误：404 Not Found")
    assert "第 2 页：HTTP 错误：404 Not Found" in again.text


async def test_a_replay_words_what_the_run_met(run: Run) -> None:
    """The journal keeps the codes of details: a replay phrases attempts and reasons in its own language."""
    async with DemoShop(faults=[Fault(FaultKind.RESET, pages={2})]) as shop:
        options = ("--base-url", shop.base_url, "--pages", "2", "--price-check", "0", "--archive", "run.warc")
        await run("Python", *options)
    again = await run("--replay", "run.warc", "--format", "md", "--lang", "zh-Hant")
    assert "第 2 頁：網路錯誤：連線被關閉：" in again.only_line
    assert again.only_line.endswith("（試了 3 次）")


@pytest.mark.usefixtures("taiwan")
def test_nothing_on_record_is_said_in_the_locales_language(capsys: pytest.CaptureFixture[str]) -> None:
    """`history` has no query to decide the language, or one that does not tell."""
    assert run_command(["history", "--history-file", "prices.sqlite3"]) == 0
    said = capsys.readouterr().out
    assert "prices.sqlite3 還沒有價格歷史" in said
    assert run_command(["history", "prune", "--older-than", "1d", "--history-file", "prices.sqlite3"]) == 0
    assert "還沒有價格歷史" in capsys.readouterr().out


async def test_a_watch_speaks_the_locales_language(run: Run, folder: Path) -> None:
    """Its own messages, failed pages, and findings."""
    watches = (
        '[crawler]\npages = 2\nprice_check = 0\n[[watch]]\nname = "x"\nquery = "Python"\nproducts = ["99"]\n'
    )
    (folder / "w.toml").write_text(f"{watches}target_price = 1\n", encoding="utf-8")
    async with DemoShop(faults=[Fault(FaultKind.STATUS, status=404, pages={2})]) as shop:
        options = ("--config", "w.toml", "--base-url", shop.base_url)
        ended = await run("watch", *options, env=TAIWAN)
        later = await run("watch", *options, env=TAIWAN)
    assert ended.code == 3
    assert ended.only_line == "bookprice: 追蹤 x：不完整：第 2 頁：HTTP 錯誤：404 Not Found"
    for text in (ended.text, later.text):
        assert text
        assert foreign(text) == set()


@pytest.mark.parametrize("value", ["fr", "zh-XX", "chinese"])
def test_a_language_that_there_is_not(taiwan: Path, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line names the available languages."""
    assert run_command(["書", "--lang", value]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "--lang must be one of auto, en, zh-Hans, zh-Hant" in line


def test_help_is_english_in_every_locale(taiwan: Path) -> None:
    """The help is the same whatever the locale."""
    parser = build_parser()
    assert "usage:" in parser.format_help()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANG", "C.UTF-8")
        assert build_parser().format_help() == parser.format_help()


def test_a_failure_that_ends_a_command_is_worded(taiwan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unreadable file is reported in the reader's language, with the reason; wrong usage is English."""
    (taiwan / "none.warc").write_text("nothing", encoding="utf-8")
    assert run_command(["--replay", "none.warc"]) == 2
    assert run_command(["--replay", "missing.warc"]) == 2
    assert run_command(["--replay", "none.warc", "--lang", "zh-CN"]) == 2
    assert run_command(["--replay", "none.warc", "--demo"]) == 2
    lines = [line.removeprefix("bookprice: ") for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "none.warc 不是 WARC 檔案",
        "無法讀取 missing.warc：No such file or directory",
        "none.warc 不是 WARC 文件",
        "--replay makes no requests; omit --demo",
    ]


@pytest.mark.usefixtures("taiwan")
def test_a_command_forgets_the_language_of_the_one_before() -> None:
    """If one process runs two commands, the second begins in English, as usual."""
    assert run_command(["history", "--lang", "zh-Hant", "--history-file", "prices.sqlite3"]) == 0
    assert console.words() is ENGLISH
