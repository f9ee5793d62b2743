"""Numbers, pages and books in the words that the reports for people share."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.books.offers import price_of
from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.local_time import date_in, minute_in
from crawler.verdict import Verdict
from parsers import SHOPS
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.prices.price_history import PriceHistory, RaisedThenCut
    from crawler.results import PageResult, SearchResult
    from parsers.model import Contributor, Listing

__all__ = [
    "FRONTIER",
    "UNKNOWN",
    "against_median",
    "contributor_in_words",
    "credited",
    "day",
    "discount",
    "group_failures",
    "list_price",
    "minute",
    "month",
    "note",
    "offer_price",
    "outcome",
    "page_numbers",
    "past",
    "past_in_words",
    "percent_off",
    "price",
    "price_failures",
    "product_link",
    "quality",
    "raised_then_cut",
    "rating",
    "remark",
    "sanitize",
    "translators",
    "value",
    "volume_price",
    "yuan",
]

DETAIL_LIMIT = 300
"""Characters of a verdict's detail or of a note."""

SELLER_LIMIT = 40
"""Characters of a marketplace shop's name in a note."""

UNKNOWN = "–"
FRONTIER = "★"
"""Mark of a book that no other beats on price and quality."""

_CLEARLY = Decimal("0.95")
"""Up to this share of another price, a price is clearly below it; every-day movements of books are smaller."""

_LONG_DAYS = 7
"""Days from which on a low is one to speak of."""

_FLAG_WORDS = {
    Flag.BUNDLE: "bundle",
    Flag.SECOND_HAND: "second_hand",
    Flag.ACCESSORY: "accessory",
    Flag.OPTIONS: "options",
}

_PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._~/?=&%+-]*")
"""No user name, no port, nothing that Markdown or a terminal could read as more than an address."""


def yuan(amount: Decimal) -> str:
    """Return an amount as «¥1,299.00»."""
    return f"¥{amount:,.2f}"


def price(book: Book, say: Labels = ENGLISH) -> str:
    """Return what the cheapest offer costs, as «¥39.00»; – for a book that was kept without a price.

    The lowest price of several options is «from ¥54.50».
    """
    return offer_price(book.listing, say)


def offer_price(listing: Listing, say: Labels = ENGLISH) -> str:
    """Return what a listing costs in the same words."""
    amount = price_of(listing)
    if amount is None:
        return UNKNOWN
    return say("starting_at", price=yuan(amount)) if listing.from_price else yuan(amount)


def credited(book: Book, say: Labels = ENGLISH) -> str:
    """Return who made the book besides its authors, by role: «张博雅、李四 译; 王五 绘»; '' for nobody."""
    by_role: dict[str, list[str]] = {}
    for person in book.contributors:
        if person.role is not None and person.name not in book.authors:
            by_role.setdefault(person.role, []).append(person.name)
    return "; ".join(f"{say('comma').join(names)} {role}" for role, names in by_role.items())


def translators(book: Book | Listing) -> tuple[str, ...]:
    """Return the names of those who translated the book."""
    return tuple([person.name for person in book.contributors if person.role and "译" in person.role])


def contributor_in_words(person: Contributor) -> str:
    """Return a contributor as a title page has it: «[美]斯图尔特·罗素（Stuart Russell） 著»."""
    nationality = f"[{person.nationality}]" if person.nationality else ""
    original = f"（{person.original_name}）" if person.original_name else ""
    return f"{nationality}{person.name}{original}{f' {person.role}' if person.role else ''}"


def volume_price(book: Book) -> str:
    """Return the price a volume; – where it is not known."""
    each = book.price_per_volume
    return UNKNOWN if each is None else yuan(each)


def list_price(book: Book) -> str:
    """Return the list price where it is above the price, else ''."""
    listed = book.listing.list_price
    return yuan(listed) if listed is not None and book.price is not None and listed > book.price else ""


def discount(book: Book, say: Labels = ENGLISH) -> str:
    """Return the discount from the list price, as «-68%», in Chinese «3.2 折»; '' for one of less than half of 1 %."""
    percent = percent_off(book)
    if not percent:
        return ""
    # Chinese states what is left to pay, in tenths.
    return say("discount", n=percent if say.language == "en" else (100 - percent) / 10)


def percent_off(book: Book) -> int:
    """Return how many percent the price is below the list price; 0 where it is not, or where one is unknown.

    100 is for what costs nothing: the most that is taken off a price is 99.
    """
    listed = book.listing.list_price
    if listed is None or book.price is None or listed <= book.price:
        return 0
    percent = round(100 * (1 - book.price / listed))
    return min(percent, 99) if book.price > 0 else percent


def month(book: Book) -> str:
    """Return when it was published, as «2021-03»; '' when unknown."""
    published = book.published
    return f"{published:%Y-%m}" if published else ""


def rating(book: Book) -> str:
    """Return stars and reviews as «4.5 (1,234)», with – for stars that are missing; '' when both are."""
    stars, reviews = book.rating, book.reviews
    if stars is None and reviews is None:
        return ""
    shown = UNKNOWN if stars is None else f"{stars:.1f}"
    return shown if reviews is None else f"{shown} ({reviews:,})"


def quality(book: Book, rank: str = "cheapest") -> str:
    """Return the quality as «4.93», rounded down; '' for a book without stars, whose quality is but a guess.

    A list that is ranked by it has a third digit, which tells apart the books at its top.
    """
    if book.quality is None or book.rating is None:
        return ""
    digits = 3 if rank == "best" else 2
    return f"{round(book.quality * 10_000) // 10 ** (4 - digits) / 10**digits:.{digits}f}"  # 4.996 is not 5


def value(book: Book) -> str:
    """Return the value as «1.73»; '' where it rests on no rating."""
    return "" if book.value is None or book.rating is None else f"{book.value:.2f}"


def note(book: Book, say: Labels = ENGLISH, *, raised: bool = True) -> str:
    """Return what a buyer must know besides: «set of 3 · ¥7.07 each · second-hand»; '' for a plain book.

    `raised` says whether it tells of a raise before a cut.
    """
    listing, words = book.listing, []
    each = book.price_per_volume
    if listing.volumes is not None and listing.volumes > 1 and each is not None:
        words.append(say("set_of", n=listing.volumes, price=yuan(each)))
    elif Flag.SET in listing.flags:
        words.append(say("set"))
    flags = [word for flag, word in _FLAG_WORDS.items() if flag in listing.flags]
    words += map(say, flags)
    # An accessory is called one already.
    words += [
        say("kept", reason=say.reason(reason)) for reason in sorted(book.kept_for) if reason not in flags
    ]
    if raised and book.history is not None and (trick := book.history.raised_then_cut) is not None:
        words.append(raised_then_cut(trick, say))
    if listing.seller:
        words.append(say("sold_by", seller=crop(clean(listing.seller), SELLER_LIMIT)))
    elif listing.self_operated is False:
        words.append(say("marketplace"))
    dearest = price_of(book.offers[-1])
    if len(book.offers) > 1 and dearest is not None:
        words.append(say("offers", n=len(book.offers), price=yuan(dearest)))
    return " · ".join(words)


def raised_then_cut(raised: RaisedThenCut, say: Labels = ENGLISH) -> str:
    """Return what made a discount, with its numbers: «raised, then cut: ¥50.00, ¥60.00 on 2026-03-01, now ¥50.00»."""
    return say(
        f"raised_{raised.kind}", before=yuan(raised.before), raised=yuan(raised.raised_to),
        on=day(raised.raised_at, say), now=yuan(raised.now), usual=yuan(raised.usual_price),
    )  # fmt: skip


def past(book: Book, say: Labels = ENGLISH) -> str:
    """Return what the past says of a book's price; '' for one without a past."""
    return "" if book.history is None else past_in_words(book.history, say)


def against_median(history: PriceHistory | None) -> str:
    """Return the price against the median of 90 days as «-20%»; – where it is not known, or rests on too few days."""
    if history is None or history.price is None or not history.median or history.sparse:
        return UNKNOWN
    percent = round(100 * (history.price / history.median - 1))
    return f"{percent:+d}%" if percent else "0%"


def remark(book: Book, say: Labels = ENGLISH) -> str:
    """Return what a list must say of a book's past beside its price against the median; '' for most books.

    That is a price clearly below the usual one which was not seen for a week or more, and a clear change since the run
    before. What a raise made low is no low: the note tells of it.
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
            words.append(say(kind, amount=yuan(abs(history.change)), on=day(history.previous_at, say)))
    return " · ".join(words)


def past_in_words(history: PriceHistory, say: Labels = ENGLISH) -> str:
    """Return what a past says of a price.

    «at its lowest in 43 days · ¥3.00 less than on 2026-03-01 · median of 90 days ¥45.00 · since 2026-01-01»; a past of
    few days has no median to speak of, and says that it is short.
    """
    words: list[str] = []
    if history.raised_then_cut is not None:
        pass  # what a raise made low is no low to speak of
    elif history.price is not None and history.price == history.lowest:
        if history.lowest_in_days is not None and history.below_usual:
            words.append(say("lowest_ever_now"))
        elif history.lowest_in_days is None and not history.sparse:
            return say("never_moved", on=day(history.since, say))
    elif history.lowest_in_days and history.below_usual:
        words.append(say("lowest_in", n=history.lowest_in_days))
    if history.change and history.previous_at is not None:
        kind = "change_less" if history.change < 0 else "change_more"
        words.append(say(kind, amount=yuan(abs(history.change)), on=day(history.previous_at, say)))
    if history.lowest is not None and history.lowest_at is not None and history.lowest != history.price:
        words.append(say("lowest_was", price=yuan(history.lowest), on=day(history.lowest_at, say)))
    if history.sparse:
        words.append(
            say("few_days" if history.days != 1 else "few_day", n=history.days, on=day(history.since, say))
        )
    else:
        if history.median is not None:
            words.append(say("median_90", price=yuan(history.median)))
        words.append(say("observed_since", on=day(history.since, say)))
    return " · ".join(words)


def day(moment: dt.datetime, say: Labels = ENGLISH) -> str:
    """Return the reader's day as «2026-03-01»."""
    return date_in(say.zone, moment).isoformat()


def minute(moment: dt.datetime, say: Labels = ENGLISH) -> str:
    """Return a moment in the reader's zone, which is named: «2026-03-01 08:00 UTC+8»."""
    return minute_in(say.zone, moment)


def page_numbers(numbers: Iterable[int], say: Labels = ENGLISH) -> str:
    """Return ascending page numbers in short: «page 3», «pages 1–4, 7»."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = say("comma").join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    one = len(runs) == 1 and len(runs[0]) == 1
    return say("page" if one else "pages_numbered", numbers=shown)


def sanitize(detail: str, say: Labels = ENGLISH) -> str:
    """Return a verdict's detail or a note as people may read it: cleaned, cut to `DETAIL_LIMIT`."""
    return crop(clean(say.text(detail)), DETAIL_LIMIT)


def outcome(verdict: Verdict, detail: str, say: Labels = ENGLISH) -> str:
    """Return how a page ended, in words: «blocked: 405 Not Allowed», «no search page: title 404»."""
    why, words = sanitize(detail, say), say(f"verdict_{verdict.value}")
    # What came instead, or how it answers another query, is said in full by the detail.
    if verdict is Verdict.UNEXPECTED_PAGE and why:
        return why
    return say("verdict", verdict=words, why=why) if why else words


def group_failures(pages: Iterable[PageResult], say: Labels = ENGLISH) -> tuple[tuple[str, str], ...]:
    """Return page numbers and outcome in words, pages that ended alike together, by their first page."""
    numbers: dict[str, list[int]] = {}
    for page in sorted(pages, key=lambda page: page.page):
        numbers.setdefault(outcome(page.verdict, page.detail, say), []).append(page.page)
    return tuple((page_numbers(together, say), words) for words, together in numbers.items())


def price_failures(pages: Iterable[PageResult], say: Labels = ENGLISH) -> str:
    """Return how many pages in price order failed and how, together: «3 of 3 price pages failed: HTTP error: 404».

    '' where none failed; those that were not read did not fail.
    """
    pages = tuple(pages)
    failed = [page for page in pages if page.verdict.failed and page.verdict is not Verdict.NOT_ASKED]
    if not failed:
        return ""
    groups = group_failures(failed, say)
    why = (
        groups[0][1]
        if len(groups) == 1
        else say("and").join(f"{numbers}{say('colon')}{words}" for numbers, words in groups)
    )
    return say("price_pages_failed", failed=len(failed), all=len(pages), why=why)


def product_link(result: SearchResult, listing: Listing) -> str | None:
    """Return the address of a product's page if it can be followed: https, on the shop's own host, found there.

    The product numbers of a demo or a replica may be those of other goods in the real shop.
    """
    url = listing.url
    if not result.is_live or not _PLAIN_URL.fullmatch(url):
        return None
    return url if SHOPS[result.shop].owns(urlsplit(url).hostname or "") else None
