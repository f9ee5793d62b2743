"""A real Chromium, and pages opened in it that are watched: whatever they ask, say or refuse fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from crawler.report import Style
from crawler.report.html_report import render
from crawler.results import SearchResult

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""It runs as root in CI, and must not look for hosts of its maker's."""

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for a module; skip where none is installed, fail there with REQUIRE_CHROMIUM=1.

    Not for the whole session: the loop of Playwright's driver is the thread's own as long as it runs, and
    asynchronous tests of other modules need theirs.
    """
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        reason = f"no browser: none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_report(open_html: Opener) -> Opener:
    """Return a function that writes a result's report, opens the file and returns the page; see `open_html`."""

    def open_report(result: SearchResult, *, style: Style | None = None, **options: Any) -> Page:
        return open_html(render(result, style or Style()), **options)

    return open_report


@pytest.fixture
def open_html(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Return a function that writes a page to a file, opens the file and returns the page.

    With `shop` an address that begins so is answered, by an empty page of the test's, and may be asked for.
    After the test no page may have asked for anything but its file, written to the console (where violations of its
    policy are told), opened a dialog, or raised an error.
    """
    trouble: list[str] = []
    contexts: list[BrowserContext] = []

    def note(what: str) -> None:
        trouble.append(what)

    def refuse(dialog: Dialog) -> None:
        note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open_html(
        text: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        shop: str | None = None,
        **context_options: Any,
    ) -> Page:
        file = tmp_path / f"report{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            **context_options,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        expect.set_options(timeout=10_000)
        page = context.new_page()
        mine = (file.as_uri(), shop) if shop else (file.as_uri(),)
        if shop:
            page.route(f"{shop}**", lambda route: route.fulfill(body="<link rel=icon href=data:,>"))
        page.on("request", lambda request: None if request.url.startswith(mine) else note(request.url))
        page.on("console", lambda message: note(f"console: {message.text}"))
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("dialog", refuse)
        page.goto(file.as_uri())
        return page

    yield open_html
    for context in contexts:
        context.close()
    assert trouble == []
