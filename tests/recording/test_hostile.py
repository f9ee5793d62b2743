"""Archives from elsewhere: each is read or refused with one line, within limits."""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]  # it has no types

from crawler.recording import warc
from crawler.recording.metadata import FORMAT
from crawler.recording.reading import read_run
from crawler.recording.replay_model import ArchiveError, RunEnd, SavedRun
from tests.recording import recorded_runs as runs
from tests.recording.recorded_runs import NOW

END = RunEnd(NOW, None, {1: ("ok", "")})


def refused(path: Path) -> str:
    """Return the line with which a file is refused."""
    with pytest.raises(ArchiveError) as caught:
        read_run(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def metadata(value: object, **fields: str) -> bytes:
    """Return a metadata record that holds any JSON."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return warc.record_bytes(
        "metadata", record_id=warc.new_record_id(), uri="https://a/", date=NOW,
        content_type="application/json", body=data, fields=fields,
    )  # fmt: skip


def foreign(*, page: bytes = b"<html>") -> bytes:
    """Return a record in the form of another program."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    payload = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "another"}))
    writer.write_record(
        writer.create_warc_record("https://a/", "response", io.BytesIO(payload), len(payload))
    )
    writer.write_record(writer.create_warc_record("https://a/", "metadata", io.BytesIO(b"via: x\r\n"), 8))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a WARC file"),
        (b"\n", "is not a WARC file"),
        (b"WAR", "holds no search made by this program"),  # a file that was cut, as far as anyone can tell
        (b"%PDF-1.7 \xff\xfe", "is not a WARC file"),
        (b"filedesc://a.arc 0.0.0.0 20260131 text/plain 3\n", "is not a WARC file"),
        (gzip.compress(b"some text", mtime=0), "is not a WARC file"),
        (gzip.compress(b"", mtime=0), "is not a WARC file"),
        (b"\x1f\x8bnot gzip", "is damaged"),
        (b"WARC/1.1\r\n\r\n", "does not give its length"),
        (b"WARC/2.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "no record starts here"),
        (b"WARC/1.1\r\nContent-Length: -5\r\n\r\n", "does not give its length"),
        (b"WARC/1.1\r\nContent-Length: 9999999999999\r\n\r\n", "larger than 64 MiB"),
        (b"WARC/1.1\r\nContent-Length: 1\r\n\r\nabcdefghij", "does not end where it should"),
        (b"WARC/1.1\r\nContent-Length: 0\r\nA: " + b"a" * 100_000, "no record starts here"),
        (b"WARC/1.1\r\n" + b"A: b\r\n" * 100_000, "no record starts here"),
        (foreign(), "holds no search made by this program"),
        (metadata({"kind": "run"}), "is damaged"),
        (metadata({"not": "ours"}), "holds no search made by this program"),
        (metadata([1, 2]), "holds no search made by this program"),
        (metadata(b"[" * 100_000), "holds no search made by this program"),
        (metadata(b'{"kind": "run", "parameters": {"settings": {"a": ' + b"[" * 100_000), "holds no search"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # the files hold identifiers of their own
)  # fmt: skip
def test_what_is_no_run_is_refused_in_a_line(tmp_path: Path, data: bytes, words: str) -> None:
    """Each message says what is wrong, and names the file."""
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    line = refused(path)
    assert words in line
    assert str(path) in line


def test_what_is_no_file_is_refused_in_a_line(tmp_path: Path) -> None:
    """A missing file, a folder and a named pipe without a writer are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    assert "No such file" in refused(tmp_path / "none.warc.gz")
    assert "it is not a regular file" in refused(tmp_path)
    assert "it is not a regular file" in refused(tmp_path / "pipe")
    assert "cannot be read" in refused(tmp_path / "loop")
    assert "cannot be read" in refused(tmp_path / "\0")


def run_with(tmp_path: Path, *records: bytes) -> Path:
    """Return the file of a run with a valid start, followed by `records`."""
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join([*runs.run_bytes([]), *records]))
    return path


def page_record(**over: object) -> dict[str, object]:
    """Return the JSON of a page without a body."""
    exchange = {"url": "https://a/", "final_url": "https://a/"}
    return {"kind": "page", "page": 1, "verdict": "ok", "detail": "", "fetched_at": "2026-01-31T08:00:00Z",
            "exchange": exchange, "hops": [], "body": None, "body_bytes": 0} | over  # fmt: skip


@pytest.mark.parametrize(
    "over",
    [
        {"page": "1"},
        {"page": 0},
        {"page": 1.5},
        {"verdict": None},
        {"fetched_at": "2026-01-31T08:00:00"},
        {"fetched_at": "0001-01-01T00:00:00+23:59"},
        {"fetched_at": 5},
        {"exchange": {}},
        {"exchange": {"url": "a", "final_url": "b", "problem": "no such"}},
        {"exchange": {"url": "a", "final_url": "b", "status": "200"}},
        {"hops": ["<urn:uuid:none>"]},
        {"body": "<urn:uuid:none>"},
        {"body_bytes": 5},
        {"body_bytes": -1},
        {"body_bytes": 2**70},
        {"price_order": "yes"},
        {"price_order": None},
    ],
)
def test_a_page_of_wrong_types_is_refused(tmp_path: Path, over: dict[str, object]) -> None:
    """A wrong type, a time without a zone, a missing record: always an ArchiveError."""
    assert "is damaged" in refused(run_with(tmp_path, metadata(page_record(**over))))
    assert list(read_run(run_with(tmp_path, metadata(page_record()))).pages) == runs.keys(1)


def test_a_newer_format_and_a_second_search_are_refused(tmp_path: Path) -> None:
    """A newer format, and two searches in one file, are refused in words."""
    newer = {"kind": "run", "format": FORMAT + 1, "parameters": json.loads(_run_json())["parameters"]}
    path = tmp_path / "newer.warc"
    path.write_bytes(metadata(newer))
    assert "newer version" in refused(path)
    assert "a second search" in refused(run_with(tmp_path, *runs.run_bytes([])))


def _run_json() -> bytes:
    data = runs.run_bytes([])[0]
    return data[data.index(b'{"kind"') :].strip()


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_json_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    """Any value in any field of any record gives a run or an ArchiveError."""
    kinds: list[dict[str, Any]] = [
        json.loads(_run_json()),
        page_record(),
        {"kind": "problem", "problem": "reset", "detail": ""},
        {
            "kind": "end",
            "end": {"finished_at": "2026-01-31T08:00:00Z", "stopped": None, "verdicts": {"1": ["ok", ""]}},
        },
    ]
    for record in kinds:
        place, name = record, data.draw(st.sampled_from(sorted(record)))
        while isinstance(place[name], dict) and place[name] and data.draw(st.booleans()):
            place = place[name]
            name = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()):
            place[name] = data.draw(_json)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc"
        path.write_bytes(b"".join(map(metadata, kinds)))
        try:
            run: SavedRun | None = read_run(path)
        except ArchiveError:
            run = None
    assert run is None or isinstance(run.parameters.query, str)


@given(st.binary(max_size=300), st.booleans(), st.integers(0, 4000))
def test_any_bytes_after_a_good_beginning_are_read_or_refused(tail: bytes, packed: bool, cut: int) -> None:
    """Truncated anywhere and followed by anything, compressed or not, a run is read or refused."""
    whole = b"".join(runs.run_bytes([runs.saved(1, body=b"body")], END))
    members = gzip.compress(whole[:1500], mtime=0) + gzip.compress(whole[1500:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc.gz"
        path.write_bytes((members if packed else whole)[:cut] + tail)
        try:
            pages = read_run(path).pages
        except ArchiveError:
            return
    assert pages.keys() <= {runs.key(1)}


def zeros(size: int) -> bytes:
    """Return a gzip member of `size` MiB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(bytes(2**20)) for _ in range(size)]) + packer.flush()


def bomb_head() -> bytes:
    """Return a header without end."""
    return gzip.compress(b"WARC/1.1\r\nA: ", mtime=0) + zeros(300)


def bomb_block() -> bytes:
    """Return a record of 300 MiB."""
    return gzip.compress(b"WARC/1.1\r\nContent-Length: 314572800\r\n\r\n", mtime=0) + zeros(300)


def bomb_records() -> bytes:
    """Return 20 records that are 1.2 GiB together."""
    head = b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 62914560\r\n\r\n"
    return (gzip.compress(head, mtime=0) + zeros(60) + gzip.compress(b"\r\n\r\n")) * 20


def bomb_body() -> bytes:
    """Return a page whose small response decompresses to 100 MiB, and says so."""
    answer = warc.record_bytes(
        "response", record_id="<urn:uuid:1>", uri="https://a/", date=NOW,
        content_type="application/http; msgtype=response",
        head=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", body=zeros(100),
    )  # fmt: skip
    page = metadata(page_record(body="<urn:uuid:1>", body_bytes=100 * 2**20))
    return b"".join([*runs.run_bytes([]), answer, page])


def bomb_liar() -> bytes:
    """Return the same with a length that would be allowed."""
    return (
        bomb_body()
        .replace(b'"body_bytes": 104857600', b'"body_bytes": 1048576  ')
        .replace(b"sha1:", b"none:")
    )


@pytest.mark.parametrize("bomb", [bomb_head, bomb_block, bomb_body, bomb_liar, bomb_records])
def test_a_bomb_is_refused_within_bounds(tmp_path: Path, bomb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that decompresses to hundreds of MiB is refused before it fills the memory."""
    if bomb is bomb_records:  # the real bound would be met at four times the memory
        monkeypatch.setattr(warc, "MAX_RUN", 64 * 2**20)
    path = tmp_path / "a.warc.gz"
    path.write_bytes(bomb())
    tracemalloc.start()
    try:
        line = refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (
        "larger than" in line
        or "holds more than" in line
        or "no record starts here" in line
        or "the body of page 1 has changed" in line
    )
    assert peak < 260 * 2**20 if bomb is bomb_records else peak < 20 * 2**20


def test_more_records_than_a_search_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of very many small records does not fill the memory with them."""
    monkeypatch.setattr(warc, "MAX_RECORDS", 50)
    record = b"WARC/1.1\r\nWARC-Type: request\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    assert "50 records at most" in refused(run_with(tmp_path, record * 100))


def test_a_page_larger_than_allowed_can_be_allowed(tmp_path: Path) -> None:
    """The caller sets the limit on a body: an archive made with a higher one can be read with that one."""
    path = tmp_path / "a.warc"
    page = runs.saved(1, body=bytes(9 * 2**20))
    runs.write_run(path, [page])
    assert "larger than 8 MiB" in refused(path)
    assert read_run(path, max_bytes=10 * 2**20).pages == {runs.key(1): page}


def test_records_of_others_among_ours_are_passed_over(tmp_path: Path) -> None:
    """Records that another tool added to an archive change nothing."""
    path = tmp_path / "a.warc.gz"
    ours = b"".join(runs.run_bytes([runs.saved(1)], END))
    path.write_bytes(foreign() + gzip.compress(ours, mtime=0) + foreign())
    run = read_run(path)
    assert (run.pages, run.ended, run.torn) == ({runs.key(1): runs.saved(1)}, END, False)


def test_nothing_in_an_archive_is_shown_raw(tmp_path: Path) -> None:
    """Escape sequences in a file name or a record reach no terminal."""
    path = tmp_path / "a\x1b[31m.warc"
    newer = json.loads(_run_json())
    newer["format"], newer["parameters"]["version"] = FORMAT + 1, "\x1b[2J\n"
    path.write_bytes(metadata(newer))
    assert "newer version" in refused(path)
