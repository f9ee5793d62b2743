"""Large and hostile robots.txt files: the first 500 KiB are obeyed, and no file costs much."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from crawler.download.client import Downloader
from crawler.download.exchange import Exchange, FetchPolicy, HttpRecord, Problem, Truncation
from crawler.download.robots import MAX_BYTES, Rules
from crawler.download.robots_parser import MAX_WORK
from tests.download.bodies import raw_deflate
from tests.download.robots_host import AGENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@asynccontextmanager
async def serving(
    body: bytes, headers: dict[str, str], *, status: int = 200, chunked: bool = False
) -> AsyncIterator[str]:
    """Serve a robots.txt, already encoded, and a page for every other address."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/robots.txt":
            return web.Response(text="a page")
        response = web.StreamResponse(status=status, headers=headers)
        if not chunked:
            response.content_length = len(body)
        await response.prepare(request)
        try:
            await response.write(body)
            await response.write_eof()
        except ConnectionError:
            pass  # the client has read enough
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


async def fetch(
    url: str, *paths: str, notes: list[str] | None = None, max_bytes: int = 2**20
) -> list[Exchange]:
    policy = FetchPolicy(attempts=1, max_bytes=max_bytes, named_hosts=frozenset({"127.0.0.1"}))
    heard = [] if notes is None else notes
    async with Downloader(on_robots_note=lambda _host, note: heard.append(note)) as downloader:
        return [await downloader.fetch(f"{url}{path}", policy) for path in paths]


def large(size: int) -> bytes:
    """Return a file of this many octets that denies «/first», «/within» in the last line that counts, and «/beyond»."""
    first, within, beyond = (
        b"User-agent: *\nDisallow: /first\n",
        b"Disallow: /within\n",
        b"Disallow: /beyond\n",
    )
    filler = b"# " + b"." * 97 + b"\n"
    room = MAX_BYTES - len(first) - len(within)
    start = first + filler * (room // len(filler)) + b"#" * (room % len(filler) - 1) + b"\n" + within
    assert len(start) == MAX_BYTES
    return start + beyond + filler * ((size - MAX_BYTES) // len(filler))


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "gzip, stored": lambda data: gzip.compress(data, 0),
    "gzip, members": lambda data: b"".join(
        gzip.compress(data[start : start + 50_000]) for start in range(0, len(data), 50_000)
    ),
    "deflate": zlib.compress,
    "deflate, raw": raw_deflate,
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [600_000, 1_100_000, 10_000_000])
async def test_of_a_large_file_the_first_500_kib_are_obeyed(coding: str, chunked: bool, size: int) -> None:
    """Whatever length it states, whatever its compression, and whatever the limit on pages; and a note says so."""
    headers = {} if coding == "identity" else {"Content-Encoding": coding.partition(",")[0]}
    notes: list[str] = []
    async with serving(CODINGS[coding](large(size)), headers, chunked=chunked) as url:
        ends = await fetch(url, "/first", "/within", "/beyond", "/other", notes=notes, max_bytes=1024)
    assert [end.problem for end in ends] == [Problem.ROBOTS, Problem.ROBOTS, None, None]
    assert notes == ["robots.txt is larger than 500 KiB; the rest is ignored"]


async def test_of_a_bomb_the_start_is_obeyed_and_little_is_held() -> None:
    """A gigabyte in a megabyte: its rules count, and memory use stays within a few copies of 500 KiB."""
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(b"User-agent: *\nDisallow: /first\n") + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same bytes can stand in the stream again and again; nobody gets to the checksum.
    bomb += (packer.compress(b"\n" * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)) * 1024 + packer.flush()
    async with serving(bomb, {"Content-Encoding": "gzip"}) as url:
        tracemalloc.start()
        try:
            first, other = await fetch(url, "/first", "/other")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (first.problem, other.problem) == (Problem.ROBOTS, None)
    assert peak < 20 * 2**20


async def test_a_file_of_just_500_kib_is_whole() -> None:
    """Its last line counts even without a line end, and there is no note."""
    body = large(MAX_BYTES)[: MAX_BYTES - 1]
    notes: list[str] = []
    async with serving(body + b"n", {}) as url:
        within, other = await fetch(url, "/withinn", "/within", notes=notes)
    assert (within.problem, other.problem, notes) == (Problem.ROBOTS, None, [])


async def test_a_large_body_of_which_nothing_comes_out_is_no_permission() -> None:
    """A megabyte of endless gzip header decompresses to nothing: the file is unreachable."""
    header = b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"a" * 1_100_000
    async with serving(header, {"Content-Encoding": "gzip"}) as url:
        (end,) = await fetch(url, "/a")
    assert end.problem is Problem.ROBOTS
    assert end.detail.startswith("robots.txt could not be fetched: ")


async def test_the_page_for_a_missing_file_may_be_as_large_as_it_likes() -> None:
    """A 404 means that there is no file, whatever the size and content of its page."""
    async with serving(b"User-agent: *\nDisallow: /\n" * 100_000, {}, status=404) as url:
        (end,) = await fetch(url, "/a")
    assert end.status == 200


async def test_an_archive_says_that_a_large_file_was_cut() -> None:
    """The record has the octets that were read, marked as truncated by length."""
    hops: list[HttpRecord] = []
    policy = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}))
    async with serving(large(1_100_000), {}) as url, Downloader() as downloader:
        await downloader.fetch(f"{url}/a", policy, on_hop=lambda hop, _robots: hops.append(hop))
    assert (hops[0].cut, hops[1].cut) == (Truncation.LENGTH, None)
    assert hops[0].body.startswith(large(MAX_BYTES)[:MAX_BYTES])
    assert len(hops[0].body) == MAX_BYTES + 1


def hostile(line: str) -> str:
    """Return 500 KiB of one group whose lines are `line` with a number."""
    lines = "".join(line.format(number) + "\n" for number in range(MAX_BYTES // len(line)))
    return f"User-agent: *\n{lines}"[:MAX_BYTES]


@pytest.mark.parametrize(
    "text",
    [
        hostile("Disallow: /*" + "a" * 49 + "b" + "a" * 48 + "*{}"),
        hostile("Disallow: /*{}*"),
        hostile("Allow: /{}$"),
        "User-agent: *\nDisallow: /" + "*a" * (MAX_BYTES // 2 - 20),
        "User-agent: *\n" + f"Disallow: /{'*a' * 8000}b\n" * 31,
        "User-agent: *\nDisallow: /" + "a" * (MAX_BYTES - 30),
        " " * MAX_BYTES,
        "user" + " " * MAX_BYTES,
        "dis" + "s" * MAX_BYTES,
        "disallow " + " a" * (MAX_BYTES // 2),
        "User-agent: *\n" * (MAX_BYTES // 14),
        "User-agent: *\n" * (MAX_BYTES // 28) + "Disallow: /x\n" * (MAX_BYTES // 28),
        "User-agent: *\nDisallow: /%" + "%2" * (MAX_BYTES // 2),
        "\r" * MAX_BYTES,
        "User-agent: *\nRequest-rate: " + "9" * MAX_BYTES,
    ],
    ids=range(15),
)
def test_a_hostile_file_costs_little(text: str) -> None:
    """Parsing and matching the worst files ends soon (a quadratic step would take hours), and needs little memory."""
    tracemalloc.start()
    try:
        rules = Rules(text, user_agent=AGENT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for length in (100, 1_000, 8_000):
        rules.allows("http://a/" + "a" * length)
        rules.reason("http://a/" + "a" * length)
    assert peak < 50 * 2**20


def test_what_would_take_too_long_is_denied_and_says_so() -> None:
    """Half a megabyte of wildcards is not compared with an address of eight thousand octets."""
    rules = Rules(hostile("Allow: /*a*{}"), user_agent=AGENT)
    assert rules.allows("http://a/" + "b" * 1_000)
    assert MAX_BYTES * 8_000 > MAX_WORK
    assert rules.reason("http://a/" + "b" * 8_000) == (
        "robots.txt disallows it: too many wildcards to compare with an address of this length"
    )
