"""Deliver alerts to an Apprise URL; its tokens come from the environment and never leave this module."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crawler.alerts.processes import Stopped, run
from crawler.alerts.refusals import INTERRUPTED, FinalRefusal, Refusal
from crawler.errors import SettingsError, UsageError
from crawler.installation import install_command
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["UrlChannel", "url_channels"]

URL_SECONDS = 30.0
"""The time limit for the delivery of a message, in seconds."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_VARIABLE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")
"""A variable with its name; without a name, the two characters that open an invalid one."""

_SCRIPT = Path(__file__).with_name("apprise_process.py")

_MISSING = "alerts by URL need Apprise, which is not installed"

_FORMS = "see https://appriseit.com/services/ for its format"

_REASONS = frozenset({
    "broken", "certificate", "disabled", "errcode", "garbled", "host", "invalid", "memory", "missing", "nobody",
    "proxy", "redirects", "refused", "scheme", "smtp", "status", "timeout", "tls",
})  # fmt: skip
"""The possible reasons of a failed delivery, by the name that the process gives; there are no others."""

_NUMBERED = frozenset({"errcode", "smtp", "status"})
"""Reasons that come with a number."""


_FINAL_STATUSES = {400, 406, 411, 412, 413, 414, 415, 417, 422, 431, 451}
"""Statuses that concern the message. Of the others, 401, 403 and 404 may mean a wrong token, 408, 429 and 5xx a
temporary failure."""

_FINAL_SMTP_CODES = {552, 554}
"""Codes that concern a mail, not its sender or recipient: too large, undeliverable (RFC 5321 4.2.3)."""


_REACHED = {"errcode", "garbled", "memory", "redirects", "refused", "smtp", "status"}
"""Failures of a service that has responded."""


@dataclass(frozen=True, slots=True)
class UrlChannel:
    """The URL of a service that Apprise supports."""

    name: str
    """Contains only the number and the scheme of the URL."""
    key: str
    """Derived from the configured URL, before tokens are inserted."""
    url: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    seconds: float = URL_SECONDS

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Send the message to the service; return None if it accepts it, else a reason without secrets."""
        task = {"urls": [self.url], "title": message.title, "text": message.text}
        try:
            answer = _answer(task, self.environ, self.seconds, stopped)
        except Stopped:
            return INTERRUPTED
        except subprocess.TimeoutExpired:
            return Phrase("url_slow", seconds=self.seconds)
        except OSError:
            return Phrase("url_no_process")
        if not isinstance(answer, dict):
            return Phrase("url_process_ended")
        return _failure(answer) if answer.get("why") else None


def url_channels(templates: Sequence[str], environ: Mapping[str, str]) -> tuple[UrlChannel, ...]:
    """Return a channel for each URL, with `${NAME}` replaced from `environ`.

    Raises SettingsError for a variable that is unset or empty, and for a URL that Apprise does not understand;
    UsageError if Apprise is not installed. Messages contain only the number and the scheme of a URL.
    """
    if not templates:
        return ()
    if find_spec("apprise") is None:
        raise UsageError(f"{_MISSING}; install it: {install_command('alerts')}")
    channels = [_channel(number, template, environ) for number, template in enumerate(templates, 1)]
    try:
        outcomes = _answer({"urls": [channel.url for channel in channels]}, environ, URL_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        outcomes = None
    if outcomes == {"why": "missing"}:
        raise UsageError(f"{_MISSING}; install it: {install_command('alerts')}")
    if not isinstance(outcomes, list):
        raise UsageError(
            f"Apprise cannot be used, its process failed; install it again: {install_command('alerts')}"
        )
    for channel, why in zip(channels, outcomes, strict=True):
        if why:
            raise SettingsError(f"{channel.name}: {_reason({'why': why})}; {_FORMS}")
    return tuple(channels)


def _channel(number: int, template: str, environ: Mapping[str, str]) -> UrlChannel:
    setting = f"urls[{number}]"
    scheme = _SCHEME.match(template)
    if scheme is None:
        raise SettingsError(f"{setting} must begin with a service such as ntfys://, not with a variable")
    name = f"{setting} ({scheme[1].lower()})"
    if not template.isprintable() or " " in template:
        raise SettingsError(f"{name}: it contains a space or control character; write %20 for a space")

    def value(variable: re.Match[str]) -> str:
        if variable[1] is None:
            raise SettingsError(f"{name}: ${{ must be followed by the name of a variable and }}")
        found = environ.get(variable[1])
        if not found:
            raise SettingsError(
                f"{name}: the environment variable {variable[1]} is not set; set it to the token"
            )
        if not found.isprintable():
            raise SettingsError(
                f"{name}: the environment variable {variable[1]} contains a line break or control character"
            )
        return quote(found, safe="")

    url = _VARIABLE.sub(value, template)
    key = hashlib.sha256(f"url\0{template}".encode()).hexdigest()[:16]
    return UrlChannel(name, key, url, environ)


def _answer(
    task: dict[str, Any],
    environ: Mapping[str, str],
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
) -> Any:
    """Return the response of the process to a task; None if it has none. Raises the same errors as `run`."""
    # URLs travel on stdin, because everybody can read a process's arguments. The process is isolated, so that it
    # imports modules only from the places of this program, not from a variable or the working folder.
    path = [str(part) for part in sys.path]
    given = json.dumps(task | {"seconds": seconds + 5, "path": path}).encode()
    argv = [sys.executable, "-I", str(_SCRIPT)]
    code, written = run(argv, given=given, environ=environ, seconds=seconds, output=True, stopped=stopped)
    try:
        return json.loads(written) if code == 0 else None
    except ValueError:
        return None


def _failure(answer: dict[str, Any]) -> str:
    """Return the reason of a failure; a refusal if it concerns the message."""
    why, number, words = answer.get("why"), answer.get("number", 0), _reason(answer)
    if (why == "status" and number in _FINAL_STATUSES) or (why == "smtp" and number in _FINAL_SMTP_CODES):
        return FinalRefusal(words)
    return Refusal(words) if why in _REACHED else words


def _reason(answer: dict[str, Any]) -> str:
    why, number = answer.get("why"), answer.get("number", 0)
    if why not in _REASONS or not isinstance(number, int):
        why = "refused"
    if why == "status" and number in set(HTTPStatus):
        return Phrase("url_status", n=f"{number} {HTTPStatus(number).phrase}")
    return Phrase(f"url_{why}", n=number) if why in _NUMBERED else Phrase(f"url_{why}")
