"""The order of the books: sorted, total, fair to better and cheaper books, and independent of the input order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.book import Book
from crawler.books.offers import Offers
from crawler.books.ranking import RANKINGS, first_by, rank_books
from parsers.model import Flag, Listing
from tests.factories import make_listing

PRICES = st.one_of(
    st.sampled_from([Decimal("8.80"), Decimal("8.8"), Decimal("9.00"), Decimal("100.00")]),
    st.integers(1, 10**8).map(lambda cents: Decimal(cents).scaleb(-2)),
)
STARS = st.sampled_from([None, 0.5, 3.0, 4.5, 4.8, 5.0])
REVIEWS = st.sampled_from([None, 0, 1, 7, 1234, 3_000_000])
LISTINGS = st.builds(
    make_listing,
    product_id=st.integers(0, 10**20).map(str),
    price=PRICES,
    rating=STARS,
    reviews=REVIEWS,
    volumes=st.sampled_from([None, 1, 1, 3, 7]),
)


def _books(listings: st.SearchStrategy[Listing]) -> st.SearchStrategy[list[Offers]]:
    alone = st.lists(listings, max_size=12, unique_by=lambda listing: listing.product_id)
    return alone.map(lambda found: [(listing,) for listing in found])


BOOKS = _books(LISTINGS)
ODD_BOOKS = _books(
    st.builds(
        make_listing,
        product_id=st.integers(0, 10**20).map(str),
        price=st.none() | PRICES,
        rating=STARS,
        reviews=REVIEWS,
        sold_out=st.booleans(),
        flags=st.sampled_from([frozenset[Flag](), frozenset({Flag.ACCESSORY})]),
    )
)
RANKS = st.sampled_from(sorted(RANKINGS))


def singles(*listings: Listing) -> list[Offers]:
    return [(listing,) for listing in listings]


def ids(books: Sequence[Book]) -> list[str]:
    return [book.listing.product_id for book in books]


def bare(book: Book) -> tuple[str, float | None, float | None, bool]:
    return book.listing.product_id, book.quality, book.value, book.frontier


@given(ODD_BOOKS, RANKS, st.randoms(use_true_random=False))
def test_the_order_of_the_books_does_not_matter(found: list[Offers], by: str, random: Random) -> None:
    """Any permutation gives the same books with the same ranks, figures and marks, in every ranking."""
    assert rank_books(random.sample(found, len(found)), by) == rank_books(found, by)


@given(ODD_BOOKS, RANKS)
def test_ranks_count_and_every_book_has_one(found: list[Offers], by: str) -> None:
    """Every book gets one rank, from 1 without gaps, with its cheapest offer and that offer's price."""
    books = rank_books(found, by)
    assert [book.rank for book in books] == list(range(1, len(found) + 1))
    assert {book.offers for book in books} == set(found)
    assert all(book.listing is book.offers[0] and book.price == book.listing.price for book in books)


@given(BOOKS)
def test_prices_rise(found: list[Offers]) -> None:
    """No book is cheaper than the one before it."""
    books = rank_books(found)
    assert all(a.listing.price <= b.listing.price for a, b in pairwise(books))  # type: ignore[operator]


@given(BOOKS)
def test_each_ranking_is_sorted_by_its_own_number(found: list[Offers]) -> None:
    """Quality and value fall, prices per volume rise with unknown ones last; equal ones have the cheapest first."""
    for by, number in {
        "best": lambda book: -(book.quality or 0.0),
        "value": lambda book: -book.value,
        "per-volume": lambda book: (
            book.price / book.listing.volumes if book.listing.volumes else Decimal("Infinity")
        ),
    }.items():
        keys = [(number(book), book.price) for book in rank_books(found, by)]  # type: ignore[no-untyped-call]
        assert keys == sorted(keys)


@given(
    BOOKS,
    RANKS,
    st.sampled_from([Decimal("0.01"), Decimal("0.2"), Decimal(3), Decimal("7.19"), Decimal(1000)]),
)
def test_scaling_all_prices_keeps_the_order(found: list[Offers], by: str, factor: Decimal) -> None:
    """In another currency, the order, quality, value and frontier stay the same."""
    scaled = singles(*(replace(first, price=first.price * factor) for (first,) in found if first.price))
    assert [*map(bare, rank_books(scaled, by))] == [*map(bare, rank_books(found, by))]


@given(BOOKS)
def test_the_worse_and_dearer_never_ranks_above_the_better_and_cheaper(found: list[Offers]) -> None:
    """Under `value`, a book that is neither worse nor more expensive than another, and not equal, comes first."""
    books = rank_books(found, "value")
    for at, above in enumerate(books):
        for below in books[at + 1 :]:
            assert above.price is not None
            assert below.price is not None
            at_least = (below.quality or 0.0) >= (above.quality or 0.0) and below.price <= above.price
            assert not at_least or (below.quality, below.price) == (above.quality, above.price)


@given(BOOKS)
def test_the_first_of_each_ranking_stands_on_the_frontier(found: list[Offers]) -> None:
    """No book beats the cheapest, the best or the best value."""
    for by in ("cheapest", "best", "value"):
        books = rank_books(found, by)
        assert not books or books[0].frontier


@given(ODD_BOOKS, RANKS)
def test_the_answer_is_the_first_that_competes(found: list[Offers], by: str) -> None:
    """`first_by` returns the first of its ranking that is on sale, a book, and, if that counts, rated.

    If no rated book has a number of reviews, the stars mean nothing: then no book is the best.
    """
    books = rank_books(found, by)
    can = [
        book
        for book in books
        if not book.listing.sold_out
        and book.price is not None
        and not book.listing.flags
        and (by in {"cheapest", "per-volume"} or (book.rating is not None and book.quality is not None))
    ]
    assert first_by(by, books[::-1]) == (can[0] if can else None)


def test_ties_are_broken_by_quality_rating_reviews_and_number() -> None:
    """At one price: higher quality, then better rating, then more reviews, then the lower number."""
    expected = [
        make_listing(product_id="50", rating=4.5, reviews=9),
        make_listing(product_id="9", rating=4.5, reviews=8),
        make_listing(product_id="10", rating=4.5, reviews=8),
        make_listing(product_id="1", rating=4.5, reviews=0),
        make_listing(product_id="2", rating=4.5, reviews=None),
        make_listing(
            product_id="4", rating=None, reviews=5000
        ),  # no worse than the mean, for all that is known
        make_listing(product_id="3", rating=4.0, reviews=5000),
    ]
    assert ids(rank_books(singles(*expected[::-1]))) == [listing.product_id for listing in expected]


def test_the_cheapest_book_is_on_the_frontier() -> None:
    """Of two at the lowest price, the better comes first, even with fewer stars: five from one review prove little."""
    one, many = (
        make_listing(product_id="1", rating=5.0, reviews=1),
        make_listing(product_id="2", rating=4.8, reviews=9000),
    )
    first, second = rank_books(singles(one, many))
    assert (first.listing, first.frontier) == (many, True)
    assert not second.frontier


def test_numbers_of_any_length_are_compared_as_numbers() -> None:
    """A product number too long for an int still has its place, and leading zeros do not count."""
    long = "1" * 5000
    found = singles(*(make_listing(product_id=number) for number in (long, "0012", "9")))
    assert ids(rank_books(found)) == ["9", "0012", long]


def test_prices_that_differ_beyond_a_float_are_still_in_order() -> None:
    """Decimals that are equal as floats are in the order of the Decimals."""
    close = [
        Decimal("12345678901234567.03"),
        Decimal("12345678901234567.01"),
        Decimal("12345678901234567.02"),
    ]
    found = singles(*(make_listing(product_id=str(n), price=price) for n, price in enumerate(close)))
    assert len({float(price) for price in close}) == 1
    assert ids(rank_books(found)) == ["1", "2", "0"]


@pytest.mark.parametrize("by", RANKINGS)
def test_a_book_without_a_price_comes_last(by: str) -> None:
    """Kept with an unknown price, it ranks behind all others, except by quality."""
    found = singles(
        make_listing(product_id="1", price=None, rating=5.0, reviews=9999),
        make_listing(product_id="2", price=Decimal("900.00"), rating=3.0),
    )
    assert ids(rank_books(found, by)) == (["1", "2"] if by == "best" else ["2", "1"])


@pytest.mark.parametrize("by", RANKINGS)
def test_one_book_and_none(by: str) -> None:
    """A single book is first and on the frontier, with value 0; no book gives no answer."""
    (book,) = rank_books(singles(make_listing()), by)
    assert (book.rank, book.value, book.frontier) == (1, 0.0, True)
    assert rank_books([], by) == ()
    assert first_by(by, []) is None


@pytest.mark.parametrize("by", RANKINGS)
def test_books_that_are_all_alike_come_by_number(by: str) -> None:
    """If books do not differ, the lower product number is first, the value 0, and all are on the frontier."""
    books = rank_books(singles(*(make_listing(product_id=str(number)) for number in (30, 20, 100))), by)
    assert ids(books) == ["20", "30", "100"]
    assert {(book.value, book.frontier) for book in books} == {(0.0, True)}


def test_a_set_of_unknown_size_comes_last_per_volume() -> None:
    """Three volumes at ¥60 are cheaper per volume than one at ¥30; a set of unknown size is last."""
    found = singles(
        make_listing(product_id="1", price=Decimal("30.00")),
        make_listing(product_id="3", price=Decimal("60.00"), volumes=3),
        make_listing(product_id="4", price=Decimal("10.00"), volumes=None),
    )
    assert ids(rank_books(found, "per-volume")) == ["3", "1", "4"]


def test_a_book_has_the_stars_of_its_most_reviewed_offer() -> None:
    """A cheap, unrated copy is as good as the known book that it is a copy of."""
    cheap = make_listing(product_id="1", price=Decimal("20.00"), rating=None, reviews=None)
    known = make_listing(product_id="2", price=Decimal("30.00"), rating=4.9, reviews=5000)
    other = make_listing(product_id="3", price=Decimal("20.00"), rating=4.0, reviews=5000)
    best = rank_books([(cheap, known), (other,)], "best")[0]
    assert (best.listing, best.rating, best.reviews) == (cheap, 4.9, 5000)


def test_an_accessory_or_a_sold_out_book_beats_nobody() -> None:
    """A kept product that cannot be an answer is ranked, but neither on the frontier nor competing for it."""
    found = singles(
        make_listing(product_id="1", price=Decimal("2.00"), rating=5.0, flags=frozenset({Flag.ACCESSORY})),
        make_listing(product_id="2", price=Decimal("3.00"), rating=5.0, sold_out=True),
        make_listing(product_id="3", price=Decimal("40.00"), rating=4.0),
    )
    books = rank_books(found)
    assert [(book.listing.product_id, book.frontier) for book in books] == [
        ("1", False),
        ("2", False),
        ("3", True),
    ]
    assert first_by("cheapest", books) is books[2]
    everything = rank_books(found, goods=True)
    assert everything[0].frontier
    assert first_by("cheapest", everything, goods=True) is everything[0]


def test_the_rankings_are_known_by_name() -> None:
    """The report's `rank` is a key of RANKINGS, and an unknown one is an error."""
    assert list(RANKINGS) == ["cheapest", "best", "value", "per-volume"]
    with pytest.raises(KeyError):
        rank_books(singles(make_listing()), "dearest")
