"""The demo shop's random choices, which are the same on every machine and in every Python version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Draw"]

T = TypeVar("T")


class Draw:
    """A stream of numbers that depends only on a key.

    `hash()` differs between processes and `random` may differ between Python versions; a digest never does. One BLAKE2b
    digest has 512 bits, about what one product needs, so a draw costs one division.
    """

    __slots__ = ("_block", "_key", "_left", "_pool")

    def __init__(self, *key: str | int) -> None:
        self._key = "\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")
        self._block = 0
        self._pool = 0
        self._left = 1

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1; `bound` is far below 2^64, so the bias is negligible."""
        if self._left < bound << 64:
            digest = hashlib.blake2b(self._key + self._block.to_bytes(4, "big")).digest()
            self._pool, self._left = int.from_bytes(digest, "big"), 1 << 512
            self._block += 1
        self._pool, drawn = divmod(self._pool, bound)
        self._left //= bound
        return drawn

    def between(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, inclusive."""
        return low + self.below(high - low + 1)

    def chance(self, per_mille: float) -> bool:
        """Return True with a probability of `per_mille` / 1000, precise to a hundredth of a per mille."""
        return self.below(100_000) < per_mille * 100

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of `choices`."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Return `count` different `choices`, or all of them, in the order drawn."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
