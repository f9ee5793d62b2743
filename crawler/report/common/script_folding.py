"""Build the table with which an offline page finds 滲透 for the input 渗透, and the other way round.

Import this module while waiting for the network: building the table takes about 40 ms, mostly to load OpenCC.
"""

from __future__ import annotations

from collections.abc import Iterable

from crawler.query import simplified

__all__ = ["folding"]

_IDEOGRAPHS = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]

# One character per line, because OpenCC converts some words differently from their characters.
_SIMPLIFIED = {
    char: plain
    for char, plain in zip(_IDEOGRAPHS, simplified("\n".join(_IDEOGRAPHS)).split("\n"), strict=True)
    if char != plain
}


def folding(texts: Iterable[str]) -> str:
    """Return pairs of characters: a Traditional one, and the Simplified one that stands for both.

    The pairs include every character that folds to the same as a character of `texts`, the texts to search.
    """
    wanted = {_SIMPLIFIED.get(char, char) for char in set().union(*texts)}
    return "".join(char + plain for char, plain in _SIMPLIFIED.items() if plain in wanted)
