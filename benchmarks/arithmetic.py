"""Arithmetic of the benchmarks: medians, ratios per round, and regressions."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Spread", "in_turns", "ratios", "regressions", "slopes"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """The median of figures, with the lowest and the highest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Return the spread of at least one figure."""
        return cls(statistics.median(figures), min(figures), max(figures))


def in_turns(work: Mapping[K, Callable[[], T]], rounds: int) -> dict[K, list[T]]:
    """Run each task once per round (A B C A B C …), after one warm-up round, and return the results by name."""
    for task in work.values():
        task()
    results: dict[K, list[T]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, task in work.items():
            results[name].append(task())
    return results


def ratios(dividends: Sequence[float], divisors: Sequence[float]) -> Spread:
    """Return the spread of the ratios per round; a disturbance affects both figures of a round."""
    return Spread.of([one / other for one, other in zip(dividends, divisors, strict=True)])


def slopes(small: Sequence[float], large: Sequence[float], steps: int) -> list[float]:
    """Return the cost of one step in each round, from two amounts of work that differ by `steps`."""
    return [(more - less) / steps for less, more in zip(small, large, strict=True)]


def regressions(now: Mapping[str, float], stored: Mapping[str, float], tolerance: float) -> list[str]:
    """Return the names of ratios that grew by more than `tolerance`, and of stored ratios that are missing now."""
    return [name for name, ratio in stored.items() if name not in now or now[name] > ratio * (1 + tolerance)]
