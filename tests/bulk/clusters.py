"""A real Dask scheduler and workers as processes on this machine, and crawls on them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Scheduler:
    """A scheduler and its workers; each log is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        while True:
            with suppress(FileNotFoundError, json.JSONDecodeError):
                self.address: str = json.loads(file.read_bytes())["address"]
                return
            time.sleep(0.05)

    def _start(
        self, command: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command}", *arguments, "--no-dashboard"],
                env={**self.environment, **(environment or {})},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def start_worker(self, *, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a worker with one thread, and wait until the scheduler knows it."""
        name = f"worker-{len(self.processes)}"
        process = self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--name", name,
            "--local-directory", str(self.folder / name), environment=environment,
        )  # fmt: skip
        log = self.folder / f"{len(self.processes) - 1}.log"
        while b"Registered to" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        return process

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()

    async def start_crawl(self, folder: Path, *arguments: str) -> asyncio.subprocess.Process:
        """Start a crawl of `urls.txt` in a folder on the workers."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", "bulk", "urls.txt", "--cluster", self.address, "--allow-private",
            "--ignore-robots", *arguments, cwd=folder, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def crawl(self, folder: Path, *arguments: str) -> tuple[int | None, str]:
        """Crawl `urls.txt` to the end; return the exit code and what was written to stderr."""
        process = await self.start_crawl(folder, *arguments)
        _, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, err.decode()


@contextmanager
def scheduler(folder: Path) -> Iterator[Scheduler]:
    """Run a scheduler for the block."""
    found = Scheduler(folder)
    try:
        yield found
    finally:
        found.close()
