"""The exit codes of commands."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["MEANINGS", "ExitCode"]


class ExitCode(IntEnum):
    """The exit codes, by name."""

    WHOLE = 0
    NOT_WRITTEN = 1
    USAGE = 2
    PARTIAL = 3
    NO_PAGE = 4
    LOCKED = 5
    INTERNAL = 70  # EX_SOFTWARE of BSD's sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells do it
    TERMINATED = 143  # 128 + SIGTERM


MEANINGS = {
    ExitCode.WHOLE: "complete; also when the shop has no results",
    ExitCode.NOT_WRITTEN: "the report or the history could not be written (for example, a full disk); or open files, "
    "memory, threads or packages are lacking",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.PARTIAL: "some pages failed; the report is written, marked partial",
    ExitCode.NO_PAGE: "no page could be read; no file is written",
    ExitCode.LOCKED: "another watch is running, or another bulk crawl in its folder (only from these commands)",
    ExitCode.INTERNAL: "internal error, a bug in this program",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C); the report of what had been read is written, marked partial",
    ExitCode.TERMINATED: "terminated (SIGTERM); the same",
}
"""The meanings of the exit codes, as listed in the help."""
