"""Output for a terminal with another charset than UTF-8, and for a pipe."""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crawler.cli import console
from crawler.cli.charset import decoded_argument, is_double_width, readable_in, stream_encoding
from tests.cli.conftest import Ended

Run = Callable[..., Awaitable[Ended]]


@pytest.mark.parametrize(
    ("charset", "text", "shown"),
    [
        ("gbk", "¥39.00 ★ 5.0 · 渗透測試", "￥39.00 ★ 5.0 · 渗透測試"),
        ("gbk", "𬭎 「书」 …", "？ 「书」 …"),
        ("gbk", "Gödel, Erdős «é»", "Godel, Erdos “é”"),
        ("gbk", "🙂 ½ ™ ﬁ", "？ 1/2 TM fi"),
        ("gb2312", "書店 滲透測試 — …", "书店 渗透测试 - …"),
        ("big5", "书店 渗透测试 — ￥", "書店 滲透測試 — ¥"),
        ("ascii", "¥39.00 ★ – 书，书 … «x» ─━", 'CNY 39.00 * - ?,? ... "x" --'),
        ("cp1252", "¥39.00 ★ … 书", "¥39.00 * … ?"),
        ("cp437", "¥39.00 ★ … 书 ─", "¥39.00 * ... ? ─"),
        ("latin-1", "¥39.00 ★ é 书", "¥39.00 * é ?"),
        ("utf-8", "¥39.00 ★ 𬭎 🙂", "¥39.00 ★ 𬭎 🙂"),
        ("utf-8", "a\udcffb", "a?b"),
        ("ascii", "e\u0301", "e"),
    ],
)
def test_what_a_charset_lacks_stays_readable(charset: str, text: str, shown: str) -> None:
    """Each missing character becomes the nearest available one: never an escape; a question mark if none is near."""
    assert text.encode(charset, readable_in(charset)).decode(charset) == shown


@pytest.mark.parametrize("charset", ["gbk", "gb2312", "big5", "cp950", "ascii", "latin-1", "cp437", "euc-jp"])
def test_nothing_that_is_printed_stops_it(charset: str) -> None:
    """Any character can be written in any charset, without escapes."""
    for start in range(0, 0x110000, 0x1000):
        text = "".join(map(chr, range(start, start + 0x1000, 7)))
        shown = text.encode(charset, readable_in(charset)).decode(charset)
        assert not re.search(r"\\[xuUN]", shown)


class Stream(io.TextIOWrapper):
    """A stream that claims to be a terminal, or not."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("own", "named", "on_terminal", "in_pipe"),
    [
        ("utf-8", "", "utf-8", "utf-8"),
        ("gbk", "", "gbk", "utf-8"),
        ("big5", "", "big5", "utf-8"),
        ("ascii", "", "ascii", "utf-8"),
        ("gbk", "gbk", "gbk", "gbk"),
        ("gbk", "gbk:strict", "gbk", "gbk"),
        ("gbk", ":strict", "gbk", "utf-8"),
        ("ascii", "ascii", "ascii", "utf-8"),
    ],
)
def test_which_charset_a_stream_carries(
    monkeypatch: pytest.MonkeyPatch, own: str, named: str, on_terminal: str, in_pipe: str
) -> None:
    """A terminal has its own; a pipe gets UTF-8, unless PYTHONIOENCODING names a charset with Chinese."""
    monkeypatch.setenv("PYTHONIOENCODING", named)
    for terminal, wanted in ((True, on_terminal), (False, in_pipe)):
        assert stream_encoding(Stream(own, terminal=terminal), terminal=terminal) == wanted


def test_terminals_that_draw_some_characters_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese terminals with an older charset: tables leave room for wide characters."""
    assert [name for name in ("utf-8", "gbk", "big5", "latin-1", "ascii") if is_double_width(name)] == [
        "gbk",
        "big5",
    ]
    monkeypatch.setenv("COLUMNS", "100")
    for encoding, terminal, columns in (("gbk", True, 92), ("gbk", False, 100), ("utf-8", True, 100)):
        monkeypatch.setattr("sys.stdout", Stream(encoding, terminal=terminal))
        assert console.columns() == columns


def test_a_terminal_without_chinese_gets_english() -> None:
    """Question marks in place of labels would be useless."""
    for encoding, shown in (("ascii", "en"), ("gbk", "auto"), ("utf-8", "auto")):
        stream = Stream(encoding, terminal=True)
        assert (console.language("auto", stream), console.language("zh-Hans", stream)) == (shown, "zh-Hans")


def test_an_argument_is_left_as_it_was_typed() -> None:
    assert decoded_argument("渗透测试") == "渗透测试"
    assert decoded_argument("\udcff\udcfe") == "\udcff\udcfe"


@pytest.mark.parametrize("form", ["table", "csv", "json", "html"])
async def test_a_pipe_gets_the_charset_that_is_named(run: Run, folder: Path, form: str) -> None:
    """This holds for formats without a fixed charset; files are UTF-8 all the same."""
    words = ("渗透测试", "--demo", "--pages", "1", "--price-check", "0", "--format", form, "-o", "a.csv")
    ended = await run(*words, env={"PYTHONIOENCODING": "gbk"})
    assert (ended.code, ended.err) == (0, "")
    charset = "utf-8" if form in {"json", "html"} else "gbk"
    assert "渗透测试" in ended.out.decode(charset)
    assert "渗透测试" in (folder / "a.csv").read_text("utf-8-sig")
