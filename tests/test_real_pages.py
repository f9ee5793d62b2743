"""Real captures from bytes to selected listings: parsed as in a worker, judged, and selected."""

from __future__ import annotations

import pytest

from crawler.books.selection import Selection, select
from crawler.download.exchange import Exchange
from crawler.search.judging import Judgement, judge_search
from crawler.verdict import Verdict
from parsers import parse_search_page_to_wire
from parsers.model import SearchPage
from tests.parsers.markup import real

URL = "https://search.dangdang.com/?key=x&act=input&page_index=1"


def judged(name: str, query: str) -> Judgement:
    """Return the verdict on a capture with status 200 for `query`; skip the test if there are no captures."""
    body = real(name)
    parsed = SearchPage.from_wire(parse_search_page_to_wire("dangdang", body, None, 1))
    return judge_search(
        Exchange(URL, URL, status=200, reason="OK", body=body, attempts=1), parsed, query=query
    )


def selected(judgement: Judgement) -> Selection:
    assert judgement.page is not None
    return select([(1, judgement.page.listings)])


@pytest.mark.parametrize(
    ("name", "query", "listings"),
    [("search_2025_ai_first24.html", "人工智能", 24), ("search_2021_grid6.html", "Python", 6)],
)
def test_a_real_result_list_is_ok_and_kept_whole(name: str, query: str, listings: int) -> None:
    """A list and a grid of the shop are `ok` without a note, and each of their products counts."""
    judgement = judged(name, query)
    assert (judgement.verdict, judgement.notes) == (Verdict.OK, ())
    selection = selected(judgement)
    assert (selection.listings, selection.unique) == (listings, listings)
    assert len(selection.kept) == listings
    assert selection.dropped == ()


def test_a_real_sold_out_item_is_ok_and_dropped() -> None:
    """A page whose only edition is sold out is `ok`, and gives no book although it has a price."""
    judgement = judged("search_2018_soldout_item.html", "追风筝的人")
    assert judgement.verdict is Verdict.OK
    selection = selected(judgement)
    assert selection.kept == ()
    assert [(reason, listing.product_id) for reason, listing in selection.dropped] == [
        ("sold_out", "23274638")
    ]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("not_found_2019.html", Verdict.UNEXPECTED_PAGE),
        ("waf_block_generic.html", Verdict.BLOCKED),
        ("home_2016_gbk.html", Verdict.UNEXPECTED_PAGE),
    ],
)
def test_real_pages_that_are_no_search_fail(name: str, verdict: Verdict) -> None:
    """A 404 page, a firewall's and the home page fail with their own verdicts, even with a 200."""
    judgement = judged(name, "人工智能")
    assert (judgement.verdict, judgement.page) == (verdict, None)
    assert judgement.detail
