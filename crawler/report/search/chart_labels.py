"""Place labels beside the stars of a drawing whose width is unknown until display, without covering a star.

Positions in the drawing are percentages, but letters and stars have a size in pixels. So each place is tried at every
width that the drawing can have on a desktop or on a phone. If the two need different places, the label is written
twice, and the style sheet shows the one that fits.
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
    """The size that the style sheet gives the drawing: its height in pixels, and its possible widths."""

    name: str
    height: int
    widths: tuple[int, ...]


_SCREENS = (
    _Screen("wide", 420, tuple(range(530, 1160, 30))),
    _Screen("narrow", 360, tuple(range(240, 580, 20))),
)
"""On each side of the breakpoint of 640 pixels in `assets/page.css`."""

_STAR = 10
"""Pixels from the centre of a star to its tips, with a small margin."""

_LETTER, _ASCENT, _DESCENT = 8.0, 13, 4
"""In pixels: the maximum average width of a letter, and the height of a line above and below its baseline; a Chinese
character is 13 wide."""

_SHIFTS = (
    *((side, across, down) for down in (-14, 24, -32, 42, -50, 60) for side, across in (("end", -10), ("start", 10))),
    *(("middle", 0, down) for down in (-16, 28, -34, 46, -52, 64)),
)  # fmt: skip
"""The possible places of a label, the best first: which end is beside its star, and pixels from the star's centre."""

_Words = tuple[Place, str]
_Size = tuple[int, int]
_Shift = tuple[str, int, int]
_Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def labels(words: Sequence[_Words], stars: Sequence[Place]) -> Iterator[str]:
    """Yield the labels beside their stars as SVG; omit a label on screens that have no free place for it."""
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
    """Return, for each label, the first place that is free at every width of a screen."""
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
