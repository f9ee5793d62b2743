"""The robots.txt rules for one user agent (RFC 9309): which addresses it may request, and how often."""

from __future__ import annotations

import codecs
import re
from typing import Self
from urllib.parse import urlsplit

from crawler.download.exchange import Exchange
from crawler.download.robots_parser import Rule, RuleSet, normalize, parse, product_token
from crawler.phrases import Phrase, joined

__all__ = ["LONGEST_DELAY", "MAX_BYTES", "UNAVAILABLE", "Rules", "product_token"]

UNAVAILABLE = "robots.txt could not be fetched"
"""The start of the reason if no rule denies an address, but the rules are unknown."""

MAX_BYTES = 500 * 1024
"""The part of a robots.txt that is parsed (RFC 9309 §2.5)."""

LONGEST_DELAY = 86_400.0
"""Seconds; a longer Crawl-delay is reduced to this."""

_LONGEST_LINE = 100

_PLAIN_URL = re.compile(r"https?://[!-\"$-.0->@-Z^-~]+(/[!-\"$-~]*)?", re.ASCII)
"""A URL of printable ASCII without brackets in its host, and without a fragment."""


class Rules:
    """The rules of an origin's robots.txt for one user agent; without a text, everything is allowed."""

    crawl_delay: float | None = None
    """Seconds between requests, from Crawl-delay, or else from Request-rate, ignoring its hours."""
    size: int = 0
    """Length of the text in characters."""
    problem: Exchange | None = None
    """The failed fetch, if robots.txt could not be fetched: then nothing is allowed."""
    note: str = ""
    """A note on the origin of the rules; a problem with storing them on disk may be added later."""

    def __init__(self, text: str = "", *, user_agent: str = "", problem: Exchange | None = None) -> None:
        self.problem = problem
        self.size = len(text)
        group = parse(text, product_token(user_agent))
        self._rules = RuleSet(group.lines)
        self._set_crawl_delay(group.request_gap if group.crawl_delay is None else group.crawl_delay)

    @classmethod
    def read(cls, body: bytes, *, user_agent: str) -> Self:
        """Read the rules of a file as it was served, in UTF-8, whatever its header says (RFC 9309 §2.3).

        UTF-16 is recognized by its byte order mark. Octets that are not UTF-8, such as GBK, are compared unchanged.
        """
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return cls(body.decode("utf-16", "replace"), user_agent=user_agent)
        return cls(body.decode("utf-8", "surrogateescape"), user_agent=user_agent)

    def allows(self, url: str) -> bool:
        """Return True if the absolute address `url`, at the origin of these rules, may be requested."""
        try:
            path = _path(url)
        except ValueError:  # an invalid address; the request would fail the same way
            return False
        if path.partition("?")[0] == "/robots.txt":
            return True
        return self.problem is None and self._denial(path) is None

    def reason(self, url: str) -> str:
        """Return the reason, on one line, that `url` must not be requested; '' if it may be."""
        if self.allows(url):
            return ""
        if self.problem is not None:
            return Phrase("robots_not_had", why=how_it_failed(self.problem))
        try:
            denial = self._denial(_path(url))
        except ValueError:
            denial = None
        if denial is None:
            return Phrase("robots_denies")
        return Phrase("robots_denies_by", line=_shown(denial.line))

    def _denial(self, path: str) -> Rule | None:
        """Return the rule that denies a path and query; None if none does."""
        if not self._rules:
            return None
        # The encoding in which a non-ASCII character will be sent is unknown: an Allow rule must match both spellings.
        for spelling in {normalize(path), path} if not path.isascii() else {normalize(path)}:
            rule = self._rules.decide(spelling.replace("*", "%2A"))
            if rule is not None and not rule.allow:
                return rule
        return None

    def _set_crawl_delay(self, delay: float | None) -> None:
        if delay is not None and delay > LONGEST_DELAY:
            self.note = Phrase("robots_delay_cut")
            delay = LONGEST_DELAY
        self.crawl_delay = delay or None


def how_it_failed(exchange: Exchange) -> str:
    """Describe the outcome of a robots.txt request."""
    what = (
        exchange.detail or exchange.problem.value
        if exchange.problem is not None
        else f"{exchange.status} {exchange.reason}".strip()
    )
    tried = exchange.attempts
    attempts = Phrase("attempts", n=tried) if tried > 1 else Phrase("attempt") if tried else ""
    more = joined([attempts, exchange.gave_up])
    return Phrase("with_more", words=what, more=more) if more else what


def _path(url: str) -> str:
    """Return the path and query of an address, as used to match rules. Raises ValueError for an invalid address."""
    if (plain := _PLAIN_URL.fullmatch(url)) is not None:  # several times faster, with the same result
        return plain[1] or "/"
    address = url.partition("#")[0]
    parts = urlsplit(address)
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return f"{path}?{parts.query}" if "?" in address else path


def _shown(line: str) -> str:
    """Return the line of a rule, shortened and safe to print."""
    line = " ".join(line.partition("#")[0].split())
    line = "".join(letter if letter.isprintable() else "�" for letter in line)
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
