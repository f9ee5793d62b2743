"""Quality, value and frontier as functions of numbers: bounds, monotonicity, and a written-out definition."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.quality import PRIOR_REVIEWS, frontier, qualities, values

STARS = st.none() | st.integers(1, 100).map(lambda percent: percent / 20)
REVIEWS = st.none() | st.integers(0, 3_000_000)
RATINGS = st.lists(st.tuples(STARS, REVIEWS), max_size=20)
PRICES = st.integers(1, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
FIELD = st.lists(
    st.tuples(
        st.none() | st.sampled_from([Decimal(10), Decimal("10.00"), Decimal(20), Decimal(30)]) | PRICES,
        st.none() | st.sampled_from([3.5, 4.0, 4.5]),
        st.booleans(),
    ),
    max_size=25,
)


@given(RATINGS)
def test_quality_lies_between_its_bounds(ratings: list[tuple[float | None, int | None]]) -> None:
    """It is never above the stars or the mean, whichever is higher, and less than a standard deviation below both."""
    rated = [stars for stars, reviews in ratings if stars is not None and reviews]
    found = qualities(ratings)
    if not rated:
        assert found == [None] * len(ratings)
        return
    mean, doubt = math.fsum(rated) / len(rated), 1 / math.sqrt(PRIOR_REVIEWS)
    for (stars, reviews), quality in zip(ratings, found, strict=True):
        own = stars if stars is not None and reviews else mean
        assert quality is not None
        assert min(own, mean) - doubt - 1e-4 <= quality <= max(own, mean)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=8), STARS.filter(bool), st.integers(1, 100))
def test_more_reviews_of_good_stars_never_lower_the_quality(
    counts: list[int], stars: float | None, other: int
) -> None:
    """With equal stars above the mean of all, the book with more reviews is not worse."""
    assert stars is not None
    low = min(stars, other / 20)
    ratings: list[tuple[float | None, int | None]] = [(stars, count) for count in sorted(counts)]
    found = qualities([*ratings, (low, 10)])[:-1]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(found))


@given(st.lists(st.integers(1, 100), min_size=2, max_size=8), st.integers(1, 10**6))
def test_better_stars_of_as_many_reviews_are_better(percents: list[int], count: int) -> None:
    """With equal numbers of reviews, the quality follows the stars."""
    found = qualities([(percent / 20, count) for percent in sorted(percents)])
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(found))


def test_few_reviews_are_drawn_to_the_mean() -> None:
    """Five stars from three reviews rank below 4.8 from thousands; one star from one review is not the worst."""
    five, known, one, bad = qualities([(5.0, 3), (4.8, 5000), (1.0, 1), (2.0, 5000)])
    assert five is not None
    assert known is not None
    assert one is not None
    assert bad is not None
    assert known > five
    assert one > bad


def test_a_book_without_stars_is_thought_middling() -> None:
    """Unrated, never reviewed, and rated without reviews: all get the mean, minus the uncertainty."""
    unrated, silent, starry, *_ = qualities([(None, 500), (None, None), (5.0, 0), (4.0, 100), (5.0, 100)])
    assert unrated == silent == starry == pytest.approx(4.5 - 1 / math.sqrt(PRIOR_REVIEWS), abs=1e-4)


@pytest.mark.parametrize("ratings", [[], [(None, None)], [(None, 5), (4.0, 0), (4.0, None)]])
def test_without_any_rating_no_quality_is_known(ratings: list[tuple[float | None, int | None]]) -> None:
    """Without any rating there is no mean."""
    assert qualities(ratings) == [None] * len(ratings)


@given(FIELD)
def test_the_frontier_is_what_no_other_beats(field: list[tuple[Decimal | None, float | None, bool]]) -> None:
    """It agrees with its definition, checked for each pair of books."""
    prices, quality, competing = ([*column] for column in zip(*field, strict=True)) if field else ([], [], [])

    def worth(at: int) -> float:
        return quality[at] or 0.0

    def beats(one: int, other: int) -> bool:
        if not competing[one] or prices[one] is None:
            return False
        is_as_good = worth(one) >= worth(other) and prices[one] <= prices[other]
        return is_as_good and (worth(one), prices[one]) != (worth(other), prices[other])

    places = range(len(field))
    assert frontier(prices, quality, competing) == [
        bool(competing[at]) and prices[at] is not None and not any(beats(other, at) for other in places)
        for at in places
    ]


@given(FIELD)
def test_value_is_known_where_the_price_is(field: list[tuple[Decimal | None, float | None, bool]]) -> None:
    """Every book with a price has a finite value; no other book has any."""
    prices, quality, competing = ([*column] for column in zip(*field, strict=True)) if field else ([], [], [])
    found = values(prices, quality, competing)
    assert [value is None for value in found] == [price is None for price in prices]
    assert all(math.isfinite(value) for value in found if value is not None)


def test_value_weighs_quality_and_price_alike() -> None:
    """Of two books a standard deviation apart in both, the more expensive, better one has the same value."""
    assert values([Decimal(10), Decimal(40)], [4.0, 5.0], [True, True]) == [0.0, 0.0]
    assert values([Decimal(10), Decimal(40)], [5.0, 4.0], [True, True]) == [2.0, -2.0]


def test_without_stars_the_price_alone_is_the_value() -> None:
    """If no quality is known, or all are equal, the price alone decides."""
    for quality in ([None, None], [4.0, 4.0]):
        assert values([Decimal(10), Decimal(40)], quality, [True, True]) == [1.0, -1.0]


@pytest.mark.parametrize(
    "price", [Decimal("0.01"), Decimal("39.00"), Decimal("9999999.99"), Decimal("1E+30")]
)
def test_books_of_one_price_and_quality_are_worth_nothing_in_particular(price: Decimal) -> None:
    """If all are equal, or there is only one, the value is 0, at any price."""
    for count in (1, 2, 7):
        assert values([price] * count, [4.5] * count, [True] * count) == [0.0] * count


def test_what_does_not_compete_does_not_shift_the_scale() -> None:
    """Means and deviations are those of the competing books, or of all if none competes."""
    prices: list[Decimal | None] = [Decimal(10), Decimal(40), Decimal(9999)]
    assert values(prices, [5.0, 4.0, 1.0], [True, True, False])[:2] == [2.0, -2.0]
    assert values(prices[:2], [5.0, 4.0], [False, False]) == [2.0, -2.0]
