"""Single WARC records: writing, reading, and limits."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]  # it has no types

from crawler.phrases import Phrase, reason_of
from crawler.recording import warc
from crawler.recording.replay_model import ArchiveError
from crawler.recording.warc import Record, RecordReader, iso_date, record_bytes

NOW = dt.datetime(2026, 1, 31, 8, 0, 0, 250_000, tzinfo=dt.UTC)


def raw(block: bytes = b"abc", *, version: str = "1.1", end: bytes = b"\r\n\r\n", **fields: str) -> bytes:
    """Return a record as in a file; in field names, `_` stands for `-`."""
    names = {"Content_Length": str(len(block)), **fields}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in names.items())
    return f"WARC/{version}\r\n{head}\r\n".encode() + block + end


def read(tmp_path: Path, data: bytes, *, max_block: int = warc.MAX_BLOCK) -> tuple[list[Record], bool]:
    """Return the records of a file, and True if it is torn."""
    file = tmp_path / "a.warc"
    file.write_bytes(data)
    reader = RecordReader(file, max_block=max_block)
    return list(reader), reader.torn


def why(tmp_path: Path, data: bytes, *, max_block: int = warc.MAX_BLOCK) -> str:
    """Return the reason for refusing a file."""
    with pytest.raises(ArchiveError) as refused:
        read(tmp_path, data, max_block=max_block)
    return reason_of(refused.value)


def damaged(tmp_path: Path, at: int, code: str, **values: float) -> Phrase:
    return Phrase("record_file_damaged", name=str(tmp_path / "a.warc"), at=at, why=Phrase(code, **values))


DIGEST = hashlib.sha1(b"abc", usedforsecurity=False)


@pytest.mark.parametrize(
    "stated",
    [
        f"sha1:{base64.b32encode(DIGEST.digest()).decode()}",
        f"sha1:{base64.b32encode(DIGEST.digest()).decode().lower()}",
        f"sha1:{DIGEST.hexdigest()}",
        f"SHA1:{DIGEST.hexdigest().upper()}",
        "md5:900150983cd24fb0d6963f7d28e17f72",
        "sha256:no digest at all",
        "",
    ],
)
def test_a_digest_that_is_right_or_of_another_kind_is_taken(tmp_path: Path, stated: str) -> None:
    """Writers use SHA-1 in base 32 or hexadecimal; other digests are not checked."""
    (record,), torn = read(tmp_path, raw(WARC_Block_Digest=stated))
    assert (record.block, torn) == (b"abc", False)


@pytest.mark.parametrize("stated", ["sha1:", "sha1:AAAA", f"sha1:{'0' * 40}", f"Sha1:{'A' * 32}"])
def test_a_digest_that_is_wrong_is_damage(tmp_path: Path, stated: str) -> None:
    """Name the place of the record, which is the second one here."""
    first = raw()
    data = first + raw(WARC_Block_Digest=stated)
    assert why(tmp_path, data) == damaged(tmp_path, len(first), "record_digest_wrong")


def test_records_are_read_with_their_places(tmp_path: Path) -> None:
    """Give each record's bytes and offset, compressed or not; of two fields with one name the first counts."""
    one = raw(b"abc", WARC_Type="request", WARC_Record_ID="<urn:uuid:1>", warc_record_id="<urn:uuid:2>")
    other = raw(b"", version="1.0")
    for data in (one + other, gzip.compress(one) + gzip.compress(other)):
        records, torn = read(tmp_path, data)
        assert [(record.kind, record.id, record.block, record.offset) for record in records] == [
            ("request", "<urn:uuid:1>", b"abc", 0),
            ("", "", b"", len(one)),
        ]
        assert [record.raw for record in records] == [one, other]
        assert not torn


@pytest.mark.parametrize("missing", range(1, len(raw())))
def test_a_record_that_is_cut_anywhere_is_torn(tmp_path: Path, missing: int) -> None:
    """Give the records before it, and say that there was more."""
    records, torn = read(tmp_path, raw() + raw()[:-missing])
    assert (len(records), torn) == (1, True)


@pytest.mark.parametrize(
    "begun", [b"W", b"WARC/", b"WARC/1", b"WARC/1.", b"WARC/1.1", b"WARC/1.1\r\nWARC-Ty"]
)
def test_a_file_that_begins_like_a_record_is_torn(tmp_path: Path, begun: bytes) -> None:
    assert read(tmp_path, begun) == ([], True)


@pytest.mark.parametrize("begun", [b"", b"w", b"WARC\\", b"WARC/2", b"WARC/1x", b"HTTP/1.1 200 OK\r\n"])
def test_a_file_that_begins_otherwise_is_no_archive(tmp_path: Path, begun: bytes) -> None:
    """A truncated line in place of a record is damage."""
    assert why(tmp_path, begun) == Phrase("record_file_no_warc", name=str(tmp_path / "a.warc"))
    records, torn = read(tmp_path, raw() + begun.rstrip())
    assert (len(records), torn) == (1, bool(begun))


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\r\n\r"])
def test_a_block_without_its_end_is_torn(tmp_path: Path, end: bytes) -> None:
    assert read(tmp_path, raw(end=end)) == ([], True)


def test_a_block_with_another_end_is_damage(tmp_path: Path) -> None:
    assert why(tmp_path, raw(end=b"\r\n\n\n")) == damaged(tmp_path, 0, "record_without_end")
    assert why(tmp_path, raw(end=b"x")) == damaged(tmp_path, 0, "record_without_end")


@pytest.mark.parametrize("length", ["", "-1", "+3", "3.0", "٣", "²", "three", "9" * 20])
def test_a_length_that_is_none_is_damage(tmp_path: Path, length: str) -> None:
    assert why(tmp_path, raw(Content_Length=length)) == damaged(tmp_path, 0, "record_without_length")


def test_blocks_are_bounded(tmp_path: Path) -> None:
    """Read a block of the largest size, and refuse a larger one before it is read."""
    (record,), _ = read(tmp_path, raw(b"abcd"), max_block=4)
    assert record.block == b"abcd"
    assert why(tmp_path, raw(b"abcde"), max_block=4) == damaged(
        tmp_path, 0, "record_too_large", size=4 / 2**20
    )
    assert (warc.MAX_BLOCK, warc.MAX_RUN, warc.MAX_RECORDS) == (64 * 2**20, 256 * 2**20, 100_000)
    too_long = raw(Content_Length=str(warc.MAX_BLOCK + 1))
    assert why(tmp_path, too_long) == damaged(tmp_path, 0, "record_too_large", size=64.0)


def test_a_whole_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as many bytes and records as are allowed, and no more."""
    data, name = raw() * 3, str(tmp_path / "a.warc")
    monkeypatch.setattr(warc, "MAX_RUN", len(data))
    assert len(read(tmp_path, data)[0]) == 3
    too_long = Phrase("record_file_too_large", name=name, size=len(data) >> 20, n=warc.MAX_RECORDS)
    assert why(tmp_path, data + raw(b"")) == too_long
    monkeypatch.setattr(warc, "MAX_RUN", 2 * 2**20)
    monkeypatch.setattr(warc, "MAX_RECORDS", 3)
    assert len(read(tmp_path, data)[0]) == 3
    assert why(tmp_path, data + raw()) == Phrase("record_file_too_large", name=name, size=2, n=3)


def test_headers_are_bounded(tmp_path: Path) -> None:
    """Read headers of the largest size, and refuse longer ones."""
    filled = warc.MAX_HEAD - len(raw(b"", A="", end=b""))
    (record,), _ = read(tmp_path, raw(b"", A="x" * filled))
    assert len(record.head) == warc.MAX_HEAD
    assert why(tmp_path, raw(b"", A="x" * (filled + 1))) == damaged(tmp_path, 0, "record_begins_nowhere")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Keep an HTTP head byte for byte, with digests of the block and of the payload."""
    head, body = b"HTTP/1.1 200 OK\r\nX:  a\r\n\r\n", b"<html>"
    data = record_bytes(
        "response", record_id="<urn:uuid:1>", uri="https://a/?q=b", date=NOW,
        content_type="application/http; msgtype=response", head=head, body=body,
        fields={"WARC-Concurrent-To": "<urn:uuid:2>"},
    )  # fmt: skip
    (record,), _ = read(tmp_path, data)
    digest = base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    assert (record.kind, record.id, record.block, record.raw) == (
        "response",
        "<urn:uuid:1>",
        head + body,
        data,
    )
    assert record.fields["warc-date"] == "2026-01-31T08:00:00.250000Z"
    assert record.fields["warc-target-uri"] == "https://a/?q=b"
    assert record.fields["warc-payload-digest"] == f"sha1:{digest}"
    assert record.fields["warc-concurrent-to"] == "<urn:uuid:2>"


class _Verbatim:
    """An HTTP head for warcio to write unchanged; its own class would parse it and percent-encode headers."""

    def __init__(self, head: bytes) -> None:
        self.headers_buff = head

    def compute_headers_buffer(self, _header_filter: object = None) -> None:
        """Do nothing: the bytes are there already."""


def written_by_warcio(
    kind: str,
    *,
    record_id: str,
    uri: str,
    content_type: str,
    head: bytes,
    body: bytes,
    fields: Mapping[str, str],
) -> bytes:
    """Return the record that warcio writes for the same arguments."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    headers = {"WARC-Type": kind, "WARC-Record-ID": record_id, "WARC-Date": iso_date(NOW)}
    if kind != "warcinfo":
        headers["WARC-Target-URI"] = uri
    writer.write_record(
        writer.create_warc_record(
            "",
            kind,
            payload=io.BytesIO(body),
            length=len(body),
            warc_content_type=content_type,
            warc_headers_dict={**headers, **fields},
            http_headers=_Verbatim(head) if head else None,
        )
    )
    return out.getvalue()


@given(
    kind=st.sampled_from(["warcinfo", "metadata", "resource", "request", "response"]),
    uri=st.sampled_from(["https://a/?q=b", "urn:bookprice:page:3:1", "http://127.0.0.1:8000/%E4%B9%A6"]),
    head=st.sampled_from([b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nX:  \xb0\xa1\r\n y\r\n\r\n"]),
    body=st.binary(max_size=300),
    fields=st.dictionaries(
        st.sampled_from(["WARC-Concurrent-To", "WARC-IP-Address", "WARC-Truncated", "WARC-Refers-To"]),
        st.text(st.characters(categories=["L", "N", "P"]), min_size=1),
    ),
)
def test_records_are_those_of_warcio(
    kind: str, uri: str, head: bytes, body: bytes, fields: dict[str, str]
) -> None:
    """Write each record byte for byte as warcio does, so that whatever reads its files reads ours."""
    if kind not in {"request", "response"}:
        head = b""
    ours = record_bytes(
        kind, record_id="<urn:uuid:1>", uri=uri, date=NOW, content_type="text/html", head=head, body=body, fields=fields
    )  # fmt: skip
    assert ours == written_by_warcio(
        kind, record_id="<urn:uuid:1>", uri=uri, content_type="text/html", head=head, body=body, fields=fields
    )


@pytest.mark.parametrize(
    ("kind", "uri", "written"),
    [
        ("request", "https://a/%20b?c=d&e#f", "https://a/%20b?c=d&e#f"),
        ("request", "https://a/b c", "https://a/b%20c"),
        ("request", "https://a/书", "https://a/%E4%B9%A6"),
        ("request", "https://a/\r\nX: y", "https://a/%0D%0AX:%20y"),
        ("request", "https://a/\x01b", "https://a/%01b"),
        ("request", 'https://a/"<>', "https://a/%22%3C%3E"),
        ("request", "", None),
        ("warcinfo", "https://a/", None),
    ],
)
def test_an_address_is_one_that_a_header_can_hold(
    tmp_path: Path, kind: str, uri: str, written: str | None
) -> None:
    """Encode what no header may hold, keep what is encoded, and name no target where there is none."""
    data = record_bytes(
        kind, record_id=warc.new_record_id(), uri=uri, date=NOW, content_type="text/plain", body=b"x"
    )
    (record,), _ = read(tmp_path, data)
    assert record.fields.get("warc-target-uri") == written


def test_a_date_is_in_utc_to_the_microsecond() -> None:
    taipei = dt.timezone(dt.timedelta(hours=8))
    assert iso_date(dt.datetime(2026, 1, 31, 4, tzinfo=taipei)) == "2026-01-30T20:00:00.000000Z"


def test_each_record_has_an_id_of_its_own() -> None:
    one, other = warc.new_record_id(), warc.new_record_id()
    assert one != other
    assert one.startswith("<urn:uuid:")
    assert one.endswith(">")


def test_an_open_file_is_read_from_its_beginning_and_stays_open(tmp_path: Path) -> None:
    """Name it as a journal, or as the caller does."""
    file = tmp_path / "a.warc"
    file.write_bytes(raw() + b"no record\r\n")
    with file.open("rb") as opened:
        opened.seek(5)
        with pytest.raises(ArchiveError, match=r"^the journal is damaged"):
            list(RecordReader(opened.fileno()))
        with pytest.raises(ArchiveError, match=r"^mine is damaged"):
            list(RecordReader(opened.fileno(), name="mine"))
        opened.seek(0)
        assert opened.read() == file.read_bytes()
