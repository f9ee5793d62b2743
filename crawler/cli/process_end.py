"""End the command's process quickly: tearing the interpreter down object by object takes 20 ms."""

from __future__ import annotations

import atexit
import os
import sys
import threading

__all__ = ["end_process"]


def end_process(code: int) -> None:
    """End this process with an exit code as Python would, but without freeing every object.

    Run the functions registered with atexit, and flush the output. Return instead, for an ordinary exit, if that does
    more: threads are still running, output cannot be flushed, warnings are on (about files left open, for example), or
    a debugger, profiler or coverage tool is attached.
    """
    if sys.warnoptions or sys.flags.inspect or _is_observed():
        return
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 – there is no public name; a test watches this one
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by `>&-`
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def _is_observed() -> bool:
    """Return True if a debugger, profiler or coverage tool is attached."""
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return True
    return sys.version_info >= (3, 12) and any(map(sys.monitoring.get_tool, range(6)))
