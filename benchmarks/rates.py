"""Shops that limit requests per second: the pages that arrive, the requests refused, and the rate reached.

    python benchmarks/rates.py [--rates 1,2,5,20] [--seconds N] [--latency SECONDS]

Every combination of rate, burst (0 and 5), Retry-After (none and 1 s) and status (429 and 503) is a shop at its own
port; all run in a separate process. A shop refuses as nginx does (`limit_req` with `nodelay`): a bucket of 1 + burst
tokens, filled at the rate; refused requests take none. The client is `Downloader` with its default settings, as a
search uses it; combinations of one rate run in parallel. The table has the used share of the rate from the eleventh
second on, and the refusals from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # measure this tree, wherever it is run from

CONCURRENCY = 10
SETTLED_SECONDS = 10.0
BODY = b"<html>" + 10_000 * b"x"


@dataclass(frozen=True)
class Shop:
    """A shop's rule: requests a second, requests to spare, and how it refuses."""

    rate: float
    burst: int
    retry_after: int | None
    status: int


class RateLimitedServer:
    """A server that refuses requests faster than its shop's rule allows."""

    def __init__(self, shop: Shop, latency: float) -> None:
        self._shop = shop
        self._latency = latency
        self._tokens = 1.0 + shop.burst
        self._filled_at = time.monotonic()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if self._takes_token():
                    await asyncio.sleep(self._latency)
                    head, body = "200 OK", BODY
                else:
                    rest = self._shop.retry_after
                    head = f"{self._shop.status} Refused" + (f"\r\nRetry-After: {rest}" if rest else "")
                    body = b""
                writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _takes_token(self) -> bool:
        now = time.monotonic()
        earned = (now - self._filled_at) * self._shop.rate
        self._tokens, self._filled_at = min(1.0 + self._shop.burst, self._tokens + earned), now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


@asynccontextmanager
async def serving(shops: list[Shop], latency: float) -> AsyncIterator[list[int]]:
    """Serve the shops; yield their ports."""
    servers = [
        await asyncio.start_server(RateLimitedServer(shop, latency).answer, "127.0.0.1", 0) for shop in shops
    ]
    try:
        yield [server.sockets[0].getsockname()[1] for server in servers]
    finally:
        for server in servers:
            server.close()


async def serve(shops: list[Shop], latency: float) -> None:
    """Serve until stdin ends, and print the ports."""
    async with serving(shops, latency) as ports:
        print(json.dumps(ports), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def shop_process(shops: list[Shop], latency: float) -> Iterator[list[int]]:
    """Serve the shops from a separate process; yield their ports."""
    rules = [[shop.rate, shop.burst, shop.retry_after, shop.status] for shop in shops]
    command = [sys.executable, str(Path(__file__)), "--latency", str(latency), "--serve", json.dumps(rules)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


@dataclass
class Run:
    """The outcome of one shop's pages."""

    pages: int
    whole: int = 0
    seconds: float = 0.0
    ends: list[tuple[float, bool]] = field(default_factory=list)
    """For each attempt: its end in seconds since the start, and True if it was served."""

    @property
    def refused(self) -> int:
        """Return the refusals of the whole run."""
        return sum(not served for _, served in self.ends)

    def late(self, rate: float) -> tuple[float, float]:
        """Return the share of the shop's rate and of refusals since it had time to settle."""
        late = [served for at, served in self.ends if at >= SETTLED_SECONDS]
        seconds = self.seconds - SETTLED_SECONDS
        return sum(late) / seconds / rate, late.count(False) / max(1, len(late))


async def fetch_all(port: int, pages: int) -> Run:
    """Fetch this many pages of a shop as a search would, each with its attempts."""
    from crawler.download.client import Downloader
    from crawler.download.exchange import AttemptRecord, FetchPolicy

    run, numbers, began = Run(pages), iter(range(1, pages + 1)), time.monotonic()
    policy = FetchPolicy(named_hosts=frozenset({"127.0.0.1"}), obey_robots=False)

    def note(record: AttemptRecord) -> None:
        run.ends.append((time.monotonic() - began, record.outcome.startswith("200")))

    async with Downloader(concurrency=CONCURRENCY) as downloader:

        async def worker() -> None:
            for number in numbers:
                url = f"http://127.0.0.1:{port}/?page={number}"
                exchange = await downloader.fetch(url, policy, on_attempt=note)
                run.whole += exchange.status == 200 and exchange.problem is None

        await asyncio.gather(*(worker() for _ in range(2 * CONCURRENCY)))
    run.seconds = time.monotonic() - began
    return run


async def measure(rates: list[float], seconds: float, latency: float) -> None:
    """Print the table."""
    print("rate  burst  Retry-After  status     pages whole  refusals  share of rate  late refusals")
    for rate in rates:
        shops = [
            Shop(rate, burst, rest, status)
            for burst, rest, status in itertools.product((0, 5), (None, 1), (429, 503))
        ]
        pages = round(rate * seconds)
        with shop_process(shops, latency) as ports:
            runs = await asyncio.gather(*(fetch_all(port, pages) for port in ports))
        for shop, run in zip(shops, runs, strict=True):
            share, late = run.late(rate)
            rest = "none" if shop.retry_after is None else f"{shop.retry_after} s"
            print(
                f"{rate:4g}  {shop.burst:5}  {rest:>11}  {shop.status:6}  {run.whole:6} of {pages:<4}  {run.refused:8}"
                f"  {share:12.0%}  {late:13.1%}",
                flush=True,
            )


def main() -> None:
    """Measure and print, or serve."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rates", default="1,2,5,20", help="requests a second, separated by commas")
    options.add_argument("--seconds", type=float, default=35.0, help="time that the pages need at the rate")
    options.add_argument("--latency", type=float, default=0.02, help="seconds that the shop takes to answer")
    options.add_argument("--serve", help=argparse.SUPPRESS)
    wanted = options.parse_args()
    if wanted.serve is not None:
        asyncio.run(serve([Shop(*rule) for rule in json.loads(wanted.serve)], wanted.latency))
    else:
        asyncio.run(
            measure([float(rate) for rate in wanted.rates.split(",")], wanted.seconds, wanted.latency)
        )


if __name__ == "__main__":
    main()
