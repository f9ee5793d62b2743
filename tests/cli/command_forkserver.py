"""Run commands without the time their imports take: a process that has imported everything forks one per request.

    with CommandForkserver() as server:
        code, out, err = await server.run(["滲透測試", "--demo"], env=environ, cwd=folder, seconds=60)

What runs is a process of its own with its own exit code and streams, as `python -m crawler` would be. What depends on
how an interpreter starts (its options, the encoding of its streams, the order of imports) needs a real start. Another
main function, with other imports, may take the place of the command.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

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
    """The process that forks; a context manager that ends it.

    `main` is the function to call for each, as module:name. Before the first fork, `imported` are the modules to load
    and `prepare` is the function to call.
    """

    def __init__(
        self,
        main: str = "crawler.__main__:main",
        imported: Sequence[str] = IMPORTED,
        prepare: str = "tests.cli.warm_up:warm_up",
    ) -> None:
        self._main, self._imported, self._prepare = main, imported, prepare

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), self._main, self._prepare, *self._imported],
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
        with self._started(args, env, cwd) as (status, out, err):
            status.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=status.dup())
            pid = int(await reader.readline())  # the two lines may arrive as one piece
            try:
                code = int(await asyncio.wait_for(reader.readline(), seconds))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            finally:
                writer.close()
                await writer.wait_closed()
            return code, _content(out), _content(err)

    def run_in_thread(
        self, given: bytes, *, env: Mapping[str, str], cwd: Path, seconds: float
    ) -> tuple[int, bytes]:
        """Run a main function that reads `given` from stdin; block the thread; return its exit code and stdout.

        Kill it and raise TimeoutError when it takes longer than `seconds`.
        """
        with self._started((), env, cwd, given) as (status, out, _), status.makefile("rb") as lines:
            pid = int(lines.readline())
            status.settimeout(seconds)
            try:
                code = int(lines.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            return code, _content(out)

    def start_on_terminal(
        self, args: Sequence[str | bytes], terminal: int, *, env: Mapping[str, str], cwd: Path
    ) -> ForkedCommand:
        """Start a command whose streams and controlling terminal are the open terminal."""
        return ForkedCommand(self._request(args, env, cwd, [terminal] * 3, terminal=True))

    @contextmanager
    def _started(
        self, args: Sequence[str | bytes], env: Mapping[str, str], cwd: Path, given: bytes = b""
    ) -> Iterator[tuple[socket.socket, IO[bytes], IO[bytes]]]:
        """Request a process; yield the socket that reports its id and its exit code, and its stdout and stderr."""
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            stdin.write(given)
            stdin.seek(0)
            with self._request(args, env, cwd, [stdin.fileno(), out.fileno(), err.fileno()]) as status:
                yield status, out, err

    def _request(
        self,
        args: Sequence[str | bytes],
        env: Mapping[str, str],
        cwd: Path,
        streams: list[int],
        *,
        terminal: bool = False,
    ) -> socket.socket:
        """Request a process with these streams; return the socket that reports its id and its exit code."""
        job = {
            "args": [os.fsdecode(arg) for arg in args], "env": dict(env), "cwd": str(cwd), "terminal": terminal,
        }  # fmt: skip
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._socket, [json.dumps(job).encode()], [theirs.fileno(), *streams])
        return ours


class ForkedCommand:
    """A running command, with the part of the interface of `subprocess.Popen` that tests use."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status
        self._lines = b""
        self.pid = int(self._line(None) or 0)
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            code = self._line(timeout)
            if code is None:
                raise TimeoutError
            self.returncode = int(code)
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(TimeoutError):
            self.wait(0)
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _line(self, timeout: float | None) -> bytes | None:
        """Return the next line of the status; None if there is none in time."""
        while b"\n" not in self._lines:
            if not select.select([self._status], [], [], timeout)[0]:
                return None
            self._lines += self._status.recv(64)
        line, _, self._lines = self._lines.partition(b"\n")
        return line


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def serve(requests: socket.socket, main: str, prepare: str, imported: Sequence[str]) -> None:
    """Fork a process for each request until the other end closes; report the end of each."""
    for module in imported:
        importlib.import_module(module)
    _function(prepare)()
    gc.freeze()  # or each command collects what it was forked with when it ends
    running: dict[int, int] = {}  # the descriptor for the status of each process
    ended, ends = os.pipe()
    for end in (ended, ends):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ends)
    while True:
        readable, _, _ = select.select([requests.fileno(), ended], [], [])
        if ended in readable:
            os.read(ended, 512)
            _report_ends(running)
        if requests.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
            if not message:
                return
            status, *streams = descriptors
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                requests.close()
                for descriptor in (ended, ends, status, *running.values()):
                    os.close(descriptor)
                _run_command(json.loads(message), main, *streams)
            os.write(status, b"%d\n" % pid)
            running[pid] = status
            for descriptor in streams:
                os.close(descriptor)


def _report_ends(running: dict[int, int]) -> None:
    """Write the exit code of each process that has ended, and close its descriptor."""
    while running:
        pid, ended = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        status = running.pop(pid)
        with suppress(BrokenPipeError):  # nobody waits any more
            os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
        os.close(status)


def _run_command(job: dict[str, Any], main: str, *streams: int) -> NoReturn:
    """Become the command: set up its streams, environment and folder, then call its main function."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if job["terminal"]:
        os.login_tty(0)
    sys.stdin, sys.stdout = (
        io.TextIOWrapper(io.FileIO(0, closefd=False)),
        _writer(1, "strict", line_buffering=os.isatty(1)),
    )
    sys.stderr = _writer(2, "backslashreplace", line_buffering=True)
    os.environ.clear()
    os.environ.update(job["env"])
    time.tzset()
    os.chdir(job["cwd"])
    warnings.resetwarnings()
    for action in filter(None, job["env"].get("PYTHONWARNINGS", "").split(",")):
        warnings.simplefilter(action)
    sys.argv = [str(ROOT / "crawler" / "__main__.py"), *job["args"]]
    raise SystemExit(_function(main)())  # the interpreter ends as it would have


def _function(name: str) -> Callable[[], Any]:
    """Return a function by module:name."""
    module, _, attribute = name.partition(":")
    function: Callable[[], Any] = getattr(importlib.import_module(module), attribute)
    return function


def _writer(descriptor: int, errors: str, *, line_buffering: bool = False) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors=errors, line_buffering=line_buffering
    )


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3], sys.argv[4:])
