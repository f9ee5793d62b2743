"""Tasks for parse processes that do to their worker what a body says."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from parsers.model import PageKind, SearchPage


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
