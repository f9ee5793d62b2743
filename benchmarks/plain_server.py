"""Serve the delay in front of nginx's answers, or all the answers if nginx is absent.

    python benchmarks/plain_server.py LATENCY [FOLDER]

It prints its port and serves until stdin ends. Without a folder, every answer is an empty 204, after which nginx sends
the page. With a folder, it sends the saved pages as nginx would (see `shop.NGINX`).
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

NOTHING = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
ROBOTS = "User-agent: *\nAllow: /\n"


class PlainServer(asyncio.Protocol):
    """Answers each request after the latency."""

    latency = 0.0
    folder: Path | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start a connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._heads = b""

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._heads += data
        while b"\r\n\r\n" in self._heads:
            head, _, self._heads = self._heads.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("ascii")
            response = NOTHING if self.folder is None else answer(self.folder, target)
            if self.latency and (self.folder is None or target.startswith("/?")):
                asyncio.get_running_loop().call_later(self.latency, self._transport.write, response)
            else:
                self._transport.write(response)


@lru_cache(maxsize=5_000)
def answer(folder: Path, target: str) -> bytes:
    """Return the response to a request for `target`."""
    path = urlsplit(target)
    encoding = ""
    if path.path == "/robots.txt":
        body, kind = ROBOTS.encode(), "text/plain"
    elif path.path.startswith("/page/"):
        body, kind = (folder / "10k.html").read_bytes(), "text/html"
    else:
        raw = dict(
            parse_qsl(path.query.replace("%", "%25"))
        )  # keys stay percent-encoded, as in the names of folders
        file = folder / raw.get("key", "") / f"{raw.get('page_index', '')}.html.gz"
        if not file.is_file():
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        body, kind, encoding = file.read_bytes(), "text/html; charset=GB2312", "Content-Encoding: gzip\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{encoding}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve() -> None:
    """Serve until stdin ends."""
    PlainServer.latency = float(sys.argv[1])
    PlainServer.folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    server = await asyncio.get_running_loop().create_server(PlainServer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
