"""Where words stand beside stars in a drawing whose width is known only when it is looked at: they cover no star.

Positions in the drawing are percentages, letters and stars have their size in pixels. So a place is tried at every
width that a desk or a phone gives the drawing; where the two need different places, the words are written twice, and
the style sheet shows those that fit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import escape

__all__ = ["labels"]

Place = tuple[float, float]
"""Percent from the left and from the top."""


class _Screen(NamedTuple):
    """What the style sheet gives the drawing: its height in pixels, and the widths that it may have."""

    name: str
    height: int
    widths: tuple[int, ...]


_SCREENS = (
    _Screen("wide", 420, tuple(range(530, 1160, 30))),
    _Screen("narrow", 360, tuple(range(240, 580, 20))),
)
"""On each side of the 640 pixels of `assets/page.css`."""

_STAR = 10
"""Pixels from the middle of a star to its tips, and a little air."""

_LETTER, _ASCENT, _DESCENT = 8.0, 13, 4
"""Pixels of a letter's width, at most on average, and of a line above and below its foot; a Chinese character is
13 wide."""

_SHIFTS = (
    *((side, across, down) for down in (-14, 24, -32, 42, -50, 60) for side, across in (("end", -10), ("start", 10))),
    *(("middle", 0, down) for down in (-16, 28, -34, 46, -52, 64)),
)  # fmt: skip
"""How words may stand to their star, the best first: which end is beside it, and pixels from its middle."""

_Words = tuple[Place, str]
_Size = tuple[int, int]
_Shift = tuple[str, int, int]
_Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def labels(words: Sequence[_Words], stars: Sequence[Place]) -> Iterator[str]:
    """Yield the words beside their stars as SVG; on a screen without a free place for them they are left out."""
    chosen = {screen.name: _placed(words, stars, screen) for screen in _SCREENS}
    for at, ((x, y), text) in enumerate(words):
        wide, narrow = chosen["wide"][at], chosen["narrow"][at]
        same = wide == narrow
        for name, shift in (("", wide),) if same else (("wide", wide), ("narrow", narrow)):
            if shift is not None:
                side, across, down = shift
                kind = f"label {side} {name}".strip()
                yield (
                    f'<text class="{kind}" x="{x:.2f}%" y="{y:.2f}%" dx="{across}" dy="{down}">{escape(text)}</text>'
                )


def _placed(words: Sequence[_Words], stars: Sequence[Place], screen: _Screen) -> list[_Shift | None]:
    """Return for each of the words the first place that is free at every width of a screen."""
    sizes = [(width, screen.height) for width in screen.widths]
    taken: list[tuple[_Words, _Shift]] = []
    found: list[_Shift | None] = []
    for each in words:
        free = (
            shift for shift in _SHIFTS if all(_is_free((each, shift), stars, taken, size) for size in sizes)
        )
        shift = next(free, None)
        found.append(shift)
        if shift is not None:
            taken.append((each, shift))
    return found


def _is_free(
    label: tuple[_Words, _Shift], stars: Sequence[Place], taken: Sequence[tuple[_Words, _Shift]], size: _Size
) -> bool:
    left, top, right, bottom = box = _box(label, size)
    width, height = size
    if left < 0 or right > width or top < -_ASCENT or bottom > height:
        return False
    if any(_touch(box, _box(other, size)) for other in taken):
        return False
    return not any(
        left - _STAR < x * width / 100 < right + _STAR and top - _STAR < y * height / 100 < bottom + _STAR
        for x, y in stars
    )


def _box(label: tuple[_Words, _Shift], size: _Size) -> _Box:
    ((x, y), text), (side, across, down) = label
    beside, foot = x * size[0] / 100 + across, y * size[1] / 100 + down
    long = sum(13 if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in text)
    left = beside - {"start": 0, "middle": long / 2, "end": long}[side]
    return left, foot - _ASCENT, left + long, foot + _DESCENT


def _touch(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
