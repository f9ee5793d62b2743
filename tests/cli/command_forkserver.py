"""Run commands without the time their imports take: a process that has imported everything forks one per request.

    with CommandForkserver() as server:
        code, out, err = await server.run(["滲透測試", "--demo"], env=environ, cwd=folder, seconds=60)

What runs is a process of its own with its own exit code and streams, as `python -m crawler` would be. What depends on
how an interpreter starts (its options, the encoding of its streams, the order of imports) needs a real start.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "crawler.cli.app", "crawler.cli.search", "crawler.cli.watch", "crawler.cli.alerts", "crawler.cli.history",
    "crawler.cli.doctor", "crawler.cli.demo", "crawler.cli.serve", "crawler.cli.resources", "crawler.cli.summary",
    "crawler.cli.bulk", "crawler.cli.bulk_setup", "crawler.cli.bulk_display", "crawler.cli.bulk_report",
    "crawler.cli.bulk_demo", "crawler.bulk.coordinator", "crawler.bulk.intake",
    "crawler.cli.outputs", "crawler.cli.progress", "crawler.cli.page_source",
    "crawler.cli.watch_round", "crawler.cli.history_upkeep", "crawler.configuration", "crawler.demo.server",
    "crawler.download.client", "crawler.engine", "crawler.search.run", "crawler.books.pipeline",
    "crawler.history.store", "crawler.history.recording", "crawler.recording.journal",
    "crawler.recording.archive", "crawler.recording.reading", "crawler.report.search.table",
    "crawler.report.search.markdown", "crawler.report.search.html_report", "crawler.report.search.csv_report",
    "crawler.report.search.json_report", "crawler.report.search.xlsx_report", "crawler.report.history",
    "crawler.watching.run_watch", "rich.console", "parsers.dangdang.search_page", "opencc", "warcio.statusandheaders",
    "msgspec", "sqlite3",
)  # fmt: skip
"""Loaded before the first fork."""


class CommandForkserver:
    """The process that forks; a context manager that ends it."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._process.wait(10)

    async def run(
        self, args: Sequence[str | bytes], *, env: Mapping[str, str], cwd: Path, seconds: float
    ) -> tuple[int, bytes, bytes]:
        """Run a command to its end and return its exit code (negative: a signal's number), stdout and stderr.

        Kill it and raise TimeoutError when it takes longer than `seconds`.
        """
        job = {"args": [os.fsdecode(arg) for arg in args], "env": dict(env), "cwd": str(cwd)}
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ours:
            with theirs:
                socket.send_fds(
                    self._socket, [json.dumps(job).encode()], [out.fileno(), err.fileno(), theirs.fileno()]
                )
            ours.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=ours.dup())
            pid = int(await reader.readline())  # the two lines may arrive as one piece
            try:
                code = int(await asyncio.wait_for(reader.readline(), seconds))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            finally:
                writer.close()
                await writer.wait_closed()
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()


def serve(requests: socket.socket) -> None:
    """Fork a process for each request until the other end closes."""
    for module in IMPORTED:
        importlib.import_module(module)
    gc.freeze()  # or each command collects what it was forked with when it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that wait for commands are collected by the system
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 3)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            _wait_for_command(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for_command(job: dict[str, Any], out: int, err: int, status: int) -> NoReturn:
    """Fork the command, report its process id, and its exit code once it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _run_command(job, out, err)
    os.write(status, b"%d\n" % pid)
    _, ended = os.waitpid(pid, 0)
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
    os._exit(0)


def _run_command(job: dict[str, Any], out: int, err: int) -> NoReturn:
    """Become the command: set up its streams, environment and folder, then call its main function."""
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 – a descriptor is all that is wanted
        os.dup2(nothing.fileno(), 0)
    for descriptor, number in ((out, 1), (err, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout = io.TextIOWrapper(io.FileIO(0, closefd=False)), _writer(1, "strict")
    sys.stderr = _writer(2, "backslashreplace", line_buffering=True)
    os.environ.clear()
    os.environ.update(job["env"])
    time.tzset()
    os.chdir(job["cwd"])
    warnings.resetwarnings()
    for action in filter(None, job["env"].get("PYTHONWARNINGS", "").split(",")):
        warnings.simplefilter(action)
    sys.argv = [str(ROOT / "crawler" / "__main__.py"), *job["args"]]
    from crawler.__main__ import main

    raise SystemExit(main())  # the interpreter ends as it would have


def _writer(descriptor: int, errors: str, *, line_buffering: bool = False) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors=errors, line_buffering=line_buffering
    )


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
