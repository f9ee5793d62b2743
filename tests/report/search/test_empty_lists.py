"""A report without a book says why."""

from __future__ import annotations

import pytest

from crawler.labels import ENGLISH
from crawler.report import render
from crawler.report.search.head import head_of, tail_of
from crawler.results import SearchResult
from crawler.verdict import Verdict
from tests.factories import make_empty_result, make_listing, make_page, make_result
from tests.report.search.heads import CAVEAT, FAILED

NOTHING = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS, detail="抱歉"), available=0)


ALL_DROPPED = make_result([make_listing(sold_out=True)])


NO_PAGE = make_empty_result(*FAILED)


LEFT = make_page(7, verdict=Verdict.NOT_ASKED, detail="interrupted")


LEFT_EARLY = make_empty_result(FAILED[0], LEFT, LEFT)


LEFT_EMPTY = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), LEFT)


SOME_PAGES = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), *FAILED)


@pytest.mark.parametrize(
    ("result", "marks", "parts"),
    [
        (
            NOTHING,
            "",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("bracketed", words=ENGLISH("comma").join([ENGLISH("own_goods"), ENGLISH("books")])),
                ENGLISH("try_all_sellers"),
            ],
        ),
        (LEFT_EARLY, "FAILED", [ENGLISH("no_page_left", failed=1, left=2, all=3)]),
        (
            LEFT_EMPTY,
            "PARTIAL",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("on_read_pages_left", failed=0, left=1, all=2),
            ],
        ),
        (
            ALL_DROPPED,
            "",
            [ENGLISH("all_dropped", dropped=ENGLISH("count_of", n=1, what=ENGLISH("sold_out")))],
        ),
        (NO_PAGE, "FAILED", [ENGLISH("no_page", failed=3, all=3)]),
        (
            SOME_PAGES,
            "PARTIAL",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("on_read_pages", failed=3, all=4),
            ],
        ),
    ],
)
def test_an_empty_list_has_its_reason(result: SearchResult, marks: str, parts: list[str]) -> None:
    """Nothing found, everything dropped and no page read have three different sentences."""
    answer = head_of(result).answers[0].text
    assert answer == (ENGLISH("mark", marks=marks) if marks else "") + "".join(parts)
    assert CAVEAT not in answer


def test_other_sellers_are_proposed_where_they_were_left_out() -> None:
    """If all sellers were searched, they are not suggested."""
    options = {"sellers": "all", "category": "books"}
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, options=options)
    answer = head_of(nothing).answers[0].text
    assert answer.endswith(ENGLISH("bracketed", words=ENGLISH("books")))
    assert "--sellers" not in answer


@pytest.mark.parametrize("result", [NOTHING, ALL_DROPPED, NO_PAGE, SOME_PAGES])
@pytest.mark.parametrize("form", ["table", "md", "csv", "json"])
def test_every_format_takes_an_empty_list(result: SearchResult, form: str) -> None:
    """A report without books is still a report: it raises nothing, and the formats for people state the reason."""
    text = render(result, form, top=50)
    assert isinstance(text, str)
    assert text.endswith("\n")
    if form in {"table", "md"}:
        assert head_of(result).answers[0].text in text


@pytest.mark.parametrize("form", ["table", "md"])
def test_what_is_left_out_is_counted(form: str) -> None:
    """A shortened list states how many more there are and how to get them; a complete one states nothing."""
    result = make_result([make_listing(product_id=str(n), title=f"书{n}") for n in range(1, 6)])
    cut = str(render(result, form, top=3))
    assert ENGLISH("more", n=2, all=5) in cut
    assert "书4" not in cut
    assert "--top" not in str(render(result, form, top=5))
    assert "书5" in str(render(result, form))
    assert tail_of(result, None) == ""
