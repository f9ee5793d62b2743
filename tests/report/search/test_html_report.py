"""The HTML report as a parser reads it; tests/browser checks its appearance and its script."""

from __future__ import annotations

import base64
import hashlib
import re
from decimal import Decimal

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.clean import clean, crop
from crawler.labels import LANGUAGES, Labels
from crawler.report import FORMATS, Style
from crawler.report.search.files import mark_query
from crawler.report.search.html_report import render
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_empty_result, make_listing, make_page, make_result
from tests.report.hostile import HOSTILE

HOSTILE_HERE = HOSTILE | {
    "image": "<img src=x onerror=alert(1)>",
    "attribute": "\"><script>alert(1)</script> ' onmouseover='alert(1)",
    "end of script": "</script><script>alert(1)</script>",
    "end of style": "</style><style>*{display:none}",
    "end of comment": "--><script>alert(1)</script><!--",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "long": "长" * 5_000,
}


def page(result: SearchResult, *, lang: str = "en", top: int | None = None) -> LexborHTMLParser:
    return LexborHTMLParser(render(result, Style(top=top, lang=lang)))


def texts(document: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in document.css(selector)]


def cells(document: LexborHTMLParser) -> list[list[str]]:
    return [
        [" ".join(cell.text().split()) for cell in row.css("td")] for row in document.css(".books tbody tr")
    ]


def numbered(number: int) -> SearchResult:
    """Return a search that found `number` different books."""
    return make_result(
        make_listing(
            product_id=str(n + 1), title=f"第{n}本", price=Decimal(n % 97 + 10), reviews=n * 7, position=n + 1
        )
        for n in range(number)
    )


def test_each_file_is_known_by_its_query() -> None:
    """`prune` finds its mark, as a comment, near the top."""
    result = make_result(query="--><x>")
    assert mark_query("--><x>") in render(result, Style())[:200]


def test_the_policy_allows_the_pages_own_script_and_styles_alone() -> None:
    """Each script and style is allowed by its hash; nothing else may run, load, or be sent."""
    document = page(make_result())
    [policy] = document.css("meta[http-equiv=Content-Security-Policy]")
    rules = dict(rule.strip().split(" ", 1) for rule in (policy.attributes["content"] or "").split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(f"'sha256-{hashed(text)}'" for text in sources(document, "script")),
        "style-src": " ".join(f"'sha256-{hashed(text)}'" for text in sources(document, "style")),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def sources(document: LexborHTMLParser, tag: str) -> list[str]:
    found = [node.text() for node in document.css(tag)]
    assert found
    return found


def hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_nothing_comes_from_elsewhere() -> None:
    """The page contains no address except the links for readers and the empty icon."""
    text = render(make_result(), Style())
    document = LexborHTMLParser(text)
    assert not document.css("[src], [srcset], [style], iframe, object, embed, form[action]")
    assert [node.attributes["href"] for node in document.css("link")] == ["data:,"]
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|innerHTML|\beval\b", text)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {"https://product.dangdang.com/29220317.html"}


def test_a_page_is_made_to_be_read_everywhere() -> None:
    """It fits a phone, follows dark mode, hides the reader's origin from shops, and requests no icon."""
    document = page(make_result())
    metas = {node.attributes["name"]: node.attributes["content"] for node in document.css("meta[name]")}
    assert metas == {
        "viewport": "width=device-width, initial-scale=1", "color-scheme": "light dark", "referrer": "no-referrer",
    }  # fmt: skip


def test_the_answers_are_cards() -> None:
    """Each has label, price, book, contributors, stars, notes and a link; cheaper products that do not count follow."""
    result = make_result(
        [
            make_listing(
                product_id="1", price=Decimal(10), rating=4.0, volumes=2, flags=frozenset({Flag.SET})
            ),
            make_listing(product_id="2", title="渗透测试全书", price=Decimal(90), rating=5.0),
            make_listing(
                product_id="3", title="渗透测试书签", price=Decimal(2), flags=frozenset({Flag.ACCESSORY})
            ),
            make_listing(
                product_id="4", title="渗透测试", price=Decimal(3), flags=frozenset({Flag.SECOND_HAND})
            ),
        ],
        criteria=SelectionCriteria(keep=frozenset({"accessory"})),
    )
    document = page(result)
    assert texts(document, ".card h3") == ["Cheapest", "Best", "Best value"]
    assert texts(document, ".card .price") == [
        "¥10.00 ¥78.00 -87%", "¥90.00", texts(document, ".card .price")[2],
    ]  # fmt: skip
    first = document.css(".card")[0]
    assert [" ".join(part.text().split()) for part in first.css("p")][1:] == [
        "渗透测试实战", "张三, 演示出版社", "3.97 Quality 4.0 (1,234)", "set of 2 · ¥5.00 each",
        "before coupons and postage",
    ]  # fmt: skip
    [link] = first.css("a")
    assert link.attributes == {
        "href": "https://product.dangdang.com/1.html", "rel": "noopener noreferrer",
    }  # fmt: skip
    assert texts(document, ".second") == [
        "Cheaper, but used: ¥3.00 渗透测试 second-hand",
        "Cheaper, but not a book: ¥2.00 渗透测试书签 accessory, not a book",
    ]


@pytest.mark.parametrize(
    ("over", "names"),
    [
        ({"demo": True}, ["DEMO"]),
        ({"base_url": "http://127.0.0.1:1"}, ["REPLICA"]),
        ({"failed": [make_page(2, verdict=Verdict.BLOCKED, detail="403")]}, ["PARTIAL"]),
        ({"failed": [make_page(2, verdict=Verdict.BLOCKED)], "demo": True}, ["PARTIAL", "DEMO"]),
        ({}, []),
    ],
)
def test_alarms_cannot_be_missed(over: dict[str, object], names: list[str]) -> None:
    """They are in the window's title, in the strip that stays on top, and in words above the answers."""
    document = page(make_result(**over))  # type: ignore[arg-type]  # fields of a result
    [title] = texts(document, "head > title")
    assert title.startswith(f"{', '.join(names)} — " if names else "滲透測試 · Cheapest ¥39.00")
    assert texts(document, ".strip strong") == names
    assert texts(document, "header .alarm p strong") == names


def test_failed_pages_are_named_above_and_below() -> None:
    """Above the list they are grouped by outcome; below it each has its verdict, its reason and its attempts."""
    failed = [make_page(n, verdict=Verdict.BLOCKED, detail="403 <b>") for n in (2, 3)]
    document = page(make_result(failed=failed))
    assert texts(document, ".alarm li") == ["pages 2–3 blocked: 403 <b>"]
    assert texts(document, "[aria-labelledby=failed] li") == [
        "page 2 blocked: 403 <b> requests: 1", "page 3 blocked: 403 <b> requests: 1",
    ]  # fmt: skip


def test_the_table_is_complete_without_script() -> None:
    """Every book is a row with the header's cells and the numbers to sort by; unknown values are empty."""
    result = make_result(
        [
            make_listing(product_id="1"),
            make_listing(
                product_id="2", title="渗透测试全书", price=None, price_text="", rating=None, reviews=None,
                publisher=None, published=None, contributors=(), list_price=None,
            ),
        ],
        criteria=SelectionCriteria(keep=frozenset({"no_price"})),
    )  # fmt: skip
    document = page(result)
    assert texts(document, "thead th") == [
        "#", "★", "Price", "List", "Off", "Title", "Author", "Publisher", "Date", "Rating", "Quality", "Value",
    ]  # fmt: skip
    assert cells(document) == [
        ["1", "★", "¥39.00", "¥78.00", "-50%", "渗透测试实战", "张三", "演示出版社", "2021-03", "4.5 (1,234)",
         "4.47", "0.00"],
        ["2", "", "–", "", "", "渗透测试全书 kept though without a readable price", "", "", "", "", "", ""],
    ]  # fmt: skip
    numbers = [row.attributes["data-n"] for row in document.css("tbody tr")]
    assert numbers == ["39.00,78.00,50,20210331,4.5,4.4718,0.0", ",,,,,,"]
    assert len(document.css("form[hidden]")) == 1


def test_top_cuts_the_table_but_not_the_chart() -> None:
    """The omitted books are counted; in a demo, a point without its row has no link."""
    document = page(numbered(30), top=3)
    assert [row[0] for row in cells(document)] == ["1", "2", "3"]
    assert len(document.css(".scatter a")) == 30
    assert "… and 27 more (--top 30 shows all)" in texts(document, ".help")
    demo = LexborHTMLParser(render(make_result(numbered(30).pages[0].listings, demo=True), Style(top=3)))
    hrefs = {link.attributes.get("href") for link in demo.css(".scatter a")}
    assert hrefs <= {"#b1", "#b2", "#b3", None}
    assert None in hrefs


def test_a_set_can_be_sorted_by_the_price_of_a_volume() -> None:
    """Only that ranking has a column for it."""
    document = page(make_result([make_listing(volumes=3)], criteria=SelectionCriteria(rank="per-volume")))
    assert texts(document, "thead th")[-1] == "Per-vol."
    assert cells(document)[0][-1] == "¥13.00"
    assert (document.css("tbody tr")[0].attributes["data-n"] or "").endswith(",13.00")


def test_offers_unfold() -> None:
    """A book with several offers lists them, cheapest first, with price, seller and link, but only once."""
    document = page(
        make_result(
            [
                make_listing(product_id="1", price=Decimal(30)),
                make_listing(product_id="2", price=Decimal(45), seller="<i>店", self_operated=False),
            ]
        )
    )
    assert texts(document, "td summary") == ["2 offers, up to ¥45.00"]
    assert texts(document, "td li") == [
        "¥30.00 渗透测试实战 the shop's own goods", "¥45.00 渗透测试实战 sold by <i>店",
    ]  # fmt: skip
    assert not document.css("td small")


def test_what_was_dropped_is_listed_by_reason() -> None:
    """The list is always there, with counts, and with price, title, place and link of each product."""
    result = make_result(
        [
            make_listing(product_id="1"),
            make_listing(product_id="2", sold_out=True, position=2),
            make_listing(product_id="3", sold_out=True, position=3),
            make_listing(product_id="4", title="渗透测试全书", reviews=1, position=4),
        ],
        criteria=SelectionCriteria(filters=Filters(min_reviews=10)),
    )
    document = page(result)
    assert texts(document, "[aria-labelledby=dropped] summary") == ["sold out 2", "with too few reviews 1"]
    assert texts(document, "[aria-labelledby=dropped] li")[0] == "¥39.00 渗透测试实战 page 1, 2"
    assert texts(page(make_result()), "[aria-labelledby=dropped] p") == ["none"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_speaks_the_reports_language(lang: str) -> None:
    """The page declares its language, books are declared Chinese, and headings use the language's own words."""
    document = page(make_result(), lang=lang)
    say = Labels(lang)
    assert document.css("html")[0].attributes["lang"] == lang
    assert document.css("tbody")[0].attributes["lang"] == "zh-Hans"
    assert texts(document, "h2") == [
        say(name)
        for name in ("answers", "book_list", "price_and_quality", "spread", "this_search", "dropped")
    ]


SEARCHES = {
    "no page": make_empty_result(make_page(1, verdict=Verdict.BLOCKED)),
    "no book": make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS)),
    "all dropped": make_result([make_listing(sold_out=True)]),
    "accessories": make_result([make_listing(flags=frozenset({Flag.ACCESSORY}))]),
    "unrated": make_result([make_listing(rating=None, reviews=None), make_listing(product_id="2", rating=None)]),
    "no price": make_result(
        [make_listing(price=None, price_text="")], criteria=SelectionCriteria(keep=frozenset({"no_price"}))
    ),
    "sold out": make_result([make_listing(sold_out=True)], criteria=SelectionCriteria(keep=frozenset({"sold_out"}))),
    "one book": make_result(),
    "alike": make_result([make_listing(product_id=str(n), title=f"第{n}本书") for n in range(1, 40)]),
    "6,000 books": numbered(6_000),
}  # fmt: skip


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_gives_a_page(name: str) -> None:
    """It has as many rows as books, and a chart if there is something to draw, or else words."""
    result = SEARCHES[name]
    document = page(result)
    assert len(cells(document)) == len(result.books)
    assert len(document.css(".card")) == (3 if result.cheapest else 1)
    drawn, bars = document.css(".scatter"), document.css("svg.spread")
    assert bool(bars) == (result.cheapest is not None)
    assert bool(drawn) == (result.best is not None)
    if result.books and not drawn:
        assert "No chart: no book on sale has a rating." in texts(document, ".help")
    if result.books and not bars:
        assert "No book is on sale at a known price." in texts(document, ".help")


def test_a_chart_of_thousands_is_thinned_and_says_so() -> None:
    """The size of the chart is limited, and so is that of the file."""
    text = render(SEARCHES["6,000 books"], Style())
    document = LexborHTMLParser(text)
    assert len(document.css(".scatter a")) == 2_000
    assert any(help_text.startswith("Shows 2,000 of ") for help_text in texts(document, ".help"))
    assert len(text.encode()) < 3_600_000


def test_a_file_of_a_thousand_books_is_small() -> None:
    """It stays below a megabyte, including links and chart."""
    assert len(render(numbered(1_150), Style()).encode()) < 1_000_000


def test_books_that_are_not_in_the_chart_are_counted() -> None:
    """A book without stars is only in the list."""
    document = page(make_result([make_listing(), make_listing(product_id="2", title="别的书", rating=None)]))
    assert len(document.css(".scatter a")) == 1
    assert "Not drawn because unrated, not on sale or not a book: 1." in texts(document, ".help")


def test_a_point_tells_its_book() -> None:
    """It states title, price, quality and stars, and the star of the frontier; also without a script."""
    [title] = page(make_result()).css(".scatter a title")
    assert title.text() == "★ 渗透测试实战\n¥39.00 · Quality 4.472 · 4.5 (1,234)"


@pytest.mark.parametrize("demo", [False, True])
def test_points_and_titles_lead_to_the_book(demo: bool) -> None:
    """They link to the book's page in the shop or, if that would be another product, to its row."""
    document = page(make_result(demo=demo))
    expected = "#b1" if demo else "https://product.dangdang.com/29220317.html"
    assert document.css(".scatter a")[0].attributes["href"] == expected
    assert document.css(".card a")[0].attributes["href"] == expected
    assert len(document.css("#b1 a")) == (not demo)


@pytest.mark.parametrize("trick", HOSTILE_HERE)
def test_hostile_words_make_no_structure(trick: str) -> None:
    """Whatever query, title, names, seller, detail or note contain, the page has the same elements."""
    plain, hostile = (everywhere(text) for text in ("书", HOSTILE_HERE[trick]))
    assert [(node.tag, sorted(node.attributes)) for node in hostile.css("*")] == [
        (node.tag, sorted(node.attributes)) for node in plain.css("*")
    ]
    shown = crop(clean(HOSTILE_HERE[trick]), 300)
    assert [hostile.css("tbody tr")[0].css("td")[at].text() for at in (6, 7)] == [shown, shown]


def everywhere(text: str) -> LexborHTMLParser:
    listing = make_listing(
        title=text, publisher=text, contributors=(Contributor(text),), seller=text, url="javascript:alert(1)"
    )
    result = make_result(
        [listing, make_listing(product_id="2", title=text, sold_out=True, position=2)],
        failed=[make_page(2, verdict=Verdict.BLOCKED, detail=text)],
        query=text, query_sent=text, notes=(text,), suggestion=text, stopped=text, base_url=text,
    )  # fmt: skip
    return page(result)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://evil.example/1.html", "//x", ""]
)
def test_only_the_shops_pages_are_linked(url: str) -> None:
    """Any other address is omitted: the title is plain text, and points link to its row."""
    document = page(make_result([make_listing(url=url)]))
    assert {link.attributes["href"] for link in document.css("a:not(.jump a)")} == {"#b1"}


def test_the_same_result_gives_the_same_bytes() -> None:
    """Nothing depends on the clock, on hashes or on earlier reports."""
    first, second = (render(numbered(50), Style(lang="zh-Hant")) for _ in range(2))
    assert first == second


def test_what_takes_time_to_load_can_be_loaded_beforehand() -> None:
    """A module named by the format compiles the template, while the command waits for the network."""
    assert FORMATS["html"].needs == (
        "crawler.report.search.chart", "crawler.report.search.html_page", "crawler.report.common.script_folding",
    )  # fmt: skip
