"""Forbidden addresses, in every spelling, as redirects and as DNS answers, against real sockets."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote, unquote, urljoin

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from crawler.download.guard import (
    AddressCheck,
    AddressRefusedError,
    GuardedConnector,
    guarded_request,
    refusal,
    refuse_literal,
)

ANY = "0.0.0.0"  # noqa: S104 – nothing is bound to it

SPELLINGS = (
    # this machine
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001",
    "0x7f.1", "0X7F.0x0.0x0.0x1", "0177.0.0.1", "017700000001", "0177.1", "00000177.0.0.1", ANY, "0", "0x0",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::]", "[::1%25lo]",
    # as other characters
    "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "127.0.0.\u00ad1", "127.0\u200b.0.1",
    "𝟏𝟐𝟕.0.0.1", "%31%32%37.0.0.1", "%6cocalhost", "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
    # by name
    "localhost", "LOCALHOST", "localhost.", "localhost..", "shop.localhost", "localhost.localdomain", "ip6-localhost",
    "ｌｏｃａｌhost", "metadata.google.internal", "printer.local", "router.home.arpa",
    # within IPv6
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::127.0.0.1]", "[64:ff9b:1:7f00:0:100::]", "[2002:7f00:1::]", "[2002:a00:1::8.8.8.8]",
    "[2001:0:808:808::80ff:fffe]", "[2001:0:7f00:1::f7f7:f7f7]", "[2606:4700::5efe:127.0.0.1]",
    "[2606:4700::200:5efe:10.0.0.1]",
    # other networks
    "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "169.254.1.1", "192.0.0.8", "192.88.99.1",
    "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.254", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "010.0.0.1", "0xa000001", "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]", "[fc00::1]",
    "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[4000::1]", "[2001:2::1]",
    # metadata of clouds
    "169.254.169.254", "2852039166", "0xA9FEA9FE", "169.254.43518", "[::ffff:a9fe:a9fe]", "100.100.100.200",
    "168.63.129.16", "[fd00:ec2::254]",
)  # fmt: skip

ANSWERS = (
    "127.0.0.1", "127.8.8.8", ANY, "0.1.2.3", "10.1.2.3", "172.20.0.1", "192.168.0.1", "100.127.0.1",
    "100.100.100.200", "169.254.169.254", "168.63.129.16", "198.18.0.17", "192.0.2.1", "224.0.0.251", "240.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:0a00:1", "::10.0.0.1", "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1", "2002:c0a8:1::1", "2001:0:808:808::80ff:fffe", "fe80::1", "fe80::1%lo", "fe80::1%1", "fc00::5",
    "fd00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1", "2606:4700::5efe:7f00:1",
    "127.1", "2130706433", "0x7f.1", "localhost", "",
)  # fmt: skip

PUBLIC = (
    "1.1.1.1", "8.8.8.8", "101.201.62.3", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2606:4700::1111", "2400:3200::1", "2001:4860:4860::8888", "2a00::1%eth0", "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7", "2606:4700::5efe:8.8.8.8",
)  # fmt: skip


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


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "127.0.0.1 is this machine"),
        ("10.0.0.1", "10.0.0.1 is in a private network"),
        ("100.64.0.1", "100.64.0.1 is in an internet provider's internal network (shared address space)"),
        ("169.254.7.7", "169.254.7.7 is a link-local address"),
        ("fe80::1%eth0", "fe80::1%eth0 is a link-local address"),
        (ANY, "0.0.0.0 is an unspecified address, which belongs to no host"),
        ("::", ":: is an unspecified address, which belongs to no host"),
        ("224.0.0.1", "224.0.0.1 is a multicast address"),
        ("255.255.255.255", "255.255.255.255 is a broadcast address"),
        ("240.0.0.1", "240.0.0.1 is a reserved address, which belongs to no host"),
        ("192.0.2.1", "192.0.2.1 is an example address from documentation, which belongs to no host"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1 is the IPv6 form of 10.0.0.1, which is in a private network"),
        ("nonsense", "nonsense is not an IP address"),
    ],
)
def test_a_refusal_says_why(address: str, words: str) -> None:
    """The message names the address and its kind."""
    assert refusal(address) == words


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"]
)
def test_metadata_are_called_so(address: str) -> None:
    """Of the private addresses, these are the most valuable to an attacker."""
    assert refusal(address) == f"{address} is a cloud provider's metadata address, which holds credentials"


@pytest.mark.parametrize("address", ["198.18.0.1", "198.19.255.255", "fc00::1f", "::ffff:198.18.0.1"])
def test_a_made_up_address_comes_with_the_remedy(address: str) -> None:
    """A proxy in fake-IP mode answers every name like this: the message gives the remedy."""
    words = refusal(address)
    assert words is not None
    assert "(fake-IP, TUN mode)" in words
    assert "--proxy http://127.0.0.1:PORT" in words
    assert "remove the shop's host from its fake-IP list" in words


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("2130706433", "2130706433 means 127.0.0.1, which is this machine"),
        ("[::1]", "::1 is this machine"),
        ("Shop.LocalHost.", "shop.localhost is this machine"),
        ("printer.local", "printer.local is a name of the local network"),
        ("", "an address without a host"),
        ("localhost6", "localhost6 is this machine"),
        ("ip6-loopback", "ip6-loopback is this machine"),
        ("local\u200ehost", "localhost is this machine"),  # a mark of direction
        ("local\ufe0fhost", "localhost is this machine"),  # a selector of variants
        (
            "[::2]",
            "::2 is the IPv6 form of 0.0.0.2, which is an unspecified address",
        ),
        (
            "010.0.0.1",  # octal for some, decimal for others
            "010.0.0.1 means 10.0.0.1, which is in a private network",
        ),
    ],
)
def test_a_refused_spelling_says_why(host: str, words: str) -> None:
    """The message names the host as written, and the address that it means."""
    assert (refuse_literal(host) or "").startswith(words)


@pytest.mark.parametrize(
    ("host", "named"), [("[::1]", "0::1"), ("LocalHost", "localhost."), ("127.0.0.1.", "127.0.0.1")]
)
def test_a_named_spelling_is_not_refused(host: str, named: str) -> None:
    """Hosts are compared as a resolver would."""
    assert refuse_literal(host)
    assert refuse_literal(host, {named}) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    """They pass up to the borders of the forbidden ranges, also inside IPv6 addresses."""
    assert refusal(address) is None
    assert refuse_literal(f"[{address}]" if ":" in address else address) is None


@pytest.mark.parametrize(
    "host",
    [
        "search.dangdang.com",
        "书.example",
        "localhost.example",
        "local",
        "1.2.3.4.5",
        "256.1.1.1",
        "4294967296",
        "8.8",  # 8.0.0.8, and in no other way an address
        "8.0377.1.1",  # 8.255.1.1; no decimal number of an address
        "[2606:4700::1111%31]",  # a zone, and no percent-encoding
        "a" * 300,
    ],
)
def test_names_must_be_resolved(host: str) -> None:
    """Anything that is neither an address nor a local name is left to the resolver."""
    assert refuse_literal(host) is None


SPECIAL = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
]  # fmt: skip

special_addresses = st.sampled_from(SPECIAL).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(ipaddress.IPv4Address)
)
any_address = st.one_of(special_addresses, st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))


def embeddings(address: ipaddress.IPv4Address) -> dict[str, int]:
    """Return every IPv6 form of `address`, as a number."""
    value = int(address)
    a, b, c, d = address.packed
    local = 0x0064_FF9B_0001 << 80
    global_prefix = 0x2606_4700 << 96
    return {
        "compatible": value,
        "mapped": 0xFFFF << 32 | value,
        "translated": 0xFFFF << 48 | value,
        "NAT64": 0x0064_FF9B << 96 | value,
        "local NAT64, 96": local | value,
        "local NAT64, 48": local | (a << 8 | b) << 64 | (c << 8 | d) << 40,
        "local NAT64, 56": local | a << 64 | (b << 16 | c << 8 | d) << 32,
        "local NAT64, 64": local | value << 24,
        "6to4": 0x2002 << 112 | value << 80 | 1,
        "Teredo, server": 0x2001_0000 << 96 | value << 64 | (0x0808_0808 ^ 0xFFFF_FFFF),
        "Teredo, client": 0x2001_0000 << 96 | 0x0808_0808 << 64 | (value ^ 0xFFFF_FFFF),
        "ISATAP, private": global_prefix | 0x5EFE << 32 | value,
        "ISATAP, global": global_prefix | 0x0200_5EFE << 32 | value,
    }


@given(special_addresses)
def test_every_special_address_is_refused_in_every_form(address: ipaddress.IPv4Address) -> None:
    """Plain, written as a number, and inside each form of IPv6."""
    assert refusal(str(address))
    for spelling in (str(int(address)), hex(int(address)), f"{address}.", f"0{int(address):o}"):
        assert refuse_literal(spelling), spelling
    for form, value in embeddings(address).items():
        if form.startswith("local NAT64") and address.packed[0] == 0:
            continue  # behind a zero octet another place may begin, and no network leads to these
        assert refusal(str(ipaddress.IPv6Address(value))), form
        assert refuse_literal(f"[{ipaddress.IPv6Address(value)}]"), form


@given(any_address)
def test_every_other_address_passes(address: ipaddress.IPv4Address) -> None:
    """Every address outside the special networks is public, plain and inside IPv6."""
    special = any(address in network for network in SPECIAL)
    assert (refusal(str(address)) is not None) == special
    for form, value in embeddings(address).items():
        if not form.startswith("local NAT64"):  # there the place is not known, and any of four may forbid it
            assert (refusal(str(ipaddress.IPv6Address(value))) is not None) == special, form


@given(st.one_of(st.integers(0, 2**128 - 1), st.integers(0, 2**61 - 1).map(lambda value: value << 67)))
def test_no_ipv6_address_passes_that_is_not_on_the_internet(value: int) -> None:
    """Global unicast is 2000::/3; outside it, only representations of public IPv4 addresses pass."""
    address = ipaddress.IPv6Address(value)
    if refusal(str(address)) is None:
        unicast = address in ipaddress.IPv6Network("2000::/3")
        assert unicast or value in embeddings(ipaddress.IPv4Address(value & 0xFFFF_FFFF)).values()
        assert not address.is_multicast
        assert not address.is_link_local
        assert not address.is_loopback


@given(st.text(st.one_of(st.characters(), st.sampled_from("0179xf.:[]%。２\0")), max_size=40))
def test_any_text_is_judged(text: str) -> None:
    """No address or host is so odd that the check fails."""
    assert refusal(text) != ""
    assert refuse_literal(text) != ""
