"""Run one process with a time limit: if it expires, or this program ends for any reason, the process group is killed.

Even SIGKILL, which this program cannot handle, leaves no process behind: a shell that waits beside it kills the group.
It is then unknown what was delivered, and the message may be delivered again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, cast

__all__ = ["Stopped", "run"]

STOP_SECONDS = 0.2
"""The interval in seconds at which `stopped` is called."""

_GUARD = 'read -r group && { read -r done || kill -s KILL -- "-$group"; }'
"""Reads the number of a process group, and kills the group if its stdin ends before a second line arrives."""


class Stopped(Exception):  # noqa: N818 – not an error, just like KeyboardInterrupt
    """The process was killed because the caller asked for it."""


def run(
    argv: Sequence[str],
    *,
    given: bytes,
    environ: Mapping[str, str],
    seconds: float,
    output: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[int, bytes]:
    """Run a program with `given` on its stdin; return its exit code, negative for a signal, and its output.

    Its output is never shown, and its stdout is kept only with `output`. It runs without a shell, in a session of its
    own, so that this program decides about the terminal's Ctrl-C. Raises OSError if it cannot be started (ValueError
    for a NUL in its arguments), `subprocess.TimeoutExpired` if it was killed after `seconds`, `Stopped` if it was
    killed because `stopped` returned True.
    """
    with (
        _guard() as guarded,
        subprocess.Popen(  # noqa: S603 – a list without a shell; the program is the user's own choice, or ours
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if output else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(environ),
            start_new_session=True,
        ) as process,
    ):
        try:
            guarded(process.pid)
            written = _communicate(process, given, seconds, stopped)
        except BaseException:
            _kill(process)
            raise
    return process.returncode, written or b""


def _communicate(
    process: subprocess.Popen[bytes], given: bytes, seconds: float, stopped: Callable[[], bool]
) -> bytes:
    """Read the output of a process to its end; regularly check whether to kill it."""
    deadline = time.monotonic() + seconds
    unsent: bytes | None = given
    while True:
        left = deadline - time.monotonic()
        try:
            written, _ = process.communicate(unsent, timeout=max(min(STOP_SECONDS, left), 0))
        except subprocess.TimeoutExpired:
            unsent = None  # it goes on sending the input first
            if stopped():
                raise Stopped from None
            if left <= STOP_SECONDS:
                raise
        else:
            return written or b""


@contextmanager
def _guard() -> Iterator[Callable[[int], None]]:
    """Start a guard that kills a process group if this program ends; yield a function that names the group to it.

    The guard notices through its stdin, which the system closes however this program ends. On Linux, PR_SET_PDEATHSIG
    would need `preexec_fn`, which is unsafe beside threads, and would not reach the children.
    """
    try:
        guard = _started_guard() if os.name == "posix" else None
    except FileNotFoundError:  # a system without a shell; other obstacles stop the program, too
        guard = None
    if guard is None:
        yield lambda group: None  # noqa: ARG005
        return
    with guard:
        stdin = cast("IO[bytes]", guard.stdin)
        try:
            yield lambda group: _say(stdin, f"{group}\n")
        finally:
            _say(stdin, "done\n")


def _started_guard() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 – a constant
        ["/bin/sh", "-c", _GUARD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        start_new_session=True,  # neither Ctrl-C nor a signal to our group is meant for it
    )


def _say(stdin: IO[bytes], line: str) -> None:
    with suppress(BrokenPipeError):  # somebody has killed it
        stdin.write(line.encode())
        stdin.flush()


def _environment(environ: Mapping[str, str]) -> Mapping[bytes, bytes] | Mapping[str, str]:
    """Return the environment for a process: on POSIX in bytes, as UTF-8 whatever the locale."""
    if os.name != "posix":
        return environ
    return {
        name.encode("utf-8", "surrogateescape"): value.encode("utf-8", "surrogateescape")
        for name, value in environ.items()
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children, unless it was waited for: its number may then be another's."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
