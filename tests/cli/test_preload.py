"""Modules that are needed late are imported while the first requests wait for their responses."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from crawler.demo.server import DemoShop
from tests.download.talking import Talk, page, talking

COMMAND = """
import gc, sys
from urllib.request import ProxyHandler, build_opener
from crawler.__main__ import main

loaded, freeze = set(), gc.freeze

def freeze_and_tell():
    freeze()
    loaded.update(sys.modules)
    build_opener(ProxyHandler({})).open(sys.argv[1] + "/preloaded").close()

gc.freeze = freeze_and_tell  # what follows the imports
code = main([*sys.argv[2:], "--base-url", sys.argv[1]])
print(*sorted(name for name in sys.modules.keys() - loaded if sys.modules[name].__spec__), file=sys.stderr)
sys.exit(code)
"""


def fetched(url: str) -> bytes:
    """Return a page of the demo shop, as a response to send."""
    try:
        with build_opener(ProxyHandler({})).open(url) as response:
            body: bytes = response.read()
    except HTTPError as error:
        with error:
            return page("", f"{error.code} {error.reason}")
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=GB2312\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("output", [(), ("--format", "json"), ("--format", "csv", "-o", "a.html")])
async def test_nothing_is_left_to_import_when_responses_arrive(
    output: tuple[str, ...], environ: dict[str, str], folder: Path
) -> None:
    """The shop holds every response back until the imports are done; afterwards there are none of ours."""
    preloaded = asyncio.Event()
    async with DemoShop() as shop:

        async def hold(talk: Talk) -> None:
            while True:
                path = await talk.request()
                if path == "/preloaded":
                    preloaded.set()
                    talk.send(page(""))
                    continue
                await preloaded.wait()
                talk.send(await asyncio.to_thread(fetched, shop.base_url + path))

        async with talking(hold) as server:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", COMMAND, server.url, "三体", "--pages", "2", *output,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environ, cwd=folder,
            )  # fmt: skip
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "三体" in out.decode()
    late = err.decode().splitlines()[-1].split()
    packages = {"crawler", "parsers", "rich", "jinja2", "warcio", "aiofiles", "aiohttp"}
    late = [name for name in late if name.partition(".")[0] in packages]
    assert [
        name for name in late if not name.startswith("rich._unicode_data.")
    ] == []  # which, rich decides then
