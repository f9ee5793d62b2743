"""Make the pictures in the README and docs from what the command really prints and writes.

    .venv/bin/python docs/make_pictures.py

Needs the extra `dev`, Chromium, and Chinese fonts (Debian: chromium, fonts-noto-cjk). Nothing is fetched.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from crawler.history.observations import Observation, RunRecord
from crawler.history.store import History

DOCS = Path(__file__).parent
SEARCH = ("-m", "crawler", "滲透測試", "--pages", "20", "--demo")
SHOWN = ("--top", "10", "--lang", "en")
COLUMNS = 104
PAST = ("-m", "crawler", "history", "滲透測試", "--demo", "--lang", "en")
BOOKS = (
    # Title, list price, usual price, and what becomes of it
    ("渗透测试工作法 第2版", "59.00", "41.30", "cheap now"),
    ("渗透测试的前世今生", "46.00", "32.20", "raised, then cut"),
    ("渗透测试与红队演练（全两册）", "58.00", "34.80", "sold out"),
    ("图解渗透测试：从入门到实战", "79.00", "55.30", "sales"),
    ("渗透测试工程师手记", "69.00", "58.30", "dearer"),
    ("Web 渗透测试一百问", "95.00", "61.50", "new"),
)
"""A made-up year of made-up books."""
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
    """Run the command on the demo shop and photograph what it prints and what it writes."""
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
        make_up_a_year(Path(folder) / "history.sqlite3")
        files = ("--history-file", "history.sqlite3", "--output", page.name)
        run(folder, *files, "--format", "json", command=PAST)
        photograph(browser, page, "history-html.png", width=1280, height=1320)
        browser.close()


def make_up_a_year(file: Path) -> None:
    """Write the past of the made-up books to a history: a run every other day or so, the same ones every time."""
    draw = random.Random(1)
    with History(file) as history:
        for day in range(365):
            if 150 <= day < 178 or (day < 364 and draw.random() < 0.4):
                continue  # nobody looked
            at = dt.datetime(2025, 11, 20, 8, tzinfo=dt.UTC) + dt.timedelta(days=day)
            found = []
            for number, (title, listed, usual, story) in enumerate(BOOKS, 1):
                if story == "new" and day < 358:
                    continue
                price = Decimal(usual)
                if story == "cheap now" and (day >= 361 or 200 <= day < 211):
                    price *= Decimal("0.72" if day >= 361 else "0.85")
                elif story == "raised, then cut" and 338 <= day < 358:
                    price *= Decimal("1.25")
                elif story in {"sales", "sold out"} and day % 73 in range(52, 61):
                    price *= Decimal("0.80")
                elif story == "dearer" and day >= 110:
                    price *= Decimal("0.92" if day < 290 else "1.08")
                gone = story == "sold out" and 215 <= day < 262
                price = round(price, 1)
                found.append(
                    Observation(str(29_000_000 + number), title, at, price, Decimal(listed), sold_out=gone)
                )
            history.record(RunRecord(str(day), "demo", "渗透测试", at, pages_ok=1, pages_failed=0), found)


def run(folder: str, *arguments: str, command: tuple[str, ...] = SEARCH) -> str:
    """Run a command in `folder`, as in a wide terminal that shows colours, and return what it prints."""
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
    """Photograph the table as a terminal shows it."""
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
) -> None:
    """Write a picture of the file `source` to docs: of the window, or of the whole page; a phone's in the dark."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if phone else "light",
        device_scale_factor=2 if phone else 1,
    )
    page = context.new_page()
    page.goto(source.as_uri())
    page.screenshot(path=DOCS / name, full_page=whole)
    context.close()


if __name__ == "__main__":
    main()
