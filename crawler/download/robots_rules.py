"""What a robots.txt says to one user agent (RFC 9309): which addresses it may ask for, and how often."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlsplit

from crawler.download.exchange import Exchange

if TYPE_CHECKING:
    from protego import Protego

__all__ = ["LONGEST_DELAY", "MAX_BYTES", "NOT_HAD", "Rules", "product_token"]

NOT_HAD = "robots.txt could not be had"
"""How the reason begins where no rule denies an address, but nothing is known of the rules."""

MAX_BYTES = 500 * 1024
"""What of a robots.txt is parsed (RFC 9309 §2.5)."""

LONGEST_DELAY = 86_400.0
"""Seconds; a longer Crawl-delay is taken for this one."""

_MATTERS = re.compile(r"dis+al+[ao]w|diasllow|crawl|request", re.IGNORECASE)
"""Without one of these a text denies nothing and slows nothing; the misspellings are those that protego accepts."""

_AGENT_LINE = re.compile(r"\s*user(?:-|\s+)?agent(?:\s*:|\s)([^#]*)", re.IGNORECASE)
_DENYING_LINE = re.compile(r"\s*(?:dis+al+[ao]w|diasllow)(?:\s*:|\s)([^#]*)", re.IGNORECASE)

_WE, _OTHERS = "we", "others"

_MOST_LINES_TO_NAME = 200
_LONGEST_LINE = 100


class Rules:
    """What an origin's robots.txt says to one user agent; without a text, that everything is allowed."""

    crawl_delay: float | None = None
    """Seconds between requests, from Crawl-delay, or else from Request-rate whatever hours it names."""
    problem: Exchange | None = None
    """How asking for robots.txt ended, when it could not be had: then nothing is allowed."""
    note: str = ""
    """What is worth knowing of where the rules come from; what comes of keeping them on disk may be added later."""

    def __init__(self, text: str = "", *, user_agent: str = "", problem: Exchange | None = None) -> None:
        self.problem = problem
        self._lines: list[str] = []
        self._parsed: Protego | None = None
        if _MATTERS.search(text):
            from protego import Protego

            token = product_token(user_agent)
            self._lines = [_for_us(line, token) for line in text.splitlines()]
            self._parsed = Protego.parse("\n".join(self._lines))
            self._set_crawl_delay(self._parsed)

    @classmethod
    def read(cls, body: bytes, *, user_agent: str) -> Self:
        """Return the rules of a file as it was served: in UTF-8, whatever its header says (RFC 9309 §2.3)."""
        return cls(body.decode("utf-8-sig", "replace"), user_agent=user_agent)

    def allows(self, url: str) -> bool:
        """Return whether the absolute address `url`, of the origin that these rules are for, may be asked for."""
        try:
            if urlsplit(url).path == "/robots.txt":
                return True
            if self.problem is not None:
                return False
            return self._parsed is None or self._parsed.can_fetch(url, _WE)
        except ValueError:  # no address; the request would end the same way
            return False

    def reason(self, url: str) -> str:
        """Return why `url` may not be asked for, on one line; '' when it may be."""
        if self.allows(url):
            return ""
        if self.problem is None:
            line = self._denying_line(url)
            return "robots.txt denies it" + (line and f": {line}")
        return f"{NOT_HAD}: {how_it_failed(self.problem)}"

    def _set_crawl_delay(self, parsed: Protego) -> None:
        delay = parsed.crawl_delay(_WE)  # malformed, negative and infinite ones are ignored there
        rate = parsed.request_rate(_WE)
        if delay is None and rate is not None:
            delay = min(rate.seconds, int(LONGEST_DELAY + 1) * rate.requests) / rate.requests
        if delay is not None and delay > LONGEST_DELAY:
            self.note = "robots.txt asks for more than a day between requests; a day is kept"
            delay = LONGEST_DELAY
        self.crawl_delay = delay or None

    def _denying_line(self, url: str) -> str:
        """Return the line that denies `url`; '' when that takes too long to find.

        The longest rule that matches decides (RFC 9309 §2.2.2), and protego does not tell which it was. So it is asked
        again, with the longest rules alone, and with half as many each time.
        """
        lengths = {
            number: len(quote(match[1].strip(), safe="/%*$=?&"))
            for number, line in enumerate(self._lines)
            if (match := _DENYING_LINE.match(line))
        }
        numbers = sorted(lengths, key=lambda number: lengths[number], reverse=True)
        if len(numbers) > _MOST_LINES_TO_NAME:
            return ""

        def denies(count: int) -> bool:
            return self._denies_with(frozenset(numbers[:count]), frozenset(numbers), url)

        count = bisect.bisect_left(range(len(numbers) + 1), True, key=denies)
        if count > len(numbers):
            return ""
        line = " ".join(self._lines[numbers[count - 1]].partition("#")[0].split())
        line = "".join(letter if letter.isprintable() else "�" for letter in line)
        return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"

    def _denies_with(self, kept: frozenset[int], rules: frozenset[int], url: str) -> bool:
        from protego import Protego

        # An empty rule in place of each that is left out: without it, two groups could become one.
        lines = [
            "Disallow:" if number in rules and number not in kept else line
            for number, line in enumerate(self._lines)
        ]
        return not Protego.parse("\n".join(lines)).can_fetch(url, _WE)


def product_token(user_agent: str) -> str:
    """Return the name by which a robots.txt calls a user agent, in lower case: what stands before its version."""
    return re.split(r"[/\s]", user_agent.strip(), maxsplit=1)[0].lower()


def how_it_failed(exchange: Exchange) -> str:
    """Return in words how asking for robots.txt ended."""
    what = (
        exchange.detail or exchange.problem.value
        if exchange.problem is not None
        else f"{exchange.status} {exchange.reason}".strip()
    )
    more = [exchange.gave_up] if exchange.gave_up else []
    if exchange.attempts:
        more.insert(0, f"after {exchange.attempts} attempt{'s' if exchange.attempts > 1 else ''}")
    return what + (f" ({'; '.join(more)})" if more else "")


def _for_us(line: str, token: str) -> str:
    """Return a User-agent line with its name as one of three: everybody, we, others.

    protego takes «book» for a name of «bookprice-crawler», where RFC 9309 §2.2.1 wants the whole product token. And it
    keeps every rule once for each name of its group: half a megabyte of names and rules would fill the memory.
    """
    match = _AGENT_LINE.match(line)
    if match is None or not (name := match[1].strip()):
        return line
    if name == "*" or (name[0] == "*" and name[1].isspace()):
        return "User-agent: *"
    return f"User-agent: {_WE if product_token(name) == token else _OTHERS}"
