"""Forbidden addresses, in every spelling, as redirects and as DNS answers, against real sockets."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urljoin

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crawler.download.guard import AddressCheck, AddressRefusedError, GuardedConnector, guarded_request
from tests.download.addresses import ANSWERS, ANY, SPELLINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable


class Server:
    """A server on loopback that counts its connections, keeps them open, and redirects as `/to?` says."""

    def __init__(self) -> None:
        self.port = 0
        self.ipv6 = False
        self.connections = 0
        self.targets: list[str] = []
        self.handlers: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.handlers.add(asyncio.create_task(self.converse(reader, writer)))

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    target = head.split()[1].decode()
                    self.targets.append(target)
                    path, _, to = target.partition("?")
                    if path.endswith("/to"):
                        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {unquote(to)}\r\n".encode())
                    else:
                        writer.write(b"HTTP/1.1 200 OK\r\n")
                    writer.write(b"Content-Length: 5\r\n\r\nhello")
                    await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Listen on 127.0.0.1, and at the same port on ::1 where there is IPv6."""
    server = Server()
    listeners = [await asyncio.start_server(server.accept, "127.0.0.1", 0)]
    server.port = listeners[0].sockets[0].getsockname()[1]
    with suppress(OSError):
        listeners.append(await asyncio.start_server(server.accept, "::1", server.port))
        server.ipv6 = True
    yield server
    for listener in listeners:
        listener.close()
    for handler in server.handlers:
        handler.cancel()
    await asyncio.gather(*server.handlers, return_exceptions=True)


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the addresses for which a socket is created; beyond loopback there is no network."""
    made: list[str] = []
    connect = BaseSelectorEventLoop.sock_connect

    async def sock_connect(loop: BaseSelectorEventLoop, sock: socket.socket, address: Any) -> None:
        made.append(address[0])
        if not ipaddress.ip_address(address[0].partition("%")[0]).is_loopback:
            raise OSError(errno.ENETUNREACH, "there is no network")
        await connect(loop, sock, address)

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", sock_connect)
    return made


class Answers(AbstractResolver):
    """A resolver that returns its n-th answer the n-th time, then repeats the last one."""

    def __init__(self, *answers: Iterable[str]) -> None:
        self.answers = [list(answer) for answer in answers]
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def guarded(*answers: Iterable[str], **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session whose names resolve to `answers`."""
    connector = GuardedConnector(resolver=Answers(*answers or [["127.0.0.1"]]), **options)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


class Outcome:
    """How a request ended: with a status or an error, and what became of its addresses."""

    def __init__(self, asked: AddressCheck, status: int = 0, error: Exception | None = None) -> None:
        self.asked = asked
        self.status = status
        self.error = error


async def ask(
    session: aiohttp.ClientSession, url: str, named: Collection[str] = (), proxy: str | None = None
) -> Outcome:
    """Request `url` as the client does, and follow redirects by hand."""
    for _ in range(3):
        with guarded_request(named) as asked:
            try:
                async with session.get(
                    URL(url, encoded=True), allow_redirects=False, proxy=proxy
                ) as response:
                    await response.read()
                    if response.status != 302:
                        return Outcome(asked, response.status)
                    url = urljoin(url, response.headers["Location"])
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return Outcome(asked, error=error)
    raise AssertionError("too many redirects")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_an_address_reaches_a_socket(
    host: str, server: Server, attempts: list[str]
) -> None:
    """However it is written in the URL, the request is refused before anything is made for it."""
    async with guarded(["127.0.0.1"]) as session:
        outcome = await ask(session, f"http://{host}:{server.port}/")
    assert outcome.asked.refusal
    assert isinstance(outcome.error, aiohttp.ClientConnectorError)
    assert isinstance(outcome.error.os_error, AddressRefusedError)
    assert (attempts, server.connections) == ([], 0)


async def test_every_host_but_metadata_services_may_be_private_if_a_policy_allows_it(
    server: Server, attempts: list[str]
) -> None:
    """Under `allow_private` a name or an address of this machine is requested; credentials of a cloud stay safe."""
    async with guarded(["127.0.0.1"]) as session:
        for host in ("127.0.0.1", "localhost", "shop.internal"):
            with guarded_request((), allow_private=True):
                async with session.get(f"http://{host}:{server.port}/") as response:
                    assert response.status == 200
        for host in ("169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"):
            with (
                guarded_request((), allow_private=True) as asked,
                pytest.raises(aiohttp.ClientConnectorError),
            ):
                await session.get(f"http://{host}:{server.port}/")
            assert asked.refusal
    async with guarded(["169.254.169.254"]) as session:
        with guarded_request((), allow_private=True) as asked, pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://shop.internal:{server.port}/")
        assert asked.refusal
    assert not [address for address in attempts if address.startswith("169.")]


async def test_a_connection_made_under_allow_private_serves_no_other_request(server: Server) -> None:
    """A request without that permission does not use it from the pool."""
    async with guarded(["127.0.0.1"]) as session:
        with guarded_request((), allow_private=True):
            async with session.get(f"http://shop.example:{server.port}/") as response:
                await response.read()
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://shop.example:{server.port}/")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_redirect_to_an_address_reaches_a_socket(
    host: str, server: Server, attempts: list[str]
) -> None:
    """A host that the user named may redirect where it likes: nobody goes there."""
    to = quote(f"http://{host}:{server.port}/inside".encode(), safe="")
    async with guarded(["127.0.0.1"]) as session:
        outcome = await ask(session, f"http://door.example:{server.port}/to?{to}", {"door.example"})
    assert outcome.asked.refusal
    assert server.targets == [f"/to?{to}"]
    assert (attempts, server.connections) == (["127.0.0.1"], 1)


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_proxy_is_asked_for_an_address(host: str, server: Server, attempts: list[str]) -> None:
    """A proxy would resolve it where it stands, so it is not told; for a name it is."""
    proxy = f"http://127.0.0.1:{server.port}"
    async with guarded() as session:
        outcome = await ask(session, f"http://{host}/", proxy=proxy)
        assert outcome.asked.refusal
        assert (attempts, server.connections) == ([], 0)
        assert (await ask(session, "http://shop.example/x", proxy=proxy)).status == 200
    assert server.targets == ["http://shop.example/x"]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example@127.0.0.1:{}/",
        "http://shop.example:80@127.0.0.1:{}/",
        "http://shop.example%40@127.0.0.1:{}/",
        "http://127.0.0.1:{}\\@shop.example/",
        "http://127.0.0.1:{}#@shop.example/",
        "http://127.0.0.1:{}?@shop.example/",
        "https://127.0.0.1:{}/",
        "https://[::1]:{}/",
        "https://localhost:{}/",
        "ws://127.0.0.1:{}/",
        "http://[127.0.0.1]:{}/",
        "http://127.0.0.1%00.example:{}/",
        "http://127.0.0.1%20.example:{}/",
        "http://\t127.0.0.1:{}/",
        "http:///127.0.0.1:{}/",
        "http://:{}/",
        "http://.:{}/",
        "http://[::1:{}/",
        "http://[::ffff:127.0.0.1%25eth0]:{}/",
        "//127.0.0.1:{}/",
    ],
)
async def test_no_crooked_url_reaches_a_socket(url: str, server: Server, attempts: list[str]) -> None:
    """What is before an @ or behind a # is no host, and what cannot be read is no address: neither goes out."""
    async with guarded(["192.168.0.1"]) as session:
        outcome = await ask(session, url.format(server.port))
    assert outcome.error is not None
    assert (attempts, server.connections) == ([], 0)


@pytest.mark.parametrize("address", ANSWERS)
async def test_no_dns_answer_reaches_a_socket(address: str, server: Server, attempts: list[str]) -> None:
    """A name that resolves to a forbidden or invalid address is refused when the socket would be created."""
    async with guarded([address]) as session:
        outcome = await ask(session, f"http://shop.example:{server.port}/")
        assert outcome.asked.refusal == outcome.asked.refused[address]
        again = await ask(session, f"http://shop.example:{server.port}/")  # from aiohttp's cache
        assert again.asked.refusal == outcome.asked.refusal
    assert (attempts, server.connections) == ([], 0)


async def test_many_refused_answers_are_one_refusal(server: Server, attempts: list[str]) -> None:
    """If aiohttp folds several refusals into one error, all are known, each once."""
    async with guarded(ANSWERS) as session:
        outcome = await ask(session, f"http://shop.example:{server.port}/")
    assert set(outcome.asked.refused) == set(ANSWERS)
    assert outcome.asked.refusal == f"127.0.0.1 is this machine (and {len(ANSWERS) - 1} more like it)"
    assert (attempts, server.connections) == ([], 0)


async def test_a_public_answer_among_others_is_used(server: Server, attempts: list[str]) -> None:
    """The others are skipped; whatever happens then is not a refusal."""
    async with guarded(["127.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]) as session:
        outcome = await ask(session, f"http://shop.example:{server.port}/")
    assert set(attempts) == {"8.8.8.8", "2606:4700::1111"}
    assert set(outcome.asked.refused) == {"127.0.0.1", "::1"}
    assert set(outcome.asked.passed) == set(attempts)
    assert outcome.asked.refusal is None
    assert server.connections == 0


async def test_a_name_that_changes_its_answer_is_judged_each_time(
    server: Server, attempts: list[str]
) -> None:
    """First a public address, then this machine: the second answer is refused as if it were the first."""
    async with guarded(["8.8.8.8"], ["127.0.0.1"], ["::1", "10.0.0.1"], use_dns_cache=False) as session:
        url = f"http://shop.example:{server.port}/"
        outcomes = [await ask(session, url) for _ in range(3)]
    assert attempts == ["8.8.8.8"]
    assert [outcome.asked.refusal for outcome in outcomes] == [
        None,
        "127.0.0.1 is this machine",
        "::1 is this machine (and 1 more like it)",
    ]
    assert server.connections == 0


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[0:0::1]", "[::1]"),
        ("localhost", "localhost."),
        ("LocalHost", "localhost"),
        ("shop.example", "shop.example"),
        ("shop.example.", "Shop.Example"),
        ("书.example", "书.example"),
    ],
)
async def test_a_named_host_is_reached(host: str, named: str, server: Server) -> None:
    """Whatever its address, and however the user wrote it."""
    if host.startswith("[") and not server.ipv6:
        pytest.skip("there is no IPv6 here")
    async with guarded(["127.0.0.1"]) as session:
        outcome = await ask(session, f"http://{host}:{server.port}/", {"other.example", named})
    assert (outcome.status, outcome.asked.refusal) == (200, None)
    assert server.connections == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        ANY,
        "10.0.0.1",
    ],
)
async def test_a_neighbour_of_a_named_address_is_not_named(
    host: str, server: Server, attempts: list[str]
) -> None:
    """Neither another address nor another spelling of the same one: the user named one host, a redirect another."""
    async with guarded() as session:
        outcome = await ask(session, f"http://{host}:{server.port}/", {"127.0.0.1"})
    assert outcome.asked.refusal
    assert (attempts, server.connections) == ([], 0)


async def test_a_kept_connection_of_a_named_host_serves_no_other_request(server: Server) -> None:
    """One search named the host and left its connection in the pool; the next search did not name it."""
    url = f"http://shop.example:{server.port}/"
    async with guarded(["127.0.0.1"]) as session:
        named = [await ask(session, f"{url}{number}", {"shop.example"}) for number in (1, 2)]
        unnamed = await ask(session, f"{url}3")
        again = await ask(session, f"{url}4", {"shop.example"})
    assert [outcome.status for outcome in named] == [200, 200]
    assert unnamed.asked.refusal == "127.0.0.1 is this machine"
    assert again.status == 200
    assert server.targets == ["/1", "/2", "/4"]
    assert server.connections == 2  # the first was kept for the second, and closed on the third's behalf


async def test_requests_at_once_do_not_share_what_is_named(server: Server) -> None:
    """Of twenty requests for one name, half belong to a search that named it: only these are answered."""
    url = f"http://shop.example:{server.port}/"
    async with guarded(["127.0.0.1"]) as session:
        outcomes = await asyncio.gather(
            *(ask(session, url, {"shop.example"} if number % 2 else ()) for number in range(20))
        )
    assert [outcome.status for outcome in outcomes] == [0, 200] * 10
    assert all(outcome.asked.refusal for outcome in outcomes[::2])


async def test_without_asking_no_host_is_named(server: Server, attempts: list[str]) -> None:
    """The connector refuses by itself: without `guarded_request`, or after leaving it, nothing is allowed."""
    async with guarded() as session:
        with guarded_request({"127.0.0.1", "shop.example"}):
            pass
        for host in ("127.0.0.1", "shop.example"):
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await session.get(f"http://{host}:{server.port}/")
            assert isinstance(caught.value.os_error, AddressRefusedError)
    assert (attempts, server.connections) == ([], 0)


async def test_redirects_that_aiohttp_follows_are_judged_too(server: Server) -> None:
    """A named host's permission does not extend to its redirects."""
    to = quote(f"http://inside.example:{server.port}/", safe="")
    async with guarded() as session:
        with guarded_request({"door.example"}) as asked, pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://door.example:{server.port}/to?{to}")
        assert asked.refused == {"127.0.0.1": "127.0.0.1 is this machine"}
    assert len(server.targets) == 1


async def test_a_proxy_may_have_a_private_address_by_name(server: Server) -> None:
    """The proxy's own name is resolved here, and only the user names proxies."""
    async with guarded(["127.0.0.1"]) as session:
        outcome = await ask(session, "http://shop.example/x", proxy=f"http://proxy.example:{server.port}")
    assert outcome.status == 200
    assert server.targets == ["http://shop.example/x"]


async def test_a_proxy_is_asked_for_a_named_address(server: Server) -> None:
    """The user named the host behind the proxy."""
    async with guarded() as session:
        outcome = await ask(
            session, "http://10.0.0.1/x", {"10.0.0.1"}, proxy=f"http://127.0.0.1:{server.port}"
        )
    assert outcome.status == 200
