"""Real books, if available: the first page for 人工智能 of 2025, and 1,000 books of 2023."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from crawler.books.book import Book
from crawler.books.identity import same_books
from crawler.books.offers import Offers
from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.books.ranking import RANKINGS, first_by, rank_books
from crawler.books.topic import Topic
from crawler.query import simplified
from parsers.dangdang import parse_search_page
from parsers.model import Listing
from parsers.names import parse_contributors
from parsers.text import parse_date, parse_price
from parsers.titles import read_title
from tests.factories import make_listing
from tests.parsers.markup import real


def page_of_2025() -> tuple[Listing, ...]:
    """Return the 24 listings of the real page; skip the test if it is not available."""
    return parse_search_page(real("search_2025_ai_first24.html"), charset=None, page=1).listings


def books_of_2023() -> list[Listing]:
    """Return the 1,000 books of the real catalogue as listings; skip the test if it is not available."""
    rows = csv.DictReader(io.StringIO(real("catalogue_2023_1000.csv").decode("utf-8-sig")))
    return [_listing(place, row) for place, row in enumerate(rows, start=1)]


def _listing(place: int, row: dict[str, str]) -> Listing:
    number = re.search(r"/(\d+)\.html", row["详情页"])
    assert number is not None, row
    title, rate = row["书名"].strip(), row["推荐量"].rstrip("%")
    facts = read_title(title)
    return make_listing(
        product_id=number[1], title=title, subtitle="", description=row["desc"].strip(), position=place,
        price=parse_price(row["售价"]), price_text=row["售价"],
        list_price=parse_price(row["原价"]), list_price_text=row["原价"],
        ebook_price=parse_price(row["电子书价格"]), volumes=facts.volumes, flags=facts.flags,
        sold_out=facts.sold_out, contributors=parse_contributors(row["作者"]), contributors_text=row["作者"],
        publisher=row["出版社"] or None, published=parse_date(row["出版日期"]), published_text=row["出版日期"],
        rating=float(rate) / 20 or None if rate else None, reviews=int(float(row["评论数"] or 0)),
        highlighted=False,
    )  # fmt: skip


def ranked(found: list[Offers], by: str) -> list[Book]:
    books = list(rank_books(found, by))
    assert [book.rank for book in books] == list(range(1, len(found) + 1))
    return books


@pytest.mark.parametrize("query", ["人工智能", "人工智慧"])
def test_no_real_item_is_off_topic(query: str) -> None:
    """All 24 real items are kept as 24 books, by the shop's highlighting and without it."""
    listings = page_of_2025()
    topic = Topic(simplified(query), simplified=simplified)
    book_list = build_books([(1, listings)], SelectionCriteria(topic))
    assert (book_list.dropped, book_list.counts.books) == ((), 24)
    unmarked = [make_listing(title=one.title, subtitle=one.subtitle, highlighted=False) for one in listings]
    assert all(map(topic.covers, unmarked))


def test_the_real_set_is_not_merged_with_its_single_offer() -> None:
    """«人工智能：现代方法 第4版 上下册» and a seller's copy with another title stay apart: precision comes first."""
    assert all(len(offers) == 1 for offers in same_books(page_of_2025()))


def test_a_thousand_real_books_are_read() -> None:
    """Each has a unique number, a price and a title; nearly all have stars, author and publisher."""
    listings = books_of_2023()
    assert len({listing.product_id for listing in listings}) == len(listings) == 1000
    assert all(listing.price and listing.title for listing in listings)
    assert sum(listing.rating is not None for listing in listings) > 990
    assert sum(bool(listing.authors) for listing in listings) > 900
    assert sum(listing.publisher is not None for listing in listings) > 990


def test_no_two_different_real_books_are_merged() -> None:
    """The catalogue lists each book once: nothing is merged, neither volumes of one work nor grades nor sets."""
    merged = [[one.title for one in offers] for offers in same_books(books_of_2023()) if len(offers) > 1]
    assert merged == []


@pytest.mark.parametrize("source", [page_of_2025, books_of_2023])
def test_the_rankings_of_real_books_make_sense(source: object) -> None:
    """Each begins with the extreme of its figure, and no other book beats the answers."""
    assert callable(source)
    found = same_books(source())
    cheapest, best, value, per_volume = (ranked(found, by) for by in RANKINGS)
    lowest = min(book.price for book in cheapest if book.price is not None)
    assert cheapest[0].price == lowest
    assert best[0].quality == max(book.quality for book in best if book.quality is not None)
    assert value[0].value == max(book.value for book in value if book.value is not None)
    assert per_volume[0].price_per_volume == min(
        book.price_per_volume for book in per_volume if book.price_per_volume
    )
    assert best[0].frontier
    assert value[0].frontier
    assert any(book.frontier for book in cheapest if book.price == lowest)
    # A frontier that holds everything, or the cheapest alone, would say nothing.
    assert 1 < sum(book.frontier for book in cheapest) < len(cheapest) / 2
    for by, books in zip(RANKINGS, (cheapest, best, value, per_volume), strict=True):
        assert first_by(by, books) == next(
            book for book in books if book.rating is not None or by in {"cheapest", "per-volume"}
        )


def test_the_best_real_books_are_well_known() -> None:
    """Of the ten best of 1,000, each has stars from many reviews, and the best value is cheap as well."""
    found = same_books(books_of_2023())
    assert all((book.reviews or 0) > 10_000 for book in ranked(found, "best")[:10])
    prices = sorted(book.price for book in ranked(found, "cheapest") if book.price is not None)
    median = prices[len(prices) // 2]
    assert all(book.price is not None and book.price < median for book in ranked(found, "value")[:10])
    assert prices[0] > Decimal(0)
