"""The order of the books: sorted, total, and the same for every order of the listings."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.ranking import RANKINGS, rank_cheapest
from parsers.model import Listing
from tests.factories import make_listing

LISTINGS = st.lists(
    st.builds(
        make_listing,
        product_id=st.integers(0, 10**20).map(str),
        price=st.sampled_from([Decimal("8.80"), Decimal("8.8"), Decimal("9.00"), Decimal("100.00")]),
        rating=st.sampled_from([None, 3.0, 4.5]),
        reviews=st.sampled_from([None, 0, 1, 1234]),
    ),
    max_size=12,
    unique_by=lambda listing: listing.product_id,
)


def ids(listings: list[Listing]) -> list[str]:
    return [book.listing.product_id for book in rank_cheapest(listings)]


@given(LISTINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_listings_does_not_matter(listings: list[Listing], random: Random) -> None:
    """Any permutation of the listings gives the same books with the same ranks."""
    shuffled = random.sample(listings, len(listings))
    assert rank_cheapest(shuffled) == rank_cheapest(listings)


@given(LISTINGS)
def test_prices_rise_and_ranks_count(listings: list[Listing]) -> None:
    """Every listing gets one rank, from 1 without gaps, and no book is cheaper than the one before it."""
    books = rank_cheapest(listings)
    assert [book.rank for book in books] == list(range(1, len(listings) + 1))
    assert {book.listing for book in books} == set(listings)
    assert all(a.price <= b.price for a, b in pairwise(books))
    assert all(book.price == book.listing.price for book in books)


def test_ties_are_broken_by_rating_reviews_and_number() -> None:
    """At one price: better rated, then more reviewed, then the lower number; the unknown comes last each time."""
    expected = [
        make_listing(product_id="50", rating=4.5, reviews=9),
        make_listing(product_id="9", rating=4.5, reviews=8),
        make_listing(product_id="10", rating=4.5, reviews=8),
        make_listing(product_id="1", rating=4.5, reviews=0),
        make_listing(product_id="2", rating=4.5, reviews=None),
        make_listing(product_id="3", rating=4.0, reviews=5000),
        make_listing(product_id="4", rating=None, reviews=5000),
    ]
    assert ids(expected[::-1]) == [listing.product_id for listing in expected]


def test_numbers_of_any_length_are_compared_as_numbers() -> None:
    """A product number too long for an int conversion still has its place, and leading zeros count for nothing."""
    long = "1" * 5000
    assert ids([make_listing(product_id=i) for i in (long, "0012", "9")]) == ["9", "0012", long]


def test_a_listing_without_a_price_cannot_be_ranked() -> None:
    """The error names the listing: it is the selection's business to leave it out."""
    with pytest.raises(ValueError, match="29220317 has no price"):
        rank_cheapest([make_listing(price=None)])


def test_the_rankings_are_known_by_name() -> None:
    """The report's `rank` is a key of RANKINGS."""
    assert RANKINGS["cheapest"] is rank_cheapest
