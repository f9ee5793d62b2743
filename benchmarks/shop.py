"""Serve the contenders' shop: pages of the embedded demo shop, saved as files and served by nginx.

The demo shop is a Python program that would compete with the contenders for the two cores, so its pages are fetched
once, into a temporary folder. nginx sends them compressed, as the shop does. For the latency, nginx asks
`plain_server.py` first (`auth_request`), which answers after that time with an empty 204. `Server.cpu_seconds` is the
cost of both. Without nginx, `plain_server.py` sends the pages, too, and the results say so.
"""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import psutil

from parsers.dangdang import search_url

ROOT = Path(__file__).parents[1]

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 75s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    types {{}} default_type "text/html; charset=GB2312";
    upstream delay {{ server 127.0.0.1:{delay_port}; keepalive 128; keepalive_requests 1000000; }}
    server {{ listen 127.0.0.1:{slow_port} backlog=1024; {delayed} {files} }}
    server {{ listen 127.0.0.1:{fast_port} backlog=1024; {plain} {files} }}
}}
"""
PLAIN = """location = / {{ gzip_static always; gunzip on; root {pages};
        rewrite ^ /$arg_key/$arg_page_index.html break; }}"""
DELAYED = (
    PLAIN.removesuffix("}}")
    + """auth_request /delay; }}
    location = /delay {{ internal; proxy_pass http://delay; proxy_http_version 1.1; proxy_pass_request_body off;
        proxy_set_header Connection ""; proxy_set_header Content-Length ""; }}"""
)
FILES = """location = /robots.txt {{ default_type text/plain; return 200 "User-agent: *\\nAllow: /\\n"; }}
    location /page/ {{ root {pages}; rewrite ^ /10k.html break; }}"""

PAGE_10K = bytes(range(32, 96)) * 160
"""10,240 bytes, as in `fetch.py`."""

_ITEM = re.compile(
    rb'<li ddt-pit="\d+" class="line\d+" id="p(\d+)".*?(?=<li ddt-pit="\d+" class="line|</ul>)', re.DOTALL
)
_PRICE = re.compile(rb'<p class="price" > <span class="search_now_price">&yen;([\d.,]+)<')

Prices = dict[str, float | None]
"""The price shown on a page for each of its products."""


@dataclass
class Shop:
    """Saved pages with their products and prices."""

    folder: Path
    truth: dict[tuple[str, int], Prices] = field(default_factory=dict)
    """Products and prices by query and page."""

    def add(self, query: str, page: int, body: bytes) -> None:
        """Save a page, and find its products and prices with separate expressions: no contender checks itself."""
        folder = self.folder / quote_plus(query, encoding="gb18030")
        folder.mkdir(exist_ok=True)
        (folder / f"{page}.html.gz").write_bytes(gzip.compress(body, 6, mtime=0))
        prices: Prices = {}
        for item in _ITEM.finditer(body):
            price = _PRICE.search(item[0])
            prices[item[1].decode()] = float(price[1].replace(b",", b"")) if price else None
        self.truth[query, page] = prices

    def body(self, query: str, page: int) -> bytes:
        """Return a saved page."""
        folder = self.folder / quote_plus(query, encoding="gb18030")
        return gzip.decompress((folder / f"{page}.html.gz").read_bytes())

    def expected(self, searches: Iterable[tuple[str, int]]) -> list[Prices]:
        """Return the products and prices of each page of the searches, in order."""
        return [self.truth[query, page] for query, pages in searches for page in range(1, pages + 1)]


def make_shop(folder: Path, wanted: Mapping[str, int], further: Iterable[str], count: int) -> Shop:
    """Fetch pages of the demo shop and return them: as many as wanted of each query, and 20 of `count` further ones.

    Skip further queries with fewer than 20 full pages in the shop.
    """
    shop = Shop(folder)
    (folder / "10k.html").write_bytes(PAGE_10K)
    with demo_shop(0.0) as base_url, closing(HTTPConnection(urlsplit(base_url).netloc)) as connection:

        def add(query: str, page: int) -> None:
            target = search_url(query, page, base_url="")
            connection.request("GET", target)
            with connection.getresponse() as response:
                assert response.status == 200, target
                shop.add(query, page, response.read())

        for query, pages in wanted.items():
            for page in range(1, pages + 1):
                add(query, page)
        for query in further:
            add(query, 20)
            if len(shop.truth.pop((query, 20))) == 60:
                for page in range(1, 21):
                    add(query, page)
                count -= 1
            if not count:
                break
    return shop


@contextmanager
def demo_shop(latency: float) -> Iterator[str]:
    """Serve the demo shop from a process of its own, and yield its address."""
    command = [sys.executable, "-m", "crawler", "demo", "--port", "0", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            server.terminate()


@dataclass(frozen=True)
class Server:
    """The running servers."""

    kind: str
    """Name of the server that sends the pages: «nginx 1.22.1»."""
    fast: str
    """Address of the shop without latency."""
    slow: str
    """Address of the shop with latency."""
    processes: tuple[psutil.Process, ...]

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the servers have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)


@contextmanager
def serving(shop: Shop, latency: float) -> Iterator[Server]:
    """Serve the shop, with and without latency."""
    nginx = shutil.which("nginx")
    with ExitStack() as stack:
        if nginx is None:
            ports, processes = [], []
            for seconds in (0.0, latency):
                port, process = start_plain_server(stack, [str(seconds), str(shop.folder)])
                ports.append(port)
                processes.append(process)
            kind, (fast, slow) = "Python (nginx is not installed)", ports
        else:
            delay, delaying = start_plain_server(stack, [str(latency)])
            fast, slow = free_ports(2)
            serving = _nginx(stack, nginx, shop.folder, fast=fast, slow=slow, delay=delay)
            processes = [delaying, serving]
            version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
            kind = f"nginx {version.strip().rpartition('/')[2]}"
        yield Server(
            kind,
            f"http://127.0.0.1:{fast}",
            f"http://127.0.0.1:{slow}",
            tuple(psutil.Process(process.pid) for process in processes),
        )


def start_plain_server(stack: ExitStack, arguments: list[str]) -> tuple[int, subprocess.Popen[str]]:
    """Start `plain_server.py`; return its port and process."""
    server = stack.enter_context(
        subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "plain_server.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(server.terminate)
    assert server.stdout is not None
    return int(server.stdout.readline()), server


def _nginx(
    stack: ExitStack, nginx: str, pages: Path, *, fast: int, slow: int, delay: int
) -> subprocess.Popen[str]:
    """Start nginx and return its process once it answers."""
    folder = pages.with_name("nginx")
    folder.mkdir(exist_ok=True)
    parts = {
        name: part.format(pages=pages)
        for name, part in (("plain", PLAIN), ("delayed", DELAYED), ("files", FILES))
    }
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX.format(folder=folder, delay_port=delay, slow_port=slow, fast_port=fast, **parts)
    )
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    server = stack.enter_context(subprocess.Popen(command, text=True))
    stack.callback(server.terminate)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", slow)) == 0:
                return server
        assert server.poll() is None, "nginx ended"
        time.sleep(0.02)
    raise TimeoutError("nginx does not answer")


def free_ports(count: int) -> list[int]:
    """Return free ports."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
