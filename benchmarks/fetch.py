"""Compare the downloader with raw aiohttp: CPU per fetch; and measure the cost of thousands of hosts.

    python benchmarks/fetch.py [--fetches N] [--connections N] [--rounds N] [--hosts N] [--record]
    python benchmarks/fetch.py --one aiohttp|downloader|warc PORT [--fetches N] [--connections N]

A server in a separate process sends pages of 10 KB over loopback. Downloader and raw aiohttp (`session.get` and `read`)
take turns in each round, and only the CPU time of this process counts, since machines are shared: read the ratio. That
part records nothing and reads no robots.txt. With `--record`, two more take turns with them: the downloader with a
journal, which writes a request and a response per fetch to a file, and the same with an archive (.warc.gz) of that
journal at the end; both times include all threads.

The part on hosts requests addresses 127.1.x.y, each a separate host, three times, obeying robots.txt; it prints the
number of requests for robots.txt, and the memory per host. `--one` fetches from a server that runs already, obeying
robots.txt, and prints the CPU seconds and the number of fetches as JSON; `warc` records to a journal and an archive.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

from crawler.download.client import Downloader  # noqa: E402
from crawler.download.exchange import FetchPolicy, HttpRecord  # noqa: E402
from crawler.recording.archive import write_archive  # noqa: E402
from crawler.recording.journal import open_journal  # noqa: E402
from crawler.recording.replay_model import RunEnd, RunParameters  # noqa: E402
from crawler.recording.warc import RecordReader  # noqa: E402

PAGE = bytes(range(32, 96)) * 160
"""10,240 bytes."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
ROBOTS = b"User-agent: *\nDisallow: /private/\n"

LOOPBACK = "127."


class _Server(asyncio.Protocol):
    """Answers requests, and counts those for robots.txt."""

    robots = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not str(transport.get_extra_info("peername")[0]).startswith(LOOPBACK):
            transport.abort()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            is_robots = head.startswith(b"GET /robots.txt ")
            _Server.robots += is_robots
            body = ROBOTS if is_robots else PAGE
            self._transport.write(HEAD % len(body) + body)


def serve(pipe: Connection) -> None:
    """Serve on every loopback address; send the port, then the number of robots.txt requests on demand."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        # Every address of 127.0.0.0/8 needs the wildcard; peers from elsewhere are refused.
        server = await loop.create_server(_Server, "0.0.0.0", 0, backlog=4096)  # noqa: S104
        pipe.send(server.sockets[0].getsockname()[1])
        while await asyncio.to_thread(pipe.recv):
            pipe.send(_Server.robots)

    asyncio.run(run())


def urls(port: int, count: int) -> Iterator[str]:
    """Yield addresses of a single host."""
    for number in range(count):
        yield f"http://127.0.0.1:{port}/page/{number}?key=book&page_index={number % 100}"


async def in_turns(work: Iterator[str], fetch: Callable[[str], Awaitable[None]], width: int) -> None:
    """Fetch everything, `width` in parallel."""

    async def worker() -> None:
        for url in work:
            await fetch(url)

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(worker())


async def through_aiohttp(port: int, count: int, width: int) -> float:
    """Return the CPU seconds of `count` fetches."""
    async with aiohttp.ClientSession() as session:

        async def fetch(url: str) -> None:
            async with session.get(url) as response:
                assert len(await response.read()) == len(PAGE)

        await in_turns(urls(port, width), fetch, width)  # the connections
        started = time.process_time()
        await in_turns(urls(port, count), fetch, width)
        return time.process_time() - started


async def through_downloader(port: int, count: int, width: int, *, obey_robots: bool = False) -> float:
    """Return the CPU seconds of `count` fetches."""
    policy = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}), obey_robots=obey_robots)
    async with Downloader(concurrency=width) as downloader:

        async def fetch(url: str) -> None:
            exchange = await downloader.fetch(url, policy)
            assert len(exchange.body) == len(PAGE), exchange.detail

        await in_turns(urls(port, width), fetch, width)
        started = time.process_time()
        await in_turns(urls(port, count), fetch, width)
        return time.process_time() - started


async def recorded(port: int, count: int, width: int, *, archive: bool, obey_robots: bool = False) -> float:
    """Return the CPU seconds of `count` fetches, each recorded in a journal, and of its archive if wanted."""
    policy = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}), obey_robots=obey_robots)
    now = dt.datetime.now(dt.UTC)
    url = f"http://127.0.0.1:{port}/"
    parameters = RunParameters("book", "book", "dangdang", url, False, {}, url, now, "0")
    with tempfile.TemporaryDirectory() as folder:
        journal = open_journal(Path(folder), parameters, now=now)
        journal.begin(parameters)

        def keep(hop: HttpRecord, _of_robots: bool) -> None:
            journal.hop(None, hop)

        async with Downloader(concurrency=width) as downloader:

            async def fetch(url: str) -> None:
                exchange = await downloader.fetch(url, policy, on_hop=keep)
                assert len(exchange.body) == len(PAGE), exchange.detail

            await in_turns(urls(port, width), fetch, width)
            started = time.process_time()
            await in_turns(urls(port, count), fetch, width)
            await journal.end(RunEnd(now, None, {}))
            target = Path(folder) / "a.warc.gz"
            if archive:
                await write_archive(journal.fileno(), target)
            seconds = time.process_time() - started
        assert journal.failure is None, journal.failure
        # The warcinfo, the run and its end, and a pair for each fetch and for robots.txt.
        pairs = width + count + obey_robots
        assert sum(1 for _ in RecordReader(target if archive else journal.path)) == 3 + 2 * pairs
        journal.close()
    return seconds


WAYS: dict[str, Callable[[int, int, int], Coroutine[None, None, float]]] = {
    "aiohttp": through_aiohttp,
    "downloader": partial(through_downloader, obey_robots=True),  # as in a search
    "warc": partial(recorded, archive=True, obey_robots=True),
}


def cpu(port: int, count: int, width: int, rounds: int, *, record: bool) -> None:
    """Print the CPU time of a fetch each way, and its ratio to raw aiohttp."""
    ways: dict[str, Callable[[], Awaitable[float]]] = {
        "aiohttp": lambda: through_aiohttp(port, count, width),
        "downloader": lambda: through_downloader(port, count, width),
    }
    if record:
        ways["with a journal"] = lambda: recorded(port, count, width, archive=False)
        ways["with an archive"] = lambda: recorded(port, count, width, archive=True)
    figures: list[dict[str, float]] = []
    for number in range(rounds + 1):
        figure = {name: asyncio.run(_awaited(run)) for name, run in ways.items()}
        if number:  # the first round imports and compiles
            figures.append(figure)
            print(
                "  "
                + "   ".join(f"{name} {1e6 * seconds / count:4.0f} µs" for name, seconds in figure.items())
            )
    for name in list(ways)[1:]:
        ratios = [figure[name] / figure["aiohttp"] for figure in figures]
        print(
            f"CPU per fetch, {name} ÷ aiohttp: median {statistics.median(ratios):.2f}, "
            f"{min(ratios):.2f} to {max(ratios):.2f}"
        )


async def _awaited(run: Callable[[], Awaitable[float]]) -> float:
    return await run()


async def many_hosts(port: int, pipe: Connection, count: int, rounds: int, *, trace: bool) -> None:
    """Print requests for robots.txt, and memory per host."""
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
    policy = FetchPolicy(named_hosts=frozenset(hosts))
    pipe.send(True)
    before_robots = pipe.recv()
    async with Downloader() as downloader:

        async def fetch(url: str) -> None:
            exchange = await downloader.fetch(url, policy)
            assert len(exchange.body) == len(PAGE), exchange.detail

        # Exclude imports, caches and the event loop itself.
        warm = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}))
        await downloader.fetch(f"http://127.0.0.1:{port}/", warm)
        gc.collect()
        if trace:
            tracemalloc.start()
        rss = psutil.Process().memory_info().rss
        started = time.process_time()
        for _ in range(rounds):
            await in_turns((f"http://{host}:{port}/" for host in hosts), fetch, 50)
        seconds = time.process_time() - started
        gc.collect()
        if trace:
            held, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            print(
                f"Python memory per host: {held / count / 1000:.1f} KB held, {peak / count / 1000:.1f} KB peak"
            )
        else:
            grown = psutil.Process().memory_info().rss - rss
            connections = len(psutil.Process().net_connections())
            pipe.send(True)
            robots = pipe.recv() - before_robots - 1
            print(
                f"{count} hosts, {rounds} rounds: {robots} requests for robots.txt, "
                f"{1e6 * seconds / count / rounds:.0f} µs CPU a fetch, {connections} connections held, "
                f"{grown / count / 1000:.1f} KB RSS a host"
            )


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fetches", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", type=int, default=2000, help="0 leaves that part out")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help="measure recorded fetches as well")
    wanted = parser.parse_args()
    if wanted.one:
        way, port = wanted.one
        seconds = asyncio.run(WAYS[way](int(port), wanted.fetches, wanted.connections))
        print(json.dumps({"cpu": seconds, "fetched": wanted.fetches}))
        return
    pipe, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far,), daemon=True)
    server.start()
    port = pipe.recv()
    try:
        if wanted.rounds:
            cpu(port, wanted.fetches, wanted.connections, wanted.rounds, record=wanted.record)
        if wanted.hosts:
            for trace in (False, True):
                asyncio.run(many_hosts(port, pipe, wanted.hosts, 3, trace=trace))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
