"""Hand-made values for tests: a plain book, a small complete search, and changes to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.prices.observation import Observation
from crawler.prices.price_history import price_history
from crawler.report.search.renderer import ReportRenderer
from crawler.results import PageResult, SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Listing

STARTED = dt.datetime(2026, 1, 31, 8, 0, 0, 250_000, tzinfo=dt.UTC)


def make_listing(**over: Any) -> Listing:
    """Return a plain single book at ¥39.00; its address follows from `product_id`, its texts from their values."""
    product_id = over.get("product_id", "29220317")
    values: dict[str, Any] = {
        "product_id": product_id,
        "title": "渗透测试实战",
        "subtitle": "从入门到精通",
        "description": "",
        "url": f"https://product.dangdang.com/{product_id}.html",
        "image": f"https://img3m7.ddimg.cn/1/2/{product_id}-1_b_1.jpg",
        "page": 1,
        "position": 1,
        "price": Decimal("39.00"),
        "price_text": "¥39.00",
        "list_price": Decimal("78.00"),
        "list_price_text": "¥78.00",
        "discount_text": "5折",
        "ebook_price": None,
        "ebook_only": False,
        "sold_out": False,
        "volumes": 1,
        "contributors": (Contributor("张三", "著"),),
        "contributors_text": "张三 著",
        "publisher": "演示出版社",
        "published": dt.date(2021, 3, 31),
        "published_text": "2021-03-31",
        "rating": 4.5,
        "reviews": 1234,
        "seller": None,
        "self_operated": True,
        "flags": frozenset(),
        "highlighted": True,
        "price_order": False,
    }
    unknown = over.keys() - values.keys()
    assert not unknown, f"no fields of a listing: {unknown}"
    return Listing(**(values | over))


def make_page(
    number: int, *, verdict: Verdict = Verdict.OK, detail: str = "", listings: Sequence[Listing] = ()
) -> PageResult:
    """Return a page of a result."""
    url = f"https://search.dangdang.com/?key=x&page_index={number}"
    return PageResult(number, url, verdict, detail, tuple(listings), attempts=1)


def make_result(
    listings: Iterable[Listing] | None = None,
    *,
    failed: Iterable[PageResult] = (),
    criteria: SelectionCriteria | None = None,
    **over: Any,
) -> SearchResult:
    """Return a search whose one `ok` page held `listings` (default: one plain book), besides the `failed` pages.

    Books, counts and drops follow from the listings by the project's own way, with `criteria`.
    """
    listings = (make_listing(),) if listings is None else tuple(listings)
    failed = tuple(failed)
    taken = {page.page for page in failed}
    number = next(n for n in range(1, 1000) if n not in taken)
    pages = sorted([make_page(number, listings=listings), *failed], key=lambda page: page.page)
    criteria = criteria or SelectionCriteria()
    book_list = build_books([(number, listings)], criteria)
    values: dict[str, Any] = {
        "query": "滲透測試",
        "query_sent": "渗透测试",
        "shop": "dangdang",
        "base_url": "https://search.dangdang.com",
        "demo": False,
        "rank": criteria.rank,
        "started_at": STARTED,
        "finished_at": STARTED + dt.timedelta(seconds=3.4),
        "pages": tuple(pages),
        "available": len(pages),
        "counts": book_list.counts,
        "books": book_list.books,
        "dropped": book_list.dropped,
        "options": {
            "sellers": "self", "category": "books", "sort": "default", "min_price": None, "max_price": None,
            "keep": tuple(sorted(criteria.keep)), "condition": criteria.filters.condition,
            "max_volume_price": criteria.filters.max_volume_price,
            "publisher": criteria.filters.publisher, "author": criteria.filters.author,
            "since": criteria.filters.since, "min_reviews": criteria.filters.min_reviews,
        },
    }  # fmt: skip
    return SearchResult(**({"renderer": ReportRenderer()} | values | over))


def make_empty_result(*pages: PageResult, **over: Any) -> SearchResult:
    """Return a search without any listing, with the given outcomes of its pages."""
    return make_result((), **({"pages": pages, "available": None} | over))


def with_past(
    result: SearchResult, prices: Sequence[str], *, list_prices: Sequence[str] | None = None
) -> SearchResult:
    """Return a recorded search; every book has a past of one price a day, the last at the search itself."""
    listed = list_prices or ["78.00"] * len(prices)
    past = [
        Observation(
            "1", "书", STARTED - dt.timedelta(days=back), Decimal(price), Decimal(list_price), 4.5, 1234
        )
        for back, (price, list_price) in enumerate(zip(reversed(prices), reversed(listed), strict=True))
    ]
    history = price_history(past[::-1])
    return replace(
        result, recorded=True, books=tuple(replace(book, history=history) for book in result.books)
    )
