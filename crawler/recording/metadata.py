"""The metadata records of a run, as JSON; `kind` names the type of each.

They are read from files of any origin, so every field is typed, and a mismatch is an error.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Annotated

import msgspec

from crawler.download.exchange import Exchange, Problem
from crawler.phrases import Packed, Phrase, packed, unpacked
from crawler.recording.replay_model import RunEnd, RunParameters

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
"""Increased when an older program would misread what a newer one writes: 2 has pages in price order."""

JSON_TYPE = "application/json"


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """The parameters of the run: the first record after the file's own."""

    format: int
    parameters: RunParameters


class ProblemRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="problem"):
    """Why a request got no complete response; WARC-Concurrent-To names the request."""

    problem: Problem | None
    detail: str
    phrases: Packed = {}
    """Codes and values of the texts here, so that a replay can phrase them in any language; likewise elsewhere."""


class PageRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="page"):
    """The response for a page, and its verdict. A page counts only with this record; the last one decides."""

    page: Annotated[int, msgspec.Meta(ge=1)]
    verdict: str
    """'' until it is judged."""
    detail: str
    fetched_at: dt.datetime
    exchange: Exchange
    """Without the body."""
    hops: list[str]
    """WARC-Record-ID of each request made for the page, in order."""
    body: str | None
    """WARC-Record-ID of the response (or resource) whose payload is the body; None if it is empty."""
    body_bytes: int
    """Length of the decoded body."""
    price_order: bool = False
    """True if `page` belongs to the shop's list in price order."""
    phrases: Packed = {}


class EndRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The outcome of the run: the last record."""

    end: RunEnd
    phrases: Packed = {}


Metadata = RunRecord | ProblemRecord | PageRecord | EndRecord


class _Kind(msgspec.Struct):
    kind: str


_KINDS = frozenset({"run", "problem", "page", "end"})


def encoded(record: Metadata) -> bytes:
    """Return the JSON of a record."""
    match record:
        case ProblemRecord(detail=detail):
            texts: list[str] = [detail]
        case PageRecord(detail=detail, exchange=exchange):
            texts = [detail, exchange.detail, exchange.gave_up]
        case EndRecord(end=end):
            texts = [end.stopped or "", *(detail for _, detail in end.verdicts.values())]
        case RunRecord():
            texts = []
    if phrases := packed(texts):
        record = msgspec.structs.replace(record, phrases=phrases)
    try:
        return msgspec.json.encode(record, enc_hook=str)  # a Phrase is written as its text
    except UnicodeEncodeError:  # a lone surrogate, from bytes of the command line that are not text
        return json.dumps(msgspec.to_builtins(record, enc_hook=str), ensure_ascii=False).encode(
            "utf-8", "replace"
        )


def read(data: bytes) -> Metadata | None:
    """Decode a record; return None for JSON that is not one of ours.

    Raises ValueError, in words, for one of ours with a wrong type.
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
        raise ValueError(Phrase("record_too_deep")) from error
    match record:
        case RunRecord(parameters=parameters):
            return msgspec.structs.replace(
                record, parameters=replace(parameters, started_at=_utc(parameters.started_at))
            )
        case ProblemRecord(detail=detail, phrases=phrases):
            return msgspec.structs.replace(record, detail=unpacked(detail, phrases))
        case PageRecord(exchange=exchange, phrases=phrases):
            return msgspec.structs.replace(
                record,
                detail=unpacked(record.detail, phrases),
                fetched_at=_utc(record.fetched_at),
                exchange=replace(
                    exchange,
                    detail=unpacked(exchange.detail, phrases),
                    gave_up=unpacked(exchange.gave_up, phrases),
                ),
            )
        case EndRecord(end=end, phrases=phrases):
            verdicts = {
                page: (verdict, unpacked(detail, phrases)) for page, (verdict, detail) in end.verdicts.items()
            }
            stopped = None if end.stopped is None else unpacked(end.stopped, phrases)
            end = replace(end, finished_at=_utc(end.finished_at), stopped=stopped, verdicts=verdicts)
            return msgspec.structs.replace(record, end=end)


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError(Phrase("record_without_zone"))
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(Phrase("record_year_impossible")) from error
