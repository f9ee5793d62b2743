"""The command: `python -m crawler`, and `bookprice` as a console script.

Spawned processes may import this module again, so it loads nothing until it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: that of the process) and return its exit code; prints, never raises."""
    from crawler.cli.app import run_command

    return run_command(argv)


if __name__ == "__main__":
    raise SystemExit(main())
