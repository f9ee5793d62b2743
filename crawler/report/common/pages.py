"""Common parts of the HTML pages: templates, style sheets, and the policy that blocks network requests.

A page is one file. Its style and script are the project's own (MIT, like the rest) and are embedded in it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

__all__ = ["ASSETS", "asset", "policy", "template"]

ASSETS = Path(__file__).parents[1] / "assets"
"""The folder of templates, styles and scripts."""

_ENVIRONMENT = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    loader=FileSystemLoader(ASSETS),
    auto_reload=False,
)


def asset(*names: str) -> Markup:
    """Return files of the folder `assets`, concatenated, as markup for a template."""
    texts = ((ASSETS / name).read_text(encoding="utf-8") for name in names)
    return Markup("".join(texts))  # noqa: S704 – files of ours


def template(name: str) -> Template:
    """Return a compiled template of the folder `assets`, with the macros that all templates use."""
    for parts in ("parts.html", "search_parts.html", "history_parts.html"):
        _ENVIRONMENT.get_template(parts)
    return _ENVIRONMENT.get_template(name)


def policy(*styles: str, script: str | None = None) -> str:
    """Return the Content-Security-Policy of a page: only its own `styles` and `script`, and no requests at all."""
    allowed = " ".join(map(_hashed, styles))
    scripts = "" if script is None else f"script-src {_hashed(script)}; "
    return f"default-src 'none'; {scripts}style-src {allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
