"""Convert a run to WARC records, as bytes; no file is involved.

    warcinfo
    metadata «run»        the parameters of the run
    request, response     each request as sent and its response, in the order in which they ended
      metadata «problem»    with a request that got no complete response
    metadata «page»       the response for a page, after its requests; again once it is judged
    metadata «end»        the outcome of the run

Metadata records have addresses of their own, `urn:bookprice:page:3:…`. Under the page's address, a web archive player
such as pywb or ReplayWeb.page would take them for later captures of the page and show the JSON instead.

`heads` describes how HTTP heads are stored. They include cookies: the shop gave them to this program, and a response
that depends on one cannot be explained without it. Only its owner can read a journal; sharing an archive shares its
cookies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from crawler.download.exchange import Exchange, HttpRecord
from crawler.page_key import PageKey
from crawler.recording.heads import content_encoding, decoded, split_head
from crawler.recording.http_records import hop_records, warcinfo
from crawler.recording.metadata import (
    FORMAT,
    JSON_TYPE,
    EndRecord,
    Metadata,
    PageRecord,
    ProblemRecord,
    RunRecord,
    encoded,
)
from crawler.recording.replay_model import RunEnd, RunParameters, SavedPage
from crawler.recording.warc import new_record_id, record_bytes

__all__ = ["RunWriter"]


@dataclass(frozen=True, slots=True)
class _Written:
    """A recorded hop, as needed for the record of its page."""

    hop: HttpRecord
    request_id: str
    response_id: str | None


class RunWriter:
    """Convert the events of a run, in order, to the bytes of its records."""

    def __init__(self) -> None:
        self._run_id: str | None = None
        self._hops: dict[PageKey, list[_Written]] = {}
        """The hops of unfinished pages."""
        self._pages: dict[PageKey, PageRecord] = {}
        """The last record of each page."""

    def begin(self, parameters: RunParameters) -> bytes:
        """Return the first records of a run's file."""
        self._run_id = new_record_id()
        info_id = new_record_id()
        warcinfo_record = warcinfo(info_id, parameters.version, parameters.started_at)
        run = RunRecord(format=FORMAT, parameters=parameters)
        return warcinfo_record + _metadata(
            run, parameters.started_at, {"WARC-Refers-To": info_id}, record_id=self._run_id
        )

    def hop(self, page: PageKey | None, hop: HttpRecord) -> bytes:
        """Return the records of a request and its response."""
        request_id, request, response_id, response = hop_records(hop)
        records = [request, response]
        if hop.problem is not None or hop.detail:
            problem = ProblemRecord(problem=hop.problem, detail=hop.detail)
            records.append(_metadata(problem, hop.started_at, {"WARC-Concurrent-To": request_id}))
        if page is not None:
            self._hops.setdefault(page, []).append(_Written(hop, request_id, response_id))
        return b"".join(records)

    def fetched(self, page: PageKey, exchange: Exchange, fetched_at: dt.datetime) -> bytes:
        """Return the records of a page that is not judged yet."""
        return self.page(SavedPage(page.number, exchange, "", "", fetched_at, price_order=page.price_order))

    def page(self, saved: SavedPage) -> bytes:
        """Return the records of a finished page, including its hops if `hop` received none."""
        key, exchange = saved.key, saved.exchange
        bare = replace(exchange, body=b"")
        records = []
        had = self._pages.get(key)
        if key in self._hops or had is None or (had.exchange, had.body_bytes) != (bare, len(exchange.body)):
            if key not in self._hops:
                records += [self.hop(key, hop) for hop in saved.hops]
            hops = self._hops.pop(key, [])
            body_id = _record_of(exchange.body, hops) if exchange.body else None
            if exchange.body and body_id is None:
                # No recorded response has this body; it may have been cut while it was decoded.
                body_id = new_record_id()
                answered = any(written.response_id is not None for written in hops)
                records.append(
                    record_bytes(
                        "resource",
                        record_id=body_id,
                        # The response itself has the page's address: a player should show that one.
                        uri=_urn("body", body_id) if answered else exchange.final_url,
                        date=saved.fetched_at,
                        content_type="application/octet-stream",
                        body=exchange.body,
                    )
                )
            hop_ids = [written.request_id for written in hops]
        else:  # its records are written already
            hop_ids, body_id = had.hops, had.body
        record = self._pages[key] = PageRecord(
            page=saved.page,
            verdict=saved.verdict,
            detail=saved.detail,
            fetched_at=saved.fetched_at,
            exchange=bare,
            hops=hop_ids,
            body=body_id,
            body_bytes=len(exchange.body),
            price_order=saved.price_order,
        )
        about = body_id or (hop_ids[-1] if hop_ids else self._run_id)
        records.append(_metadata(record, saved.fetched_at, _referring(about)))
        return b"".join(records)

    def end(self, end: RunEnd) -> bytes:
        """Return the last record of a run's file."""
        return _metadata(EndRecord(end=end), end.finished_at, _referring(self._run_id))


def _metadata(
    record: Metadata, date: dt.datetime, fields: Mapping[str, str], *, record_id: str | None = None
) -> bytes:
    record_id = record_id or new_record_id()
    kind = str(record.__struct_config__.tag)
    return record_bytes(
        "metadata",
        record_id=record_id,
        uri=_urn(f"{kind}:{record.page}" if isinstance(record, PageRecord) else kind, record_id),
        date=date,
        content_type=JSON_TYPE,
        fields=fields,
        body=encoded(record),
    )


def _urn(what: str, record_id: str) -> str:
    """Return an address for a record that is not a capture of a page: its kind and the number of the record."""
    return f"urn:bookprice:{what}:{record_id.strip('<>').removeprefix('urn:uuid:')}"


def _referring(about: str | None) -> dict[str, str]:
    return {} if about is None else {"WARC-Refers-To": about}


def _record_of(body: bytes, hops: list[_Written]) -> str | None:
    """Return the id of the last response if its payload decodes to `body`, as a reader will do."""
    for written in reversed(hops):
        if written.response_id is not None:
            hop = written.hop
            whole = split_head(hop.response_head) == (
                hop.response_head,
                b"",
            )  # otherwise a reader would split it elsewhere
            return written.response_id if whole and _decodes_to(hop, body) else None
    return None


def _decodes_to(hop: HttpRecord, body: bytes) -> bool:
    """Return True if a reader of the archived response gets `body`."""
    known = hop.decoded
    if known is not None and known.content_encoding == content_encoding(hop.response_head):
        return known.body == body
    return decoded(hop.response_head, hop.body, len(body)) == body
