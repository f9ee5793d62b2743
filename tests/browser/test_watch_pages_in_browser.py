"""Watches, histories and wish lists in a real Chromium: by mouse and keyboard, on a phone, in three languages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from crawler.demo import year as demo_year
from crawler.history.store import History
from tests.browser.conftest import SitePages
from tests.browser.test_web_page_in_browser import grave, overflows
from tests.browser.web_site import ThreadedSite

QUERY = "滲透測試"

Opener = Callable[..., Page]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[ThreadedSite]:
    """Serve the application with a configuration of its own."""
    file = tmp_path / "config.toml"
    file.write_text(f'# mine\n[crawler]\n\n[alerts]\nfile = "{tmp_path}/alerts.jsonl"\n', encoding="utf-8")
    with ThreadedSite(tmp_path, record=True, watch_config=file) as web:
        yield web


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSite]:
    """Serve a history of three months."""
    folder = tmp_path_factory.mktemp("recorded")
    with ThreadedSite(folder, record=False) as web:
        source = web.site.context.source.name
        with History(web.site.context.history) as history:
            history.record_all(_at(source))
        yield web


def _at(source: str) -> Iterator[Any]:
    """Yield the last runs of a year of the demo shop as those of a source."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_year, "DAYS", 90)
        for run, seen in demo_year.year(dt.date(2026, 5, 31)):
            yield replace(run, source=source), seen


@pytest.fixture(scope="module")
def pages(browser: Browser) -> SitePages:
    return SitePages(browser, refuse_dialogs=False)


@pytest.fixture
def open_at(pages: SitePages) -> Iterator[Opener]:
    """Return a function that opens a page of a site; it must request nothing else, and write nothing to the console."""

    def open_at(web: ThreadedSite, path: str, **options: Any) -> Page:
        return pages.open(web.url, path, **options)

    yield open_at
    trouble = pages.leave()
    # A browser writes a refusal to the console, which the page shows in words; and the site may end before the browser.
    assert [
        each for each in trouble if not re.search("status of (409|422)|ERR_CONNECTION_REFUSED", each)
    ] == []


def content(web: ThreadedSite) -> str:
    path = web.site.context.watch_config
    assert path is not None
    return path.read_text(encoding="utf-8")


def add(page: Page, *, target: str = "40") -> None:
    """Fill the form for a watch, by keyboard alone, and send it."""
    page.get_by_label("Search for").focus()
    page.keyboard.type(QUERY)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(target)
    page.keyboard.press("Enter")
    expect(page.locator(".watch")).to_have_count(1)


def test_a_watch_is_added_triggered_paused_changed_and_deleted(
    open_at: Opener, web: ThreadedSite, tmp_path: Path
) -> None:
    """What the page does is in the file, and the alert is at its place."""
    page = open_at(web, "/watches")
    add(page)
    assert 'query = "滲透測試"' in content(web)
    assert "# mine" in content(web)
    assert grave(page) == []
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".watch")).to_contain_text("Last run here")
    expect(page.locator(".watch")).to_contain_text("target reached")
    assert '"kind":"target_price"' in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")
    page.get_by_role("button", name="Send a test alert").click()
    expect(page.locator(".watch .status")).to_contain_text("sent to file")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".watch .badge")).to_have_text("paused")
    assert "paused = true" in content(web)
    page.locator(".watch [name=target_price]").fill("25.50")
    page.get_by_role("button", name="Change the target price").click()
    expect(page.locator(".watch")).to_contain_text("target ¥25.50")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".watch")).to_have_count(0)
    assert "[[watch]]" not in content(web)


def test_a_watch_that_changed_meanwhile_is_not_overwritten(open_at: Opener, web: ThreadedSite) -> None:
    page = open_at(web, "/watches")
    add(page)
    path = web.site.context.watch_config
    assert path is not None
    path.write_text(content(web).replace("target_price = 40", "target_price = 12"), encoding="utf-8")
    page.locator(".watch [name=target_price]").fill("99")
    page.context.clear_cookies()
    with page.expect_response(re.compile("/api/v1/watches/")) as answer:
        page.get_by_role("button", name="Change the target price").click()
    assert answer.value.status == 409
    expect(page.get_by_role("alert").filter(has_text="changed meanwhile")).to_be_visible()
    assert "target_price = 12" in content(web)


def test_a_book_of_the_history_is_watched_at_a_price(open_at: Opener, web: ThreadedSite) -> None:
    source = web.site.context.source.name
    with History(web.site.context.history) as history:
        history.record_all(_at(source))
    page = open_at(web, "/history")
    page.locator("#queries ~ .scroll a").first.click()
    page.locator("th[scope=row] a").first.click()
    page.locator(".watch-book [name=target_price]").fill("9.90")
    page.get_by_role("button", name="Watch").click()
    expect(page.locator(".watch-book .status")).to_contain_text("This book is watched as")
    assert "target_price = 9.90" in content(web)
    page.locator(".watch-book .status a").click()
    expect(page.locator(".watch")).to_contain_text("Only product")


def test_a_book_of_a_result_is_watched_on_the_pages_that_found_it(open_at: Opener, web: ThreadedSite) -> None:
    """Fewer pages might not have it; a filter would hide it at a lower price."""
    page = open_at(web, "/")
    page.get_by_role("searchbox").fill(QUERY)
    page.locator("[name=pages]").fill("5")
    page.get_by_text("More options").click()
    page.locator("[name=min_price]").fill("20")
    page.keyboard.press("Enter")
    page.locator("#result .card a").first.click()
    expect(page.locator("svg.past")).to_be_visible()
    page.locator(".watch-book [name=target_price]").fill("15")
    page.get_by_role("button", name="Watch").click()
    page.locator(".watch-book .status a").click()
    expect(page.locator(".watch")).to_contain_text("target ¥15.00")
    assert "pages = 5\n" in content(web)
    assert "min_price" not in content(web)
    assert grave(page) == []
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".watch")).to_contain_text("Last run here")
    page.get_by_role("link", name="Only product").click()
    expect(page.locator(".facts.long")).to_contain_text("2 times since")
    assert grave(page) == []


def test_the_history_shows_both_runs_of_a_watch(open_at: Opener, web: ThreadedSite) -> None:
    page = open_at(web, "/watches")
    add(page)
    for _ in range(2):
        page.wait_for_load_state()
        with page.expect_event("load"):  # of the page with the outcome
            page.get_by_role("button", name="Run now").click()
    page.goto(f"{web.url}/history")
    expect(page.locator("#queries ~ .scroll tbody td").first).to_have_text("2")
    page.locator("#queries ~ .scroll a").first.click()
    page.locator("th[scope=row] a").first.click()
    expect(page.locator(".facts.long")).to_contain_text("2 times since")
    expect(page.locator("svg.past .price-line").first).to_be_attached()


def test_several_books_are_compared_in_one_chart(open_at: Opener, recorded: ThreadedSite) -> None:
    page = open_at(recorded, "/history")
    page.get_by_role("searchbox").fill(QUERY)
    page.keyboard.press("Enter")
    expect(page.locator("tbody [name=book]").first).to_be_visible()
    for place in range(3):
        page.locator("tbody [name=book]").nth(place).check()
    page.get_by_role("button", name="Compare the chosen books").click()
    expect(page.locator("svg.compared path.price-line")).to_have_count(3)
    line = page.locator("svg.compared path.price-line").first
    assert "1 " in (line.locator("title").text_content() or "")
    assert grave(page) == []
    page.locator("a[aria-label^=Remove]").first.click()
    expect(page.locator("svg.compared path.price-line")).to_have_count(2)


def test_the_lines_of_a_chart_differ_in_colour_and_dashes(open_at: Opener, recorded: ThreadedSite) -> None:
    """In light and dark, each line is visible against the page."""
    for scheme in ("light", "dark"):
        page = open_at(recorded, "/history?q=渗透测试", scheme=scheme)
        for place in range(6):
            page.locator("tbody [name=book]").nth(place).check()
        page.get_by_role("button", name="Compare the chosen books").click()
        page.wait_for_url(re.compile("[?&]book="))  # with its style sheet
        styles = page.locator("svg.compared path.price-line").evaluate_all(
            "lines => lines.map(line => { const style = getComputedStyle(line);"
            " return style.stroke + style.strokeDasharray + style.fill })"
        )
        assert len(set(styles)) == 6
        assert all(style.endswith("none") for style in styles)


def test_a_wish_list_fills_while_it_is_searched_and_survives_a_reload(
    open_at: Opener, web: ThreadedSite
) -> None:
    page = open_at(web, "/wishlist")
    page.get_by_label("Your list").fill("9787115546081\n三体 / 刘慈欣\n---\n")
    page.get_by_role("button", name="Search for all").click()
    expect(page.locator("#wishes[data-state=finished]")).to_be_visible()
    expect(page.locator("#totals")).to_contain_text("of 2 found")
    expect(page.locator("[data-place='0'] td").first).to_have_text("found by ISBN")
    total = page.locator("#total-cheapest").inner_text()
    assert re.fullmatch(r"¥[\d,.]+", total)
    expect(page.get_by_text("Lines that name no book (1):")).to_be_visible()
    rows = page.locator(".wishes tbody").inner_text()
    assert grave(page) == []
    page.reload()
    assert page.locator(".wishes tbody").inner_text() == rows
    assert page.locator("#total-cheapest").inner_text() == total


def test_a_csv_file_of_either_charset_is_read(open_at: Opener, web: ThreadedSite) -> None:
    """As 豆瓣's exporters and spreadsheets in China write it."""
    page = open_at(web, "/wishlist")
    for charset, title in (("utf-8", "三体"), ("gb18030", "球状闪电")):
        data = f"标题,出版日期,作者,条目链接\r\n{title},2008/1,刘慈欣,https://book.douban.com/subject/2567698/\r\n"
        file: Any = {
            "name": "db-book-wishlist.csv", "mimeType": "text/csv", "buffer": data.encode(charset),
        }  # fmt: skip
        page.goto(f"{web.url}/wishlist")
        page.get_by_label("Or a CSV file").set_input_files(file)
        page.get_by_role("button", name="Search for all").click()
        expect(page.locator(".wishes tbody th")).to_have_text(f"{title}刘慈欣")


def test_a_list_that_cannot_be_read_says_why(open_at: Opener, web: ThreadedSite) -> None:
    page = open_at(web, "/wishlist?lang=zh-Hant")
    with page.expect_response(re.compile("/api/v1/wishlists")):
        page.locator("#wish-form button").click()
    expect(page.get_by_role("alert")).to_contain_text("清單中沒有書")


@pytest.mark.parametrize(
    "lang",
    [
        "zh-Hant",
        pytest.param("en", marks=pytest.mark.slow),
        pytest.param("zh-Hans", marks=pytest.mark.slow),
    ],
)
def test_on_a_phone_nothing_is_wider_than_the_screen(
    open_at: Opener, recorded: ThreadedSite, lang: str
) -> None:
    """In every language, in the dark; axe-core looks at one of them, as the markup is the same."""
    page = open_at(recorded, "/watches", width=360, lang=lang, scheme="dark")
    for path in ("/watches", "/history", "/history?q=渗透测试", "/wishlist"):
        page.goto(recorded.url + path)
        assert page.locator("html").get_attribute("lang") == lang
        assert not overflows(page), path
        assert lang != "zh-Hant" or grave(page) == [], path
    page.goto(f"{recorded.url}/history?q=渗透测试")
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("svg.past")).to_be_visible()
    assert not overflows(page)
    assert lang != "zh-Hant" or grave(page) == []
