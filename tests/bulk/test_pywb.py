"""Archives replay in pywb: those of a bulk crawl and of a search, whatever the server made of its responses.

pywb needs an environment of its own, so the test runs where its commands are found:
PATH=/path/to/venv/bin:$PATH python -m pytest -m slow tests/bulk/test_pywb.py
"""

from __future__ import annotations

import asyncio
import gzip
import shutil
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from crawler.__main__ import main
from crawler.bulk.url import NormalizedUrl, normalize_url
from parsers.dangdang import parse_search_page
from tests.bulk.clusters import free_port
from tests.bulk.sites import crawled, options_for, targets

WAYBACK, MANAGER = shutil.which("wayback"), shutil.which("wb-manager")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (WAYBACK and MANAGER), reason="needs pywb's commands on the PATH"),
]

HTML = "text/html; charset=utf-8"
LARGE = 5_000_000
"""Bytes; more than a bulk crawl keeps of a page."""


def html(title: str, charset: str = "utf-8") -> bytes:
    head = f'<meta charset="{charset}"><title>{title}</title>'
    return f'<html><head>{head}</head><body><a href="/plain">{title}</a></body></html>'.encode(charset)


def chunked(body: bytes) -> bytes:
    parts = [body[start : start + 50] for start in range(0, len(body), 50)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


RESPONSES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/plain": (200, {"Content-Type": HTML}, html("書籍")),
    "/redirect": (302, {"Location": "/plain"}, b""),
    "/to-other-host": (301, {"Location": "http://other.example/plain"}, b"moved"),
    "/gzip": (200, {"Content-Type": HTML, "Content-Encoding": "gzip"}, gzip.compress(html("書籍"))),
    "/deflate": (200, {"Content-Type": HTML, "Content-Encoding": "deflate"}, zlib.compress(html("書籍"))),
    "/chunked": (
        200,
        {"Content-Type": HTML, "Content-Encoding": "gzip", "Transfer-Encoding": "chunked"},
        chunked(gzip.compress(html("書籍"))),
    ),
    "/gbk": (200, {"Content-Type": "text/html; charset=gbk"}, html("书籍", "gbk")),
    "/gbk-in-page": (200, {"Content-Type": "text/html"}, html("书籍", "gbk")),
    "/404": (404, {"Content-Type": HTML}, html("不存在")),
    "/header": (200, {"Content-Type": HTML, "X-Title": "书籍"}, html("書籍")),
    "/cut": (200, {"Content-Type": HTML, "Content-Length": "100000"}, html("書籍")),
    "/large": (200, {"Content-Type": HTML}, html("書籍") + b" " * LARGE),
}


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a proxy for made-up hosts, so that host names beyond ASCII need no name server."""
    with closing(writer):
        while request := (await reader.readline()).split():
            while (await reader.readline()).strip():
                pass
            path = "/" + request[1].decode().split("/", 3)[3]
            status, headers, body = RESPONSES.get(
                path.partition("?")[0], (200, {"Content-Type": HTML}, html(path))
            )
            head = {"Content-Length": str(len(body))} if "Transfer-Encoding" not in headers else {}
            lines = "".join(f"{name}: {value}\r\n" for name, value in (head | headers).items())
            writer.write(f"HTTP/1.1 {status} Text\r\n{lines}\r\n".encode("gbk") + body)
            await writer.drain()
            if path == "/cut":
                return


@contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    except ConnectionError:  # the crawl had enough of a large body
        pass
    finally:
        writer.close()


@contextmanager
def wayback(folder: Path, archives: list[Path]) -> Iterator[str]:
    """Index archives, and run pywb; yield the address of the collection."""
    for arguments in (["init", "books"], ["add", "books", *map(str, archives)]):
        subprocess.run([str(MANAGER), *arguments], cwd=folder, check=True, capture_output=True)
    port = free_port()
    log = folder / "wayback.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [str(WAYBACK), "-b", "127.0.0.1", "-p", str(port)], cwd=folder, stdout=file, stderr=file
        )
    try:
        while b"Starting" not in log.read_bytes():
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/books"
    finally:
        server.kill()
        server.wait()


class Replay:
    """The pages of a collection, fetched from pywb."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def get(self, url: str, *, kind: str = "mp_") -> tuple[int, str, bytes]:
        """Return status, location and body of a page: rewritten for replay (`mp_`) or as archived (`id_`)."""
        address = f"{self._address}/2{kind}/{quote(url, safe=':/?=&%')}"
        for _ in range(2):  # pywb redirects to the time of the capture
            async with self._session.get(address, allow_redirects=False) as response:
                body = await response.read()
                location = response.headers.get("Location", "")
                if not location.endswith(url) or response.status not in {302, 307}:
                    break
                address = location
        return response.status, location, body


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """Return the archive of a search."""
    path = tmp_path / "search.warc.gz"
    assert (
        main(
            [
                "滲透測試",
                "--demo",
                "--pages",
                "2",
                "--archive",
                str(path),
                "-o",
                str(tmp_path / "books.json"),
                "--quiet",
            ]
        )
        == 0
    )
    return path


async def test_archives_replay(tmp_path: Path, searched: Path) -> None:
    """Every response is replayed with its own status and text; links and redirects lead to other captures."""
    out = tmp_path / "out"
    urls = [f"http://shop.example{path}" for path in RESPONSES]
    urls += [
        "http://bücher.example/plain",
        "http://書店.example/书籍?q=滲透",
        "http://shop.example/?key=%C9%F8",
    ]
    found = [each for each in map(normalize_url, urls) if isinstance(each, NormalizedUrl)]
    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        options = options_for(out, shards=3, proxy=f"http://127.0.0.1:{port}")
        run = await crawled(options, targets(each.url for each in found))
    assert len(run.lines) == len(urls)
    archives = [*out.glob("pages-*.warc.gz"), searched]
    with wayback(tmp_path, archives) as address:
        async with aiohttp.ClientSession() as session:
            replay = Replay(session, address)
            for path in ("/plain", "/gzip", "/deflate", "/chunked", "/header", "/cut"):
                status, _, body = await replay.get(f"http://shop.example{path}")
                assert (status, "<title>書籍</title>" in body.decode()) == (200, True), path
            assert (await replay.get("http://shop.example/large"))[0] == 200  # its body was not fetched
            for path in ("/plain", "/gzip", "/deflate", "/chunked", "/header"):
                assert await replay.get(f"http://shop.example{path}", kind="id_") == (200, "", html("書籍"))
            for path in ("/gbk", "/gbk-in-page"):
                status, _, body = await replay.get(f"http://shop.example{path}")
                assert (status, "<title>书籍</title>" in body.decode("gbk")) == (200, True)
            status, _, body = await replay.get("http://shop.example/404")
            assert (status, "不存在" in body.decode()) == (404, True)
            status, location, _ = await replay.get("http://shop.example/redirect")
            assert (status, location.endswith("mp_/http://shop.example/plain")) == (302, True)
            status, location, _ = await replay.get("http://shop.example/to-other-host")
            assert (status, location.endswith("mp_/http://other.example/plain")) == (301, True)
            assert (await replay.get("http://other.example/plain"))[0] == 200
            for host in ("bücher.example", "xn--bcher-kva.example"):
                assert (await replay.get(f"http://{host}/plain"))[0] == 200
            for url in found[-2:]:
                assert (await replay.get(url.url))[0] == 200
            index = (tmp_path / "collections" / "books" / "indexes" / "index.cdxj").read_text()
            pages = [
                line.split('"url": "')[1].split('"')[0]
                for line in index.splitlines()
                if "page_index=" in line
            ]
            assert len(pages) >= 2
            for page in pages:
                status, _, body = await replay.get(page, kind="id_")
                assert status == 200
                assert parse_search_page(body, page=1).listings
