"""Judge a fetch, for a page of any kind; the content of a page has its own judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.clean import redacted_url
from crawler.download.exchange import BLOCK_STATUSES, Exchange, Problem
from crawler.phrases import Phrase, joined
from crawler.verdict import Verdict

__all__ = ["FetchFailure", "is_login_url", "judge_fetch", "status_line", "with_attempts"]

_VERDICT_OF_PROBLEM = {
    Problem.TOO_LARGE: Verdict.TOO_LARGE,
    Problem.ADDRESS: Verdict.ADDRESS_REFUSED,
    Problem.ROBOTS: Verdict.ROBOTS_DENIED,
    Problem.BLOCKED: Verdict.NOT_ASKED,
}
"""Problems with a verdict of their own; all others are network errors."""

_LOGIN = re.compile(r"(?:^|[./])(?:login|passport|signin)(?:[./?]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why a fetch gave no page to read."""

    verdict: Verdict
    detail: str


def judge_fetch(  # noqa: PLR0911 – one return per verdict
    exchange: Exchange, *, block_sign: str = ""
) -> FetchFailure | None:
    """Judge an exchange by everything except its page; return None if it has a page to read.

    `block_sign` is the sign by which a parser recognized a block page, whatever the status; '' if there is none.
    """
    if exchange.problem is not None:
        verdict = _VERDICT_OF_PROBLEM.get(exchange.problem)
        if verdict is not None:
            return FetchFailure(verdict, exchange.detail)
        return FetchFailure(Verdict.NETWORK_ERROR, with_attempts(exchange.detail, exchange))
    for url in (exchange.redirect, exchange.final_url):
        if url is not None and url != exchange.url and is_login_url(url):
            return FetchFailure(Verdict.BLOCKED, Phrase("to_a_login", url=_short(url)))
    if exchange.redirect is not None:
        detail = Phrase("status_redirect", status=exchange.status or 0, url=_short(exchange.redirect))
        return FetchFailure(Verdict.UNEXPECTED_PAGE, detail)

    if exchange.status == 200 and exchange.body and not block_sign:
        return None
    status = status_line(exchange)
    if block_sign:
        words = Phrase("because", words=status, why=block_sign)
        return FetchFailure(Verdict.BLOCKED, with_attempts(words, exchange))
    if exchange.status in BLOCK_STATUSES:
        return FetchFailure(Verdict.BLOCKED, with_attempts(status, exchange))
    if exchange.status != 200:
        return FetchFailure(Verdict.HTTP_ERROR, with_attempts(status, exchange))
    return FetchFailure(Verdict.BLOCKED, Phrase("status_but", status=status, sign=Phrase("sign_empty_body")))


def is_login_url(url: str) -> bool:
    """Recognize a login by its address: `login` or `passport` is part of the host or path."""
    parts = urlsplit(url)
    return bool(_LOGIN.search(parts.netloc) or _LOGIN.search(parts.path))


def status_line(exchange: Exchange) -> str:
    """Return the status of an exchange with the server's reason phrase: «503 Service Unavailable»."""
    return f"{exchange.status} {exchange.reason}".strip()


def with_attempts(words: str, exchange: Exchange) -> str:
    """Return `words` with the number of attempts, and why there was no further one."""
    attempts = Phrase("attempts", n=exchange.attempts) if exchange.attempts > 1 else ""
    more = joined((attempts, exchange.gave_up))
    return Phrase("with_more", words=words, more=more) if more else words


def _short(url: str, limit: int = 100) -> str:
    url = redacted_url(url)
    return url if len(url) <= limit else f"{url[: limit - 1]}…"
