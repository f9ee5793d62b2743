"""The history's HTML page as a parser reads it; tests/browser checks its appearance."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.clean import clean, crop
from crawler.history.reading import FileSize, SearchSummary
from crawler.history.view_models import Overview, View
from crawler.labels import LANGUAGES, Labels
from crawler.prices.observation import Observation
from crawler.report.history import MOST_CHARTS, HistoryStyle, encode, format_of, render
from tests.report.hostile import HOSTILE
from tests.report.pasts import RAISED, SHOP, START, a_product, a_search, daily, seen

HOSTILE_HERE = HOSTILE | {
    "image": "<img src=x onerror=alert(1)>",
    "attribute": "\"><script>alert(1)</script> ' onmouseover='alert(1)",
    "end of style": "</style><style>*{display:none}",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "long": "长" * 5_000,
}


def page(view: View, *, lang: str = "en", top: int | None = None) -> LexborHTMLParser:
    style = HistoryStyle(top or 50, top is not None, lang)
    return LexborHTMLParser(render(view, "html", style))


def texts(document: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in document.css(selector)]


def facts(document: LexborHTMLParser, within: str) -> dict[str, str]:
    names, words = (texts(document, f"{within} .facts {tag}") for tag in ("dt", "dd"))
    return dict(zip(names, words, strict=True))


def overview(*queries: str, source: str = SHOP) -> Overview:
    searches = [
        SearchSummary(source, query, 70, 1_234, 86_380, START, START + dt.timedelta(days=69))
        for query in queries
    ]
    return Overview(Path("history.sqlite3"), FileSize(2_048, 0), 1_234, tuple(searches))


def many(number: int) -> list[list[Observation]]:
    return [daily((8, str(10 + at % 50)), product_id=str(at + 1), title=f"第{at}本") for at in range(number)]


def test_a_search_shows_its_products_in_their_order() -> None:
    """Each has its place, price, the price against the median, title, chart and figures."""
    cheap = daily((69, "40"), (1, "30"), product_id="1", title="球状闪电")
    document = page(a_search(cheap, RAISED))
    assert texts(document, "h1") == ["三体"]
    assert texts(document, ".card h3") == ["球状闪电", "三体"]
    assert texts(document, ".card .place") == ["#1", "#2"]
    assert texts(document, ".card .price") == ["¥30.00 -25% vs. its median", "¥50.00 at its median"]
    assert len(document.css(".card svg.past")) == 2
    assert facts(document, ".card:first-child") == {
        "Product": "1",
        "90-day median": "¥40.00 (-25%)",
        "Lowest ever": "¥30.00 on 2026-03-11",
        "Change": "-¥10.00 from 2026-03-10",
        "Observed": "70 times since 2026-01-01, last on 2026-03-11; with a price on 70 days",
    }
    assert facts(document, ".first")["Products"].startswith("2; best deals first")


def test_a_raise_before_a_cut_is_said_and_marked() -> None:
    """Words and drawing contain the numbers that show it."""
    document = page(a_product(RAISED))
    assert texts(document, ".trick") == ["raised, then cut: usually ¥50.00, ¥60.00 on 2026-03-02, now ¥50.00"]
    assert texts(document, ".past .label") == [
        "¥50.00 on 2026-03-11", "raised to ¥60.00, 2026-03-02", "cut to ¥50.00, 2026-03-11",
    ]  # fmt: skip
    listed = [seen(at, "50", "100" if at < 60 else "150") for at in range(70)]
    document = page(a_product(listed))
    assert texts(document, ".past .label")[1:] == ["raised to ¥150.00, 2026-03-02"]
    assert texts(document, ".past .raise title") == ["list price raised to ¥150.00, 2026-03-02"]
    assert not page(a_product(daily((70, "50")))).css(".trick, .past .raise, .past .cut")


def test_one_product_has_its_chart_and_the_list_of_its_prices() -> None:
    """The newest comes first; a missing price has its reason, and a long gap is stated."""
    past = [*daily((3, "20"), (2, "-"), (1, None)), *daily((2, "1300"), start=40)]
    document = page(a_product(past))
    assert texts(document, "h1") == ["三体"]
    assert texts(document, ".large svg.past > .tick.end")[0] == "¥0"
    assert [texts_of(row) for row in document.css(".periods tbody tr")] == [
        ["2026-02-10 – 2026-02-11", "¥1,300.00", "–", "2"],
        ["long gap before this"],
        ["2026-01-06", "no price", "–", "1"],
        ["2026-01-04 – 2026-01-05", "sold out", "–", "2"],
        ["2026-01-01 – 2026-01-03", "¥20.00", "–", "3"],
    ]
    assert facts(document, "main")["Product"] == "29220317"


def texts_of(row: object) -> list[str]:
    return [" ".join(cell.text().split()) for cell in row.css("td")]  # type: ignore[attr-defined]  # a node


def test_a_chart_says_in_words_what_it_shows() -> None:
    """For readers who cannot see it: days, lowest and highest, price now, raise and cut, times sold out, gaps."""
    [chart] = page(a_product(RAISED)).css("svg.past")
    assert chart.attributes["role"] == "img"
    assert chart.attributes["aria-label"] == (
        "三体: Price over time, 2026-01-01 to 2026-03-11: ¥50.00 to ¥60.00; Price now: ¥50.00; "
        "Lowest ever: ¥50.00 on 2026-03-11; "
        "raised, then cut: usually ¥50.00, ¥60.00 on 2026-03-02, now ¥50.00"
    )
    past = [*daily((3, "20"), (2, "-"), (1, "20"), (1, "-")), *daily((1, "20"), start=40)]
    [chart] = page(a_product(past)).css("svg.past")
    assert (chart.attributes["aria-label"] or "").endswith("sold out: 2 times; long gaps: 1")


def test_few_observations_are_said_to_be_few() -> None:
    """A single observation is a dot, and is called the only one; with many days there is no remark."""
    document = page(a_search([seen(0, "20")], daily((9, "20"), product_id="2")))
    assert "seen on 1 day" in texts(document, ".card:first-child .remarks li")
    assert not document.css(".card:last-child .remarks")
    first, second = document.css("svg.past")
    assert "Price on 2026-01-01, the only observation: ¥20.00" in (first.attributes["aria-label"] or "")
    assert (len(first.css(".dot")), len(second.css(".dot"))) == (1, 0)


def test_what_is_not_known_is_said() -> None:
    """No price now, no price ever, not seen by the last run, a list price that is not drawn."""
    unpriced = page(a_product([seen(0, None), seen(1, None)]))
    assert texts(unpriced, ".first > .price") == ["no price"]
    assert "No chart: no price was ever seen." in texts(unpriced, ".none")
    assert not unpriced.css("svg.past, .key")
    assert facts(unpriced, "main")["Lowest ever"] == "–"
    sold_out = page(a_product(daily((9, "20"), (1, "-"))))
    assert texts(sold_out, ".first > .price") == ["sold out"]
    assert len(sold_out.css("svg.past .out")) == 1
    far = page(a_product([seen(at, "20", "999") for at in range(9)]))
    assert texts(far, ".large .note") == ["The list price, ¥999.00, is too high to draw."]


def test_products_that_are_left_out_are_counted() -> None:
    """There are 200 unless a number is given; the head states how many exist, and so does the line below."""
    document = page(a_search(*many(230), found=1_234))
    assert len(document.css(".card")) == MOST_CHARTS == 200
    assert facts(document, ".first")["Products"].startswith("1,234, 200 shown")
    assert texts(document, ".left") == ["… and 1,034 more (--top 1234 shows all)"]
    few = page(a_search(*many(5)), top=2)
    assert len(few.css(".card")) == 2
    assert texts(few, ".left") == ["… and 3 more (--top 5 shows all)"]
    assert not page(a_search(*many(5))).css(".left")


def test_a_page_of_two_hundred_is_small() -> None:
    """The page has a year of daily prices that change every week."""
    past = [
        daily(*((7, str(20 + week * 5 % 9)) for week in range(52)), product_id=str(at)) for at in range(200)
    ]
    assert len(render(a_search(*past), "html").encode()) < 1_200_000


def test_periods_that_are_left_out_are_counted() -> None:
    """This holds for a chart and for both lists; a line says how to see all."""
    past = daily(*((1, str(20 + at % 7)) for at in range(1_500)))
    alone = page(a_product(past))
    assert len(alone.css(".periods tbody tr")) == 500
    assert texts(alone, ".periods + .help") == ["the oldest 1,000 are not shown here; CSV and JSON list all"]
    [words] = texts(alone, ".large .note")
    drawn = re.fullmatch(r"Shows ([\d,]+) of 1,500 prices: .*", words)
    assert drawn is not None
    assert len(alone.css(".past .hit")) == int(drawn[1].replace(",", "")) <= 1_000
    among = page(a_search(past))
    assert texts(among, ".card summary") == ["all prices: 1,500"]
    assert texts(among, ".periods + .help") == [
        "the oldest 1,480 are not shown here; history 29220317 shows more"
    ]


def test_all_charts_of_a_search_have_one_axis_of_time() -> None:
    """It spans all of them, so the same day has the same position."""
    document = page(a_search(daily((90, "20")), daily((9, "30"), start=40, product_id="2")))
    first, second = (
        [(tick.text(), tick.attributes["x"]) for tick in chart.css(".tick") if "-" in tick.text()]
        for chart in document.css("svg.past")
    )
    assert first == second
    assert len(first) == 2


def test_what_there_is() -> None:
    """The file, its size, and one row for each search; words if there is none."""
    document = page(overview("三体", "渗透测试"))
    assert texts(document, "h1") == ["Prices over time"]
    assert facts(document, "main") == {
        "File": "history.sqlite3", "Size": "2.0 KiB: 172,760 observations of 1,234 products",
    }  # fmt: skip
    assert texts(document, ".searches th[scope=row]") == ["三体", "渗透测试"]
    assert texts_of(document.css(".searches tbody tr")[0]) == [
        "Dangdang 当当网", "70", "1,234", "86,380", "2026-01-01", "2026-03-11",
    ]  # fmt: skip
    assert "no searches are recorded yet" in texts(page(overview()), ".help")


@pytest.mark.parametrize(
    ("source", "names"), [(SHOP, []), ("demo", ["DEMO"]), ("http://127.0.0.1:1", ["REPLICA"])]
)
def test_prices_that_are_not_the_shops_cannot_be_taken_for_them(source: str, names: list[str]) -> None:
    """The mark is in the window's title, in the strip that stays on top, and in words; no link leads to the shop."""
    document = page(a_search(RAISED, source=source))
    assert texts(document, ".strip strong") == names == texts(document, ".alarm strong")
    [title] = texts(document, "head > title")
    assert title == "".join(f"{name} — " for name in names) + "三体 · Prices over time"
    links = [link.attributes["href"] for link in document.css("a")]
    assert links == ([] if names else ["https://product.dangdang.com/29220317.html"])


def test_a_link_tells_the_shop_nothing() -> None:
    document = page(a_product(RAISED))
    [link] = document.css("a")
    assert link.attributes == {
        "href": "https://product.dangdang.com/29220317.html", "rel": "noopener noreferrer",
    }  # fmt: skip


def test_the_policy_allows_the_pages_own_style_alone() -> None:
    """The style is allowed by its hash; no script, no request, nothing from elsewhere."""
    text = render(a_product(RAISED), "html")
    document = LexborHTMLParser(text)
    [policy] = document.css("meta[http-equiv=Content-Security-Policy]")
    [style] = document.css("style")
    hashed = base64.b64encode(hashlib.sha256(style.text().encode()).digest()).decode()
    assert dict(rule.strip().split(" ", 1) for rule in (policy.attributes["content"] or "").split(";")) == {
        "default-src": "'none'", "style-src": f"'sha256-{hashed}'", "img-src": "data:", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip
    assert not document.css("script, [src], [srcset], [style], iframe, object, embed, form")
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {"https://product.dangdang.com/29220317.html"}
    assert not re.search(r"@import|url\(", text)


def test_a_list_of_products_may_run_the_pages_own_script_alone() -> None:
    """The script is allowed by its hash; a page without a list has none."""
    document = LexborHTMLParser(render(a_search(RAISED, daily((9, "20"), product_id="2")), "html"))
    [policy], [script] = document.css("meta[http-equiv=Content-Security-Policy]"), document.css("script")
    hashed = base64.b64encode(hashlib.sha256(script.text().encode()).digest()).decode()
    assert f"script-src 'sha256-{hashed}';" in (policy.attributes["content"] or "")
    assert not document.css("[src], [srcset], [style], iframe, object, embed")


@pytest.mark.parametrize("trick", HOSTILE_HERE)
def test_hostile_words_make_no_structure(trick: str) -> None:
    """Whatever query, title, seller, product number or source contain, the page has the same elements."""

    def pages(text: str) -> list[LexborHTMLParser]:
        past = daily((60, "50"), (9, "60"), (1, "50"), title=text, seller=text, product_id=text)
        return [
            page(a_search(past, query=text, source=text)),
            page(a_product(past)),
            page(overview(text, source=text)),
        ]

    for hostile, plain in zip(pages(HOSTILE_HERE[trick]), pages("书"), strict=True):
        assert [(node.tag, sorted(node.attributes)) for node in hostile.css("*")] == [
            (node.tag, sorted(node.attributes)) for node in plain.css("*")
        ]
    shown = crop(clean(HOSTILE_HERE[trick]), 300)
    assert pages(HOSTILE_HERE[trick])[0].css("h3")[0].text().strip() == shown


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_speaks_the_asked_language(lang: str) -> None:
    """The page declares its language, titles are declared Chinese, and headings use the language's own words."""
    say = Labels(lang)
    document = page(a_product(RAISED), lang=lang)
    assert document.css("html")[0].attributes["lang"] == lang
    assert document.css("h1")[0].attributes["lang"] == "zh-Hans"
    assert texts(document, "h2") == [say("past_title"), say("past_changes")]
    assert texts(page(overview("三体"), lang=lang), "h2") == [say("past_searches")]


@pytest.mark.parametrize("name", ["a.html", "a.HTM"])
def test_files_are_known_by_their_suffix(name: str) -> None:
    assert format_of(name) == "html"
    assert encode("价", "html") == "价".encode()


def test_the_same_view_gives_the_same_bytes() -> None:
    """Nothing depends on the clock, or on earlier reports."""
    views: list[View] = [a_search(*many(5), RAISED), a_product(RAISED), overview("三体")]
    assert [render(view, "html") for view in views] == [render(view, "html") for view in views]


SAME_BYTES = """
import hashlib
from tests.report.pasts import RAISED, a_search
from crawler.report.history import render
print(hashlib.sha256(render(a_search(RAISED), "html").encode()).hexdigest())
"""


def test_another_process_gives_the_same_bytes() -> None:
    """The hash seed makes no difference."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", SAME_BYTES], check=True, capture_output=True, cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": str(seed)}, encoding="utf-8",
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    assert len(digests) == 1


def test_prices_of_any_size_are_written_whole() -> None:
    """This includes zero, which is a price, and more than any book costs."""
    assert texts(page(a_product(daily((9, "0")))), ".first > .price")[0].startswith("¥0.00")
    assert texts(page(a_product(daily((9, Decimal("99999.99"))))), ".first > .price")[0].startswith(
        "¥99,999.99"
    )
