"""The head of a report: the answer first, then everything that limits it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crawler.report import render
from crawler.report.head import head_of, tail_of
from crawler.report.wording import off, outcome, page_numbers
from crawler.results import SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import make_empty_result, make_listing, make_page, make_result

CAVEAT = "(before coupons and postage)"
FAILED = [
    make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(3, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(5, verdict=Verdict.NETWORK_ERROR, detail="timed out"),
]


def facts(result: SearchResult) -> dict[str, str]:
    return dict(head_of(result).facts)


def test_the_first_line_is_the_answer() -> None:
    """Price, title, author and publisher of the cheapest book stand in the first line, with the caveat."""
    cheap = make_listing(product_id="1", title="便宜的书", price=Decimal("1008.80"))
    head = head_of(make_result([make_listing(product_id="2", price=Decimal("2000.00")), cheap]))
    assert head.answer.text == f"Cheapest: ¥1,008.80  便宜的书 — 张三, 演示出版社 {CAVEAT}"
    assert head.answer.link == "https://product.dangdang.com/1.html"
    assert head.alarms == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"volumes": 3, "flags": frozenset({Flag.SET})}, "[set of 3 · ¥13.00 each]"),
        ({"volumes": None, "flags": frozenset({Flag.SET})}, "[set, volumes not said]"),
        ({"flags": frozenset({Flag.SECOND_HAND, Flag.BUNDLE})}, "[bundle of several works · second-hand]"),
        (
            {"flags": frozenset({Flag.ACCESSORY}), "seller": "书友\u202e店"},
            "[accessory, no book · sold by 书友店]",
        ),
        ({"self_operated": False}, "[sold by a marketplace shop]"),
    ],
)
def test_the_answer_says_what_is_special(fields: dict[str, Any], words: str) -> None:
    """A cheapest «book» that is a set, used, an accessory or another shop's is called so beside its price."""
    assert words in head_of(make_result([make_listing(**fields)])).answer.text


def test_an_accessory_is_not_the_cheapest_book() -> None:
    """The first line names the cheapest book; what is cheaper but no book stands in the second, in both reports."""
    bookmark = make_listing(product_id="1", price=Decimal("3.30"), flags=frozenset({Flag.ACCESSORY}))
    result = make_result([bookmark, make_listing(product_id="2", title="渗透测试")])
    head = head_of(result)
    assert head.answer.text == f"Cheapest: ¥39.00  渗透测试 — 张三, 演示出版社 {CAVEAT}"
    assert head.second is not None
    assert head.second.text.startswith("Cheaper, but no book: ¥3.30")
    for form in ("table", "md"):
        text = render(result, form)
        assert head.second.text.split("  ")[0] in text
        assert "https://product.dangdang.com/2.html" in text
    assert head_of(make_result()).second is None
    only = head_of(make_result([bookmark]))
    assert only.answer.text.startswith("No book, but accessories from: ¥3.30")
    assert only.second is None


def test_among_all_kinds_of_goods_the_cheapest_is_the_answer() -> None:
    """Who searches all categories means whatever is found: nothing there is meant to be a book."""
    bookmark = make_listing(product_id="1", price=Decimal("3.30"), flags=frozenset({Flag.ACCESSORY}))
    head = head_of(make_result([bookmark, make_listing(product_id="2")], options={"category": "all"}))
    assert head.answer.text.startswith("Cheapest: ¥3.30")
    assert head.second is None


def test_a_whole_live_search_is_told_in_full() -> None:
    """Query, query sent, shop, time, pages, listings and limits of a plain search."""
    result = make_result(
        [
            make_listing(product_id="1"),
            make_listing(product_id="1", position=2),
            make_listing(product_id="2", sold_out=True),
        ],
        available=1,
        notes=("page 1: 50 listings where a full page has 60",),
        options={
            "sellers": "self",
            "category": "books",
            "sort": "sales",
            "min_price": Decimal(10),
            "max_price": None,
        },
    )
    assert facts(result) == {
        "Query": "滲透測試, sent as 渗透测试",
        "Shop": "Dangdang 当当网",
        "Time": "2026-01-31 08:00:00 UTC, 3.4 s",
        "Pages": "1 ok, 0 failed of 1 asked; the shop states 1",
        "Listings": "3 seen, 2 unique, 1 kept; dropped: 1 sold out",
        "Result": "whole: no page failed",
        "Only": "the shop's own goods, books, from ¥10.00",
        "Shop's order": "sales",
        "Note": "page 1: 50 listings where a full page has 60",
    }


def test_an_equal_query_is_shown_once() -> None:
    """A query that was sent as typed is not repeated."""
    assert facts(make_result(query="渗透测试"))["Query"] == "渗透测试"


def test_a_partial_search_cannot_be_missed() -> None:
    """The first line opens with PARTIAL, and the failed pages are listed by number, alike ones together."""
    head = head_of(make_result(failed=FAILED, stopped="interrupted"))
    assert head.answer.text.startswith("PARTIAL — Cheapest: ¥39.00")
    (alarm,) = head.alarms
    assert alarm.text.startswith("3 of 4 pages failed")
    assert "interrupted" in alarm.text
    assert alarm.details == (
        ("pages 2–3", "blocked: 405 Not Allowed"),
        ("page 5", "network error: timed out"),
    )


def test_a_demo_cannot_be_missed() -> None:
    """The first line opens with DEMO, the shop is called one, and no link leads into the real shop."""
    head = head_of(make_result(demo=True, base_url="http://127.0.0.1:4321"))
    assert head.answer.text.startswith("DEMO — Cheapest: ¥39.00")
    assert [alarm.name for alarm in head.alarms] == ["DEMO"]
    assert "made-up books" in head.alarms[0].text
    assert dict(head.facts)["Shop"] == "the embedded demo shop, not Dangdang 当当网"
    assert head.answer.link is None


def test_a_replica_is_not_the_live_shop() -> None:
    """Requests that went to another address cannot be missed either, and no link leads into the real shop."""
    replica: dict[str, Any] = {"base_url": "http://127.0.0.1:4321"}
    head = head_of(make_result(**replica))
    assert head.answer.text.startswith("REPLICA — Cheapest: ¥39.00")
    assert [alarm.name for alarm in head.alarms] == ["REPLICA"]
    assert head.alarms[0].text.startswith("asked at http://127.0.0.1:4321, not the live shop: ")
    assert dict(head.facts)["Shop"].startswith("a replica of Dangdang")
    assert head.answer.link is None
    assert "product.dangdang.com" not in render(make_result(**replica), "md")
    assert head_of(make_result(failed=FAILED, **replica)).answer.text.startswith("PARTIAL, REPLICA — ")
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, **replica)
    words = "REPLICA — The replica at http://127.0.0.1:4321 has no book for «渗透测试»"
    assert head_of(nothing).answer.text.startswith(words)


@pytest.mark.parametrize("base_url", ["https://search.dangdang.com", "https://search.dangdang.com/"])
def test_the_shops_own_address_is_the_live_shop(base_url: str) -> None:
    """A base URL that is the shop's is no replica, with a slash or without."""
    head = head_of(make_result(base_url=base_url))
    assert head.alarms == ()
    assert dict(head.facts)["Shop"] == "Dangdang 当当网"
    assert head.answer.link is not None


def test_pages_that_were_not_asked_for_are_told() -> None:
    """Where the shop has more pages than were asked for, the first line and the result say so, up to what it serves."""
    pages = tuple(make_page(n) for n in (1, 2, 3))
    for available, first, result in (
        (3, CAVEAT, "whole: no page failed"),
        (2, CAVEAT, "whole: no page failed"),
        (None, CAVEAT, "whole: no page failed"),
        (
            4,
            "(before coupons and postage; 3 of 4 pages read)",
            "no page failed; 1 more page was not asked for (--pages 4)",
        ),
        (
            36,
            "(before coupons and postage; 3 of 36 pages read)",
            "no page failed; 33 more pages were not asked for (--pages 36)",
        ),
        (
            5000,
            "(before coupons and postage; 3 of 100 pages read)",
            "no page failed; 97 more pages were not asked for (--pages 100)",
        ),
    ):
        search = make_result(pages=pages, available=available)
        assert head_of(search).answer.text.endswith(first)
        assert facts(search)["Result"] == result
        assert search.complete
    partial = make_result(failed=FAILED, available=36)
    assert head_of(partial).answer.text.endswith("(before coupons and postage; 1 of 36 pages read)")
    assert facts(partial)["Result"] == "PARTIAL; 32 more pages were not asked for (--pages 36)"


def test_the_first_line_names_two_authors_at_most() -> None:
    """A book by a crowd does not fill the line."""
    crowd = tuple(Contributor(name, "著") for name in ("甲", "乙", "丙"))
    answer = head_of(make_result([make_listing(contributors=crowd, publisher=None)])).answer
    assert answer.text.endswith(f" — 甲, 乙 {CAVEAT}")


def test_who_stopped_a_whole_search_is_told() -> None:
    """A search that was stopped and lost nothing says so among the facts; one that lost pages says it in its alarm."""
    assert facts(make_result(stopped="interrupted"))["Stopped"] == "interrupted"
    assert "Stopped" not in facts(make_result(stopped="interrupted", failed=FAILED))
    assert "Stopped" not in facts(make_result())


@pytest.mark.parametrize(
    ("price", "listed", "shown"),
    [
        ("25", "78", "-68%"),
        ("39", "39", ""),
        ("39", "38", ""),
        ("38.90", "39", ""),
        ("38.80", "39", "-1%"),
        ("0.10", "9999", "-99%"),
        ("0", "39", "-100%"),
        ("39", None, ""),
        ("39", "0", ""),
    ],
)
def test_what_is_taken_off_is_shown_in_whole_percent(price: str, listed: str | None, shown: str) -> None:
    """The share comes from price and list price; it is neither 0 nor, for what costs something, all."""
    listing = make_listing(price=Decimal(price), list_price=None if listed is None else Decimal(listed))
    assert off(make_result([listing]).books[0]) == shown


def test_every_verdict_has_words() -> None:
    """A page's end can be told to people whatever it was, with a reason and without one."""
    for verdict in Verdict:
        assert outcome(verdict, "")
        assert outcome(verdict, "why\x1b[2J").endswith("why")


NOTHING = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS, detail="抱歉"), available=0)
ALL_DROPPED = make_result([make_listing(sold_out=True)])
NO_PAGE = make_empty_result(*FAILED)
SOME_PAGES = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), *FAILED)


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (
            NOTHING,
            "Dangdang 当当网 has no book for «渗透测试» (the shop's own goods, books) — try --sellers all",
        ),
        (ALL_DROPPED, "Nothing to rank: every product found is dropped (1 sold out)"),
        (NO_PAGE, "FAILED — No page could be had: 3 of 3 failed"),
        (
            SOME_PAGES,
            "PARTIAL — Dangdang 当当网 has no book for «渗透测试» on the pages that could be read: 3 of 4 failed",
        ),
    ],
)
def test_an_empty_list_has_its_reason(result: SearchResult, answer: str) -> None:
    """Nothing found, all dropped and no page had are three different sentences."""
    assert head_of(result).answer.text == answer
    assert CAVEAT not in answer


def test_other_sellers_are_proposed_where_they_were_left_out() -> None:
    """What was searched at all sellers' is not to be had by searching there."""
    options = {"sellers": "all", "category": "books"}
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, options=options)
    assert head_of(nothing).answer.text.endswith("for «渗透测试» (books)")


@pytest.mark.parametrize("result", [NOTHING, ALL_DROPPED, NO_PAGE, SOME_PAGES])
@pytest.mark.parametrize("form", ["table", "md", "csv", "json"])
def test_every_format_takes_an_empty_list(result: SearchResult, form: str) -> None:
    """A report without books is still a report: no exception, and in those for people the sentence."""
    text = render(result, form, top=50)
    assert text.endswith("\n")
    if form in {"table", "md"}:
        assert head_of(result).answer.text in text


@pytest.mark.parametrize("form", ["table", "md"])
def test_what_is_left_out_is_counted(form: str) -> None:
    """A list that is cut says how many more there are and how to get them; a whole one says nothing."""
    result = make_result([make_listing(product_id=str(n), title=f"书{n}") for n in range(1, 6)])
    cut = render(result, form, top=3)
    assert "… and 2 more (--top 5 shows all)" in cut
    assert "书4" not in cut
    assert "more (--top" not in render(result, form, top=5)
    assert "书5" in render(result, form)
    assert tail_of(result, None) == ""


def test_page_numbers_are_short() -> None:
    """Runs of pages are written as ranges."""
    assert page_numbers([3]) == "page 3"
    assert page_numbers([1, 3]) == "pages 1, 3"
    assert page_numbers([1, 2, 3, 7, 9, 10]) == "pages 1–3, 7, 9–10"
