"""Run a command and print what it cost, as JSON: seconds, CPU seconds and peak memory of all its processes.

    python -I -S benchmarks/process_cost.py OUTPUT COMMAND ARGUMENT…

OUTPUT is the file for the command's stdout. This is a process of its own, so that nothing else is among its children.
On Linux it adopts what the command leaves behind, such as workers that nobody waited for, and counts that, too. The
seconds end when the command itself ends.
"""

from __future__ import annotations

import os
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run, wait for everything, and print."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # elsewhere than on Linux only descendants that were waited for count
    import json
    import resource

    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    stdout = [(os.POSIX_SPAWN_OPEN, 1, sys.argv[1], flags, 0o644)]
    started = time.perf_counter()
    child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=stdout)
    _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - started
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "code": os.waitstatus_to_exitcode(status),
                "seconds": seconds,
                "cpu": used.ru_utime + used.ru_stime,
                "peak_mb": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024),
            }
        )
    )


if __name__ == "__main__":
    main()
