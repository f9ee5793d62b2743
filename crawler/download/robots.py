"""robots.txt as RFC 9309 has it: asked for once an origin, kept for a day, and obeyed."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from crawler.download.exchange import Exchange, Problem, Request
from crawler.download.robots_rules import MAX_BYTES, Rules, how_it_failed
from crawler.download.robots_store import Kept, Store
from crawler.local_time import local_zone, minute_in
from crawler.phrases import Phrase, joined

__all__ = ["MAX_BYTES", "Robots", "Rules"]

LIFETIME = dt.timedelta(hours=24)
"""How long an answer holds (RFC 9309 §2.4)."""

FAILURE_LIFETIME = dt.timedelta(minutes=1)
STALE_LIFETIME = dt.timedelta(hours=1)
"""How long it is not asked again after a failure, without and with an older copy to go by."""

MOST_BYTES = 64 * 1024 * 1024
"""Rules in memory, by an estimate; the rest are on disk. That is some 20,000 origins with short files."""

ORIGIN_BYTES, BYTES_PER_BYTE = 3_000, 12
"""What the rules of an origin take at least, and what each byte of the text adds at most."""

NOT_OF_THE_FILE = frozenset({407, 429})
"""Client errors that say nothing of whether there is a robots.txt: they count as 5xx.

407 comes from a proxy on the way, and 429 refuses the request whatever it was for.
"""

_LONGEST_TARGET = 200

_PARSE_APART = 32 * 1024
"""Bytes from which a text is parsed in a thread."""

_DEFAULT_PORTS = {"http": 80, "https": 443}

_NO_RULES = Rules()
"""For what is no address: the request itself will say what is wrong with it."""

T = TypeVar("T")


class Robots:
    """The rules of every origin that is asked for, for one user agent; `close()` it in the end.

    `fetch(url)` asks for a robots.txt with all attempts and those redirects that may be followed, and gives its first
    `MAX_BYTES`: a longer one comes cut, with Problem.TOO_LARGE. `folder` is where copies are kept, None for nowhere.
    `now` gives aware datetimes.
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
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._bytes = 0
        """Estimate of the memory that `_known` takes."""
        self._inquiries: dict[str, _PendingFetch] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def remembered(self, request: Request) -> Rules | None:
        """Return the rules for `request` where memory has them and they hold; None where they have to be found."""
        origin = _origin(request)
        if origin is None:
            return _NO_RULES
        known = self._known.get(origin)
        if known is None or not known.holds(self._now()):
            return None
        self._known.move_to_end(origin)
        return known.rules

    async def rules(self, url: str) -> Rules:
        """Return the rules for `url`, from memory, from disk or from its host; what is no address has none.

        However many ask at once, the host is asked once; when all of them are cancelled, so is that request. Whatever
        `fetch` raises is raised here. RuntimeError when it is closed.
        """
        request = Request(url)
        if (remembered := self.remembered(request)) is not None:
            return remembered
        origin = _origin(request) or ""
        if self._closed:
            raise RuntimeError("rules are asked for after close()")
        inquiry = self._inquiries.get(origin)
        if inquiry is None:
            inquiry = self._inquiries[origin] = _PendingFetch(self._start(self._inquire(origin)))
        inquiry.callers += 1
        try:
            # Not the task itself: a caller that is cancelled would take it along.
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
        """End what is under way: requests are given up, copies are written to their end."""
        self._closed = True
        for inquiry in self._inquiries.values():
            inquiry.task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _inquire(self, origin: str) -> Rules:
        # A few dozen microseconds, half a millisecond for the largest file: a thread would cost more than it saves.
        kept = None if self._store is None else self._store.read(origin)
        if kept is not None and _is_younger(kept.fetched_at, LIFETIME, self._now()):
            rules = await self._read(kept.body)
            return self._remember(origin, _Known(rules, kept.fetched_at, LIFETIME))
        exchange = await self._fetch(f"{origin}/robots.txt")
        asked_at = self._now()
        body = _body(exchange)
        if body is not None:
            rules = await self._read(body)
            rules.note = joined([_note(exchange), rules.note])
            if self._store is not None and exchange.status is not None and not 300 <= exchange.status < 400:
                self._start(self._keep(origin, Kept(asked_at, exchange.status, body), rules))
            return self._remember(origin, _Known(rules, asked_at, LIFETIME))
        old = self._known.get(origin)
        if old is not None and old.rules.problem is None:
            rules, fetched_at = copy.copy(old.rules), old.fetched_at
        elif kept is not None:
            rules, fetched_at = await self._read(kept.body), kept.fetched_at
        else:
            if exchange.body or exchange.headers:  # nobody will read them
                exchange = replace(exchange, body=b"", headers=())
            rules = Rules(problem=exchange)
            return self._remember(origin, _Known(rules, asked_at, FAILURE_LIFETIME))
        # RFC 9309 §2.4: a copy may serve beyond its day when no newer one can be had.
        failure = how_it_failed(exchange)
        rules.note = Phrase("robots_old_copy", why=failure, at=minute_in(local_zone(), fetched_at))
        return self._remember(origin, _Known(rules, fetched_at, STALE_LIFETIME, checked_at=asked_at))

    async def _read(self, body: bytes) -> Rules:
        if len(body) < _PARSE_APART:
            return Rules.read(body, user_agent=self._user_agent)
        return await asyncio.to_thread(Rules.read, body, user_agent=self._user_agent)

    async def _keep(self, origin: str, kept: Kept, rules: Rules) -> None:
        """Write a copy, while pages are fetched already: forcing it to the disk takes longer than a request."""
        if self._store is not None:
            note = await asyncio.to_thread(self._store.write, origin, kept, self._now())
            rules.note = joined([rules.note, note])

    def _remember(self, origin: str, known: _Known) -> Rules:
        if (before := self._known.pop(origin, None)) is not None:
            self._bytes -= _memory(before.rules)
        self._known[origin] = known
        self._bytes += _memory(known.rules)
        while self._bytes > MOST_BYTES and len(self._known) > 1:
            _, forgotten = self._known.popitem(last=False)
            self._bytes -= _memory(forgotten.rules)
        return known.rules

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # What it raises is heard, though everybody who waited may have gone.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task


class _Known(NamedTuple):
    """Rules in memory."""

    rules: Rules
    fetched_at: dt.datetime
    lifetime: dt.timedelta
    checked_at: dt.datetime | None = None
    """From when its lifetime counts; None for `fetched_at`."""

    def holds(self, now: dt.datetime) -> bool:
        return _is_younger(self.checked_at or self.fetched_at, self.lifetime, now)


class _PendingFetch:
    """The rules of an origin on their way, and how many wait for them."""

    def __init__(self, task: asyncio.Task[Rules]) -> None:
        self.task = task
        self.callers = 0


def _is_younger(moment: dt.datetime, age: dt.timedelta, now: dt.datetime) -> bool:
    """Return whether `moment` is less than `age` ago; one in the future is not: a clock was set back."""
    return dt.timedelta() <= now - moment < age


def _origin(request: Request) -> str | None:
    """Return scheme, host and port, as one of many spellings; None for what has no host."""
    if not request.host:
        return None
    if request.netloc == request.host:  # the common case
        return f"{request.scheme}://{request.host}"
    host = f"[{request.host}]" if ":" in request.host else request.host
    port = request.port
    return (
        f"{request.scheme}://{host}"
        if port in {None, _DEFAULT_PORTS[request.scheme]}
        else f"{request.scheme}://{host}:{port}"
    )


def _memory(rules: Rules) -> int:
    """Estimate the bytes that rules take in memory."""
    return ORIGIN_BYTES + BYTES_PER_BYTE * rules.size


def _body(exchange: Exchange) -> bytes | None:
    """Return the text that an answer stands for, in whole lines; None when robots.txt could not be had.

    Where there is none, everything is allowed (RFC 9309 §2.3.1.3): 4xx, and redirects that led nowhere (§2.3.1.2).
    """
    status, problem = exchange.status, exchange.problem
    if status is None or problem not in {None, Problem.TOO_LARGE, Problem.TRUNCATED}:
        return None
    if 300 <= status < 500:  # the status says it all, however its page ended
        return None if status in NOT_OF_THE_FILE else b""
    if not 200 <= status < 300 or problem is Problem.TRUNCATED:
        return None
    if problem is Problem.TOO_LARGE and len(exchange.body) < MAX_BYTES:
        return None
    body = exchange.body[:MAX_BYTES]
    if _is_longer(exchange):
        # Of the line that was cut nobody knows what it said: «Disallow: /» may have been longer.
        return body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body


def _note(exchange: Exchange) -> str:
    """Return a note for the user on an answer whose rules are obeyed; '' for an ordinary one."""
    if exchange.redirect is not None:
        target = exchange.redirect
        target = target if len(target) <= _LONGEST_TARGET else target[: _LONGEST_TARGET - 1] + "…"
        return Phrase("robots_redirects", url=target)
    if exchange.status is not None and 200 <= exchange.status < 300 and _is_longer(exchange):
        return Phrase("robots_too_large", size=MAX_BYTES // 1024)
    return ""


def _is_longer(exchange: Exchange) -> bool:
    return exchange.problem is Problem.TOO_LARGE or len(exchange.body) > MAX_BYTES
