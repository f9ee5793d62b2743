"""Decode bodies in pieces of every size: the result does not depend on how they were split."""

from __future__ import annotations

import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.body import STEP, Body, Decoder, decode_body
from crawler.download.exchange import Problem
from tests.download.bodies import CODERS, MIB, raw_deflate


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
