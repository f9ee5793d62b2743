"""Read the offers in the results of a bulk crawl: whole, stopped, or still running.

Each page of the crawl, and each listing on its pages, is either an offer or counted with the reason why it is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from crawler.atomic_write import shown
from crawler.bulk.destination import Destination, MissingFileError, open_destination
from crawler.bulk.manifest import output_url
from crawler.clean import clean
from crawler.errors import UsageError
from crawler.verdict import Verdict
from parsers import SHOPS
from parsers.product import Availability
from parsers.product.identifiers import read_gtin, read_isbn

__all__ = ["FoundOffer", "RankCounts", "read_offers", "result_files"]

MAX_LINE = 64 * 2**20
"""Limit on the bytes of a line; results have a few hundred, and those of search pages some 100 KB."""

MAX_PRICE = Decimal(10**12)

_RESULTS = re.compile(r"results-(.+)-([0-9]+)\.jsonl")
_UNREADABLE = frozenset({"unreadable_price", "price_out_of_range"})


class _Listing(msgspec.Struct):
    """The part of a search page's listing that matters here."""

    title: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    sold_out: bool | None = None
    url: str | None = None
    authors: str | list[str] | None = None
    isbn: str | None = None


class _Result(msgspec.Struct):
    """The part of a result line that matters here. An absent value is null or ''."""

    number: int
    url: str
    verdict: Verdict
    final_url: str | None = None
    title: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    author: str | None = None
    isbn: str | None = None
    gtin: str | None = None
    product_url: str | None = None
    problems: str | list[str] | None = None
    listings: list[_Listing] | None = None


@dataclass(slots=True)
class FoundOffer:
    """An offer that can be ranked."""

    book: str
    """The identity of the book: its ISBN or GTIN with 14 digits, or the address of its page."""
    price: Decimal
    currency: str
    url: str
    """The address of the page, after redirects."""
    product_url: str
    """The address that the page states for the product, if it is the shop's; offers of one book with the same one are
    the same offer."""
    shop: str
    """The host of the page."""
    title: str
    author: str
    isbn: str
    gtin: str
    availability: str


@dataclass(slots=True)
class RankCounts:
    """The pages and listings that were read, and why some are not ranked."""

    files: int = 0
    pages: int = 0
    listings: int = 0
    """Listings on search pages."""
    ranked: int = 0
    """Pages and listings with an offer in a ranking."""
    failed: Counter[str] = field(default_factory=Counter)
    """Failed pages by verdict."""
    without_price: int = 0
    """Pages and listings that state no price, among them pages without a product."""
    unreadable_price: int = 0
    sold_out: int = 0
    without_currency: int = 0
    other_currency: Counter[str] = field(default_factory=Counter)
    """Offers in currencies other than the only one to rank, by currency."""
    without_rate: Counter[str] = field(default_factory=Counter)
    """Offers that could not be compared for lack of a rate, by currency; they have rankings of their own."""
    damaged: int = 0
    """Lines that are not results."""
    first_damaged: str = ""
    """File, line and reason of the first one."""
    torn: list[str] = field(default_factory=list)
    """Files whose last line is incomplete: a crawl is writing it, or was killed at it."""


def result_files(place: Path | str, destination: Destination) -> list[str]:
    """Return the names of the result files of a crawl, of each shard the newest generation.

    `destination` is that of the place.

    Raises UsageError if the folder or URL has none, or the folder cannot be read; OutputError if the URL cannot.
    """
    newest: dict[str, tuple[int, str]] = {}
    for name in _names(place, destination):
        if match := _RESULTS.fullmatch(name):
            newest[match[1]] = max(newest.get(match[1], (-1, name)), (int(match[2]), name))
    if not newest:
        if isinstance(place, Path) and (url := output_url(place)):
            raise UsageError(
                f"the results of the crawl in {shown(place)} are elsewhere; give that URL: {clean(url)}"
            )
        raise UsageError(
            f"{shown(place)} has no results-*.jsonl; give the folder of a bulk crawl that has results (its --out)"
        )
    return sorted(name for _, name in newest.values())


def _names(place: Path | str, destination: Destination) -> Iterable[str]:
    """Return the names of all files of a folder or at a URL."""
    if isinstance(place, str):
        return destination.sizes()
    try:
        return [path.name for path in place.iterdir()]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{shown(place)}: {why}; give the folder of a bulk crawl (its --out)") from error


def read_offers(place: Path | str, counts: RankCounts) -> Iterator[FoundOffer]:
    """Yield the offers with a price and a currency that can be ordered, and add the others to `counts`.

    `place` is a folder or, as a text, a URL. Raises UsageError if it has no results, or none of its lines is one;
    OutputError or OSError if a file cannot be read.
    """
    decoder = msgspec.json.Decoder(_Result)
    destination = open_destination(str(place))
    for name in result_files(place, destination):
        with ExitStack() as stack:
            try:
                file = stack.enter_context(destination.reading(name))
            except MissingFileError:  # replaced by a new generation in the meantime
                continue
            counts.files += 1
            for number, line, is_whole in _lines(file):
                try:
                    if len(line) > MAX_LINE:
                        raise ValueError(f"more than {MAX_LINE:,} bytes")  # noqa: TRY301 – the same fate as below
                    result = decoder.decode(line)
                except (msgspec.DecodeError, ValueError) as error:
                    if not is_whole:
                        counts.torn.append(name)
                    elif line.strip():
                        counts.damaged += 1
                        counts.first_damaged = counts.first_damaged or f"{name}:{number}: {error}"
                    continue
                yield from _offers(result, counts)
    if counts.damaged and not counts.pages:
        raise UsageError(f"{shown(place)} has no results of a bulk crawl; {counts.first_damaged}")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield number, line and True if it is whole; of a line that is too long, only the beginning."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        is_whole = line.endswith(b"\n")
        rest = line
        while len(rest) > MAX_LINE and not is_whole:
            rest = file.readline(MAX_LINE + 1)
            is_whole = rest.endswith(b"\n")
        yield number, line, is_whole


def _offers(result: _Result, counts: RankCounts) -> Iterator[FoundOffer]:
    counts.pages += 1
    if result.verdict.failed:
        counts.failed[result.verdict.value] += 1
        return
    page_url = result.final_url or result.url
    if result.listings is None:
        problems = result.problems or ()
        codes = problems.split() if isinstance(problems, str) else problems
        unreadable = not _UNREADABLE.isdisjoint(codes)
        sold_out = _is_sold_out(result.availability)
        if price := _checked(counts, result.price, result.currency, sold_out=sold_out, unreadable=unreadable):
            yield _offer(result, price, result.currency or "", page_url)
        return
    for listing in result.listings:
        counts.listings += 1
        currency = listing.currency or _currency_of(_shop_of(page_url))
        sold_out = bool(listing.sold_out) or _is_sold_out(listing.availability)
        if price := _checked(counts, listing.price, currency, sold_out=sold_out):
            yield _offer_listed(listing, price, currency or "", page_url)


def _checked(
    counts: RankCounts,
    price: Decimal | None,
    currency: str | None,
    *,
    sold_out: bool,
    unreadable: bool = False,
) -> Decimal | None:
    """Return the price of an offer that can be ranked; count any other and return None."""
    if sold_out:
        counts.sold_out += 1
    elif price is None:
        counts.unreadable_price += unreadable
        counts.without_price += not unreadable
    elif not (price.is_finite() and 0 < price <= MAX_PRICE):
        counts.unreadable_price += 1
    elif not currency:
        counts.without_currency += 1
    else:
        return price
    return None


def _offer(result: _Result, price: Decimal, currency: str, url: str) -> FoundOffer:
    isbn = read_isbn(result.isbn or "") or read_isbn(result.gtin or "") or ""
    gtin = read_gtin(result.gtin or "") or ""
    shop = _shop_of(url)
    identity = isbn or (gtin if _is_worldwide(gtin) else "")
    return FoundOffer(
        identity.zfill(14) if identity else url,
        price,
        currency,
        url,
        _own_address(result.product_url, shop) or url,
        shop,
        result.title or "",
        result.author or "",
        isbn,
        gtin,
        result.availability or "",
    )


def _offer_listed(listing: _Listing, price: Decimal, currency: str, page_url: str) -> FoundOffer:
    url = listing.url or page_url
    isbn = read_isbn(listing.isbn or "") or ""
    # Without an address of its own, a listing is told from the others of its page by its title.
    identity = isbn.zfill(14) if isbn else listing.url or f"{page_url}\n{listing.title or ''}"
    authors = listing.authors or ()
    author = authors if isinstance(authors, str) else "; ".join(authors)
    title = listing.title or ""
    shop = _shop_of(page_url)
    return FoundOffer(identity, price, currency, url, identity, shop, title, author, isbn, "", "")


def _shop_of(url: str) -> str:
    """Return name and port of a URL's host; '' for a text that is no URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _own_address(stated: str | None, shop: str) -> str | None:
    """Return the address that a page states for its product; None for one of another shop, whose offer it would hide.

    The names of a shop may differ by `www.` and `m.`.
    """
    return stated if stated and _plain_name(_shop_of(stated)) == _plain_name(shop) else None


def _plain_name(host: str) -> str:
    return host.lower().removeprefix("www.").removeprefix("m.")


@lru_cache(maxsize=1024)
def _currency_of(host: str) -> str | None:
    """Return the currency of the registered shop that has a host; None if there is none."""
    return next((shop.currency for shop in SHOPS.values() if shop.owns(host)), None)


def _is_sold_out(availability: str | None) -> bool:
    try:
        return availability is not None and not Availability(availability).purchasable
    except ValueError:  # '' or unknown: the offer may be good
        return False


def _is_worldwide(gtin: str) -> bool:
    """Return True if a GTIN means the same in every shop: the prefixes 02, 04 and 2 are for a shop's own use."""
    return len(gtin) >= 12 and not gtin.zfill(14)[1:].startswith(("02", "04", "2"))
