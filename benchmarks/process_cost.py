"""Run a command and print its cost as JSON: seconds, CPU seconds and peak memory of all its processes.

    python -I -S benchmarks/process_cost.py OUTPUT COMMAND ARGUMENT…

OUTPUT is the file for the command's stdout. The script runs as a separate process, so it has no other children. On
Linux it adopts processes that the command leaves behind, such as workers without a waiting parent, and counts them,
too. The seconds end when the command itself ends.
"""

from __future__ import annotations

import os
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command, wait for all its processes, and print the cost."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # on other systems, only descendants with a waiting parent count
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
