"""A bulk crawl of a hostile list on hostile hosts, with the real command: bounded, and everything accounted for."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import zlib
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

import psutil
import pytest
from aiohttp import web

from tests.bulk.sites import read_lines, serving
from tests.bulk.test_hostile_pages import OFFERS, PRODUCT, endless
from tests.bulk.warc_readers import responses
from tests.processes import children

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.storm,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8, and reads /proc"),
]

GOOD, DUPLICATES, REFUSING, NAMELESS, SILENT, ENDLESS = 40, 1_000_000, 9_900, 100, 20, 10

MOST_MB = 300
"""Limit on the resident memory of each process."""


def gzip_member(data: bytes, times: int = 1) -> bytes:
    """Return gzip members that unpack to `data` so many times."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return (packer.compress(data) + packer.flush()) * times


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer as the path says."""
    kind, number = request.path.strip("/").split("/")
    if kind == "silent":
        await asyncio.sleep(3_600)
    if kind == "endless":
        return await endless(request)
    offers = list(OFFERS)[int(number) % len(OFFERS)]
    return web.Response(text=PRODUCT.format(offers=offers), content_type="text/html")


def peak_mb(process: psutil.Process) -> float:
    """Return the peak of the resident memory of a process."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def hostile_list(port: int, refused: int) -> tuple[bytes, int]:
    """Return a list as gzip, and the number of lines of noise in it.

    Hosts from 127.0.1.0 on answer; port `refused` of those from 127.1.0.0 on refuses connections.
    """
    noise = b"\n".join(line for line in Random(1).randbytes(300_000).split(b"\n") if line.strip())
    noise = noise.replace(b"\r", b"?").replace(b"#", b"?").replace(b"\x1f\x8b", b"??")
    urls = [f"http://127.0.1.{n}:{port}/good/{n}" for n in range(GOOD)]
    dead = [f"http://127.1.{n >> 8}.{n & 255}:{refused}/" for n in range(REFUSING)]
    nameless = [f"http://nowhere-{n}.invalid/" for n in range(NAMELESS)]
    silent = [f"http://127.0.2.{n}:{port}/silent/{n}" for n in range(SILENT)]
    without_end = [f"http://127.0.3.{n % 2}:{port}/endless/{n}" for n in range(ENDLESS)]
    rest = "".join(f"{url}\n" for url in [*dead, *nameless, *silent, *without_end])
    parts = [
        gzip_member(f"{urls[0]}\nhttp://x.example/".encode()),
        gzip_member(b"x" * 4_000_000, 250),
        gzip_member(b"\n" + noise + b"\n"),
        gzip_member("".join(f"{url}\n" for url in urls * 250).encode(), DUPLICATES // 250 // GOOD),
        gzip_member(rest.encode()),
    ]
    return b"".join(parts), noise.count(b"\n") + 1


async def test_a_hostile_list_and_hostile_hosts_are_accounted_for(tmp_path: Path) -> None:
    """Memory is bounded, the summary counts every line, and each target has one result."""
    with ExitStack() as stack:
        closed = stack.enter_context(socket.socket())  # bound, but does not listen
        closed.bind(("0.0.0.0", 0))  # noqa: S104 – refuses every connection
        async with serving(answer, address="0.0.0.0") as sites:  # noqa: S104 – all of 127.0.0.0/8
            data, noise = hostile_list(sites.port, closed.getsockname()[1])
            (tmp_path / "urls.gz").write_bytes(data)
            crawl = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crawler", "bulk", "urls.gz", "--out", "out", "--allow-private", "--quiet",
                "--processes", "2", "--ignore-robots",
                cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            peaks: dict[int, float] = {}
            whole = psutil.Process(crawl.pid)
            waiting = asyncio.ensure_future(crawl.wait())
            while not waiting.done():
                with suppress(psutil.Error, OSError, StopIteration):
                    for process in [whole, *children(whole)]:
                        peaks[process.pid] = peak_mb(process)
                await asyncio.wait([waiting], timeout=0.2)
    assert waiting.result() == 3  # some URLs failed
    assert len(peaks) >= 3
    assert max(peaks.values()) < MOST_MB
    summary = json.loads((tmp_path / "out" / "summary.json").read_bytes())
    total = GOOD + REFUSING + NAMELESS + SILENT + ENDLESS
    taken = summary["input"]
    assert taken["targets"] == total
    assert taken["duplicates"] == DUPLICATES + 1 - GOOD
    assert taken["rejected"] == noise + 1
    assert taken["lines"] == total + taken["duplicates"] + taken["rejected"] + taken["blank"]
    assert summary["targets"] == {"total": total, "done": total, "failed": total - GOOD, "pending": 0}
    assert sum(summary["verdicts"].values()) == total
    lines = read_lines(tmp_path / "out")
    assert sorted(Counter(line["url"] for line in lines).values()) == [1] * total
    assert Counter(line["verdict"] for line in lines) == Counter(
        {name: n for name, n in summary["verdicts"].items() if n}
    )
    good = [line for line in lines if "/good/" in line["url"]]
    assert [line["verdict"] for line in good] == ["ok"] * GOOD
    prices = list(OFFERS.values())
    assert all(line["price"] == prices[int(line["url"].rpartition("/")[2]) % len(prices)] for line in good)
    assert {line["verdict"] for line in lines if "/endless/" in line["url"]} == {"too_large"}
    assert {line["verdict"] for line in lines if "/silent/" in line["url"]} == {"network_error"}
    assert {line["verdict"] for line in lines if line["url"].endswith((".invalid/", "/"))} == {
        "network_error"
    }
    assert responses(tmp_path / "out").keys() >= {line["url"] for line in good}
