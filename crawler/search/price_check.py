"""Check whether the cheapest book of a search is proven to be the cheapest that the shop lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from crawler.books.offers import price_of
from crawler.books.price_order import OrderCheck, check_order
from crawler.search.page_list import PageList
from crawler.verdict import Verdict
from parsers.model import Listing

if TYPE_CHECKING:
    from crawler.results import PageResult, PriceCheck

__all__ = ["check_price", "pages_needed"]


def pages_needed(pages: PageList, cheapest: Decimal | None) -> int | None:
    """Count the pages after which a list in price order exceeds `cheapest`, in yuan; None if it does not yet."""
    if cheapest is None:
        return None
    for count in range(1, pages.read_in_a_row() + 1):
        if _order(pages, count).passed(cheapest):
            return count
    return None


def check_price(
    cheapest: Decimal | None,
    own: PageList,
    in_price_order: PageList | None,
    page_result: Callable[[PageList, int], PageResult],
    *,
    stopped: bool,
) -> PriceCheck | None:
    """Compare the cheapest book of a finished search, which costs `cheapest` yuan, with the search's lists.

    `own` is the search's own list. `in_price_order` is the list read beside it, or `own` itself if that is in price
    order, or None: then the result is None, too, unless a list was read whole. A list that was read whole proves the
    cheapest book in any order.
    """
    from crawler.results import PriceCheck

    checked = in_price_order or own
    pages = tuple(page_result(checked, number) for number in sorted(checked.final) if number <= checked.last)
    for read in dict.fromkeys((own, checked)):
        if _is_whole(read):
            results = tuple(page_result(read, number) for number in sorted(read.final) if number <= read.last)
            order = _order(read, len(results))
            reason = "" if cheapest is not None else "no_book"
            return PriceCheck(
                results, order.in_order, not reason, order.up_to, _total(own, checked), reason, whole=True
            )
    if in_price_order is None:
        return None
    count = min(checked.read_in_a_row(), checked.last)
    order = _order(checked, count)
    missing = checked is not own and _is_missing(own, checked, count, order.up_to)
    in_order = order.in_order and not missing
    reason = _why_not(cheapest, checked, order, in_order=in_order, stopped=stopped)
    return PriceCheck(pages, in_order, not reason, order.up_to, _total(own, checked), reason)


def _why_not(
    cheapest: Decimal | None, pages: PageList, order: OrderCheck, *, in_order: bool, stopped: bool
) -> str:
    count = min(pages.read_in_a_row(), pages.last)
    verdicts = [judgement.verdict for number, judgement in pages.final.items() if number <= pages.last]
    if cheapest is None:
        return "no_book"
    if any(verdict.failed and verdict is not Verdict.NOT_ASKED for verdict in verdicts):
        return "failed"
    if stopped and Verdict.NOT_ASKED in verdicts:
        return "stopped"
    if not in_order:
        return "disorder"
    if not order.passed(cheapest):
        return "not_passed"
    if not order.proves(cheapest) or not all(_is_read_whole(pages, number) for number in range(1, count + 1)):
        return "unreadable"
    return ""


def _order(pages: PageList, count: int) -> OrderCheck:
    return check_order(chain.from_iterable(pages.listings(number) for number in range(1, count + 1)))


def _is_read_whole(pages: PageList, number: int) -> bool:
    """Return True if every item of a page was read."""
    judgement = pages.final.get(number)
    if judgement is None or judgement.verdict is not Verdict.OK or judgement.page is None:
        return False
    page = judgement.page
    return len(page.listings) == page.items and not page.surplus and page.ended


def _is_whole(pages: PageList) -> bool:
    """Return True if the whole list was read: all the pages that the shop states, and as many listings."""
    if pages.available is None or not 0 < pages.available <= pages.requested:
        return False
    numbers = range(1, pages.available + 1)
    if not all(_is_read_whole(pages, number) for number in numbers):
        return False
    listings = [listing for number in numbers for listing in pages.listings(number)]
    total = _total(pages)
    readable = all(listing.sold_out or listing.ebook_only or price_of(listing) for listing in listings)
    return readable and (total is None or len(listings) >= total)


def _is_missing(own: PageList, checked: PageList, count: int, up_to: Decimal | None) -> bool:
    """Return True if the search found a product on sale that the list in price order omits below `up_to`."""
    if up_to is None:
        return False
    shown = {listing.product_id for number in range(1, count + 1) for listing in checked.listings(number)}
    found: Iterable[Listing] = chain.from_iterable(map(own.listings, own.final))
    return any(
        listing.price is not None
        and listing.price < up_to
        and not listing.sold_out
        and listing.product_id not in shown
        for listing in found
    )


def _total(*lists: PageList) -> int | None:
    """Return the number of listings that the pages state: the highest, because it may grow while they are read."""
    pages = (judgement.page for read in lists for judgement in read.final.values())
    return max((page.total for page in pages if page is not None and page.total is not None), default=None)
