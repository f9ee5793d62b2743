"""Tasks for parse processes that do to their worker what a body says."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from parsers.model import PageKind, SearchPage


def hang_with_half_a_result(*call: Any) -> tuple[Any, ...]:
    """Write the length of a result, and less of it than that, to the worker's result pipe; then hang."""
    del call
    frame: FrameType | None = sys._getframe()
    while frame is not None and "result_queue" not in frame.f_locals:
        frame = frame.f_back
    assert frame is not None
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 100_000) + b"half a result")
    time.sleep(600)
    return ()


def obey(package: str, kind: str, body: bytes, charset: str | None, page: int) -> tuple[Any, ...]:
    """Die, hang, raise or return, as `body` says; the `sign` of the result is the worker's process id."""
    del package, kind, charset
    order, _, argument = body.decode().partition(" ")
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "die-once":
        flag = Path(argument)
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if order == "exit":
        os._exit(7)
    if order == "hang":
        time.sleep(600)
    if order == "sleep":
        time.sleep(float(argument))
    if order == "raise":
        raise ValueError(argument)
    if order == "spin":
        while True:
            pass
    return SearchPage(
        kind=PageKind.RESULTS,
        listings=(),
        total=None,
        page=page,
        pages=None,
        layout=None,
        query_echo=None,
        notice="",
        items=0,
        sign=str(os.getpid()),
        charset="utf-8",
        undecodable=0,
    ).to_wire()
