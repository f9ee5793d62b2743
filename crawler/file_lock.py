"""Lock an open file. The lock ends with the file, however its process ends.

Use filelock for a separate lock file. filelock opens and truncates a path by itself, so it cannot lock a file that is
itself written or read: an unfinished file, a journal, a file that another program appends to.
"""

from __future__ import annotations

import sys

__all__ = ["try_lock"]


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file or folder; return True on success, False if it is locked, None if locks are unsupported."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network file system
        return None
    return True
