"""Restrict requests to public addresses and to the hosts that the user named, or that a policy allows.

    with guarded_request(policy.named_hosts) as check:         # around one request
        async with session.get(url, proxy=…) as response: …    # of a session with a GuardedConnector
    check.refusal                                              # why it was not sent, if an address was refused

The connector checks three things, and each closes a gap that the others leave: the target as written, before any
lookup (a proxy would resolve it for us); every address, just before its socket is created (a name may resolve to a
different one each time); and the address of a connection from the pool (it may have been opened for a request that
named the host).
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import stringprep
import unicodedata
from collections.abc import Collection
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import aiohttp

from crawler.download.connections import InStepConnector
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from aiohttp.connector import AddrInfoType, Connection
    from aiohttp.tracing import Trace

__all__ = [
    "AddressCheck",
    "AddressRefusedError",
    "GuardedConnector",
    "guarded_request",
    "refusal",
    "refuse_literal",
]


class AddressRefusedError(OSError):
    """An address may not be used; `strerror` is the refusal in words."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EACCES, words)


class AddressCheck:
    """The outcome of the address checks of one request."""

    __slots__ = ("_named", "allow_private", "passed", "peer", "refused")

    def __init__(self, named: Collection[str], *, allow_private: bool = False) -> None:
        """`named` are the hosts that the user named; `allow_private` is as in `guarded_request`."""
        self.allow_private = allow_private
        self.refused: dict[str, str] = {}
        """The refused addresses, or the target as written, each with the reason."""
        self.passed: list[str] = []
        """The addresses that passed and got a socket."""
        self.peer: str | None = None
        """The address of the connection that was used, even if it is a proxy's."""
        self._named = _plain_names(named if isinstance(named, frozenset) else frozenset(named))

    @property
    def refusal(self) -> str | None:
        """Why the request was not sent; None if no address was refused, or if another one could be tried."""
        if self.passed or not self.refused:
            return None
        first, *others = self.refused.values()
        return first if not others else Phrase("and_more_such", words=first, n=len(others))

    def names(self, host: str) -> bool:
        """Return True if the user named exactly this host."""
        return _plain(host) in self._named


_ASKED: ContextVar[AddressCheck | None] = ContextVar("asked", default=None)
_EXEMPT: ContextVar[bool] = ContextVar("exempt", default=False)


class guarded_request:  # noqa: N801 – used like a function; a generator would take twice as long for each request
    """Allow the enclosed request to use public addresses, and the hosts in `named` whatever their addresses.

    Names are compared without regard to case, brackets or a trailing dot. A different spelling of a named address does
    not count as named. Tasks started inside inherit the permission; outside, no host is named.

    With `allow_private`, every host may have any address except that of a cloud's metadata service, which gives
    credentials to whoever asks.
    """

    __slots__ = ("_asked", "_token")

    def __init__(self, named: Collection[str], *, allow_private: bool = False) -> None:
        self._asked = AddressCheck(named, allow_private=allow_private)

    def __enter__(self) -> AddressCheck:
        self._token = _ASKED.set(self._asked)
        return self._asked

    def __exit__(self, *_: object) -> None:
        _ASKED.reset(self._token)


class GuardedConnector(InStepConnector):
    """An InStepConnector that connects only to public addresses, named hosts and proxies.

    A refusal is a ClientConnectorError whose `os_error` is an AddressRefusedError. If a name has several addresses,
    aiohttp may fold their errors into one; `AddressCheck.refusal` still knows. If only some addresses of a name are
    refused, the others are used.

    Only the user can configure a proxy, so a proxy may have any address. The target behind it is checked as written;
    its resolution is up to the proxy.

    One connector may serve both requests that named a host and requests that did not: it closes a pooled connection
    of the former before the latter could use it, and checks cached DNS answers like fresh ones.
    """

    def __init__(self, **options: Any) -> None:
        """`options` are those of aiohttp.TCPConnector, except `socket_factory`."""
        super().__init__(socket_factory=_guarded_socket, **options)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 – the signature is aiohttp's
    ) -> Connection:
        """Return a connection for `req`, pooled or new; raise as the class describes."""
        asked = _ASKED.get() or AddressCheck(())
        host = req.url.raw_host or ""
        exempt = asked.names(host)
        private = asked.allow_private
        if not exempt and (words := refuse_literal(host, allow_private=private)) is not None:
            asked.refused[host] = words
            raise aiohttp.ClientConnectorError(req.connection_key, AddressRefusedError(words))
        exempt = exempt or req.proxy is not None
        token = _EXEMPT.set(exempt)
        try:
            while True:
                connection = await super().connect(req, traces, timeout)
                peer = _peer(connection)
                if exempt or peer is None or refusal(peer, allow_private=private) is None:
                    asked.peer = peer
                    return connection
                connection.close()  # then try the next; in the end a new one, whose address is checked first
        finally:
            _EXEMPT.reset(token)


def _guarded_socket(address: AddrInfoType) -> socket.socket:
    """Create a socket for `address`; raise AddressRefusedError if the address is not allowed.

    aiohttp calls this for every address that it tries, in tasks that inherit the context of `connect`.
    """
    family, kind, protocol, _, peer = address
    text = str(peer[0])
    asked = _ASKED.get() or AddressCheck(())
    words = None if _EXEMPT.get() else refusal(text, allow_private=asked.allow_private)
    if words is not None:
        asked.refused[text] = words
        raise AddressRefusedError(words)
    asked.passed.append(text)
    return socket.socket(family, kind, protocol)


def _peer(connection: Connection) -> str | None:
    """Return the remote address of `connection`."""
    peer = None if connection.transport is None else connection.transport.get_extra_info("peername")
    return None if peer is None else str(peer[0])


def refusal(address: str, *, allow_private: bool = False) -> str | None:
    """Return the reason, in words, that no request may use an IP address from a sockaddr; None for a public one.

    The networks come from IANA's special-purpose registries. They are listed here because `ipaddress.is_global` differs
    between patch releases of Python. An IPv6 address that represents an IPv4 one is judged as that one.

    `allow_private` is as in `guarded_request`.
    """
    kind = _kind(address)
    if kind is None or (allow_private and not _is_metadata(kind)):
        return None
    return Phrase("address_is", address=address[:80], kind=kind)


def refuse_literal(host: str, named: Collection[str] = (), *, allow_private: bool = False) -> str | None:
    """Return the reason, in words, that no request may use `host` as written; None for a name that needs a lookup.

    This recognizes an address in every spelling that a resolver, a proxy or a URL parser may accept: `2130706433`,
    `0x7f.1`, `0177.0.0.1`, `127.1`, `[::1]`, `１２７。0。0。1`, `%3127.0.0.1`; and the names that the standards reserve
    for this machine or the local network (RFC 6761, 6762, 8375; `.internal`). `named` and `allow_private` are as in
    `guarded_request`.
    """
    plain = _plain(host)
    if named and plain in {_plain(name) for name in named}:
        return None
    return _refusal_of_name(plain, allow_private)


@lru_cache(maxsize=4096)
def _refusal_of_name(plain: str, allow_private: bool) -> str | None:
    if allow_private and plain:
        return next((words for ip in _readings(plain) if (words := refusal(ip, allow_private=True))), None)
    if not plain:
        return Phrase("address_without_host")
    if plain in OWN_NAMES or plain.endswith((".localhost", ".localdomain")):
        return Phrase("address_is", address=plain, kind=OWN)
    if plain.endswith((".local", ".internal", ".home.arpa")):
        return Phrase("address_is", address=plain, kind=Phrase("address_local_name"))
    for address in _readings(plain):
        if (kind := _kind(address)) is not None:
            if address == plain:
                return Phrase("address_is", address=plain[:80], kind=kind)
            return Phrase("address_stands_for", host=plain[:80], address=address, kind=kind)
    return None


@lru_cache(maxsize=4096)
def _plain(host: str) -> str:
    """Normalize `host` as a resolver would: the essence of UTS 46, without brackets and trailing dots."""
    if "%" in host and ":" not in host:
        host = unquote(host)
    if not host.isascii():
        host = unicodedata.normalize("NFKC", host).replace("。", ".")
        host = "".join(
            character
            for character in host
            if not stringprep.in_table_b1(character) and unicodedata.category(character) != "Cf"
        )
    host = host.strip().rstrip(".").strip("[]").lower()
    if ":" in host:
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
    return host


@lru_cache(maxsize=64)
def _plain_names(named: frozenset[str]) -> frozenset[str]:
    """Normalize the named hosts; cached, because each request of a policy has the same ones."""
    return frozenset(_plain(host) for host in named)


def _readings(plain: str) -> list[str]:
    """Return the IP addresses that a host may be read as; none for a name."""
    if ":" in plain:
        return [plain]
    try:
        readings = [socket.inet_ntoa(socket.inet_aton(plain))]
    except (OSError, ValueError):
        return []
    parts = plain.split(".")
    if len(parts) == 4 and all(part.isdigit() and len(part) < 10 and int(part) < 256 for part in parts):
        # 010.0.0.1: inet_aton reads octal, others decimal.
        readings.append(".".join(str(int(part)) for part in parts))
    return readings


LOW = 0xFFFFFFFF
"""Mask of the lowest 32 bits."""

OWN = Phrase("address_own")
PRIVATE = Phrase("address_private")
LINK_LOCAL = Phrase("address_link_local")
METADATA = Phrase("address_metadata")
UNSPECIFIED = Phrase("address_unspecified")
MULTICAST = Phrase("address_multicast")
RESERVED = Phrase("address_reserved")
DOCUMENTATION = Phrase("address_documentation")
FAKE_IP = Phrase("address_fake_ip")

OWN_NAMES = frozenset({"localhost", "localhost6", "ip6-localhost", "ip6-loopback"})

IPV4 = (
    ("169.254.169.254/32", METADATA),  # AWS, Azure, Google, Tencent and most others
    ("169.254.170.2/32", METADATA),  # AWS, in containers
    ("100.100.100.200/32", METADATA),  # Alibaba
    ("192.0.0.192/32", METADATA),  # Oracle
    ("168.63.129.16/32", METADATA),  # Azure; looks like a public address
    ("0.0.0.0/8", UNSPECIFIED),
    ("10.0.0.0/8", PRIVATE),
    ("100.64.0.0/10", Phrase("address_provider")),
    ("127.0.0.0/8", OWN),
    ("169.254.0.0/16", LINK_LOCAL),
    ("172.16.0.0/12", PRIVATE),
    ("192.0.0.0/24", RESERVED),
    ("192.0.2.0/24", DOCUMENTATION),
    ("192.88.99.0/24", RESERVED),  # 6to4 relays, deprecated by RFC 7526
    ("192.168.0.0/16", PRIVATE),
    ("198.18.0.0/15", FAKE_IP),  # for benchmarks, by RFC 2544
    ("198.51.100.0/24", DOCUMENTATION),
    ("203.0.113.0/24", DOCUMENTATION),
    ("224.0.0.0/4", MULTICAST),
    ("255.255.255.255/32", Phrase("address_broadcast")),
    ("240.0.0.0/4", RESERVED),
)
"""Networks of IANA's IPv4 Special-Purpose Address Registry that are not on the internet, and multicast; the first
match decides."""

IPV6 = (
    ("::/128", UNSPECIFIED),
    ("::1/128", OWN),
    ("fd00:ec2::254/128", METADATA),  # AWS
    ("fd20:ce::254/128", METADATA),  # Google
    ("fd00:42::42/128", METADATA),  # Scaleway
    ("fc00::/18", FAKE_IP),  # sing-box's default; assigned addresses begin with fd
    ("fc00::/7", PRIVATE),
    ("fe80::/10", LINK_LOCAL),
    ("fec0::/10", PRIVATE),  # site-local, deprecated by RFC 3879
    ("ff00::/8", MULTICAST),
    ("2001:db8::/32", DOCUMENTATION),
    ("3fff::/20", DOCUMENTATION),
    ("2001::/23", RESERVED),  # for protocols
)
"""The same for IPv6. Everything else outside 2000::/3 is reserved, too (RFC 4291, 2.4)."""


def _table(networks: tuple[tuple[str, str], ...]) -> list[tuple[int, int, str]]:
    """Return (mask, masked value, words) for each network: ten times as fast as `ipaddress`."""
    parsed = [(ipaddress.ip_network(network), words) for network, words in networks]
    return [(int(network.netmask), int(network.network_address), words) for network, words in parsed]


_IPV4 = _table(IPV4)
_IPV6 = _table(IPV6)


def _is_metadata(kind: str) -> bool:
    """Return True for the kind of a metadata service, also if an IPv6 address represents it."""
    return kind == METADATA or (isinstance(kind, Phrase) and kind.values.get("kind") == METADATA)


@lru_cache(maxsize=4096)
def _kind(address: str) -> str | None:
    """Return the kind of an address that is not public; None for a public one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return Phrase("address_none")
    return _kind_of_ipv4(int(ip)) if ip.version == 4 else _kind_of_ipv6(int(ip))


def _kind_of_ipv4(value: int) -> str | None:
    return next((words for mask, network, words in _IPV4 if value & mask == network), None)


def _kind_of_ipv6(value: int) -> str | None:
    if embedded := _embedded(value):
        return _kind_of_embedded(embedded)
    for mask, network, words in _IPV6:
        if value & mask == network:
            return words
    if value >> 125 != 1:
        return RESERVED
    # ISATAP (RFC 5214, 6.1): the interface identifier holds the address, whatever the prefix.
    return _kind_of_embedded([value & LOW]) if value >> 32 & 0xFDFFFFFF == 0x5EFE else None


def _kind_of_embedded(values: list[int]) -> str | None:
    for value in values:
        if (words := _kind_of_ipv4(value)) is not None:
            return Phrase("address_embedded", address=str(ipaddress.IPv4Address(value)), kind=words)
    return None


def _embedded(value: int) -> list[int]:
    """Return the IPv4 addresses that an IPv6 one represents, by its prefix."""
    prefix = value >> 32
    if value <= 1:
        return []  # :: and ::1
    if prefix in {0, 0xFFFF, 0xFFFF_0000, 0x64_FF9B << 64}:
        return [
            value & LOW
        ]  # IPv4-compatible, -mapped (RFC 4291, 2.5.5), -translated (RFC 2765), NAT64 (RFC 6052)
    if prefix >> 48 == 0x64_FF9B_0001:
        return _behind_local_nat64(value)
    if prefix >> 80 == 0x2002:
        return [value >> 80 & LOW]  # 6to4 (RFC 3056, 2)
    if prefix >> 64 == 0x2001_0000:
        return [value >> 64 & LOW, ~value & LOW]  # Teredo: its server, its client (RFC 4380, 4)
    return []


def _behind_local_nat64(value: int) -> list[int]:
    """Return the IPv4 addresses that one in 64:ff9b:1::/48 (RFC 8215) may represent; only its network knows which.

    RFC 6052, 2.2 gives the positions for prefixes of 96, 48, 56 and 64 bits, skipping bits 64 to 71. They overlap: a
    position that begins with a zero octet holds the end of another.
    """
    octets = value.to_bytes(16)
    places = (octets[12:16], octets[6:8] + octets[9:11], octets[7:8] + octets[9:12], octets[9:13])
    inner = [int.from_bytes(place) for place in places]
    return [one for one in inner if one >> 24]
