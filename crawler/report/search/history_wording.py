"""Put the price history of a book into words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.labels import ENGLISH, Labels
from crawler.report.common.wording import day

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.prices.price_history import PriceHistory, RaisedThenCut

__all__ = ["past", "past_in_words", "raised_then_cut", "remark"]

_CLEARLY = Decimal("0.95")
"""Up to this share of another price, a price is clearly below it; everyday price changes of books are smaller."""


_LONG_DAYS = 7
"""The minimum number of days for which a price must be the lowest before a remark mentions it."""


def raised_then_cut(raised: RaisedThenCut, say: Labels = ENGLISH) -> str:
    """Describe the raise behind a discount: «raised, then cut: ¥50.00, ¥60.00 on 2026-03-01, now ¥50.00»."""
    return say(
        f"raised_{raised.kind}", before=say.money(raised.before), raised=say.money(raised.raised_to),
        on=day(raised.raised_at, say), now=say.money(raised.now), usual=say.money(raised.usual_price),
    )  # fmt: skip


def past(book: Book, say: Labels = ENGLISH) -> str:
    """Describe the price history of a book; '' for one without a history."""
    return "" if book.history is None else past_in_words(book.history, say)


def remark(book: Book, say: Labels = ENGLISH) -> str:
    """Return a remark on a book's price history for a list, beside the price against the median; '' for most books.

    It mentions a price clearly below the usual one that was not seen for a week or more, and a clear change since the
    previous run. A low caused by a raise is no low: the note mentions the raise.
    """
    history = book.history
    if history is None or history.price is None or history.raised_then_cut is not None:
        return ""
    words: list[str] = []
    is_low = history.median is not None and not history.sparse and history.price <= _CLEARLY * history.median
    if is_low and history.lowest_in_days is not None:
        if history.price == history.lowest:
            words.append(say("lowest_ever_now"))
        elif history.lowest_in_days >= _LONG_DAYS:
            words.append(say("lowest_in", n=history.lowest_in_days))
    if history.previous and history.previous_at is not None and history.change:
        kind = "change_less" if history.change < 0 else "change_more"
        if abs(history.change) >= (1 - _CLEARLY) * history.previous:
            words.append(say(kind, amount=say.money(abs(history.change)), on=day(history.previous_at, say)))
    return " · ".join(words)


def past_in_words(history: PriceHistory, say: Labels = ENGLISH) -> str:
    """Describe a price history.

    «at its lowest in 43 days · ¥3.00 less than on 2026-03-01 · median of 90 days ¥45.00 · since 2026-01-01»; a history
    of few days gives no median, and says that it is short.
    """
    words: list[str] = []
    if history.raised_then_cut is not None:
        pass  # a low caused by a raise is no low worth a mention
    elif history.price is not None and history.price == history.lowest:
        if history.lowest_in_days is not None and history.below_usual:
            words.append(say("lowest_ever_now"))
        elif history.lowest_in_days is None and not history.sparse:
            return say("never_moved", on=day(history.since, say))
    elif history.lowest_in_days and history.below_usual:
        words.append(say("lowest_in", n=history.lowest_in_days))
    if history.change and history.previous_at is not None:
        kind = "change_less" if history.change < 0 else "change_more"
        words.append(say(kind, amount=say.money(abs(history.change)), on=day(history.previous_at, say)))
    if history.lowest is not None and history.lowest_at is not None and history.lowest != history.price:
        words.append(say("lowest_was", price=say.money(history.lowest), on=day(history.lowest_at, say)))
    if history.sparse:
        words.append(
            say("few_days" if history.days != 1 else "few_day", n=history.days, on=day(history.since, say))
        )
    else:
        if history.median is not None:
            words.append(say("median_90", price=say.money(history.median)))
        words.append(say("observed_since", on=day(history.since, say)))
    return " · ".join(words)
