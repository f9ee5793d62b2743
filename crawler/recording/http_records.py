"""Convert HTTP requests and their responses to WARC records, and begin a WARC file."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from crawler.download.exchange import HttpRecord
from crawler.recording.heads import archived_request, archived_response
from crawler.recording.warc import new_record_id, record_bytes

__all__ = ["HopRecords", "hop_records", "warcinfo"]


class HopRecords(NamedTuple):
    """The records of one request: the request, and its response if one began."""

    request_id: str
    request: bytes
    response_id: str | None
    response: bytes
    """Empty if no response began."""


def hop_records(hop: HttpRecord) -> HopRecords:
    """Return the records of a request and its response, which refers to the request."""
    request_id = new_record_id()
    request = record_bytes(
        "request",
        record_id=request_id,
        uri=hop.url,
        date=hop.started_at,
        content_type="application/http; msgtype=request",
        head=archived_request(hop.request_head),
    )
    if not hop.response_head:
        return HopRecords(request_id, request, None, b"")
    response_id = new_record_id()
    fields = {"WARC-Concurrent-To": request_id}
    if hop.peer is not None and hop.peer.isascii() and hop.peer.isprintable():
        fields["WARC-IP-Address"] = hop.peer
    if hop.cut is not None:
        fields["WARC-Truncated"] = hop.cut.value
    response = record_bytes(
        "response",
        record_id=response_id,
        uri=hop.url,
        date=hop.started_at,
        content_type="application/http; msgtype=response",
        fields=fields,
        head=archived_response(hop),
        body=hop.body,
    )
    return HopRecords(request_id, request, response_id, response)


def warcinfo(record_id: str, version: str, date: dt.datetime) -> bytes:
    """Return the first record of a file; `version` is that of this program."""
    info = {
        "software": f"bookprice-crawler/{version}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    }
    return record_bytes(
        "warcinfo",
        record_id=record_id,
        uri="",
        date=date,
        content_type="application/warc-fields",
        body="".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in info.items()).encode(
            "utf-8", "replace"
        ),
    )
