"""Put books and their prices into the words that the reports for people share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.books.offers import price_of
from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.report.common.wording import UNKNOWN
from crawler.report.search.history_wording import raised_then_cut
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.results import SearchResult
    from parsers.model import Contributor, Listing

__all__ = [
    "FRONTIER",
    "contributor_in_words",
    "credited",
    "discount",
    "list_price",
    "month",
    "note",
    "offer_price",
    "percent_off",
    "price",
    "product_link",
    "quality",
    "rating",
    "translators",
    "value",
    "volume_price",
]


SELLER_LIMIT = 40
"""Characters of a marketplace shop's name in a note."""

FRONTIER = "★"
"""Mark of a book that no other beats on price and quality."""


_FLAG_WORDS = {
    Flag.BUNDLE: "bundle",
    Flag.SECOND_HAND: "second_hand",
    Flag.ACCESSORY: "accessory",
    Flag.OPTIONS: "options",
}

_PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._~/?=&%+-]*")
"""No user name, no port, nothing that Markdown or a terminal could read as more than an address."""


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
    return say("starting_at", price=say.money(amount)) if listing.from_price else say.money(amount)


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


def volume_price(book: Book, say: Labels = ENGLISH) -> str:
    """Return the price a volume; – where it is not known."""
    each = book.price_per_volume
    return UNKNOWN if each is None else say.money(each)


def list_price(book: Book, say: Labels = ENGLISH) -> str:
    """Return the list price where it is above the price, else ''."""
    listed = book.listing.list_price
    return say.money(listed) if listed is not None and book.price is not None and listed > book.price else ""


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
        words.append(say("set_of", n=listing.volumes, price=say.money(each)))
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
        words.append(say("offers", n=len(book.offers), price=say.money(dearest)))
    return " · ".join(words)


def product_link(result: SearchResult, listing: Listing) -> str | None:
    """Return the address of a product's page if it can be followed: https, on the shop's own host, found there.

    The product numbers of a demo or a replica may be those of other goods in the real shop.
    """
    url = listing.url
    if not result.is_live or not _PLAIN_URL.fullmatch(url):
        return None
    return url if result.source.shop.owns(urlsplit(url).hostname or "") else None
