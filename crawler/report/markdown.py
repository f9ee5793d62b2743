"""The Markdown report: a file to keep or to send, which reads well raw and renders on GitHub.

Nothing that a shop wrote can become markup: see `escape`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.report.clean import clean, crop
from crawler.report.head import head_of, tail_of
from crawler.report.wording import list_price, month, note, off, product_link, rating, yuan

if TYPE_CHECKING:
    from crawler.report.head import Alarm, Answer
    from crawler.results import Book, SearchResult

__all__ = ["escape", "render"]

CELL_LIMIT = 200
"""Characters of a title or a name in the list."""

_SPECIAL = re.compile(
    r"[\\`*_\[\]<>#|~&$]"  # emphasis, code, links, tags, headings, tables, strikes, entities, GitHub's formulas
    r"|(?<=https)[:]|(?<=http)[:]|(?<=ftp)[:]|(?<=www)\."  # addresses that GitHub would turn into links
    r"|^[-+=]",  # lists and underlines, where the text opens a line
    re.IGNORECASE,
)

_NUMBERED_LIST = re.compile(r"^(\d{1,9})([.)])")

_COLUMNS = (
    ("#", "--:"), ("Price", "--:"), ("List", "--:"), ("Off", "--:"), ("Title", "---"), ("Author", "---"),
    ("Publisher", "---"), ("Date", "---"), ("Rating", "--:"), ("Note", "---"),
)  # fmt: skip


def render(result: SearchResult, *, top: int | None = None) -> str:
    """Return the report in GitHub's Markdown; `top` is how many books are listed, None for all."""
    head = head_of(result)
    blocks = [f"# {escape(head.answer.text)}", *_link(head.answer)]
    if head.second:
        blocks += [f"**{escape(head.second.text)}**", *_link(head.second)]
    blocks += [_alarm(alarm) for alarm in head.alarms]
    blocks.append("\n".join(f"- **{escape(label)}**: {escape(words)}" for label, words in head.facts))
    if result.books:
        blocks.append(_list(result, top))
        if tail := tail_of(result, top):
            blocks.append(escape(tail))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Return `text`, cleaned, so that Markdown shows it as it stands, also at the start of a line or in a table."""
    return _NUMBERED_LIST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", clean(text)))


def _link(answer: Answer) -> list[str]:
    return [f"<{answer.link}>"] if answer.link else []


def _alarm(alarm: Alarm) -> str:
    lines = [f"> **{escape(alarm.name)}: {escape(alarm.text)}**"]
    if alarm.details:
        lines.append(">")
        lines += [f"> - {escape(pages)}: {escape(reason)}" for pages, reason in alarm.details]
    return "\n".join(lines)


def _list(result: SearchResult, top: int | None) -> str:
    rows = [
        [name for name, _ in _COLUMNS],
        [line for _, line in _COLUMNS],
        *(_row(result, book) for book in result.books[:top]),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(result: SearchResult, book: Book) -> list[str]:
    listing = book.listing
    title, link = _cell(listing.title), product_link(result, book)
    return [
        str(book.rank),
        yuan(book.price),
        list_price(book),
        off(book),
        f"[{title}]({link})" if link else title,
        _cell(", ".join(listing.authors)),
        _cell(listing.publisher or ""),
        month(book),
        rating(book),
        _cell(note(book)),
    ]


def _cell(text: str) -> str:
    return escape(crop(clean(text), CELL_LIMIT))
