"""Run the real command, as a child process in an empty folder, with every warning an error."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.cli.command_forkserver import CommandForkserver

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def only_line(self) -> str:
        """The single line of stderr; fail if there are more or none."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return a bare environment: no proxies, no colours, an empty home; reports are English, in UTC.

    Without the price check, which costs as much as the rest of a short search; tests that are about it ask for it.
    """
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CRAWLER_REPORT_LANG": "en",
        "CRAWLER_PRICE_CHECK": "0",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the empty working folder of the command."""
    work = tmp_path / "work"
    work.mkdir()
    return work


Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def start(environ: dict[str, str], folder: Path) -> AsyncIterator[Start]:
    """Start `python -m crawler ARGS`; kill it, and its children, if it still runs when the test ends."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*args: str | bytes, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "crawler",
            *args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**environ, **(env or {})},
            cwd=folder,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            await process.communicate()


@pytest.fixture(scope="session")
def forkserver() -> Iterator[CommandForkserver]:
    """Keep a process that runs commands without the time for their imports."""
    with CommandForkserver() as server:
        yield server


@pytest.fixture
def run(start: Start, forkserver: CommandForkserver, environ: dict[str, str], folder: Path) -> Run:
    """Run `python -m crawler ARGS` to its end: forked, unless `env` affects the start of the interpreter."""

    async def run(*args: str | bytes, env: Mapping[str, str] | None = None) -> Ended:
        if not any(name.startswith(("PYTHON", "LANG", "LC_", "LD_")) for name in env or {}):
            code, out, err = await forkserver.run(
                args, env={**environ, **(env or {})}, cwd=folder, seconds=60
            )
            return Ended(code, out, err.decode("utf-8"))
        process = await start(*args, env=env)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return Ended(process.returncode, out, err.decode("utf-8"))

    return run
