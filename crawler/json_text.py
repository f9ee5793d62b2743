"""JSON that is safe to show on a terminal: the same values, with characters that steer a terminal escaped."""

from __future__ import annotations

import re

__all__ = ["escape_controls"]

_CONTROLS = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]"  # DEL; C1 (U+0080 to U+009F), such as CSI and OSC
    rb"|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]"  # direction: marks, embeddings, isolates
    rb"|\xe2\x80[\xa8\xa9]"  # U+2028, U+2029: ends of lines to some readers
)
"""In UTF-8. Encoders escape those below U+0020 by themselves; none of these is ever a part of another character."""


def escape_controls(data: bytes) -> bytes:
    r"""Return JSON in UTF-8 with C1 and direction controls, DEL and line separators as \uXXXX, which means the same.

    Outside strings JSON holds no such character.
    """
    return _CONTROLS.sub(lambda control: b"\\u%04x" % ord(control[0].decode()), data)
