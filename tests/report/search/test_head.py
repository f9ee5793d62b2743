"""The head of a report limits its answer: the scope, the pages, the shop, and what was left out."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.books.ranking import RANKINGS
from crawler.labels import ENGLISH, LANGUAGES, Labels
from crawler.report import render
from crawler.report.search.head import head_of
from crawler.report.search.outcomes import outcome, page_numbers, price_failures
from crawler.results import PriceCheck
from crawler.verdict import Verdict
from tests.factories import make_empty_result, make_listing, make_page, make_result
from tests.report.search.heads import CAVEAT, FAILED, fact, in_order


def test_the_mainlands_wording_is_suggested() -> None:
    """The suggestion is right below the query, and says that it was not searched; otherwise there is none."""
    result = make_result(query="人工智慧", query_sent="人工智慧", suggestion="人工智能\u202e")
    assert [label for label, _ in head_of(result).facts][:2] == [ENGLISH("query"), ENGLISH("suggestion")]
    assert fact(result, "suggestion") == ENGLISH("suggestion_words", words="人工智能")
    assert fact(make_result(), "suggestion") is None


def test_what_narrowed_the_search_is_told() -> None:
    """One line states all filters in words; without filters, the line is missing."""
    options = {
        "sellers": "all", "category": "all", "min_price": Decimal(5), "max_price": Decimal(1000),
        "max_volume_price": Decimal("12.5"), "publisher": "人民\x1b[2J邮电", "author": "尼克", "since": 2019,
        "min_reviews": 1500,
    }  # fmt: skip
    for say in map(Labels, LANGUAGES):
        assert fact(make_result(options=options), "only", say) == say("comma").join(
            [
                say("from_price", price="¥5.00"),
                say("to_price", price="¥1,000.00"),
                say("to_volume_price", price="¥12.50"),
                say("of_publisher", name="人民邮电"),
                say("of_author", name="尼克"),
                say("since_year", year=2019),
                say("from_reviews", n=1500),
            ]
        )
    assert fact(make_result(options={"sellers": "all", "category": "all"}), "only") is None
    nothing = make_result(options=dict.fromkeys(options, None) | {"min_reviews": 0, "since": 0})
    words = [ENGLISH("since_year", year=0), ENGLISH("from_reviews", n=0)]
    assert fact(nothing, "only") == ENGLISH("comma").join(words)


def test_every_reason_for_a_drop_is_counted_in_words() -> None:
    """The listings count the drops for each reason, in the report's language, and omit reasons without any."""
    listings = [
        make_listing(product_id="1"),
        make_listing(product_id="2", title="甲书", ebook_only=True),
        make_listing(product_id="3", title="乙书", publisher="别的社"),
        make_listing(product_id="4", title="丙书", publisher="别的社"),
    ]
    result = make_result(listings, criteria=SelectionCriteria(filters=Filters(publisher="演示")))
    for say in map(Labels, LANGUAGES):
        dropped = say("comma").join(
            [say("count_of", n=1, what=say("ebook")), say("count_of", n=2, what=say("publisher_differs"))]
        )
        words = say("counts", listings=4, unique=4, kept=1, books=1, dropped=dropped)
        assert fact(result, "listings", say) == words
    nothing = ENGLISH("counts", listings=1, unique=1, kept=1, books=1, dropped=ENGLISH("none"))
    assert fact(make_result(), "listings") == nothing


@pytest.mark.parametrize("rank", RANKINGS)
def test_the_order_of_the_list_is_told(rank: str) -> None:
    """Each ranking has its own words; an empty list has no order and no frontier."""
    words = ENGLISH(f"by_{rank}")
    assert fact(make_result(criteria=SelectionCriteria(rank=rank)), "order") == words
    assert [ENGLISH(f"by_{other}") for other in RANKINGS].count(words) == 1
    assert (fact(make_result([]), "order"), fact(make_result([]), "frontier")) == (None, None)


def test_a_whole_live_search_is_told_in_full() -> None:
    """A plain search states query, query sent, shop, time, pages, listings and limits."""
    result = make_result(
        [
            make_listing(product_id="1"),
            make_listing(product_id="1", position=2),
            make_listing(product_id="2", sold_out=True),
        ],
        available=1,
        notes=("page 1: 50 listings; a full page has 60",),
        options={
            "sellers": "self",
            "category": "books",
            "sort": "sales",
            "min_price": Decimal(10),
            "max_price": None,
        },
    )
    say = ENGLISH
    ended = say("comma").join([say("ok", n=1), say("failed", n=0)])
    dropped = say("count_of", n=1, what=say("sold_out"))
    scope = [say("own_goods"), say("books"), say("from_price", price="¥10.00")]
    expected = [
        ("query", say("sent_as", query="滲透測試", sent="渗透测试")),
        ("shop", "Dangdang 当当网"),
        ("time", "2026-01-31 08:00:00 UTC, 3.4 s"),
        ("pages", say("of_asked", ended=ended, all=1, stated=say("states", n=1))),
        ("listings", say("counts", listings=3, unique=2, kept=1, books=1, dropped=dropped)),
        ("result", say("whole")),
        ("only", say("comma").join(scope)),
        ("shops_order", say("sort_sales")),
        ("order", say("by_cheapest")),
        ("frontier", say("frontier_words", n=1)),
        ("note", "page 1: 50 listings; a full page has 60"),
    ]
    assert head_of(result).facts == tuple((say(name), words) for name, words in expected)


def test_an_equal_query_is_shown_once() -> None:
    """A query that was sent as typed is not repeated."""
    assert fact(make_result(query="渗透测试"), "query") == "渗透测试"


def test_a_partial_search_cannot_be_missed() -> None:
    """The first line opens with PARTIAL, and the failed pages are listed by number, grouped by outcome."""
    head = head_of(make_result(failed=FAILED, stopped="interrupted"))
    assert head.answers[0].text.startswith("PARTIAL")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    (alarm,) = head.alarms
    assert alarm.name == "PARTIAL"
    assert alarm.text.startswith(ENGLISH("pages_failed", failed=3, all=4) + ENGLISH("may_miss"))
    assert "interrupted" in alarm.text
    blocked, network = ENGLISH("verdict_blocked"), ENGLISH("verdict_network_error")
    assert alarm.details == (
        ("pages 2–3", ENGLISH("verdict", verdict=blocked, why="405 Not Allowed")),
        ("page 5", ENGLISH("verdict", verdict=network, why="timed out")),
    )


def test_pages_that_were_not_read_did_not_fail() -> None:
    """An interrupt leaves pages that were never requested: they are counted and labelled apart from failed ones."""
    left = [make_page(n, verdict=Verdict.NOT_ASKED, detail="interrupted") for n in range(6, 9)]
    only_left = make_result(failed=left, stopped="interrupted", available=None)
    assert (fact(only_left, "pages") or "").startswith("1 ok, 0 failed, 3 not read of 4 requested")
    (alarm,) = head_of(only_left).alarms
    assert alarm.name == "PARTIAL"
    assert alarm.text.startswith("3 of 4 pages not read: ")
    assert alarm.details == (("pages 6–8", "not read: interrupted"),)
    both = make_result(failed=[*FAILED, *left], stopped="interrupted")
    assert (fact(both, "pages") or "").startswith("1 ok, 3 failed, 3 not read of 7 requested")
    assert head_of(both).alarms[0].text.startswith("3 of 7 pages failed, 3 not read: ")
    assert "not read" not in (fact(make_result(failed=FAILED), "pages") or "")
    assert [page.page for page in both.not_read] == [6, 7, 8]


@pytest.mark.parametrize("form", ["table", "md", "html", "xlsx"])
@pytest.mark.parametrize(("lang", "failed"), [("en", "failed"), ("zh-Hans", "失败"), ("zh-Hant", "失敗")])
def test_no_report_calls_an_unread_page_failed(form: str, lang: str, failed: str) -> None:
    """In every format and language, «failed» appears only to say that no page did."""
    left = [make_page(n, verdict=Verdict.NOT_ASKED, detail="interrupted") for n in range(2, 5)]
    report = render(make_result(failed=left, stopped="interrupted"), form, lang=lang)
    text = words_of_workbook(report) if isinstance(report, bytes) else report
    text = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert re.findall(rf"(\d+)\D{{0,3}}{failed}|{failed}", text) == ["0"]


def words_of_workbook(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as workbook:
        return workbook.read("xl/sharedStrings.xml").decode()


def test_price_pages_that_failed_are_said_together() -> None:
    """Their number and common outcome are given once; a page that was not requested does not count."""
    alike_ones = [make_page(n, verdict=Verdict.HTTP_ERROR, detail="404") for n in (1, 2, 3)]
    assert price_failures(alike_ones) == "3 of 3 price pages failed: HTTP error: 404"
    different = [*alike_ones[:2], make_page(3, verdict=Verdict.BLOCKED, detail="405")]
    words = "3 of 3 price pages failed: pages 1–2: HTTP error: 404; page 3: blocked: 405"
    assert price_failures(different) == words
    left = [make_page(1), *alike_ones[1:2], make_page(3, verdict=Verdict.NOT_ASKED, detail="interrupted")]
    assert price_failures(left) == "1 of 3 price pages failed: HTTP error: 404"
    assert price_failures([make_page(1)]) == price_failures(()) == ""
    check = PriceCheck(tuple(alike_ones), True, False, None, None, "failed")
    result = make_result(price_pages=tuple(alike_ones), price_check=check)
    assert fact(result, "price_check") == "not proven: 3 of 3 price pages failed: HTTP error: 404"


def test_a_demo_cannot_be_missed() -> None:
    """The first line opens with DEMO, the shop is labelled as one, and no link leads to the real shop."""
    head = head_of(make_result(demo=True, base_url="http://127.0.0.1:4321"))
    assert head.answers[0].text.startswith("DEMO")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    assert [(alarm.name, alarm.text) for alarm in head.alarms] == [("DEMO", ENGLISH("demo_text"))]
    assert dict(head.facts)[ENGLISH("shop")] == ENGLISH("demo_shop", shop="Dangdang 当当网")
    assert head.answers[0].link is None


def test_a_replica_is_not_the_live_shop() -> None:
    """Requests to another address are announced, too, and no link leads to the real shop."""
    address = "http://127.0.0.1:4321"
    replica: dict[str, Any] = {"base_url": address}
    head = head_of(make_result(**replica))
    assert head.answers[0].text.startswith("REPLICA")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    (alarm,) = head.alarms
    assert (alarm.name, alarm.text) == ("REPLICA", ENGLISH("replica_text", address=address))
    replicated = ENGLISH("replica_shop", shop="Dangdang 当当网", address=address)
    assert dict(head.facts)[ENGLISH("shop")] == replicated
    assert head.answers[0].link is None
    assert "product.dangdang.com" not in str(render(make_result(**replica), "md"))
    assert head_of(make_result(failed=FAILED, **replica)).answers[0].text.startswith("PARTIAL, REPLICA")
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, **replica)
    shop = ENGLISH("the_replica", address=address)
    assert in_order(
        head_of(nothing).answers[0].text, "REPLICA", ENGLISH("no_book", shop=shop, query="渗透测试")
    )


@pytest.mark.parametrize("base_url", ["https://search.dangdang.com", "https://search.dangdang.com/"])
def test_the_shops_own_address_is_the_live_shop(base_url: str) -> None:
    """A base URL that is the shop's is no replica, with or without a slash."""
    head = head_of(make_result(base_url=base_url))
    assert head.alarms == ()
    assert dict(head.facts)[ENGLISH("shop")] == "Dangdang 当当网"
    assert head.answers[0].link is not None


def test_pages_that_were_not_asked_for_are_told() -> None:
    """If the shop has more pages than requested, the first line and the result say so, up to the shop's limit."""
    say = ENGLISH
    pages = tuple(make_page(n) for n in (1, 2, 3))

    def limits(ok: int, of: int) -> str:
        read, settle = say("pages_read", ok=ok, all=of), say("may_settle", option="--price-check 3")
        return say("and").join([CAVEAT, read, settle])

    for available, first, result in (
        (3, CAVEAT, say("whole")),
        (2, CAVEAT, say("whole")),
        (None, CAVEAT, say("whole")),
        (4, limits(3, 4), say("no_page_failed") + say("one_more_page", all=4)),
        (36, limits(3, 36), say("no_page_failed") + say("more_pages", n=33, all=36)),
        (5000, limits(3, 100), say("no_page_failed") + say("more_pages", n=97, all=100)),
    ):
        search = make_result(pages=pages, available=available)
        assert head_of(search).answers[0].text.endswith(say("bracketed", words=first))
        assert fact(search, "result") == result
        assert search.complete
    partial = make_result(failed=FAILED, available=36)
    assert head_of(partial).answers[0].text.endswith(say("bracketed", words=limits(1, 36)))
    assert fact(partial, "result") == say("PARTIAL") + say("more_pages", n=32, all=36)


def test_who_stopped_a_whole_search_is_told() -> None:
    """A search that was stopped without loss says so among the facts; one that lost pages says so in its alarm."""
    assert fact(make_result(stopped="interrupted"), "stopped") == "interrupted"
    assert fact(make_result(stopped="interrupted", failed=FAILED), "stopped") is None
    assert fact(make_result(), "stopped") is None


def test_every_verdict_has_words() -> None:
    """Every verdict has words, with a reason and without one."""
    for verdict in Verdict:
        assert outcome(verdict, "")
        assert outcome(verdict, "why\x1b[2J").endswith("why")


def test_page_numbers_are_short() -> None:
    """Runs of pages are written as ranges."""
    assert page_numbers([3]) == "page 3"
    assert page_numbers([1, 3]) == "pages 1, 3"
    assert page_numbers([1, 2, 3, 7, 9, 10]) == "pages 1–3, 7, 9–10"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_robots_that_were_ignored_are_told(lang: str) -> None:
    """The report of a search that ignored robots.txt says so; other reports do not mention it."""
    say = Labels(lang)
    assert fact(make_result(robots_ignored=True), "robots", say) == say("robots_ignored")
    assert fact(make_result(), "robots", say) is None


def test_pages_of_an_earlier_run_are_told_with_their_time() -> None:
    """Prices older than the search state their age."""
    old = dt.datetime(2026, 1, 31, 7, 31, 22, tzinfo=dt.UTC)
    result = make_result()
    earlier = [replace(result.pages[0], fetched_at=old + dt.timedelta(seconds=n)) for n in range(2)]
    resumed = replace(
        result, pages=(earlier[1], earlier[0], replace(make_page(3), fetched_at=result.started_at))
    )
    plain = "2026-01-31 08:00:00 UTC, 3.4 s"

    def and_earlier(name: str, time: str, **more: int) -> str:
        return plain + ENGLISH("and") + ENGLISH(name, time=f"2026-01-31 {time} UTC", **more)

    assert fact(resumed, "time") == and_earlier("resumed", "07:31:22", n=2)
    one = replace(result, pages=(earlier[1],))
    assert fact(one, "time") == and_earlier("resumed_one", "07:31:23")
    checked = replace(result, price_pages=(replace(make_page(1), fetched_at=old),))
    assert fact(checked, "time") == and_earlier("resumed_one", "07:31:22")
    assert checked.fetched_from == old
    assert fact(result, "time") == plain
