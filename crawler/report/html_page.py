"""The HTML report's page: its template, compiled when this module is imported, its style, its script, its policy.

Import it in the wait for the network: jinja2 and the compiling take some 50 ms. Style and script are the project's own
(MIT, like all of it), and no chart or table library stands beside them: each report carries its whole page, and a
library would be ten times the size of its data (Chart.js alone is 200 KB), would draw nothing without script, and
gives points that no keyboard reaches. Here the drawing is SVG, the table a table; the script sorts, filters and shows.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

__all__ = ["SCRIPT", "STYLE", "TEMPLATE", "policy"]

_ASSETS = Path(__file__).with_name("assets")


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


STYLE = Markup(_read("report.css"))  # noqa: S704 – a file of ours
SCRIPT = Markup(_read("report.js"))  # noqa: S704 – a file of ours

TEMPLATE = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
).from_string(_read("report.html"))


def policy(*styles: str) -> str:
    """Return the Content-Security-Policy of a report: its own script and `styles` alone, and no request at all."""
    allowed = " ".join(map(_hashed, styles))
    return (
        f"default-src 'none'; script-src {_hashed(SCRIPT)}; style-src {allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
