"""Put the outcomes of a search's pages into words, and the changes of its pace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crawler.engine_events import PaceChanged
from crawler.labels import ENGLISH, Labels
from crawler.report.common.wording import sanitize
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.results import PageResult

__all__ = ["group_failures", "outcome", "pace_in_words", "page_numbers", "price_failures"]


def page_numbers(numbers: Iterable[int], say: Labels = ENGLISH) -> str:
    """Abbreviate ascending page numbers: «page 3», «pages 1–4, 7»."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = say("comma").join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    one = len(runs) == 1 and len(runs[0]) == 1
    return say("page" if one else "pages_numbered", numbers=shown)


def outcome(verdict: Verdict, detail: str, say: Labels = ENGLISH) -> str:
    """Return the outcome of a page in words: «blocked: 405 Not Allowed», «no search page: title 404»."""
    why, words = sanitize(detail, say), say(f"verdict_{verdict.value}")
    # The detail says in full what arrived instead, or which other query it answers.
    if verdict is Verdict.UNEXPECTED_PAGE and why:
        return why
    return say("verdict", verdict=words, why=why) if why else words


def group_failures(pages: Iterable[PageResult], say: Labels = ENGLISH) -> tuple[tuple[str, str], ...]:
    """Group pages with the same outcome; return the page numbers and the outcome of each group, by its first page."""
    numbers: dict[str, list[int]] = {}
    for page in sorted(pages, key=lambda page: page.page):
        numbers.setdefault(outcome(page.verdict, page.detail, say), []).append(page.page)
    return tuple((page_numbers(together, say), words) for words, together in numbers.items())


def price_failures(pages: Iterable[PageResult], say: Labels = ENGLISH) -> str:
    """Summarize the failures of pages in price order: «3 of 3 price pages failed: HTTP error: 404».

    '' if none failed; pages that were not requested did not fail.
    """
    pages = tuple(pages)
    failed = [page for page in pages if page.verdict.failed and page.verdict is not Verdict.NOT_ASKED]
    if not failed:
        return ""
    groups = group_failures(failed, say)
    why = (
        groups[0][1]
        if len(groups) == 1
        else say("and").join(f"{numbers}{say('colon')}{words}" for numbers, words in groups)
    )
    return say("price_pages_failed", failed=len(failed), all=len(pages), why=why)


def pace_in_words(event: PaceChanged, say: Labels = ENGLISH) -> str:
    """Return a host's new limit and its reason: «search.dangdang.com: one request at a time from now on (429)»."""
    if event.gap is None:
        pace = say("pace_one_at_once" if event.at_once == 1 else "pace_at_once", n=event.at_once)
    else:
        pace = say("pace_gap", seconds=event.gap) if event.gap else say("pace_no_gap")
    return say("said_of", what=event.host, words=say("pace_changed", pace=pace, why=say.text(event.why)))
