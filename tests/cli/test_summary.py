"""The outcome of a search as one line and an exit code."""

from __future__ import annotations

import datetime as dt

import pytest

from crawler.books.book import Counts
from crawler.cli.summary import exit_code, summary
from crawler.results import PageResult, SearchResult
from crawler.verdict import Verdict

NOW = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)


def result(
    *ends: tuple[Verdict, str],
    base_url: str = "https://search.dangdang.com",
    stopped: str | None = None,
    demo: bool = False,
) -> SearchResult:
    """Return a search whose pages ended as given."""
    return SearchResult(
        query="書",
        query_sent="书",
        shop="dangdang",
        base_url=base_url,
        demo=demo,
        rank="cheapest",
        started_at=NOW,
        finished_at=NOW,
        pages=tuple(PageResult(n, f"{base_url}/?{n}", *end) for n, end in enumerate(ends, start=1)),
        available=None,
        counts=Counts(0, 0, 0, 0, {"ebook": 0, "sold_out": 0, "no_price": 0}),
        books=(),
        stopped=stopped,
    )


OK = (Verdict.OK, "")
BLOCKED = (Verdict.BLOCKED, "403 Forbidden")
LOST = (Verdict.NETWORK_ERROR, "no connection within 5 s")
LEFT = (Verdict.NOT_ASKED, "interrupted")


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ([OK, OK], 0),
        ([OK, (Verdict.PAST_END, "")], 0),
        ([(Verdict.NO_RESULTS, "nothing"), (Verdict.NO_RESULTS, "")], 0),
        ([OK, BLOCKED], 3),
        ([OK, LEFT], 3),
        ([BLOCKED, LOST], 4),
        ([LEFT], 4),
    ],
)
def test_exit_codes(ends: list[tuple[Verdict, str]], code: int) -> None:
    """0 is complete, including «no results»; 3 is partial; 4 means no page."""
    assert exit_code(result(*ends)) == code


def test_a_whole_search_needs_no_words() -> None:
    """Nothing is printed for a search that finished, nor for failed pages that were reported one by one."""
    assert summary(result(OK, OK)) is None
    assert summary(result(OK, BLOCKED)) is None


def test_an_unreachable_shop_is_one_line_that_names_the_demo() -> None:
    """If no page could be reached, the line gives the reason and a remedy."""
    line = summary(result(LOST, LOST, LEFT))
    assert line == (
        "Dangdang 当当网 cannot be reached: no connection within 5 s; --demo searches the embedded demo shop instead"
    )
    assert (summary(result(LOST, base_url="http://127.0.0.1:1")) or "").startswith(
        "http://127.0.0.1:1 cannot be"
    )


def test_pages_that_failed_alike_are_said_once() -> None:
    """If every page failed, each reason is given once, with its pages."""
    line = summary(result(BLOCKED, LOST, BLOCKED, BLOCKED))
    assert line == (
        "no page could be read; no file was written: pages 1, 3–4: blocked: 403 Forbidden; "
        "page 2: network error: no connection within 5 s"
    )


def test_a_shop_that_blocks_every_page_gets_a_remedy() -> None:
    """The same line has the remedy for a block; for a demo, it does not suggest the demo."""
    line = summary(result(BLOCKED, BLOCKED, LEFT)) or ""
    assert line == (
        "no page could be read; no file was written: pages 1–2: blocked: 403 Forbidden; wait a while, or lower "
        "--concurrency; --demo searches the embedded demo shop instead"
    )
    assert "--demo" not in (summary(result(BLOCKED, demo=True)) or "--demo")
    assert "wait a while" not in (summary(result(BLOCKED, LOST)) or "wait a while")


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.NETWORK_ERROR])
def test_what_a_shop_says_is_cleaned_and_cut(verdict: Verdict) -> None:
    """A detail can neither control the terminal nor fill it."""
    line = summary(result((verdict, f"403\x1b[2J\u202e {'x' * 999}"))) or ""
    assert "403 xxx" in line
    assert line.isprintable()
    assert len(line) < 500


def test_a_search_cut_short_names_the_pages_left() -> None:
    """A stopped search gives the reason and the pages not requested."""
    assert summary(result(OK, LEFT, LEFT, stopped="interrupted")) == "interrupted: pages 2–3 not read"
    assert summary(result(LEFT, stopped="interrupted")) == (
        "interrupted: no page had been read; no file was written"
    )
    assert summary(result(OK, stopped="interrupted")) == "interrupted"
