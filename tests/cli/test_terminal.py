"""The command on a real terminal: questions, progress bar, Ctrl-C from the keyboard."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import select
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.history.observations import RunRecord
from crawler.history.store import History
from crawler.prices.observation import Observation
from tests.cli.command_forkserver import CommandForkserver

if os.name != "posix":
    pytest.skip("opens a pseudo-terminal", allow_module_level=True)

import fcntl
import pty
import struct
import termios

TRAMPOLINE = (
    "import os, sys; os.login_tty(0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'crawler', *sys.argv[1:]])"
)
"""Makes the terminal on stdin the controlling one, so that Ctrl-C is a signal, and becomes the command."""

BAR = re.compile(r"pages .*?(\d+)/(\d+)")


class Terminal:
    """A command on a pseudo-terminal, and its screen output so far."""

    def __init__(
        self,
        *args: str | bytes,
        env: dict[str, str],
        cwd: Path,
        columns: int,
        forkserver: CommandForkserver | None,
    ) -> None:
        self.raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        env = {"TERM": "xterm", **env}
        self.process = (
            forkserver.start_on_terminal(args, slave, env=env, cwd=cwd)
            if forkserver
            else subprocess.Popen([sys.executable, "-c", TRAMPOLINE, *args], stdin=slave, env=env, cwd=cwd)
        )
        os.close(slave)

    @property
    def screen(self) -> str:
        return self.raw.decode("utf-8", "replace")

    def read_until(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Read the screen until `pattern` appears; fail if the command ends or time runs out before."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.screen, re.DOTALL)) is None:
            assert time.monotonic() < deadline, self.screen
            assert self._read(0.2), f"ended before {pattern!r}:\n{self.screen}"
        return found

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self, seconds: float = 30) -> int:
        """Read the rest of the screen and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < deadline, self.screen
        return self.process.wait(5)

    def close(self) -> None:
        if self.process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(self.process.pid).children(recursive=True):
                    child.kill()
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        """Take in what is there; False when the other end is closed."""
        if select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # how Linux says that the last holder of the terminal is gone
                return False
            self.raw += data
            return data != b""
        return True


Opener = Callable[..., Terminal]


@pytest.fixture
def open_terminal(forkserver: CommandForkserver, folder: Path) -> Iterator[Opener]:
    """Return a function that runs a command on a terminal: forked, unless the start of the interpreter matters."""
    opened: list[Terminal] = []

    def open_terminal(
        *args: str | bytes, env: dict[str, str], columns: int = 120, interpreter: bool = False
    ) -> Terminal:
        opened.append(
            Terminal(
                *args, env=env, cwd=folder, columns=columns, forkserver=None if interpreter else forkserver
            )
        )
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


def test_a_search_on_a_terminal_shows_a_bar_and_takes_it_away(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """A terminal sees pages, books and the cheapest while the search runs, then the table and the report's path."""
    terminal = open_terminal("滲透測試", "--demo", "--pages", "20", env=environ, interpreter=True)
    assert terminal.end() == 0
    bars = BAR.findall(terminal.screen)
    assert bars[0] == ("0", "20")
    assert bars[-1] == ("20", "20")
    assert re.search(r"[\d,]+ books · cheapest ¥\d+\.\d\d", terminal.screen)
    last = [match.end() for match in BAR.finditer(terminal.screen)][-1]
    after_the_bar = terminal.screen[last : terminal.screen.index("before coupons and postage")]
    assert "\x1b[2K" in after_the_bar, "the bar's line is not cleared"
    assert "\x1b[?25h" in after_the_bar, "the cursor stays hidden"
    assert terminal.screen.rstrip().splitlines()[-1].startswith("report: reports/")


def test_quiet_shows_no_bar(environ: dict[str, str], folder: Path, open_terminal: Opener) -> None:
    """With --quiet, only the table appears."""
    terminal = open_terminal("書", "--demo", "--quiet", env=environ)
    assert terminal.end() == 0
    assert not BAR.search(terminal.screen)
    assert "report: " not in terminal.screen
    assert "before coupons and postage" in terminal.screen


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_refused(
    environ: dict[str, str], folder: Path, open_terminal: Opener, name: str, value: str
) -> None:
    """NO_COLOR and a dumb terminal get no colour; a dumb one gets no escape code at all."""
    plain = open_terminal("書", "--demo", env={**environ, name: value})
    assert plain.end() == 0
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain.screen)
    assert ("\x1b" in plain.screen) is (name == "NO_COLOR")


def test_a_terminal_gets_colours(environ: dict[str, str], folder: Path, open_terminal: Opener) -> None:
    """Without NO_COLOR, there are colours."""
    terminal = open_terminal("書", "--demo", env=environ)
    assert terminal.end() == 0
    assert re.search(r"\x1b\[[\d;]*3\dm", terminal.screen)


def test_a_gbk_terminal_gets_gbk(environ: dict[str, str], folder: Path, open_terminal: Opener) -> None:
    """A terminal whose charset has Chinese gets that charset; the file is UTF-8 all the same."""
    terminal = open_terminal(
        "渗透测试", "--demo", env={**environ, "PYTHONIOENCODING": "gbk"}, interpreter=True
    )
    assert terminal.end() == 0
    assert "渗透测试" in terminal.raw.decode("gbk")
    for report in (folder / "reports").iterdir():
        assert "渗透测试" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("charset", "env", "query"),
    [
        ("gbk", {"PYTHONIOENCODING": "gbk"}, "渗透测试"),
        ("gbk", {"LANG": "zh_CN.GBK"}, "渗透测试".encode("gbk")),  # a locale that is not installed
        ("big5", {"LANG": "zh_TW.Big5"}, "滲透測試".encode("big5")),
        ("ascii", {"PYTHONIOENCODING": "ascii"}, "渗透测试"),
        ("utf-8", {"LANG": "C"}, "渗透测试"),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": ""}, "渗透测试"),
    ],
)
def test_a_terminal_gets_its_own_charset(
    environ: dict[str, str],
    folder: Path,
    open_terminal: Opener,
    *,
    charset: str,
    env: dict[str, str],
    query: str | bytes,
) -> None:
    """Table, bar and messages: no mojibake, no escapes, no traceback, and no line of the table too long."""
    # The trampoline must not tell the command of another locale than it was told of itself.
    told = {"CRAWLER_REPORT_LANG": "auto", "NO_COLOR": "1", "PYTHONCOERCECLOCALE": "0"}
    environ = {**environ, **told, **env}
    terminal = open_terminal(query, "--demo", "--pages", "2", env=environ, columns=100, interpreter=True)
    assert terminal.end() == 0, terminal.screen
    screen = terminal.raw.decode(charset)  # raises for what is not of this charset
    assert not re.search(r"\\[xuU]|Traceback|\ufffd", screen)
    typed = query.decode(charset) if isinstance(query, bytes) else query
    assert typed.encode(charset, "replace").decode(charset) in screen
    assert re.search(r"(CNY |¥|￥)\d+\.\d\d", screen)
    wide = "WFA" if charset in {"gbk", "big5"} else "WF"
    _, head, table = re.split(r"(?m)^( +#.*)\r$", screen)
    for line in (head, *table.splitlines()):
        assert sum(2 if unicodedata.east_asian_width(char) in wide else 1 for char in line) <= 100, line


async def test_the_mainlands_wording_stands_above_the_report(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """With a command to paste that differs only in the query; with --quiet, only the report has it."""
    words = ("--demo", "程式設計", "--pages", "1", "--author", "程式設計 a")
    shown = []
    for more in ((), ("--quiet",)):
        terminal = open_terminal(*words, *more, env=environ)
        assert await asyncio.to_thread(terminal.end) == 0
        shown.append(terminal.screen)
    hint = "may find more: python -m crawler --demo 编程 --pages 1 --author '程式設計 a'"
    assert 0 <= shown[0].index(hint) < shown[0].index("Suggestion")
    assert shown[0].index(hint) < shown[0].index("DEMO — ")
    assert "may find more: " not in shown[1]


STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
"""What moves a cursor, turns the direction of reading, or ends a line; but the line ends of text."""

HOSTILE = "三体\x1b]0;owned\x07\x9d\x9b31m\x85\x7f\u202e\u2066\u200f\u2028\u2029 一\n二"


@pytest.fixture
def hostile_history(folder: Path) -> Path:
    """Return a history whose title, seller and product number contain terminal controls."""
    file = folder / "a.sqlite3"
    at = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
    with History(file) as history:
        history.record(
            RunRecord("k\x9d", "demo", "三体", at, pages_ok=1, pages_failed=0),
            [Observation(f"1{HOSTILE}", HOSTILE, at, Decimal(9), seller=HOSTILE)],
        )
    return file


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--format", "csv"), ("export", "--format", "jsonl"), ("三体", "--demo", "--format", "json"),
        ("三体", "--demo", "--format", "csv"), ("三体", "--demo"),
    ],
)  # fmt: skip
def test_no_history_steers_a_terminal(
    environ: dict[str, str],
    folder: Path,
    open_terminal: Opener,
    hostile_history: Path,
    words: tuple[str, ...],
) -> None:
    """Whatever was recorded, and in every format."""
    env = {**environ, "NO_COLOR": "1", "TERM": "dumb"}
    terminal = open_terminal("history", *words, "--history-file", hostile_history.name, env=env)
    assert terminal.end() == 0, terminal.screen
    assert "三体" in terminal.raw.decode("utf-8")
    assert not STEERING.search(terminal.raw.decode("utf-8"))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_to_a_file_loses_nothing(
    environ: dict[str, str], folder: Path, hostile_history: Path, form: str
) -> None:
    """Through a pipe and back: only a terminal gets escapes in CSV."""
    command = [sys.executable, "-m", "crawler", "history"]
    words = ["--format", form, "--history-file", hostile_history.name]
    piped = subprocess.run(
        [*command, "export", *words], env=environ, cwd=folder, capture_output=True, check=True
    )
    assert (HOSTILE.encode() in piped.stdout) is (form == "csv")
    subprocess.run(
        [*command, "import", "-", "--history-file", "b.sqlite3"],
        env=environ, cwd=folder, input=piped.stdout, capture_output=True, check=True,
    )  # fmt: skip
    with History(folder / "b.sqlite3") as history:
        (seen,) = history.series("demo", [f"1{HOSTILE}"])[f"1{HOSTILE}"]
    assert (seen.title, seen.seller) == (HOSTILE, HOSTILE)


async def test_problems_stand_above_the_bar(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """A failed page is a line of its own while the bar goes on."""
    async with DemoShop(faults=[Fault(FaultKind.FIREWALL, pages={2})]) as shop:
        terminal = open_terminal("書", "--base-url", shop.base_url, env=environ)
        assert await asyncio.to_thread(terminal.end) == 3
    assert re.search(r"page 2: blocked: 405[^\n]*\r\n", terminal.screen)
    assert "1 failed" in terminal.screen


async def test_without_arguments_it_asks(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """On a terminal, it asks for the query and the pages, again after an invalid answer, and then searches."""
    async with DemoShop() as shop:
        terminal = open_terminal(env={**environ, "CRAWLER_BASE_URL": shop.base_url}, interpreter=True)

        def talk() -> int:
            terminal.read_until("Search Dangdang for: ")
            terminal.type("   \n")
            terminal.read_until("the query is empty.*Search Dangdang for: ")
            terminal.type("https://product.dangdang.com/29123456.html\n")
            terminal.read_until("history 29123456.*Search Dangdang for: ")
            terminal.type("-滲透測試\n")
            terminal.read_until(r"Result pages to read, 1 to 100 \[3\]: ")
            terminal.type("many\n")
            terminal.read_until("the number of pages must be a whole number.*Result pages")
            terminal.type("2\n")
            return terminal.end()

        assert await asyncio.to_thread(talk) == 0
        assert {request.query for request in shop.searches} == {"-渗透测试"}
        assert {request.page for request in shop.searches} == {1, 2}
    assert "before coupons and postage" in terminal.screen


async def test_the_default_number_of_pages_is_the_configured_one(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """An empty answer selects the default in the question, which is the configured one."""
    async with DemoShop() as shop:
        env = {**environ, "CRAWLER_BASE_URL": shop.base_url, "CRAWLER_PAGES": "1"}
        terminal = open_terminal(env=env)

        def talk() -> int:
            terminal.read_until("Search Dangdang for: ")
            terminal.type("demo\n")
            terminal.read_until(r"\[1\]: ")
            terminal.type("\n")
            return terminal.end()

        assert await asyncio.to_thread(talk) == 0
        assert [request.page for request in shop.searches] == [1]


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 2)])
def test_questions_can_be_left(
    environ: dict[str, str], folder: Path, open_terminal: Opener, key: str, code: int
) -> None:
    """Ctrl-C and the end of input end the questions without a traceback."""
    terminal = open_terminal(env=environ)
    terminal.read_until("Search Dangdang for: ")
    terminal.type(key)
    assert terminal.end() == code
    assert "Traceback" not in terminal.screen
    assert terminal.screen.endswith("\r\n")


async def test_ctrl_c_reaches_the_command_and_spares_the_report(
    environ: dict[str, str], folder: Path, open_terminal: Opener
) -> None:
    """The keyboard's Ctrl-C reaches every process of the terminal, and the report so far still appears."""
    slow = Fault(FaultKind.LATENCY, pages=range(3, 21), delay=60)
    async with DemoShop(faults=[slow]) as shop:
        terminal = open_terminal(
            "書", "--pages", "20", "--base-url", shop.base_url, env=environ, interpreter=True
        )

        def talk() -> tuple[int, list[psutil.Process]]:
            terminal.read_until(r"pages [^\r]*?2/20")
            children = psutil.Process(terminal.process.pid).children(recursive=True)
            terminal.type("\x03")
            return terminal.end(), children

        code, children = await asyncio.to_thread(talk)
    assert code == 130
    assert children
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert "PARTIAL" in terminal.screen
    assert "bookprice: interrupted: pages 3–20 not read" in terminal.screen
    assert "Traceback" not in terminal.screen
    assert len(list((folder / "reports").glob("*.md"))) == 1
