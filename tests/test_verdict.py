"""Verdicts: each row of the table, for a page alone and among its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.exchange import Exchange, Problem
from crawler.fetch_verdict import is_login_url, judge_fetch
from crawler.parsing.job import ParseFailure, ParseFailureReason
from crawler.phrases import Phrase
from crawler.search.judging import Judgement, ListVerdicts, judge_search
from crawler.search.page_match import is_mojibake_of
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


def test_an_end_that_other_pages_deny_is_told_with_what_they_state() -> None:
    """A page that claims an earlier end is wrong if its neighbours state more pages."""
    final, _ = in_page_order({1: ok("a", pages=9), 5: EARLY_END}, 5)
    assert final[5].detail == Phrase("others_state", words=EARLY_END.detail, pages=9)
    final, _ = in_page_order({1: ok("a", pages=9), 2: NOTHING}, 2)
    assert (final[2].detail, final[2].page) == (Phrase("others_have_books"), None)


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


def ok(*ids: str, **changes: Any) -> Judgement:
    return Judgement(Verdict.OK, page=page(PageKind.RESULTS, *ids, **changes))


NOTHING = Judgement(Verdict.NO_RESULTS, "抱歉", page(PageKind.NO_RESULTS))
LOST = Judgement(Verdict.NETWORK_ERROR, "reset")
EARLY_END = Judgement(Verdict.PAST_END, "the shop reports 3 pages but sent page 3")
NEIGHBOURS = [
    # judgements by page, pages asked for, final verdicts by page, pages available
    ({1: ok("a", pages=9), 2: ok("b", pages=9)}, 2, {1: "ok", 2: "ok"}, 9),
    ({1: ok("a", pages=1)}, 3, {1: "ok", 2: "past_end", 3: "past_end"}, 1),
    ({2: ok("b", pages=2), 3: ok("b", pages=2)}, 3, {2: "ok", 3: "past_end"}, 2),
    ({1: ok("a"), 2: ok("b"), 3: ok("b")}, 3, {1: "ok", 2: "ok", 3: "past_end"}, None),
    ({3: ok("b"), 2: ok("b")}, 3, {2: "ok", 3: "past_end"}, None),
    ({1: ok("a", "b", pages=9), 2: ok("b", "a", pages=9)}, 2, {1: "ok", 2: "past_end"}, 9),
    ({1: NOTHING}, 1, {1: "no_results"}, 0),
    ({1: NOTHING}, 3, {1: "no_results"}, None),
    ({1: NOTHING, 2: LOST}, 2, {1: "no_results", 2: "network_error"}, None),
    ({1: NOTHING, 2: NOTHING}, 3, {1: "no_results", 2: "no_results", 3: "no_results"}, 0),
    ({1: NOTHING, 2: LOST, 3: NOTHING}, 4, dict.fromkeys(range(1, 5), "no_results"), 0),
    ({1: LOST, 2: NOTHING}, 3, {1: "network_error", 2: "no_results"}, None),
    ({2: NOTHING}, 2, {2: "no_results"}, None),
    ({1: ok("a", pages=1), 2: NOTHING}, 2, {1: "ok", 2: "past_end"}, 1),
    ({1: ok("a", pages=5), 2: NOTHING}, 2, {1: "ok", 2: "unexpected_page"}, 5),
    ({1: NOTHING, 2: ok("b", pages=5)}, 2, {1: "unexpected_page", 2: "ok"}, 5),
    ({1: ok("a", pages=9), 5: EARLY_END}, 5, {1: "ok", 5: "unexpected_page"}, 9),
    ({1: ok("a", pages=3), 5: EARLY_END}, 5, {1: "ok", 4: "past_end", 5: "past_end"}, 3),
    ({1: LOST, 5: EARLY_END}, 5, {1: "network_error", 5: "past_end"}, None),
    ({1: ok("a", pages=2), 2: LOST, 3: LOST}, 3, {1: "ok", 2: "network_error", 3: "past_end"}, 2),
]


def in_page_order(
    judgements: Mapping[int, Judgement], requested: int
) -> tuple[dict[int, Judgement], int | None]:
    """Return the final verdicts on pages that come in this order, and how many the shop states."""
    verdicts = ListVerdicts(requested)
    for number, judgement in judgements.items():
        verdicts.add(number, judgement)
    return dict(sorted(verdicts.final.items())), verdicts.available


@pytest.mark.parametrize(("judgements", "requested", "verdicts", "available"), NEIGHBOURS)
def test_pages_among_their_neighbours(
    judgements: dict[int, Judgement], requested: int, verdicts: dict[int, str], available: int | None
) -> None:
    """The end of a list, repeats and «no results» are judged in page order, whatever the order of arrival."""
    final, stated = in_page_order(judgements, requested)
    assert {number: str(judgement.verdict) for number, judgement in final.items()} == verdicts
    assert stated == available


def test_a_repeat_within_the_stated_pages_is_noted() -> None:
    """A page that repeats an earlier one, although the shop stated more, gets a note."""
    final, _ = in_page_order({1: ok("a", pages=9), 2: ok("a", pages=9)}, 2)
    assert final[2].notes == ("has the same products as page 1, but the shop reports 9 pages",)


@pytest.mark.parametrize(("echo", "noted"), [("java 编程", False), ("java 缂栫▼", True)])
def test_a_mixed_query_is_mojibake_by_its_chinese_alone(echo: str, noted: bool) -> None:
    """Latin words read the same in every charset: they do not prove that the query was read correctly."""
    assert is_mojibake_of(echo, "java 编程") is noted


def by_the_rule(
    judgements: Mapping[int, Judgement], requested: int
) -> tuple[dict[int, Judgement], int | None]:
    """Return what `ListVerdicts` must come to, computed from all pages at once."""
    read = {
        n: j.page for n, j in sorted(judgements.items()) if j.verdict is Verdict.OK and j.page is not None
    }
    stated = [page.pages for page in read.values() if page.pages is not None]
    available = max(stated) if stated else None
    # Page 1 can say so for the whole search: some lists end with a page that says the same. But an overloaded shop may
    # say it of one page by mistake: a second page has to agree, where more than one is asked for.
    empty = {n for n, judgement in judgements.items() if judgement.verdict is Verdict.NO_RESULTS}
    nothing = not read and 1 in empty and (len(empty) > 1 or requested == 1)
    if nothing:
        available = 0

    final: dict[int, Judgement] = {}
    seen: dict[frozenset[str], int] = {}
    for number in range(1, requested + 1):
        judgement = judgements.get(number)
        beyond = available is not None and number > available
        if nothing:
            final[number] = replace(judgements[1], notes=()) if number > 1 else judgements[1]
        elif beyond:
            final[number] = Judgement(Verdict.PAST_END, Phrase("states_pages", pages=available or 0))
        elif judgement is None:
            continue
        elif judgement.verdict is Verdict.PAST_END and available is not None:
            detail = Phrase("others_state", words=judgement.detail, pages=available)
            final[number] = Judgement(Verdict.UNEXPECTED_PAGE, detail)
        elif judgement.verdict is Verdict.OK and number in read:
            ids = frozenset(listing.product_id for listing in read[number].listings)
            first = seen.setdefault(ids, number)
            final[number] = judgement if first == number else _repeats(first, available)
        elif judgement.verdict is Verdict.NO_RESULTS and read:
            final[number] = replace(
                judgement,
                verdict=Verdict.UNEXPECTED_PAGE,
                detail=Phrase("others_have_books"),
                page=None,
            )
        else:
            final[number] = judgement
    return final, available


def _repeats(first: int, available: int | None) -> Judgement:
    detail = Phrase("repeats", first=first)
    if available is None:
        return Judgement(Verdict.PAST_END, detail)
    note = Phrase("repeats_early", words=detail, pages=available)
    return Judgement(Verdict.PAST_END, detail, notes=(note,))


def judgement_of(verdict: Verdict, ids: str, stated: int | None) -> Judgement:
    match verdict:
        case Verdict.OK:
            return Judgement(verdict, page=page(PageKind.RESULTS, *ids, pages=stated), notes=("a note",))
        case Verdict.NO_RESULTS:
            return NOTHING
        case Verdict.PAST_END:
            return EARLY_END
        case _:
            return LOST


verdicts_alone = st.sampled_from(
    [*[Verdict.OK] * 4, Verdict.NO_RESULTS, Verdict.PAST_END, Verdict.NETWORK_ERROR]
)
judgements_alone = st.builds(
    judgement_of,
    verdicts_alone,
    st.sampled_from(["", "a", "b", "ab", "ba", "c", "d"]),
    st.none() | st.sampled_from([0, 1, 3, 5, 5, 9]),
)


@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(1, 9), judgements_alone), unique_by=lambda pair: pair[0]),
)
def test_pages_one_by_one_get_the_verdicts_of_all_at_once(
    requested: int, pages: list[tuple[int, Judgement]]
) -> None:
    """After every page, whatever the order, each verdict is that of the rule, and `add` names those that changed."""
    verdicts = ListVerdicts(requested)
    known: dict[int, Judgement] = {}
    before: dict[int, Judgement] = {}
    for number, judgement in pages:
        known[number] = judgement
        changed = verdicts.add(number, judgement)
        expected, available = by_the_rule(known, requested)
        assert (verdicts.final, verdicts.available) == (expected, available)
        assert changed == [n for n, final in expected.items() if before.get(n) != final]
        before = expected


def test_a_page_is_judged_among_its_neighbours_only_once() -> None:
    """A second judgement of a page would leave what the first one said of its neighbours."""
    verdicts = ListVerdicts(2)
    verdicts.add(1, LOST)
    with pytest.raises(ValueError, match="page 1"):
        verdicts.add(1, NOTHING)


def test_a_page_costs_the_same_however_many_came_before() -> None:
    """Once the shop has stated its pages, a page is compared with those of the same products alone."""
    pages = [ok(str(number), pages=900) for number in range(1, 901)]
    verdicts = ListVerdicts(900)
    judged: list[int] = []

    def judge(number: int) -> Judgement | None:
        judged.append(number)
        return ListVerdicts._judge(verdicts, number)

    verdicts._judge = judge  # type: ignore[method-assign]
    for number, judgement in enumerate(pages, 1):
        verdicts.add(number, judgement)
    assert len(judged) == 900 + 899
