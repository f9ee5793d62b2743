"""Obey robots.txt (RFC 9309): fetch it once for each origin, and keep it for a day."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from crawler.clean import redacted_url
from crawler.download.exchange import Exchange, Problem, Request
from crawler.download.robots_rules import MAX_BYTES, Rules, how_it_failed
from crawler.download.robots_store import Kept, Store
from crawler.local_time import local_zone, minute_in
from crawler.phrases import Phrase, joined

__all__ = ["MAX_BYTES", "Robots", "Rules"]

LIFETIME = dt.timedelta(hours=24)
"""How long an answer is valid (RFC 9309 §2.4)."""

FAILURE_LIFETIME = dt.timedelta(minutes=1)
STALE_LIFETIME = dt.timedelta(hours=1)
"""How long to wait after a failure before the next request: without, and with, an older copy to use."""

MOST_BYTES = 64 * 1024 * 1024
"""Estimated limit on the rules in memory; the rest are on disk. That is some 20,000 origins with short files."""

ORIGIN_BYTES, BYTES_PER_BYTE = 3_000, 12
"""Estimated memory for the rules of one origin: a base, and the most that each byte of text adds."""

NOT_OF_THE_FILE = frozenset({407, 429})
"""Client errors that leave open if a robots.txt exists: they count as 5xx.

407 comes from a proxy on the way, and 429 refuses the request whatever it was for.
"""

_LONGEST_TARGET = 200

_PARSE_APART = 32 * 1024
"""Texts of at least this many bytes are parsed in a thread."""


_NO_RULES = Rules()
"""For an invalid address: the request itself will report the problem."""

T = TypeVar("T")


class Robots:
    """The rules of every requested origin for one user agent; call `close()` at the end.

    `fetch(url)` fetches a robots.txt with all attempts and allowed redirects, and returns its first `MAX_BYTES`: a
    longer file is cut, with Problem.TOO_LARGE. `folder` keeps the copies; None keeps none. `now` returns aware
    datetimes.
    """

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Exchange]],
        *,
        user_agent: str,
        folder: Path | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._fetch = fetch
        self._user_agent = user_agent
        self._store = None if folder is None else Store(folder)
        self._now = now
        self._cached: OrderedDict[str, CachedRules] = OrderedDict()
        self._bytes = 0
        """Estimated memory use of `_cached`."""
        self._inquiries: dict[str, _PendingFetch] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def remembered(self, request: Request) -> Rules | None:
        """Return the rules for `request` if they are in memory and still valid; otherwise None."""
        origin = _origin(request)
        if origin is None:
            return _NO_RULES
        known = self._cached.get(origin)
        if known is None or not known.holds(self._now()):
            return None
        self._cached.move_to_end(origin)
        return known.rules

    async def rules(self, url: str) -> Rules:
        """Return the rules for `url`, from memory, from disk or from its host; an invalid address has none.

        Parallel callers share one request to the host; it is cancelled when all of them are. Raises whatever `fetch`
        raises, and RuntimeError after `close()`.
        """
        request = Request(url)
        if (remembered := self.remembered(request)) is not None:
            return remembered
        origin = _origin(request) or ""
        if self._closed:
            raise RuntimeError("rules are requested after close()")
        inquiry = self._inquiries.get(origin)
        if inquiry is None:
            inquiry = self._inquiries[origin] = _PendingFetch(self._start(self._inquire(origin)))
        inquiry.callers += 1
        try:
            # Do not await the task itself: cancelling one caller would cancel it for all.
            await asyncio.wait([inquiry.task])
            if inquiry.task.cancelled():
                raise RuntimeError("close() came before the rules did")
            return inquiry.task.result()
        finally:
            inquiry.callers -= 1
            if not inquiry.callers:
                inquiry.task.cancel()
                if self._inquiries.get(origin) is inquiry:
                    del self._inquiries[origin]

    async def close(self) -> None:
        """Cancel pending requests, and wait for copies that are being written."""
        self._closed = True
        for inquiry in self._inquiries.values():
            inquiry.task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _inquire(self, origin: str) -> Rules:
        # Reading takes a few dozen microseconds, half a millisecond for the largest file; a thread would cost more.
        kept = None if self._store is None else self._store.read(origin)
        if kept is not None and _is_younger(kept.fetched_at, LIFETIME, self._now()):
            rules = await self._read(kept.body)
            return self._remember(origin, CachedRules(rules, kept.fetched_at, LIFETIME))
        exchange = await self._fetch(f"{origin}/robots.txt")
        asked_at = self._now()
        body = _body(exchange)
        if body is not None:
            rules = await self._read(body)
            rules.note = joined([_note(exchange), rules.note])
            if self._store is not None and exchange.status is not None and not 300 <= exchange.status < 400:
                self._start(self._keep(origin, Kept(asked_at, exchange.status, body), rules))
            return self._remember(origin, CachedRules(rules, asked_at, LIFETIME))
        old = self._cached.get(origin)
        if old is not None and old.rules.problem is None:
            rules, fetched_at = copy.copy(old.rules), old.fetched_at
        elif kept is not None:
            rules, fetched_at = await self._read(kept.body), kept.fetched_at
        else:
            if exchange.body or exchange.headers:  # drop the data that nobody will read
                exchange = replace(exchange, body=b"", headers=())
            rules = Rules(problem=exchange)
            return self._remember(origin, CachedRules(rules, asked_at, FAILURE_LIFETIME))
        # RFC 9309 §2.4: an expired copy may be used if no newer one can be fetched.
        failure = how_it_failed(exchange)
        rules.note = Phrase("robots_old_copy", why=failure, at=minute_in(local_zone(), fetched_at))
        return self._remember(origin, CachedRules(rules, fetched_at, STALE_LIFETIME, checked_at=asked_at))

    async def _read(self, body: bytes) -> Rules:
        if len(body) < _PARSE_APART:
            return Rules.read(body, user_agent=self._user_agent)
        return await asyncio.to_thread(Rules.read, body, user_agent=self._user_agent)

    async def _keep(self, origin: str, kept: Kept, rules: Rules) -> None:
        """Write a copy while pages are being fetched: flushing it to disk takes longer than a request."""
        if self._store is not None:
            note = await asyncio.to_thread(self._store.write, origin, kept, self._now())
            rules.note = joined([rules.note, note])

    def _remember(self, origin: str, known: CachedRules) -> Rules:
        if (before := self._cached.pop(origin, None)) is not None:
            self._bytes -= _estimated_bytes(before.rules)
        self._cached[origin] = known
        self._bytes += _estimated_bytes(known.rules)
        while self._bytes > MOST_BYTES and len(self._cached) > 1:
            _, forgotten = self._cached.popitem(last=False)
            self._bytes -= _estimated_bytes(forgotten.rules)
        return known.rules

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Retrieve the exception even if every waiter has gone, or asyncio logs it as never retrieved.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task


class CachedRules(NamedTuple):
    """Rules in memory."""

    rules: Rules
    fetched_at: dt.datetime
    lifetime: dt.timedelta
    checked_at: dt.datetime | None = None
    """Start of the lifetime; None means `fetched_at`."""

    def holds(self, now: dt.datetime) -> bool:
        return _is_younger(self.checked_at or self.fetched_at, self.lifetime, now)


class _PendingFetch:
    """The rules of an origin that is being fetched, and the number of waiters."""

    def __init__(self, task: asyncio.Task[Rules]) -> None:
        self.task = task
        self.callers = 0


def _is_younger(moment: dt.datetime, age: dt.timedelta, now: dt.datetime) -> bool:
    """Return True if `moment` is less than `age` ago. A time in the future does not count: a clock was set back."""
    return dt.timedelta() <= now - moment < age


def _origin(request: Request) -> str | None:
    """Return scheme, host and port in one canonical spelling; None without a host."""
    return f"{request.scheme}://{request.netloc.rpartition('@')[2]}" if request.host else None


def _estimated_bytes(rules: Rules) -> int:
    """Estimate the memory use of rules, in bytes."""
    return ORIGIN_BYTES + BYTES_PER_BYTE * rules.size


def _body(exchange: Exchange) -> bytes | None:
    """Return the text that a response represents, in whole lines; None if robots.txt could not be fetched.

    Without a file everything is allowed (RFC 9309 §2.3.1.3): 4xx, and redirects that led nowhere (§2.3.1.2).
    """
    status, problem = exchange.status, exchange.problem
    if status is None or problem not in {None, Problem.TOO_LARGE, Problem.TRUNCATED}:
        return None
    if 300 <= status < 500:  # the status alone decides, even if the body was cut
        return None if status in NOT_OF_THE_FILE else b""
    if not 200 <= status < 300 or problem is Problem.TRUNCATED:
        return None
    if problem is Problem.TOO_LARGE and len(exchange.body) < MAX_BYTES:
        return None
    body = exchange.body[:MAX_BYTES]
    if _is_longer(exchange):
        # Drop the line that was cut: «Disallow: /» may have been longer.
        return body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body


def _note(exchange: Exchange) -> str:
    """Return a note for the user on a response whose rules are obeyed; '' for an ordinary one."""
    if exchange.redirect is not None:
        target = redacted_url(exchange.redirect)
        target = target if len(target) <= _LONGEST_TARGET else target[: _LONGEST_TARGET - 1] + "…"
        return Phrase("robots_redirects", url=target)
    if exchange.status is not None and 200 <= exchange.status < 300 and _is_longer(exchange):
        return Phrase("robots_too_large", size=MAX_BYTES // 1024)
    return ""


def _is_longer(exchange: Exchange) -> bool:
    return exchange.problem is Problem.TOO_LARGE or len(exchange.body) > MAX_BYTES
