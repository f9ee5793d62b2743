"""The verdicts on the pages of a list, each among its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.phrases import Phrase
from crawler.search.judging import Judgement, ListVerdicts
from crawler.search.page_match import is_mojibake_of
from crawler.verdict import Verdict
from parsers.model import PageKind
from tests.test_verdict import page


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
    """Compute the expected result of `ListVerdicts` from all pages at once."""
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


def test_an_end_that_other_pages_deny_is_told_with_what_they_state() -> None:
    """A page that claims an earlier end is wrong if its neighbours state more pages."""
    final, _ = in_page_order({1: ok("a", pages=9), 5: EARLY_END}, 5)
    assert final[5].detail == Phrase("others_state", words=EARLY_END.detail, pages=9)
    final, _ = in_page_order({1: ok("a", pages=9), 2: NOTHING}, 2)
    assert (final[2].detail, final[2].page) == (Phrase("others_have_books"), None)
