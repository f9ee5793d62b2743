"""Look into the head of a report."""

from __future__ import annotations

from crawler.labels import ENGLISH, Labels
from crawler.report.search.head import head_of
from crawler.results import SearchResult
from crawler.verdict import Verdict
from tests.factories import make_page

CAVEAT = ENGLISH("caveat")


FAILED = [
    make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(3, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(5, verdict=Verdict.NETWORK_ERROR, detail="timed out"),
]


def fact(result: SearchResult, label: str, say: Labels = ENGLISH) -> str | None:
    """Return the words of a fact, by the name of its label; None if the head omits it."""
    return dict(head_of(result, say).facts).get(say(label))


def in_order(text: str, *parts: str) -> bool:
    """Return True if a text contains the parts in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
