"""The web page in a real Chromium: searches watched, cancelled, reloaded, sorted and read, by mouse and keyboard.

Every test also fails if a page requests another host, writes to the console (where violations of its policy appear),
opens a dialog, or raises an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from crawler.demo.faults import Fault, FaultKind
from crawler.results import SearchResult
from crawler.verdict import Verdict
from tests.browser.conftest import SitePages
from tests.browser.web_site import ThreadedSite
from tests.factories import make_listing, make_page, make_result
from tests.report.hostile import HOSTILE

AXE = Axe()

QUERY = "滲透測試"

HELD, FAILING = "慢书", "坏书"
"""Queries of which all but two pages are held back, and of which a page fails."""

FAULTS = (Fault(FaultKind.STATUS, status=404, pages={2}, queries={FAILING}),)

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSite]:
    """Serve the application for the tests of this module."""
    with ThreadedSite(
        tmp_path_factory.mktemp("site"), FAULTS, held={HELD}, record=True, price_check=1
    ) as web:
        yield web


@pytest.fixture(scope="module")
def pages(browser: Browser) -> SitePages:
    return SitePages(browser, refuse_dialogs=True)


@pytest.fixture
def open_page(pages: SitePages, web: ThreadedSite) -> Iterator[Opener]:
    """Return a function that opens a page of the site."""

    def open_page(path: str = "/", *, url: str | None = None, **options: Any) -> Page:
        return pages.open(url or web.url, path, **options)

    yield open_page
    # A connection that the test broke, or an address without a page, is no error of the page.
    expected = ("ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE", "the server responded with a status of 404")
    assert [each for each in pages.leave() if not any(words in each for words in expected)] == []


def search(page: Page, query: str, pages: int = 3) -> None:
    """Fill the search box and submit it."""
    page.get_by_role("searchbox").first.fill(query)
    page.locator("[name=pages]").fill(str(pages))
    page.locator("button[type=submit]").click()
    page.wait_for_url(re.compile(r"/searches/[0-9a-f]+$"))


def in_list(page: Page, key: str) -> list[str]:
    """Return the texts of a column in the rows that are in the document."""
    texts: list[str] = page.locator(f".rows tbody td.c-{key}").all_inner_texts()
    return [text.split("\n")[0].strip() for text in texts]


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def grave(page: Page) -> list[str]:
    """Return axe-core's findings with serious or critical impact."""
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary']}"
        for each in AXE.run(page).response["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def library(books: int = 400) -> SearchResult:
    """Return a result with many books; every seventh is a set, every tenth is not rated, one page failed."""
    listings = [
        make_listing(
            product_id=str(number),
            title=f"渗透测试{number}",
            price=Decimal(10 + number * 7 % 991),
            rating=None if number % 10 == 0 else 3 + number % 5 / 2,
            reviews=None if number % 10 == 0 else number * 13 % 5000 + 1,
            publisher=f"第{number % 9}出版社",
            page=number // 60 + 1,
            position=number % 60 + 1,
        )
        for number in range(1, books + 1)
    ]
    listings.append(make_listing(product_id="0", title="渗透测试别册", sold_out=True, position=60))
    return make_result(listings, failed=[make_page(9, verdict=Verdict.BLOCKED, detail="405 Not Allowed")])


def test_a_search_is_watched_to_its_end(open_page: Opener, web: ThreadedSite) -> None:
    """The list fills while pages arrive; then the answers, the chart and the list are there, without a reload."""
    page = open_page()
    search(page, HELD, pages=8)
    expect(page.locator("#pages li.done").nth(1)).to_be_visible()
    expect(page.locator(".rows .c-title a").first).to_be_visible()
    expect(page.locator("#live")).to_be_visible()
    expect(page.locator("#f-cheapest")).to_contain_text("¥")
    web.release()
    expect(page.locator("#result .card")).to_have_count(3)
    expect(page.locator("#result .rows .c-title a").first).to_be_visible()
    expect(page.locator(".scatter a").first).to_be_attached()
    expect(page.locator(".proof")).to_contain_text("the cheapest is proven")
    page.reload()
    expect(page.locator("#result .card")).to_have_count(3)
    page.goto(page.url.rpartition("/searches")[0])
    expect(page.locator("#searches li").first).to_contain_text("finished")


def test_the_list_stays_as_its_reader_has_it_when_the_search_ends(
    open_page: Opener, web: ThreadedSite
) -> None:
    """Filter, order, focus, and its place in the window; the answers come above it."""
    page = open_page()
    search(page, HELD, pages=8)
    expect(page.locator(".rows .c-title a").first).to_be_visible()
    page.locator("th[data-key=rating] button").click()
    field = page.locator("#books [name=text]")
    field.fill("慢书")
    page.evaluate("scrollTo(0, 200)")
    page.locator(".window").evaluate("rows => rows.scrollTo(0, 300)")
    before = page.locator("#books").bounding_box()
    web.release()
    expect(page.locator("#result .card")).to_have_count(3)
    expect(page.locator("#books .rows tbody tr:not(.spacer)").nth(15)).to_be_attached()
    after = page.locator("#books").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    assert page.locator(".window").evaluate("rows => rows.scrollTop") == 300
    expect(field).to_have_value("慢书")
    expect(field).to_be_focused()
    expect(page.locator("th[data-key=rating]")).to_have_attribute("aria-sort", "descending")
    ratings = in_list(page, "rating")
    assert ratings == sorted(ratings, key=lambda shown: -float(shown.split()[0]))
    assert all(re.fullmatch(r"[0-5]\.\d \([\d,]+\)", shown) for shown in ratings)


@pytest.mark.slow
def test_cancelling_stops_the_search(open_page: Opener) -> None:
    """The books that were found stay, marked as partial."""
    page = open_page()
    search(page, HELD, pages=8)
    expect(page.locator("#pages li.done")).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#result .alarm")).to_contain_text("PARTIAL")
    expect(page.locator("#result")).to_contain_text("cancelled")
    expect(page.locator(".rows .c-title a").first).to_be_visible()


@pytest.mark.slow
def test_a_reload_and_another_tab_find_the_running_search(open_page: Opener, web: ThreadedSite) -> None:
    page = open_page()
    search(page, HELD, pages=8)
    expect(page.locator("#pages li.done").nth(1)).to_be_visible()
    page.reload()
    expect(page.locator("#pages li.done").nth(1)).to_be_visible()
    other = open_page(page.url.removeprefix(page.url.partition("/searches")[0]), lang="zh-TW")
    expect(other.locator("#pages li.done").nth(1)).to_be_visible()
    web.release()
    for each, words in ((page, "Cheapest"), (other, "最便宜")):
        expect(each.locator("#result .card h3").first).to_have_text(words)


@pytest.mark.slow
def test_a_broken_connection_picks_up_where_it_was(open_page: Opener, web: ThreadedSite) -> None:
    """No page is told twice, and the search ends in the browser as on the server."""
    page = open_page(url=web.relay_url)
    search(page, HELD, pages=8)
    expect(page.locator("#pages li.done").nth(1)).to_be_visible()
    web.break_connections()
    web.release()
    expect(page.locator("#result .card")).to_have_count(3)


@pytest.mark.slow
def test_a_failed_page_is_named_with_its_reason(open_page: Opener) -> None:
    page = open_page()
    search(page, FAILING)
    expect(page.locator("#result .alarm")).to_contain_text("404")
    expect(page.locator("#failed")).to_be_visible()


def test_the_list_is_sorted_by_its_heads_and_filtered(open_page: Opener, web: ThreadedSite) -> None:
    """In either script of Chinese; what is unknown comes last."""
    page = open_page(f"/searches/{web.keep(library(60))}")
    expect(page.locator(".rows .c-title a").first).to_be_visible()
    prices = [Decimal(text.strip("¥").replace(",", "")) for text in in_list(page, "price")]
    assert prices == sorted(prices)
    page.get_by_role("button", name="Quality").click()
    expect(page.locator("th.c-quality")).to_have_attribute("aria-sort", "descending")
    quality = [float(text) for text in in_list(page, "quality") if text]
    assert quality == sorted(quality, reverse=True)
    page.get_by_role("button", name="Quality").click()
    quality = [float(text) for text in in_list(page, "quality") if text]
    assert quality == sorted(quality)
    find = page.get_by_label("Title, author, publisher")
    find.fill("滲透測試7")
    expect(page.locator(".tools output")).to_have_text("1 of 60 shown")
    assert in_list(page, "title") == ["渗透测试7"]
    find.fill("nothing like it")
    expect(page.locator(".empty")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".tools output")).to_have_text("60 of 60 shown")
    page.get_by_label("Up to ¥").fill("100")
    page.get_by_label("Only ★").check()
    assert set(in_list(page, "frontier")) == {"★"}


@pytest.mark.slow
def test_six_thousand_books_are_as_few_rows_as_sixty(open_page: Opener, web: ThreadedSite) -> None:
    """Only the rows in view are in the document; the last one is reached by scrolling, and by the keyboard."""
    page = open_page(f"/searches/{web.keep(library(6000))}")
    expect(page.locator(".tools output")).to_have_text("6,000 of 6,000 shown")
    rows = page.locator(".rows tbody tr:not(.spacer)")
    assert rows.count() < 60
    assert page.locator(".rows").get_attribute("aria-rowcount") == "6001"
    page.locator(".window").evaluate("window => { window.scrollTop = window.scrollHeight }")
    expect(page.locator('.rows tr[aria-rowindex="6001"] .c-rank')).to_have_text("6000")
    assert rows.count() < 60
    page.get_by_role("button", name="Title").click()
    expect(page.locator('.rows tr[aria-rowindex="2"]')).to_be_visible()
    page.locator(".rows .c-title a").first.focus()
    next_row = "document.activeElement.closest('tr').nextElementSibling.querySelector('.c-title a')?.focus()"
    page.evaluate(f"() => {{ for (let n = 0; n < 80; n += 1) {next_row} }}")  # before any event of scrolling
    assert page.evaluate("document.activeElement.closest('tr').getAttribute('aria-rowindex')") == "82"
    page.locator(".window").evaluate("window => { window.scrollTop = 0 }")
    expect(page.locator('.rows tr[aria-rowindex="2"]')).to_be_visible()
    page.locator(".rows .c-title a").first.focus()
    for _ in range(80):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('tr')?.getAttribute('aria-rowindex')") == "82"
    assert rows.count() < 70


def test_the_chart_names_the_book_under_the_pointer(open_page: Opener, web: ThreadedSite) -> None:
    """And a click leads to the book's page, with its offers."""
    page = open_page(f"/searches/{web.keep(library(60))}")
    star = page.locator(".scatter a.best").first
    star.hover(force=True)
    expect(page.locator("#tip")).to_be_visible()
    title = page.locator("#tip b").inner_text().removeprefix("★ ")
    star.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator(".offers li")).to_have_count(1)


@pytest.mark.slow
def test_two_searches_give_a_book_its_past(open_page: Opener) -> None:
    page = open_page()
    for _ in range(2):
        page.goto(page.url.partition("/searches")[0])
        search(page, QUERY, pages=1)
        expect(page.locator("#result .card")).to_have_count(3)
    page.locator(".rows .c-title a").first.click()
    expect(page.locator("#past")).to_be_visible()
    expect(page.locator(".past")).to_be_visible()
    page.get_by_role("link", name=f"← {QUERY}").click()
    expect(page.locator("#result .card")).to_have_count(3)


def test_what_was_dropped_is_one_click_away(open_page: Opener, web: ThreadedSite) -> None:
    page = open_page(f"/searches/{web.keep(library(60))}")
    page.locator("section[aria-labelledby=dropped] summary").first.click()
    expect(page.get_by_text("渗透测试别册")).to_be_visible()


@pytest.mark.slow
def test_every_format_is_downloaded_by_a_link(open_page: Opener, web: ThreadedSite) -> None:
    page = open_page(f"/searches/{web.keep(library(60))}")
    for link in page.locator(".files a").all():
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename.startswith("search-")


@pytest.mark.parametrize(
    "lang",
    [pytest.param("en", marks=pytest.mark.slow), pytest.param("zh-CN", marks=pytest.mark.slow), "zh-TW"],
)
def test_it_fits_a_phone_in_every_language(open_page: Opener, web: ThreadedSite, lang: str) -> None:
    found = web.keep(library(60))
    page = open_page(width=360, lang=lang)
    page.locator("details.more").evaluate("details => { details.open = true }")
    assert not overflows(page)
    for path in (f"/searches/{found}", f"/searches/{found}/books/7"):
        page.goto(web.url + path)
        assert not overflows(page), path


@pytest.mark.slow
def test_a_language_is_chosen_and_kept(open_page: Opener) -> None:
    page = open_page()
    page.get_by_role("link", name="繁體中文").click()
    expect(page.locator("h1")).to_have_text("找一本又便宜又好的書")
    page.goto(page.url.partition("?")[0])
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(open_page: Opener) -> None:
    """Skip the navigation, search, sort and open a book."""
    page = open_page()
    page.keyboard.press("Shift+Tab")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox").first).to_be_focused()
    page.keyboard.type("數學")
    page.keyboard.press("Enter")
    expect(page.locator("#result .card")).to_have_count(3)
    page.locator("th.c-price button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th.c-price")).to_have_attribute("aria-sort", "ascending")
    page.locator(".rows .c-title a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("section[aria-labelledby=offers]")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Opener, web: ThreadedSite, scheme: str) -> None:
    """On the search box, a search in flight, its result, a book's page and an error, also at the width of a phone."""
    found = web.keep(library(60))
    page = open_page(scheme=scheme)
    page.locator("details.more").evaluate("details => { details.open = true }")
    assert grave(page) == []
    search(page, HELD, pages=8)
    expect(page.locator("#pages li.done")).to_have_count(2)
    expect(page.locator(".rows .c-title a").first).to_be_visible()
    assert grave(page) == []
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#result .card").first).to_be_visible()
    for path in (f"/searches/{found}", f"/searches/{found}/books/7", "/nothing"):
        for width in (1280, 380):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(web.url + path)
            if path == f"/searches/{found}":
                expect(page.locator(".rows .c-title a").first).to_be_visible()
                page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            assert grave(page) == [], (path, width)


def test_a_shops_text_is_only_text(open_page: Opener, web: ThreadedSite) -> None:
    """In the list, the answers, the chart, the book's page and the list of searches."""
    texts = [
        *HOSTILE.values(),
        "<img src=x onerror=alert(1)>",
        "</script><script>window.owned = 1</script>",
        "{{ 7 * 7 }}",
    ]
    listings = [
        make_listing(
            product_id=str(at),
            title=f"{text} 渗透",
            publisher=str(text),
            seller=str(text),
            price=Decimal(at + 1),
        )
        for at, text in enumerate(texts)
    ]
    found = web.keep(make_result(listings, query="<b>滲透</b>"))
    page = open_page(f"/searches/{found}")
    expect(page.locator(".rows .c-title a").first).to_be_attached()
    for at in range(0, len(texts), max(1, len(texts) // 5)):
        page.goto(f"{web.url}/searches/{found}/books/{at}")
    page.goto(web.url)
    assert page.evaluate("window.owned ?? null") is None
    assert page.locator("img, b:text('滲透')").count() == 0
