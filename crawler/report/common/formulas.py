"""Keep spreadsheets from taking text for a formula."""

from __future__ import annotations

__all__ = ["escape_formula"]

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Openings that spreadsheets take for a formula, full-width ones in an East Asian Excel (OWASP, «CSV Injection»)."""


def escape_formula(text: str) -> str:
    """Return `text` so that no spreadsheet runs it: an apostrophe goes before what would open a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
