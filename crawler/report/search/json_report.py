"""The JSON report: all the data of a search, with stable names. See docs/json-report.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.books.offers import price_of
from crawler.json_text import escape_controls
from crawler.verdict import Verdict

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.prices.price_history import PriceHistory
    from crawler.report.search import Style
    from crawler.results import PriceCheck, SearchResult
    from parsers.model import Contributor, Listing

__all__ = ["as_dict", "book_as_dict", "history_as_dict", "render", "utc_text"]


def render(result: SearchResult, style: Style) -> str:
    """Return the report as indented JSON with a final newline; Chinese stays readable. Only `style.top` applies."""
    import msgspec

    # Numbers keep the digits of the Decimals: 12.50 stays 12.50, while the json module would need a float.
    encoder = msgspec.json.Encoder(decimal_format="number")

    def encoded(row: dict[str, Any]) -> msgspec.Raw:
        # At once: the values of thousands of books take seven times the memory of their text.
        return msgspec.Raw(encoder.encode(row))

    data = escape_controls(encoder.encode(_report(result, encoded, top=style.top)))
    return (msgspec.json.format(data, indent=2) + b"\n").decode()


def as_dict(result: SearchResult, *, top: int | None = None) -> dict[str, Any]:
    """Return the report as plain values: prices as Decimal with two digits, times as «2026-01-31T08:00:00Z».

    `top` shortens the list of books, but changes no count; None lists all.
    """
    return _report(result, lambda row: row, top=top)


def _report(
    result: SearchResult, each: Callable[[dict[str, Any]], Any], *, top: int | None
) -> dict[str, Any]:
    """Return the report, with what `each` makes of each book and each dropped listing."""
    books = result.books if top is None else result.books[:top]
    return {
        "query": result.query,
        "query_sent": result.query_sent,
        "shop": result.shop,
        "base_url": result.base_url,
        "demo": result.demo,
        "complete": result.complete,
        "stopped": None if result.stopped is None else str(result.stopped),
        "started_at": utc_text(result.started_at),
        "finished_at": utc_text(result.finished_at),
        "fetched_from": None if result.fetched_from is None else utc_text(result.fetched_from),
        "recorded": result.recorded,
        "robots": "ignored" if result.robots_ignored else "obeyed",
        "rank": result.rank,
        "suggestion": result.suggestion,
        "options": {name: _option(value) for name, value in result.options.items()},
        "notes": [str(note) for note in result.notes],
        "pages": _pages(result),
        "price_check": _price_check(result.price_check),
        "counts": {
            "listings": result.counts.listings,
            "unique": result.counts.unique,
            "kept": result.counts.kept,
            "books": result.counts.books,
            "dropped": dict(result.counts.dropped),
        },
        "answers": {
            name: None if book is None else book.listing.product_id
            for name, book in (
                ("cheapest", result.cheapest),
                ("best", result.best),
                ("value", result.best_value),
            )
        },
        "books": [each(book_as_dict(book)) for book in books],
        "dropped": [each(_dropped(reason, listing)) for reason, listing in result.dropped],
    }


def _pages(result: SearchResult) -> dict[str, Any]:
    verdicts = [page.verdict for page in result.pages]
    return {
        "requested": len(result.pages),
        "available": result.available,
        "ok": verdicts.count(Verdict.OK),
        "past_end": verdicts.count(Verdict.PAST_END),
        "no_results": verdicts.count(Verdict.NO_RESULTS),
        "failed": [
            {"page": page.page, "url": page.url, "verdict": page.verdict.value, "detail": str(page.detail)}
            for page in sorted(result.failed, key=lambda page: page.page)
        ],
    }


def _price_check(check: PriceCheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "pages": len(check.pages),
        "ok": check.ok,
        "listings": check.listings,
        "in_order": check.in_order,
        "proven": check.proven,
        "up_to": _money(check.up_to),
    }


def book_as_dict(book: Book) -> dict[str, Any]:
    """Return a book as plain values."""
    listing, published = book.listing, book.published
    return {
        "rank": book.rank,
        "product_id": listing.product_id,
        "title": listing.title,
        "subtitle": listing.subtitle,
        "price": _money(book.price),
        "from_price": listing.from_price,
        "list_price": _money(listing.list_price),
        "discount": book.discount,
        "volumes": listing.volumes,
        "price_per_volume": book.price_per_volume,
        "authors": list(book.authors),
        "contributors": [_contributor(person) for person in book.contributors],
        "publisher": book.publisher,
        "published": published.isoformat() if published else None,
        "rating": book.rating,
        "reviews": book.reviews,
        "quality": book.quality,
        "value": book.value,
        "frontier": book.frontier,
        "seller": listing.seller,
        "self_operated": listing.self_operated,
        "ebook_price": _money(listing.ebook_price),
        "sold_out": listing.sold_out,
        "flags": list(book.flags),
        "url": listing.url,
        "image": listing.image,
        "page": listing.page,
        "position": listing.position,
        "page_list": listing.page_list,
        "offers": [_offer(offer) for offer in book.offers],
        "history": None if book.history is None else history_as_dict(book.history),
    }


def _contributor(person: Contributor) -> dict[str, Any]:
    return {
        "name": person.name,
        "original_name": person.original_name,
        "role": person.role,
        "nationality": person.nationality,
    }


def history_as_dict(history: PriceHistory) -> dict[str, Any]:
    """Return a price history as plain values."""
    raised = history.raised_then_cut
    return {
        "since": utc_text(history.since),
        "days": history.days,
        "few": history.sparse,
        "lowest": _money(history.lowest),
        "lowest_at": None if history.lowest_at is None else utc_text(history.lowest_at),
        "median_90_days": _money(history.median),
        "previous": _money(history.previous),
        "previous_at": None if history.previous_at is None else utc_text(history.previous_at),
        "change": _money(history.change),
        "lowest_in_days": history.lowest_in_days,
        "raised_then_cut": None
        if raised is None
        else {
            "kind": raised.kind.value,
            "before": _money(raised.before),
            "raised_to": _money(raised.raised_to),
            "raised_at": utc_text(raised.raised_at),
            "now": _money(raised.now),
            "usual_price": _money(raised.usual_price),
        },
    }


def _offer(listing: Listing) -> dict[str, Any]:
    return {
        "product_id": listing.product_id,
        "price": _money(price_of(listing)),
        "seller": listing.seller,
        "self_operated": listing.self_operated,
        "url": listing.url,
    }


def _dropped(reason: str, listing: Listing) -> dict[str, Any]:
    return {
        "reason": reason,
        "product_id": listing.product_id,
        "title": listing.title,
        "price": _money(listing.price),
        "ebook_price": _money(listing.ebook_price),
        "url": listing.url,
        "page": listing.page,
        "position": listing.position,
        "page_list": listing.page_list,
    }


_FEN = Decimal("0.01")


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_FEN)


def _option(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return _money(value) if isinstance(value, Decimal) else value


def utc_text(moment: dt.datetime) -> str:
    """Format an aware moment as «2026-01-31T08:00:00Z»."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
