"""Read a run from its records, in a journal or an archive.

A file may come from anybody: limit sizes, check types, and take nothing in it for a path or for code.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawler.download.exchange import FetchPolicy, HttpRecord, Truncation
from crawler.page_key import PageKey
from crawler.phrases import Phrase, reason_of
from crawler.recording import metadata
from crawler.recording.heads import decoded, split_head
from crawler.recording.metadata import FORMAT, JSON_TYPE, EndRecord, PageRecord, ProblemRecord, RunRecord
from crawler.recording.replay_model import ArchiveError, RunEnd, RunParameters, SavedPage, SavedRun
from crawler.recording.warc import MAX_BLOCK, MAX_RUN, Record, RecordReader

__all__ = ["MAX_BODY", "StoredPage", "StoredRun", "read_run", "read_stored"]

MAX_BODY = FetchPolicy().max_bytes
"""Default limit on the size of a decoded body, in bytes."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as recorded, with its body not decoded yet."""

    record: PageRecord
    hops: tuple[HttpRecord, ...]
    body: Record | None
    """The response or resource whose payload is the body."""

    def saved(self, max_bytes: int = MAX_BODY) -> SavedPage:
        """Return the page with its body decoded. Raises ValueError, in words, if the body contradicts its record."""
        page, body = self.record, b""
        if page.body_bytes > max_bytes:
            raise ValueError(Phrase("record_body_too_large", page=page.page, size=max_bytes / 2**20))
        if self.body is not None:
            body = _payload(self.body, max_bytes) or b""
        if len(body) != page.body_bytes:
            raise ValueError(Phrase("record_body_other", page=page.page))
        return SavedPage(
            page.page,
            replace(page.exchange, body=body),
            page.verdict,
            page.detail,
            page.fetched_at,
            self.hops,
            price_order=page.price_order,
        )


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as recorded."""

    parameters: RunParameters
    pages: dict[PageKey, StoredPage]
    ended: RunEnd | None
    torn: bool


def read_run(path: Path, *, max_bytes: int = MAX_BODY) -> SavedRun:
    """Read the run stored in `path`, a .warc or a .warc.gz.

    `max_bytes` limits each decoded body; all records of a run together may have 256 MiB. The file is read in one go:
    call it where blocking does no harm.

    Raises ArchiveError if the file does not exist, is not a WARC, contains no run of this program or several, or is
    damaged before its end.
    """
    reader = RecordReader(path, max_block=max(MAX_BLOCK, max_bytes))
    stored = read_stored(reader)
    pages, size = {}, 0
    for key, page in stored.pages.items():
        size += page.record.body_bytes
        if size > MAX_RUN:
            raise reader.damaged(Phrase("record_pages_too_large", size=MAX_RUN / 2**20))
        try:
            pages[key] = page.saved(max_bytes)
        except ValueError as error:
            raise reader.damaged(reason_of(error)) from error
    return SavedRun(stored.parameters, pages, stored.ended, stored.torn)


@dataclass(slots=True)
class _Parts:
    """The parts of a run read so far."""

    parameters: RunParameters | None = None
    requests: dict[str, Record] = field(default_factory=dict)
    answers: dict[str, Record] = field(default_factory=dict)
    """Responses and resources by their own id."""
    responses: dict[str, Record] = field(default_factory=dict)
    """Responses by the id of their request."""
    problems: dict[str, ProblemRecord] = field(default_factory=dict)
    """Problems by the id of their request."""
    pages: dict[PageKey, StoredPage] = field(default_factory=dict)
    ended: RunEnd | None = None


def read_stored(reader: RecordReader) -> StoredRun:
    """Build a run from a reader's records, without decoding bodies. Raises ArchiveError like `read_run`."""
    parts = _Parts()
    for record in reader:
        try:
            _take(record, parts)
        except ValueError as error:
            raise reader.damaged(reason_of(error), record) from error
    if parts.parameters is None:
        raise ArchiveError(Phrase("record_file_no_search", name=reader.name))
    return StoredRun(parts.parameters, parts.pages, parts.ended, reader.torn)


def _take(record: Record, parts: _Parts) -> None:
    """Add the content of a record. Raises ValueError, in words, if it is invalid."""
    concurrent = record.fields.get("warc-concurrent-to", "")
    match record.kind:
        case "request":
            parts.requests[record.id] = record
        case "response":
            parts.answers[record.id] = parts.responses[concurrent] = record
        case "resource":
            parts.answers[record.id] = record
        case "metadata" if record.fields.get("content-type", "") == JSON_TYPE:
            match metadata.read(record.block):
                case RunRecord() as run:
                    parts.parameters = _checked(run, parts)
                case ProblemRecord() as problem:
                    parts.problems[concurrent] = problem
                case PageRecord() as page:
                    parts.pages[PageKey(page.price_order, page.page)] = _page(page, parts)
                case EndRecord(end=end):
                    parts.ended = end
                case None:
                    pass  # written by another program
        case _:
            pass


def _checked(run: RunRecord, parts: _Parts) -> RunParameters:
    if run.format > FORMAT:
        raise ValueError(Phrase("record_file_newer", version=repr(run.parameters.version[:40])))
    if parts.parameters is not None:
        raise ValueError(Phrase("record_file_two_searches"))
    return run.parameters


def _page(page: PageRecord, parts: _Parts) -> StoredPage:
    missing = [name for name in page.hops if name not in parts.requests]
    if missing or (page.body is not None and page.body not in parts.answers):
        raise ValueError(Phrase("record_missing", page=page.page))
    hops = tuple(_hop(parts.requests[name], parts) for name in page.hops)
    return StoredPage(page, hops, None if page.body is None else parts.answers[page.body])


def _hop(request: Record, parts: _Parts) -> HttpRecord:
    response, problem = parts.responses.get(request.id), parts.problems.get(request.id)
    head, body = split_head(response.block) if response else (b"", b"")
    cut = response.fields.get("warc-truncated") if response else None
    return HttpRecord(
        url=request.fields.get("warc-target-uri", ""),
        started_at=_date(request.fields.get("warc-date", "")),
        request_head=request.block,
        response_head=head,
        body=body,
        cut=Truncation(cut) if cut in set(Truncation) else None,
        peer=response.fields.get("warc-ip-address") if response else None,
        problem=problem.problem if problem else None,
        detail=problem.detail if problem else "",
    )


def _date(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError(Phrase("record_without_date")) from None


def _payload(record: Record, max_bytes: int) -> bytes | None:
    if record.kind == "resource":
        return record.block
    return decoded(*split_head(record.block), max_bytes)
