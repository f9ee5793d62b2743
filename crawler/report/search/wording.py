"""Put books and their prices into words, shared by the reports for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.books.note import note_of
from crawler.books.offers import price_of
from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.report.common.wording import UNKNOWN
from crawler.report.search.history_wording import raised_then_cut
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.books.note import BookNote
    from crawler.prices.price_history import RaisedThenCut
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
    "note_in_words",
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
"""The maximum number of characters of a marketplace shop's name in a note."""

FRONTIER = "★"
"""The mark of a book that no other book beats on both price and quality."""


_FLAG_WORDS = {
    Flag.BUNDLE: "bundle",
    Flag.SECOND_HAND: "second_hand",
    Flag.ACCESSORY: "accessory",
    Flag.OPTIONS: "options",
}

_PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._~/?=&%+-]*")
"""No user name, no port, nothing that Markdown or a terminal could interpret as more than an address."""


def price(book: Book, say: Labels = ENGLISH) -> str:
    """Return the price of the cheapest offer, as «¥39.00»; «–» for a book that was kept without a price.

    The lowest price of several options is «from ¥54.50».
    """
    return offer_price(book.listing, say)


def offer_price(listing: Listing, say: Labels = ENGLISH) -> str:
    """Return the price of a listing in the same form."""
    amount = price_of(listing)
    if amount is None:
        return UNKNOWN
    return say("starting_at", price=say.money(amount)) if listing.from_price else say.money(amount)


def credited(book: Book, say: Labels = ENGLISH) -> str:
    """Return the contributors besides the authors, by role: «张博雅、李四 译; 王五 绘»; '' if there are none."""
    by_role: dict[str, list[str]] = {}
    for person in book.contributors:
        if person.role is not None and person.name not in book.authors:
            by_role.setdefault(person.role, []).append(person.name)
    return "; ".join(f"{say('comma').join(names)} {role}" for role, names in by_role.items())


def translators(book: Book | Listing) -> tuple[str, ...]:
    """Return the names of the book's translators."""
    return tuple([person.name for person in book.contributors if person.role and "译" in person.role])


def contributor_in_words(person: Contributor) -> str:
    """Return a contributor as a title page states it: «[美]斯图尔特·罗素（Stuart Russell） 著»."""
    nationality = f"[{person.nationality}]" if person.nationality else ""
    original = f"（{person.original_name}）" if person.original_name else ""
    return f"{nationality}{person.name}{original}{f' {person.role}' if person.role else ''}"


def volume_price(book: Book, say: Labels = ENGLISH) -> str:
    """Return the price per volume; «–» if it is unknown."""
    each = book.price_per_volume
    return UNKNOWN if each is None else say.money(each)


def list_price(book: Book, say: Labels = ENGLISH) -> str:
    """Return the list price if it is above the price, else ''."""
    listed = book.listing.list_price
    return say.money(listed) if listed is not None and book.price is not None and listed > book.price else ""


def discount(book: Book, say: Labels = ENGLISH) -> str:
    """Return the discount from the list price, as «-68%», in Chinese «3.2 折»; '' for less than half of 1 %."""
    percent = percent_off(book)
    if not percent:
        return ""
    # Chinese states the rest to pay, in tenths.
    return say("discount", n=percent if say.language == "en" else (100 - percent) / 10)


def percent_off(book: Book) -> int:
    """Return the discount from the list price in per cent; 0 for none, or if a price is unknown.

    Only a free book has 100: the maximum for any price is 99.
    """
    listed = book.listing.list_price
    if listed is None or book.price is None or listed <= book.price:
        return 0
    percent = round(100 * (1 - book.price / listed))
    return min(percent, 99) if book.price > 0 else percent


def month(book: Book) -> str:
    """Return the month of publication, as «2021-03»; '' if it is unknown."""
    published = book.published
    return f"{published:%Y-%m}" if published else ""


def rating(book: Book) -> str:
    """Return stars and reviews as «4.5 (1,234)», with «–» for missing stars; '' if both are missing."""
    stars, reviews = book.rating, book.reviews
    if stars is None and reviews is None:
        return ""
    shown = UNKNOWN if stars is None else f"{stars:.1f}"
    return shown if reviews is None else f"{shown} ({reviews:,})"


def quality(book: Book, rank: str = "cheapest") -> str:
    """Return the quality as «4.93», rounded down; '' for a book without stars, whose quality is only a guess.

    A list ranked by quality shows a third digit, to distinguish the books at its top.
    """
    if book.quality is None or book.rating is None:
        return ""
    digits = 3 if rank == "best" else 2
    return f"{round(book.quality * 10_000) // 10 ** (4 - digits) / 10**digits:.{digits}f}"  # 4.996 is not 5


def value(book: Book) -> str:
    """Return the value as «1.73»; '' if it is not based on a rating."""
    return "" if book.value is None or book.rating is None else f"{book.value:.2f}"


def note(book: Book, say: Labels = ENGLISH, *, raised: bool = True) -> str:
    """Return facts for a buyer besides the price: «set of 3 · ¥7.07 each · second-hand»; '' for a plain book.

    With `raised`, it includes a raise before a cut.
    """
    trick = book.history.raised_then_cut if raised and book.history is not None else None
    return note_in_words(note_of(book), say, raised=trick)


def note_in_words(note: BookNote, say: Labels = ENGLISH, *, raised: RaisedThenCut | None = None) -> str:
    """Put the facts about a book into the words of `note`; '' for a plain book."""
    words = []
    if note.volumes is not None and note.volume_price is not None:
        words.append(say("set_of", n=note.volumes, price=say.money(note.volume_price)))
    elif Flag.SET in note.flags:
        words.append(say("set"))
    flags = [word for flag, word in _FLAG_WORDS.items() if flag in note.flags]
    words += map(say, flags)
    # An accessory is labelled as such already.
    words += [
        say("kept", reason=say.reason(reason)) for reason in sorted(note.kept_for) if reason not in flags
    ]
    if raised is not None:
        words.append(raised_then_cut(raised, say))
    if note.seller:
        words.append(say("sold_by", seller=crop(clean(note.seller), SELLER_LIMIT)))
    elif note.self_operated is False:
        words.append(say("marketplace"))
    if note.offers > 1 and note.highest_offer is not None:
        words.append(say("offers", n=note.offers, price=say.money(note.highest_offer)))
    return " · ".join(words)


def product_link(result: SearchResult, listing: Listing) -> str | None:
    """Return the URL of a product's page if it is safe to follow: https, on the shop's own host, from the live shop.

    Product numbers of a demo or a replica may belong to other goods in the real shop.
    """
    url = listing.url
    if not result.is_live or not _PLAIN_URL.fullmatch(url):
        return None
    return url if result.source.shop.owns(urlsplit(url).hostname or "") else None
