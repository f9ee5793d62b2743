"""The inside of a process that speaks to Apprise: a script, which knows nothing of the rest of this package.

A process of its own because Apprise and what it builds on log whole URLs, tokens included, and wait for a server as
long as it sends a byte now and then. Here all they say goes nowhere, and the parent can end it. It is told on stdin
what to do, as JSON, and answers in one line of JSON on what was its stdout: outcomes by name, with a number at most, so
that no secret can be among them.
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
    "bark": 3000,  # Apple takes 4,096 with all around the text: https://github.com/Finb/bark-server/issues/123
    "barks": 3000,
    "ntfy": 3000,  # of 4,096 (https://docs.ntfy.sh/config/, message-size-limit), and 8,000 as Apprise's JSON
    "ntfys": 3000,
    "wecombot": 2048,  # https://developer.work.weixin.qq.com/document/path/91770 (text.content)
}
"""Bytes of a text that services take, for which Apprise counts characters, or nothing; longer texts are split."""

BYTES_A_CHARACTER = 3
"""Of a Chinese character in UTF-8."""

READ_SECONDS = 10.0
"""How long an answer may take, where the URL does not say (`rto`). Apprise's own 4 s are short for a far-away service,
and an answer that comes too late means the same message twice."""

MEMORY = 512 * 1024 * 1024
"""Bytes that this process may take beyond what it has at its start. A delivery over TLS or SMTP takes 170 MB of
addresses; an answer of 3 MB that unpacks to 3 GB would take all there is."""

SPLIT_SECONDS = 1.0
"""Pause between the parts of a split message, where Apprise would wait longer, 5.5 s as a rule."""


@dataclass(slots=True)
class Seen:
    """What was seen on the wire."""

    status: int = 0
    """HTTP status of the last request; 0 when it had none."""
    errcode: int = 0
    """The first trouble that WeChat Work or DingTalk named in the body of an answer of status 200."""
    trouble: tuple[str, int] | None = None
    """The last exception, by name, and a number that belongs to it."""


def main() -> None:
    """Read what to do, do it, and say what came of it."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    task = json.loads(sys.stdin.buffer.read())
    # For the case that the parent is gone and cannot end this process.
    faulthandler.dump_traceback_later(task["seconds"], exit=True, file=silence)
    sys.path[:] = task["path"]
    _limit_memory()
    # Or requests would send the user's password for a host to whoever wrote a URL of that host.
    os.environ["NETRC"] = os.devnull
    with answer:
        json.dump(_done(task), answer)


def _limit_memory() -> None:
    """Let an answer that does not fit end in MemoryError; where the system has no such limit, time is one."""
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
        import apprise  # noqa: F401 – whether it is there
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
    """Return what Apprise makes of a URL, and «»; or None, and why it makes nothing of it."""
    from apprise import Apprise, AppriseAsset
    from apprise.manager_plugins import NotificationManager

    asset = AppriseAsset(
        app_id="bookprice-crawler",
        app_desc="Book prices",
        image_url_mask="",  # its logo is not ours
        async_mode=False,
        storage_mode="memory",  # with this and the next two it writes no file
        pgp_autogen=False,
        pem_autogen=False,
    )
    # A redirected POST becomes a GET (RFC 9110 15.4.2), which answers 200 though nothing was delivered.
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
    except Exception as error:  # noqa: BLE001 – a plugin's own mistake is a failure like others
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
    """Let a service split what it would refuse, not wait long, and say when it failed: what is tried again is ours."""
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
    """Note of every answer that requests gets, in this process, what it says of success."""
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

    requests.Session.send = watched  # type: ignore[method-assign]  # this process does nothing else


class _Watch(logging.Handler):
    """Takes Apprise's log for the exceptions at hand when it logs; of its words nothing."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 – its words are not wanted
        error = sys.exc_info()[1]
        if error is not None:
            self._seen.trouble = _trouble(error) or self._seen.trouble


def _trouble(error: BaseException) -> tuple[str, int] | None:
    """Return what an exception, or one of those behind it, says of the connection; None for nothing known."""
    import requests

    chain = [
        link for link in _chain(error) if not isinstance(link, ValueError)
    ]  # an answer that is no JSON is none
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
