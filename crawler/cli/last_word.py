"""How a search ended, in one line and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.cli.exit_codes import ExitCode
from crawler.download.robots_rules import NOT_HAD
from crawler.report.wording import alike, is_live, page_numbers, said
from crawler.verdict import Verdict
from parsers import SHOPS

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = ["exit_code", "last_word"]


def exit_code(result: SearchResult) -> ExitCode:
    """Return the exit code of a search that no signal ended."""
    if not result.had_a_page:
        return ExitCode.NO_PAGE
    return ExitCode.WHOLE if result.complete else ExitCode.PARTIAL


def last_word(result: SearchResult) -> str | None:
    """Return what is left to say on stderr: why there is no page, or that the search was cut short; else None."""
    if not result.had_a_page:
        return _why_no_page(result)
    if result.stopped:
        left = [page.page for page in result.failed if page.verdict is Verdict.NOT_ASKED]
        return f"{result.stopped}: {page_numbers(left)} not read" if left else result.stopped
    return None


def _why_no_page(result: SearchResult) -> str:
    tried = [page for page in result.failed if page.verdict is not Verdict.NOT_ASKED]
    verdicts = {page.verdict for page in tried}
    demo = "" if result.demo else "; --demo searches the embedded demo shop instead"
    if not tried:
        return f"{result.stopped}: no page was had in that time; no file is written"
    no_robots = all(page.detail.startswith(NOT_HAD) for page in tried)  # the first that nobody answered
    if verdicts == {Verdict.NETWORK_ERROR} or no_robots:
        name = SHOPS[result.shop].title if is_live(result) else result.base_url
        return f"{name} cannot be reached: {said(tried[0].detail)}{demo}"
    if result.stopped and verdicts == {Verdict.BLOCKED}:
        return f"no page could be had, no file is written: {said(result.stopped)}{demo}"
    reasons = [f"{pages}: {reason}" for pages, reason in alike(tried)]
    shown = "; ".join(reasons[:3])
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    remedy = {
        frozenset({Verdict.BLOCKED}): f"; wait a while, or lower --concurrency{demo}",
        frozenset({Verdict.ROBOTS_DENIED}): f"; --ignore-robots asks all the same{demo}",
    }.get(frozenset(verdicts), "")
    return f"no page could be had, no file is written: {shown}{more}{remedy}"
