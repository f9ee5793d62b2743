"""Convert HTTP heads for an archive, and decode bodies by their heads.

Heads are stored byte for byte, with two exceptions. First, the HTTP library joins chunks, so a response's
`Transfer-Encoding` is renamed to `X-Archive-Orig-Transfer-Encoding`, and its `Content-Length` is set to the length of
the body: readers fail on headers that contradict the body (webrecorder/pywb issue 584). The standard wants the chunks
themselves (iipc/warc-specifications issue 22). Writers that do not have them rename or remove the header, and web
archives show a capture's own headers under this prefix. Second, credentials are removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.download.body import decode_body
from crawler.download.exchange import HttpRecord

__all__ = ["archived_request", "archived_response", "content_encoding", "decoded", "split_head"]

_SECRETS = frozenset({b"authorization", b"proxy-authorization"})
_ORIGINAL = b"X-Archive-Orig-"
_END = b"\r\n\r\n"


def archived_request(head: bytes) -> bytes:
    """Return a request's head without credentials."""
    if b"authorization" not in head.lower():
        return head
    lines = [line for name, line in _lines(head) if name not in _SECRETS]
    return b"\r\n".join(lines)


def archived_response(hop: HttpRecord) -> bytes:
    """Return the head of a response, corrected to match the body stored with it.

    A truncated body keeps the stated length: WARC-Truncated says why it is shorter.
    """
    length = b"%d" % len(hop.body)
    if _states(hop.response_head, length):
        return hop.response_head
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


def _states(head: bytes, length: bytes) -> bool:
    """Return True if a head is plainly correct for a body of that length; False is no proof of the contrary."""
    lower = head.lower()
    return (
        b"transfer-encoding" not in lower
        and b"\r\n " not in lower  # nor any continuation of a line
        and b"\r\n\t" not in lower
        and lower.count(b"content-length") == 1
        and b"\r\ncontent-length: %b\r\n" % length in lower
    )


def split_head(block: bytes) -> tuple[bytes, bytes]:
    """Split an HTTP message into its head, including the empty line at the end, and its body."""
    head, end, body = block.partition(_END)
    return head + end, body


def decoded(head: bytes, body: bytes, max_bytes: int) -> bytes | None:
    """Return the decompressed body of a response; None if decoding fails or the result is too large."""
    result = decode_body(body, content_encoding(head), max_bytes)
    return result.decoded if result.problem is None else None


def content_encoding(head: bytes) -> str:
    """Return the Content-Encoding of a response, with repeated values joined by commas; '' if there is none."""
    if b"content-encoding" not in head.lower():
        return ""
    return b",".join(
        line.partition(b":")[2].strip() for name, line in _lines(head) if name == b"content-encoding"
    ).decode("latin-1")


def _lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    r"""Yield the lines of a head, each with its header's name in lower case; b'' for the first line and empty ones.

    A continuation (obs-fold, RFC 9112, 5.2) has the name of the line before it. Joined by \r\n, the lines are the head.
    """
    name = b""
    for number, line in enumerate(head.split(b"\r\n")):
        if not line.startswith((b" ", b"\t")):
            before, colon, _ = line.partition(b":")
            name = before.strip().lower() if colon and number else b""
        yield name, line
