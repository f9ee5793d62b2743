"""The metadata records of a run, as JSON: each says by `kind` what it is.

Read from a file that anybody may have made, so every field has its type, and what does not fit is an error.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Annotated

import msgspec

from crawler.download.exchange import Exchange, Problem
from crawler.recording.saved import RunEnd, RunParameters

__all__ = [
    "FORMAT",
    "JSON_TYPE",
    "EndRecord",
    "Metadata",
    "PageRecord",
    "ProblemRecord",
    "RunRecord",
    "encoded",
    "read",
]

FORMAT = 2
"""Raised when an older program would misread what a newer one wrote: 2 has pages in price order."""

JSON_TYPE = "application/json"


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """What the run was asked for: the first record after the file's own."""

    format: int
    parameters: RunParameters


class ProblemRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="problem"):
    """Why a request brought no whole answer; WARC-Concurrent-To names the request."""

    problem: Problem | None
    detail: str


class PageRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="page"):
    """What came for a page, and how it ended; only with this record is it had, and the last one counts."""

    page: Annotated[int, msgspec.Meta(ge=1)]
    verdict: str
    """'' before it is judged."""
    detail: str
    fetched_at: dt.datetime
    exchange: Exchange
    """Without its body."""
    hops: list[str]
    """WARC-Record-ID of each request made for it, in order."""
    body: str | None
    """WARC-Record-ID of the response (or resource) whose payload is the body; None when that is empty."""
    body_bytes: int
    """Length of the body once decoded."""
    price_order: bool = False
    """`page` is one of the shop's list in price order."""


class EndRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """How the run ended: the last record."""

    end: RunEnd


Metadata = RunRecord | ProblemRecord | PageRecord | EndRecord


class _Kind(msgspec.Struct):
    kind: str


_KINDS = frozenset({"run", "problem", "page", "end"})


def encoded(record: Metadata) -> bytes:
    """Return the JSON of a record."""
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:  # half a surrogate pair: bytes of the command line that are no text
        return json.dumps(msgspec.to_builtins(record), ensure_ascii=False).encode("utf-8", "replace")


def read(data: bytes) -> Metadata | None:
    """Return the record that is written in `data`; None for JSON that is none of ours.

    Raises ValueError, in words, for one of ours that has a wrong type in it.
    """
    try:
        kind = msgspec.json.decode(data, type=_Kind).kind
    except (ValueError, RecursionError):
        return None
    if kind not in _KINDS:
        return None
    try:
        record: Metadata = msgspec.json.decode(data, type=Metadata)
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error
    match record:
        case RunRecord(parameters=parameters):
            return msgspec.structs.replace(
                record, parameters=replace(parameters, started_at=_utc(parameters.started_at))
            )
        case PageRecord():
            return msgspec.structs.replace(record, fetched_at=_utc(record.fetched_at))
        case EndRecord(end=end):
            return msgspec.structs.replace(record, end=replace(end, finished_at=_utc(end.finished_at)))
        case _:
            return record


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("a time before the year 1 or after 9999") from error
