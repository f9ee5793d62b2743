"""The history's page in a real Chromium: on a desktop, on a phone, in dark mode, in print.

Every test here also fails if the page makes a request, writes to the console or opens a dialog: see conftest.py.
"""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from crawler.history.reading import FileSize, SearchSummary
from crawler.history.view_models import Overview, View
from crawler.prices.observation import Observation
from crawler.report.history import HistoryStyle, render
from tests.browser.conftest import Opener
from tests.report.hostile import HOSTILE
from tests.report.pasts import RAISED, SHOP, START, a_product, a_search, daily, seen

AXE = Axe()

MORE_HOSTILE = {
    "image": "<img src=x onerror=alert(1)>",
    "attribute": '"><script>window.owned = 1; alert(1)</script>',
    "style": "</style><style>*{display:none!important}</style>",
    "svg": "</title></svg><svg onload=alert(1)><script>window.owned=1</script>",
    "long": "x" * 5_000,
    "long Chinese": "长" * 5_000,
}

STORY = [
    *daily((60, "1050.50"), (25, "1260.50"), (1, "1050"), list_price="2100"),
    *daily((20, "-"), (9, "1050"), start=86),
    *daily((30, "990"), (1, None), (5, "1300"), start=170),
]  # fmt: skip
"""A year with every kind of event: a raise, a cut, weeks sold out, a gap, a day without a price."""


def a_page(view: View, lang: str = "en") -> str:
    return render(view, "html", HistoryStyle(lang=lang))


def views() -> dict[str, View]:
    """Return one view of each kind, with everything that it can contain."""
    unpriced = [seen(0, None, product_id="4", title="没有价格的书")]
    far = [seen(at, "20", "999", product_id="5", title="定价过高") for at in range(9)]
    summary = SearchSummary(SHOP, "三体", 70, 1_234, 86_380, START, START + dt.timedelta(days=69))
    replica = SearchSummary("http://127.0.0.1:8000/a/long/path", "渗" * 60, 1, 1, 1, START, START)
    listed = [
        seen(at, "1050", "2000" if at < 60 else "3000", product_id="6", title="抬高定价") for at in range(70)
    ]
    single = [seen(0, "20", product_id="3", title="只见过一次")]
    return {
        "overview": Overview(Path("/home/reader/history.sqlite3"), FileSize(9, 9), 9, (summary, replica)),
        "search": a_search(STORY, RAISED, single, unpriced, far, listed, found=1_234, source="demo"),
        "product": a_product(STORY),
        "nothing": a_search(),
    }


VIEWS = tuple(views())

LOOKS = [
    (320, "dark"),
    (1280, "light"),
    pytest.param(320, "light", marks=pytest.mark.slow),
    pytest.param(1280, "dark", marks=pytest.mark.slow),
]
"""Widths and schemes; two of them have each, and the others are slow, because axe-core takes half a second."""


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def unfold(page: Page) -> None:
    page.evaluate("for (const detail of document.querySelectorAll('details')) detail.open = true")


@pytest.mark.parametrize("kind", VIEWS)
def test_no_width_scrolls_sideways(open_html: Opener, kind: str) -> None:
    """Phone, tablet and desktop, with every list unfolded and prices of four digits."""
    page = open_html(a_page(views()[kind]))
    unfold(page)
    too_wide = []
    for width in (320, 374, 390, 640, 641, 760, 761, 1020, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        too_wide += [width] if overflows(page) else []
    assert too_wide == []


WIDTHS = (320, 390, 1280)


@pytest.mark.parametrize("kind", ["search", "product"])
def test_the_words_in_a_chart_are_within_the_window(open_html: Opener, kind: str) -> None:
    """Text that overflows a drawing would not make the page scroll, but would be cut off."""
    page = open_html(a_page(views()[kind]))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        edges = page.evaluate(
            "[...document.querySelectorAll('.past text')].filter(text => getComputedStyle(text).display != 'none')"
            ".map(text => text.getBoundingClientRect()).map(box => [box.left, box.right])"
        )
        assert len(edges) > 8
        assert min(left for left, _ in edges) >= 0
        assert max(right for _, right in edges) <= width


@pytest.mark.parametrize("kind", ["search", "product", "short"])
def test_the_days_below_a_chart_do_not_touch(open_html: Opener, kind: str) -> None:
    """This includes short histories, whose dates are written in full."""
    page = open_html(a_page(a_search(daily((13, "20"))) if kind == "short" else views()[kind]))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        charts = page.evaluate(
            "[...document.querySelectorAll('.past')].map(chart => [...chart.querySelectorAll('.tick')]"
            ".filter(text => text.getAttribute('y') == '100%' && getComputedStyle(text).display != 'none')"
            ".map(text => text.getBoundingClientRect()).map(box => [box.left, box.right]))"
        )
        assert charts
        for days in charts:
            assert all(after[0] > before[1] + 3 for before, after in itertools.pairwise(days))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_light(open_html: Opener, scheme: str) -> None:
    """The background is dark in dark mode, light otherwise; the line is visible on both."""
    page = open_html(a_page(views()["product"]), scheme=scheme)
    colours = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.past .price-line')).stroke]"
    )
    ground, line = (sum(int(part) for part in colour.strip("rgb()").split(",")) for colour in colours)
    assert (ground < 3 * 60) == (scheme == "dark")
    assert abs(ground - line) > 200


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("kind", VIEWS)
def test_axe_finds_nothing(open_html: Opener, kind: str, width: int, scheme: str) -> None:
    """axe-core has no complaint about any page, with everything unfolded."""
    page = open_html(a_page(views()[kind], "zh-Hant"), width=width, scheme=scheme)
    unfold(page)
    found = AXE.run(page).response["violations"]
    assert [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]] == []


def test_the_line_is_stretched_to_the_plot_and_its_stroke_is_not(open_html: Opener) -> None:
    """The path fills the drawing's width at any size; the mark of the lowest price is on it."""
    for width in (390, 1280):
        page = open_html(a_page(a_product(daily((10, "40"), (10, "20")))), width=width)
        plot, line, mark = (
            page.locator(name).bounding_box()
            for name in ("svg.past .lines", ".past .price-line", ".mark.lowest circle")
        )
        assert plot
        assert line
        assert mark
        assert line["width"] == pytest.approx(plot["width"], abs=3)
        assert mark["x"] + mark["width"] / 2 == pytest.approx(line["x"] + line["width"], abs=2)
        assert mark["y"] + mark["height"] / 2 == pytest.approx(line["y"] + line["height"], abs=2)
        effect = page.evaluate("getComputedStyle(document.querySelector('.past .price-line')).vectorEffect")
        assert effect == "non-scaling-stroke"


def test_without_script_nothing_is_missing(open_html: Opener) -> None:
    """The page has no script: charts and lists are all there."""
    page = open_html(a_page(views()["search"]), java_script_enabled=False)
    expect(page.locator(".card")).to_have_count(6)
    expect(page.locator(".card svg.past")).to_have_count(5)
    page.locator(".card summary").first.click()
    expect(page.locator(".card .periods").first).to_be_visible()


def test_a_title_leads_to_the_shop(open_html: Opener) -> None:
    """The request is the reader's own, and does not reveal its origin to the shop."""
    page = open_html(a_page(a_product(RAISED)), shop="https://product.dangdang.com/")
    with page.expect_request("https://product.dangdang.com/29220317.html") as asked:
        page.get_by_role("link", name="三体").click()
    assert "referer" not in asked.value.all_headers()
    page.wait_for_url("https://product.dangdang.com/29220317.html")


def test_on_paper_the_charts_are_whole(open_html: Opener) -> None:
    """The background is white, and no chart spans two sheets."""
    page = open_html(a_page(views()["search"]))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).breakInside") == "avoid"
    assert page.evaluate("getComputedStyle(document.querySelector('.strip')).position") == "static"
    assert len(page.pdf()) > 10_000


TRICKS = {name: text.encode("utf-8", "replace").decode() for name, text in (HOSTILE | MORE_HOSTILE).items()}


def of_a_trick(text: str) -> list[Observation]:
    return daily((60, "50"), (9, "60"), (1, "50"), title=text, seller=text, product_id=text)


def assert_harmless(page: Page, *, scripts: int = 0) -> None:
    """Check a page that has so many scripts of its own: a list that can be filtered has one."""
    unfold(page)
    assert not overflows(page)
    assert page.evaluate("window.owned") is None
    expect(page.locator("script")).to_have_count(scripts)
    expect(page.locator("img")).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()


def test_all_hostile_words_together_do_nothing(open_html: Opener) -> None:
    """In query, title, seller and product number: no script runs, and the layout holds."""
    together = " ".join(sorted(TRICKS.values(), key=len))  # a long text is cut
    page = open_html(a_page(a_search(*map(of_a_trick, TRICKS.values()), query=together)), width=390)
    expect(page.locator(".card")).to_have_count(len(TRICKS))
    assert_harmless(page, scripts=1)
    assert_harmless(open_html(a_page(a_product(of_a_trick(together))), width=390))


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
def test_hostile_words_do_nothing(open_html: Opener, trick: str) -> None:
    """Each alone: none relies on what stands before it."""
    past = of_a_trick(TRICKS[trick])
    for view in (a_search(past, query=TRICKS[trick]), a_product(past)):
        assert_harmless(open_html(a_page(view), width=390))


def shelf(count: int) -> View:
    """Return a search with `count` products; number 7 is in Traditional Chinese, of another shop, and fell most."""
    past = {
        at: daily((9, str(50 + at)), (1, str(49 + at)), product_id=str(at), title=f"渗透测试{at}")
        for at in range(count)
    }
    past[7] = daily((9, "90"), (1, "30"), product_id="7", title="滲透測試", seller="機械書店")
    return a_search(*past.values())


def shown(page: Page) -> list[str]:
    return page.locator(".products > li:visible h3").all_inner_texts()


def test_fifty_products_a_page(open_html: Opener) -> None:
    """This includes the keyboard; the last page has the rest, and a print has all."""
    page = open_html(a_page(shelf(120)))
    assert len(shown(page)) == 50
    expect(page.locator(".pager output")).to_have_text("page 1 of 3")
    expect(page.get_by_role("button", name="Previous 50")).to_be_disabled()
    page.get_by_role("button", name="Next 50").click()
    page.get_by_role("button", name="Next 50").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pager output")).to_have_text("page 3 of 3")
    assert len(shown(page)) == 20
    expect(page.get_by_role("button", name="Next 50")).to_be_disabled()
    page.emulate_media(media="print")
    assert page.locator(".products > li:visible").count() == 120


def test_products_are_filtered_and_ordered(open_html: Opener) -> None:
    """By title, seller and number in either script; by deal, price, fall and title."""
    page = open_html(a_page(shelf(60)))
    first = shown(page)
    text, order = page.get_by_label("Title, seller, number"), page.get_by_label("Sort by")
    order.select_option(label="Largest drop")
    assert shown(page)[0] == "滲透測試"
    order.select_option(label="Price now")
    assert shown(page)[:3] == ["滲透測試", "渗透测试0", "渗透测试1"]
    text.fill("滲透測試 5")
    expect(page.locator("output[name=shown]")).to_have_text("15 of 60 shown")
    text.fill("机械书店")
    assert shown(page) == ["滲透測試"]
    expect(page.locator(".pager")).to_be_hidden()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".products > li:visible")).to_have_count(len(first))
    assert shown(page) == first
    text.fill("nothing of the kind")
    assert shown(page) == []


def test_without_script_every_product_is_shown(open_html: Opener) -> None:
    page = open_html(a_page(shelf(60)), java_script_enabled=False)
    assert len(shown(page)) == 60
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator(".pager")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_page_of_many_has_nothing_wrong(open_html: Opener, width: int, scheme: str) -> None:
    page = open_html(a_page(shelf(60)), width=width, scheme=scheme)
    assert not overflows(page)
    found = AXE.run(page).response["violations"]
    assert [each["id"] for each in found] == []


def test_a_month_that_begins_beside_the_axis_does_not_touch_the_next(open_html: Opener) -> None:
    """With four months from the end of a month, the first date on a phone used to overlap the second."""
    page = open_html(a_page(a_search(daily((124, "20"), start=208))), width=390)
    boxes = [
        box for box in (each.bounding_box() for each in page.locator(".tick[y='100%']:visible").all()) if box
    ]
    assert len(boxes) >= 3
    assert all(one["x"] + one["width"] < other["x"] for one, other in itertools.pairwise(boxes))
