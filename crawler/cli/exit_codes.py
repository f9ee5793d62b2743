"""What the exit codes of a command mean."""

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
    INTERRUPTED = 130  # 128 + SIGINT, as a shell has it
    TERMINATED = 143  # 128 + SIGTERM


MEANINGS = {
    ExitCode.WHOLE: "whole; an honest «no results» is, too",
    ExitCode.NOT_WRITTEN: "not written after all (a full disk): report or history; or files, memory, threads or "
    "packages are missing",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.PARTIAL: "some pages failed; the report is written, marked partial",
    ExitCode.NO_PAGE: "no page could be read; no file is written",
    ExitCode.LOCKED: "another watch is running (of the command watch alone)",
    ExitCode.INTERNAL: "a defect of the program",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C); the report of what was there, marked partial",
    ExitCode.TERMINATED: "terminated (SIGTERM); likewise",
}
"""The exit codes as the help lists them."""
