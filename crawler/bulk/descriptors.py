"""Keep the file descriptors of a process within the system's limit."""

from __future__ import annotations

from contextlib import suppress

__all__ = ["allow_descriptors"]

_UNKNOWN = 512
"""The limit where the system does not tell one: that of the C library of Windows."""


def allow_descriptors(wanted: int) -> int:
    """Raise this process's limit on open files to `wanted`, as far as it may; return how many of them it may have."""
    try:
        import resource
    except ImportError:  # Windows
        return min(wanted, _UNKNOWN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):  # some systems have a lower limit than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(soft, wanted)
