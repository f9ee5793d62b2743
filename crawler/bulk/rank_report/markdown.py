"""A ranking in GitHub's Markdown. Text from the web cannot become markup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.bulk.rank_report.wording import facts, heading, link, other_offers, price, title
from crawler.report.common.markdown_text import escape

if TYPE_CHECKING:
    from crawler.bulk.rank import OfferRanking, RankedBook
    from crawler.bulk.rank_report import RankStyle
    from crawler.labels import Labels

__all__ = ["render"]

_COLUMNS = (
    ("rank", "--:"), ("price", "--:"), ("title", "---"), ("author", "---"), ("shop", "---"), ("rank_isbn", "---"),
    ("offers_count", "--:"), ("remarks", "---"),
)  # fmt: skip


def render(ranking: OfferRanking, style: RankStyle, top: int | None) -> Iterator[str]:
    """Yield the facts, then one table for each currency."""
    say = style.labels()
    for label, words in facts(ranking, say):
        yield f"- **{escape(label)}**{say('colon')}{escape(words)}\n"
    if not ranking.rankings:
        yield f"\n{escape(say('rank_none'))}\n"
    for each in ranking.rankings:
        yield f"\n## {escape(heading(each, say))}\n\n"
        yield _row([escape(say(name)) for name, _ in _COLUMNS])
        yield _row([line for _, line in _COLUMNS])
        shown = 0
        for book in ranking.books(each.currency, top):
            yield _row(_cells(book, each.currency, say))
            shown += 1
        if left := each.books - shown:
            yield f"\n{escape(say('past_more', n=left, all=each.books))}\n"


def _cells(book: RankedBook, currency: str, say: Labels) -> list[str]:
    name, address = escape(title(book)), link(book.cheapest.url)
    return [
        str(book.rank),
        escape(price(book.cheapest, currency, say)),
        f"[{name}]({address})" if address else name,
        escape(book.author),
        escape(book.cheapest.shop),
        escape(book.isbn or book.gtin),
        f"{book.offer_count:,}",
        escape(" · ".join(other_offers(book, currency, say))),
    ]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
