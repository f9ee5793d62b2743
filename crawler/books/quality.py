"""Rate the quality of a book, its value for its price, and its position on the frontier: pure functions of numbers.

*Quality*, in stars. Assume that each book's own mean comes from one normal distribution around `C`, the mean of all
books, and that each review deviates from it with a standard deviation of one star. For a rating `R` from `n` reviews,
the posterior has the mean and the standard deviation

    S = (n·R + m·C) / (n + m)        the rating, pulled toward the mean if reviews are few
    d = 1 / sqrt(n + m)              the uncertainty that `n` reviews leave

and the quality is S - d: a lower bound that holds with odds of about five to one. `m` is the weight of the mean of all
books, as a number of reviews: `PRIOR_REVIEWS`. A book without stars has n = 0.

    Source: Gelman et al., «Bayesian Data Analysis», 3rd ed., §2.5 (normal mean, known variance); S alone is the
    «Bayesian average», the weighted rating of IMDb's Top 250. On ranking by a bound instead of the mean: Evan
    Miller, «How Not To Sort By Average Rating» (2009).

*Value*: quality minus price, both as standard scores over the competing books. The price enters as its logarithm, so
that ¥10 and ¥20 are as far apart as ¥50 and ¥100:

    V = z(quality) - z(ln price)

    Source: the difference of two standard scores is the usual composite of measures with different scales (OECD,
    «Handbook on Constructing Composite Indicators», 2008, §5 and §6). Prices in another unit shift every ln by the same
    amount, so the order stays the same.

*Frontier*: the books that no other dominates, with lower price at equal or better quality, or better quality at equal
or lower price (Pareto efficiency).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

__all__ = ["PRIOR_REVIEWS", "frontier", "qualities", "values"]

PRIOR_REVIEWS = 20
"""Weight of the mean of all books, as a number of reviews (m). The real pages of 2025 have 338 to 11,963 reviews a
book: those keep their own stars within a hundredth or two, while five stars from three reviews end up near the mean."""

_DIGITS = 4
"""Significant decimals: smaller differences count as equal, so that floating-point noise decides no order."""


def qualities(ratings: Iterable[tuple[float | None, int | None]]) -> list[float | None]:
    """Return the quality in stars for each (stars out of 5 or None, number of reviews or None).

    All are None if no book has both stars and a review, because there is no mean then.
    """
    # Plain numbers: a million pairs at once would keep the garbage collector busy.
    shown, weights = list[float](), list[int]()
    for stars, reviews in ratings:
        shown.append(stars or 0.0)
        weights.append(reviews if stars is not None and reviews else 0)
    rated = [stars for stars, weight in zip(shown, weights, strict=True) if weight]
    if not rated:
        return [None] * len(shown)
    mean = math.fsum(rated) / len(rated)
    return [_quality(stars, weight, mean) for stars, weight in zip(shown, weights, strict=True)]


def _quality(stars: float, reviews: int, mean: float) -> float:
    weight = reviews + PRIOR_REVIEWS
    shrunk = (reviews * stars + PRIOR_REVIEWS * mean) / weight
    return round(shrunk - 1 / math.sqrt(weight), _DIGITS)


def values(
    prices: Sequence[Decimal | None], quality: Sequence[float | None], competing: Sequence[bool]
) -> list[float | None]:
    """Return the value of each book, in standard deviations; None without a price.

    Means and deviations are those of the competing books, or of all if none competes. If qualities are unknown or all
    equal, only the price counts, and vice versa.
    """
    logs = [math.log(price) if price else None for price in prices]
    counts = competing if any(competing) else [True] * len(prices)
    goodness, cheapness = _scores(quality, counts), _scores(logs, counts)
    return [
        None if cheap is None else round((good or 0.0) - cheap, _DIGITS) + 0.0  # no -0.0
        for good, cheap in zip(goodness, cheapness, strict=True)
    ]


def _scores(numbers: Sequence[float | None], counts: Sequence[bool]) -> list[float | None]:
    """Return the standard scores of `numbers`, relative to those that count; 0 if all are equal."""
    sample = [
        number for number, counted in zip(numbers, counts, strict=True) if counted and number is not None
    ]
    if not sample:
        return [None if number is None else 0.0 for number in numbers]
    mean = math.fsum(sample) / len(sample)
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in sample) / len(sample))
    if deviation < 1e-9:  # floating-point noise: the numbers are equal
        return [None if number is None else 0.0 for number in numbers]
    return [None if number is None else (number - mean) / deviation for number in numbers]


def frontier(
    prices: Sequence[Decimal | None], quality: Sequence[float | None], competing: Sequence[bool]
) -> list[bool]:
    """Return for each book: True if it competes and no other competing book beats it on price and quality.

    Books of equal price and quality share the frontier. If no quality is known, it holds the books of the lowest price.
    """
    worths = [worth or 0.0 for worth in quality]
    best: dict[Decimal, float] = {}
    """The best quality at each price."""
    for price, worth, competes in zip(prices, worths, competing, strict=True):
        if competes and price is not None and worth >= best.get(price, -math.inf):
            best[price] = worth
    standing, least = dict[Decimal, float](), -math.inf
    for price in sorted(best):
        if best[price] > least:
            standing[price] = least = best[price]
    qualities_of_standing = set(standing.values())  # checked first: floats hash faster than Decimals
    return [
        competes and worth in qualities_of_standing and price is not None and standing.get(price) == worth
        for price, worth, competes in zip(prices, worths, competing, strict=True)
    ]
