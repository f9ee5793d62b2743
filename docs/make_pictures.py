"""Make the pictures in the README and docs from the real output of the command.

    .venv/bin/python docs/make_pictures.py

Needs the extra `dev`, Chromium, and Chinese fonts (Debian: chromium, fonts-noto-cjk). It fetches nothing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from crawler.demo.year import year
from crawler.engine import Crawler
from crawler.history.store import History
from crawler.settings import Settings
from crawler.source import Source
from crawler.webapp.context import WebContext
from crawler.webapp.server import serving

DOCS = Path(__file__).parent
SEARCH = ("-m", "crawler", "滲透測試", "--pages", "20", "--demo")
SHOWN = ("--top", "10", "--lang", "en")
COLUMNS = 104
YEAR = ("-m", "crawler", "demo", "--history")
PAST = ("-m", "crawler", "history", "滲透測試", "--demo", "--lang", "en")
FILTER = "公開課"
"""Filter text for that page: it leaves a book at its lowest price ever and one that was raised, then cut."""
TODAY = dt.datetime(2025, 12, 31, 9, tzinfo=dt.UTC)
"""The day of the pictures of the web page: prices of the demo shop depend on it."""
READ = 7
"""The number of pages that have been read in the picture of a search in flight."""
DELAY = 3
"""Seconds between requests."""
FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 22px 26px; background: {background}; color: {foreground}; }}
pre {{ margin: 0; font: 15px/22px "Noto Sans Mono CJK SC", monospace; }}
i {{ display: inline-block; width: .5em; transform: scaleX(.5); transform-origin: left; font-style: normal; }}
</style><pre>{code}</pre>"""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def main() -> None:
    """Run the command on the demo shop and take pictures of its output and its files."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        english, chinese = Path(folder) / "en.html", Path(folder) / "zh.html"
        terminal(browser, folder)
        run(folder, "--output", english.name, "--lang", "en", "--format", "json")
        photograph(browser, english, "report-html.png", width=1280, height=1320)
        run(folder, "--output", chinese.name, "--lang", "zh-Hant", "--format", "json")
        photograph(browser, chinese, "report-phone-dark.png", width=390, height=844, phone=True)
        page = Path(folder) / "history.html"
        file = ("--history-file", "history.sqlite3")
        run(folder, *file, command=YEAR)
        run(folder, *file, "--output", page.name, "--format", "json", command=PAST)
        photograph(browser, page, "history-html.png", width=1280, height=1520, typed=FILTER)
        with WebPage(Path(folder)) as site:
            photograph_web_page(browser, site.url)
        browser.close()


def run(folder: str, *arguments: str, command: tuple[str, ...] = SEARCH) -> str:
    """Run a command in `folder`, as in a wide terminal with colours, and return its output."""
    environment = {
        **os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color",
        "PYTHONPATH": str(DOCS.parent),
    }  # fmt: skip
    environment.pop("NO_COLOR", None)
    return subprocess.run(
        [sys.executable, *command, *arguments],
        stdout=subprocess.PIPE, check=True, cwd=folder, env=environment, encoding="utf-8",
    ).stdout  # fmt: skip


def terminal(browser: Browser, folder: str) -> None:
    """Take a picture of the table in a terminal."""
    printed = run(folder, *SHOWN, "--format", "table")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(f"[bold green]$[/] bookprice {' '.join((*SEARCH[2:], *SHOWN))}\n", highlight=False)
    console.print(Text.from_ansi(printed))
    html = console.export_html(theme=DIMMED_MONOKAI, code_format=FRAME, inline_styles=True)
    source = Path(folder) / "terminal.html"
    # Terminals give these half the width that the font gives them.
    source.write_text(re.sub("[…─·—★–]", lambda match: f"<i>{match[0]}</i>", html), encoding="utf-8")
    photograph(browser, source, "report.png", width=880, height=100, whole=True)


def photograph(
    browser: Browser,
    source: Path,
    name: str,
    *,
    width: int,
    height: int,
    phone: bool = False,
    whole: bool = False,
    typed: str = "",
) -> None:
    """Write a picture of the file `source` to docs: of the window or the whole page; on a phone in dark mode.

    `typed` is the text for the page's filter.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if phone else "light",
        device_scale_factor=2 if phone else 1,
    )
    page = context.new_page()
    page.goto(source.as_uri())
    if typed:
        page.fill("input[name=text]", typed)
    page.screenshot(path=DOCS / name, full_page=whole)
    context.close()


class WebPage:
    """The web page in front of the demo shop on a fixed day, in a thread: Playwright needs the main one."""

    def __init__(self, folder: Path) -> None:
        self._history = folder / "web.sqlite3"
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.url = ""

    def __enter__(self) -> Self:
        with History(self._history) as history:
            history.record_all(year(TODAY.date() - dt.timedelta(days=1), cheapest=120))
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> str:
        settings = Settings(delay=DELAY, concurrency=1)
        executor = self._stack.enter_context(ThreadPoolExecutor(1))
        crawler = await self._stack.enter_async_context(
            Crawler(settings, executor=executor, demo=True, demo_day=TODAY.date, now=lambda: TODAY)
        )
        context = WebContext(
            settings=settings, crawler=crawler, source=Source.at(None, demo=True), history=self._history,
            record=True, now=lambda: TODAY, zone=dt.UTC,
        )  # fmt: skip
        return (await self._stack.enter_async_context(serving(context))).url


def photograph_web_page(browser: Browser, url: str) -> None:
    """Take pictures of a search in flight, of its result, and of the history with a comparison."""
    page = browser.new_page(viewport={"width": 1200, "height": 800}, locale="en", reduced_motion="reduce")
    page.goto(url)
    page.fill("[name=query]", SEARCH[2])
    page.fill("[name=pages]", "20")
    page.click("button[type=submit]")
    expect(page.locator("#f-pages")).to_have_text(f"{READ} / 20", timeout=60_000)
    page.wait_for_timeout(1_800)  # the list follows the pages within 1.2 s, and the next page is 3 s away
    expect(page.locator("#f-pages")).to_have_text(f"{READ} / 20")
    save(page, "web-search.png")
    page.wait_for_selector("#result", timeout=120_000)
    page.reload()
    page.wait_for_selector(".rows .c-title a")
    save(page, "web-result.png")
    page.goto(f"{url}/history")
    for place in (0, 1):
        page.locator("tbody [name=book]").nth(place).check()
    page.click("form .buttons button")
    page.wait_for_selector("svg.compared")
    page.set_viewport_size({"width": 1200, "height": 1000})
    save(page, "web-history.png")
    page.close()


def save(page: Page, name: str) -> None:
    """Write a picture of the window to docs, without the ring around what has the focus."""
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=DOCS / name, animations="disabled")


if __name__ == "__main__":
    main()
