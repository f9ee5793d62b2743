"""Verdicts: each row of the table, for a page alone and among its neighbours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crawler.download.exchange import Exchange, Problem
from crawler.fetch_verdict import is_login_url, judge_fetch
from crawler.parsing.job import ParseFailure, ParseFailureReason
from crawler.phrases import Phrase
from crawler.search.judging import judge_search
from crawler.verdict import Verdict
from parsers.model import Listing, PageKind, SearchPage

URL = "https://search.dangdang.com/?key=x&page_index=1"


def listing(product_id: str, **changes: Any) -> Listing:
    values: dict[str, Any] = dict.fromkeys(Listing.__slots__)
    values |= {
        "product_id": product_id, "title": "书", "subtitle": "", "description": "", "page": 1, "position": 1,
        "url": f"https://product.dangdang.com/{product_id}.html", "price": Decimal("9.90"), "price_text": "¥9.90",
        "list_price_text": "", "discount_text": "", "ebook_only": False, "sold_out": False, "volumes": 1,
        "contributors": (), "contributors_text": "", "published_text": "", "flags": frozenset(), "highlighted": True,
    }  # fmt: skip
    return Listing(**(values | changes))


def page(kind: PageKind = PageKind.RESULTS, *ids: str, **changes: Any) -> SearchPage:
    values: dict[str, Any] = {
        "kind": kind, "listings": tuple(listing(i) for i in ids), "total": None, "page": None, "pages": None,
        "layout": None, "query_echo": None, "notice": "", "items": len(ids), "sign": "its sign",
        "charset": "gb18030", "undecodable": 0,
    }  # fmt: skip
    return SearchPage(**(values | changes))


def answer(status: int | None = 200, **changes: Any) -> Exchange:
    values: dict[str, Any] = {
        "url": URL,
        "final_url": URL,
        "status": status,
        "reason": "Reason",
        "attempts": 1,
        "body": b"<html>",
    }
    return Exchange(**(values | changes))


CUT = answer(length_declared=False)
NO_PRICE = {"price": None, "price_text": ""}
SINGLE_PAGES = [
    # exchange, what was parsed, verdict, words of the detail
    (answer(), page(PageKind.RESULTS, "1", "2"), Verdict.OK, ""),
    (answer(), page(PageKind.NO_RESULTS, notice="抱歉"), Verdict.NO_RESULTS, "抱歉"),
    (answer(), page(total=0), Verdict.NO_RESULTS, "0 products"),
    (answer(), page(PageKind.NO_RESULTS, total=314892), Verdict.LAYOUT_CHANGED, "314892 products"),
    (answer(), page(PageKind.NO_RESULTS, pages=9), Verdict.LAYOUT_CHANGED, "reports 9 pages"),
    (answer(), page(PageKind.BLOCKED), Verdict.BLOCKED, "its sign"),
    (answer(503), page(PageKind.BLOCKED), Verdict.BLOCKED, "its sign"),
    (answer(405), page(PageKind.BLOCKED), Verdict.BLOCKED, "405 Reason: its sign"),
    (answer(403), None, Verdict.BLOCKED, "403 Reason"),
    (answer(405), page(PageKind.OTHER), Verdict.BLOCKED, "405 Reason"),
    (answer(429, attempts=3), None, Verdict.BLOCKED, "429 Reason (after 3 attempts)"),
    (answer(body=b""), None, Verdict.BLOCKED, "200 Reason, but an empty body"),
    (answer(), page(PageKind.EMPTY), Verdict.BLOCKED, "200 Reason, but its sign"),
    (answer(302, redirect="https://login.dangdang.com/signin.aspx"), None, Verdict.BLOCKED, "login"),
    (answer(302, redirect="https://www.dangdang.com/"), None, Verdict.UNEXPECTED_PAGE, "redirected to"),
    (answer(), page(PageKind.OTHER), Verdict.UNEXPECTED_PAGE, "not a search page: its sign"),
    (answer(404), page(PageKind.OTHER), Verdict.HTTP_ERROR, "404 Reason"),
    (answer(500, attempts=3), None, Verdict.HTTP_ERROR, "500 Reason (after 3 attempts)"),
    (answer(), page(total=314892, items=0), Verdict.LAYOUT_CHANGED, "314892 products reported, 0 items"),
    (answer(), page(items=60), Verdict.LAYOUT_CHANGED, "60 items found, none readable"),
    (
        answer(),
        page(listings=tuple(listing(str(n), **NO_PRICE) for n in range(60)), items=60),
        Verdict.LAYOUT_CHANGED,
        "of 60 items, 60 have a title and 0 a price",
    ),
    (
        answer(),
        page(listings=tuple(listing(str(n), title="") for n in range(60)), items=60),
        Verdict.LAYOUT_CHANGED,
        "of 60 items, 0 have a title and 60 a price",
    ),
    (
        answer(),
        page(listings=tuple(listing(str(n), ebook_only=True, **NO_PRICE) for n in range(60)), items=60),
        Verdict.OK,
        "",
    ),
    (
        answer(None, problem=Problem.TIMEOUT, detail="silent for 15 s", attempts=3),
        None,
        Verdict.NETWORK_ERROR,
        "silent for 15 s (after 3 attempts)",
    ),
    (answer(problem=Problem.TOO_LARGE, detail="larger"), None, Verdict.TOO_LARGE, "larger"),
    (answer(None, problem=Problem.ROBOTS, detail="denied"), None, Verdict.ROBOTS_DENIED, "denied"),
    (answer(None, problem=Problem.ADDRESS, detail="private"), None, Verdict.ADDRESS_REFUSED, "private"),
    (
        answer(503, attempts=2, gave_up="rest"),
        None,
        Verdict.HTTP_ERROR,
        "503 Reason (after 2 attempts; rest)",
    ),
    (answer(429, gave_up="rest"), page(PageKind.BLOCKED), Verdict.BLOCKED, "429 Reason: its sign (rest)"),
    (answer(), page(PageKind.RESULTS, "1", query_echo="测试"), Verdict.UNEXPECTED_PAGE, "«测试»"),
    (answer(), page(PageKind.NO_RESULTS, query_echo="测试"), Verdict.UNEXPECTED_PAGE, "«测试»"),
    (
        answer(),
        page(PageKind.RESULTS, "1", page=3, pages=9),
        Verdict.UNEXPECTED_PAGE,
        "page 3 instead of page 5",
    ),
    (
        answer(),
        page(PageKind.RESULTS, "1", page=3, pages=3),
        Verdict.PAST_END,
        "reports 3 pages but sent page 3",
    ),
    (answer(), page(PageKind.RESULTS, "1", page=5, pages=9), Verdict.OK, ""),
    (answer(), page(PageKind.RESULTS, "1", unparsed=5000), Verdict.TOO_LARGE, "5,000 characters"),
    (
        CUT,
        page(PageKind.RESULTS, "1", ended=False),
        Verdict.TRUNCATED,
        "before its list, pager and </html>",
    ),
    (CUT, page(PageKind.OTHER, ended=False), Verdict.TRUNCATED, "before its list"),
    (CUT, page(PageKind.EMPTY, ended=False), Verdict.TRUNCATED, "before its list"),
    (CUT, page(PageKind.NO_RESULTS, ended=False), Verdict.NO_RESULTS, ""),
    (CUT, page(PageKind.BLOCKED, ended=False), Verdict.BLOCKED, "its sign"),
    (CUT, page(PageKind.RESULTS, "1"), Verdict.OK, ""),
    (answer(), page(PageKind.RESULTS, "1", ended=False), Verdict.OK, ""),
    (answer(), ParseFailure(ParseFailureReason.CRASHED, "died"), Verdict.PARSE_CRASHED, "died"),
    (answer(), ParseFailure(ParseFailureReason.TIMEOUT, "slow"), Verdict.PARSE_TIMEOUT, "slow"),
]


@pytest.mark.parametrize(("exchange", "parsed", "verdict", "words"), SINGLE_PAGES)
def test_a_page_alone(
    exchange: Exchange, parsed: SearchPage | ParseFailure | None, verdict: Verdict, words: str
) -> None:
    """Exchange and signs give the verdict of the table, and the detail has the reason."""
    judgement = judge_search(exchange, parsed, query="渗透测试", number=5)
    assert judgement.verdict is verdict
    assert words in judgement.detail


def test_every_verdict_of_a_page_alone_is_in_the_table() -> None:
    """The table above omits only the verdicts that a single page cannot have."""
    shown = {row[2] for row in SINGLE_PAGES}
    assert set(Verdict) - shown == {Verdict.NOT_ASKED}


def test_a_misread_query_is_no_honest_no_result() -> None:
    """A no-result page for the mojibake of the query says nothing about the query."""
    misread = page(PageKind.NO_RESULTS, query_echo="楂樼瓑鏁板", notice="抱歉")
    assert judge_search(answer(), misread, query="高等数学").verdict is Verdict.UNEXPECTED_PAGE
    honest = page(PageKind.NO_RESULTS, query_echo="高等数学", notice="抱歉")
    assert judge_search(answer(), honest, query="高等数学").verdict is Verdict.NO_RESULTS


NOTES: list[tuple[dict[str, Any], Phrase]] = [
    ({"items": 2}, Phrase("some_unreadable", n=1, items=2)),
    ({"undecodable": 7}, Phrase("undecodable", n=7, charset="gb18030")),
    ({"surplus": 39_700}, Phrase("surplus", n=39_700, items=1)),
    ({"clipped": 1}, Phrase("clipped_one", most=3_000)),
    ({"clipped": 2}, Phrase("clipped", n=2, most=3_000)),
    ({"ended": False}, Phrase("perhaps_cut")),
    ({"notice": "为您推荐"}, Phrase("shop_says", notice="为您推荐")),
]
"""What is worth a note on a page that was read."""


@pytest.mark.parametrize(("changes", "note"), NOTES)
def test_what_a_reader_should_know_of_a_page_is_noted(changes: dict[str, Any], note: Phrase) -> None:
    """A page with something missing is read, with a note."""
    judgement = judge_search(answer(), page(PageKind.RESULTS, "1", **changes), query="书")
    assert (judgement.verdict, judgement.notes) == (Verdict.OK, (note,))
    assert judge_search(answer(), page(PageKind.RESULTS, "1"), query="书").notes == ()


def test_a_page_may_have_several_notes() -> None:
    """All notes that apply are given, in a fixed order."""
    changes = {
        name: value for fields, _ in NOTES if fields != {"clipped": 2} for name, value in fields.items()
    }
    judgement = judge_search(answer(), page(PageKind.RESULTS, "1", **changes), query="书")
    assert [getattr(note, "code", "") for note in judgement.notes] == [
        "some_unreadable", "undecodable", "surplus", "clipped_one", "perhaps_cut", "shop_says",
    ]  # fmt: skip


def test_half_of_the_items_must_be_readable() -> None:
    """A page is read if at least half of its items have a title and a price."""
    readable, unpriced = listing("1"), listing("2", **NO_PRICE)
    half = page(listings=(readable, unpriced), items=2)
    assert judge_search(answer(), half, query="书").verdict is Verdict.OK
    fewer = page(listings=(readable, unpriced, listing("3", **NO_PRICE)), items=3)
    judgement = judge_search(answer(), fewer, query="书")
    assert (judgement.verdict, judgement.detail) == (
        Verdict.LAYOUT_CHANGED,
        Phrase("few_readable", items=3, titled=3, priced=1),
    )
    gone = page(listings=(listing("1", sold_out=True, **NO_PRICE),), items=1)
    assert judge_search(answer(), gone, query="书").verdict is Verdict.OK


def test_a_page_says_which_count_it_contradicts() -> None:
    """It names the products stated beside «no results», or else the pages; one page is no contradiction."""
    denied = page(PageKind.NO_RESULTS, total=5, pages=9, notice="抱歉")
    assert judge_search(answer(), denied, query="书").detail == Phrase("total_denied", total=5, notice="抱歉")
    denied = page(PageKind.NO_RESULTS, total=0, pages=2)
    assert judge_search(answer(), denied, query="书").detail == Phrase(
        "pages_denied", pages=2, notice="its sign"
    )
    honest = page(PageKind.NO_RESULTS, total=0, pages=1)
    judgement = judge_search(answer(), honest, query="书")
    assert (judgement.verdict, judgement.detail, judgement.page) == (Verdict.NO_RESULTS, "its sign", honest)


FETCHES = [
    # exchange, verdict on a page of any kind, words of the detail
    (
        answer(None, problem=Problem.TIMEOUT, detail="silent", attempts=3),
        "network_error",
        "silent (after 3 attempts)",
    ),
    (answer(None, problem=Problem.NAME, detail="no such name"), "network_error", "no such name"),
    (answer(problem=Problem.TRUNCATED, detail="cut"), "network_error", "cut"),
    (answer(problem=Problem.TOO_LARGE, detail="larger"), "too_large", "larger"),
    (answer(None, problem=Problem.ROBOTS, detail="denied"), "robots_denied", "denied"),
    (answer(None, problem=Problem.ADDRESS, detail="private"), "address_refused", "private"),
    (answer(None, problem=Problem.BLOCKED, detail="blocked before"), "not_asked", "blocked before"),
    (answer(302, redirect="https://passport.example/"), "blocked", "login"),
    (answer(final_url="https://www.example/login/"), "blocked", "login"),
    (answer(302, redirect="https://www.example/"), "unexpected_page", "302, redirected to"),
    (answer(403), "blocked", "403 Reason"),
    (answer(405), "blocked", "405 Reason"),
    (answer(429, attempts=2), "blocked", "429 Reason (after 2 attempts)"),
    (answer(404), "http_error", "404 Reason"),
    (answer(204, body=b""), "http_error", "204 Reason"),
    (answer(503, gave_up="rest"), "http_error", "503 Reason (rest)"),
    (answer(body=b""), "blocked", "200 Reason, but an empty body"),
]


@pytest.mark.parametrize(("exchange", "verdict", "words"), FETCHES)
def test_a_fetch_is_judged_without_its_page(exchange: Exchange, verdict: str, words: str) -> None:
    """A fetch that brought no page has a verdict of its own, and a search page takes it over."""
    failure = judge_fetch(exchange)
    assert failure is not None
    assert failure.verdict == verdict
    assert words in failure.detail
    judgement = judge_search(exchange, None, query="书")
    assert (judgement.verdict, judgement.detail) == (failure.verdict, failure.detail)


def test_a_page_to_read_has_no_verdict_before_it_is_read() -> None:
    """Leave an answer with a page to the page's judge, unless the page shows that it blocks."""
    assert judge_fetch(answer()) is None
    blocked = judge_fetch(answer(503, attempts=2), block_sign="a slider")
    assert blocked is not None
    assert (blocked.verdict, blocked.detail) == (Verdict.BLOCKED, "503 Reason: a slider (after 2 attempts)")


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_of_a_fetch_has_a_verdict_that_failed(problem: Problem) -> None:
    """No problem is taken for a page, whatever status or body came with it."""
    for exchange in (answer(None, problem=problem, body=b""), answer(problem=problem)):
        failure = judge_fetch(exchange)
        assert failure is not None
        assert failure.verdict.failed


@pytest.mark.parametrize("reason", ParseFailureReason)
def test_every_reason_of_the_parser_has_a_verdict(reason: ParseFailureReason) -> None:
    """A page that was not parsed failed, with the parser's own words."""
    judgement = judge_search(answer(), ParseFailure(reason, "its words"), query="书")
    assert judgement.verdict.failed
    assert judgement.detail == "its words"


def test_a_long_address_is_cut() -> None:
    """Show 100 characters of the address of a redirect, and mark the cut."""
    for length, shown in ((100, "x" * 74), (101, "x" * 73 + "…")):
        url = f"https://login.example.com/{'x' * (length - 26)}"
        judgement = judge_search(answer(302, redirect=url), None, query="书")
        assert judgement.detail == Phrase("to_a_login", url=f"https://login.example.com/{shown}")


def test_a_single_attempt_is_not_counted() -> None:
    """The number of requests is given from the second attempt on."""
    assert judge_search(answer(503), None, query="书").detail == "503 Reason"
    twice = judge_search(answer(503, attempts=2), None, query="书").detail
    assert twice == Phrase("with_more", words="503 Reason", more=Phrase("attempts", n=2))


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://login.dangdang.com/signin.aspx?returnurl=x", True),
        ("https://passport.example.com/", True),
        ("http://127.0.0.1:8000/passport/login", True),
        ("https://search.dangdang.com/?key=login", False),
        ("https://www.blogindex.com/", False),
    ],
)
def test_login_addresses(url: str, login: bool) -> None:
    """A login is recognized by its host or path, never by a query."""
    assert is_login_url(url) is login
