"""A thousand pages of a shop where three responses in ten are faulty, in every way that the demo shop offers.

The tests compute the required outcome of each page from the plan of faults alone, by a few plain rules.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from crawler.demo.catalogue import catalogue
from crawler.demo.faults import Fault, FaultKind, FaultPlan
from crawler.demo.server import DemoShop

ROOT = Path(__file__).parent.parent.parent
QUERIES, PAGES, ATTEMPTS = 100, 10, 3
SEED = 20_251_125

MOST_MB = 200
"""The maximum resident memory of the crawler's own process, and of each parse process. Measured: 110 and 40."""

TIMEOUT_SECONDS = 600

_KINDS = [
    (15, Fault(FaultKind.STATUS, status=500)),
    (15, Fault(FaultKind.STATUS, status=502)),
    (15, Fault(FaultKind.STATUS, status=503)),
    (15, Fault(FaultKind.STATUS, status=408)),
    (15, Fault(FaultKind.STATUS, status=425)),
    (10, Fault(FaultKind.STATUS, status=429)),
    (5, Fault(FaultKind.STATUS, status=429, retry_after=1)),
    (5, Fault(FaultKind.STATUS, status=503, retry_after=3600)),
    (10, Fault(FaultKind.STATUS, status=404)),
    (10, Fault(FaultKind.STATUS, status=410)),
    (5, Fault(FaultKind.STATUS, status=403)),
    (15, Fault(FaultKind.RESET)),
    (15, Fault(FaultKind.TRUNCATED)),
    (15, Fault(FaultKind.TRUNCATED_CHUNKED)),
    (10, Fault(FaultKind.ENDLESS)),
    (8, Fault(FaultKind.TRICKLE, delay=0.5)),
    (10, Fault(FaultKind.GZIP_BOMB)),
    (10, Fault(FaultKind.WRONG_CHARSET)),
    (5, Fault(FaultKind.WRONG_CHARSET, charset="iso-8859-1")),
    # Blocks are rare: five in a row would open the circuit breaker, which has tests of its own.
    (5, Fault(FaultKind.FIREWALL)),
    (5, Fault(FaultKind.LOGIN)),
    (5, Fault(FaultKind.SLIDER)),
    (5, Fault(FaultKind.EMPTY)),
    (5, Fault(FaultKind.SCRIPT_ONLY)),
    (10, Fault(FaultKind.CHANGED_LAYOUT)),
    (10, Fault(FaultKind.PRICES_GONE)),
    (15, Fault(FaultKind.REPEATS)),
    (5, Fault(FaultKind.NESTED)),
    (10, Fault(FaultKind.NO_RESULTS)),
    (10, Fault(FaultKind.HOME)),
    (10, Fault(FaultKind.NOT_FOUND)),
    (10, Fault(FaultKind.UTF8)),
    (10, Fault(FaultKind.CUT)),
    (10, Fault(FaultKind.OTHER_QUERY)),
    (10, Fault(FaultKind.OTHER_PAGE)),
]
"""The share of responses in per mille, and the fault; the first match applies. In total, 30 % are faulty."""

_LASTING = [
    Fault(FaultKind.RESET, pages={4}),
    Fault(FaultKind.TRUNCATED, pages={6}),
    Fault(FaultKind.CUT, pages={7}),
    Fault(FaultKind.STATUS, status=503, pages={8}),
    Fault(FaultKind.STATUS, status=429, pages={9}),
]
"""Faults that outlast any retry; each affects one page of two searches."""

FAULTS = [
    *(replace(fault, queries={"历史1", "数学1"}) for fault in _LASTING),
    *(replace(fault, rate=per_mille / 1000, seed=SEED) for per_mille, fault in _KINDS),
    Fault(FaultKind.LATENCY, delay=0.1, rate=0.2, seed=SEED),
]

RETRIED_STATUSES = {408, 425, 429, 500, 502, 503}
RETRIED_KINDS = {
    FaultKind.RESET, FaultKind.TRUNCATED, FaultKind.TRUNCATED_CHUNKED, FaultKind.TRICKLE, FaultKind.CUT,
}  # fmt: skip
RETRIED_ONCE = {FaultKind.OTHER_QUERY, FaultKind.OTHER_PAGE}
HEALTHY_KINDS = {FaultKind.WRONG_CHARSET, FaultKind.UTF8, FaultKind.REPEATS}

NESTED = {"parse_timeout", "layout_changed"}
"""The possible verdicts for nested tags: a fast machine finishes them in time, and finds no book."""

VERDICTS = {
    FaultKind.NESTED: "nested",
    FaultKind.RESET: "network_error",
    FaultKind.TRUNCATED: "network_error",
    FaultKind.TRUNCATED_CHUNKED: "network_error",
    FaultKind.TRICKLE: "network_error",
    FaultKind.CUT: "truncated",
    FaultKind.OTHER_QUERY: "unexpected_page",
    FaultKind.OTHER_PAGE: "unexpected_page",
    FaultKind.ENDLESS: "too_large",
    FaultKind.GZIP_BOMB: "too_large",
    FaultKind.FIREWALL: "blocked",
    FaultKind.LOGIN: "blocked",
    FaultKind.SLIDER: "blocked",
    FaultKind.EMPTY: "blocked",
    FaultKind.SCRIPT_ONLY: "blocked",
    FaultKind.CHANGED_LAYOUT: "layout_changed",
    FaultKind.PRICES_GONE: "layout_changed",
    FaultKind.NO_RESULTS: "unexpected_page",  # other pages of the same search have books
    FaultKind.HOME: "unexpected_page",
    FaultKind.NOT_FOUND: "unexpected_page",
}


@dataclass(frozen=True)
class Expected:
    verdict: str
    attempts: int
    requests: int
    """The number that the shop counts: more than attempts by one for each reset on a reused connection."""
    items_of: int | None
    """The page whose products are read; None if there are none."""


def possible_ends(  # noqa: C901 – the downloader's rules again, in one piece
    plan: FaultPlan, query: str, page: int
) -> list[Expected]:
    """Return the possible outcomes of a page, given the faults that its plan has for its requests.

    The plan alone decides, with one exception: a reset, or a 408, on a reused connection is no attempt, and whether the
    connection was reused depends on the other pages. The next request has a new connection, so there a reset is an
    attempt.
    """
    faults = [plan.outcome(query, page).fault for _ in range(2 * ATTEMPTS)]
    ends: list[Expected] = []

    def follow(attempts: int, requests: int, *, was_wrong: bool, new_connection: bool) -> None:
        fault = faults[requests]
        if fault is not None and _may_be_stale(fault) and not new_connection:
            follow(attempts, requests + 1, was_wrong=was_wrong, new_connection=True)
        attempts, requests, last = attempts + 1, requests + 1, attempts + 1 == ATTEMPTS

        def end(verdict: str, items_of: int | None = None) -> None:
            ends.append(Expected(verdict, attempts, requests, items_of))

        if fault is None:
            end("ok", page)
            return
        if fault.kind is FaultKind.STATUS:
            if fault.retry_after == 3600:
                end("http_error")  # longer than --max-wait
                return
            if fault.status not in RETRIED_STATUSES or last:
                end("blocked" if fault.status in {403, 429} else "http_error")
                return
        elif fault.kind in HEALTHY_KINDS:
            end("ok", page - 1 if fault.kind is FaultKind.REPEATS and page > 1 else page)
            return
        elif fault.kind in RETRIED_ONCE and not was_wrong and not last:
            was_wrong = True
        elif fault.kind not in RETRIED_KINDS or last:
            end(VERDICTS[fault.kind])
            return
        follow(attempts, requests, was_wrong=was_wrong, new_connection=False)

    follow(0, 0, was_wrong=False, new_connection=False)
    return ends


def _may_be_stale(fault: Fault) -> bool:
    return fault.kind is FaultKind.RESET or (fault.kind is FaultKind.STATUS and fault.status == 408)


def expected_pages(
    plan: FaultPlan, query: str, pages: dict[str, Any], served: Mapping[tuple[str | None, int | None], int]
) -> dict[int, Expected]:
    """Return the required outcome of every page of one search, given how many requests and attempts each took."""
    expected = {}
    seen: set[int] = set()
    for page in range(1, PAGES + 1):
        ends = possible_ends(plan, query, page)
        counts = pages[str(page)]["attempts"], served[query, page]
        end = next((end for end in ends if (end.attempts, end.requests) == counts), ends[-1])
        if end.items_of in seen:
            end = replace(end, verdict="past_end", items_of=None)
        elif end.items_of is not None:
            seen.add(end.items_of)
        expected[page] = end
    return expected


def queries_of_many_pages() -> list[str]:
    """Return searches that fill all their pages."""
    topics = [
        "编程", "历史", "数学", "烹饪", "绘画", "心理学", "物理", "哲学", "诗歌", "医学", "园艺", "网络安全",
    ]  # fmt: skip
    names = (f"{topic}{number}" for number in range(1, 100) for topic in topics)
    chosen: list[str] = []
    for name in names:
        if catalogue(name).pages > PAGES:
            chosen.append(name)
        if len(chosen) == QUERIES:
            return chosen
    raise AssertionError("too few searches fill ten pages")


def test_every_kind_of_fault_is_in_the_storm() -> None:
    assert {fault.kind for fault in FAULTS} == set(FaultKind)


def test_three_answers_in_ten_are_faulty() -> None:
    plan = FaultPlan(FAULTS)
    faulty = sum(
        plan.outcome(f"q{query}", page).fault is not None for query in range(1000) for page in range(10)
    )
    assert 0.29 < faulty / 10_000 < 0.31


@pytest.mark.storm
@pytest.mark.timeout(TIMEOUT_SECONDS + 60)
async def test_every_page_of_a_storm_ends_as_it_must(tmp_path: Path) -> None:
    queries = queries_of_many_pages()
    assert {"历史1", "数学1"} <= set(queries)
    warm_up = "热身"
    listed = tmp_path / "queries.json"
    listed.write_text(json.dumps([warm_up, *queries]), "utf-8")
    async with DemoShop(faults=FAULTS) as shop:
        report, memory = await _crawl(shop.base_url, listed)
        served = Counter((r.query, r.page) for r in shop.searches if r.query != warm_up)

    plan = FaultPlan(FAULTS)
    verdicts: Counter[str] = Counter()
    saved = wrong = resent = 0
    for query in queries:
        found = report["queries"][query]
        assert found["stopped"] is None
        for number, expected in expected_pages(plan, query, found["pages"], served).items():
            page = found["pages"][str(number)]
            verdict = page["verdict"]
            if expected.verdict == "nested" and verdict in NESTED:
                verdict = "nested"
            got = verdict, page["attempts"], served[query, number]
            resent += served[query, number] - page["attempts"]
            if got != (expected.verdict, expected.attempts, expected.requests):
                wrong += 1
                print(query, number, "expected", expected, "got", got, page["detail"])
                continue
            verdicts[verdict] += 1
            saved += verdict == "ok" and page["attempts"] > 1
            if expected.items_of is not None:
                listings = catalogue(query).page(expected.items_of)
                assert set(page["products"]) == {listing.product_id for listing in listings}
            else:
                assert page["products"] == []
                assert page["detail"]

    print(dict(verdicts), "saved by a retry:", saved, "memory in MB:", memory, "requests:", served.total())
    assert not wrong
    assert verdicts.total() == QUERIES * PAGES
    assert report["attempts"] == served.total() - resent
    # The plan has a bit of everything; a storm that lost its faults would prove nothing.
    assert set(verdicts) == {"ok", "past_end", "http_error", *VERDICTS.values()}
    assert saved > 50
    assert report["tasks"] == []
    assert report["after"]["children"] == []
    assert report["after"]["descriptors"] <= report["before"]["descriptors"], report["after"]["connections"]
    assert max(memory.values()) < MOST_MB


async def _crawl(base_url: str, queries: Path) -> tuple[dict[str, Any], dict[str, float]]:
    """Run the crawler; return its report, and the maximum memory of it and of any worker, in MB."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("crawl_storm.py")),
        base_url,
        str(queries),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    most = {"crawler": 0.0, "worker": 0.0}
    watcher = asyncio.create_task(_watch(psutil.Process(process.pid), most))
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            out, err = await process.communicate()
    finally:
        watcher.cancel()
        if process.returncode is None:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            await process.wait()
    assert err == b"", err.decode()
    assert process.returncode == 0
    return json.loads(out), most


async def _watch(crawler: psutil.Process, most: dict[str, float]) -> None:
    while True:
        with suppress(psutil.NoSuchProcess):
            most["crawler"] = max(most["crawler"], crawler.memory_info().rss / 1e6)
            for child in crawler.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    most["worker"] = max(most["worker"], child.memory_info().rss / 1e6)
        await asyncio.sleep(0.1)
