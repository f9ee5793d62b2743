"""Processes: the children that exist, and the end of one."""

from __future__ import annotations

import asyncio
import time

import psutil


def children(process: psutil.Process | None = None, *, recursive: bool = False) -> list[psutil.Process]:
    """Return the living children of a process (this one), without the helpers of multiprocessing.

    The resource tracker and the fork server belong to the interpreter, are started once and end with it.
    """
    found = []
    for child in (process or psutil.Process()).children(recursive=recursive):
        try:
            line = " ".join(child.cmdline())
            if (
                child.status() != psutil.STATUS_ZOMBIE
                and "resource_tracker" not in line
                and "forkserver" not in line
            ):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


async def gone(pid: int, seconds: float = 10.0) -> bool:
    """Wait until a process has ended (or is a zombie that its parent has yet to collect); return False if it stays."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.05)
    return False
