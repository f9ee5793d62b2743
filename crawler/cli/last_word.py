"""How a search ended, in one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crawler.cli.exit_codes import ExitCode
from crawler.verdict import Verdict
from parsers import SHOPS

if TYPE_CHECKING:
    from crawler.results import SearchResult

__all__ = ["exit_code", "last_word", "page_numbers"]


def exit_code(result: SearchResult) -> ExitCode:
    """Return the exit code of a search that no signal ended."""
    if not result.had_a_page:
        return ExitCode.NO_PAGE
    return ExitCode.WHOLE if result.complete else ExitCode.PARTIAL


def last_word(result: SearchResult) -> str | None:
    """Return what is left to say on stderr: why there is no page, or that the search was cut short; else None."""
    not_asked = [page.page for page in result.failed if page.verdict is Verdict.NOT_ASKED]
    if not result.had_a_page:
        return _why_no_page(result)
    if result.stopped:
        left = f": {page_numbers(not_asked)} not asked" if not_asked else ""
        return f"{result.stopped}{left}"
    return None


def _why_no_page(result: SearchResult) -> str:
    asked = [page for page in result.failed if page.verdict is not Verdict.NOT_ASKED]
    if not asked:
        return f"{result.stopped}: no page was had in that time; no file is written"
    if all(page.verdict is Verdict.NETWORK_ERROR for page in asked):
        shop = SHOPS[result.shop]
        name = shop.title if result.base_url == shop.base_url else result.base_url
        remedy = "" if result.demo else "; --demo searches the embedded demo shop instead"
        return f"{name} cannot be reached: {asked[0].detail}{remedy}"
    alike: dict[str, list[int]] = {}
    for page in asked:
        alike.setdefault(f"{page.verdict.value}: {page.detail}", []).append(page.page)
    reasons = [f"{page_numbers(numbers)}: {reason}" for reason, numbers in alike.items()]
    shown = "; ".join(reasons[:3])
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return f"no page could be had, no file is written: {shown}{more}"


def page_numbers(numbers: Iterable[int]) -> str:
    """Return ascending page numbers in short: «page 3», «pages 1–4, 7»."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    return f"page{'s' if len(runs) != 1 or len(runs[0]) > 1 else ''} {shown}"
