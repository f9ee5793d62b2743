"""The system's CA certificates: loaded only when TLS needs them, and then as strict as ever."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from crawler.download.certificates import certificates_loaded, deferred_certificates
from tests.download.talking import Talk, page, talking

ROOT = Path(__file__).parents[2]


class Loopback(NamedTuple):
    """A certificate for 127.0.0.1."""

    server: ssl.SSLContext
    """The TLS context of a server that has it."""
    authority: Path
    """A file with the only certificate to trust."""


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Loopback:
    """Issue a certificate for these tests."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return Loopback(server, file)


SEARCH = """
import asyncio, sys
from crawler import Crawler, SearchFinished, Settings
from crawler.download import certificates

async def main(base_url, proxy):
    settings = Settings(pages=1, price_check=0, attempts=1, workers=1, base_url=base_url, proxy=proxy)
    async with Crawler(settings) as crawler:
        print(len(certificates._deferred))
        async for event in crawler.search("book"):
            if isinstance(event, SearchFinished):
                result = event.result
        print(len(certificates._deferred), result.pages[0].verdict, result.pages[0].detail)

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
"""


async def unreadable(talk: Talk) -> None:
    """Answer every request with a page that is no search page."""
    while True:
        path = await talk.request()
        talk.send(page("", "404 Not Found") if path == "/robots.txt" else page("<html>nothing</html>"))


async def search(folder: Path, *arguments: str, trusted: Path | None) -> tuple[int, int, str]:
    """Search in a process of its own that trusts only `trusted`.

    Return the number of contexts without certificates before and after, and the verdict.
    """
    script = folder / "search.py"
    script.write_text(SEARCH, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "SSL_CERT_FILE": str(trusted or folder / "none"),
        "SSL_CERT_DIR": str(folder / "none"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", script, *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment, cwd=folder,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    before, after, verdict = out.decode().split(maxsplit=2)
    return int(before), int(after), verdict


async def test_https_is_verified_with_the_systems_certificates(tmp_path: Path, loopback: Loopback) -> None:
    """A trusted certificate is accepted, any other one refused; only the verifying context loads them."""
    async with talking(unreadable, tls=loopback.server) as server:
        before, after, verdict = await search(tmp_path, server.url, trusted=loopback.authority)
        assert (before, after) == (2, 1), verdict
        assert len(server.talks[0].heads) == 2, verdict  # robots.txt and the page
        before, after, verdict = await search(tmp_path, server.url, trusted=None)
    assert (before, after) == (2, 1), verdict
    assert "CERTIFICATE_VERIFY_FAILED" in verdict
    assert all(talk.heads == [] for talk in server.talks[1:])  # nothing was sent to a stranger


async def test_another_hosts_certificate_is_refused(tmp_path: Path, loopback: Loopback) -> None:
    """A trusted certificate must be that of the host."""
    async with talking(unreadable, tls=loopback.server) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        _, _, verdict = await search(tmp_path, url, trusted=loopback.authority)
    assert "Hostname mismatch" in verdict


async def test_an_https_proxy_is_verified(tmp_path: Path, loopback: Loopback) -> None:
    """The connection to a proxy needs the certificates even if the shop uses plain HTTP."""
    async with talking(unreadable, tls=loopback.server) as proxy:
        before, after, verdict = await search(
            tmp_path, "http://shop.invalid", proxy.url, trusted=loopback.authority
        )
        assert (before, after) == (2, 1), verdict
        assert len(proxy.talks[0].heads) == 2, verdict
        _, _, verdict = await search(tmp_path, "http://shop.invalid", proxy.url, trusted=None)
    assert "CERTIFICATE_VERIFY_FAILED" in verdict


async def test_plain_http_loads_none(tmp_path: Path, loopback: Loopback) -> None:
    async with talking(unreadable) as server:
        before, after, _ = await search(tmp_path, server.url, trusted=loopback.authority)
    assert (before, after) == (2, 2)


def certificates_in(context: ssl.SSLContext) -> int:
    """Return the number of certificates in a context, without loading any."""
    return super(type(context), context).cert_store_stats()["x509"]


@pytest.fixture
def before_aiohttp(monkeypatch: pytest.MonkeyPatch, loopback: Loopback) -> None:
    """Trust only our own certificate, in a process that seems not to have imported aiohttp yet."""
    monkeypatch.setenv("SSL_CERT_FILE", str(loopback.authority))
    monkeypatch.delitem(sys.modules, "aiohttp", raising=False)


@pytest.mark.usefixtures("before_aiohttp")
async def test_every_use_of_a_deferred_context_loads_them() -> None:
    """Other users of such a context, such as a program that uses aiohttp itself, see no difference."""
    with deferred_certificates():
        contexts = [ssl.create_default_context() for _ in range(5)]
    assert [certificates_in(context) for context in contexts] == [0] * 5
    assert contexts[0].cert_store_stats()["x509"] == 1
    assert len(contexts[1].get_ca_certs()) == 1
    contexts[2].wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="host").context.cert_store_stats()
    with contexts[3].wrap_socket(socket.socket(), server_hostname="host"):
        pass
    await certificates_loaded()
    for context in contexts:
        assert type(context) is ssl.SSLContext
        assert context.cert_store_stats()["x509"] == 1


@pytest.mark.usefixtures("before_aiohttp")
def test_only_the_importing_thread_defers() -> None:
    """Contexts of other threads, and of this one afterwards, are complete at once."""
    contexts = []
    with deferred_certificates():
        other = threading.Thread(target=lambda: contexts.append(ssl.create_default_context()))
        other.start()
        other.join()
    contexts.append(ssl.create_default_context())
    for context in contexts:
        assert type(context) is ssl.SSLContext
        assert context.cert_store_stats()["x509"] == 1
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)


@pytest.mark.usefixtures("before_aiohttp")
def test_a_failed_import_leaves_ssl_as_it_was() -> None:
    with pytest.raises(ImportError), deferred_certificates():
        raise ImportError
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)
