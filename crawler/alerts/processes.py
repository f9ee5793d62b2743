"""One process, bounded in time: when its time is up, or this program is interrupted, it ends with its children.

Where this program is killed, or ends itself at once, the process goes on, and what it delivers may be delivered again.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

__all__ = ["run"]


def run(
    argv: Sequence[str],
    *,
    given: bytes,
    environ: Mapping[str, str],
    seconds: float,
    output: bool = False,
) -> tuple[int, bytes]:
    """Run a program with `given` on its stdin; return its exit code, negative for a signal, and what it wrote.

    Nothing that it prints is shown; its stdout is kept when `output` is set. Without a shell, in a session of its own,
    so that the terminal's Ctrl-C is for this program to judge. Raises OSError when it cannot be started (ValueError
    for a NUL in its arguments), `subprocess.TimeoutExpired` when it was killed after `seconds`.
    """
    with subprocess.Popen(  # noqa: S603 – a list without a shell; the program is the user's own choice, or ours
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if output else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(environ),
        start_new_session=True,
    ) as process:
        try:
            written, _ = process.communicate(given, timeout=seconds)
        except BaseException:
            _kill(process)
            raise
    return process.returncode, written or b""


def _environment(environ: Mapping[str, str]) -> Mapping[bytes, bytes] | Mapping[str, str]:
    """Return the environment for a process: on POSIX in bytes, UTF-8 whatever the locale, as that of this one came."""
    if os.name != "posix":
        return environ
    return {
        name.encode("utf-8", "surrogateescape"): value.encode("utf-8", "surrogateescape")
        for name, value in environ.items()
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it started; after it was waited for, its number may be another's."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
