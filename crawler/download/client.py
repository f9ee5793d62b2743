"""The HTTP client: `fetch(url, policy) -> Exchange`. Expected failures are values, not exceptions."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.clean import redacted_url
from crawler.download.breaker import Breaker
from crawler.download.connections import MAX_IDLE
from crawler.download.exchange import (
    AttemptRecord,
    Exchange,
    FetchPolicy,
    HttpRecord,
    Problem,
    Request,
    Spent,
)
from crawler.download.limiter import HostLimiter, Outcome
from crawler.download.robots import MAX_BYTES, Robots, Rules
from crawler.download.transport import Transport
from crawler.phrases import Phrase

__all__ = ["Downloader", "HopListener"]

FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.5, 8.0
"""Seconds: the upper bound of the wait after the first attempt, and the highest value of that bound."""

RETRY_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses worth another attempt, because they may be temporary."""

LASTING_PROBLEMS = frozenset({Problem.TOO_LARGE, Problem.PROTOCOL, Problem.ADDRESS, Problem.ROBOTS})
"""Problems that another attempt would meet again."""

REFUSAL_STATUSES = frozenset({429, 503})
"""Statuses that ask for fewer requests, in parallel or per second: the limiter lowers both."""

OVERLOAD_PROBLEMS = frozenset({Problem.TIMEOUT, Problem.RESET, Problem.TRUNCATED})
"""Problems that too many parallel requests cause: the limiter allows fewer."""

MOST_WAITS = 10
"""Longest accepted Crawl-delay, as a multiple of `max_wait`. A longer one ends the fetch, which would take hours."""

MOST_NOTES = 10_000
"""How many robots.txt notes the client remembers, to report each only once."""

_NOTHING_SPENT = Spent()

HopListener = Callable[[HttpRecord, bool], None]
"""Receives each HTTP request, and True if it was for robots.txt."""


@dataclass(slots=True)
class _Task:
    """A request, its policy, and the listener to its HTTP traffic."""

    request: Request
    policy: FetchPolicy
    on_hop: HopListener | None
    of_robots: bool = False

    def hop(self, hop: HttpRecord) -> None:
        if self.on_hop is not None:
            self.on_hop(hop, self.of_robots)


_current_task: ContextVar[_Task] = ContextVar("_current_task")
"""The task that needs a robots.txt. The fetch of that file runs as a task of its own but follows the same policy."""


class Downloader:
    """A client for many parallel requests; an async context manager that owns its connections.

    `concurrency` caps the parallel requests to one host, `max_connections` those to all hosts together. The pool keeps
    at most `max_idle_connections` idle connections, or `concurrency` if that is more. `delay` is the seconds between
    two requests to one host, plus or minus half. `connect_timeout` is the seconds to establish a connection (DNS, TCP,
    TLS), `read_timeout` the seconds between two reads from it. `proxy` takes precedence over the environment's.
    `robots_folder` keeps robots.txt files between runs; None keeps them in memory.

    `on_pace` receives (host, parallel requests, reason) when a host's limit changes, `on_gap` receives (host, seconds
    between the starts of two requests, reason) when that gap changes, and `on_robots_note` receives (host, note) once
    for each note on a robots.txt.
    """

    def __init__(
        self,
        *,
        concurrency: int = 10,
        max_connections: int = 1_000,
        max_idle_connections: int = MAX_IDLE,
        delay: float = 0.0,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        proxy: str | None = None,
        user_agent: str = "bookprice-crawler",
        robots_folder: Path | None = None,
        on_pace: Callable[[str, int, str], None] | None = None,
        on_gap: Callable[[str, float, str], None] | None = None,
        on_robots_note: Callable[[str, str], None] | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.pace = HostLimiter(
            concurrency, total=max_connections, delay=delay, on_change=on_pace, on_gap=on_gap
        )
        self.breaker = Breaker(now=now)
        self._wire = Transport(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            proxy=proxy,
            user_agent=user_agent,
            max_idle=max(max_idle_connections, concurrency),
            now=now,
        )
        self._user_agent = user_agent
        self._robots_folder = robots_folder
        self._now = now
        self._on_robots_note = on_robots_note
        self._noted: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._robots: dict[tuple[frozenset[str], bool], Robots] = {}
        """By the private addresses that a policy allows: one search may request a host that another may not."""

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for robots in self._robots.values():
                await robots.close()
        finally:
            await self._wire.__aexit__(kind, error, trace)

    async def fetch(
        self,
        url: str | Request,
        policy: FetchPolicy,
        *,
        group: Hashable = None,
        on_attempt: Callable[[AttemptRecord], None] | None = None,
        on_hop: HopListener | None = None,
        spent: Spent = _NOTHING_SPENT,
    ) -> Exchange:
        """Request `url`, which must be percent-encoded, within the attempts and limits of `policy`.

        While the host's circuit breaker is open, send nothing. Afterwards tell the breaker whether the policy
        calls the response a block; `group` says which requests belong together. Check robots.txt first if the
        policy obeys it. Call `on_attempt` after every attempt, and `on_hop` after every HTTP request. `spent` is what
        earlier fetches of the same page used up, when their response was valid HTTP but the wrong page: back off
        first, then continue from those figures. Raises nothing but CancelledError.
        """
        request = url if isinstance(url, Request) else Request(url)
        host = request.netloc
        if (left_alone := self._left_alone(request, request.url)) is not None:
            return left_alone
        task = _Task(request, policy, on_hop)
        if policy.obey_robots and (denied := await self._denied(task, request)) is not None:
            return denied
        exchange = await self._attempts(task, on_attempt, spent)
        if (blocked := policy.is_block(exchange)) is not None:
            self.breaker.note(host, blocked=blocked, retry_after=exchange.retry_after, group=group)
        return exchange

    def _left_alone(self, target: Request, url: str) -> Exchange | None:
        """Return the exchange that ends a request for `url` because the breaker of a host is open; None if it is not.

        `target` is the request to that host: the first one, or that of a redirect.
        """
        host = target.netloc
        if (until := self.breaker.open_until(host)) is None:
            return None
        seconds = (until - self._now()).total_seconds()
        detail = Phrase("host_blocks", host=host, n=self.breaker.threshold, seconds=seconds)
        return Exchange(url, target.url, problem=Problem.BLOCKED, detail=detail, lasting=True)

    async def _denied(self, task: _Task, target: Request) -> Exchange | None:
        """Return the exchange that ends a task because robots.txt denies `target`; None if it allows it."""
        allowed = task.policy.named_hosts, task.policy.allow_private
        robots = self._robots.get(allowed)
        if robots is None:
            robots = self._robots[allowed] = Robots(
                self._fetch_robots, user_agent=self._user_agent, folder=self._robots_folder, now=self._now
            )
        rules = robots.remembered(target)
        if rules is None:
            token = _current_task.set(task)
            try:
                rules = await robots.rules(target.url)
            finally:
                _current_task.reset(token)
        host = target.netloc
        if rules.note and self._on_robots_note is not None and (host, rules.note) not in self._noted:
            self._noted[host, rules.note] = None
            if len(self._noted) > MOST_NOTES:
                self._noted.popitem(last=False)
            self._on_robots_note(host, rules.note)
        if not rules.allows(target.url):
            return _denial(task.request.url, target.url, rules)
        delay, max_wait = rules.crawl_delay or 0.0, task.policy.max_wait
        if delay > MOST_WAITS * max_wait:
            reason = Phrase("robots_delay_too_long", delay=delay, limit=max_wait)
            return _denial(task.request.url, target.url, rules, reason)
        self.pace.set_crawl_delay(host, delay)
        return None

    async def _fetch_robots(self, url: str) -> Exchange:
        """Request the first 500 KiB of a robots.txt; follow up to five redirects, where the page's policy allows."""
        parent = _current_task.get()
        policy = replace(
            parent.policy,
            max_bytes=MAX_BYTES,
            keep_start=True,
            max_redirects=5,
            may_follow=parent.policy.may_follow_robots or parent.policy.may_follow,
            obey_robots=False,
        )
        return await self._attempts(_Task(Request(url), policy, parent.on_hop, of_robots=True), None)

    async def _attempts(
        self,
        task: _Task,
        on_attempt: Callable[[AttemptRecord], None] | None,
        spent: Spent = _NOTHING_SPENT,
    ) -> Exchange:
        policy = task.policy
        number = spent.attempts
        seconds = (
            spent.seconds
        )  # of attempts and back-off; the wait for the host's limiter does not count against the page
        if number:
            seconds += await _sleep(min(back_off(number), (policy.total_seconds - seconds) / 2))
        while True:
            number += 1
            budget = _AttemptBudget(min(policy.request_seconds, policy.total_seconds - seconds), number - 1)
            exchange = await self._attempt(task, budget)
            seconds += budget.seconds
            wait, gave_up = _next_attempt(exchange, policy, seconds)
            if on_attempt is not None:
                on_attempt(AttemptRecord(number, _outcome(exchange), budget.seconds, budget.waited, wait))
            if wait is None:
                return replace(exchange, gave_up=gave_up) if gave_up else exchange
            seconds += await _sleep(wait)

    async def _attempt(self, task: _Task, budget: _AttemptBudget) -> Exchange:
        """Try once. Follow redirects as the policy allows; each waits for the limiter of its own host."""
        policy, request = task.policy, task.request
        exchange = await self._in_turn(task, request, budget)
        for _ in range(policy.max_redirects):
            target = exchange.redirect
            if (
                target is None
                or not _may_redirect(exchange.final_url, target)
                or not policy.may_follow(target)
            ):
                break
            origin, request = request, request.redirected(target)
            if request.netloc != origin.netloc:
                left_alone = self._left_alone(request, task.request.url)
                if left_alone is not None:
                    return replace(left_alone, attempts=budget.failed + 1)
            if policy.obey_robots and (denied := await self._denied(task, request)) is not None:
                return replace(denied, attempts=budget.failed + 1)
            exchange = await self._in_turn(task, request, budget)
        return exchange

    async def _in_turn(self, task: _Task, request: Request, budget: _AttemptBudget) -> Exchange:
        """Send one request as soon as its host's limiter allows it."""
        async with self.pace.turn(request.netloc, refused_before=budget.failed) as turn:
            budget.waited += turn.waited
            started = time.monotonic()
            exchange = await self._wire.request(
                task.request.url,
                request,
                task.policy,
                budget.limit - budget.seconds,
                task.hop if task.on_hop else None,
                attempt=budget.failed + 1,
            )
            budget.seconds += time.monotonic() - started
            rest = exchange.retry_after
            turn.end(_load(exchange), rest if rest is not None and rest <= task.policy.max_wait else None)
        return exchange


@dataclass(slots=True)
class _AttemptBudget:
    """The time of one attempt: its limit, the time spent, and the time spent waiting for hosts."""

    limit: float
    failed: int
    """The number of earlier attempts."""
    seconds: float = 0.0
    waited: float = 0.0


def back_off(attempts: int) -> float:
    """Return the seconds to wait after this many attempts: uniform in 0 … min(8, 0.5 · 2^(attempts - 1)).

    This is exponential back-off with «full jitter» (AWS Architecture Blog, «Exponential Backoff And Jitter», 2015).
    """
    return random.uniform(0.0, min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (attempts - 1)))


async def _sleep(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


def _next_attempt(exchange: Exchange, policy: FetchPolicy, seconds: float) -> tuple[float | None, str]:
    """Return (seconds until the next attempt, ""), or (None, reason) if there is none; "" if none would help.

    `seconds` is the duration of the attempts and waits so far.
    """
    if not _worth_retrying(exchange) or exchange.attempts >= policy.attempts:
        return None, ""
    asked = exchange.retry_after or 0.0
    if asked > policy.max_wait:
        return None, Phrase("rest_too_long", asked=asked, limit=policy.max_wait)
    wait = max(back_off(exchange.attempts), asked)
    if seconds + wait >= policy.total_seconds:
        return None, Phrase("no_time_left", seconds=policy.total_seconds)
    return wait, ""


def _denial(url: str, target: str, rules: Rules, reason: str = "") -> Exchange:
    problem, detail = Problem.ROBOTS, reason or rules.reason(target)
    if rules.problem is not None and rules.problem.problem is Problem.ADDRESS:
        problem, detail = Problem.ADDRESS, rules.problem.detail
    if target != url:
        detail = Phrase("redirected_and", url=redacted_url(target), words=detail)
    return Exchange(url, target, problem=problem, detail=detail)


def _may_redirect(origin: str, target: str) -> bool:
    """Accept a redirect over http(s) that carries no credentials and does not leave https."""
    request = Request(target)
    allowed = {"https"} if origin[:6].lower() == "https:" else {"http", "https"}
    return request.scheme in allowed and "@" not in request.netloc


def _worth_retrying(exchange: Exchange) -> bool:
    if exchange.problem is not None:
        return exchange.problem not in LASTING_PROBLEMS and not exchange.lasting
    return exchange.status in RETRY_STATUSES


def _load(exchange: Exchange) -> Outcome:
    """Classify an answer by what it says about the load on its host."""
    if exchange.status in REFUSAL_STATUSES:
        return Outcome.REFUSED
    if exchange.problem in OVERLOAD_PROBLEMS:
        return Outcome.OVERLOADED
    return Outcome.NEITHER if exchange.status is None else Outcome.SERVED


def _outcome(exchange: Exchange) -> str:
    if exchange.problem is not None:
        return exchange.detail
    if exchange.redirect is not None:
        return f"{exchange.status} → {redacted_url(exchange.redirect)}"
    return f"{exchange.status}, {len(exchange.body) / 1000:.0f} KB"
