"""Records state if a response declared its length; older records without that can still be read."""

from __future__ import annotations

import datetime as dt

import msgspec

from crawler.download.exchange import Exchange
from crawler.recording import metadata
from crawler.recording.metadata import PageRecord


def record(exchange: Exchange) -> PageRecord:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return PageRecord(
        page=1, verdict="", detail="", fetched_at=now, exchange=exchange, hops=[], body=None, body_bytes=0
    )


def test_a_record_keeps_whether_the_length_was_declared() -> None:
    """A replay can recognize a body that may be truncated, as the run could."""
    for declared in (True, False):
        page = record(Exchange("http://h/", "http://h/", 200, length_declared=declared))
        assert metadata.read(metadata.encoded(page)) == page


def test_a_record_of_before_is_read() -> None:
    """A record of an older version does not say it: the length counts as declared."""
    page = record(Exchange("http://h/", "http://h/", 200))
    old = msgspec.json.decode(metadata.encoded(page))
    del old["exchange"]["length_declared"], old["exchange"]["lasting"]
    assert metadata.read(msgspec.json.encode(old)) == page
