"""The table with which an offline page finds 滲透 where 渗透 was typed, and the other way round.

Import it in the wait for the network: building the table takes some 40 ms, most of it to load OpenCC.
"""

from __future__ import annotations

from collections.abc import Iterable

from crawler.query import simplified

__all__ = ["folding"]

_IDEOGRAPHS = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]

# One a line: OpenCC converts some words otherwise than their characters.
_SIMPLIFIED = {
    char: plain
    for char, plain in zip(_IDEOGRAPHS, simplified("\n".join(_IDEOGRAPHS)).split("\n"), strict=True)
    if char != plain
}


def folding(texts: Iterable[str]) -> str:
    """Return pairs of characters, a Traditional one and the Simplified one that stands for both.

    For each character of `texts`, the searched ones, they hold all that are folded into the same.
    """
    wanted = {_SIMPLIFIED.get(char, char) for char in set().union(*texts)}
    return "".join(char + plain for char, plain in _SIMPLIFIED.items() if plain in wanted)
