"""The command: `python -m crawler`, and `bookprice` as a console script.

Spawned processes may import this module again, so it loads nothing until it runs. An older Python must be able to parse
this file and `crawler/__init__.py`: only they are loaded before the Python version is checked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

OLDEST = (3, 11)
"""The oldest supported Python version, as in pyproject.toml."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: that of the process) and return its exit code; never raise."""
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "bookprice: Python {}.{} or newer is needed, and {} is {}.{}: run it with a newer one\n".format(
                *OLDEST, sys.executable, *sys.version_info
            )
        )
        return 1
    from crawler.cli.app import run_command

    return run_command(argv)


if __name__ == "__main__":
    raise SystemExit(main())
