"""The Markdown report: a file to keep or to send, readable as plain text and rendered by GitHub.

Text from a shop cannot become markup: see `escape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.books.offers import price_of
from crawler.clean import clean, crop
from crawler.report.common.markdown_text import escape
from crawler.report.common.wording import against_median
from crawler.report.search.files import mark_query
from crawler.report.search.head import head_of, tail_of
from crawler.report.search.history_wording import remark
from crawler.report.search.wording import (
    FRONTIER,
    credited,
    discount,
    list_price,
    month,
    note,
    offer_price,
    price,
    product_link,
    quality,
    rating,
    value,
    volume_price,
)

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.report.common.alarms import Alarm
    from crawler.report.search import Style
    from crawler.report.search.head import Answer
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["escape", "render"]

CELL_LIMIT = 200
"""The maximum number of characters of a title or a name in the list."""

_COLUMNS = (
    ("rank", "--:"), ("", ":-:"), ("price", "--:"), ("list_price", "--:"), ("off", "--:"), ("title", "---"),
    ("author", "---"), ("publisher", "---"), ("date", "---"), ("rating", "--:"), ("quality", "--:"),
    ("value_score", "--:"), ("volume_price", "--:"), ("past_against", "--:"), ("remarks", "---"),
)  # fmt: skip


_OF_RANK = {"value": "value_score", "per-volume": "volume_price"}
"""The column that shows the sort key of a ranking; no other ranking has it."""


def render(result: SearchResult, style: Style) -> str:
    """Return the report in GitHub's Markdown."""
    say = style.labels(result)
    head = head_of(result, say)
    first, *others = head.answers
    blocks = [f"# {escape(first.text)}", *_link(first)]
    blocks += [
        "  \n".join([f"**{escape(answer.text)}**", *_link(answer)]) for answer in (*others, *head.cheaper)
    ]
    blocks += [_alarm(alarm, say) for alarm in head.alarms]
    blocks.append(
        "\n".join(f"- **{escape(label)}**{say('colon')}{escape(words)}" for label, words in head.facts)
    )
    if result.books:
        blocks.append(_list(result, style.top, say))
        if tail := tail_of(result, style.top, say):
            blocks.append(escape(tail))
    if style.show_dropped and result.dropped:
        blocks += [f"## {escape(say('dropped'))}", _dropped(result, say)]
    blocks.append(mark_query(result.query, result.marked_source))
    return "\n\n".join(blocks) + "\n"


def _link(answer: Answer) -> list[str]:
    return [f"<{answer.link}>"] if answer.link else []


def _alarm(alarm: Alarm, say: Labels) -> str:
    lines = [f"> **{escape(say('alarm', name=alarm.name, text=alarm.text))}**"]
    if alarm.details:
        lines.append(">")
        lines += [f"> - {escape(pages)}{say('colon')}{escape(reason)}" for pages, reason in alarm.details]
    return "\n".join(lines)


def _list(result: SearchResult, top: int | None, say: Labels) -> str:
    books = result.books[:top]
    left_out = {name for rank, name in _OF_RANK.items() if rank != result.rank}
    if all(book.history is None for book in books):
        left_out.add("past_against")
    columns = [(name, line) for name, line in _COLUMNS if name not in left_out]
    rows = []
    for book in books:
        cells = _row(result, book, say)
        rows.append([cells[name] for name, _ in columns])
    return _table([say(name) if name else "" for name, _ in columns], [line for _, line in columns], rows)


def _table(header: list[str], lines: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, lines, *rows))


def _row(result: SearchResult, book: Book, say: Labels) -> dict[str, str]:
    return {
        "rank": str(book.rank),
        "": FRONTIER if book.frontier else "",
        "price": escape(price(book, say)),
        "list_price": list_price(book, say),
        "off": discount(book, say),
        "title": _linked(result, book.listing),
        "author": _cell("; ".join(filter(None, (say("comma").join(book.authors), credited(book, say))))),
        "publisher": _cell(book.publisher or ""),
        "date": month(book),
        "rating": rating(book),
        "quality": quality(book, result.rank),
        "value_score": value(book),
        "volume_price": volume_price(book, say),
        "past_against": against_median(book.history),
        "remarks": escape(clean(" · ".join(filter(None, (note(book, say), remark(book, say)))))),
    }


def _dropped(result: SearchResult, say: Labels) -> str:
    header = [say(name) for name in ("reason", "price", "title", "place")]
    return _table(header, ["---", "--:", "---", "---"], [
        [
            escape(say.reason(reason)),
            "" if price_of(listing) is None else escape(offer_price(listing, say)),
            _linked(result, listing),
            escape(say("place_words", page=listing.page, position=listing.position)),
        ]
        for reason, listing in result.dropped
    ])  # fmt: skip


def _linked(result: SearchResult, listing: Listing) -> str:
    title, link = _cell(listing.title), product_link(result, listing)
    return f"[{title}]({link})" if link else title


def _cell(text: str) -> str:
    return escape(crop(clean(text), CELL_LIMIT))
