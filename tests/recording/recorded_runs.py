"""Recorded runs: made by hand, drawn by hypothesis, or fetched from a server byte by byte."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import random
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from hypothesis import strategies as st

from crawler.download.body import decode_body
from crawler.download.exchange import Exchange, HttpRecord, Problem, Truncation
from crawler.page_key import PageKey
from crawler.recording.replay_model import RunEnd, RunParameters, SavedPage
from crawler.recording.writing import RunWriter

NOW = dt.datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=dt.UTC)
ORIGIN = "https://search.dangdang.com"


def parameters(query: str = "渗透测试", *, base_url: str = ORIGIN, demo: bool = False) -> RunParameters:
    """Return the parameters of a run."""
    settings: dict[str, object] = {"pages": 3, "rank": "cheapest", "keep": ["ebook"], "min_price": None}
    return RunParameters(
        query, query, "dangdang", base_url, demo, settings, url_of(1, query, base_url), NOW, "0.1.0"
    )


def key(page: int) -> PageKey:
    """Return the key of a page in a search's own list."""
    return PageKey(price_order=False, number=page)


def keys(*pages: int) -> list[PageKey]:
    """Return the keys of pages in a search's own list."""
    return [key(page) for page in pages]


def url_of(page: int, query: str = "渗透测试", base_url: str = ORIGIN) -> str:
    """Return a result page's address."""
    return f"{base_url}/?key={query.encode('gbk').hex()}&page_index={page}"


def body_of(page: int, size: int = 3000) -> bytes:
    """Return a body that is unique to this page."""
    return random.Random(page).randbytes(size)


def hop_of(page: int, body: bytes, *, status: int = 200) -> HttpRecord:
    """Return a request for a page and a complete, compressed response."""
    head = (
        b"HTTP/1.1 %d X\r\nContent-Type: text/html; charset=gb2312\r\nContent-Encoding: gzip\r\n\r\n" % status
    )
    request = b"GET /?page_index=%d HTTP/1.1\r\nHost: search.dangdang.com\r\n\r\n" % page
    return HttpRecord(url_of(page), NOW, request, head, gzip.compress(body, 1, mtime=0), peer="192.0.2.7")


def exchange_of(page: int, body: bytes, *, status: int = 200) -> Exchange:
    """Return the exchange that corresponds to `hop_of`."""
    return Exchange(url_of(page), url_of(page), status, "X", "gb2312", body, attempts=1)


def saved(page: int, *, verdict: str = "ok", at: dt.datetime = NOW, body: bytes | None = None) -> SavedPage:
    """Return a page with its hop, as it is read back."""
    body = body_of(page) if body is None else body
    return SavedPage(page, exchange_of(page, body), verdict, "", at, (hop_of(page, body),))


def run_bytes(
    pages: Iterable[SavedPage], end: RunEnd | None = None, asked: RunParameters | None = None
) -> list[bytes]:
    """Return the records of a run: its first ones, those of each page, and its end if there is one."""
    writer = RunWriter()
    parts = [writer.begin(asked or parameters()), *(writer.page(page) for page in pages)]
    return parts if end is None else [*parts, writer.end(end)]


def write_run(path: Path, pages: Iterable[SavedPage], end: RunEnd | None = None) -> Path:
    """Write a run to a file and return its path."""
    path.write_bytes(b"".join(run_bytes(pages, end)))
    return path


def open_files() -> set[str]:
    """Return the files that this process has open, and the names of its threads."""
    found = {thread.name for thread in threading.enumerate()}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself
            found.add(str(link.readlink()))
    return found


_lines = st.binary(min_size=1, max_size=40).filter(lambda line: b"\r\n" not in line)
_heads = st.lists(_lines, min_size=1, max_size=5).map(lambda lines: b"\r\n".join([*lines, b"", b""]))
_plain_heads = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\ncontent-length: 7\r\n\r\n",
        b"HTTP/1.0 404 \xd5\xd2\xb2\xbb\xb5\xbd\r\nX: \xff\r\n\r\n",
        b"HTTP/1.1 204\r\n\r\n",
    ]
)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_urls = st.text(st.sampled_from('abc%41/?&=#[]~é渗 <>"\r\n\t\\'), max_size=20).map(ORIGIN.__add__)
_moments = st.datetimes(timezones=st.just(dt.UTC))
_bodies = st.binary(max_size=200)


@st.composite
def hops(draw: st.DrawFn) -> HttpRecord:
    """Draw a request with any bytes and any ending."""
    answered = draw(st.booleans())
    return HttpRecord(
        url=draw(_urls),
        started_at=draw(_moments),
        request_head=draw(_heads),
        response_head=draw(_heads | _plain_heads) if answered else b"",
        body=draw(_bodies | _bodies.map(gzip.compress)) if answered else b"",
        cut=draw(st.none() | st.sampled_from(Truncation)) if answered else None,
        peer=draw(st.none() | st.ip_addresses().map(str)) if answered else None,
        problem=draw(st.none() | st.sampled_from(Problem)),
        detail=draw(_text),
    )


@st.composite
def pages(draw: st.DrawFn, number: int) -> SavedPage:
    """Draw a page with any exchange; its body is often that of its last response, as in practice."""
    drawn: list[HttpRecord] = draw(st.lists(hops(), max_size=3))
    made = tuple(drawn)
    answers = [hop for hop in made if hop.response_head]
    body = draw(_bodies)
    if draw(st.booleans()) and answers:
        coding = "gzip" if b"gzip" in answers[-1].response_head.lower() else ""
        body = decode_body(answers[-1].body, coding, 10_000).decoded
    exchange = Exchange(
        url=draw(_text),
        final_url=draw(_text),
        status=draw(st.none() | st.integers(0, 999)),
        reason=draw(_text),
        charset=draw(st.none() | _text),
        body=body,
        redirect=draw(st.none() | _text),
        retry_after=draw(st.none() | st.floats(0, allow_infinity=False)),
        problem=draw(st.none() | st.sampled_from(Problem)),
        detail=draw(_text),
        gave_up=draw(_text),
        attempts=draw(st.integers(0, 10)),
    )
    return SavedPage(
        number, exchange, draw(_text), draw(_text), draw(_moments), made, price_order=draw(st.booleans())
    )


def all_parameters() -> st.SearchStrategy[RunParameters]:
    """Draw the parameters of a run."""
    numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    json = st.recursive(
        st.none() | st.booleans() | numbers | _text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=8,
    )
    return st.builds(
        RunParameters, query=_text, query_sent=_text, shop=_text, base_url=_text, demo=st.booleans(),
        settings=st.dictionaries(_text, json, max_size=4), first_url=_urls, started_at=_moments, version=_text,
    )  # fmt: skip


def ends() -> st.SearchStrategy[RunEnd]:
    """Draw the outcome of a run."""
    verdicts = st.dictionaries(st.integers(1, 100), st.tuples(_text, _text), max_size=4)
    return st.builds(RunEnd, finished_at=_moments, stopped=st.none() | _text, verdicts=verdicts)


async def fetch(url: str, *, http: str = "1.1") -> HttpRecord:
    """Request `url` over a socket of our own and return every byte of it; chunks are joined."""
    parts = urlsplit(url)
    request = (
        f"GET {parts.path}?{parts.query} HTTP/{http}\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    started = dt.datetime.now(dt.UTC)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        answer = await reader.read()
        problem = Problem.RESET if not answer else None
    except ConnectionError:
        answer, problem = b"", Problem.RESET
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            problem = problem or Problem.RESET
    head, end, sent = answer.partition(b"\r\n\r\n")
    chunked = b"transfer-encoding: chunked" in head.lower()
    body, whole = _joined(sent) if chunked else (sent, _is_whole(head, sent))
    cut = Truncation.DISCONNECT if answer and not whole else None
    return HttpRecord(
        url, started, request, head + end, body, cut, parts.hostname if answer else None,
        problem or (Problem.TRUNCATED if cut else None), "it broke off" if problem or cut else "",
    )  # fmt: skip


def _is_whole(head: bytes, body: bytes) -> bool:
    lengths = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return not lengths or int(lengths[0]) == len(body)


def _joined(sent: bytes) -> tuple[bytes, bool]:
    body = b""
    while sent:
        size, _, sent = sent.partition(b"\r\n")
        if int(size, 16) == 0:
            return body, True
        body, sent = body + sent[: int(size, 16)], sent[int(size, 16) + 2 :]
    return body, False
