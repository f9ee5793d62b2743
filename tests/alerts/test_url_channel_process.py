"""The process that delivers alerts by URL is bounded in time and memory, ends with its parent, and shows no secret.

Each delivery here starts an interpreter of its own; test_url_channel.py forks them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from crawler.alerts.channels import Channel, channels_of
from crawler.alerts.refusals import INTERRUPTED
from crawler.alerts.url_channel import _SCRIPT, UrlChannel
from crawler.errors import UsageError
from tests.alerts.endpoints import Endpoint
from tests.alerts.messages import MESSAGE, TOKEN
from tests.processes import children, gone

pytestmark = pytest.mark.usefixtures("nothing_leaks")

ENVIRON = {**os.environ, "TOKEN": TOKEN, "no_proxy": "127.0.0.1"}


def channel(url: str, environ: Mapping[str, str] = ENVIRON, seconds: float = 30.0) -> UrlChannel:
    """Return a channel whose URL no process has checked before."""
    return UrlChannel("urls[1]", "key", url, environ, seconds)


async def deliver(to: Channel) -> str | None:
    return await asyncio.to_thread(to.deliver, MESSAGE)


def apprise_process() -> psutil.Process:
    """Return the delivery process."""
    (found,) = (process for process in children() if "apprise_process.py" in " ".join(process.cmdline()))
    return found


async def test_json_arrives_whole(service: Endpoint) -> None:
    """Title and text in Chinese, and a token with / and @ in its password."""
    (to,) = channels_of([f"json://reader:${{TOKEN}}@127.0.0.1:{service.port}/hook"], None, (), ENVIRON)
    assert await deliver(to) is None
    ((request, body),) = service.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert (
        request.headers["Authorization"] == f"Basic {base64.b64encode(f'reader:{TOKEN}'.encode()).decode()}"
    )
    content = json.loads(body)
    assert (content["title"], content["message"]) == (MESSAGE.title, MESSAGE.text)


async def test_the_whole_delivery_is_bounded(service: Endpoint) -> None:
    """A service that sends a byte now and then is aborted in time; the process ends, and showed no secret."""
    service.drip = True
    to = channel(f"json://u:{quote(TOKEN, safe='')}@127.0.0.1:{service.port}/", seconds=3.0)
    delivering = asyncio.create_task(deliver(to))
    await service.came.wait()
    process = apprise_process()
    assert "s3cr3t" not in " ".join(process.cmdline())
    assert await delivering == "no response within 3 s"
    assert await gone(process.pid)


def gzip_bomb(size: int) -> bytes:
    """Return zeros, packed to a thousandth; nobody gets to their end, where the checksum would be wrong.

    A MiB is packed once: after a full flush the same bytes can stand in the stream again and again.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * ((size >> 20) - 1) + packer.flush()


class Peak:
    """The peak memory of any child of this process during a delivery."""

    bytes = 0

    async def deliver(self, to: Channel) -> str | None:
        delivering = asyncio.create_task(deliver(to))
        while not delivering.done():
            for child in children():
                with suppress(psutil.Error):
                    self.bytes = max(self.bytes, child.memory_info().rss)
            await asyncio.sleep(0.02)
        return await delivering


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere time is the only limit")
@pytest.mark.parametrize("status", [200, pytest.param(400, marks=pytest.mark.slow)])
async def test_a_bomb_in_an_answer_takes_little_memory(service: Endpoint, status: int) -> None:
    """3 MB that decompress to 3 GB: the delivery fails with a short message, and the next one works."""
    service.status, service.raw = status, gzip_bomb(3 << 30)
    service.headers = {"Content-Encoding": "gzip"}
    to, peak = channel(f"json://127.0.0.1:{service.port}/"), Peak()
    assert await peak.deliver(to) == "its response is too large"
    assert 100 << 20 < peak.bytes < 700 << 20
    service.status, service.raw, service.headers = 200, b"", {}
    assert await deliver(to) is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere time is the only limit")
async def test_an_answer_without_end_takes_little_memory(service: Endpoint) -> None:
    service.flood = True
    peak = Peak()
    assert await peak.deliver(channel(f"json://127.0.0.1:{service.port}/")) == "its response is too large"
    assert peak.bytes < 700 << 20


async def test_a_delivery_ends_when_its_caller_wants_it_to(service: Endpoint) -> None:
    """The process, too; it is unknown if the service has received the message."""
    service.silent = asyncio.Event()
    wanted = threading.Event()
    to = channel(f"json://127.0.0.1:{service.port}/")
    delivering = asyncio.create_task(asyncio.to_thread(to.deliver, MESSAGE, wanted.is_set))
    await service.came.wait()
    process = apprise_process()
    wanted.set()
    assert await delivering == INTERRUPTED
    assert await gone(process.pid)


async def test_a_process_without_a_parent_ends_by_itself(service: Endpoint) -> None:
    """The parent's timeout is not the only one."""
    service.drip = True
    task = {
        "urls": [f"json://127.0.0.1:{service.port}/"],
        "title": "t",
        "text": "x",
        "seconds": 4,
        "path": sys.path,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_SCRIPT), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRON
    )
    written, _ = await process.communicate(json.dumps(task).encode())
    assert service.requests
    assert (written, process.returncode) == (b"", 1)


async def test_a_process_that_dies_is_a_reason(service: Endpoint) -> None:
    service.silent = asyncio.Event()
    delivering = asyncio.create_task(deliver(channel(f"json://127.0.0.1:{service.port}/")))
    await service.came.wait()
    process = apprise_process()
    process.kill()
    assert await delivering == "the delivery process ended unexpectedly"


def snapshot(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_no_file_is_written(service: Endpoint, tmp_path: Path) -> None:
    """Apprise stores nothing between two messages."""
    before = snapshot(tmp_path)
    environ = {**ENVIRON, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    environ = {name: value for name, value in environ.items() if not name.startswith("XDG_")}
    assert await deliver(channel(f"ntfy://127.0.0.1:{service.port}/books", environ)) is None
    assert snapshot(tmp_path) == before == []


@pytest.mark.parametrize("hidden", ["here", "in the process"])
def test_without_apprise_the_extra_is_named(
    hidden: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Even if only its name exists."""
    if hidden == "here":
        monkeypatch.setattr(sys, "path", [part for part in sys.path if "site-packages" not in part])
        monkeypatch.delitem(sys.modules, "apprise", raising=False)
    else:
        (tmp_path / "apprise.py").write_text("raise ImportError")
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"pip install .*\[alerts\]"):
        channels_of(["ntfys://x"], None, (), ENVIRON)
