"""How good a book is, what that is worth at its price, and which books no other beats: pure functions of numbers.

*Quality*, in stars. Each book's own mean is thought to be drawn from one normal distribution around `C`, the mean of
all, and each review to stray from it with a standard deviation of one star. For a rating `R` of `n` reviews the
posterior then has mean and standard deviation

    S = (n·R + m·C) / (n + m)        the rating, shrunk toward the mean when reviews are few
    d = 1 / sqrt(n + m)              how much `n` reviews leave open

and the quality is S - d: what the book is worth at least, with odds of about five to one. `m` is how many reviews the
mean of all weighs: `PRIOR_REVIEWS`. A book without stars has n = 0.

    Source: Gelman et al., «Bayesian Data Analysis», 3rd ed., §2.5 (normal mean, known variance); S alone is the
    «Bayesian average», the weighted rating of IMDb's Top 250. That a ranking takes a bound and not the mean: Evan
    Miller, «How Not To Sort By Average Rating» (2009).

*Value*: quality against price, both as standard scores over the books that compete, the price by its logarithm, so that
¥10 and ¥20 are as far apart as ¥50 and ¥100:

    V = z(quality) - z(ln price)

    Source: the difference of two standard scores is the usual composite of measures of unlike scale (OECD, «Handbook on
    Constructing Composite Indicators», 2008, §5 and §6). Prices of another unit shift every ln by the same amount, so
    the order stays.

*Frontier*: the books that no other beats, neither cheaper at the same quality or better, nor better at the same price
or cheaper (Pareto efficiency).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

__all__ = ["PRIOR_REVIEWS", "frontier", "qualities", "values"]

PRIOR_REVIEWS = 20
"""Reviews that the mean of all weighs (m). The real pages of 2025 have 338 to 11,963 reviews a book: those keep their
own stars within a hundredth or two, while five stars of three reviews are hardly above the mean."""

_DIGITS = 4
"""Decimals that count: what differs by less is equal, so that the noise of floats decides no order."""


def qualities(ratings: Iterable[tuple[float | None, int | None]]) -> list[float | None]:
    """Return the quality in stars for each (stars out of 5 or None, number of reviews or None).

    All are None when no book has both stars and a review: there is no mean to speak of then.
    """
    # Plain numbers, since a million pairs at once keep the garbage collector busy.
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

    Means and deviations are those of the books that compete, of all where none does. Where no quality is known, or all
    are alike, the price alone counts, and the other way round.
    """
    logs = [math.log(price) if price else None for price in prices]
    counts = competing if any(competing) else [True] * len(prices)
    goodness, cheapness = _scores(quality, counts), _scores(logs, counts)
    return [
        None if cheap is None else round((good or 0.0) - cheap, _DIGITS) + 0.0  # no -0.0
        for good, cheap in zip(goodness, cheapness, strict=True)
    ]


def _scores(numbers: Sequence[float | None], counts: Sequence[bool]) -> list[float | None]:
    """Return the standard scores of `numbers`, by mean and deviation of those that count; 0 where all are alike."""
    sample = [
        number for number, counted in zip(numbers, counts, strict=True) if counted and number is not None
    ]
    if not sample:
        return [None if number is None else 0.0 for number in numbers]
    mean = math.fsum(sample) / len(sample)
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in sample) / len(sample))
    if deviation < 1e-9:  # noise of floats: the numbers are alike
        return [None if number is None else 0.0 for number in numbers]
    return [None if number is None else (number - mean) / deviation for number in numbers]


def frontier(
    prices: Sequence[Decimal | None], quality: Sequence[float | None], competing: Sequence[bool]
) -> list[bool]:
    """Return for each book whether it competes and no other that does beats it on price and quality.

    Books of equal price and quality stand on it together. Without any quality those of the lowest price do.
    """
    worths = [worth or 0.0 for worth in quality]
    best: dict[Decimal, float] = {}
    """Of each price the best quality."""
    for price, worth, competes in zip(prices, worths, competing, strict=True):
        if competes and price is not None and worth >= best.get(price, -math.inf):
            best[price] = worth
    standing, least = dict[Decimal, float](), -math.inf
    for price in sorted(best):
        if best[price] > least:
            standing[price] = least = best[price]
    qualities_of_standing = set(standing.values())  # looked at first: floats are hashed faster than Decimals
    return [
        competes and worth in qualities_of_standing and price is not None and standing.get(price) == worth
        for price, worth, competes in zip(prices, worths, competing, strict=True)
    ]
