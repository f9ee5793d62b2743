"""The code inside the process that runs Apprise: a script that imports nothing from the rest of this package.

It needs a process of its own, because Apprise and its dependencies log whole URLs, tokens included, and wait for a
server as long as it sends a byte now and then. Here, their output is discarded, and the parent can kill them. The
script reads its task as JSON from stdin, and writes one line of JSON to its original stdout: outcomes by name, with at
most a number, so that they cannot contain a secret.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import smtplib
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = {
    "bark": 3000,  # Apple allows 4,096 for the whole payload: https://github.com/Finb/bark-server/issues/123
    "barks": 3000,
    "ntfy": 3000,  # of 4,096 (https://docs.ntfy.sh/config/, message-size-limit), and 8,000 as Apprise's JSON
    "ntfys": 3000,
    "wecombot": 2048,  # https://developer.work.weixin.qq.com/document/path/91770 (text.content)
}
"""The bytes of text that a service accepts, where Apprise counts characters or nothing; longer texts are split."""

BYTES_A_CHARACTER = 3
"""The size of a Chinese character in UTF-8."""

READ_SECONDS = 10.0
"""The time limit for a response, unless the URL sets one (`rto`). Apprise's own 4 s are too short for a distant
service, and a response that comes too late duplicates the message."""

MEMORY = 512 * 1024 * 1024
"""Bytes that this process may allocate beyond its size at the start. A delivery over TLS or SMTP takes 170 MB of
addresses; a response of 3 MB that unpacks to 3 GB would take all the memory."""

SPLIT_SECONDS = 1.0
"""The pause between the parts of a split message; Apprise would wait longer, usually 5.5 s."""


@dataclass(slots=True)
class Seen:
    """The observed HTTP traffic and errors."""

    status: int = 0
    """The HTTP status of the last request; 0 if there was no response."""
    errcode: int = 0
    """The first error that WeChat Work or DingTalk named in the body of a response with status 200."""
    trouble: tuple[str, int] | None = None
    """The last exception, by name, with its number."""


def main() -> None:
    """Read the task, run it, and write its outcome."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    task = json.loads(sys.stdin.buffer.read())
    # In case the parent is gone and cannot kill this process.
    faulthandler.dump_traceback_later(task["seconds"], exit=True, file=silence)
    sys.path[:] = task["path"]
    _limit_memory()
    # Otherwise requests would send the user's password for a host to whoever wrote a URL of that host.
    os.environ["NETRC"] = os.devnull
    with answer:
        json.dump(_done(task), answer)


def _limit_memory() -> None:
    """Let an oversized response end in MemoryError; systems without such a limit have only the time limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource
        from pathlib import Path

        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft == resource.RLIM_INFINITY or soft > most:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _done(task: dict[str, Any]) -> Any:
    try:
        import apprise  # noqa: F401 – checks that it is installed
    except ImportError:
        return {"why": "missing"}
    seen = Seen()
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [_Watch(seen)], False
    logger.setLevel(logging.DEBUG)
    if "text" not in task:
        return [_service(url)[1] for url in task["urls"]]
    return _delivered(task["urls"][0], task["title"], task["text"], seen)


def _service(url: str) -> tuple[Any, str]:
    """Return Apprise's service for a URL, and ''; or None, and the reason why there is none."""
    from apprise import Apprise, AppriseAsset
    from apprise.manager_plugins import NotificationManager

    asset = AppriseAsset(
        app_id="bookprice-crawler",
        app_desc="Book prices",
        image_url_mask="",  # without Apprise's logo
        async_mode=False,
        storage_mode="memory",  # with this and the next two, it writes no file
        pgp_autogen=False,
        pem_autogen=False,
    )
    # A redirected POST becomes a GET (RFC 9110 15.4.2), which returns 200 although nothing was delivered.
    asset.http_redirects = False
    scheme = urlsplit(url).scheme.lower()
    plugins = NotificationManager()  # type: ignore[no-untyped-call]  # the one registry that there is
    if scheme not in plugins and scheme not in {"http", "https"}:
        return None, "scheme"
    if scheme in plugins and not plugins[scheme].enabled:
        return None, "disabled"
    service = Apprise.instantiate(url, asset=asset)
    return service, "" if service is not None else "invalid"


def _delivered(url: str, title: str, text: str, seen: Seen) -> dict[str, object]:
    service, why = _service(url)
    if service is None:
        return {"why": why}
    _adapt(service, url)
    _watch_http(seen)

    from apprise import Apprise

    sender = Apprise(service, asset=service.asset)
    try:
        taken = bool(sender.notify(body=text, title=title, body_format="text"))
    except Exception as error:  # noqa: BLE001 – an error in a plugin is a failure like any other
        taken, seen.trouble = False, _trouble(error) or seen.trouble
    if seen.errcode:
        return {"why": "errcode", "number": seen.errcode}
    if taken:
        return {"why": ""}
    if seen.status >= 300:
        return {"why": "status", "number": seen.status}
    why, number = seen.trouble or ("refused", 0)
    return {"why": why, "number": number}


def _adapt(service: Any, url: str) -> None:
    """Make a service split long texts, wait little and report failures: retries are our job."""
    from apprise import OverflowMode

    query = parse_qs(urlsplit(url).query)
    service.retry, service.optional = 0, False
    service.request_rate_per_sec = min(service.request_rate_per_sec, SPLIT_SECONDS)
    if "rto" not in query:
        service.socket_read_timeout = READ_SECONDS
    if "overflow" not in query:
        service.overflow_mode = OverflowMode.SPLIT
        if service.schema in MOST_BYTES:
            service.body_maxlen = MOST_BYTES[service.schema] // BYTES_A_CHARACTER


def _watch_http(seen: Seen) -> None:
    """Record the success or failure of every response that requests receives in this process."""
    import requests

    send = requests.Session.send

    def watched(*arguments: Any, **options: Any) -> requests.Response:
        seen.status = 0
        answer = send(*arguments, **options)
        seen.status = answer.status_code
        try:
            said = answer.json()
        except ValueError:
            said = None
        errcode = said.get("errcode") if isinstance(said, dict) else None
        if isinstance(errcode, int):
            seen.errcode = seen.errcode or errcode
        return answer

    requests.Session.send = watched  # type: ignore[method-assign] # this process has no other purpose


class _Watch(logging.Handler):
    """Read the current exception whenever Apprise logs something; ignore the logged text."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 – the text is ignored
        error = sys.exc_info()[1]
        if error is not None:
            self._seen.trouble = _trouble(error) or self._seen.trouble


def _trouble(error: BaseException) -> tuple[str, int] | None:
    """Return the connection error that an exception or its causes report; None if they report none."""
    import requests

    chain = [
        link for link in _chain(error) if not isinstance(link, ValueError)
    ]  # a response that is not JSON is no error
    for link in chain:
        if isinstance(link, smtplib.SMTPRecipientsRefused):
            return "smtp", next((code for code, _ in link.recipients.values()), 0)
        if isinstance(link, smtplib.SMTPResponseException):
            return "smtp", link.smtp_code
    for name, kinds in (
        ("memory", MemoryError),
        ("garbled", requests.exceptions.ContentDecodingError),
        ("redirects", requests.exceptions.TooManyRedirects),
        ("proxy", requests.exceptions.ProxyError),
        ("certificate", ssl.SSLCertVerificationError),
        ("tls", (ssl.SSLError, requests.exceptions.SSLError)),
        ("host", socket.gaierror),
        ("timeout", (TimeoutError, requests.exceptions.Timeout)),
        ("broken", (smtplib.SMTPServerDisconnected, ConnectionResetError, BrokenPipeError)),
        ("nobody", (OSError, requests.exceptions.ConnectionError)),
    ):
        if any(isinstance(link, kinds) for link in chain):
            return name, 0
    return None


def _chain(error: BaseException | None, limit: int = 10) -> Iterator[BaseException]:
    while error is not None and limit:
        yield error
        error, limit = error.__cause__ or error.__context__, limit - 1


if __name__ == "__main__":
    main()
