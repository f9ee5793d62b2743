"""The HTML report in a real Chromium: the actions of a reader, and the harmlessness of a shop's text.

Every test here also fails if the page makes a request, writes to the console or opens a dialog: see conftest.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from crawler.books.pipeline import SelectionCriteria
from crawler.report import Style
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.browser.conftest import Opener
from tests.factories import make_empty_result, make_listing, make_page, make_result
from tests.report.hostile import HOSTILE

AXE = Axe()

LIBRARY = (
    # id, title, price, stars, reviews, publisher
    ("1", "渗透测试入门", "39.00", 4.5, 900, "乙出版社"),
    ("2", "渗透测试全书", "9.50", 4.0, 50, "甲出版社"),
    ("3", "渗透测试简史", "120.00", 5.0, 8000, "乙出版社"),
    ("4", "渗透测试手册", "9.90", None, None, "丙出版社"),
    ("5", "渗透测试图解", "1020.00", 5.0, 20, "甲出版社"),
    ("6", "渗透测试通识", "60.00", 5.0, 300, "乙出版社"),
)

MORE_HOSTILE = {
    "image": "<img src=x onerror=alert(1)><img src=x onerror=window.owned=1>",
    "attribute": '"><script>window.owned = 1; alert(1)</script>',
    "script": "</script><script>window.owned = 1; alert(1)</script>",
    "style": "</style><style>*{display:none!important}</style>",
    "svg": "</title></svg><svg onload=alert(1)><script>window.owned=1</script>",
    "bidi": "\u202e\u2066\u202d右\u200f左 3.00¥",
    "long": "x" * 5_000,
    "long Chinese": "长" * 5_000,
}


def library(rank: str = "cheapest", **over: Any) -> SearchResult:
    """Return a search that found six books, one with two offers, one not rated, kept a bookmark, and dropped one."""
    listings = [
        make_listing(
            product_id=number, title=title, price=Decimal(price), list_price=Decimal("1100.00"), rating=stars,
            reviews=reviews, publisher=publisher, position=at,
        )
        for at, (number, title, price, stars, reviews, publisher) in enumerate(LIBRARY, 1)
    ]  # fmt: skip
    listings += [
        make_listing(product_id="7", title="渗透测试简史", price=Decimal("140.00"), publisher="乙出版社", rating=None,
                     reviews=None, seller="某书店", position=7),
        make_listing(product_id="8", title="渗透测试书签", price=Decimal("2.00"), flags=frozenset({Flag.ACCESSORY}),
                     contributors=(), publisher=None, position=8),
        make_listing(product_id="9", title="渗透测试别册", sold_out=True, position=9),
    ]  # fmt: skip
    wishes = SelectionCriteria(rank=rank, keep=frozenset({"accessory"}))
    return make_result(listings, **{"criteria": wishes} | over)


def column(page: Page, number: int) -> list[str]:
    """Return the cells of a column, from 1, of the visible rows."""
    cells = page.locator(f".books tbody tr:not([hidden]) td:nth-child({number})").all_inner_texts()
    return [cell.split("\n")[0].strip() for cell in cells]


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def is_dark(page: Page) -> bool:
    """Return True if the page's background is dark."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.strip("rgb()").split(",")) < 3 * 60


PRICE, TITLE, PUBLISHER, RATING, VALUE = 3, 6, 8, 10, 12


def test_the_list_is_sorted_by_its_headings(open_report: Opener) -> None:
    """Numbers sort as numbers, text as text, both ways; unknown values come last, and equal ones keep their order."""
    page = open_report(library())
    by_price = column(page, PRICE)
    assert by_price == ["¥2.00", "¥9.50", "¥9.90", "¥39.00", "¥60.00", "¥120.00", "¥1,020.00"]
    heading = page.get_by_role("columnheader", name="Price", exact=True)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(page, PRICE) == by_price[::-1]
    expect(page.locator("[aria-sort]")).to_have_count(1)

    rating = page.get_by_role("columnheader", name="Rating").get_by_role("button")
    rating.click()
    assert [cell[:3] for cell in column(page, RATING)] == ["5.0", "5.0", "5.0", "4.5", "4.5", "4.0", ""]
    assert column(page, PRICE)[:3] == ["¥1,020.00", "¥120.00", "¥60.00"]  # in their original order
    rating.click()
    assert [cell[:3] for cell in column(page, RATING)] == ["4.0", "4.5", "4.5", "5.0", "5.0", "5.0", ""]

    page.get_by_role("columnheader", name="Publisher").get_by_role("button").click()
    found = column(page, PUBLISHER)
    assert found[-1] == ""
    assert [found.index(name) for name in ("丙出版社", "甲出版社", "乙出版社")] == [0, 1, 3]  # bǐng, jiǎ, yǐ
    page.get_by_role("columnheader", name="Value").get_by_role("button").click()
    worth = [float(cell) for cell in column(page, VALUE) if cell]
    assert worth == sorted(worth, reverse=True)
    page.get_by_role("columnheader", name="by price").get_by_role("button").click()
    assert column(page, PRICE) == by_price


def test_the_list_is_filtered(open_report: Opener) -> None:
    """By words of title, author, publisher and note, by price, by the star; the page shows how many are left."""
    page = open_report(library())
    shown = page.locator("output")
    expect(shown).to_have_text("7 of 7 shown")
    text = page.get_by_label("Title, author, publisher")
    text.fill("张三 乙出")
    expect(shown).to_have_text("3 of 7 shown")
    assert set(column(page, PUBLISHER)) == {"乙出版社"}
    text.fill("某书店")  # the text is in the unfolded offers
    assert column(page, TITLE) == ["渗透测试简史"]
    text.fill("")
    page.get_by_label("Up to ¥").fill("60")
    assert column(page, PRICE)[-1] == "¥60.00"
    page.get_by_label("Only ★").check()
    assert set(column(page, 2)) == {"★"}
    text.fill("nothing of the kind")
    expect(shown).to_have_text("0 of 7 shown")
    page.get_by_role("button", name="Show all").click()
    expect(shown).to_have_text("7 of 7 shown")
    assert len(column(page, TITLE)) == 7


def test_pointing_at_a_mark_shows_the_book(open_report: Opener) -> None:
    """It shows title, price, quality and stars, stays within the window at every edge, and leaves with the pointer."""
    page = open_report(library(), width=500)
    marks, tip = page.locator(".scatter a"), page.locator("#tip")
    assert marks.count() == 5
    for at in range(5):
        marks.nth(at).hover(force=True)
        box = tip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 500
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900
    page.locator(".scatter a.best").nth(1).hover(force=True)
    assert "★ 渗透测试入门\n¥39.00 · Quality 4.4" in tip.inner_text()
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()


def test_the_keyboard_reaches_every_mark(open_report: Opener) -> None:
    """Tab moves to the frontier, arrow keys move on by price, Escape closes the details."""
    page = open_report(library())
    page.locator(".books tbody a").last.focus()
    page.keyboard.press("Tab")
    tip = page.locator("#tip")
    seen = [tip.inner_text()]
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        seen.append(tip.inner_text())
    assert [words.split("\n")[0].removeprefix("★ ") for words in seen] == [
        "渗透测试全书", "渗透测试入门", "渗透测试通识", "渗透测试简史", "渗透测试图解",
    ]  # fmt: skip
    page.keyboard.press("ArrowLeft")
    assert "渗透测试简史" in tip.inner_text()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "★ 渗透测试简史 · ¥120"
    )


def test_a_click_on_a_mark_opens_the_product(open_report: Opener) -> None:
    """The click opens the shop's page; the request is the reader's own, and does not reveal its origin to the shop."""
    page = open_report(library(), shop="https://product.dangdang.com/")
    with page.expect_request("https://product.dangdang.com/2.html") as asked:
        page.locator(".scatter a.best").first.click()
    assert "referer" not in asked.value.all_headers()
    page.wait_for_url("https://product.dangdang.com/2.html")


def test_in_a_demo_a_click_leads_to_the_row(open_report: Opener) -> None:
    """The row is scrolled into view and marked, even if the filter had hidden it."""
    page = open_report(library(demo=True))
    page.get_by_label("Title, author, publisher").fill("nothing of the kind")
    page.locator(".scatter a.best").first.click()
    row = page.locator("tr:target")
    expect(row).to_be_in_viewport()
    assert "渗透测试全书" in row.inner_text()


def test_a_finger_sees_the_book_before_it_opens(open_report: Opener) -> None:
    """The first tap shows it, the second follows the link."""
    page = open_report(library(demo=True), width=390, has_touch=True, is_mobile=True)
    mark = page.locator(".scatter a.best").first
    mark.scroll_into_view_if_needed()
    mark.tap()
    expect(page.locator("#tip")).to_contain_text("渗透测试全书")
    assert "#" not in page.url
    mark.tap()
    page.wait_for_url("**#b2")


STAIRS = [
    make_listing(
        product_id=str(at), title=f"第{at}级", price=Decimal(price), rating=5.0, reviews=reviews, position=at
    )
    for at, (price, reviews) in enumerate(
        [(9, 30), (10, 60), (11, 200), (14, 900), (15, 4_000), (30, 9_000), (31, 20_000), (45, 90_000)], 1
    )
]
"""A frontier of eight books, close together at its cheap end."""


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_words_in_the_chart_cover_no_star(open_report: Opener, count: int, lang: str) -> None:
    """At every width, they do not cover each other either; on a desktop all three answers are named."""
    result = make_result(STAIRS[:count])
    page = open_report(result, style=Style(lang=lang))
    covered = []
    for width in (320, 360, 390, 480, 560, 640, 641, 800, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        covered += [width] * page.evaluate(
            """() => {
              const boxes = (selector) => [...document.querySelectorAll(selector)]
                .map((element) => element.getBoundingClientRect()).filter((box) => box.width);
              const labels = boxes(".label"), stars = boxes(".best use");
              const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
              const outside = labels.filter((box) => box.left < 0 || box.right > document.documentElement.clientWidth);
              return labels.filter((label) => stars.some((star) => meet(label, star))).length + outside.length
                + labels.filter((label) => labels.some((other) => other !== label && meet(label, other))).length;
            }"""
        )
    assert covered == []
    answers = {book.rank for book in (result.cheapest, result.best, result.best_value) if book is not None}
    assert page.locator(".scatter .label:visible").count() == len(answers)


def test_the_filter_reads_both_scripts(open_report: Opener) -> None:
    """Traditional finds Simplified and the reverse, in titles, names and notes; case and width make no difference."""
    listings = [
        make_listing(product_id="1", title="渗透测试实战", publisher="机械工业出版社", position=1),
        make_listing(product_id="2", title="滲透測試大全", publisher="電子工業出版社", position=2),
        make_listing(product_id="3", title="Python编程", publisher="后浪", position=3),
    ]
    page = open_report(make_result(listings))
    text = page.get_by_label("Title, author, publisher")
    for typed, found in {
        "滲透測試": {"渗透测试实战", "滲透測試大全"},
        "渗透测试": {"渗透测试实战", "滲透測試大全"},
        "機械": {"渗透测试实战"},
        "电子工业": {"滲透測試大全"},
        "ｐｙｔｈｏｎ 編程": {"Python编程"},
        "後浪": {"Python编程"},
        "龍": set(),
    }.items():
        text.fill(typed)
        assert set(column(page, TITLE)) == found, typed


def test_kinds_of_books_can_be_left_out(open_report: Opener) -> None:
    """Used copies, sets and bundles each have a check box, which is present only if the list has such a book."""
    listings = [
        make_listing(product_id="1", title="渗透测试实战", position=1),
        make_listing(product_id="2", title="渗透测试旧书", flags=frozenset({Flag.SECOND_HAND}), position=2),
        make_listing(
            product_id="3", title="渗透测试全集", flags=frozenset({Flag.SET}), volumes=3, position=3
        ),
        make_listing(
            product_id="4",
            title="渗透测试两种",
            flags=frozenset({Flag.SET, Flag.BUNDLE}),
            volumes=2,
            position=4,
        ),
    ]
    page = open_report(make_result(listings))
    assert len(column(page, TITLE)) == 4
    page.get_by_label("used copies").uncheck()
    assert set(column(page, TITLE)) == {"渗透测试实战", "渗透测试全集", "渗透测试两种"}
    page.get_by_label("bundles").focus()
    page.keyboard.press("Space")
    assert set(column(page, TITLE)) == {"渗透测试实战", "渗透测试全集"}
    page.get_by_label("sets").uncheck()
    assert column(page, TITLE) == ["渗透测试实战"]
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".books tbody tr:not([hidden])")).to_have_count(4)
    assert open_report(make_result(listings[:1])).locator("fieldset").count() == 0


def test_the_books_stand_above_the_statistics(open_report: Opener) -> None:
    page = open_report(library(), width=1280, height=900)
    expect(page.locator(".books tbody tr").first).to_be_in_viewport()
    tops = [page.locator(f"#{name}").bounding_box() for name in ("list", "chart", "spread", "search")]
    heights = [box["y"] for box in tops if box]
    assert heights == sorted(heights)
    assert len(heights) == 4


@pytest.mark.parametrize("rank", ["cheapest", "per-volume"])
def test_no_width_scrolls_sideways(open_report: Opener, rank: str) -> None:
    """Phone, tablet and desktop, on both sides of the layout's breakpoints, with all details unfolded."""
    failed = [make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed")]
    page = open_report(library(rank, failed=failed))
    page.evaluate("for (const detail of document.querySelectorAll('details')) detail.open = true")
    too_wide = []
    for width in (320, 390, 640, 641, 1020, 1021, 1240, 1241, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        too_wide += [width] if overflows(page) else []
    assert too_wide == []


def test_a_phone_can_sort(open_report: Opener) -> None:
    """If the headings have no room, a list of them and a button do the same."""
    page = open_report(library(), width=390)
    expect(page.locator("thead")).to_be_hidden()
    page.get_by_label("Sort by").select_option(label="Rating")
    assert [cell[:3] for cell in column(page, RATING)][:3] == ["5.0", "5.0", "5.0"]
    page.get_by_role("button", name="Reverse the order").click()
    assert column(page, RATING)[0].startswith("4.0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_light(open_report: Opener, scheme: str) -> None:
    """The background is dark in dark mode, light otherwise."""
    assert is_dark(open_report(library(), scheme=scheme)) == (scheme == "dark")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        (1280, "light"),
        pytest.param(390, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_serious(open_report: Opener, scheme: str, width: int) -> None:
    """The report has every possible part, unfolded, with the pointer on a mark."""
    failed = [make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed")]
    page = open_report(
        library(failed=failed, demo=True), width=width, scheme=scheme, style=Style(top=6, lang="zh-Hant")
    )
    page.evaluate("for (const detail of document.querySelectorAll('details')) detail.open = true")
    page.locator(".scatter a.best").first.focus()
    assert grave(page) == []


def test_axe_finds_nothing_serious_in_an_empty_report(open_report: Opener) -> None:
    """Such a report contains only the reason why it is empty."""
    assert grave(open_report(make_empty_result(make_page(1, verdict=Verdict.BLOCKED, detail="405")))) == []


def grave(page: Page) -> list[str]:
    """Return axe-core's findings with serious or critical impact."""
    found = AXE.run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary']}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def test_without_script_everything_is_there(open_report: Opener) -> None:
    """List, links and marks are there; nothing is visible that would need the script."""
    page = open_report(library(), java_script_enabled=False)
    expect(page.locator(".books tbody tr")).to_have_count(7)
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator("th button")).to_have_count(0)
    expect(page.locator(".scatter a[href] title")).to_have_count(5)


TRICKS = HOSTILE | MORE_HOSTILE


def result_with(texts: Sequence[str], together: str) -> SearchResult:
    """Return a result with each text in the texts of three books, and all in one in query, notes and details."""
    listings = [
        make_listing(
            product_id=str(n), title=text, publisher=text, contributors=(Contributor(text),), seller=text,
            price=Decimal(n), volumes=n % 3 + 1, url="javascript:window.owned=1;alert(1)", position=n,
        )
        for n, text in enumerate((text for text in texts for _ in range(3)), 1)
    ]  # fmt: skip
    sold_out = make_listing(product_id="999", title=together, sold_out=True, position=999)
    return make_result(
        [*listings, sold_out],
        failed=[make_page(99, verdict=Verdict.BLOCKED, detail=together)],
        query=together, query_sent=together, notes=(together,), suggestion=together, stopped=together,
    )  # fmt: skip


def assert_harmless(page: Page) -> None:
    page.evaluate("for (const detail of document.querySelectorAll('details')) detail.open = true")
    page.locator(".scatter a.best").first.focus()
    expect(page.locator("#tip")).to_be_visible()
    assert not overflows(page)
    page.set_viewport_size({"width": 390, "height": 900})
    assert not overflows(page)
    assert page.evaluate("window.owned") is None
    expect(page.locator("script")).to_have_count(1)
    expect(page.locator("img")).to_have_count(0)
    expect(page.locator("[href^=javascript]")).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()


def test_all_hostile_words_together_do_nothing(open_report: Opener) -> None:
    """In query, title, author, publisher, seller, note, detail and address: no script runs, and the layout holds."""
    texts = sorted(TRICKS.values(), key=len)  # a long text is cut
    assert_harmless(open_report(result_with(texts, " ".join(texts))))


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
def test_hostile_words_do_nothing(open_report: Opener, trick: str) -> None:
    """Each alone: none relies on what stands before it."""
    assert_harmless(open_report(result_with([TRICKS[trick]], TRICKS[trick])))
