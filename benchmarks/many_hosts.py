"""Serve the same page on thousands of hosts: addresses of 127.0.0.0/8, one nginx, with or without latency.

Each address is a host of its own for a crawler. For the latency, nginx first asks `plain_server.py` (`auth_request`),
which answers an empty 204 after that time. nginx logs requests for robots.txt, one line with the host for each.
"""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.shop import free_ports, start_plain_server

__all__ = ["BODY", "ManyHosts", "many_hosts", "write_urls"]

CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log error;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
    sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 75s;
    open_file_cache max=10;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    log_format hosts "$host"; access_log off;
    types {{}} default_type "text/html; charset=utf-8";
    upstream delay {{ server 127.0.0.1:{delay}; keepalive 8192; keepalive_requests 1000000; }}
    server {{
        listen {port} backlog=4096; allow 127.0.0.0/8; deny all;
        {guard}
        location = /robots.txt {{ access_log {folder}/robots.log hosts; root {pages}; default_type text/plain; }}
        location / {{ root {pages}; rewrite ^ /page.html break; }}
        location = /delay {{ internal; auth_request off; proxy_pass http://delay; proxy_http_version 1.1;
            proxy_pass_request_body off; proxy_set_header Connection ""; proxy_set_header Content-Length ""; }}
    }}
}}
"""

PAGE_BYTES = 10_240


def _body() -> bytes:
    """Return a page of 10 KB that compresses as text does: to a third."""
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshrdlucmfwypvbgkjqxz", k=draw.randint(2, 9))) for _ in range(800)]
    text = "<html><head><title>A page</title></head><body>"
    while len(text) < PAGE_BYTES:
        text += f'<p class="text">{" ".join(draw.choices(words, k=12))}</p>\n'
    return text.encode()[: PAGE_BYTES - 14] + b"</body></html>"


BODY = _body()


@dataclass(frozen=True)
class ManyHosts:
    """The running servers."""

    port: int
    folder: Path
    processes: tuple[psutil.Process, ...]

    def url(self, number: int, hosts: int) -> str:
        """Return the URL with a number, on the next of so many hosts."""
        host = number % hosts
        return f"http://127.1.{host >> 8}.{host & 255}:{self.port}/page/{number}"

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the servers have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    def robots_requests(self) -> list[str]:
        """Return the host of each request for robots.txt since the last call."""
        log = self.folder / "robots.log"
        hosts = log.read_text().split()
        log.write_text("")  # nginx appends
        return hosts


def write_urls(path: Path, server: ManyHosts, urls: int, hosts: int) -> None:
    """Write a list of URLs, its hosts in turn."""
    with path.open("w") as file:
        file.writelines(f"{server.url(number, hosts)}\n" for number in range(urls))


@contextmanager
def many_hosts(folder: Path, latency: float = 0.0, *, connections: int = 18_000) -> Iterator[ManyHosts]:
    """Serve on all addresses of 127.0.0.0/8; robots.txt has the latency, too. Raises RuntimeError without nginx."""
    nginx = shutil.which("nginx")
    if nginx is None:
        raise RuntimeError("this measurement needs nginx: install it with the system's package manager")
    folder.mkdir()
    pages = folder / "pages"
    pages.mkdir()
    (pages / "page.html").write_bytes(BODY)
    (pages / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    with ExitStack() as stack:
        delay, delaying = start_plain_server(stack, [str(latency)])
        [port] = free_ports(1)
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder, pages=pages, port=port, delay=delay, connections=connections,
                files=connections + 100, guard="auth_request /delay;" if latency else "",
            )
        )  # fmt: skip
        command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
        server = stack.enter_context(subprocess.Popen(command))
        stack.callback(server.terminate)
        _wait_for(server, port)
        processes = tuple(psutil.Process(process.pid) for process in (delaying, server))
        yield ManyHosts(port, folder, processes)


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            raise RuntimeError("nginx ended")
        time.sleep(0.02)
    raise TimeoutError("nginx does not answer")
