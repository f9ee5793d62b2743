"""Make JSON safe to show on a terminal: escape control characters without changing the values."""

from __future__ import annotations

import re

__all__ = ["escape_controls"]

_CONTROLS = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]"  # DEL; C1 (U+0080 to U+009F), such as CSI and OSC
    rb"|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]"  # text direction: marks, embeddings, isolates
    rb"|\xe2\x80[\xa8\xa9]"  # U+2028, U+2029: line ends to some programs
)
"""In UTF-8. Encoders escape characters below U+0020 by themselves; none of these occurs within another character."""


def escape_controls(data: bytes) -> bytes:
    r"""Escape C1 and direction controls, DEL and line separators in UTF-8 JSON as \uXXXX, with the same meaning.

    JSON contains no such character outside strings.
    """
    return _CONTROLS.sub(lambda control: b"\\u%04x" % ord(control[0].decode()), data)
