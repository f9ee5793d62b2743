"""A chart as an SVG document of its own, with its style in attributes: a page's policy forbids style elements."""

from __future__ import annotations

import re

__all__ = ["standalone_svg"]

_WIDTH, _HEIGHT = 960, 420
"""Pixels of the document; the plot leaves a margin for the figures on its axes."""

_COLOURS = ("#42688e", "#b3450a", "#2f7d4f", "#7a4fa0", "#8a6d00", "#a03050")
_DASHES = ("none", "8 4", "2 4", "10 3 2 3", "5 5", "1 3")

_Style = dict[str, str]

_STYLES: dict[str, _Style] = {
    "grid": {"stroke": "#e1e2dd"},
    "tick": {"font-size": "12", "fill": "#596068"},
    "number": {"font-size": "13", "font-weight": "600"},
    "price-line": {"fill": "none", "stroke-width": "2", "vector-effect": "non-scaling-stroke"},
    "middle": {"text-anchor": "middle"},
    "end": {"text-anchor": "end"},
}

_CLASS = re.compile(r' class="([a-z0-9 -]+)"')


def _styled(match: re.Match[str]) -> str:
    """Return the attributes of an element with these classes."""
    names = match[1].split()
    style: _Style = {}
    for name in names:
        style |= _STYLES.get(name, {})
        if name.startswith("line-"):
            place = int(name.removeprefix("line-")) - 1
            if "price-line" in names:
                style |= {"stroke": _COLOURS[place], "stroke-dasharray": _DASHES[place]}
            else:  # a number at the end of a line, or a dot
                style |= {"fill": _COLOURS[place]}
    return "".join(f' {name}="{value}"' for name, value in style.items())


def standalone_svg(plot: str) -> str:
    """Return the plot of a `CompareChart` as a document."""
    styled = _CLASS.sub(_styled, plot)
    inner = styled.replace("<svg", '<svg x="60" y="16" width="860" height="360" overflow="visible"', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>{inner}</svg>\n'
    )
