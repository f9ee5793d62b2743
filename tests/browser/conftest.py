"""A real Chromium with monitored pages: any request, console message or error fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from crawler.report import Style
from crawler.report.search.html_report import render
from crawler.results import SearchResult

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Chromium runs as root in CI, and must not contact hosts of its maker."""

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for a module; skip if none is installed, but fail with REQUIRE_CHROMIUM=1.

    Not one for the whole session: while it runs, the loop of Playwright's driver occupies the thread, and asynchronous
    tests of other modules need theirs.
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


class WatchedPage:
    """A page that similar tests use one after another: a new one costs as much as opening five reports in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        """The actions of the page that no report may take."""
        self._mine: tuple[str, ...] = ()
        page.on("request", lambda request: self._note_request(request.url))
        page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("dialog", self._refuse)

    def open(self, file: Path, *, width: int, height: int, shop: str | None) -> None:
        """Open a file as a new page would: with that size, for a screen, without a mouse over it."""
        self.page.unroute_all()
        self.page.emulate_media(media="null")
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.mouse.move(-1, -1)
        self._mine = (file.as_uri(), shop) if shop else (file.as_uri(),)
        if shop:
            self.page.route(f"{shop}**", lambda route: route.fulfill(body="<link rel=icon href=data:,>"))
        self.page.goto(file.as_uri())

    def leave(self) -> list[str]:
        """Close the file, and return the actions of the page that no report may take."""
        self.page.goto("about:blank")
        trouble, self.trouble = self.trouble, []
        return trouble

    def _note_request(self, url: str) -> None:
        if not url.startswith(self._mine):
            self.trouble.append(url)

    def _refuse(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()


Idle = dict[tuple[object, ...], list[WatchedPage]]


@pytest.fixture(scope="module")
def idle_pages(browser: Browser) -> Idle:
    """Hold the idle pages, by the options of their context."""
    return {}


@pytest.fixture
def open_html(browser: Browser, idle_pages: Idle, tmp_path: Path) -> Iterator[Opener]:
    """Return a function that writes a page to a file, opens the file and returns the page.

    With `shop`, the page may request addresses that begin so, and gets an empty page in response. After the test, no
    page may have requested anything but its file, written to the console (where violations of its policy appear),
    opened a dialog, or raised an error.
    """
    used: list[tuple[tuple[object, ...], WatchedPage]] = []

    def open_html(
        text: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        shop: str | None = None,
        **context_options: Any,
    ) -> Page:
        file = tmp_path / f"report{len(used)}.html"
        file.write_text(text, encoding="utf-8")
        kind = (scheme, *sorted(context_options.items()))
        if idle := idle_pages.get(kind):
            watched = idle.pop()
        else:
            context = browser.new_context(
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
                **context_options,
            )
            context.set_default_timeout(10_000)
            expect.set_options(timeout=10_000)
            watched = WatchedPage(context.new_page())
        used.append((kind, watched))
        watched.open(file, width=width, height=height, shop=shop)
        return watched.page

    yield open_html
    trouble = [each for _, watched in used for each in watched.leave()]
    for kind, watched in used:
        idle_pages.setdefault(kind, []).append(watched)
    assert trouble == []


class SitePage:
    """A page that tests of a site use one after another; it forgets the site in between."""

    def __init__(self, browser: Browser, scheme: Any, lang: str, *, refuse_dialogs: bool) -> None:
        self.trouble: list[str] = []
        """Requests of other addresses than the site's, messages on the console, errors and refused dialogs."""
        self._site = ""
        self._context = browser.new_context(
            color_scheme=scheme,
            reduced_motion="reduce",
            locale=lang,
            extra_http_headers={"Accept-Language": lang},
        )
        self._context.set_default_timeout(15_000)
        self.page = page = self._context.new_page()
        page.on("request", lambda request: self._note_request(request.url))
        page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        if refuse_dialogs:
            page.on("dialog", self._refuse)

    def open(self, site: str, path: str, width: int) -> None:
        self._site = site
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.mouse.move(-1, -1)
        self.page.goto(site + path)

    def leave(self) -> list[str]:
        """Leave the site, forget what it kept in the browser, and return the trouble."""
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")
        self._context.clear_cookies()
        trouble, self.trouble = self.trouble, []
        return trouble

    def _note_request(self, url: str) -> None:
        if not url.startswith((self._site, "about:")):
            self.trouble.append(url)

    def _refuse(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()


class SitePages:
    """The pages of sites that a module opens: one of an earlier test if there is one, as a new one takes a second."""

    def __init__(self, browser: Browser, *, refuse_dialogs: bool) -> None:
        self._browser = browser
        self._refuse_dialogs = refuse_dialogs
        self._idle: dict[tuple[str, str], list[SitePage]] = {}
        self._used: list[tuple[tuple[str, str], SitePage]] = []

    def open(
        self, site: str, path: str, *, width: int = 1280, scheme: str = "light", lang: str = "en"
    ) -> Page:
        expect.set_options(timeout=15_000)
        kind = (scheme, lang)
        idle = self._idle.setdefault(kind, [])
        opened = idle.pop() if idle else SitePage(self._browser, *kind, refuse_dialogs=self._refuse_dialogs)
        self._used.append((kind, opened))
        opened.open(site, path, width)
        return opened.page

    def leave(self) -> list[str]:
        """Leave the sites of all pages that are open, and return the trouble."""
        used, self._used = self._used, []
        trouble = [each for _, opened in used for each in opened.leave()]
        for kind, opened in used:
            self._idle[kind].append(opened)
        return trouble
