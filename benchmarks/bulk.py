"""Measure bulk crawls: memory, many hosts, latency, and pages per CPU second beside Scrapy and a gevent script.

    python benchmarks/bulk.py memory                 # 20,000 against 200,000 URLs over 500 hosts
    python benchmarks/bulk.py hosts                  # 5,000 hosts: one robots.txt each
    python benchmarks/bulk.py latency                # 50,000 URLs from hosts that take 2 s to answer
    python benchmarks/bulk.py contenders             # fetch and save, in turn on the same server
    python benchmarks/bulk.py --scale 0.1 memory     # with a tenth of the URLs

All use two processes, pages of 10 KB, and nginx on addresses of 127.0.0.0/8. Each crawl is checked: one result for each
URL, all of them good, and in the archives one whole response for each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.arithmetic import Spread, ratios, slopes  # noqa: E402 – only now is the package on the path
from benchmarks.many_hosts import BODY, ManyHosts, many_hosts, write_urls  # noqa: E402
from benchmarks.results import Row, Section, figure, spread_cells, table  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.measured_runs import Bench

PROCESSES = 2
LATENCY = 2.0
LATENCY_CONNECTIONS = 1_000
"""Requests at a time of each process from the slow hosts."""
SAMPLE_SECONDS = 0.25
MILLION_2 = 2_000_000
CONTENDERS = ROOT / "benchmarks" / "contenders"


@dataclass
class Run:
    """A finished crawl, and its cost."""

    urls: int
    seconds: float
    cpu: float
    server_cpu: float
    rss: dict[str, float] = field(default_factory=dict)
    """Peak of the resident memory of each process in MB, by role."""
    pss: dict[str, float] = field(default_factory=dict)
    """The same with shared memory divided among those that share it; sampled."""
    load: float = 0.0
    """Load of the machine at the end."""
    proof: str = ""
    """Empty if the crawl is complete."""

    @property
    def rate(self) -> float:
        """Return the pages per second."""
        return self.urls / self.seconds


def measure(command: Sequence[str], server: ManyHosts, urls: int, folder: Path) -> Run:
    """Run a crawl of `urls` pages in `folder` and sample the memory of its processes."""
    watcher = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "process_cost.py"), os.devnull]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CRAWLER_")},
        **{f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")},
        "PYTHONPATH": str(ROOT),
    }
    before = server.cpu_seconds()
    run = Run(urls, 0.0, 0.0, 0.0)
    with subprocess.Popen(
        [*watcher, *command], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            _sample(watched, run)
            with suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE_SECONDS)
        output, errors = process.communicate()
    if process.returncode or json.loads(output)["code"]:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output}{errors[-4000:]}")
    cost = json.loads(output)
    run.seconds, run.cpu = cost["seconds"], cost["cpu"]
    run.server_cpu, run.load = server.cpu_seconds() - before, os.getloadavg()[0]
    return run


def _sample(watched: psutil.Process, run: Run) -> None:
    """Record the memory of all processes below the watched one; its child is the command."""
    with suppress(psutil.Error, OSError):
        for process in watched.children(recursive=True):
            with suppress(psutil.Error, OSError, StopIteration):
                folder = Path(f"/proc/{process.pid}")
                role = _role(process, watched.pid)
                pss = _kilobytes(folder / "smaps_rollup", "Pss:") / 1024
                rss = _kilobytes(folder / "status", "VmHWM:") / 1024
                run.pss[role] = max(run.pss.get(role, 0.0), pss)
                run.rss[role] = max(run.rss.get(role, 0.0), rss)


def _role(process: psutil.Process, watcher: int) -> str:
    if process.ppid() == watcher:
        return "coordinator"
    words = " ".join(process.cmdline())
    return "helper" if "resource_tracker" in words or "forkserver" in words else "shards"


def _kilobytes(path: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name))


# Our crawl


def crawl(server: ManyHosts, folder: Path, urls: int, hosts: int, *options: str) -> Run:
    """Crawl so many URLs with the program, check the results, and remove them."""
    folder.mkdir()
    write_urls(folder / "urls.txt", server, urls, hosts)
    command = [
        sys.executable, "-m", "crawler", "bulk", "urls.txt", "--out", "out", "--allow-private", "--parse", "none",
        "--processes", str(PROCESSES), "--quiet", *options,
    ]  # fmt: skip
    run = measure(command, server, urls, folder)
    run.proof = proof_of_crawl(folder / "out", urls)
    shutil.rmtree(folder)
    return run


def proof_of_crawl(out: Path, urls: int) -> str:
    """Return '' if a crawl is complete, else what is wrong with it."""
    lines = list(_lines(out))
    numbers = {line["number"] for line in lines}
    good = sum(line["verdict"] == "ok" and line["bytes"] == len(BODY) for line in lines)
    responses = Counter(_responses(out))
    pages = sum(uri in responses for uri in {line["url"] for line in lines})
    total = json.loads((out / "summary.json").read_bytes())["targets"]
    if (
        len(lines) == len(numbers) == good == pages == urls
        and sum(responses.values()) == urls
        and total == {"total": urls, "done": urls, "failed": 0, "pending": 0}
    ):
        return ""
    return f"{len(lines)} lines, {len(numbers)} URLs, {good} good, {pages} pages of {urls}; {total}"


def _lines(out: Path) -> Iterator[dict[str, object]]:
    import msgspec

    for path in out.glob("results-*.jsonl"):
        with path.open("rb") as file:
            for line in file:
                values = msgspec.json.decode(line)
                yield {name: values[name] for name in ("number", "verdict", "bytes", "url")}


def _responses(out: Path) -> Iterator[str]:
    """Return the address of each whole response in the archives, without robots.txt."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    for path in out.glob("pages-*.warc.gz"):
        for record in ArchiveIterator(str(path), record_types=WarcRecordType.response, auto_decode="none"):
            uri = record.headers["WARC-Target-URI"]
            if not uri.endswith("/robots.txt") and len(record.reader.read()) == len(BODY):
                yield uri


# What is measured


def memory(folder: Path, scale: float = 1.0) -> list[Run]:
    """Crawl 20,000 and then 200,000 URLs over 500 hosts."""
    with many_hosts(folder / "server") as server:
        return [
            crawl(server, folder / f"memory-{urls}", urls, 500)
            for urls in (round(20_000 * scale), round(200_000 * scale))
        ]


def hosts(folder: Path, scale: float = 1.0) -> tuple[Run, Counter[str]]:
    """Crawl 5,000 hosts with three URLs each; return the requests for robots.txt of each host, too."""
    count = round(5_000 * scale)
    with many_hosts(folder / "server") as server:
        run = crawl(server, folder / "hosts", 3 * count, count)
        return run, Counter(server.robots_requests())


def latency(folder: Path, scale: float = 1.0, connections: int = LATENCY_CONNECTIONS) -> Run:
    """Crawl 50,000 URLs from 500 hosts that take 2 s to answer."""
    with many_hosts(folder / "server", LATENCY) as server:
        urls = round(50_000 * scale)
        return crawl(server, folder / "latency", urls, 500, "--concurrency", str(connections))


def ideal_rate(connections: int = LATENCY_CONNECTIONS) -> float:
    """Return the pages per second if each connection were always waiting for a response."""
    return PROCESSES * connections / LATENCY


OURS, SCRAPY, GEVENT = (
    "ours: bulk, WARC",
    "Scrapy, tuned, a file for each page",
    "gevent + multiprocessing, a file for each page",
)


def contenders(
    folder: Path, peers: str, rounds: int, small: int, large: int
) -> dict[str, list[tuple[Run, Run]]]:
    """Fetch and save few and many pages of 100 hosts with each contender in turn; `peers` is their interpreter."""
    count = 0

    def script(name: str, *options: str) -> Callable[[ManyHosts, int], Run]:
        def run(server: ManyHosts, urls: int) -> Run:
            work = folder / f"contender-{count}"
            saved = work / "saved"
            saved.mkdir(parents=True)
            write_urls(work / "urls.txt", server, urls, 100)
            command = [peers, str(CONTENDERS / name), "urls.txt", "saved", *options]
            done = measure(command, server, urls, work)
            good = sum((saved / f"{number}.html").stat().st_size == len(BODY) for number in range(urls))
            done.proof = "" if good == urls else f"{good} pages of {urls}"
            shutil.rmtree(work)
            return done

        return run

    def ours(server: ManyHosts, urls: int) -> Run:
        return crawl(server, folder / f"contender-{count}", urls, 100)

    all_connections = str(PROCESSES * 256)
    work = {
        OURS: ours,
        SCRAPY: script("scrapy_bulk.py", all_connections, "8"),
        GEVENT: script("gevent_bulk.py", all_connections, str(PROCESSES)),
    }
    runs: dict[str, list[tuple[Run, Run]]] = {name: [] for name in work}
    with many_hosts(folder / "server") as server:
        for number in range(-1, rounds):
            for name, task in work.items():
                done = []
                for urls in (small,) if number < 0 else (small, large):
                    count += 1
                    done.append(task(server, urls))
                if number >= 0:
                    runs[name].append((done[0], done[1]))
    return runs


# Tables


def memory_table(runs: Sequence[Run]) -> str:
    """Return the table of `memory`."""
    return table(
        ("URLs", "Seconds ", "Pages/s ", "CPU µs a page ", "Shard process, MB ", "PSS ", "Coordinator, MB ", "PSS ",
         "Load ", "Proof"),
        (
            (f"{run.urls:,}", figure(run.seconds), figure(run.rate), figure(1e6 * run.cpu / run.urls),
             figure(run.rss["shards"]), figure(run.pss["shards"]), figure(run.rss["coordinator"]),
             figure(run.pss["coordinator"]), figure(run.load), run.proof or "exact")
            for run in runs
        ),
    )  # fmt: skip


def hosts_text(run: Run, robots: Counter[str]) -> str:
    """Return the figures of `hosts` in words."""
    return (
        f"{run.urls:,} URLs on {len(robots):,} hosts: {sum(robots.values()):,} requests for robots.txt, at most "
        f"{max(robots.values())} for a host; {figure(run.rate)} pages/s, shard process {figure(run.rss['shards'])} MB, "
        f"{run.proof or 'exact'}."
    )


def latency_text(run: Run, connections: int = LATENCY_CONNECTIONS) -> str:
    """Return the figures of `latency` in words, with the time for 2 million URLs."""
    ideal = ideal_rate(connections)
    return (
        f"{run.urls:,} URLs at {LATENCY:g} s, {PROCESSES} processes with {connections:,} requests at a time each: "
        f"{figure(run.seconds)} s, {figure(run.rate)} pages/s, {100 * run.rate / ideal:.0f} % of the ideal "
        f"{figure(ideal)}; CPU {figure(run.cpu)} s, servers {figure(run.server_cpu)} s, {run.proof or 'exact'}. "
        f"At this rate 2 million URLs take {MILLION_2 / run.rate / 60:.0f} minutes; one after another they take "
        f"{MILLION_2 * LATENCY / 86_400:.0f} days, with ten threads {MILLION_2 * LATENCY / 864_000:.1f}."
    )


def contenders_section(runs: dict[str, list[tuple[Run, Run]]]) -> Section:
    """Return the table of `contenders` and its targets."""
    first = runs[OURS][0]
    small, large = first[0].urls, first[1].urls
    cpu = {
        name: slopes([few.cpu for few, _ in each], [many.cpu for _, many in each], large - small)
        for name, each in runs.items()
    }
    proofs = {
        name: next((run.proof for pair in each for run in pair if run.proof), "")
        for name, each in runs.items()
    }
    lines = [
        (name, *spread_cells([1e6 * each for each in cpu[name]]), figure(ratios(cpu[name], cpu[OURS]).median),
         figure(statistics.median(1 / each for each in cpu[name])),
         figure(statistics.median(many.rate for _, many in each)),
         figure(max(sum(many.rss.values()) for _, many in each)),
         f"**INCOMPLETE**: {proofs[name]}" if proofs[name] else f"{large:,} of {large:,} pages")
        for name, each in runs.items()
    ]  # fmt: skip

    def row(other: str, against: str, bound: float) -> Row:
        return Row(
            "fetch and save, pages per CPU second", against, ratios(cpu[other], cpu[OURS]), bound, at_least=True,
            void=proofs[other] or proofs[OURS],
        )  # fmt: skip

    return Section(
        "Bulk: fetch and save",
        f"CPU time of whole processes for {large:,} pages of 10 KB minus that for {small:,}, divided by the "
        f"difference; 100 hosts, {PROCESSES * 256} connections, at most 8 to a host (gevent: no limit). Ours saves "
        "every request and response to compressed archives, has a result line and a durable state for each URL, and "
        "obeys robots.txt; the others save bodies alone. Pages per second are those of the whole run, its start "
        "included: Scrapy has one process.",
        [row(SCRAPY, "ours ÷ Scrapy", 6), row(GEVENT, "ours ÷ gevent + multiprocessing", 1)],
        [table(("Contender", "CPU µs a page ", "Spread ", "÷ ours ", "Pages per CPU second ", "Pages per second ",
                "Peak MB ", "Proof"), lines)],
    )  # fmt: skip


def bulk(bench: Bench) -> Section:
    """Measure everything in a short form, for `python -m benchmarks`: about three and a half minutes."""
    _raise_file_limit()
    folder = bench.folder / "bulk"
    parts: dict[str, Path] = {}
    for name in ("contenders", "memory", "hosts", "latency"):
        parts[name] = folder / name
        parts[name].mkdir(parents=True)
    section = contenders_section(
        contenders(parts["contenders"], bench.peers, min(bench.rounds, 3), 1_000, 6_000)
    )
    small, large = memory(parts["memory"], 0.25)
    asked, robots = hosts(parts["hosts"], 0.4)
    slow = latency(parts["latency"], 0.5, LATENCY_CONNECTIONS // 2)
    growth = large.rss["shards"] / small.rss["shards"]
    share = 100 * slow.rate / ideal_rate(LATENCY_CONNECTIONS // 2)
    section.rows += [
        Row("bulk, ten times as many URLs", "peak memory of a process ÷ that with few", _one(growth), 1.15,
            at_least=False, void=small.proof or large.proof),
        Row("bulk, hosts that take 2 s", "share of connections ÷ latency", _one(share), 80, at_least=True, unit=" %",
            void=slow.proof),
    ]  # fmt: skip
    section.parts += [
        memory_table([small, large]),
        hosts_text(asked, robots),
        latency_text(slow, LATENCY_CONNECTIONS // 2),
    ]
    return section


def _one(number: float) -> Spread:
    return Spread(number, number, number)


def _raise_file_limit() -> None:
    """Allow as many open files as the system does: nginx and the crawls inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Measure what the options name, and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("parts", nargs="+", choices=("memory", "hosts", "latency", "contenders"))
    options.add_argument("--scale", type=float, default=1.0, help="multiply the numbers of URLs and hosts")
    options.add_argument("--rounds", type=int, default=3, help="of the contenders (default: 3)")
    options.add_argument(
        "--concurrency", type=int, default=LATENCY_CONNECTIONS, help="of a process, for latency"
    )
    options.add_argument(
        "--peers", metavar="PYTHON", help="interpreter of the contenders (default: made anew)"
    )
    wanted = options.parse_args()
    _raise_file_limit()
    for part in wanted.parts:
        with tempfile.TemporaryDirectory(prefix="bookprice-bulk-") as temporary:
            folder = Path(temporary)
            match part:
                case "memory":
                    print(memory_table(memory(folder, wanted.scale)))
                case "hosts":
                    print(hosts_text(*hosts(folder, wanted.scale)))
                case "latency":
                    print(latency_text(latency(folder, wanted.scale, wanted.concurrency), wanted.concurrency))
                case "contenders":
                    from benchmarks.peers import peers_python

                    runs = contenders(
                        folder, wanted.peers or peers_python(), wanted.rounds,
                        round(2_000 * wanted.scale), round(12_000 * wanted.scale),
                    )  # fmt: skip
                    section = contenders_section(runs)
                    print(
                        section.text,
                        *section.parts,
                        *(" | ".join(row.cells()) for row in section.rows),
                        sep="\n\n",
                    )
        print(f"load {os.getloadavg()[0]:.2f}\n", flush=True)


if __name__ == "__main__":
    main()
