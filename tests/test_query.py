"""The query as typed and as sent: script, Simplified Chinese, and the mainland's words."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import TYPE_CHECKING

import pytest

from crawler import Crawler, SearchFinished, Settings, crawl
from crawler.cli.page_source import LiveRun
from crawler.cli.searched_words import searched_words
from crawler.configuration import load
from crawler.errors import UsageError
from crawler.query import MAX_QUERY_LENGTH, Query, mainland_wording, script_of, simplified
from crawler.settings import HistorySettings
from crawler.watching.run_watch import make
from crawler.watching.watch_store import WatchStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("query", "sent", "wording", "script"),
    [
        # Taiwan's words
        ("人工智慧", "人工智慧", "人工智能", "zh-Hant"),
        ("程式設計", "程式设计", "编程", "zh-Hant"),
        ("軟體工程", "软体工程", "软件工程", "zh-Hant"),
        ("Python 程式", "Python 程式", "Python 程序", "zh-Hant"),
        # 著 is no word of Taiwan, where other words are
        ("著名演算法", "著名演算法", "著名算法", "zh-Hant"),
        ("著作", "著作", None, "zh-Hans"),
        ("著名", "著名", None, "zh-Hans"),
        # Traditional script alone has no other wording
        ("滲透測試", "渗透测试", None, "zh-Hant"),
        ("紅樓夢", "红楼梦", None, "zh-Hant"),
        # the shop's own
        ("人工智能", "人工智能", None, "zh-Hans"),
        ("渗透测试", "渗透测试", None, "zh-Hans"),
        ("道", "道", None, "zh-Hans"),
        # no Chinese at all
        ("C++", "C++", None, None),
        ("9787111213826", "9787111213826", None, None),
    ],
)
def test_a_query_is_simplified_and_its_other_wording_known(
    query: str, sent: str, wording: str | None, script: str | None
) -> None:
    """The script changes, words do not; the mainland's wording is separate, and None if it is the same."""
    assert (simplified(query), mainland_wording(query), script_of(query)) == (sent, wording, script)


def test_white_space_is_folded() -> None:
    """Spaces around and between words do not matter."""
    assert Query("  渗透 \t 测试 ") == "渗透 测试"


@pytest.mark.parametrize("query", ["", "  ", "x" * (MAX_QUERY_LENGTH + 1), "a\x00b", "a\u202eb", "\ud800"])
def test_what_is_no_query_is_refused(query: str) -> None:
    """An empty or long query, control characters and lone surrogates are an error that says so."""
    with pytest.raises(UsageError):
        Query(query)


@pytest.mark.parametrize(
    "query",
    [
        "程序员",
        "程序设计",
        "微信小程序",
        "民事诉讼程序",
        "智慧城市",
        "犹太人智慧",
        "红头文件",
        "文件管理",
        "核心",
        "行程",
        "定位元件",
        "流程式",
    ],
)
def test_what_the_mainland_says_is_no_word_of_taiwan(query: str) -> None:
    """A Simplified query, or a word that both sides use, counts as Simplified and gets no suggestion."""
    assert mainland_wording(query) is None
    assert script_of(query) == "zh-Hans"


def test_a_query_is_checked_once() -> None:
    """A query that exists is taken as it is; one that is copied or sent to another process is still one."""
    query = Query(" 渗透  测试 ")
    assert Query(query) is query
    again = pickle.loads(pickle.dumps(query))  # noqa: S301 – our own bytes
    assert (again, type(again), type(str(query))) == (query, Query, str)


@pytest.mark.parametrize("way", ["crawl", "command", "watch"])
async def test_a_search_checks_its_query_once(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However a search is made, its query is checked where it comes in, and nowhere after that."""
    checks: list[str] = []

    def check(typed: str) -> str:
        checks.append(typed)
        return typed

    monkeypatch.setattr("crawler.query._checked", check)
    settings = Settings(pages=1, price_check=0, cache_dir=str(tmp_path))
    if way == "crawl":
        await crawl("滲透測試", settings=settings, demo=True)
    elif way == "command":
        run = LiveRun(
            searched_words("滲透測試"), settings.replace(history=HistorySettings(record="never")), demo=True,
            resume=False, archive=None,
        )  # fmt: skip
        async with Crawler(settings, demo=True) as crawler:
            events = [event async for event in run.events(crawler)]
        await run.finish()
        assert isinstance(events[-1], SearchFinished)
    else:
        config, history = tmp_path / "config.toml", tmp_path / "history.sqlite3"
        config.write_text('[crawler]\n[[watch]]\nquery = "滲透測試"\n')
        (watch,) = load({}, config=str(config), environ={}).watches
        with WatchStore(history) as store:
            state = store.begin(watch, "demo", "search", dt.datetime.now(dt.UTC))
        async with Crawler(settings, demo=True) as crawler:
            made = await make(watch, state, crawler, history, channels=["stdout"])
        assert made.result.complete
    assert checks == ["滲透測試"]
