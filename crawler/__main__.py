"""The command: `python -m crawler`, and `bookprice` as a console script.

Spawned processes may import this module again, so it loads nothing until it runs. An older Python must be able to parse
this file and `crawler/__init__.py`: only they are loaded before the Python version is checked.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

__all__ = ["main", "run"]

OLDEST = (3, 11)
"""The oldest supported Python version, as in pyproject.toml."""

GC_THRESHOLD = 100_000
"""Allocations between two garbage collections, instead of 700: modules, and the parts of pages and books, are not
garbage. Looking for it among them takes 5% of a search's CPU time."""


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


def run() -> None:
    """Run the command as this process, and end the process with its exit code."""
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])
    code = main()
    if sys.version_info >= OLDEST:
        from crawler.cli.process_end import end_process

        end_process(code)
    raise SystemExit(code)


if __name__ == "__main__":
    run()
