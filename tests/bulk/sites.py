"""Real hosts for bulk crawls: one server on several addresses of this machine, each a host of its own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from crawler.bulk.control import Control
from crawler.bulk.model import BulkOptions, ShardProgress, Target, shard_of, store_path
from crawler.bulk.runner import run_shards
from crawler.bulk.store import ShardStore

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = "<html><head><title>{path}</title></head><body>" + "<p>text</p>" * 50 + "</body></html>"


async def page(request: web.Request) -> web.StreamResponse:
    """Answer with a page that has its path as its title."""
    return web.Response(text=PAGE.format(path=request.path), content_type="text/html")


@dataclass
class Sites:
    """Hosts that run; each request is noted as (host, path) in order of arrival."""

    port: int
    answer: Answer
    requests: list[tuple[str, str]] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    most_running: Counter[str] = field(default_factory=Counter)
    robots: dict[str, str] = field(default_factory=dict)
    """The robots.txt of a host, or the address to which it is redirected; a host without one has a 404."""

    def host(self, number: int) -> str:
        return f"127.0.0.{number}:{self.port}"

    def url(self, number: int, path: str) -> str:
        return f"http://{self.host(number)}{path}"

    def paths(self, number: int | None = None) -> list[str]:
        """Return the requested paths of a host, or of all, without robots.txt."""
        host = None if number is None else self.host(number)
        return [path for name, path in self.requests if path != "/robots.txt" and host in {None, name}]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host
        self.requests.append((host, request.path_qs))
        if request.path == "/robots.txt":
            text = self.robots.get(host)
            if text is not None and text.startswith("http"):
                raise web.HTTPFound(text)
            return web.Response(status=404) if text is None else web.Response(text=text)
        self.running[host] += 1
        self.most_running[host] = max(self.most_running[host], self.running[host])
        try:
            return await self.answer(request)
        finally:
            self.running[host] -= 1


@asynccontextmanager
async def serving(answer: Answer = page, *, hosts: int = 3, address: str = "") -> AsyncIterator[Sites]:
    """Serve on 127.0.0.1, 127.0.0.2 …, all with the same port; or on an `address` alone."""
    sites = Sites(0, answer)
    application = web.Application()
    application.router.add_get("/{path:.*}", sites.handle)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        for each in [address] if address else [f"127.0.0.{number}" for number in range(1, hosts + 1)]:
            site = web.TCPSite(runner, each, sites.port, backlog=1024)
            await site.start()
            sites.port = sites.port or runner.addresses[0][1]
        yield sites
    finally:
        await runner.cleanup()


def targets(urls: Iterable[str], *, columns: Mapping[str, str] | None = None) -> list[Target]:
    """Return the targets of some addresses, numbered from 1."""
    return [
        Target(number, url, url.split("/")[2], url, columns or {}) for number, url in enumerate(urls, start=1)
    ]


def options_for(out: Path, **values: Any) -> BulkOptions:
    """Return options that allow this machine's addresses."""
    chosen: dict[str, Any] = {"shards": 1, "allow_private": True, "obey_robots": False} | values
    return BulkOptions(out, **chosen)


def fill(options: BulkOptions, wanted: Sequence[Target]) -> None:
    """Put targets into the stores of their shards."""
    for shard in range(options.shards):
        with ShardStore.open(store_path(options.out, shard)) as store:
            store.add([target for target in wanted if shard_of(target.host, options.shards) == shard])


@dataclass
class Crawled:
    """What a crawl left in its folder."""

    lines: list[dict[str, Any]]
    progress: dict[int, ShardProgress]

    @property
    def by_number(self) -> dict[int, dict[str, Any]]:
        return {line["number"]: line for line in self.lines}

    @property
    def verdicts(self) -> dict[int, str]:
        return {line["number"]: line["verdict"] for line in self.lines}


def read_lines(out: Path) -> list[dict[str, Any]]:
    """Return all result lines of a folder, in the order of files and lines."""
    return [
        json.loads(line)
        for path in sorted(out.glob("results-*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; the test's own timeout ends that."""
    while not condition():  # noqa: ASYNC110 – it is about the state of a server, which knows no event for it
        await asyncio.sleep(0.01)


def file_names(folder: Path) -> list[str]:
    """Return the names of the files in a folder, without those in its folders."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


async def crawled(
    options: BulkOptions,
    wanted: Sequence[Target] = (),
    *,
    control: Control | None = None,
    shards: Sequence[int] | None = None,
) -> Crawled:
    """Crawl targets to the end, in this process, with all shards in one runner; read the results."""
    fill(options, wanted)
    if control is None:
        control = Control()
        control.drain()
    progress: dict[int, ShardProgress] = {}

    def note(each: ShardProgress) -> None:
        progress[each.shard] = each

    async with asyncio.timeout(60):
        await run_shards(range(options.shards) if shards is None else shards, options, control, note)
    return Crawled(read_lines(options.out), progress)
