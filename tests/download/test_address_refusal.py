"""The reasons for which the guard refuses an address or a host, and the addresses that pass."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.guard import refusal, refuse_literal
from tests.download.addresses import ANY, PUBLIC


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
