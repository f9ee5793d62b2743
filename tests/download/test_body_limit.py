"""Read bodies that exceed the limit: compression bombs, endless bodies, and exact limits."""

from __future__ import annotations

import gzip

import pytest

from crawler.download.body import BodyReader, decode_body
from crawler.download.exchange import Problem, Truncation
from tests.download.bodies import (
    CODERS,
    MIB,
    PAGE,
    Trickle,
    answer,
    bomb,
    closing,
    endless,
    memory,
    read,
    response_to,
)


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
