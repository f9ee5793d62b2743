"""Read bodies that a server truncates, corrupts or leaves unfinished."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import struct
import zlib
from contextlib import suppress

import aiohttp
import pytest

from crawler.download.body import BodyReader
from crawler.download.exchange import Problem, Truncation
from tests.download.bodies import MIB, PAGE, Trickle, answer, closing, head, read, response_to, serving


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
