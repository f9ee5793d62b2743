"""A ranking for a terminal or a text file, laid out as rich `Text`, never as rich markup."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crawler.bulk.rank_report.wording import facts, heading, link, other_offers, price, title
from crawler.clean import clean
from crawler.report.common.layout import bare_table, finished, pairs, print_table, text_console

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from crawler.bulk.rank import CurrencyRanking, OfferRanking, RankedBook
    from crawler.bulk.rank_report import RankStyle
    from crawler.labels import Labels

__all__ = ["render"]

_COLUMNS = (
    # label, minimum width of a table that shows it
    ("rank", 60), ("price", 0), ("title", 0), ("shop", 70), ("offers_count", 80), ("rank_isbn", 110),
)  # fmt: skip


def render(ranking: OfferRanking, style: RankStyle, top: int | None) -> Iterator[str]:
    """Yield the report as lines of at most `style.width` terminal columns."""
    output = io.StringIO()
    console = text_console(output, style.width, color=style.color)
    say = style.labels()
    console.print(pairs(tuple(facts(ranking, say)), console.width))
    for each in ranking.rankings:
        console.print()
        _print_ranking(console, ranking, each, top, say)
    if not ranking.rankings:
        console.print()
        console.print(say("rank_none"))
    yield finished(output)


def _print_ranking(
    console: Console, ranking: OfferRanking, each: CurrencyRanking, top: int | None, say: Labels
) -> None:
    from rich.text import Text

    columns = [name for name, width in _COLUMNS if console.width >= width]
    table = bare_table()
    for name in columns:
        table.add_column(
            say(name), no_wrap=True, overflow="ellipsis", justify="right" if name in _NUMBERS else "left",
            style=_STYLES.get(name, ""), ratio=1 if name == "title" else None,
            max_width=console.width // 4 if name == "shop" else None,
        )  # fmt: skip
    shown = 0
    for book in ranking.books(each.currency, top):
        cells = _cells(book, each.currency, say)
        table.add_row(*(cells[name] for name in columns))
        shown += 1
    console.print(Text(heading(each, say), style="bold"), soft_wrap=True)
    print_table(console, table)
    if left := each.books - shown:
        console.print(Text(say("past_more", n=left, all=each.books)))


_NUMBERS = frozenset({"rank", "price", "offers_count"})
_STYLES = {"rank": "dim", "price": "bold green", "rank_isbn": "dim"}


def _cells(book: RankedBook, currency: str, say: Labels) -> dict[str, RenderableType]:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    below = [
        Padding(Text(words, style="dim", no_wrap=False, overflow="fold"), (0, 0, 0, 2))
        for words in (clean(book.author), " · ".join(other_offers(book, currency, say)))
        if words
    ]
    heading_text = _title(book)
    return {
        "rank": Text(str(book.rank)),
        "price": Text(price(book.cheapest, currency, say)),
        "title": Group(heading_text, *below) if below else heading_text,
        "shop": Text(clean(book.cheapest.shop)),
        "offers_count": Text(f"{book.offer_count:,}"),
        "rank_isbn": Text(clean(book.isbn or book.gtin)),
    }


def _title(book: RankedBook) -> Text:
    from rich.style import Style
    from rich.text import Text

    text = Text(title(book))
    if address := link(book.cheapest.url):
        text.stylize(Style(link=address))
    return text
