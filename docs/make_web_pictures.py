"""Make the pictures of the web page: a search in flight, its result, and the price history of a book.

    .venv/bin/python docs/make_web_pictures.py

Needs the extra `dev`, Chromium, and Chinese fonts (Debian: chromium, fonts-noto-cjk). It fetches nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

DOCS = Path(__file__).parent
SERVE = ("-m", "crawler", "serve", "--demo", "--port", "0")
QUERY = "滲透測試"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def main() -> None:
    """Serve the demo shop, search it, and take the pictures."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder:
        # With a gap between requests, a search takes long enough to be seen.
        environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), "CRAWLER_DELAY": "0.15"}
        server = subprocess.Popen(
            [sys.executable, *SERVE], stdout=subprocess.PIPE, cwd=folder, env=environment, encoding="utf-8"
        )
        try:
            assert server.stdout is not None  # noqa: S101 – it is a pipe
            url = server.stdout.readline().strip()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
                context = browser.new_context(
                    viewport={"width": 1280, "height": 860}, locale="en", reduced_motion="reduce"
                )
                take(context.new_page(), url)
                browser.close()
        finally:
            server.terminate()
            server.wait()


def take(page: Page, url: str) -> None:
    """Search, and take each picture when there is something to see."""
    page.goto(url)
    page.get_by_role("searchbox").first.fill(QUERY)
    page.locator("[name=pages]").fill("30")
    page.locator("button[type=submit]").click()
    page.locator("#pages li.done").nth(8).wait_for()
    page.locator(".rows .c-title a").first.wait_for()
    page.screenshot(path=DOCS / "web-search.png")
    page.locator("#result .card").first.wait_for()
    page.locator(".rows .c-title a").first.wait_for()
    page.screenshot(path=DOCS / "web-result.png", full_page=True, clip=part(1500))
    page.locator(".rows .c-title a").first.click()
    page.locator(".past").wait_for()
    page.screenshot(path=DOCS / "web-history.png", full_page=True, clip=part(1180))


def part(height: int) -> FloatRect:
    """Return the upper part of a page."""
    return {"x": 0, "y": 0, "width": 1280, "height": height}


if __name__ == "__main__":
    main()
