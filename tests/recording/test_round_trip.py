"""A run reads back as it was, with our reader and with another one."""

from __future__ import annotations

import asyncio
import gzip
import io
import itertools
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.download.body import decode_body
from crawler.download.exchange import DecodedBody, Exchange, HttpRecord, Problem, Truncation
from crawler.recording import gzip_member, heads, metadata, writing
from crawler.recording.archive import write_archive
from crawler.recording.heads import archived_request, archived_response, split_head
from crawler.recording.journal import Journal, open_journal, saved_pages
from crawler.recording.reading import read_run
from crawler.recording.replay_model import ArchiveError, RunEnd, RunParameters, SavedPage
from crawler.recording.writing import RunWriter
from tests.profiles import examples
from tests.recording import recorded_runs as runs
from tests.recording.recorded_runs import NOW

END = RunEnd(NOW, None, {1: ("ok", ""), 2: ("not_asked", "the search ended")})


def as_kept(page: SavedPage) -> SavedPage:
    """Return a page with its hops in the form that an archive stores."""
    kept = [
        replace(
            hop,
            request_head=archived_request(hop.request_head),
            response_head=archived_response(hop) if hop.response_head else b"",
        )
        for hop in page.hops
    ]
    return replace(page, hops=tuple(kept))


def without_urls(page: SavedPage) -> SavedPage:
    """Return a page without the addresses of its hops: a header cannot hold all of them unchanged."""
    return replace(page, hops=tuple(replace(hop, url="") for hop in page.hops))


def records(data: bytes) -> list[tuple[WarcRecord, bytes]]:
    """Return the records that fastwarc finds, with their blocks, after checking the digests."""
    found = []
    for record in ArchiveIterator(io.BytesIO(data), parse_http=False):
        assert record.verify_block_digest()
        found.append((record, record.reader.read()))
        record.freeze()
    return found


@given(runs.all_parameters(), st.data(), runs.ends() | st.none())
def test_any_run_comes_back_equal(asked: RunParameters, data: st.DataObject, end: RunEnd | None) -> None:
    """Any exchanges, bytes and texts are read back unchanged, including requests."""
    pages = [data.draw(runs.pages(number)) for number in range(1, 1 + data.draw(st.integers(0, 3)))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.warc"
        path.write_bytes(b"".join(runs.run_bytes(pages, end, asked)))
        run = read_run(path)
    assert (run.parameters, run.ended, run.torn) == (asked, end, False)
    assert {key: without_urls(page) for key, page in run.pages.items()} == {
        page.key: without_urls(as_kept(page)) for page in pages
    }


@given(st.data())
def test_what_was_read_is_written_again_unchanged(data: st.DataObject) -> None:
    """A page reused from another run's records is written identically, to the byte, any number of times."""
    page = data.draw(runs.pages(1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.warc"
        first = read_run(runs.write_run(path, [page])).pages[page.key]
        again = read_run(runs.write_run(path, [first])).pages[page.key]
    assert again == first


@given(st.data())
def test_a_second_reader_finds_every_record_and_right_digests(data: st.DataObject) -> None:
    """Another reader finds as many records as were written, with correct digests and the bytes that were sent."""
    page = data.draw(runs.pages(1))
    found = records(b"".join(runs.run_bytes([page], END)))
    assert [record.record_type for record, _ in found[:2]] == [
        WarcRecordType.warcinfo,
        WarcRecordType.metadata,
    ]
    responses = [block for record, block in found if record.record_type == WarcRecordType.response]
    answered = [hop for hop in page.hops if hop.response_head]
    assert responses == [archived_response(hop) + hop.body for hop in answered]
    assert len({record.record_id for record, _ in found}) == len(found)
    assert all(record.headers.get("WARC-Truncated") in {None, *Truncation} for record, _ in found)


@given(st.data())
def test_a_page_has_its_address_for_itself(data: st.DataObject) -> None:
    """Only requests and responses have the page's address, so that a player shows the page.

    Everything else has its own address; a body without any response takes the place of one.
    """
    page = data.draw(runs.pages(1))
    found = [record for record, _ in records(b"".join(runs.run_bytes([page, page], END)))]
    captures = [WarcRecordType.warcinfo, WarcRecordType.request, WarcRecordType.response]
    if not any(hop.response_head for hop in page.hops):
        captures.append(WarcRecordType.resource)
    own = [
        str(record.headers.get("WARC-Target-URI")) for record in found if record.record_type not in captures
    ]
    assert [
        address for address in own if not re.fullmatch(r"urn:bookprice:[a-z]+(:\d+)?:[0-9a-f-]{36}", address)
    ] == []
    assert len(own) == len(set(own)) >= 4


def test_an_archive_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Its metadata records have the pages' addresses."""
    cut = replace(runs.saved(2), exchange=runs.exchange_of(2, b"half a bo"))
    failed = replace(runs.hop_of(3, b""), problem=Problem.RESET, detail="it broke off")
    pages = [runs.saved(1, body=b"book" * 900), cut, replace(runs.saved(3, body=b""), hops=(failed,))]
    data = b"".join(runs.run_bytes(pages, END))
    earlier, count = re.subn(rb"(?<=WARC-Target-URI: )urn:[^\r]*", runs.url_of(1).encode(), data)
    assert count == 7  # run, the cut body, what broke off, three pages, end
    for name, content in (("today.warc", data), ("earlier.warc", earlier)):
        (tmp_path / name).write_bytes(content)
    assert read_run(tmp_path / "earlier.warc") == read_run(tmp_path / "today.warc")
    assert read_run(tmp_path / "today.warc").pages[runs.key(2)].exchange.body == b"half a bo"


@settings(max_examples=examples(25))
@given(st.data())
def test_a_journal_cut_anywhere_gives_the_pages_that_are_whole(data: st.DataObject) -> None:
    """At every byte offset: exactly the pages with a complete record, and «torn» exactly between two record ends."""
    count = data.draw(st.integers(1, 3))
    pages = [data.draw(runs.pages(number)) for number in range(1, count + 1)]
    parts = runs.run_bytes(pages, END)
    whole = b"".join(parts)
    ends = [sum(map(len, parts[: n + 1])) for n in range(len(parts))]
    starts = {record.stream_pos for record, _ in records(whole)} | {len(whole)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.warc"
        for size in data.draw(st.lists(st.integers(0, len(whole)), min_size=1, max_size=40)) + ends:
            path.write_bytes(whole[:size])
            if size < ends[0]:
                with pytest.raises(ArchiveError, match=r"holds no search|is not a WARC file"):
                    read_run(path)
                continue
            run = read_run(path)
            assert list(run.pages) == [page.key for n, page in enumerate(pages, 1) if ends[n] <= size]
            assert run.torn == (size not in starts)
            assert (run.ended == END) == (size == len(whole))


@given(st.integers(0, 2**20), st.integers(1, 255))
def test_a_flipped_bit_is_found(where: int, mask: int) -> None:
    """With any byte changed, a page is unchanged or absent; at most it loses the link to its response."""
    pages = [runs.saved(1, body=b"one" * 50), runs.saved(2, body=b"two" * 50)]
    whole = bytearray(b"".join(runs.run_bytes(pages, END)))
    whole[where % len(whole)] ^= mask
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.warc"
        path.write_bytes(whole)
        with suppress(ArchiveError):
            for key, page in read_run(path).pages.items():
                kept = pages[key.number - 1]
                assert replace(page, hops=()) == replace(kept, hops=())
                assert page.hops[0].request_head == kept.hops[0].request_head
                assert page.hops[0].body in {kept.hops[0].body, b""}


def test_a_page_is_had_once_it_is_fetched_and_judged_later(tmp_path: Path) -> None:
    """A page is available before its verdict; the verdict adds a record, but no second body."""
    writer, page = RunWriter(), runs.saved(1)
    before = writer.begin(runs.parameters()) + writer.hop(runs.key(1), page.hops[0])
    before += writer.fetched(runs.key(1), page.exchange, NOW)
    path = tmp_path / "run.warc"
    path.write_bytes(before)
    assert read_run(path).pages == {runs.key(1): replace(page, verdict="")}
    verdict = writer.page(replace(page, hops=()))
    path.write_bytes(before + verdict)
    assert read_run(path).pages == {runs.key(1): page}
    assert len(verdict) < len(page.exchange.body)


def test_a_page_asked_again_has_its_later_answer(tmp_path: Path) -> None:
    """A page that was given up, or reused and then fetched after all, has its latest response."""
    writer, first, second = RunWriter(), runs.saved(1, body=b"first"), runs.saved(1, body=b"second")
    parts = [writer.begin(runs.parameters()), writer.page(first), writer.hop(runs.key(1), second.hops[0])]
    parts.append(writer.page(replace(second, hops=())))
    path = tmp_path / "run.warc"
    path.write_bytes(b"".join(parts))
    assert read_run(path).pages == {runs.key(1): second}


def test_a_body_that_no_answer_has_is_kept_beside_them(tmp_path: Path) -> None:
    """A body truncated while it was decoded is stored as a resource, because the response's own payload differs."""
    page = runs.saved(1)
    cut = replace(page, exchange=replace(page.exchange, body=page.exchange.body[:100]))
    path = runs.write_run(tmp_path / "run.warc", [cut])
    assert read_run(path).pages == {runs.key(1): cut}
    kinds = [record.record_type for record, _ in records(path.read_bytes())]
    assert kinds.count(WarcRecordType.resource) == 1


def test_words_that_are_no_text_do_not_stop_a_recording(tmp_path: Path) -> None:
    """A lone surrogate, as from a command line that is not valid UTF-8, is replaced, and the rest is kept."""
    path = tmp_path / "run.warc"
    path.write_bytes(
        b"".join(runs.run_bytes([runs.saved(1)], None, replace(runs.parameters(), query="a\udc80b")))
    )
    run = read_run(path)
    assert run.parameters.query == "a?b"
    assert run.pages == {runs.key(1): runs.saved(1)}


def test_every_field_of_an_exchange_is_kept() -> None:
    """A page's record has each field that `Exchange` has, so that a new one cannot be forgotten."""
    page = runs.saved(1)
    found = [metadata.read(block) for record, block in records(b"".join(runs.run_bytes([page])))
             if record.headers.get("Content-Type") == "application/json"]  # fmt: skip
    kept = [record.exchange for record in found if isinstance(record, metadata.PageRecord)]
    assert kept == [replace(page.exchange, body=b"")]


@pytest.mark.parametrize(
    ("head", "cut", "kept"),
    [
        (b"Transfer-Encoding: chunked", None, b"X-Archive-Orig-Transfer-Encoding: chunked\r\nContent-Length: 5"),
        (b"transfer-encoding: chunked\r\nX: y", None,
         b"X-Archive-Orig-transfer-encoding: chunked\r\nX: y\r\nContent-Length: 5"),
        (b"Transfer-Encoding: chunked", Truncation.DISCONNECT, b"X-Archive-Orig-Transfer-Encoding: chunked"),
        (b"Content-Length: 5", None, b"Content-Length: 5"),
        (b"Content-Length: 7", None, b"X-Archive-Orig-Content-Length: 7\r\nContent-Length: 5"),
        (b"Content-Length: 7", Truncation.DISCONNECT, b"Content-Length: 7"),
        (b"Server: x", None, b"Server: x"),
    ],
)  # fmt: skip
def test_a_response_head_is_true_of_its_body(head: bytes, cut: Truncation | None, kept: bytes) -> None:
    """Joined chunks are not announced, a wrong length is corrected, and everything else is kept byte for byte."""
    hop = HttpRecord(
        "https://a/", NOW, b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % head, b"12345", cut
    )
    assert archived_response(hop) == b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % kept


_HEADERS = (
    b"Content-Length: 5", b"content-length:5", b"Content-Length: 7", b" 5", b"\t5", b"X: content-length", b"X: y",
    b"Transfer-Encoding: chunked",
)  # fmt: skip


@pytest.mark.parametrize("cut", [None, Truncation.LENGTH])
def test_a_head_that_is_plainly_right_is_what_the_close_look_makes_of_it(
    cut: Truncation | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that is taken as it is would come out the same if each line were examined."""
    hops = []
    for number in range(4):
        for lines in itertools.product(_HEADERS, repeat=number):
            head = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""])
            hops.append(HttpRecord("https://a/", NOW, b"", head, b"12345", cut))
    quick = [archived_response(hop) for hop in hops]
    monkeypatch.setattr(heads, "_states", lambda *_: False)
    assert quick == [archived_response(hop) for hop in hops]


def test_credentials_are_not_kept() -> None:
    """Authorization is removed, in any case and with its continuation; a cookie stays."""
    head = (
        b"GET / HTTP/1.1\r\nHost: a\r\nauthorization: Basic c2VjcmV0\r\n  more\r\nCookie: a=b\r\n"
        b"Proxy-Authorization: Basic c2VjcmV0\r\nAccept: */*\r\n\r\n"
    )
    assert archived_request(head) == b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nAccept: */*\r\n\r\n"


FAULTS = [
    Fault(FaultKind.TRUNCATED, pages={2}),
    Fault(FaultKind.TRUNCATED_CHUNKED, pages={3}),
    Fault(FaultKind.RESET, pages={4}),
    Fault(FaultKind.STATUS, status=503, retry_after=1, pages={5}),
    Fault(FaultKind.LOGIN, pages={6}),
]


def exchange(hop: HttpRecord) -> Exchange:
    """Return the exchange that corresponds to a hop."""
    if hop.problem is not None:
        return Exchange(hop.url, hop.url, problem=hop.problem, detail=hop.detail, attempts=1)
    status = int(hop.response_head.split(b" ")[1])
    coding = "gzip" if b"content-encoding: gzip" in hop.response_head.lower() else ""
    body = decode_body(hop.body, coding, 2**23).decoded
    return Exchange(hop.url, hop.url, status, body=body, charset="gb2312", attempts=1)


@pytest.mark.parametrize(
    ("head", "coding", "known"),
    [
        (b"Content-Encoding: gzip", "gzip", True),
        (b"content-encoding: GZIP ", "GZIP", True),
        (b"Server: x", "", True),
        (b"Content-Encoding: gzip", "", False),  # a reader would decode what the client did not
        (b"Server: x", "gzip", False),
    ],
)
def test_a_body_is_decompressed_once(
    head: bytes, coding: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of a page uses what the client has decoded, if a reader will decode it by the same header."""
    body = runs.body_of(1)
    sent = gzip.compress(body, mtime=0) if coding and known else body
    hop = replace(
        runs.hop_of(1, body), response_head=b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % head, body=sent,
        decoded=DecodedBody(coding, body),
    )  # fmt: skip
    decoded = []
    monkeypatch.setattr(writing, "decoded", lambda *args: decoded.append(args))
    run = RunWriter()
    data = run.hop(runs.key(1), hop) + run.fetched(runs.key(1), runs.exchange_of(1, body), NOW)
    resources = [record for record, _ in records(data) if record.record_type == WarcRecordType.resource]
    assert (len(decoded), len(resources)) == ((0, 0) if known else (1, 1))


async def test_a_run_against_a_server_is_read_by_another_reader(tmp_path: Path) -> None:
    """Two other readers find every byte of a demo run with truncated, reset and refused pages."""
    asked = runs.parameters(demo=True)
    journal = open_journal(tmp_path / "journals", asked, now=NOW)
    journal.begin(asked)
    hops = []
    async with DemoShop(faults=FAULTS) as shop:
        journal.hop(None, await runs.fetch(f"{shop.base_url}/robots.txt"))
        for number in range(1, 8):
            hop = await runs.fetch(f"{shop.base_url}/?key=python&page_index={number}")
            hops.append(hop)
            journal.hop(runs.key(number), hop)
            await journal.page(SavedPage(number, exchange(hop), "ok", "", NOW))
    await journal.end(END)
    target = tmp_path / "a.warc.gz"
    await write_archive(journal.path, target)
    journal.close()
    assert journal.failure is None

    assert [hop.problem for hop in hops] == [
        None, Problem.TRUNCATED, Problem.TRUNCATED, Problem.RESET, None, None, None,
    ]  # fmt: skip
    assert read_run(target).pages == {
        runs.key(n): as_kept(SavedPage(n, exchange(hop), "ok", "", NOW, (hop,)))
        for n, hop in enumerate(hops, 1)
    }

    http = WarcRecordType.request | WarcRecordType.response
    found = []
    with target.open("rb") as file:
        for record in ArchiveIterator(file, record_types=http, parse_http=True):
            assert record.verify_payload_digest()
            is_robots = "robots.txt" in str(record.headers["WARC-Target-URI"])
            if record.record_type == WarcRecordType.response and not is_robots:
                found.append((record.http_headers.status_code, record.reader.read()))
    sent = [(int(hop.response_head.split(b" ")[1]), hop.body) for hop in hops if hop.response_head]
    assert found == sent
    check = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "warcio.cli", "check", "-v", target, stdout=asyncio.subprocess.PIPE
    )
    words = (await check.communicate())[0].decode()
    assert check.returncode == 0, words
    assert "digest pass" in words


@pytest.mark.parametrize("module", ["isal", "zlib"])
async def test_each_record_is_a_gzip_member(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may begin at any record: each is compressed separately, as annex D of the standard requires.

    This holds with and without the extra `speed`, and the same journal always makes the same bytes.
    """
    monkeypatch.setattr(gzip_member, "_compressor", gzip_member._compressor.__wrapped__)
    if module == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)
    assert (gzip_member._compressor() is gzip_member._compress_by_zlib) == (module == "zlib")
    source = runs.write_run(tmp_path / "run.warc", [runs.saved(1), runs.saved(2)], END)
    target = tmp_path / "a.warc.gz"
    await write_archive(source, target)
    data = target.read_bytes()
    starts = [record.stream_pos for record in ArchiveIterator(io.BytesIO(data), parse_http=False)]
    assert len(starts) == len(records(source.read_bytes()))
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        assert gzip.decompress(data[start:end]).startswith(b"WARC/1.1\r\n")
    assert gzip.decompress(data) == source.read_bytes()
    await write_archive(source, target)
    assert target.read_bytes() == data


async def test_a_resumed_run_has_a_whole_archive(tmp_path: Path) -> None:
    """Pages reused from a journal bring their requests along, so the new run's archive is complete."""
    asked, folder = runs.parameters(), tmp_path / "journals"
    first = open_journal(folder, asked, now=NOW)
    first.begin(asked)
    first.hop(runs.key(1), runs.hop_of(1, runs.body_of(1)))
    first.fetched(runs.key(1), runs.exchange_of(1, runs.body_of(1)), NOW)
    await first.page(replace(runs.saved(1), hops=()))
    first.close()

    had, skipped = saved_pages(folder, asked, now=NOW, fresh_seconds=3600)
    assert (had, skipped) == ({runs.key(1): runs.saved(1)}, ())
    second = open_journal(folder, asked, now=NOW)
    second.begin(asked)
    await second.page(had[runs.key(1)])
    second.hop(runs.key(2), runs.hop_of(2, runs.body_of(2)))
    await second.page(replace(runs.saved(2), hops=()))
    await second.end(END)
    await write_archive(second.fileno(), tmp_path / "a.warc.gz")
    second.close()
    run = read_run(tmp_path / "a.warc.gz")
    assert run.pages == {runs.key(1): runs.saved(1), runs.key(2): runs.saved(2)}
    payloads = [
        split_head(block)[1]
        for record, block in records(gzip.decompress((tmp_path / "a.warc.gz").read_bytes()))
        if record.record_type == WarcRecordType.response
    ]
    assert payloads == [runs.hop_of(n, runs.body_of(n)).body for n in (1, 2)]


def test_a_recorder_is_what_a_journal_is() -> None:
    """The journal has every method that a search calls."""
    from crawler.recording.replay_model import Recorder

    wanted = {name for name in vars(Recorder) if not name.startswith("_")}
    assert wanted == {"begin", "hop", "fetched", "page", "end"}
    assert wanted <= set(vars(Journal))
