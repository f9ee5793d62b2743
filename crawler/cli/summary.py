"""Summarize the outcome of a search in one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.cli.exit_codes import ExitCode
from crawler.download.robots_rules import UNAVAILABLE
from crawler.report.common.wording import sanitize
from crawler.report.search.outcomes import group_failures, page_numbers
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.labels import Labels
    from crawler.results import PageResult, SearchResult

__all__ = ["exit_code", "reasons_in_words", "summary"]


def exit_code(result: SearchResult) -> ExitCode:
    """Return the exit code of a search that no signal ended."""
    if not result.had_a_page:
        return ExitCode.NO_PAGE
    return ExitCode.WHOLE if result.complete else ExitCode.PARTIAL


def summary(result: SearchResult, say: Labels | None = None) -> str | None:
    """Return the message for stderr: why there is no page, or that the search was cut short; None if neither applies.

    `say` has the texts in the reader's language; None means the command's.
    """
    say = say or console.words()
    if not result.had_a_page:
        return _why_no_page(result, say)
    if result.stopped:
        left = [page.page for page in result.failed if page.verdict is Verdict.NOT_ASKED]
        stopped = say.text(result.stopped)
        return say("stopped_left", stopped=stopped, pages=page_numbers(left, say)) if left else stopped
    return None


def reasons_in_words(pages: Iterable[PageResult], say: Labels) -> str:
    """Return the first three reasons why pages failed, and the number of others."""
    reasons = [say("said_of", what=numbers, words=reason) for numbers, reason in group_failures(pages, say)]
    shown = say("and").join(reasons[:3])
    return say("and_more_reasons", reasons=shown, n=len(reasons) - 3) if len(reasons) > 3 else shown


def _why_no_page(result: SearchResult, say: Labels) -> str:
    tried = [page for page in result.failed if page.verdict is not Verdict.NOT_ASKED]
    verdicts = {page.verdict for page in tried}
    if not tried:
        return say("no_page_in_time", stopped=say.text(result.stopped or ""))
    no_robots = all(page.detail.startswith(UNAVAILABLE) for page in tried)  # robots.txt was requested first
    remedy = ""
    if verdicts == {Verdict.NETWORK_ERROR} or no_robots:
        source = result.source
        name = say.shop(source.shop) if source.is_live else source.base_url
        words = say("unreachable", shop=name, why=sanitize(tried[0].detail, say))
        demo = True
    elif result.stopped and verdicts == {Verdict.BLOCKED}:
        words, demo = say("nothing_written", why=sanitize(result.stopped, say)), True
    else:
        words = say("nothing_written", why=reasons_in_words(tried, say))
        remedy = {
            frozenset({Verdict.BLOCKED}): "remedy_blocked",
            frozenset({Verdict.ROBOTS_DENIED}): "remedy_robots",
        }.get(frozenset(verdicts), "")
        demo = bool(remedy)
    if remedy:
        words = say(remedy, words=words)
    return say("remedy_demo", words=words) if demo and not result.demo else words
