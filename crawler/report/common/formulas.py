"""Keep spreadsheets from interpreting text as a formula."""

from __future__ import annotations

__all__ = ["escape_formula"]

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Characters that open a formula in spreadsheets; full-width ones do in an East Asian Excel (OWASP, «CSV
Injection»)."""


def escape_formula(text: str) -> str:
    """Put an apostrophe before text that would open a formula, so that no spreadsheet runs it."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
