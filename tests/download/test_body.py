"""Read bodies from a real server in every coding, as sent and as decompressed."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from crawler.download.body import MAX_MEMBERS, Body, BodyReader, decode_body
from crawler.download.exchange import Problem, Truncation
from tests.download.bodies import CODERS, MIB, PAGE, answer, head, read

if TYPE_CHECKING:
    import asyncio


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


async def test_members_are_counted() -> None:
    """A body of countless empty members is refused before it blocks the loop."""
    most = gzip.compress(b"a") * MAX_MEMBERS
    assert decode_body(most, "gzip", MIB) == Body(b"a" * MAX_MEMBERS)
    body = await read(answer(most + gzip.compress(b"a"), "Content-Encoding: gzip"))
    assert (body.problem, body.decoded) == (Problem.PROTOCOL, b"")
    assert str(MAX_MEMBERS) in body.detail


async def test_a_reader_that_has_not_begun_holds_nothing() -> None:
    """A request that fails before its response leaves no bytes."""
    assert BodyReader(8 * MIB, keep_raw=True).raw == b""
