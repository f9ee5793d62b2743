"""Measure whole jobs: 20 pages with latency, CPU time per page over 200 pages, and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from benchmarks.arithmetic import Spread, in_turns, ratios, slopes
from benchmarks.measured_runs import CONTENDERS, Bench, Cost, Proof, Work, proof_of_records, proof_of_reports
from benchmarks.results import Row, Section, figure, spread_cells, table

QUERY = "渗透测试"
"""The query, which has more than twenty full pages in the demo shop."""
QUERIES = tuple(f"演示{number}" for number in range(400))
"""More queries; only those with twenty full pages are used."""

CONNECTIONS = 20


@dataclass(frozen=True)
class Contender:
    """A program that does the job."""

    name: str
    kind: Literal["command", "library", "peer", "floor"]
    """The first two are ours; peers run in an environment of their own."""
    script: str = ""
    mode: str = ""
    connections: int = CONNECTIONS

    def command(self, bench: Bench, work: Work, output: Path) -> list[str]:
        """Return its command line."""
        if self.kind == "command":
            ((query, pages),) = work.searches
            return [
                sys.executable, "-m", "crawler", query, "--pages", str(pages), "--base-url", work.base_url,
                "--concurrency", str(work.connections), "--price-check", "0", "--format", "json",
            ]  # fmt: skip
        modes = [self.mode] if self.mode else []
        python = bench.peers if self.kind == "peer" else sys.executable
        return [python, str(CONTENDERS / self.script), *modes, bench.work_file(work), str(output)]

    def run(self, bench: Bench, work: Work) -> tuple[Cost, Proof]:
        """Do the work once; return its cost and the proof that it is complete."""
        output = bench.folder / "output.json"
        output.unlink(missing_ok=True)
        command = self.command(bench, work, output)
        cost = bench.run(command, output if self.kind == "command" else os.devnull)
        found = json.loads(output.read_bytes())
        if self.kind in {"peer", "floor"}:
            return cost, proof_of_records(found, bench.shop.expected(work.searches))
        reports = {report["query"]: report for report in ([found] if self.kind == "command" else found)}
        return cost, proof_of_reports(
            [reports[query] for query, _ in work.searches],
            [bench.shop.expected([search]) for search in work.searches],
        )


OURS = Contender("ours: command", "command")
OURS_10 = Contender("ours: command, 10 connections", "command", connections=10)
POOL = Contender("ours: library, pool", "library", "ours.py", "pool")
INLINE = Contender("ours: library, inline", "library", "ours.py", "inline")
TUNED = Contender("Scrapy, tuned", "peer", "scrapy_spider.py", "tuned")
DEFAULT = Contender("Scrapy, default", "peer", "scrapy_spider.py", "default")
CRAWLEE = Contender("Crawlee, ParselCrawler", "peer", "crawlee_parsel.py")
GEVENT = Contender("gevent + requests + lxml", "peer", "gevent_lxml.py")
CLASSIC = Contender("Pool(10) + requests + regex, two fields", "peer", "pool_regex.py", connections=10)
FLOOR = Contender("floor: aiohttp, one wave", "floor", "one_wave.py")

Runs = dict[Contender, list[tuple[Cost, Proof]]]


def _measure(bench: Bench, contenders: tuple[Contender, ...], work: Work) -> Runs:
    """Let the contenders do the work in turn."""
    results = in_turns(
        {
            contender.name: partial(contender.run, bench, replace(work, connections=contender.connections))
            for contender in contenders
        },
        bench.rounds,
    )
    return {contender: results[contender.name] for contender in contenders}


def _void(runs: Runs, *contenders: Contender) -> str:
    """Return the reason why figures of these contenders do not count; '' if none of them missed anything."""
    bad = [
        contender.name for contender in contenders if not all(proof.complete for _, proof in runs[contender])
    ]
    return f"{' and '.join(bad)} did not get everything" if bad else ""


def _proof(runs: list[tuple[Cost, Proof]]) -> str:
    """Return the text of the worst proof of all rounds."""
    worst = min((proof for _, proof in runs), key=lambda proof: (proof.complete, proof.items, -proof.wrong))
    return str(worst)


def job(bench: Bench) -> Section:
    """Measure the 20-page job with latency."""
    contenders = (OURS, POOL, INLINE, OURS_10, TUNED, DEFAULT, CRAWLEE, GEVENT, CLASSIC, FLOOR)
    work = Work("job", bench.server.slow, CONNECTIONS, ((QUERY, 20),))
    before = bench.server.cpu_seconds()
    runs = _measure(bench, contenders, work)
    server_cpu = (bench.server.cpu_seconds() - before) / len(contenders) / (bench.rounds + 1)
    seconds = {contender: [cost.seconds for cost, _ in runs[contender]] for contender in contenders}

    def row(against: str, one: Contender, other: Contender, bound: float, *, at_least: bool = True) -> Row:
        measured = ratios(seconds[one], seconds[other])
        return Row("20 pages, 200 ms", against, measured, bound, at_least, void=_void(runs, one, other))

    lines = []
    for contender in contenders:
        cpu = Spread.of([1000 * cost.cpu for cost, _ in runs[contender]])
        lines.append(
            (
                contender.name,
                *spread_cells([1000 * second for second in seconds[contender]]),
                figure(ratios(seconds[contender], seconds[OURS]).median),
                f"{cpu.median:.0f}",
                runs[contender][0][1].fields,
                _proof(runs[contender]),
            )
        )
    header = ("Contender", "ms ", "Spread ", "÷ ours ", "CPU ms ", "Fields ", "Proof")
    return Section(
        "20 pages from a shop that takes 200 ms to answer",
        "Whole processes, from the start of Python to the end, 20 connections each unless the name says otherwise. "
        "Ours is the command with its journal and a JSON report; the price check is off, so that all request the same "
        "20 pages. The others write their records as JSON. robots.txt is in our cache, as in all but a day's first "
        "run; the others do not ask for it. The `library` rows run the same search without a journal. The servers used "
        f"{1000 * server_cpu:.0f} ms of CPU for one such job.",
        [
            row("Scrapy tuned ÷ ours", TUNED, OURS, 2.4),
            row("Scrapy default ÷ ours", DEFAULT, OURS, 2.5),
            row("Crawlee ÷ ours", CRAWLEE, OURS, 2.0),
            row("gevent + lxml ÷ ours", GEVENT, OURS, 1.4),
            row("`Pool(10)` + requests + regex, two fields, ÷ our full record", CLASSIC, OURS, 1.1),
            row("the same, 10 connections each", CLASSIC, OURS_10, 0.9),
            row("ours ÷ python + aiohttp + one wave", OURS, FLOOR, 1.35, at_least=False),
            row("our pool ÷ our inline parsing", POOL, INLINE, 1.05, at_least=False),
        ],
        [table(header, lines)],
    )


def cpu(bench: Bench) -> Section:
    """Measure the CPU time of one more page, between 20 pages and 200."""
    contenders = (POOL, INLINE, TUNED, CRAWLEE, GEVENT, CLASSIC)
    searches = tuple((query, 20) for query in full_queries(bench, 10))
    small = Work("cpu-small", bench.server.fast, CONNECTIONS, searches[:1])
    large = Work("cpu-large", bench.server.fast, CONNECTIONS, searches)
    tasks = {
        f"{contender.name} / {work.name}": partial(contender.run, bench, work)
        for contender in contenders
        for work in (small, large)
    }
    for pages in (20, 100):
        work = Work("cpu-command", bench.server.fast, CONNECTIONS, ((LONG_QUERY, pages),))
        tasks[f"{OURS.name} / {pages}"] = partial(OURS.run, bench, work)
    results = in_turns(tasks, bench.rounds)

    def each(name: str, less: str, more: str, pages: int) -> list[float]:
        small, large = ([1000 * cost.cpu for cost, _ in results[f"{name} / {size}"]] for size in (less, more))
        return slopes(small, large, pages)

    figures = {contender: each(contender.name, small.name, large.name, 180) for contender in contenders}
    runs: Runs = {contender: results[f"{contender.name} / {large.name}"] for contender in contenders}

    def row(against: str, one: Contender, other: Contender, bound: float) -> Row:
        measured = ratios(figures[one], figures[other])
        return Row(
            "CPU per page, 200 pages", against, measured, bound, at_least=True, void=_void(runs, one, other)
        )

    measured = [(contender.name, figures[contender], runs[contender]) for contender in contenders]
    words = "ours: command with its journal, 20 to 100 pages of one search"
    measured.append((words, each(OURS.name, "20", "100", 80), results[f"{OURS.name} / 100"]))
    lines = [(name, *spread_cells(slope), _proof(proofs)) for name, slope, proofs in measured]
    return Section(
        "CPU time of a page",
        "The CPU time of whole processes, children included, for 200 pages without latency (ten searches) minus that "
        "for 20, divided by 180: the start of the process is not in it.",
        [
            row("Scrapy ÷ ours, pool", TUNED, POOL, 3.5),
            row("Scrapy ÷ ours, inline", TUNED, INLINE, 5),
            row("gevent + lxml ÷ ours, pool", GEVENT, POOL, 2),
            row("gevent + lxml ÷ ours, inline", GEVENT, INLINE, 3),
        ],
        [table(("Contender", "CPU ms a page ", "Spread ", "Proof (200 pages)"), lines)],
    )


LONG_QUERY = "机器学习"
"""A query with a hundred full pages."""


def full_queries(bench: Bench, count: int) -> list[str]:
    """Return queries with twenty full pages in the shop."""
    found = [query for query in QUERIES if (query, 20) in bench.shop.truth]
    assert len(found) >= count
    return found[:count]


def memory(bench: Bench) -> Section:
    """Measure the peak memory of all processes of a job together."""
    lines = []
    for contender in (OURS, INLINE, TUNED, CRAWLEE, GEVENT, CLASSIC):
        peaks = []
        for pages in (20, 100):
            work = Work("memory", bench.server.fast, CONNECTIONS, ((LONG_QUERY, pages),))
            peaks.append(Spread.of([_peak_mb(bench, contender, work) for _ in range(min(3, bench.rounds))]))
        small, large = peaks
        grown = 1024 * (large.median - small.median) / 80
        lines.append((contender.name, f"{small.median:.0f}", f"{large.median:.0f}", f"{grown:.0f}"))
    return Section(
        "Memory",
        "The most that all processes of a job hold together, in MB: proportional set sizes (PSS), read every 10 ms in "
        "runs of their own, the median of up to three; and how much each page adds.",
        [],
        [table(("Contender", "20 pages ", "100 pages ", "KB more a page "), lines)],
    )


def _peak_mb(bench: Bench, contender: Contender, work: Work) -> float:
    """Run a job and return its peak memory."""
    output = bench.folder / "output.json"
    command = contender.command(bench, work, output)
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=bench.folder,
        env=bench.environment,
        start_new_session=True,  # to find its processes by their session
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _session_kb(process.pid))
            time.sleep(0.01)
    assert process.returncode == 0, command
    return peak / 1024


def _session_kb(session: int) -> int:
    """Return the current memory of a session's processes."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # After the name, which may contain any character, come state, parent, group, session.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                rollup = (folder / "smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):  # the process has just ended
            continue
    return total
