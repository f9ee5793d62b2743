"""Check whether a search page is the one requested, by the query and the page number that it states."""

from __future__ import annotations

import re

from parsers.model import PageKind, SearchPage

__all__ = ["is_mojibake_of", "other_page", "other_query", "same_query"]

_CUT = re.compile(r"(?:\.{3}|…)\s*$")
_LEAST_CUT = 8
"""The minimum letters and digits of a stated query that may stand for a longer one: a shop cuts what does not fit."""

_UNREADABLE = re.compile("[?\ufffd]+")
"""The replacement for letters that the shop's charset lacks."""


def other_query(page: SearchPage, query: str) -> str | None:
    """Return the query that a page states if it differs from `query`, the one sent to the shop; else None.

    A page that states none proves nothing. If a shop says «nothing found for A, here is B», then A counts; if it states
    only the query that it used instead, it has told the reader.
    """
    echo = page.query_echo
    if not echo or same_query(echo, query):
        return None
    if page.title_echo and _folded(query) in _folded(echo):
        return None  # a title may say more than the query
    denied = re.search(rf"[没未].{{0,20}}{re.escape(echo)}", page.notice)
    if page.notice and page.kind is PageKind.RESULTS and denied is None:
        return None
    return echo


def other_page(page: SearchPage, number: int) -> int | None:
    """Return the page number that a page states if it differs from `number`; else None."""
    return page.page if page.page not in {None, number} else None


def same_query(stated: str, asked: str) -> bool:
    """Return True if a shop may state `stated` for the query `asked`.

    Shops normalize script (Traditional or Simplified), width, case, white space and punctuation; letters beyond their
    charset come back as «?», and a long query may be cut.
    """
    if stated == asked:
        return True

    import html  # late: most shops state the query as it is, and the first request waits for imports

    wanted = _folded(asked)
    for text in dict.fromkeys((stated, html.unescape(stated))):
        folded = _folded(text)
        if folded == wanted:
            return bool(folded) or text.split() == asked.split()
        if folded and wanted.startswith(folded) and (_CUT.search(text) or len(folded) >= _LEAST_CUT):
            return True
        if _UNREADABLE.search(text) and _fits(text, wanted):
            return True
    return False


def is_mojibake_of(echo: str, query: str) -> bool:
    """Return True if `echo` looks like a UTF-8 `query` that was decoded as GBK.

    Half of the characters are enough: an odd number of bytes, or a byte pair that GBK lacks, spoils the rest.
    """
    if query.isascii() or echo == query:
        return False
    misread = query.encode("utf-8").decode("gb18030", "replace")
    # ASCII reads the same in every charset and proves nothing.
    same = sum(1 for a, b in zip(echo, misread, strict=False) if a == b and not a.isascii())
    return 2 * same > sum(1 for char in misread if not char.isascii())


def _folded(text: str) -> str:
    """Return the letters and digits of `text` in Simplified Chinese, half width and one case."""
    from crawler.query import simplified
    from parsers.text import nfkc

    plain = nfkc(text).casefold()
    return simplified("".join(filter(str.isalnum, plain)))


def _fits(stated: str, wanted: str) -> bool:
    """Return True if `stated` matches `wanted` when each run of unreadable letters may stand for a few letters."""
    parts = [_folded(part) for part in _UNREADABLE.split(stated)]
    if not any(parts):
        return False
    # At most four letters for each mark: a mark stands for a letter, or for one of its bytes.
    runs = [len(run) * 4 for run in _UNREADABLE.findall(stated)]
    pattern = re.escape(parts[0])
    for run, part in zip(runs, parts[1:], strict=True):
        pattern += f".{{0,{run}}}{re.escape(part)}"
    return re.fullmatch(pattern, wanted) is not None
