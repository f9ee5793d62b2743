"""Keep Markdown from interpreting text as markup."""

from __future__ import annotations

import re

from crawler.clean import clean

__all__ = ["escape"]

_SPECIAL = re.compile(
    r"[\\`*_\[\]<>#|~&$]"  # emphasis, code, links, tags, headings, tables, strikes, entities, GitHub's formulas
    r"|(?<=https)[:]|(?<=http)[:]|(?<=ftp)[:]|(?<=www)\."  # addresses that GitHub would turn into links
    r"|^[-+=]",  # lists and underlines, at the start of a line
    re.IGNORECASE,
)

_NUMBERED_LIST = re.compile(r"^(\d{1,9})([.)])")


def escape(text: str) -> str:
    """Clean and escape `text` so that Markdown shows it unchanged, even at the start of a line or in a table."""
    return _NUMBERED_LIST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", clean(text)))
