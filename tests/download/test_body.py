"""Read bodies from a real server, in every coding and truncated in every way; decode the same bytes again."""

from __future__ import annotations

import asyncio
import functools
import gc
import gzip
import itertools
import socket
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.body import MAX_MEMBERS, STEP, Body, BodyReader, Decoder, decode_body
from crawler.download.exchange import Problem, Truncation

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]

MIB = 2**20
PAGE = "<li>渗透测试 ￥68.00</li>".encode("gb18030") * 9000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def stored(data: bytes) -> bytes:
    """Wrap `data` as raw deflate without compression."""
    packer = zlib.compressobj(level=0, wbits=-15)
    return packer.compress(data) + packer.flush()


def in_members(data: bytes) -> bytes:
    """Compress `data` as three gzip members, one of them empty."""
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(b"") + gzip.compress(data[half:])


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": (" X-GZip ", gzip.compress),
    "gzip members": ("gzip", in_members),
    "gzip and identity": ("identity, gzip", gzip.compress),
    "gzip and what follows": ("gzip", lambda data: gzip.compress(data) + b"\0\0\0 no member"),
    "gzip and a broken magic number": ("gzip", lambda data: gzip.compress(data) + b"\x1f\x8b"),
    "zlib": ("deflate", zlib.compress),
    "zlib and what follows": ("deflate", lambda data: zlib.compress(data) + b"\0\0\0 no stream"),
    "raw deflate": ("deflate", raw_deflate),
    "raw deflate, stored": ("Deflate", stored),
    "a charset by mistake": ("utf-8", bytes),
}


@functools.cache
def bomb(mebibytes: int = 256) -> bytes:
    """Compress that many MiB of zeros."""
    packer = zlib.compressobj(level=9, wbits=31)
    block = bytes(MIB)
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> Script:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head(*headers, f"Content-Length: {len(body)}", status=status) + body)

    return script


def closing(start: bytes, *headers: str) -> Script:
    """Send `start` and close, whatever the headers promised."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head(*headers) + start)

    return script


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(head())
    block = b"x" * 65536
    for _ in range(4096):  # 256 MiB, should nobody hang up
        writer.write(block)
        await writer.drain()


class Trickle:
    """Sends the start of a body, then nothing more."""

    def __init__(self, start: bytes, *headers: str) -> None:
        self.start = start
        self.headers = headers

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(head(*self.headers, "Content-Length: 100000") + self.start)
        await writer.drain()
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[str]:
    """Yield the address of a server that runs `script` for every request."""
    handlers: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await script(writer)
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.create_task(converse(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    finally:
        listener.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@asynccontextmanager
async def response_to(
    script: Script, *, method: str = "GET", silence: float = 20.0
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Yield the response of a server that runs `script`, with its body unread."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=silence)
    async with (
        serving(script) as url,
        aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as session,
        session.request(method, url) as response,
    ):
        yield response


async def read(
    script: Script, max_bytes: int = 8 * MIB, *, keep_raw: bool = True, method: str = "GET"
) -> Body:
    async with response_to(script, method=method) as response:
        return await BodyReader(max_bytes, keep_raw=keep_raw).read(response)


@contextmanager
def memory() -> Iterator[list[int]]:
    """Yield a list; when the block ends, it holds the peak of the memory allocated meanwhile, in bytes."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", CODERS)
async def test_a_body_comes_as_sent_and_as_decompressed(name: str) -> None:
    """A body is decoded in every requested coding, including common mistakes of servers."""
    coding, pack = CODERS[name]
    sent = pack(PAGE)
    body = await read(answer(sent, f"Content-Encoding: {coding}"))
    assert body == Body(PAGE, sent)
    assert decode_body(sent, coding, 8 * MIB) == Body(PAGE)


async def test_what_was_sent_is_kept_only_when_asked() -> None:
    """Without an archive, no raw bytes are kept."""
    body = await read(answer(gzip.compress(PAGE), "Content-Encoding: gzip"), keep_raw=False)
    assert body == Body(PAGE)


async def test_chunks_are_joined() -> None:
    """A chunked body is its chunks' contents, wherever they divide the compressed stream."""
    sent = gzip.compress(PAGE)

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head("Transfer-Encoding: chunked", "Content-Encoding: gzip"))
        for start in range(0, len(sent), 97):
            piece = sent[start : start + 97]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    assert await read(script) == Body(PAGE, sent)


@pytest.mark.parametrize("coding", ["", "gzip", "x-gzip", "deflate", "br", "gzip, gzip"])
@pytest.mark.parametrize(
    ("method", "status", "length"),
    [
        ("GET", "200 OK", "0"),
        ("GET", "204 No Content", "0"),
        ("GET", "304 Not Modified", "99999999"),
        ("HEAD", "200 OK", "99999999"),
    ],
)
async def test_no_byte_is_an_empty_body(coding: str, method: str, status: str, length: str) -> None:
    """Zero bytes are an empty body in any coding, whatever length is stated."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head(f"Content-Encoding: {coding}", f"Content-Length: {length}", status=status))

    assert await read(script, method=method) == Body()
    assert decode_body(b"", coding, 8 * MIB) == Body()


@pytest.mark.parametrize(
    ("coding", "words"),
    [
        ("br", "the response is compressed with br, which was not requested"),
        ("zstd", "the response is compressed with zstd, which was not requested"),
        ("compress", "the response is compressed with compress, which was not requested"),
        ("gzip, gzip", "the response is compressed more than once: gzip, gzip"),
        ("deflate,br , identity", "the response is compressed more than once: deflate, br"),
    ],
)
async def test_a_coding_that_was_not_asked_for_is_named(coding: str, words: str) -> None:
    """An unknown coding is a protocol problem: another attempt would bring the same."""
    body = await read(answer(b"whatever", f"Content-Encoding: {coding}"))
    assert body == Body(b"", b"whatever", Problem.PROTOCOL, words, Truncation.DISCONNECT)
    assert decode_body(b"whatever", coding, 8 * MIB).detail == words


async def test_two_headers_are_one_list() -> None:
    """A second Content-Encoding header counts as well."""
    body = await read(answer(b"whatever", "Content-Encoding: gzip", "Content-Encoding: gzip"))
    assert body.detail == "the response is compressed more than once: gzip, gzip"


@pytest.mark.parametrize("keep_raw", [False, True])
async def test_a_bomb_costs_no_more_than_the_cap(keep_raw: bool) -> None:
    """A bomb of 256 MiB in 256 KiB is refused at the limit, and memory use stays near it."""
    sent = bomb()
    with memory() as peak:
        body = await read(answer(sent, "Content-Encoding: gzip"), keep_raw=keep_raw)
    assert (body.problem, body.cut) == (Problem.TOO_LARGE, Truncation.LENGTH)
    assert body.detail == "the response is larger than 8 MiB"
    assert body.decoded == b""
    assert sent.startswith(body.raw)
    assert peak[0] < 8 * MIB * 1.25 + 2 * MIB


async def test_an_endless_body_costs_no_more_than_the_cap() -> None:
    """Reading stops at the limit and keeps one more byte, so that an archive gives the same result."""
    with memory() as peak:
        body = await read(endless)
    assert (body.problem, body.cut, body.decoded) == (Problem.TOO_LARGE, Truncation.LENGTH, b"")
    assert body.raw == b"x" * (8 * MIB + 1)
    assert decode_body(body.raw, "", 8 * MIB).problem is Problem.TOO_LARGE
    assert peak[0] < 8 * MIB * 1.25 + 2 * MIB


def test_a_bomb_in_an_archive_costs_no_more_than_the_cap() -> None:
    """Decoding the raw bytes again has the same limits as reading them."""
    sent = bomb()
    with memory() as peak:
        body = decode_body(sent, "gzip", 8 * MIB)
    assert (body.problem, body.decoded) == (Problem.TOO_LARGE, b"")
    assert peak[0] < 8 * MIB * 1.25 + 2 * MIB


@pytest.mark.parametrize("name", CODERS)
@pytest.mark.parametrize(("short", "problem"), [(0, None), (1, Problem.TOO_LARGE)])
async def test_a_cap_is_exact_as_decompressed(name: str, short: int, problem: Problem | None) -> None:
    """A body of exactly the limit passes; with a limit of one byte less, it is refused."""
    coding, pack = CODERS[name]
    sent = pack(PAGE)
    cap = max(len(PAGE), len(sent)) - short
    assert (await read(closing(sent, f"Content-Encoding: {coding}"), cap)).problem is problem


@pytest.mark.parametrize(("short", "problem"), [(0, None), (1, Problem.TOO_LARGE)])
async def test_a_cap_is_exact_as_sent(short: int, problem: Problem | None) -> None:
    """Data after the compressed stream also counts, because it may be endless."""
    sent = gzip.compress(b"small") + bytes(5000)
    body = await read(closing(sent, "Content-Encoding: gzip"), len(sent) - short)
    assert body.problem is problem
    assert body.raw == sent


async def test_a_stated_length_beyond_the_cap_is_not_read() -> None:
    """The header is enough: no byte of the body is read."""
    async with response_to(Trickle(b"", "X: y")) as response:
        body = await BodyReader(99_999, keep_raw=True).read(response)
    assert body.problem is Problem.TOO_LARGE
    assert (body.detail, body.cut, body.raw) == (
        "the response is larger than 0.0954 MiB",
        Truncation.LENGTH,
        b"",
    )


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("cut", [1, 2, 3, 8, 12, 500])
async def test_a_stream_without_its_end_is_truncated(coding: str, cut: int) -> None:
    """A single missing byte of the trailer is enough; the received bytes are kept."""
    whole = gzip.compress(PAGE) if coding == "gzip" else zlib.compress(PAGE)
    body = await read(closing(whole[:-cut], f"Content-Encoding: {coding}"))
    assert (body.problem, body.cut, body.decoded) == (Problem.TRUNCATED, Truncation.DISCONNECT, b"")
    assert body.detail == "the response broke off or cannot be decompressed"
    assert body.raw == whole[:-cut]


@pytest.mark.parametrize(
    "sent",
    [
        b"<html>no gzip at all</html>",
        b"\x1f",
        b"\x1f\x8b\x08",
        gzip.compress(PAGE)[:-8] + b"\0" * 8,
        gzip.compress(PAGE) + gzip.compress(PAGE)[:-1],
        gzip.compress(PAGE)[:40] + b"\xff" * 400,
    ],
    ids=["no gzip", "one byte", "a magic number", "wrong checksum", "second member cut", "broken within"],
)
async def test_what_cannot_be_decompressed_is_truncated(sent: bytes) -> None:
    """Corrupt data give a problem, not an exception, and are kept as received."""
    body = await read(answer(sent, "Content-Encoding: gzip"))
    assert (body.problem, body.cut) == (Problem.TRUNCATED, Truncation.DISCONNECT)
    assert body.raw == sent


@pytest.mark.parametrize("cap", [0, 1, 98, 100, 101])
@pytest.mark.parametrize("length", [1, 1000])
def test_what_comes_first_is_told(cap: int, length: int) -> None:
    """If the limit is exceeded before the data are corrupt, that is the problem, whatever the size of the pieces."""
    packer = zlib.compressobj(wbits=-15)
    sent = packer.compress(b"a" * 100) + packer.flush(zlib.Z_SYNC_FLUSH) + b"\xff"  # no block begins so
    decoder = Decoder("deflate", cap)
    for start in range(0, len(sent), length):
        decoder.feed(sent[start : start + length])
    assert decoder.end().problem is (Problem.TRUNCATED if cap >= 100 else Problem.TOO_LARGE)


def test_no_length_loses_its_end() -> None:
    """No length loses its end, even if the last step is full: zlib may then hold output after its last input."""
    for length in range(STEP - 3, STEP + 300):
        assert decode_body(raw_deflate(bytes(length)), "deflate", 8 * MIB) == Body(bytes(length))


async def test_members_are_counted() -> None:
    """A body of countless empty members is refused before it blocks the loop."""
    most = gzip.compress(b"a") * MAX_MEMBERS
    assert decode_body(most, "gzip", MIB) == Body(b"a" * MAX_MEMBERS)
    body = await read(answer(most + gzip.compress(b"a"), "Content-Encoding: gzip"))
    assert (body.problem, body.decoded) == (Problem.PROTOCOL, b"")
    assert str(MAX_MEMBERS) in body.detail


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
async def test_a_length_that_lies_leaves_what_came(coding: str) -> None:
    """The server closes before the stated end: the error is aiohttp's, but the bytes are kept."""
    start = gzip.compress(PAGE)[:500]
    script = closing(start, f"Content-Encoding: {coding}", "Content-Length: 100000")
    async with response_to(script) as response:
        reader = BodyReader(8 * MIB, keep_raw=True)
        if coding == "br":
            assert (await reader.read(response)).problem is Problem.PROTOCOL
        else:
            with pytest.raises(aiohttp.ClientPayloadError):
                await reader.read(response)
        assert reader.raw == start


@pytest.mark.parametrize("late", [False, True])
async def test_a_broken_chunk_ends_the_body(late: bool) -> None:
    """The connection is closed immediately, and no reader waits for the rest, whether or not it had read something."""
    begun = asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head("Transfer-Encoding: chunked"))
        await begun.wait()
        writer.write(b"5\r\nhello\r\nno length\r\n")
        await asyncio.Event().wait()

    async with response_to(script) as response:
        protocol = response.connection and response.connection.protocol
        assert protocol is not None
        begun.set()
        while late and protocol.connected:  # noqa: ASYNC110 – its future would be what tells the reader
            await asyncio.sleep(0)
        reader = BodyReader(8 * MIB, keep_raw=True)
        with pytest.raises(aiohttp.ClientPayloadError, match="given up"):
            await reader.read(response)
        assert reader.raw == b"hello"


async def test_bytes_before_a_failure_are_kept_though_nobody_asked_in_time() -> None:
    """If the loop is busy, the failure precedes the first read, and aiohttp would not return the bytes."""
    async with response_to(closing(b"hello", "Content-Length: 100000")) as response:
        while response.content.exception() is None:  # noqa: ASYNC110 – nobody tells when it has failed
            await asyncio.sleep(0)
        reader = BodyReader(8 * MIB, keep_raw=True)
        with pytest.raises(aiohttp.ClientPayloadError):
            await reader.read(response)
        assert reader.raw == b"hello"


@pytest.mark.parametrize("length", [5, 100_000], ids=["behind the body", "within the body"])
async def test_a_reset_leaves_no_error_for_the_log(length: int) -> None:
    """The exception of a lost connection is retrieved, whether or not its body was read."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    begun, reset = asyncio.Event(), asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        await begun.wait()
        writer.write(b"hello")
        await reset.wait()
        linger = struct.pack("ii", 1, 0)  # makes closing a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def once(url: str, session: aiohttp.ClientSession) -> None:
        reader = BodyReader(8 * MIB, keep_raw=True)
        async with session.get(url) as response:
            protocol = response.connection and response.connection.protocol
            assert protocol is not None
            begun.set()
            reading = asyncio.create_task(reader.read(response))
            while reader.raw != b"hello":  # noqa: ASYNC110 – nobody tells when bytes have come
                await asyncio.sleep(0)
            reset.set()
            with suppress(aiohttp.ClientError):
                await reading
            while protocol.is_connected():  # noqa: ASYNC110 – to wait for its future would be to hear the error
                await asyncio.sleep(0)
        begun.clear()
        reset.clear()

    async with serving(script) as url, aiohttp.ClientSession(auto_decompress=False) as session:
        await once(url, session)
        await once(url, session)  # finds the dead connection in the pool, and drops it
        gc.collect()
        assert not complaints


@pytest.mark.parametrize("keep_raw", [True, False])
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_silent_server_leaves_what_came(coding: str, keep_raw: bool) -> None:
    """A read timeout is aiohttp's error; the bytes received until then are kept if raw bytes are."""
    start = gzip.compress(PAGE)[:500]
    async with response_to(Trickle(start, f"Content-Encoding: {coding}"), silence=0.1) as response:
        reader = BodyReader(8 * MIB, keep_raw=keep_raw)
        with pytest.raises(aiohttp.SocketTimeoutError):
            await reader.read(response)
        assert reader.raw == (start if keep_raw else b"")


async def test_a_read_that_is_cancelled_leaves_what_came() -> None:
    """An attempt's own timeout cancels the read from outside."""
    start = gzip.compress(PAGE)[:500]
    async with response_to(Trickle(start, "Content-Encoding: gzip")) as response:
        reader = BodyReader(8 * MIB, keep_raw=True)
        reading = asyncio.create_task(reader.read(response))
        while reader.raw != start:  # noqa: ASYNC110 – nobody tells when bytes have come
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert reader.raw == start


async def test_a_reader_that_has_not_begun_holds_nothing() -> None:
    """A request that fails before its response leaves no bytes."""
    assert BodyReader(8 * MIB, keep_raw=True).raw == b""


def fed(sent: bytes, coding: str, cap: int, cuts: list[int]) -> Body:
    """Decode `sent`, divided at `cuts`."""
    decoder = Decoder(coding, cap, keep_raw=True)
    places = sorted({0, len(sent), *(cut % (len(sent) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        if not decoder.feed(sent[start:end]):
            break
    return decoder.end()


CUTS = st.lists(st.integers(0, 10_000), max_size=12)
DATA = st.one_of(
    st.binary(max_size=3000),
    st.builds(lambda word, times: word * times, st.binary(min_size=1, max_size=9), st.integers(1, 20_000)),
)


@given(DATA, CUTS, st.sampled_from(sorted(CODERS)))
def test_any_bytes_come_back_however_they_are_divided(data: bytes, cuts: list[int], name: str) -> None:
    """In each coding and split anywhere, a compressed body is decoded to the original."""
    coding, pack = CODERS[name]
    sent = pack(data)
    assert fed(sent, coding, 8 * MIB, cuts) == Body(data, sent)


@given(DATA, CUTS, st.sampled_from(sorted(CODERS)), st.integers(100, 3_000))
def test_of_a_body_too_large_the_start_is_kept(data: bytes, cuts: list[int], name: str, cap: int) -> None:
    """Exactly the bytes up to the limit are kept, in every coding and however split; of a smaller body, everything."""
    coding, encode = CODERS[name]
    decoder = Decoder(coding, cap, keep_start=True)
    sent = encode(data)
    edges = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    for start, stop in itertools.pairwise(edges):
        decoder.feed(sent[start:stop])
    body = decoder.end()
    assert body.decoded == data[:cap]
    assert body.problem is (Problem.TOO_LARGE if len(data) > cap else None)


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a coding, and bytes that are almost a valid body in it, or unrelated."""
    if draw(st.booleans()):
        coding = draw(
            st.one_of(st.sampled_from(["gzip", "deflate", "br", "gzip, deflate", ",,"]), st.text(max_size=9))
        )
        return coding, draw(st.binary(max_size=400))
    coding, pack = CODERS[draw(st.sampled_from(sorted(CODERS)))]
    sent = bytearray(pack(draw(DATA)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(sent)))
        match draw(st.sampled_from(["cut", "change", "add", "again"])):
            case "cut":
                del sent[place:]
            case "change":
                sent[place : place + 1] = draw(st.binary(min_size=1, max_size=2))
            case "add":
                sent += draw(st.binary(max_size=20))
            case _:
                sent += pack(draw(st.binary(max_size=50)))
    return coding, bytes(sent)


@given(spoiled(), CUTS, st.one_of(st.integers(0, 500), st.just(8 * MIB)))
def test_whatever_comes_is_a_value_and_the_same_one(
    spoilt: tuple[str, bytes], cuts: list[int], cap: int
) -> None:
    """No bytes raise; splitting does not change the result; decoding the kept bytes again gives the same."""
    coding, sent = spoilt
    whole = decode_body(sent, coding, cap)
    pieces = fed(sent, coding, cap, cuts)
    again = decode_body(pieces.raw, coding, cap)
    assert pieces.decoded == again.decoded == whole.decoded
    # Data that break just behind the first byte beyond the cap may be either.
    either = {Problem.TOO_LARGE, Problem.TRUNCATED}
    problems = {pieces.problem, again.problem, whole.problem}
    assert len(problems) == 1 or problems == either
    assert sent.startswith(pieces.raw)
    assert len(pieces.raw) <= cap + 1
    assert len(whole.decoded) <= cap
    assert (whole.problem is None) == (whole.cut is None) == (whole.detail == "")
