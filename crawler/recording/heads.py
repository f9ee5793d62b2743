"""HTTP heads as an archive keeps them, and what a body is by its head.

They are kept byte for byte, with two exceptions. What the network library joined is not chunked any more, so a
response's `Transfer-Encoding` is renamed `X-Archive-Orig-Transfer-Encoding` and its `Content-Length` is made that of
the body: with a header that says otherwise than the body, readers go astray (webrecorder/pywb issue 584). The standard
would have the chunks themselves (iipc/warc-specifications issue 22); who does not have them renames or removes the
header, and this prefix is the one under which web archives show a capture's own headers. And credentials are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.download.body import decode_body
from crawler.download.exchange import HttpRecord

__all__ = ["archived_request", "archived_response", "decoded", "split_head"]

_SECRETS = frozenset({b"authorization", b"proxy-authorization"})
_ORIGINAL = b"X-Archive-Orig-"
_END = b"\r\n\r\n"


def archived_request(head: bytes) -> bytes:
    """Return a request's head without credentials."""
    lines = [line for name, line in _lines(head) if name not in _SECRETS]
    return b"\r\n".join(lines)


def archived_response(hop: HttpRecord) -> bytes:
    """Return the head of a hop's response, true of the body that is kept with it.

    A body that was cut keeps the length that was stated: WARC-Truncated says why it is shorter.
    """
    length = b"%d" % len(hop.body)
    lines, changed, stated = [], False, False
    for name, line in _lines(hop.response_head):
        wrong = name == b"content-length" and hop.cut is None and line.partition(b":")[2].strip() != length
        if wrong or name == b"transfer-encoding":
            lines.append(_ORIGINAL + line)
            changed = True
        else:
            lines.append(line)
            stated = stated or name == b"content-length"
    if changed and not stated and hop.cut is None:
        lines.insert(-2, b"Content-Length: " + length)
    return b"\r\n".join(lines)


def split_head(block: bytes) -> tuple[bytes, bytes]:
    """Return an HTTP message's head, with the empty line that ends it, and its body."""
    head, end, body = block.partition(_END)
    return head + end, body


def decoded(head: bytes, body: bytes, max_bytes: int) -> bytes | None:
    """Return the body of a response as it is once decompressed; None when it cannot be, or is larger than allowed."""
    codings = b",".join(
        line.partition(b":")[2].strip() for name, line in _lines(head) if name == b"content-encoding"
    )
    result = decode_body(body, codings.decode("latin-1"), max_bytes)
    return result.decoded if result.problem is None else None


def _lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    r"""Yield the lines of a head with their header's name in lower case; b'' for the first line and for empty ones.

    A continuation (obs-fold, RFC 9112, 5.2) has the name of the line before it, and joined by \r\n they are the head.
    """
    name = b""
    for number, line in enumerate(head.split(b"\r\n")):
        if not line.startswith((b" ", b"\t")):
            before, colon, _ = line.partition(b":")
            name = before.strip().lower() if colon and number else b""
        yield name, line
